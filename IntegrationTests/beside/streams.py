"""Requests over HTTP/2 for the tables, and upstreams that answer them as scripts say."""

import time

from hyperframe.frame import ContinuationFrame, HeadersFrame

from beside.upstreams import TRACE
from harness import envoyfile
from harness.h2peer import connect, fields
from harness.h2peer_upstream import Http2Peer, respond
from harness.tlspeer import client_context
from harness.waiting import wait_until

OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def http2(explicit=None, common=None, **fields):
    """Fields of a cluster whose upstream speaks HTTP/2."""
    options = {"@type": envoyfile.TYPE + OPTIONS,
               "explicit_http_config": {"http2_protocol_options": explicit or {}}}
    if common:
        options["common_http_protocol_options"] = common
    return {"typed_extension_protocol_options": {OPTIONS: options}, **fields}


def scripted(name="h2", **options):
    """An upstream over HTTP/2 for `World.peers` that does what the request's script says."""

    def make(up):
        return Http2Peer(lambda request: perform(up.chosen(name, request), name, request),
                         **options)

    return make


def perform(answer, name, request):
    """`instead` may also be reset:CODE, reset-amid:CODE, goaway, goaway-refused, bad:<what>."""
    if answer.delay:
        time.sleep(answer.delay)
    connection, number = request.connection, request.number
    what, _, code = (answer.instead or "").partition(":")
    if what in ("cut", "stall", "reset-amid"):
        connection.headers(number, [(":status", "200"), ("content-length", "9")])
        connection.data(number, b"cut")
    if what in ("close", "cut"):
        connection.close()
    elif what in ("reset", "reset-amid") and code:
        connection.reset(number, code)
    elif what == "reset":
        connection.abort()
    elif what in ("silent", "stall"):
        pass
    elif what == "goaway":
        connection.goaway(number)
        _respond(answer, name, request)
    elif what == "goaway-refused":
        connection.goaway(0)
        connection.close()
    elif what == "garbage":
        connection.raw(b"HTTP/1.1 200 OK\r\n\r\n")
    elif what == "bad":
        _BAD[code](connection, number)
    else:
        _respond(answer, name, request)


def _respond(answer, name, request):
    body = (name if answer.body is None else answer.body).encode()
    pairs = [tuple(line.split(": ", 1)) for line in answer.headers]
    if answer.status not in (204, 304) and not answer.trailers:
        pairs.insert(0, ("content-length", str(len(body))))
    respond(request, answer.status, pairs, body,
            [tuple(line.split(": ", 1)) for line in answer.trailers])


_OK = (":status", "200")
_BAD = {
    "upper case": lambda c, n: c.headers(n, [_OK, ("X-Upper", "a")], end=True),
    "no status": lambda c, n: c.headers(n, [("x-a", "b")], end=True),
    "two statuses": lambda c, n: c.headers(n, [_OK, _OK], end=True),
    "status of letters": lambda c, n: c.headers(n, [(":status", "abc")], end=True),
    "a request's pseudo header": lambda c, n: c.headers(n, [_OK, (":path", "/")], end=True),
    "pseudo header after others": lambda c, n: c.headers(n, [("x-a", "b"), _OK], end=True),
    "connection header": lambda c, n: c.headers(n, [_OK, ("connection", "close")], end=True),
    "transfer-encoding": lambda c, n: c.headers(
        n, [_OK, ("transfer-encoding", "chunked")], end=True),
    "length too long": lambda c, n: (
        c.headers(n, [_OK, ("content-length", "9")]), c.data(n, b"four", end=True)),
    "length too short": lambda c, n: (
        c.headers(n, [_OK, ("content-length", "2")]), c.data(n, b"four", end=True)),
    "two lengths": lambda c, n: (
        c.headers(n, [_OK, ("content-length", "4"), ("content-length", "5")]),
        c.data(n, b"four", end=True)),
    "data first": lambda c, n: c.data(n, b"four", end=True),
    "body of a 204": lambda c, n: (
        c.headers(n, [(":status", "204")]), c.data(n, b"four", end=True)),
    "NUL in a value": lambda c, n: c.headers(n, [_OK, ("x-a", "a\0b")], end=True),
    "pseudo header in trailers": lambda c, n: (
        c.headers(n, [_OK]), c.headers(n, [_OK], end=True)),
    "trailers without an end": lambda c, n: (
        c.headers(n, [_OK]), c.headers(n, [("x-a", "b")])),
    "an interim answer at the end": lambda c, n: c.headers(n, [(":status", "100")], end=True),
    "large head": lambda c, n: _large(c, n),
    "many headers": lambda c, n: c.headers(
        n, [_OK, *[(f"x-{i}", "a") for i in range(150)]], end=True),
    "early hints": lambda c, n: (
        c.headers(n, [(":status", "103"), ("link", "</a>")]), c.headers(n, [_OK], end=True)),
    "continue": lambda c, n: (
        c.headers(n, [(":status", "100")]), c.headers(n, [_OK], end=True)),
    "push": lambda c, n: c.raw(b"\0\0\x05\x05\x04" + n.to_bytes(4, "big") + b"\0\0\0\x02\x88"),
    "frame on stream 0": lambda c, n: c.raw(b"\0\0\x01\0\0\0\0\0\0a"),
    "window of zero": lambda c, n: c.raw(b"\0\0\x04\x08" + bytes(9)),
    "unknown frame": lambda c, n: (c.raw(b"\0\0\x01\x7f\0\0\0\0\0a"),
                                   c.headers(n, [_OK], end=True)),
}


def _large(connection, number):
    block = connection.block([_OK, ("x-large", "a" * 100_000)])
    parts = [block[i : i + 16384] for i in range(0, len(block), 16384)]
    first = HeadersFrame(number, parts[0], flags=["END_STREAM"])
    message = first.serialize()
    for part in parts[1:]:
        one = ContinuationFrame(number, part)
        if part is parts[-1]:
            one.flags.add("END_HEADERS")
        message += one.serialize()
    connection.raw(message)


# Asking


def open_stream(side, listener="main", tls=False, settings=None, alpn=("h2",)):
    context = client_context(alpn=alpn) if tls else None
    return connect(side.port(listener), context, settings=settings)


def send(side, client, ask, trailers=None, scheme="http"):
    """A request on a new stream of a connection: its trace and the stream's number."""
    trace = side.trace()
    side.upstreams.script(trace, ask.upstream)
    head = fields(ask.method, ask.path, f"{TRACE}: {trace}",
                  *(_lower(line) for line in ask.headers), scheme=scheme,
                  authority=ask.host and ask.host.replace("{port}", str(side.port(ask.listener))))
    pairs = trailers and [tuple(line.split(": ", 1)) for line in trailers]
    return trace, client.request(head, ask.body, pairs)


def _lower(line):
    name, _, value = line.partition(": ")
    return f"{name.lower()}: {value}"


def exchange(side, ask, trailers=None, scheme="http", arrivals=0, **options):
    """One request on a connection of its own, and all that it showed."""
    client = open_stream(side, ask.listener, **options)
    try:
        if ask.pause:
            time.sleep(ask.pause)
        trace, number = send(side, client, ask, trailers, scheme)
        interim = []
        response = client.response(number, ask.patience, interim)
        client.until(lambda: client.goaways, 0.02) if response is None else None
        return shown(side, client, number, trace, response, interim, arrivals)
    finally:
        client.close()


def shown(side, client, number, trace, response, interim=(), arrivals=0):
    found = side.observation(trace, response, arrivals=arrivals)
    stream = client.stream(number)
    found["reset"] = stream.reset
    found["goaways"] = [code for _, code, _ in client.goaways]
    if response is not None:
        found["trailers"] = response.trailers
    if interim:
        found["interim"] = [list(head) for head in interim]
    return found | after(side, trace)


def after(side, trace):
    """Trailers that reached upstreams."""
    arrived = side.upstreams.arrivals[trace]
    return {"sent trailers": [request.trailers for _, request in arrived]}


def logged(side, trace, seconds=0.5):
    """The access log's line, or None where there is none for so long."""
    try:
        line = None

        def look():
            nonlocal line
            line = side.log_now(trace)
            return line

        wait_until(look, "a line", seconds)
        return line
    except AssertionError:
        return None
