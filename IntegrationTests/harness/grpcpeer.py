"""gRPC upstreams and clients without generated code: messages are bytes."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc

SERVICE = "test.Service"
# All that the server knows; the tests route them differently.
SERVICES = (SERVICE, "retried.Service", "limited.Service")


_NOT_ECHOED = ("x-envoy", "x-forwarded", "x-request", "x-trace")


class GrpcPeer:
    """A server of the four kinds of calls, all of which echo.

    Metadata that starts with `x-` is sent back, as initial metadata and as trailers. What the
    client's metadata asks for: `do-status: CODE text`, `do-delay: seconds`, `do-size: bytes`.
    """

    def __init__(self):
        self.calls = []
        self.cancelled = threading.Event()
        self.pool = ThreadPoolExecutor(16)
        self.server = grpc.server(self.pool, options=[
            ("grpc.max_receive_message_length", -1), ("grpc.so_reuseport", 0)])
        kinds = {
            "Unary": grpc.unary_unary_rpc_method_handler(self._unary),
            "ServerStream": grpc.unary_stream_rpc_method_handler(self._server_stream),
            "ClientStream": grpc.stream_unary_rpc_method_handler(self._client_stream),
            "Both": grpc.stream_stream_rpc_method_handler(self._both),
        }
        self.server.add_generic_rpc_handlers(tuple(
            grpc.method_handlers_generic_handler(service, kinds) for service in SERVICES))
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def close(self):
        self.server.stop(0)
        self.pool.shutdown(wait=False)

    def _begin(self, context):
        metadata = dict(context.invocation_metadata())
        self.calls.append(metadata)
        context.add_callback(lambda: None if context.is_active() else self.cancelled.set())
        echoed = [(key, value) for key, value in metadata.items()
                  if key.startswith("x-") and not key.startswith(_NOT_ECHOED)]
        if echoed:
            context.send_initial_metadata(echoed)
            context.set_trailing_metadata([(f"after-{key}", value) for key, value in echoed])
        if "do-delay" in metadata:
            time.sleep(float(metadata["do-delay"]))
        if "do-status" in metadata:
            code, _, text = metadata["do-status"].partition(" ")
            context.abort(grpc.StatusCode[code], text)
        return metadata

    def _unary(self, message, context):
        metadata = self._begin(context)
        return b"a" * int(metadata["do-size"]) if "do-size" in metadata else message

    def _server_stream(self, message, context):
        self._begin(context)
        for number in range(3):
            yield message + b"%d" % number

    def _client_stream(self, messages, context):
        self._begin(context)
        return b"+".join(messages)

    def _both(self, messages, context):
        self._begin(context)
        yield from messages


class GrpcClient:
    """A channel to a port. `outcome` is what a call came to, as plain values."""

    def __init__(self, port, **options):
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=[
            ("grpc.max_receive_message_length", -1), ("grpc.enable_retries", 0),
            *options.items()])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def call(self, kind, messages=(b"hello",), timeout=5, metadata=(), service=SERVICE):
        path = f"/{service}/{kind}"
        make = {"Unary": self.channel.unary_unary, "ServerStream": self.channel.unary_stream,
                "ClientStream": self.channel.stream_unary}.get(kind, self.channel.stream_stream)
        begin = make(path)
        if kind == "Unary":
            return begin.future(messages[0], timeout=timeout, metadata=metadata)
        if kind == "ServerStream":
            return begin(messages[0], timeout=timeout, metadata=metadata)
        if kind == "ClientStream":
            return begin.future(iter(messages), timeout=timeout, metadata=metadata)
        return begin(iter(messages), timeout=timeout, metadata=metadata)

    def outcome(self, kind, *args, **options):
        call = self.call(kind, *args, **options)
        answers = []
        try:
            if kind in ("Unary", "ClientStream"):
                answers.append(call.result())
            else:
                answers += list(call)
        except grpc.RpcError:
            pass
        return {
            "answers": [len(one) if len(one) > 99 else one.decode() for one in answers],
            "code": call.code().name, "details": call.details(),
            "initial": _plain(call.initial_metadata()),
            "trailing": _plain(call.trailing_metadata())}


_OWN = ("x-envoy-upstream-service-time", "server", "date", "content-type")


def _plain(metadata):
    return sorted([key, value.hex() if isinstance(value, bytes) else value]
                  for key, value in metadata or () if key not in _OWN)
