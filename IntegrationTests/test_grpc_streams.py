"""Streams of gRPC that stay open: what ends them, and what must not."""

import asyncio
import json
import time

import grpc
import grpc.aio
import pytest

from beside.streams import http2
from harness import envoyfile
from harness.envoyfile import cluster, listener, route
from harness.grpcpeer import SERVICE, GrpcClient, GrpcPeer
from harness.waiting import wait_until

_PINGS = {"connection_keepalive": {"interval": "0.3s", "timeout": "5s"}}
_LOG = {"status": "%RESPONSE_CODE%", "flags": "%RESPONSE_FLAGS%",
        "details": "%RESPONSE_CODE_DETAILS%", "grpc": "%GRPC_STATUS%"}


@pytest.fixture
def server():
    made = GrpcPeer()
    yield made
    made.close()


@pytest.fixture
def through(launch):
    def make(port, action=None, **manager):
        return launch(envoyfile.bootstrap(
            [listener(routes=[route(**(action or {"timeout": "0s"}))], hcm={
                "http2_protocol_options": _PINGS,
                "access_log": [envoyfile.file_log("access.log", json=_LOG)], **manager})],
            [cluster("app", port, **http2(explicit=_PINGS))]))

    return make


def _line(proxy):
    return json.loads(wait_until(proxy.log_text, "a line of the log").splitlines()[0])


class Stream:
    """A call in both directions that sends one message after the other."""

    def __init__(self, client, timeout=20):
        self.is_over = False
        self.message = None
        self.begun = time.monotonic()
        self.call = client.channel.stream_stream(f"/{SERVICE}/Both")(
            self._messages(), timeout=timeout)

    def _messages(self):
        while not self.is_over:
            if self.message is None:
                time.sleep(0.01)
            else:
                message, self.message = self.message, None
                yield message

    def echo(self, message=b"a"):
        self.message = message
        return next(self.call) == message

    def lasts(self, seconds, gap=0.1):
        """Whether messages go back and forth for so long."""
        try:
            while time.monotonic() - self.begun < seconds:
                assert self.echo()
                time.sleep(gap)
        except grpc.RpcError:
            return False
        return True

    def end(self):
        self.is_over = True
        return list(self.call)


def test_a_route_has_no_timeout_for_a_stream_that_is_open(through, server):
    """It runs from the end of the request, which such a stream has not reached."""
    proxy = through(server.port, {"timeout": "0.3s"})
    with GrpcClient(proxy.port) as client:
        stream = Stream(client)
        assert stream.lasts(1.2)
        assert stream.end() == []
        assert stream.call.code() == grpc.StatusCode.OK


def test_the_deadline_of_a_call_holds_for_a_stream_that_is_open(through, server):
    proxy = through(server.port, {"timeout": "0s", "max_stream_duration": {
        "grpc_timeout_header_max": "0.5s"}})
    with GrpcClient(proxy.port) as client:
        stream = Stream(client, timeout=10)
        assert not stream.lasts(3)
        assert 0.4 < time.monotonic() - stream.begun < 2
        stream.is_over = True
    line = _line(proxy)
    assert line["details"] == "max_duration_timeout"


def test_the_connection_managers_limit_ends_a_stream_in_use(through, server):
    proxy = through(server.port, common_http_protocol_options={"max_stream_duration": "0.5s"})
    with GrpcClient(proxy.port) as client:
        stream = Stream(client)
        assert not stream.lasts(3)
        assert 0.4 < time.monotonic() - stream.begun < 2
        stream.is_over = True
    line = _line(proxy)
    assert line["details"] == "max_duration_timeout"
    assert proxy.stat("http.inbound.downstream_rq_max_duration_reached") == 1


def test_an_idle_stream_ends_though_pings_go_on(through, server):
    proxy = through(server.port, stream_idle_timeout="0.6s")
    with GrpcClient(proxy.port) as client:
        stream = Stream(client)
        # Longer than the limit, and never idle.
        assert stream.lasts(1.5)
        rested = time.monotonic()
        with pytest.raises(grpc.RpcError):
            next(stream.call)
        assert 0.4 < time.monotonic() - rested < 2
        stream.is_over = True
    line = _line(proxy)
    assert line["flags"] == "SI" and line["details"] == "stream_idle_timeout"
    assert proxy.stat("http.inbound.downstream_rq_idle_timeout") == 1


def test_a_stream_that_rests_lives_where_its_route_says_so(through, server):
    proxy = through(server.port, {"timeout": "0s", "idle_timeout": "0s"},
                    stream_idle_timeout="0.3s")
    with GrpcClient(proxy.port) as client:
        stream = Stream(client)
        assert stream.echo()
        time.sleep(1)
        assert stream.echo()
        assert stream.end() == []


STREAMS, SECONDS = 200, 20


async def _server():
    async def both(messages, context):
        async for message in messages:
            yield message

    made = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    made.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(
        SERVICE, {"Both": grpc.stream_stream_rpc_method_handler(both)}),))
    port = made.add_insecure_port("127.0.0.1:0")
    await made.start()
    return made, port


async def _talk(channel, number, end, faults):
    """One stream with a rhythm of its own; how many messages came back."""
    call = channel.stream_stream(f"/{SERVICE}/Both")()
    count = 0
    while time.monotonic() < end:
        message = b"%d %d " % (number, count) * (1 + number % 40)
        await call.write(message)
        if await call.read() != message:
            faults.append((number, count))
        count += 1
        await asyncio.sleep(0.15 + 0.005 * (number % 100))
    await call.done_writing()
    if await call.read() is not grpc.aio.EOF or await call.code() != grpc.StatusCode.OK:
        faults.append((number, await call.code()))
    return count


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_many_streams_live_as_long_as_they_are_used(through):
    """200 streams on two connections, each busy for 20 times as long as it may rest."""

    async def run():
        server, port = await _server()
        proxy = await asyncio.to_thread(
            through, port, stream_idle_timeout="1s", request_timeout="0s")
        channels = [grpc.aio.insecure_channel(f"127.0.0.1:{proxy.port}", options=[
            ("grpc.use_local_subchannel_pool", 1), ("grpc.keepalive_time_ms", 20_000)])
            for _ in range(2)]
        faults = []
        end = time.monotonic() + SECONDS
        talks = [asyncio.create_task(_talk(channels[number % 2], number, end, faults))
                 for number in range(STREAMS)]
        await asyncio.sleep(SECONDS / 4)
        early = proxy.resident_megabytes()
        counts = await asyncio.gather(*talks)
        late = proxy.resident_megabytes()
        for channel in channels:
            await channel.close()
        await server.stop(0)
        return proxy, faults, counts, late - early

    proxy, faults, counts, growth = asyncio.run(run())
    assert not faults
    assert sum(counts) > 3_000 and min(counts) > 5
    assert growth < 16
    names = {"http.inbound.downstream_rq_total": STREAMS, "http.inbound.downstream_rq_rx_reset": 0,
             "http.inbound.downstream_rq_tx_reset": 0, "http.inbound.downstream_rq_idle_timeout": 0,
             "http2.keepalive_timeout": 0, "cluster.app.http2.keepalive_timeout": 0,
             "cluster.app.upstream_rq_rx_reset": 0, "cluster.app.upstream_rq_tx_reset": 0}
    assert {name: proxy.stat(name) for name in names} == names
    wait_until(lambda: proxy.stat("http.inbound.downstream_rq_active") == 0, "streams to end")
    assert proxy.stat("cluster.app.upstream_rq_active") == 0
