"""Clients that break the rules of HTTP/2, or come near: which error answers them."""

from beside.case import Difference, Scene, World
from beside.http2 import IGNORES, PEERS, exchanging
from beside.streams import logged, open_stream
from beside.upstreams import TRACE
from harness.h2peer import fields, raw_frame


def _verdict(client, wait):
    """How a connection went: what came on each stream, and whether it lives."""
    client.until(lambda: client.is_closed or (
        client.streams and all(one.is_over for one in client.streams.values())), wait)
    # A connection that is given up is told so, and closed.
    if not client.is_closed:
        client.until(lambda: client.is_closed, 0.1)
    # Before it closes, Pillion says why, with the code that RFC 9113 names for it; Envoy mostly
    # does not. The codes are for test_http2_conformance.py.
    is_closed = client.is_closed
    return {
        "streams": [{
            "number": one.number, "status": (dict(one.heads[0]).get(":status")
                                             if one.heads else None),
            "reset": None if is_closed else one.reset, "ended": one.ended}
            for one in client.streams.values() if one.heads or not is_closed],
        "goaways": [] if is_closed else [code for _, code, _ in client.goaways],
        "closed": is_closed,
    }


def _essence(line):
    """What a line says of a request that broke a rule: which one, and how far it had got by then,
    is each proxy's own."""
    if line and "DPE" in line["flags"]:
        return {name: line[name] for name in ("flags", "status", "protocol")}
    return line


_ALL = ("*",)
_DIFFERENCES = {
    "no authority and no host": Difference(
        "a request without a host is answered, as over HTTP/1.1", {"log.status": (400, 0)}, _ALL),
    "a fragment": Difference("a target with a fragment is malformed (RFC 9113 section 8.3.1)",
                             {"log.status": (0, 400)}, _ALL),
    "a star as the path": Difference(
        "no route takes it, which is what the flag says; Envoy's details speak of another form",
        {"log.flags": ("NR", "-"), "log.details": ("route_not_found", "absolute_path_rejected")},
        ("stats.*",)),
    "spaces around a value": Difference(
        "white space around a value is malformed (RFC 9113 section 8.2.1)",
        {"log.status": (0, 200)}, _ALL),
    "bytes above 127 in the path": Difference("such a path is no path (RFC 3986 section 3.3)",
                                              {"log.status": (0, 200)}, _ALL),
    "underscores that are refused": Difference(
        "a refusal is answered, as over HTTP/1.1", {"log.status": (400, 0)}, _ALL),
    **{name: Difference("a head that is too large is answered, as over HTTP/1.1",
                        {"log.status": (431, 0)}, _ALL)
       for name in ("a head above the limit", "more headers than the limit",
                    "more headers than the default")},
    "trailers above the limit": Difference(
        "the code says that it was too much", {
            "streams.0.reset": ("ENHANCE_YOUR_CALM", "INTERNAL_ERROR")},
        ("log*", "arrived*", "stats.*")),
    "the same length twice": Difference("one length that is said twice (RFC 9110 section 8.6)",
                                        {"log.status": (200, 0)}, _ALL),
    **{name: Difference("a head that never ends is no request", {"log.flags": (None, "DPE")},
                        ("log*", "arrived", "stats.*"))
       for name in ("another frame between", "CONTINUATION of another stream",
                    "many CONTINUATION frames")},
    **{name: Difference("the stream alone ends (RFC 9113 section 5.4.2)", {
        "closed": (False, True)}, _ALL)
        for name in ("DATA after the end", "HEADERS after the end", "a short PRIORITY",
                     "a window update of zero for a stream", "a stream's window above the most")},
    "HEADERS on a lower stream": Difference(
        "the client is told", {"streams.1.reset": ("STREAM_CLOSED", None)}, ("stats.*",)),
    "DATA after a reset": Difference(
        "the client is told", {"streams.0.reset": ("STREAM_CLOSED", None)}),
}


def _broken(name, send_it, listener="main", wait=1.0, lines=True, ignores=()):
    """A connection on which `send_it(client, head)` runs; `head` makes a request's fields."""

    def play(side):
        client = open_stream(side, listener)
        trace = side.trace()

        def head(*more, method="GET", path="/h2/", **options):
            return fields(method, path, f"{TRACE}: {trace}", *more, **options)

        try:
            # The first settings of the other end are there before anything is broken.
            client.until(lambda: client.peer_settings_at_first is not None)
            try:
                send_it(client, head)
            except OSError:
                pass
            found = _verdict(client, wait)
        finally:
            client.close()
        if lines:
            found["log"] = _essence(logged(side, trace, 0.3))
        if not (found.get("log") or {}).get("status") == 0:
            found["arrived"] = [
                (one.method, one.target, bytes(one.body).decode("latin-1")[:20])
                for _, one in side.upstreams.arrivals[trace]]
        return found

    return Scene(name, play, stats=(
        f"http.{listener}.downstream_rq_*", f"http.{listener}.downstream_cx_protocol_error",
        f"http.{listener}.downstream_cx_total"),
        ignores=(*IGNORES, *ignores), difference=_DIFFERENCES.get(name))


def _headed(*more, end=True, **options):
    return lambda c, head: c.headers(1, head(*more, **options), end=end)


def _changed(change, end=True):
    def send_it(c, head):
        c.headers(1, change(head()), end=end)

    return send_it


def _without(name):
    return _changed(lambda pairs: [pair for pair in pairs if pair[0] != name])


def _with_body(length, body=b"four", end=True, more=()):
    def send_it(c, head):
        c.headers(1, head(f"content-length: {length}", *more, method="POST"))
        c.data(1, body, end=end)

    return send_it


def _many(count, size=1):
    return _headed(*[f"x-{number}: {'a' * size}" for number in range(count)])


def _then(*steps):
    def send_it(c, head):
        for step in steps:
            step(c, head)

    return send_it


def _raw(*frame, **options):
    return lambda c, head: c.raw(raw_frame(*frame, **options))


_GOOD = _headed()


def _continued(parts, between=b"", ends=True):
    def send_it(c, head):
        block = c.block(head())
        size = -(-len(block) // parts)
        c.stream(1)
        for number in range(parts):
            piece = block[number * size : (number + 1) * size]
            is_last = ends and number == parts - 1
            c.raw(raw_frame(9 if number else 1, (4 if is_last else 0) | (0 if number else 1),
                            1, piece))
            if not is_last:
                c.raw(between)

    return send_it


def _padded(pad, extra=b""):
    def send_it(c, head):
        c.headers(1, head(method="POST"))
        c.raw(raw_frame(0, 9, 1, bytes([pad]) + b"abc" + extra))

    return send_it


CASES = [
    _broken("upper case in a name", _headed("X-Upper: a")),
    _broken("a Connection header", _headed("connection: close")),
    _broken("a Keep-Alive header", _headed("keep-alive: timeout=5")),
    _broken("a Proxy-Connection header", _headed("proxy-connection: keep-alive")),
    _broken("a Transfer-Encoding header", _headed("transfer-encoding: chunked")),
    _broken("an Upgrade header", _headed("upgrade: websocket")),
    _broken("TE: gzip", _headed("te: gzip")),
    _broken("TE: trailers", _headed("te: trailers")),
    _broken("no method", _without(":method")), _broken("no path", _without(":path")),
    _broken("no scheme", _without(":scheme")),
    _broken("no authority and no host", _without(":authority")),
    _broken("an empty path", _headed(path="")),
    _broken("a path without a slash", _headed(path="a")),
    _broken("a star as the path", _headed(path="*", method="OPTIONS")),
    _broken("an absolute path", _headed(path="http://test/h2/")),
    _broken("a fragment", _headed(path="/h2/#a")),
    _broken("two methods", _changed(lambda pairs: [(":method", "GET"), *pairs])),
    _broken("two paths", _changed(lambda pairs: [(":path", "/"), *pairs])),
    _broken("two authorities", _changed(lambda pairs: [(":authority", "a"), *pairs])),
    _broken("an unknown pseudo header", _changed(lambda pairs: [(":x", "a"), *pairs])),
    _broken("a response's pseudo header", _changed(lambda pairs: [(":status", "200"), *pairs])),
    _broken("a pseudo header after others",
            _changed(lambda pairs: [pairs[-1], *pairs[:-1]])),
    _broken("an empty name", _headed(": a")),
    _broken("a space in a name", _headed("a b: a")),
    _broken("a colon in a name", _changed(lambda pairs: [*pairs, ("a:b", "c")])),
    _broken("NUL in a value", _headed("x-a: a\0b")),
    _broken("a line feed in a value", _headed("x-a: a\nb")),
    _broken("a carriage return in a value", _headed("x-a: a\rb")),
    _broken("spaces around a value", _changed(lambda pairs: [*pairs, ("x-a", " a ")])),
    _broken("a space in the method", _headed(method="GE T")),
    _broken("a space in the path", _headed(path="/h2/a b")),
    _broken("NUL in the path", _headed(path="/h2/\0")),
    _broken("bytes above 127 in the path", _headed(path="/h2/\xe4")),
    _broken("a bad authority", _headed(authority="a b")),
    _broken("user information in the authority", _headed(authority="a@test")),
    _broken("underscores that are refused", _headed("a_b: c"), listener="underscores"),
    _broken("a length that is too long", _with_body(9)),
    _broken("a length that is too short", _with_body(2)),
    _broken("a length without a body", _headed("content-length: 4", method="POST")),
    _broken("a length that is no number", _with_body("four")),
    _broken("two lengths", _with_body(4, more=("content-length: 5",))),
    _broken("the same length twice", _with_body(4, more=("content-length: 4",))),
    _broken("a length with a sign", _with_body("+4")),
    _broken("a large head", _headed(f"x-a: {'a' * 70_000}")),
    _broken("a head above the limit", _headed(f"x-a: {'a' * 9_000}"), listener="small"),
    _broken("more headers than the limit", _many(30), listener="small"),
    _broken("more headers than the default", _many(150)),
    _broken("trailers above the limit", _then(
        _headed(method="POST", end=False),
        lambda c, head: c.headers(1, [("x-a", "a" * 9_000)], end=True)), listener="small"),
    _broken("a pseudo header in trailers", _then(
        _headed(method="POST", end=False),
        lambda c, head: c.headers(1, [(":path", "/")], end=True))),
    _broken("upper case in trailers", _then(
        _headed(method="POST", end=False),
        lambda c, head: c.headers(1, [("X-A", "/")], end=True))),
    _broken("trailers without an end", _then(
        _headed(method="POST", end=False), lambda c, head: c.headers(1, [("x-a", "a")]))),
    _broken("CONNECT", _changed(lambda pairs: [
        (":method", "CONNECT"), (":authority", "test:80"), *pairs[4:]])),
    _broken("CONNECT with a protocol", _changed(lambda pairs: [
        (":method", "CONNECT"), (":protocol", "websocket"), *pairs[1:]], end=False)),
    _broken("a protocol without CONNECT", _changed(
        lambda pairs: [(":protocol", "websocket"), *pairs])),
    *[_broken(f"{name}, as an error of the stream", send_it, listener="lenient")
      for name, send_it in (
          ("upper case in a name", _headed("X-Upper: a")),
          ("a Connection header", _headed("connection: close")),
          ("a length that is too short", _with_body(2)),
          ("a length that is too long", _with_body(9)),
          ("no path", _without(":path")), ("no method", _without(":method")))],
    # Frames
    _broken("CONTINUATION", _continued(3)),
    _broken("CONTINUATION, empty", _continued(3, raw_frame(9, 0, 1))),
    _broken("another frame between", _continued(2, raw_frame(6, 0, 0, b"12345678"))),
    _broken("CONTINUATION of another stream", _continued(2, raw_frame(9, 0, 3, b"a"))),
    _broken("CONTINUATION alone", _raw(9, 4, 1, b"\x82")),
    _broken("many CONTINUATION frames", _continued(2, raw_frame(9, 0, 1) * 2000)),
    _broken("padding", _padded(2, b"\0\0")),
    _broken("more padding than there is", _padded(9)),
    _broken("DATA on stream 0", _raw(0, 0, 0, b"a")),
    _broken("DATA on an idle stream", _raw(0, 0, 1, b"a")),
    _broken("HEADERS on stream 0", _raw(1, 5, 0, b"\x82")),
    _broken("HEADERS on an even stream", lambda c, head: c.headers(2, head(), end=True)),
    _broken("HEADERS on a lower stream", _then(
        lambda c, head: c.headers(3, head(), end=True), _GOOD)),
    _broken("DATA after the end", _then(
        _headed(path="/timeout/", end=True), lambda c, head: c.data(1, b"a"))),
    _broken("HEADERS after the end", _then(_headed(path="/timeout/"), _GOOD)),
    _broken("DATA after a reset", _then(
        _headed(method="POST", end=False), lambda c, head: c.reset(1),
        lambda c, head: c.data(1, b"a", end=True), lambda c, head: c.headers(3, head(), end=True)),
        ignores=("log*", "arrived*", "stats.*")),
    _broken("RST_STREAM on an idle stream", _raw(3, 0, 1, b"\0\0\0\x08")),
    _broken("RST_STREAM on stream 0", _raw(3, 0, 0, b"\0\0\0\x08")),
    _broken("a short RST_STREAM", _then(_headed(end=False), _raw(3, 0, 1, b"\0"))),
    _broken("WINDOW_UPDATE on an idle stream", _raw(8, 0, 1, b"\0\0\0\1")),
    _broken("a window update of zero", _raw(8, 0, 0, b"\0\0\0\0")),
    _broken("a window update of zero for a stream", _then(
        _headed(end=False), _raw(8, 0, 1, b"\0\0\0\0"))),
    _broken("a window above the most", _raw(8, 0, 0, b"\x7f\xff\xff\xff")),
    _broken("a stream's window above the most", _then(
        _headed(end=False), _raw(8, 0, 1, b"\x7f\xff\xff\xff"))),
    _broken("SETTINGS on a stream", _raw(4, 0, 1)),
    _broken("SETTINGS of a wrong length", _raw(4, 0, 0, b"\0\1\0")),
    _broken("SETTINGS acknowledged with values", _raw(4, 1, 0, b"\0\1\0\0\0\0")),
    _broken("SETTINGS with push 2", _raw(4, 0, 0, b"\0\2\0\0\0\2")),
    _broken("SETTINGS with a window above the most", _raw(4, 0, 0, b"\0\4\x80\0\0\0")),
    _broken("SETTINGS with a small frame", _raw(4, 0, 0, b"\0\5\0\0\0\1")),
    _broken("SETTINGS with an unknown value", _then(_raw(4, 0, 0, b"\0\x7f\0\0\0\1"), _GOOD)),
    _broken("PING", lambda c, head: c.ping(), wait=0.2, lines=False),
    _broken("a short PING", _raw(6, 0, 0, b"1234")),
    _broken("PING on a stream", _raw(6, 0, 1, b"12345678")),
    _broken("GOAWAY", _then(_GOOD, lambda c, head: c.goaway())),
    _broken("GOAWAY on a stream", _raw(7, 0, 1, b"\0" * 8)),
    _broken("PUSH_PROMISE", _raw(5, 4, 1, b"\0\0\0\2\x82")),
    _broken("PRIORITY", _then(_raw(2, 0, 1, b"\0\0\0\0\x10"), _GOOD)),
    _broken("PRIORITY that depends on itself", _raw(2, 0, 1, b"\0\0\0\1\x10")),
    _broken("a short PRIORITY", _raw(2, 0, 1, b"\0")),
    _broken("an unknown frame", _then(_raw(0x7F, 0xFF, 0, b"a"), _GOOD)),
    _broken("a frame above the limit", _raw(0, 0, 1, b"a" * 16_385)),
    _broken("a bad header block", _raw(1, 5, 1, b"\xff\xff\xff\xff\xff\xff\xff")),
    _broken("an index beyond the table", _raw(1, 5, 1, b"\xfe")),
    _broken("a table larger than allowed", _raw(1, 5, 1, b"\x3f\xe1\x7f\x82")),
    _broken("a bad preface", lambda c, head: c.socket.sendall(b"nonsense" * 9)),
    # Floods
    _broken("many PINGs", lambda c, head: c.raw(raw_frame(6, 0, 0, b"12345678") * 20_000),
            wait=3, lines=False, ignores=("stats.*", "goaways*")),
    _broken("many SETTINGS", lambda c, head: c.raw(raw_frame(4, 0, 0) * 20_000), wait=3,
            lines=False, ignores=("stats.*", "goaways*")),
    _broken("many empty DATA frames", _then(
        _headed(method="POST", end=False), lambda c, head: c.raw(raw_frame(0, 0, 1) * 5_000)),
        wait=3),
    _broken("many PRIORITY frames", lambda c, head: c.raw(
        raw_frame(2, 0, 1, b"\0\0\0\0\x10") * 5_000), wait=3),
    _broken("many window updates", _then(_headed(method="POST", end=False), lambda c, head: c.raw(
        raw_frame(8, 0, 1, b"\0\0\0\1") * 5_000)), wait=3),
]

BREAKING = World("HTTP2 broken", exchanging, CASES, peers=PEERS)

WORLDS = (BREAKING,)
