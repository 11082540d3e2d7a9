"""gRPC with grpcio on both sides: calls of all kinds, limits, deadlines, retries, health checks."""

import base64
import copy
import os
import struct
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from beside.streams import http2
from harness import envoyfile
from harness.certificates import certificates
from harness.envoyfile import cluster, listener, retries, route
from harness.grpcpeer import SERVICE, GrpcClient, GrpcPeer
from harness.h2peer_upstream import Http2Peer, respond
from harness.tlspeer import server_context
from harness.waiting import wait_until

_HTTP = envoyfile.TYPE + "envoy.extensions.filters.http."
_LOG = {"status": "%RESPONSE_CODE%", "grpc": "%GRPC_STATUS%", "attempts":
        "%UPSTREAM_REQUEST_ATTEMPT_COUNT%", "protocol": "%UPSTREAM_PROTOCOL%", "flags":
        "%RESPONSE_FLAGS%"}


def web_filter():
    return {"name": "web", "typed_config": {"@type": _HTTP + "grpc_web.v3.GrpcWeb"}}


def stats_filter(**fields):
    return {"name": "stats", "typed_config": {"@type": _HTTP + "grpc_stats.v3.FilterConfig",
                                              "enable_upstream_stats": True, **fields}}


def configuration(port, *filters, routes=None, fields=None):
    manager = {"http_filters": [*filters, {
        "name": "router", "typed_config": {"@type": envoyfile.ROUTER}}]}
    return envoyfile.bootstrap(
        [listener(routes=routes or [route(timeout="0s")], hcm=manager)],
        [cluster("app", port, **http2(**(fields or {})))])


@pytest.fixture
def server():
    made = GrpcPeer()
    yield made
    made.close()


@pytest.fixture
def scripted():
    made = []

    def make(*args, **options):
        made.append(Http2Peer(*args, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def through(launch, server):
    """A sidecar before the server, and a client of it."""
    opened = []

    def make(*filters, **options):
        proxy = launch(configuration(server.port, *filters, **options))
        opened.append(GrpcClient(proxy.port))
        return proxy, opened[-1]

    yield make
    for one in opened:
        one.channel.close()


def framed(message):
    return b"\0" + struct.pack(">I", len(message)) + message


# Calls


def test_all_four_kinds_of_calls_pass(through):
    _, client = through()
    assert client.outcome("Unary")["answers"] == ["hello"]
    assert client.outcome("ServerStream", [b"a"])["answers"] == ["a0", "a1", "a2"]
    assert client.outcome("ClientStream", [b"a", b"b", b"c"])["answers"] == ["a+b+c"]
    assert client.outcome("Both", [b"a", b"b"])["answers"] == ["a", "b"]


def test_metadata_passes_in_both_directions_binary_too(through):
    _, client = through()
    found = client.outcome("Unary", metadata=(("x-text", "a, b"), ("x-raw-bin", bytes(range(256)))))
    assert ["x-text", "a, b"] in found["initial"]
    assert ["x-raw-bin", bytes(range(256)).hex()] in found["initial"]
    assert ["after-x-raw-bin", bytes(range(256)).hex()] in found["trailing"]


def test_every_status_reaches_the_client_with_its_words(through):
    _, client = through()
    for code in ("CANCELLED", "INVALID_ARGUMENT", "NOT_FOUND", "UNAVAILABLE", "DATA_LOSS"):
        found = client.outcome("Unary", metadata=(("do-status", f"{code} 100% not: %41~"),))
        assert (found["code"], found["details"]) == (code, "100% not: %41~")


def test_messages_of_16_megabytes_pass_in_both_directions(through):
    _, client = through()
    message = os.urandom(16 << 20)
    assert client.call("Unary", [message], timeout=60).result() == message
    assert list(client.call("Both", [message, message], timeout=60)) == [message, message]


def test_compressed_messages_pass_as_they_are(through):
    _, client = through()
    call = client.channel.unary_unary(f"/{SERVICE}/Unary")
    message = b"a" * 500_000
    assert call(message, timeout=10, compression=grpc.Compression.Gzip) == message


def test_a_thousand_calls_share_one_connection(launch, scripted):
    held, gate = [], threading.Event()

    def answer(request):
        held.append(request.number)
        gate.wait(30)
        respond(request, headers=[("content-type", "application/grpc")], body=framed(b"x"),
                trailers=[("grpc-status", "0")])

    upstream = scripted(answer, settings={3: 2_000})
    proxy = launch(configuration(
        upstream.port, fields={"circuit_breakers": {"thresholds": [
            {"max_requests": 5_000, "max_pending_requests": 5_000}]}}))
    with GrpcClient(proxy.port) as client:
        calls = [client.call("Unary", timeout=60) for _ in range(1_000)]
        wait_until(lambda: len(held) == 1_000, "all calls to be under way", 60)
        assert proxy.stat("http.inbound.downstream_rq_active") == 1_000
        gate.set()
        assert all(call.result() == b"x" for call in calls)
    assert proxy.stat("http.inbound.downstream_cx_total") == 1
    assert len(upstream.connections) == 1


def test_a_stream_held_open_outlives_a_reload(through):
    proxy, client = through()
    gates = threading.Semaphore(0)

    def messages():
        for number in range(4):
            gates.acquire()
            yield b"%d" % number

    call = client.channel.stream_stream(f"/{SERVICE}/Both")(messages(), timeout=30)
    gates.release()
    assert next(call) == b"0"
    changed = copy.deepcopy(proxy.configuration)
    manager = envoyfile.manager_of(changed["static_resources"]["listeners"][0])
    manager["route_config"]["virtual_hosts"][0]["routes"] = [
        {"match": {"prefix": "/"}, "direct_response": {"status": 403}}]
    other = proxy.folder / ".envoy.yaml.swp"
    other.write_text(envoyfile.text_of(changed))
    os.rename(other, proxy.folder / "envoy.yaml")
    if proxy.proxy == "envoy":
        pytest.skip("reads its file once")
    proxy.wait_stat("config_reload.attempt", 1)
    wait_until(lambda: client.outcome("Unary")["code"] == "PERMISSION_DENIED", "the new route")
    for number in (1, 2, 3):
        gates.release()
        assert next(call) == b"%d" % number
    assert list(call) == []
    assert call.code() == grpc.StatusCode.OK


# Cancelling and back-pressure


def test_a_client_that_cancels_ends_the_call_at_the_server(through, server):
    _, client = through()
    wait = threading.Event()

    def messages():
        yield b"a"
        wait.wait(20)

    call = client.channel.stream_stream(f"/{SERVICE}/Both")(messages(), timeout=30)
    assert next(call) == b"a"
    call.cancel()
    wait.set()
    assert server.cancelled.wait(5)


def test_a_server_that_resets_ends_the_call_at_the_client(launch, scripted):
    upstream = scripted(lambda request: request.connection.reset(request.number, "CANCEL"),
                        early=True)
    proxy = launch(configuration(upstream.port))
    with GrpcClient(proxy.port) as client:
        assert client.outcome("Both", [b"a"] * 3)["code"] == "UNAVAILABLE"


def stands_still(counter):
    """Waits until all windows and buffers on the way are full."""
    seen = [-1]

    def stands():
        last, seen[0] = seen[0], counter[0]
        threading.Event().wait(0.3)
        return last == counter[0]

    wait_until(stands, "the sender to be held back", 20)


def test_a_client_that_reads_slowly_holds_the_server_back(launch, scripted):
    sent, stopped = [0], threading.Event()

    def answer(request):
        connection = request.connection
        connection.headers(request.number, [
            (":status", "200"), ("content-type", "application/grpc")])
        piece = framed(b"a" * 60_000)
        while sent[0] < 200 << 20 and not stopped.is_set():
            connection.data(request.number, piece)
            sent[0] += len(piece)

    upstream = scripted(answer)
    proxy = launch(configuration(upstream.port))
    with GrpcClient(proxy.port) as client:
        before = proxy.resident_megabytes()
        call = client.channel.unary_stream(f"/{SERVICE}/ServerStream")(b"a", timeout=60)
        assert len(next(call)) == 60_000
        stands_still(sent)
        assert sent[0] < 40 << 20
        assert proxy.resident_megabytes() - before < 24
        stopped.set()
        call.cancel()


def test_a_server_that_does_not_read_holds_the_client_back(launch, scripted):
    given, stopped = [0], threading.Event()
    upstream = scripted(script=lambda connection: stopped.wait(40))

    def messages():
        while given[0] < 200 << 20 and not stopped.is_set():
            given[0] += 60_000
            yield b"a" * 60_000

    proxy = launch(configuration(upstream.port))
    with GrpcClient(proxy.port) as client:
        before = proxy.resident_megabytes()
        call = client.channel.stream_unary(f"/{SERVICE}/ClientStream").future(
            messages(), timeout=60)
        wait_until(lambda: given[0] > 60_000, "the first messages")
        stands_still(given)
        assert given[0] < 40 << 20
        assert proxy.resident_megabytes() - before < 24
        stopped.set()
        call.cancel()


# Deadlines


def test_a_deadline_of_the_client_ends_the_call_at_the_server(through, server):
    _, client = through(routes=[route(max_stream_duration={"grpc_timeout_header_max": "10s"})])
    assert client.outcome("Unary", timeout=60)["code"] == "OK"
    found = client.outcome("Unary", timeout=0.2, metadata=(("do-delay", "1"),))
    assert found["code"] == "DEADLINE_EXCEEDED"
    assert server.cancelled.wait(5)


def test_a_route_shortens_the_deadline(launch, scripted):
    upstream = scripted(lambda request: None)
    proxy = launch(configuration(upstream.port, routes=[
        route(max_stream_duration={"grpc_timeout_header_max": "0.2s"})]))
    with GrpcClient(proxy.port) as client:
        found = client.outcome("Unary", timeout=20)
    assert found["code"] == "DEADLINE_EXCEEDED"
    [request] = upstream.requests
    assert request.header("grpc-timeout").endswith("m")
    assert int(request.header("grpc-timeout")[:-1]) <= 200


def test_a_timeout_of_the_route_is_unavailable(launch, scripted):
    upstream = scripted(lambda request: None)
    proxy = launch(configuration(upstream.port, routes=[route(timeout="0.1s")]))
    with GrpcClient(proxy.port) as client:
        found = client.outcome("Unary", timeout=20)
    assert found["code"] == "UNAVAILABLE"
    assert found["details"].startswith("upstream request timeout")


# Retries


def status(request, code, message=None, alone=False):
    kind = [("content-type", "application/grpc")]
    if alone:
        respond(request, headers=[*kind, ("grpc-status", code)], body=b"")
    elif message is None:
        connection = request.connection
        connection.headers(request.number, [(":status", "200"), *kind])
        connection.headers(request.number, [("grpc-status", code)], end=True)
    else:
        respond(request, headers=kind, body=framed(message), trailers=[("grpc-status", code)])


def failing(**how):
    """Fails the first time, and then answers."""
    seen = []

    def answer(request):
        seen.append(request)
        if len(seen) == 1:
            status(request, "14", **how)
        else:
            status(request, "0", message=b"fine")

    return answer


@pytest.mark.parametrize("how, attempts", [({"alone": True}, 2), ({}, 2), ({"message": b"x"}, 1)],
                         ids=["alone", "in trailers", "after a message"])
@pytest.mark.pillion_only
def test_unavailable_is_tried_again_until_a_message_has_come(launch, scripted, how, attempts):
    upstream = scripted(failing(**how))
    proxy = launch(configuration(
        upstream.port, routes=[route(retry_policy=retries("unavailable", 2))]))
    with GrpcClient(proxy.port) as client:
        found = client.outcome("Unary")
    assert len(upstream.requests) == attempts
    assert found["code"] == ("OK" if attempts == 2 else "UNAVAILABLE")
    assert proxy.log_entry()["attempts"] == str(attempts)


def test_the_server_is_asked_again_as_often_as_the_policy_says(through, server):
    _, client = through(routes=[route(retry_policy=retries("unavailable", 2))])
    found = client.outcome("Unary", metadata=(("do-status", "UNAVAILABLE no"),))
    assert (found["code"], len(server.calls)) == ("UNAVAILABLE", 3)
    found = client.outcome("Unary", metadata=(("do-status", "NOT_FOUND no"),))
    assert (found["code"], len(server.calls)) == ("NOT_FOUND", 4)


# Statistics and logs


def test_calls_are_counted_by_method_and_status(through):
    proxy, client = through(stats_filter(stats_for_all_methods=True))
    client.outcome("Both", [b"a", b"b", b"c"])
    client.outcome("Both", [b"a"], metadata=(("do-status", "NOT_FOUND no"),))
    client.outcome("Unary", [b"a" * 100_000])
    at = f"cluster.app.grpc.{SERVICE}."
    proxy.wait_stat(f"{at}Unary.success", 1)
    stats = proxy.stats()
    assert stats[f"{at}Both.total"] == 2
    assert (stats[f"{at}Both.0"], stats[f"{at}Both.5"]) == (1, 1)
    assert (stats[f"{at}Both.success"], stats[f"{at}Both.failure"]) == (1, 1)
    assert stats[f"{at}Both.response_message_count"] == 3
    assert stats[f"{at}Unary.request_message_count"] == 1


def test_only_listed_methods_are_counted_by_name(through):
    proxy, client = through(stats_filter(individual_method_stats_allowlist={
        "services": [{"name": SERVICE, "method_names": ["Unary"]}]}))
    client.outcome("Unary")
    client.outcome("ServerStream")
    proxy.wait_stat("cluster.app.grpc.0", 1)
    stats = proxy.stats()
    assert stats[f"cluster.app.grpc.{SERVICE}.Unary.success"] == 1
    assert stats["cluster.app.grpc.response_message_count"] == 3
    assert not any("ServerStream" in name for name in stats)


def test_a_reply_of_the_sidecar_counts_as_a_failed_call(launch, proxy):
    here = launch(configuration(1, stats_filter(stats_for_all_methods=True)))
    with GrpcClient(here.port) as client:
        assert client.outcome("Unary")["code"] == "UNAVAILABLE"
    here.wait_stat(f"cluster.app.grpc.{SERVICE}.Unary.14", 1)


def test_the_log_knows_the_status_of_trailers_and_the_upstreams_protocol(launch, server):
    made = configuration(server.port)
    manager = envoyfile.manager_of(made["static_resources"]["listeners"][0])
    manager["access_log"] = [envoyfile.file_log("own.log", json=_LOG)]
    proxy = launch(made)
    with GrpcClient(proxy.port) as client:
        client.outcome("Unary", metadata=(("do-status", "NOT_FOUND no"),))
    path = proxy.folder / "own.log"
    wait_until(lambda: path.exists() and path.read_text(), "the line")
    line = path.read_text()
    assert '"grpc":"NotFound"' in line and '"protocol":"HTTP/2"' in line


# gRPC-Web


def ask_web(proxy, kind="application/grpc-web+proto", body=None, accept=None, method="Unary"):
    headers = [("Content-Type", kind), ("X-Grpc-Web", "1")]
    if accept:
        headers.append(("Accept", accept))
    return proxy.fetch("POST", f"/{SERVICE}/{method}", headers=headers,
                       body=framed(b"hello") if body is None else body)


def trailers_of(body):
    """The messages of a body, and the trailers at its end."""
    messages, at = [], 0
    while at < len(body):
        flags, length = body[at], int.from_bytes(body[at + 1:at + 5], "big")
        part = body[at + 5:at + 5 + length]
        at += 5 + length
        if flags & 0x80:
            assert at == len(body)
            return messages, part.decode().split("\r\n")[:-1]
        messages.append(part)
    return messages, None


def test_a_browser_calls_a_server_of_grpc(through, server):
    proxy, _ = through(web_filter(), stats_filter(stats_for_all_methods=True))
    answer = ask_web(proxy)
    assert answer.status == 200
    assert answer.header("content-type") == "application/grpc-web+proto"
    messages, trailers = trailers_of(answer.body)
    assert messages == [b"hello"]
    assert "grpc-status:0" in trailers
    proxy.wait_stat(f"cluster.app.grpc.{SERVICE}.Unary.success", 1)


def test_text_is_translated_in_both_directions(through):
    proxy, _ = through(web_filter())
    answer = ask_web(proxy, "application/grpc-web-text", base64.b64encode(framed(b"a")),
                     accept="application/grpc-web-text", method="ServerStream")
    assert answer.header("content-type") == "application/grpc-web-text+proto"
    # Each message is a segment with padding of its own.
    body = b"".join(base64.b64decode(answer.body[at:at + 4])
                    for at in range(0, len(answer.body), 4))
    messages, trailers = trailers_of(body)
    assert messages == [b"a0", b"a1", b"a2"]
    assert "grpc-status:0" in trailers


@pytest.mark.parametrize("body", [b"!!!!", base64.b64encode(framed(b"a"))[:-1]])
def test_a_text_that_is_none_is_refused(through, body):
    proxy, client = through(web_filter())
    answer = ask_web(proxy, "application/grpc-web-text", body)
    assert (answer.status, answer.header("grpc-status")) == (400, "13")
    assert answer.header("content-type") == "application/grpc-web+proto"
    assert proxy.log_entry()["details"].startswith("grpc_base_64_decode_failed")
    assert client.outcome("Unary")["code"] == "OK"


def test_an_answer_that_is_no_grpc_becomes_a_status(launch, scripted):
    upstream = scripted(lambda request: respond(request, status=503, body=b"over 100%"))
    proxy = launch(configuration(upstream.port, web_filter()))
    answer = ask_web(proxy)
    assert (answer.status, answer.header("grpc-status")) == (503, "14")
    assert answer.header("grpc-message") == "over 100%25"
    assert answer.body == b""


def test_the_client_of_a_browser_hears_of_no_route_and_no_endpoint(launch):
    proxy = launch(configuration(1, web_filter(), routes=[route(prefix=f"/{SERVICE}/Unary")]))
    answer = ask_web(proxy)
    assert (answer.status, answer.header("grpc-status")) == (503, "14")
    answer = ask_web(proxy, method="Both")
    assert answer.status == 404
    assert answer.header("content-type") == "application/grpc-web+proto"


# Health checks

_CHECK = {"timeout": "1s", "interval": "0.05s", "no_traffic_interval": "0.05s",
          "unhealthy_threshold": 1, "healthy_threshold": 1}
_NO_PANIC = {"common_lb_config": {"healthy_panic_threshold": {"value": 0}}}


class HealthService:
    """`grpc.health.v1.Health` on a server of grpcio, without generated code."""

    def __init__(self, credentials=None):
        self.statuses = {"": 1}
        self.seen = []
        self.server = grpc.server(ThreadPoolExecutor(4))
        self.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(
            "grpc.health.v1.Health",
            {"Check": grpc.unary_unary_rpc_method_handler(self._check)}),))
        where = "127.0.0.1:0"
        self.port = (self.server.add_secure_port(where, credentials) if credentials
                     else self.server.add_insecure_port(where))
        self.server.start()

    def _check(self, message, context):
        service = message[2:].decode()
        self.seen.append((service, dict(context.invocation_metadata())))
        if service not in self.statuses:
            context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return bytes([8, self.statuses[service]])


def checked(port, check, **fields):
    return envoyfile.bootstrap([listener(routes=[route()])], [
        cluster("app", port, **http2(health_checks=[{**_CHECK, **check}], **_NO_PANIC, **fields))])


def test_a_server_of_grpc_is_asked_for_the_health_of_a_service(launch):
    service = HealthService()
    service.statuses["shop"] = 1
    proxy = launch(checked(service.port, {"grpc_health_check": {
        "service_name": "shop", "initial_metadata": [
            {"header": {"key": "x-own", "value": "a"}}]}}))
    proxy.wait_stat("cluster.app.membership_healthy", 1)
    name, metadata = service.seen[0]
    assert (name, metadata["x-own"]) == ("shop", "a")
    service.statuses["shop"] = 2
    proxy.wait_stat("cluster.app.membership_healthy", 0)
    service.statuses["shop"] = 1
    proxy.wait_stat("cluster.app.membership_healthy", 1)
    del service.statuses["shop"]
    proxy.wait_stat("cluster.app.membership_healthy", 0)
    service.statuses["shop"] = 1
    proxy.wait_stat("cluster.app.membership_healthy", 1)
    # The server goes away, and says so.
    service.server.stop(0)
    proxy.wait_stat("cluster.app.membership_healthy", 0)


def test_health_is_asked_over_http2_where_the_check_says_so(launch, scripted):
    statuses = [200]
    upstream = scripted(lambda request: respond(request, status=statuses[0]))
    proxy = launch(checked(upstream.port, {"http_health_check": {
        "path": "/healthz", "codec_client_type": "HTTP2"}}))
    proxy.wait_stat("cluster.app.membership_healthy", 1)
    assert upstream.requests[0].target == "/healthz"
    statuses[0] = 500
    proxy.wait_stat("cluster.app.membership_healthy", 0)
    statuses[0] = 200
    proxy.wait_stat("cluster.app.membership_healthy", 1)
    assert len(upstream.connections) == 1
    # An endpoint that goes away gracefully is asked again on another connection.
    for connection in list(upstream.connections):
        connection.goaway(2**31 - 1)
    wait_until(lambda: len(upstream.connections) >= 2, "another connection")
    assert proxy.stat("cluster.app.membership_healthy") == 1


def tls(authority, **fields):
    return {"transport_socket": {"name": "tls", "typed_config": {
        "@type": envoyfile.TYPE
        + "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        "common_tls_context": {"validation_context": {
            "trusted_ca": {"filename": str(authority.path)}}, **fields}}}}


@pytest.mark.parametrize("kind", ["grpc", "http", "tcp"])
def test_checks_of_every_kind_speak_the_tls_of_the_endpoint(launch, kind):
    leaf = certificates()["server"]
    if kind == "grpc":
        port = HealthService(grpc.ssl_server_credentials(
            [(leaf.key_path.read_bytes(), leaf.path.read_bytes())])).port
        check = {"grpc_health_check": {}}
    else:
        port = Http2Peer(context=server_context(alpn=["h2"])).port
        check = {"http_health_check": {"path": "/", "codec_client_type": "HTTP2"}}
        if kind == "tcp":
            check = {"tcp_health_check": {}}
    proxy = launch(checked(port, check, **tls(certificates().root)))
    proxy.wait_stat("cluster.app.membership_healthy", 1)
    assert proxy.stat("cluster.app.ssl.handshake") >= 1
    distrusting = launch(checked(port, check, **tls(certificates().stranger)))
    wait_until(lambda: distrusting.stat("cluster.app.ssl.fail_verify_error") >= 1, "a failure")
    assert distrusting.stat("cluster.app.membership_healthy") == 0
