"""HTTP/1.1 as clients and upstreams speak it: connections, framing, interim responses, versions."""

import socket
import threading

import pytest

from harness import envoyfile
from harness.client import Client
from harness.envoyfile import route
from harness.peer import ok

HTTP10 = {"http_protocol_options": {"accept_http_10": True, "default_host_for_http_10": "old"}}


def test_keep_alive_reuses_both_connections(sidecar, peer):
    app = peer()
    with sidecar(app).client() as client:
        for number in range(20):
            assert client.request(path=f"/{number}").status == 200
    assert [request.target for request in app.requests] == [f"/{n}" for n in range(20)]
    assert len(app.connections) == 1


def test_connection_close_is_honoured_downstream_and_kept_from_the_upstream(sidecar, peer):
    app = peer()
    proxy = sidecar(app)
    for _ in range(3):
        with proxy.client() as client:
            response = client.request(headers={"Connection": "close"})
            assert response.header("connection") == "close"
            assert client.is_closed()
    assert app.requests[0].header("connection") is None
    assert len(app.connections) == 1, "the client's wish concerns its own connection only"


def test_an_upstream_that_closes_after_its_response_gets_a_new_connection(sidecar, peer):
    def serve(connection):
        app.record(connection.read_body(connection.read_head()))
        connection.send(ok(headers=[("Connection", "close")]))

    app = peer(serve=serve)
    with sidecar(app).client() as client:
        for _ in range(5):
            response = client.request()
            assert response.status == 200 and response.header("connection") is None
    assert len(app.connections) == 5


def test_pipelined_requests_are_answered_in_order(sidecar, peer):
    app = peer(answer=lambda request: ok(request.target))
    with sidecar(app).client() as client:
        client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % n for n in range(50)))
        for number in range(50):
            assert client.response().body == b"/%d" % number


def test_pipelined_requests_with_bodies_keep_their_boundaries(sidecar, peer):
    app = peer(answer=lambda request: ok(request.body))
    with sidecar(app).client() as client:
        client.send(
            b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nfirst"
            b"POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3\r\nsec\r\n3\r\nond\r\n0\r\n\r\n"
            b"GET /c HTTP/1.1\r\nHost: a\r\n\r\n"
        )
        assert [client.response().body for _ in range(3)] == [b"first", b"second", b""]


def test_a_request_byte_by_byte_is_the_same_request(sidecar, peer):
    app = peer(answer=lambda request: ok(request.body))
    with sidecar(app).client() as client:
        message = (
            b"POST /slow HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"5\r\nhello\r\n0\r\n\r\n"
        )
        for position in range(len(message)):
            client.send(message[position : position + 1])
        assert client.response().body == b"hello"


def test_chunks_travel_both_ways(sidecar, peer):
    def answer(request):
        assert request.header("transfer-encoding") == "chunked"
        assert request.header("content-length") is None
        request.connection.send(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"4;name=value\r\nback\r\n5\r\nwards\r\n0\r\n\r\n"
        )

    app = peer(answer=answer)
    with sidecar(app).client() as client:
        client.send(
            b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3\r\nfor\r\n5\r\nwards\r\n0\r\n\r\n"
        )
        response = client.response()
    assert response.body == b"backwards" and response.complete
    assert response.header("transfer-encoding") == "chunked"
    assert app.requests[0].body == b"forwards"


def test_trailers_travel_both_ways(sidecar, peer):
    def answer(request):
        request.connection.send(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2\r\nok\r\n0\r\nX-Checksum: back\r\n\r\n"
        )

    app = peer(answer=answer)
    options = {"http_protocol_options": {"enable_trailers": True}}
    upstream = {
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": envoyfile.HTTP_OPTIONS,
                "explicit_http_config": {"http_protocol_options": {"enable_trailers": True}},
            }
        }
    }
    with sidecar(app, hcm=options, cluster=upstream).client() as client:
        client.send(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2\r\nhi\r\n0\r\nX-Checksum: forth\r\n\r\n"
        )
        response = client.response()
    assert [(n.lower(), v) for n, v in response.trailers] == [("x-checksum", "back")]
    assert [(n.lower(), v) for n, v in app.requests[0].trailers] == [("x-checksum", "forth")]


def test_expect_100_continue_is_answered_before_the_body_is_sent(sidecar, peer):
    app = peer(answer=lambda request: ok(request.body))
    with sidecar(app).client() as client:
        client.send(
            b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
        )
        assert client.head().status == 100
        client.send(b"body")
        assert client.response().body == b"body"
    assert app.requests[0].header("expect") is None


@pytest.mark.pillion_only
def test_early_hints_are_forwarded_before_the_final_response(sidecar, peer):
    def answer(request):
        request.connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")
        assert seen.wait(10)
        return ok()

    seen = threading.Event()
    app = peer(answer=answer)
    with sidecar(app).client() as client:
        client.start()
        hint = client.head()
        assert (hint.status, hint.header("link")) == (103, "</a.css>")
        seen.set()
        assert client.response().status == 200


def test_head_has_the_length_and_no_body(sidecar, peer):
    app = peer(
        answer=lambda r: b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
        if r.method == "HEAD" else ok("next")
    )
    with sidecar(app).client() as client:
        response = client.request("HEAD")
        assert response.header("content-length") == "1000" and response.body == b""
        assert client.request("GET").body == b"next", "the connection stays in step"


def test_no_content_and_not_modified_have_no_body(sidecar, peer):
    replies = {"/204": b"HTTP/1.1 204 No Content\r\n\r\n",
               "/304": b"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 99\r\n\r\n"}
    app = peer(answer=lambda request: replies.get(request.target) or ok("after"))
    with sidecar(app).client() as client:
        assert client.request(path="/204").status == 204
        assert client.request(path="/304").header("etag") == '"a"'
        assert client.request(path="/").body == b"after"
    assert len(app.connections) == 1


def test_http_1_0_gets_one_response_and_the_end_of_the_connection(sidecar, peer):
    app = peer()
    with sidecar(app, hcm=HTTP10).client() as client:
        client.send(b"GET /old HTTP/1.0\r\n\r\n")
        response = client.response()
        assert response.status == 200 and response.body == b"ok"
        assert client.is_closed()
    assert app.requests[0].version == "HTTP/1.1"
    assert app.requests[0].header("host") == "old"


def test_http_1_0_keep_alive_is_honoured(sidecar, peer):
    app = peer()
    with sidecar(app, hcm=HTTP10).client() as client:
        for _ in range(3):
            client.send(b"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
            response = client.response()
            assert response.header("connection", "").lower() == "keep-alive"


def test_a_chunked_response_reaches_an_http_1_0_client_without_chunks(sidecar, peer):
    app = peer(answer=lambda r: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                b"4\r\nbody\r\n0\r\n\r\n")
    with sidecar(app, hcm=HTTP10).client() as client:
        client.send(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
        response = client.response()
        assert response.header("transfer-encoding") is None
        assert response.body == b"body"


def test_http_1_0_is_refused_unless_it_is_accepted(sidecar, peer):
    app = peer()
    with sidecar(app).client() as client:
        client.send(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
        assert client.response().status == 426
    assert not app.requests


def test_an_upgrade_is_refused(sidecar, peer):
    app = peer()
    proxy = sidecar(app)
    response = proxy.fetch(headers={
        "Connection": "Upgrade", "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw=="})
    assert response.status == 403
    assert not app.requests


@pytest.mark.pillion_only
def test_a_client_that_has_finished_sending_still_gets_its_response(sidecar, peer):
    def answer(request):
        assert half_closed.wait(10)
        return ok("late")

    half_closed = threading.Event()
    app = peer(answer=answer)
    with sidecar(app).client() as client:
        client.start()
        app.wait_requests(1)
        client.half_close()
        half_closed.set()
        response = client.response()
    assert (response.status, response.body) == (200, b"late")


@pytest.mark.pillion_only
def test_the_case_of_header_names_is_preserved(sidecar, peer):
    app = peer(answer=lambda r: b"HTTP/1.1 200 OK\r\nX-UPPER-lower: a\r\nCONTENT-length: 0\r\n\r\n")
    response = sidecar(app).fetch(headers={"X-MiXeD-Case": "1", "SOAPAction": "2"})
    names = [name for name, _ in response.headers]
    assert "X-UPPER-lower" in names
    sent = [name for name, _ in app.requests[0].headers]
    assert "X-MiXeD-Case" in sent and "SOAPAction" in sent


def test_values_keep_their_bytes(sidecar, peer):
    app = peer(answer=lambda r: ok(headers=[("X-Latin", "caf\xe9 \xff")]))
    response = sidecar(app).fetch(headers={"X-Bytes": "\x80\xfe  inner  space"})
    assert app.requests[0].header("x-bytes") == "\x80\xfe  inner  space"
    assert response.header("x-latin") == "caf\xe9 \xff"


def test_repeated_headers_stay_repeated_and_in_order(sidecar, peer):
    app = peer(answer=lambda r: ok(headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]))
    response = sidecar(app).fetch(headers=[("X-Many", "1"), ("X-Other", "o"), ("X-Many", "2")])
    assert response.all("set-cookie") == ["a=1", "b=2"]
    assert app.requests[0].all("x-many") == ["1", "2"]


def test_hop_by_hop_headers_stop_here(sidecar, peer):
    app = peer(answer=lambda r: ok(headers=[("Keep-Alive", "timeout=5"), ("Proxy-Connection", "x")]))
    response = sidecar(app).fetch(headers={
        "Connection": "keep-alive, X-Private", "Keep-Alive": "300", "X-Private": "secret",
        "Proxy-Connection": "keep-alive", "TE": "gzip", "X-Public": "1"})
    request = app.requests[0]
    for name in ("connection", "keep-alive", "x-private", "proxy-connection", "te"):
        assert request.header(name) is None, name
    assert request.header("x-public") == "1"
    assert response.header("keep-alive") is None


def test_a_client_cannot_nominate_identity_headers_away(sidecar, peer):
    app = peer()
    response = sidecar(app).fetch(headers={
        "Connection": "close, x-forwarded-for, x-forwarded-proto, host, authorization",
        "Authorization": "Bearer t"})
    if response.status == 400:
        assert not app.requests
        return
    request = app.requests[0]
    assert request.header("host") == "test"
    assert request.header("x-forwarded-proto") == "http"


def test_bodies_until_close_end_cleanly(sidecar, peer):
    def serve(connection):
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n" + b"until close")

    app = peer(serve=serve)
    with sidecar(app).client() as client:
        response = client.request()
    assert response.complete and response.body == b"until close"


def test_a_response_before_the_end_of_the_request_is_delivered(sidecar, peer):
    def serve(connection):
        connection.read_head()
        connection.send(ok("too large", status=413))
        connection.until_closed()

    app = peer(serve=serve)
    proxy = sidecar(app)
    with proxy.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nsome")
        response = client.response()
        assert (response.status, response.body) == (413, b"too large")


def test_get_with_a_body_keeps_it(sidecar, peer):
    app = peer(answer=lambda request: ok(request.body))
    assert sidecar(app).fetch("GET", "/search", body="query").body == b"query"


def test_unknown_methods_are_forwarded(sidecar, peer):
    app = peer()
    proxy = sidecar(app)
    for method in ("PROPFIND", "REPORT", "PATCH", "OPTIONS"):
        assert proxy.fetch(method).status == 200
    assert [request.method for request in app.requests] == [
        "PROPFIND", "REPORT", "PATCH", "OPTIONS"]


def test_absolute_targets_are_rewritten_to_paths(sidecar, peer):
    app = peer()
    with sidecar(app).client() as client:
        client.send(b"GET http://other.example/path?q HTTP/1.1\r\nHost: ignored\r\n\r\n")
        assert client.response().status == 200
    assert app.requests[0].target == "/path?q"
    assert app.requests[0].header("host") == "other.example"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_listeners_and_endpoints_of_both_families(launch, peer, host):
    app = peer(host=host)
    configuration = envoyfile.bootstrap(
        [envoyfile.listener()], [envoyfile.cluster("app", envoyfile.endpoint(app.port, host))])
    configuration["static_resources"]["listeners"][0]["address"] = envoyfile.address(0, host)
    proxy = launch(configuration)
    with Client((host, proxy.port)) as client:
        assert client.request().body == b"ok"


def test_unix_sockets_on_both_sides(launch, tmp_path):
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(str(tmp_path / "app.sock"))
    unix.listen(8)

    def serve():
        connection, _ = unix.accept()
        while b"\r\n\r\n" not in connection.recv(65536):
            pass
        connection.sendall(ok("through the socket"))

    threading.Thread(target=serve, daemon=True).start()
    endpoint = {"endpoint": {"address": {"pipe": {"path": str(tmp_path / "app.sock")}}}}
    configuration = envoyfile.bootstrap(
        [envoyfile.listener()], [envoyfile.cluster("app", endpoint)])
    configuration["static_resources"]["listeners"][0]["address"] = {
        "pipe": {"path": str(tmp_path / "front.sock"), "mode": 0o600}}
    launch(configuration)
    with Client(str(tmp_path / "front.sock")) as client:
        assert client.request().body == b"through the socket"
    assert (tmp_path / "front.sock").stat().st_mode & 0o777 == 0o600
    unix.close()


MEGABYTE = 1 << 20


@pytest.mark.slow
def test_a_large_request_streams_with_bounded_memory(sidecar, peer):
    size = 50 * MEGABYTE
    totals = []

    def serve(connection):
        # The connection stays open: a POST must not meet one that is being closed.
        while True:
            request = connection.read_head()
            rest = total = int(request.header("content-length"))
            while True:
                taken = min(rest, len(connection.received) - connection.used)
                rest -= taken
                connection.used += taken
                if rest == 0:
                    break
                connection.fill()
            totals.append(total)
            connection.send(ok("got it"))

    app = peer(serve=serve)
    app.keeps_bytes = False
    proxy = sidecar(app)
    proxy.fetch("POST", "/warm", body="x")
    before = proxy.resident_megabytes()
    with proxy.client(timeout=40) as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
        block = bytes(MEGABYTE)
        most = 0
        for _ in range(50):
            client.send(block)
            most = max(most, proxy.resident_megabytes())
        assert client.response().body == b"got it"
    assert totals[-1] == size
    assert most - before < 16, f"{most - before:.1f} MB more for one large request"


@pytest.mark.slow
def test_a_large_response_waits_for_a_slow_reader(sidecar, peer):
    size = 50 * MEGABYTE
    sent = []

    def answer(request):
        if request.target == "/warm":
            return ok()
        request.connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        block = bytes(MEGABYTE)
        for _ in range(50):
            request.connection.send(block)
            sent.append(len(block))

    app = peer(answer=answer)
    proxy = sidecar(app)
    proxy.fetch(path="/warm")
    before = proxy.resident_megabytes()
    with proxy.client(timeout=40, receive_buffer=65536) as client:
        client.start()
        head = client.head()
        assert head.header("content-length") == str(size)
        received = len(client.pending)
        client.pending.clear()
        half_way = most = 0
        while received < size:
            data = client.socket.recv(1 << 18)
            assert data, "the response was cut"
            received += len(data)
            if received > size // 2 and not half_way:
                half_way = sum(sent)
            if received % 7 == 0:
                most = max(most, proxy.resident_megabytes())
        most = max(most, proxy.resident_megabytes())
    assert most - before < 16, f"{most - before:.1f} MB more for one slow reader"
