"""Requests that RFC 9112 calls malformed or ambiguous: refused, and nothing of them goes upstream."""

import pytest

from harness.peer import ok

pytestmark = pytest.mark.pillion_only

HOST = b"Host: a\r\n"
GET = b"GET / HTTP/1.1\r\n"
POST = b"POST / HTTP/1.1\r\n" + HOST
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


def field(line):
    return GET + HOST + line + b"\r\n\r\n"


def post(*lines, body=b""):
    return POST + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


CHUNKED = b"Transfer-Encoding: chunked"

# What is refused, by rule. Every message is complete, or so wrong that nothing more needs to come.
ATTACKS = {
    # Two lengths (RFC 9112 section 6.3)
    "both lengths": post(b"Content-Length: 4", CHUNKED, body=b"0\r\n\r\n" + SMUGGLED),
    "both lengths, other order": post(CHUNKED, b"Content-Length: 4", body=b"0\r\n\r\n" + SMUGGLED),
    "both lengths, empty": post(b"Content-Length: 0", CHUNKED, body=b"0\r\n\r\n"),
    "lengths that differ": post(b"Content-Length: 5", b"Content-Length: 6", body=b"abcdef"),
    "lengths that are equal": post(b"Content-Length: 2", b"Content-Length: 2", body=b"ab"),
    "a list of lengths": post(b"Content-Length: 2, 2", body=b"ab"),
    "a list of lengths that differ": post(b"Content-Length: 2, 3", body=b"abc"),
    # One length that parsers read differently
    "signed length": post(b"Content-Length: +2", body=b"ab"),
    "negative length": post(b"Content-Length: -1"),
    "hexadecimal length": post(b"Content-Length: 0x2", body=b"ab"),
    "length with a space": post(b"Content-Length: 1 2", body=b"a"),
    "length with a comma": post(b"Content-Length: 2,", body=b"ab"),
    "length with a point": post(b"Content-Length: 2.0", body=b"ab"),
    "length with an exponent": post(b"Content-Length: 2e0", body=b"ab"),
    "length with an underscore": post(b"Content-Length: 1_0", body=b"ab"),
    "empty length": post(b"Content-Length:", body=b""),
    "length of letters": post(b"Content-Length: two", body=b"ab"),
    "length beyond 64 bits": post(b"Content-Length: 18446744073709551617", body=b"a"),
    "length beyond 63 bits": post(b"Content-Length: 9223372036854775808", body=b"a"),
    "length of many digits": post(b"Content-Length: " + b"9" * 400, body=b"a"),
    "length with a vertical tab": post(b"Content-Length: \x0b2", body=b"ab"),
    "length with Unicode digits": post("Content-Length: \u0662".encode(), body=b"ab"),
    # Spellings of Transfer-Encoding
    "unknown coding": post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
    "coding before chunked": post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
    "chunked is not last": post(b"Transfer-Encoding: chunked, gzip", body=b"0\r\n\r\n"),
    "chunked twice": post(b"Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n"),
    "chunked on two lines": post(CHUNKED, CHUNKED, body=b"0\r\n\r\n"),
    "identity and chunked": post(b"Transfer-Encoding: identity, chunked", body=b"0\r\n\r\n"),
    "identity": post(b"Transfer-Encoding: identity", b"Content-Length: 0"),
    "quoted chunked": post(b'Transfer-Encoding: "chunked"', body=b"0\r\n\r\n"),
    "chunked with a parameter": post(b"Transfer-Encoding: chunked;q=1", body=b"0\r\n\r\n"),
    "chunked with a vertical tab": post(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n"),
    "chunked with a NUL": post(b"Transfer-Encoding: chunked\x00", body=b"0\r\n\r\n"),
    "empty coding": post(b"Transfer-Encoding:", body=b"0\r\n\r\n"),
    "chunked with a comma": post(b"Transfer-Encoding: ,chunked", body=b"0\r\n\r\n"),
    "chunked in HTTP/1.0": b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    # Names
    "space before the colon": post(b"Content-Length : 2", body=b"ab"),
    "tab before the colon": post(b"Transfer-Encoding\t: chunked", body=b"0\r\n\r\n"),
    "space in a name": field(b"X Y: 1"),
    "empty name": field(b": 1"),
    "no colon": field(b"X-Lonely"),
    "NUL in a name": field(b"X-\x00A: 1"),
    "bracket in a name": field(b"X[0]: 1"),
    "high byte in a name": field(b"X-\xe9: 1"),
    "control character in a name": field(b"X\x01Y: 1"),
    # Lines
    "folded line": field(b"X-A: 1\r\n folded: 2"),
    "folded with a tab": field(b"X-A: 1\r\n\tfolded"),
    "first line begins with a space": GET + b" Host: a\r\n\r\n",
    "bare CR in a value": field(b"X-A: 1\rX-B: 2"),
    "bare CR at the end": GET + b"Host: a\r\r\n\r\n",
    "bare LF ends a line": GET + b"Host: a\nX-B: 1\r\n\r\n",
    "bare LF ends the head": b"GET / HTTP/1.1\nHost: a\n\n",
    "bare LF hides a length": POST + b"X-A: 1\nContent-Length: 35\r\n\r\n" + SMUGGLED,
    "NUL in a value": field(b"X-A: a\x00b"),
    "DEL in a value": field(b"X-A: a\x7fb"),
    "escape in a value": field(b"X-A: \x1b[31m"),
    # Request line
    "two spaces before the target": b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    "two spaces before the version": b"GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
    "tab as separator": b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "space before the method": b" GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "space after the version": b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
    "space in the target": b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "no version": b"GET /\r\nHost: a\r\n\r\n",
    "version in lower case": b"GET / http/1.1\r\nHost: a\r\n\r\n",
    "version with two digits": b"GET / HTTP/1.10\r\nHost: a\r\n\r\n",
    "version 2.0": b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
    "version 0.9": b"GET / HTTP/0.9\r\nHost: a\r\n\r\n",
    "version with a sign": b"GET / HTTP/1.+1\r\nHost: a\r\n\r\n",
    "another protocol": b"GET / RTSP/1.0\r\nHost: a\r\n\r\n",
    "method with a colon": b"GE:T / HTTP/1.1\r\nHost: a\r\n\r\n",
    "method with a slash": b"GET/ / HTTP/1.1\r\nHost: a\r\n\r\n",
    "very long method": b"A" * 500 + b" / HTTP/1.1\r\nHost: a\r\n\r\n",
    "NUL in the target": b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
    "control character in the target": b"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
    "high byte in the target": b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    "fragment in the target": b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
    "relative target": b"GET admin HTTP/1.1\r\nHost: a\r\n\r\n",
    "empty target": b"GET HTTP/1.1\r\nHost: a\r\n\r\n",
    "star with GET": b"GET * HTTP/1.1\r\nHost: a\r\n\r\n",
    "absolute target of another scheme": b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "absolute target with userinfo": b"GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "CONNECT to a path": b"CONNECT /admin HTTP/1.1\r\nHost: a\r\n\r\n",
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    # Host
    "no host": GET + b"\r\n",
    "two hosts": GET + HOST + b"Host: b\r\n\r\n",
    "two equal hosts": GET + HOST + HOST + b"\r\n",
    "host with userinfo": GET + b"Host: user@a\r\n\r\n",
    "host with a path": GET + b"Host: a/b\r\n\r\n",
    "host with a space": GET + b"Host: a b\r\n\r\n",
    "host with a comma": GET + b"Host: a,b\r\n\r\n",
    "host with a bad port": GET + b"Host: a:80x\r\n\r\n",
    "host with a port too large": GET + b"Host: a:99999\r\n\r\n",
    # Expect
    "unknown expectation": field(b"Expect: 200-ok"),
}

BROKEN_CHUNKS = {
    "signed size": b"+2\r\nab\r\n0\r\n\r\n",
    "negative size": b"-1\r\n\r\n0\r\n\r\n",
    "prefixed size": b"0x2\r\nab\r\n0\r\n\r\n",
    "size with a leading space": b" 2\r\nab\r\n0\r\n\r\n",
    "size with an underscore": b"1_0\r\nab\r\n0\r\n\r\n",
    "empty size": b"\r\nab\r\n0\r\n\r\n",
    "letters beyond f": b"g\r\nab\r\n0\r\n\r\n",
    "size beyond 64 bits": b"10000000000000000\r\nab\r\n0\r\n\r\n",
    "size of 64 ones": b"ffffffffffffffff\r\nab\r\n0\r\n\r\n",
    "size with many zeros": b"0" * 1000 + b"2\r\nab\r\n0\r\n\r\n",
    "bare LF after the size": b"2\nab\r\n0\r\n\r\n",
    "bare LF after the data": b"2\r\nab\n0\r\n\r\n",
    "bare CR in an extension": b"2;a\rb\r\nab\r\n0\r\n\r\n",
    "bare LF in an extension": b"2;a\nb\r\nab\r\n0\r\n\r\n",
    "NUL in an extension": b"2;a=\x00\r\nab\r\n0\r\n\r\n",
    "extension without an end": b"2;" + b"a" * 40_000,
    "data longer than the size": b"2\r\nabc\r\n0\r\n\r\n",
    "folded trailer": b"0\r\nX-A: 1\r\n folded\r\n\r\n",
    "trailer without a colon": b"0\r\nnonsense\r\n\r\n",
    "space before a trailer's colon": b"0\r\nX-A : 1\r\n\r\n",
}


def healthy(proxy, app, pid):
    before = len(app.requests)
    assert proxy.fetch(path="/healthy").status == 200
    assert proxy.pid == pid and proxy.is_alive()
    assert app.requests[before].target == "/healthy"


@pytest.fixture(scope="module")
def armed(binary, proxy, tmp_path_factory):
    """One process for the whole table: what one attack leaves behind, the next would meet."""
    from harness import envoyfile
    from harness.peer import Peer
    from harness.sidecar import Sidecar

    app = Peer()
    options = {"http_protocol_options": {"accept_http_10": True, "default_host_for_http_10": "a"}}
    one = Sidecar(binary, proxy, tmp_path_factory.mktemp("armed"), envoyfile.bootstrap(
        [envoyfile.listener(hcm=options)], [envoyfile.cluster("app", app.port)])).start()
    yield one, app
    one.finish()
    app.close()


@pytest.mark.parametrize("name", list(ATTACKS))
def test_a_malformed_request_is_refused_and_nothing_reaches_the_upstream(armed, name):
    proxy, app = armed
    pid, before = proxy.pid, app.bytes_received
    with proxy.client() as client:
        client.send(ATTACKS[name])
        response = client.response()
        assert 400 <= response.status < 500 or response.status == 505
        assert response.header("connection", "").lower() == "close"
        assert client.is_closed()
    assert app.bytes_received == before, "bytes of the attack went upstream"
    healthy(proxy, app, pid)


@pytest.mark.parametrize("name", list(BROKEN_CHUNKS))
def test_a_broken_chunk_ends_the_exchange_and_its_connection(armed, name):
    proxy, app = armed
    pid, before, connections = proxy.pid, len(app.requests), len(app.connections)
    with proxy.client() as client:
        client.send(POST + CHUNKED + b"\r\n\r\n" + BROKEN_CHUNKS[name])
        response = client.response()
        assert 400 <= response.status < 500
        assert client.is_closed()
    # The head may have gone out before the chunk came; then the upstream must see a cut.
    assert len(app.requests) == before, "the upstream took it for a complete request"
    assert len(app.connections) <= connections + 1
    healthy(proxy, app, pid)


def test_bytes_after_a_refused_request_are_not_a_request(armed):
    proxy, app = armed
    before = len(app.requests)
    with proxy.client() as client:
        client.send(post(b"Content-Length: 5", CHUNKED, body=b"0\r\n\r\n") + SMUGGLED * 10)
        assert client.response().status == 400
        assert client.is_closed()
    assert len(app.requests) == before


def test_every_refusal_is_counted_and_explained(sidecar, peer):
    app = peer(answer=lambda r: ok())
    proxy = sidecar(app)
    with proxy.client() as client:
        client.send(ATTACKS["both lengths"])
        response = client.response()
    assert response.header("x-pillion-reason")
    assert response.text.strip() == response.header("x-pillion-reason")
    entry = proxy.log_entry()
    assert (entry["status"], entry["flags"]) == ("400", "DPE")
    proxy.wait_stat("http.inbound.downstream_cx_protocol_error", 1)
    proxy.wait_stat("http.inbound.downstream_rq_4xx", 1)
