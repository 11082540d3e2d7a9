"""What a hostile or dying upstream sends: never a clean end for what was cut."""

import threading

import pytest

from harness.client import Truncated
from harness.envoyfile import route
from harness.peer import ok

# Envoy takes some of these responses for good ones.
pytestmark = pytest.mark.pillion_only


def once(reply):
    """Serve every request with raw bytes, then close."""

    def serve(connection):
        connection.peer.record(connection.read_head())
        connection.send(reply)
        connection.half_close()
        connection.until_closed()

    return serve


REFUSED = {
    "both lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                    b"0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
    "lengths that differ": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "length beyond 64 bits": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
    "not HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "status of letters": b"HTTP/1.1 abc OK\r\n\r\n",
    "folded line": b"HTTP/1.1 200 OK\r\nX-A: 1\r\n folded\r\nContent-Length: 0\r\n\r\n",
    "NUL in a value": b"HTTP/1.1 200 OK\r\nX-A: \x00\r\nContent-Length: 0\r\n\r\n",
    "space before the colon": b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nab",
    "header bomb": b"HTTP/1.1 200 OK\r\n" + b"X-Bomb: " + b"a" * 1_000_000 + b"\r\n\r\n",
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"".join(
        b"X-%d: 1\r\n" % n for n in range(5000)) + b"Content-Length: 0\r\n\r\n",
    "unasked upgrade": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n"
                       b"Connection: upgrade\r\n\r\nraw",
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_a_response_that_cannot_be_trusted_becomes_a_5xx(sidecar, peer, name):
    app = peer(serve=once(REFUSED[name]))
    proxy = sidecar(app)
    response = proxy.fetch("POST", body="x")
    assert response.status in (502, 503), response
    assert b"evil" not in response.body
    assert proxy.log_entry()["flags"] in ("UPE", "UC", "UF", "UR")
    app.serve = app.serve_requests
    assert proxy.fetch(path="/healthy").status == 200


TRUNCATED = {
    "reset in a counted body": (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome", True),
    "end in a counted body": (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome", False),
    "reset in a chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nsome", True),
    "end between chunks": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n", False),
    "end before the last CRLF": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n0\r\n", False),
    "bad chunk size": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\nzz\r\n", False),
    "chunk without its CRLF": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsomeXX0\r\n\r\n", False),
    "reset in a body until close": (b"HTTP/1.1 200 OK\r\n\r\nsome", True),
}


@pytest.mark.parametrize("name", list(TRUNCATED))
def test_the_client_sees_that_a_response_was_cut(sidecar, peer, name):
    reply, resets = TRUNCATED[name]
    seen = threading.Event()

    def serve(connection):
        connection.read_head()
        connection.send(reply)
        if resets:
            # Only after the client has seen the beginning, so that the cut is in the body.
            assert seen.wait(10)
            connection.reset()

    proxy = sidecar(peer(serve=serve))
    cut = False
    with proxy.client() as client:
        client.start()
        head = client.head()
        assert head.status == 200
        try:
            while b"some" not in client.pending:
                client.fill()
            seen.set()
            while True:
                client.fill()
        except Truncated:
            pass
        except ConnectionResetError:
            cut = True
        body = bytes(client.pending)
    if head.header("transfer-encoding") == "chunked":
        assert not body.endswith(b"0\r\n\r\n"), "a clean end of what was cut"
    elif head.header("content-length"):
        assert len(body) < int(head.header("content-length"))
    else:
        assert cut, "without a length only a reset tells the client"


@pytest.mark.slow
def test_ten_thousand_interim_responses_are_cut_off(sidecar, peer):
    def serve(connection):
        connection.peer.record(connection.read_head())
        for _ in range(100):
            connection.send(b"HTTP/1.1 102 Processing\r\nX-Pad: aaaa\r\n\r\n" * 100)
        connection.send(ok())
        connection.until_closed()

    app = peer(serve=serve)
    proxy = sidecar(app, routes=[route(timeout="5s")])
    with proxy.client() as client:
        client.start()
        interim = []
        response = client.response(interim=interim)
    assert response.status in (200, 502, 503)
    assert len(interim) < 1000
    assert proxy.resident_megabytes() < 200


def test_bytes_after_a_response_never_answer_the_next_request(sidecar, peer):
    def serve(connection):
        while True:
            request = connection.read_head()
            connection.peer.record(request)
            connection.send(ok(request.target) + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")

    app = peer(serve=serve)
    with sidecar(app).client() as client:
        for number in range(10):
            response = client.request(path=f"/{number}")
            assert response.status == 503 or response.body == b"/%d" % number


def test_a_response_without_a_request_is_not_kept(sidecar, peer):
    def serve(connection):
        if connection.number == 0:
            connection.read_head()
            connection.send(ok("first"))
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray")
            connection.until_closed()
        else:
            connection.peer.serve_requests(connection)

    app = peer(serve=serve)
    proxy = sidecar(app)
    assert proxy.fetch().body == b"first"
    app.connections[0].ended.wait(10)
    assert proxy.fetch().body == b"ok"


def test_an_upstream_that_resets_at_once_is_answered_with_503(sidecar, peer):
    app = peer(serve=lambda connection: connection.reset())
    proxy = sidecar(app)
    assert proxy.fetch().status == 503
    assert proxy.log_entry()["flags"] in ("UC", "UF")
    assert proxy.fetch().status == 503


def test_header_injection_through_a_response_is_impossible(sidecar, peer):
    app = peer(serve=once(
        b"HTTP/1.1 302 Found\r\nLocation: /a\rSet-Cookie: stolen=1\r\nContent-Length: 0\r\n\r\n"))
    response = sidecar(app).fetch("POST", body="x")
    assert response.header("set-cookie") is None
    assert response.status in (502, 503)
