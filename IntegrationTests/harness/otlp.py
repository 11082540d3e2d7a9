"""OTLP's logs service by its official messages: HTTP with protobuf or JSON, and gRPC."""

import base64
import json
import threading
from concurrent import futures

import grpc
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as messages
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2_grpc as service

from harness.backend import Answer, Backend


class Records:
    """The log records of requests, each with its resource."""

    def __init__(self):
        self.changed = threading.Condition()
        self.records = []
        self.resources = []
        # Of each request: how many are refused, and why.
        self.partial = []

    def add(self, request):
        response = messages.ExportLogsServiceResponse()
        rejected, message = self.partial.pop(0) if self.partial else (0, "")
        if rejected or message:
            response.partial_success.rejected_log_records = rejected
            response.partial_success.error_message = message
        for resource_logs in request.resource_logs:
            resource = {one.key: plain(one.value) for one in resource_logs.resource.attributes}
            for scope_logs in resource_logs.scope_logs:
                for record in scope_logs.log_records[rejected:]:
                    self.records.append(record)
                    self.resources.append(resource)
        return response


def plain(value):
    """What stands in an `AnyValue`."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    inner = getattr(value, kind)
    if kind == "array_value":
        return [plain(one) for one in inner.values]
    if kind == "kvlist_value":
        return {one.key: plain(one.value) for one in inner.values}
    return inner


def attributes(record):
    return {one.key: plain(one.value) for one in record.attributes}


class HTTPCollector(Backend, Records):
    """`POST /v1/logs`."""

    def __init__(self, tls=None):
        Records.__init__(self)
        Backend.__init__(self, self.take, tls)

    def take(self, request):
        if (request.method, request.path) != ("POST", "/v1/logs"):
            return Answer(404, "404 page not found\n")
        kind = request.headers.get("content-type")
        if kind == "application/x-protobuf":
            response = self.add(messages.ExportLogsServiceRequest.FromString(request.plain))
            return Answer(200, response.SerializeToString(), {"content-type": kind})
        if kind == "application/json":
            text = json.loads(request.plain, object_hook=base64_of_identifiers)
            # Nothing that the messages don't have: they are strict here.
            parsed = json_format.ParseDict(text, messages.ExportLogsServiceRequest())
            return Answer(200, json_format.MessageToJson(self.add(parsed)), {"content-type": kind})
        return Answer(415, "unsupported media type")


def base64_of_identifiers(members):
    """OTLP's JSON has identifiers in hexadecimal, protobuf's own in base64."""
    for name in ("traceId", "spanId"):
        if name in members:
            members[name] = base64.b64encode(bytes.fromhex(members[name])).decode()
    return members


class GRPCCollector(Records, service.LogsServiceServicer):
    """The same as a gRPC service by the official library; `failures` come first."""

    def __init__(self, tls=None):
        super().__init__()
        self.failures = []
        self.calls = []
        self.server = grpc.server(futures.ThreadPoolExecutor(4), options=[
            ("grpc.so_reuseport", 0)])
        service.add_LogsServiceServicer_to_server(self, self.server)
        if tls:
            certificate, key = tls
            self.port = self.server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials(
                [(key.read_bytes(), certificate.read_bytes())]))
        else:
            self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def Export(self, request, context):
        with self.changed:
            self.calls.append(dict(context.invocation_metadata()))
            failure = self.failures.pop(0) if self.failures else None
            if failure:
                code, message, details = failure
                if details is not None:
                    context.set_trailing_metadata([
                        ("grpc-status-details-bin", details.SerializeToString())])
                self.changed.notify_all()
                context.abort(code, message)
            response = self.add(request)
            self.changed.notify_all()
            return response

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.stop(None)

    def wait(self, condition, what, seconds=20.0):
        with self.changed:
            if not self.changed.wait_for(condition, seconds):
                raise AssertionError(f"waited {seconds} s in vain for {what}")
