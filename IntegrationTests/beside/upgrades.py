"""Upgraded connections: WebSocket over both versions, and CONNECT, ended here or passed on."""

import time

from websockets.exceptions import ConnectionClosed

from beside.case import Answer, Ask, Difference, Scene, World
from beside.parts import INSIDE, LOG, bootstrap, cluster, host, route
from beside.side import without_words
from beside.streams import http2, open_stream
from beside.upstreams import TRACE
from harness import envoyfile
from harness.client import Client, Truncated
from harness.h2peer import ENABLE_CONNECT_PROTOCOL
from harness.h2peer_upstream import Http2Peer
from harness.tcppeer import echo, tcp_peer, upgrading
from harness.tcppeer_websocket import WebSocketPeer, websocket

_LOG = {**LOG, "received": "%BYTES_RECEIVED%", "sent": "%BYTES_SENT%", "protocol": "%PROTOCOL%",
        "upstream_protocol": "%UPSTREAM_PROTOCOL%", "upgrade": "%REQ(UPGRADE)%",
        "method": "%REQ(:METHOD)%", "path": "%REQ(:PATH)%"}
_ON = [{"upgrade_type": "websocket"}]
_OFF = [{"upgrade_type": "websocket", "enabled": False}]


def _connect(to, *, match=None, **action):
    config = {"upgrade_type": "CONNECT", **action.pop("config", {})}
    return {"match": match or {"connect_matcher": {}},
            "route": {"cluster": to, "upgrade_configs": [config], **action}}


def upgrades(up):
    routes = host(
        route("ws", prefix="/ws/"), route("ws2", prefix="/ws2/"),
        route("ws", prefix="/off/", upgrade_configs=_OFF),
        route("ws", prefix="/on/", upgrade_configs=_ON),
        route("ws", prefix="/idle/", idle_timeout="0.2s"),
        route("ws", prefix="/short/", timeout="0.2s"),
        route("dead", prefix="/dead/"), route("no-connect", prefix="/no-connect/"))
    tunnels = [
        host(_connect("tcp", config={"connect_config": {}}), name="ended",
             domains=("ended.test:80",)),
        host(_connect("ws"), name="passed", domains=("passed.test:80",)),
        host(_connect("ws2"), name="passed-2", domains=("passed2.test:80",)),
        host(_connect("dead", config={"connect_config": {}}), name="dead",
             domains=("dead.test:80",)),
        host(_connect("tcp", config={"connect_config": {}, "enabled": False}), name="off",
             domains=("off.test:80",)),
        host(_connect("tcp", config={"connect_config": {"allow_post": True}},
                      match={"prefix": "/post/"}), name="post", domains=("post.test",)),
        host(route("ws"), name="plain", domains=("plain.test:80",)),
    ]

    def listening(name, *hosts, upgrade_configs=None, **manager):
        if upgrade_configs:
            manager["upgrade_configs"] = upgrade_configs
        manager["access_log"] = [envoyfile.file_log("access.log", json=_LOG)]
        manager["http2_protocol_options"] = {"allow_connect": True}
        # Envoy lets a connection stand for so long after it has said everything.
        manager["delayed_close_timeout"] = "0.05s"
        return envoyfile.listener(name, virtual_hosts=list(hosts), stat_prefix=name,
                                  hcm={**INSIDE, **manager})

    both = [*_ON, {"upgrade_type": "CONNECT"}]
    return bootstrap([
        listening("main", routes, *tunnels, upgrade_configs=both),
        listening("none", routes, *tunnels),
        listening("idle", routes, *tunnels, upgrade_configs=both, stream_idle_timeout="0.2s"),
        listening("other", routes, upgrade_configs=[{"upgrade_type": "spdy/3.1"}]),
    ], [
        cluster("ws", up["ws"]), cluster("tcp", up["tcp"]), cluster("dead", up.dead),
        cluster("ws2", up["ws2"], **http2({"allow_connect": True})),
        cluster("no-connect", up["plain2"], **http2()),
    ])


def over_http2(name="ws2", settings=None):
    """An upstream of extended CONNECT, by the request's script; it echoes."""

    def make(up):
        def answer(request):
            script = up.chosen(name, request)
            connection, stream = request.connection, request.connection.stream(request.number)
            if script.status != 200:
                connection.headers(request.number, [(":status", str(script.status))], end=True)
                return
            connection.headers(request.number, [(":status", "200")])
            used = 0
            while True:
                with connection.changed:
                    connection.changed.wait_for(
                        lambda: len(stream.data) > used or stream.is_over or connection.is_closed,
                        10)
                    piece, is_over = bytes(stream.data[used:]), stream.is_over
                used += len(piece)
                if piece:
                    connection.data(request.number, piece, end=piece.endswith(b"bye"))
                if is_over or piece.endswith(b"bye"):
                    if stream.reset is None and not piece.endswith(b"bye"):
                        connection.data(request.number, b"", end=True)
                    return
                if connection.is_closed:
                    return

        return Http2Peer(answer, early=True, settings=settings)

    return make


# Playing


def _observed(side, trace, found, **more):
    line = dict(side.log(trace))
    seen = [side.request_seen(*one, number)
            for number, one in enumerate(side.upstreams.arrivals[trace])]
    for headers in (found.get("headers") or {}, *(one["headers"] for one in seen)):
        # RFC 9110 section 7.6.1: the options of a connection have no case.
        if "upgrade" in headers.get("connection", "").lower():
            headers["connection"] = "upgrade"
    if line["status"] >= 400 and line["details"] != "via_upstream":
        # The words of local replies are each proxy's own.
        line.pop("sent")
        found.pop("body", None)
        found["headers"] = without_words(found["headers"])
    return {**found, **more, "log": line, "seen": seen}


def _head(client):
    """A head without what belongs to one run."""
    response = client.head()
    found = {"status": response.status, "headers": {
        name.lower(): value for name, value in response.headers
        if name.lower() not in ("date", "server", "x-envoy-upstream-service-time",
                                "content-length", "content-type")}}
    return response, found


def _talk(side, ask, steps, target=None):
    """An HTTP/1 request for an upgrade, then `steps`: bytes to be echoed, or how it ends."""
    with Client(side.port(ask.listener), 5) as client:
        trace = side.trace()
        side.upstreams.script(trace, ask.upstream)
        lines = [f"{ask.method} {target or ask.path} HTTP/1.1", f"Host: {ask.host}",
                 f"{TRACE}: {trace}", *ask.headers]
        client.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (ask.body or b""))
        try:
            response, found = _head(client)
        except (Truncated, ConnectionResetError, TimeoutError):
            return _observed(side, trace, {"status": None})
        found["echoes"] = []
        is_open = response.status == 101 or (ask.method == "CONNECT" and response.status == 200)
        if ask.upstream and ask.upstream[0].body and is_open:
            found["early"] = client.exactly(len(ask.upstream[0].body)).decode()
        if is_open and ask.body:
            found["echoes"].append(client.exactly(len(ask.body)).decode("latin-1"))
        for step in steps if is_open else ():
            if isinstance(step, bytes):
                client.send(step)
                try:
                    data = client.exactly(len(step))
                except (Truncated, ConnectionResetError, TimeoutError) as error:
                    found["echoes"].append(type(error).__name__)
                    break
                found["echoes"].append(len(data) if len(data) > 99 else data.decode("latin-1"))
            elif step == "half":
                client.half_close()
            elif step == "wait":
                time.sleep(0.4)
            elif step == "end":
                found["end"] = _end(client)
            else:
                getattr(client, step)()
                break
        if not is_open:
            try:
                client._body(response, ask.method)
                found["body"] = len(response.body) > 0
                found["end"] = _end(client)
            except (Truncated, TimeoutError):
                pass
    return _observed(side, trace, found)


def _end(client):
    client.socket.settimeout(0.4)
    try:
        data = client.until_close()
        return f"closed{' after ' + repr(data) if data else ''}"
    except ConnectionResetError:
        return "reset"
    except TimeoutError:
        return "open"


_WS = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
_HELLO = (b"hello", b"world", "close")
_STATS = ("http.*.downstream_cx_upgrades_*", "http.*.downstream_rq_*", "http.*.rq_*",
          "http.*.downstream_cx_destroy*", "cluster.*.upstream_rq_*", "cluster.*.upstream_cx_*",
          "http.*.downstream_cx_http*")
_IGNORES = ("stats.http.admin.*", "stats.*length_ms*", "stats.*buffered*", "*x-request-id",
            "stats.*bytes*", "stats.*.downstream_rq_time",
            # Who closes first when all is said is a matter of the moment.
            "stats.*.downstream_cx_destroy_local", "stats.*.downstream_cx_destroy_remote")
# The client's end goes on as one of the stream, which is not reset.
_GOES_ON = "the end of the client's side is passed on as what it is"


def _not_reset(cluster="ws2"):
    return Difference(_GOES_ON, {f"stats.cluster.{cluster}.upstream_rq_tx_reset": (None, 1)})


_HALF = Difference(_GOES_ON, {"end": ("ended", "open")}, follows=("log.*", "stats.*"))
_ENDED = Difference(
    "an end in order is one (RFC 8441 section 5)",
    {"end": ("ended", "CONNECT_ERROR"), "reset": (None, "CONNECT_ERROR")})
_LENGTH = Difference("what follows a request to switch is no body of a length",
                     {"seen.0.headers.content-length": (None, "5")})


def _case(name, ask, steps=_HELLO, target=None, difference=None):
    return Scene(name, lambda side: _talk(side, ask, steps, target), stats=_STATS,
                 ignores=_IGNORES, difference=difference)


def _ws(name, path="/ws/", steps=_HELLO, headers=_WS, difference=None, **ask):
    return _case(name, Ask(path, headers, **ask), steps, difference=difference)


def _tunnel(name, authority, steps=_HELLO, difference=None, **ask):
    return _case(name, Ask("/", method="CONNECT", host=authority, **ask), steps, authority,
                 difference)


def _talk2(side, pairs, steps, listener="main", upstream=(), settings=None):
    """Extended CONNECT over HTTP/2, or CONNECT; then `steps` as above."""
    client = open_stream(side, listener)
    try:
        client.until(lambda: client.peer_settings_at_first is not None)
        trace = side.trace()
        side.upstreams.script(trace, upstream)
        number = client.new_stream()
        client.headers(number, [*pairs, (TRACE, trace)])
        stream = client.stream(number)
        client.until(lambda: stream.heads or stream.is_over or client.is_closed)
        head = dict(stream.heads[0]) if stream.heads else {}
        found = {"status": head.get(":status"), "headers": {
            name: value for name, value in head.items()
            if name not in (":status", "date", "server", "x-envoy-upstream-service-time",
                            "content-length", "content-type")}, "echoes": []}
        is_open = head.get(":status") == "200" and not stream.ended
        for step in steps if is_open else ():
            if isinstance(step, bytes):
                before = len(stream.data)
                client.data(number, step)
                client.until(lambda: len(stream.data) >= before + len(step) or stream.is_over)
                data = bytes(stream.data[before:])
                found["echoes"].append(len(data) if len(data) > 99 else data.decode("latin-1"))
            elif step == "half":
                client.data(number, b"", end=True)
            elif step == "end":
                client.until(lambda: stream.is_over, 0.7)
                found["end"] = stream.reset or ("ended" if stream.ended else "open")
            elif step == "cancel":
                client.reset(number)
            else:
                client.close()
                break
        found["reset"] = stream.reset
        found["connect allowed"] = (client.peer_settings_at_first or {}).get(
            ENABLE_CONNECT_PROTOCOL)
    finally:
        client.close()
    return _observed(side, trace, found)


def _extended(path, *more, protocol="websocket", authority="test"):
    return [(":method", "CONNECT"), (":protocol", protocol), (":scheme", "http"),
            (":authority", authority), (":path", path), ("sec-websocket-version", "13"), *more]


def _ws2(name, path="/ws/", steps=_HELLO, listener="main", upstream=(), difference=None,
         **options):
    return Scene(name, lambda side: _talk2(side, _extended(path, **options), steps, listener,
                                           upstream), stats=_STATS, ignores=_IGNORES,
                 difference=difference)


def _tunnel2(name, authority, steps=_HELLO, upstream=()):
    pairs = [(":method", "CONNECT"), (":authority", authority)]
    return Scene(name, lambda side: _talk2(side, pairs, steps, upstream=upstream), stats=_STATS,
                 ignores=_IGNORES)


_REFUSED = (Answer(403),)

UPGRADES = World("upgrades", upgrades, [
    _ws("1 to 1"), _ws("1 to 2", "/ws2/", difference=_not_reset()),
    _ws2("2 to 1"), _ws2("2 to 2", "/ws2/"),
    _ws("1 to 1: the upstream ends", steps=(b"hello", b"bye", "end")),
    _ws("1 to 2: the upstream ends", "/ws2/", steps=(b"hello", b"bye", "end")),
    _ws2("2 to 1: the upstream ends", steps=(b"hello", b"bye", "end"), difference=_ENDED),
    _ws2("2 to 2: the upstream ends", "/ws2/", steps=(b"hello", b"bye", "end")),
    _ws("1 to 1: the client ends its half", steps=(b"hello", "half", "end")),
    _ws("1 to 2: the client ends its half", "/ws2/", steps=(b"hello", "half", "end"),
        difference=_not_reset()),
    _ws2("2 to 1: the client ends its half", steps=(b"hello", "half", "end"), difference=_HALF),
    _ws2("2 to 2: the client ends its half", "/ws2/", steps=(b"hello", "half", "end")),
    _ws("1 to 1: the client resets", steps=(b"hello", "reset")),
    _ws2("2 to 1: the client cancels", steps=(b"hello", "cancel")),
    _ws("1 to 1: the upstream resets", steps=(b"hello", b"reset", "end")),
    _ws2("2 to 1: the upstream resets", steps=(b"hello", b"reset", "end")),
    _ws("1 to 1: much", steps=(b"a" * 500_000, "close")),
    _ws2("2 to 1: much", steps=(b"a" * 500_000, "close")),
    _ws2("2 to 2: much", "/ws2/", steps=(b"a" * 500_000, "close")),
    _ws("1 to 1: sent with the request", body=b"early"),
    _ws("1 to 1: sent with the answer", upstream=(Answer(body="early"),)),
    _ws("1 to 1: refused by the upstream", upstream=_REFUSED),
    _ws("1 to 2: refused by the upstream", "/ws2/", upstream=_REFUSED),
    _ws2("2 to 1: refused by the upstream", upstream=_REFUSED),
    _ws2("2 to 2: refused by the upstream", "/ws2/", upstream=_REFUSED),
    _ws("1 to 1: closed by the upstream", upstream=(Answer(instead="close"),)),
    _ws("1 to 1: headers of the answer", upstream=(Answer(headers=(
        "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "x-a: b")),)),
    _ws("not allowed for the listener", listener="none"),
    _ws2("2: not allowed for the listener", listener="none"),
    _ws("not allowed for the route", "/off/"), _ws2("2: not allowed for the route", "/off/"),
    _ws("allowed for the route alone", "/on/", listener="none"),
    _ws2("2: allowed for the route alone", "/on/", listener="none"),
    _ws("another protocol", headers=("Connection: Upgrade", "Upgrade: other")),
    _ws("capitals", headers=("Connection: keep-alive, UPGRADE", "Upgrade: WebSocket")),
    _ws("no Connection header", headers=("Upgrade: websocket",)),
    _ws("two protocols", headers=("Connection: Upgrade", "Upgrade: websocket, other")),
    _ws("by a listener of another protocol", listener="other"),
    _ws("a protocol of its own", listener="other", headers=(
        "Connection: Upgrade", "Upgrade: SPDY/3.1")),
    _ws("with a length", headers=(*_WS, "Content-Length: 5"), body=b"hello",
        difference=_LENGTH),
    _ws("POST", method="POST", headers=(*_WS, "Content-Length: 0")),
    _ws("no route", "/nowhere/"), _ws2("2: no route", "/nowhere/"),
    _ws("refused connection", "/dead/"), _ws2("2: refused connection", "/dead/"),
    _ws("an upstream that cannot", "/no-connect/", difference=_not_reset("no-connect")),
    _ws("idle", "/idle/", steps=(b"hello", "end")), _ws2("2: idle", "/idle/", (b"hello", "end")),
    _ws("idle by the listener", listener="idle", steps=(b"hello", "end")),
    _ws("longer than the timeout", "/short/", steps=(b"hello", "wait", b"again", "close")),
    _ws2("2: another protocol", protocol="other"),
    # CONNECT
    _tunnel("CONNECT that ends here", "ended.test:80"),
    _tunnel("CONNECT that ends here: the upstream ends", "ended.test:80",
            (b"hello", b"bye", "end")),
    _tunnel("CONNECT that ends here: the client ends its half", "ended.test:80",
            (b"hello", "half", "end")),
    _tunnel("CONNECT that ends here, with data", "ended.test:80", body=b"early"),
    _tunnel("CONNECT that ends here, much", "ended.test:80", (b"a" * 500_000, "close")),
    _tunnel("CONNECT that ends here, refused connection", "dead.test:80"),
    _tunnel("CONNECT that is passed on", "passed.test:80"),
    _tunnel("CONNECT that is passed on and refused", "passed.test:80", upstream=_REFUSED),
    _tunnel("CONNECT that is passed on over HTTP/2", "passed2.test:80",
            difference=_not_reset()),
    _tunnel("CONNECT that is off for the route", "off.test:80"),
    _tunnel("CONNECT to a route that is none", "plain.test:80"),
    _tunnel("CONNECT to nowhere", "nowhere.test:80"),
    _tunnel("CONNECT without allowance", "ended.test:80", listener="none"),
    _tunnel2("2: CONNECT that ends here", "ended.test:80"),
    _tunnel2("2: CONNECT that ends here: the upstream ends", "ended.test:80",
             (b"hello", b"bye", "end")),
    _tunnel2("2: CONNECT that ends here: the client ends its half", "ended.test:80",
             (b"hello", "half", "end")),
    _tunnel2("2: CONNECT that is passed on", "passed.test:80"),
    _tunnel2("2: CONNECT that is passed on over HTTP/2", "passed2.test:80"),
    _tunnel2("2: CONNECT to nowhere", "nowhere.test:80"),
    _tunnel2("2: CONNECT, refused connection", "dead.test:80"),
], peers={"ws": upgrading("ws"), "tcp": tcp_peer(echo),
          "ws2": over_http2("ws2", {ENABLE_CONNECT_PROTOCOL: 1}),
          "plain2": over_http2("plain2")}, endpoints="a")

# WebSocket as both ends of it know it


def sockets(up):
    return bootstrap([envoyfile.listener("main", hcm={
        "upgrade_configs": _ON, "access_log": [envoyfile.file_log("access.log", json=_LOG)]},
        virtual_hosts=[host(route("ws"))])], [cluster("ws", up["ws"])])


def _socket(name, play, **options):
    def run(side):
        trace = side.trace()
        with websocket(side.port("main"), additional_headers={TRACE: trace}, **options) as one:
            found = play(one)
        # The system's time of each end decides who is seen to close first.
        return {"found": found, "log": {key: value for key, value in side.log(trace).items()
                                        if key not in ("flags", "details")}}

    return Scene(name, run, stats=("http.main.downstream_cx_upgrades_total",))


def _echoed(*messages):
    def play(one):
        found = []
        for message in messages:
            one.send(message)
            answer = one.recv(timeout=10)
            sent = message if isinstance(message, (str, bytes)) else "".join(message)
            found.append([len(answer), type(answer).__name__, answer == sent])
        return found

    return play


def _closed(one, word):
    one.send(word)
    try:
        return one.recv(timeout=5)
    except ConnectionClosed:
        return [one.close_code, one.close_reason]


def _asked(word):
    def play(one):
        one.send(word)
        return one.recv(timeout=5)

    return play


def _pinged(one):
    return one.ping(b"beside").wait(5)


SOCKETS = World("WebSocket", sockets, [
    _socket("text", _echoed("hello", "")), _socket("bytes", _echoed(b"\x00\xff" * 10)),
    _socket("a message of 16 MB", _echoed(b"a" * (16 << 20))),
    _socket("many messages", _echoed(*[f"message {n}" for n in range(200)])),
    _socket("text beyond ASCII", _echoed("\u00e4\u20ac\U0001f600")),
    _socket("a message in fragments", _asked("fragments")),
    _socket("a ping of the client", _pinged), _socket("a ping of the server", _asked("ping x")),
    *[_socket(f"closed by the server with {code}",
              lambda one, code=code: _closed(one, f"close {code} because"))
      for code in (1000, 1001, 1008, 1011, 3000, 4999)],
    _socket("a subprotocol", lambda one: one.subprotocol, subprotocols=["chat", "superchat"]),
    _socket("an origin", _echoed("hello"), origin="http://test"),
], peers={"ws": lambda up: WebSocketPeer(["superchat"])})

WORLDS = (UPGRADES, SOCKETS)
