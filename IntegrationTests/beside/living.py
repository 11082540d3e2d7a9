"""Connections of HTTP/2 as a whole: settings, many streams, going away, pings."""

import time
from contextlib import suppress

from beside.case import Answer, Ask, Difference, Scene, World
from beside.http2 import IGNORES, PEERS, STATS, exchanging
from beside.streams import exchange, open_stream, send
from harness.client import Client


def _rest(client, seconds=1.0):
    client.until_closed(seconds)
    return {"goaways": [(code, last) for last, code, _ in client.goaways],
            "closed": client.is_closed, "frames": client.received[-6:]}


def _requests(side, listener, count, ask=None, settings=None, gap=0):
    """Requests one after the other on one connection, and how it went on."""
    client = open_stream(side, listener, settings=settings)
    results = []
    try:
        # Once the connection is closed there is nothing more to be said.
        with suppress(OSError):
            for _ in range(count):
                if client.is_closed:
                    break
                _, number = send(side, client, ask or Ask("/h2/"))
                response = client.response(number)
                results.append(response.status if response else client.stream(number).reset)
                client.until(lambda: client.goaways, 0.05)
                results.append([code for _, code, _ in client.goaways])
        return {"results": results, **_rest(client)}
    finally:
        client.close()


def _settings(side, listener="main"):
    client = open_stream(side, listener)
    client.until(lambda: client.peer_settings_at_first is not None and client.received)
    client.until(lambda: False, 0.05)
    found = {"settings": client.peer_settings_at_first, "window": client.window,
             "frames": client.received}
    client.close()
    return found


def _upstream_settings(side):
    exchange(side, Ask("/h2/"))
    peer = side.upstreams.others["h2"]
    request = peer.requests[-1]
    connection = request.connection
    return {"settings": connection.peer_settings_at_first, "window": connection.window,
            "frames": connection.received[:6]}


def _concurrent(side, listener, count, upstream=(Answer(delay=0.2),), path="/h2/"):
    client = open_stream(side, listener)
    try:
        # What the settings allow is known before it is tried.
        client.until(lambda: client.peer_settings_at_first is not None)
        numbers = [send(side, client, Ask(path, upstream=upstream))[1] for _ in range(count)]
        found = []
        for number in numbers:
            response = client.response(number)
            found.append(response.status if response else client.stream(number).reset)
        return {"results": found, "goaways": [code for _, code, _ in client.goaways]}
    finally:
        client.close()


def _cancelled(side):
    """The client resets a stream; the upstream sees it."""
    client = open_stream(side)
    trace, number = send(side, client, Ask("/h2/", upstream=(Answer(instead="silent"),)))
    side.upstreams_arrived(trace)
    client.reset(number, "CANCEL")
    _, request = side.upstreams.arrivals[trace][0]
    stream = request.connection.stream(request.number)
    deadline = time.monotonic() + 3
    while stream.reset is None and time.monotonic() < deadline:
        time.sleep(0.01)
    line = side.log(trace)
    again = client.response(send(side, client, Ask("/h2/"))[1])
    client.close()
    return {"upstream": stream.reset, "log": line, "again": again.status}


def _gone(side, how):
    """The client's connection ends amid a request."""
    client = open_stream(side)
    trace, _ = send(side, client, Ask("/h2/", upstream=(Answer(instead="silent"),)))
    side.upstreams_arrived(trace)
    getattr(client, how)()
    _, request = side.upstreams.arrivals[trace][0]
    stream = request.connection.stream(request.number)
    deadline = time.monotonic() + 3
    while stream.reset is None and time.monotonic() < deadline:
        time.sleep(0.01)
    return {"upstream": stream.reset, "log": side.log(trace)}


def _drained(side):
    """What a connection sees once the proxy says that it is leaving, and what a request gets."""
    client = open_stream(side, "main")
    try:
        trace, number = send(side, client, Ask("/h2/", upstream=(Answer(delay=0.3),)))
        side.upstreams_arrived(trace)
        side.proxy.admin("/healthcheck/fail", method="POST")
        first = client.response(number)
        client.until(lambda: client.goaways, 0.3)
        second = client.response(send(side, client, Ask("/h2/"))[1], 1)
        return {"first": first.status, "second": second and second.status, **_rest(client, 0.5)}
    finally:
        side.proxy.admin("/healthcheck/ok", method="POST")
        client.close()


def _ping_lost(side):
    client = open_stream(side, "pings")
    client.acknowledges = False
    return {"closed": client.until_closed(2), "goaways": [c for _, c, _ in client.goaways],
            "pinged": bool(client.pings)}


def _ping_kept(side):
    client = open_stream(side, "pings")
    closed = client.until_closed(0.6)
    found = {"closed": closed, "pinged": bool(client.pings)}
    client.close()
    return found


def _wrong_version(side, listener, is_h2):
    if is_h2:
        client = open_stream(side, listener)
        client.until_closed(1)
        # Read as a frame's head, `HTTP/1.1 ` is gone.
        return {"status": bytes(client.pending)[:3].decode("latin-1"), "closed": client.is_closed}
    with Client(side.port(listener), 3) as client:
        client.send(b"GET /h2/ HTTP/1.1\r\nHost: test\r\n\r\n")
        # Pillion says in HTTP/2 what is wrong.
        return {"answers": client.until_close().startswith(b"HTTP/1")}


_GROWING = Difference(
    "windows begin small and grow as bytes are taken, so an idle connection promises little; and "
    "how large a head may be is said",
    {"window": (1048576, 25165824), "settings.6": (61440, None)}, ("settings.*",))
_CANCELLED = Difference("the upstream hears that nobody wants the answer (RFC 9113 section 7)",
                        {"upstream": ("CANCEL", "INTERNAL_ERROR")})

# Until when requests are taken is chance here, so what comes after the first goodbye is not
# compared.
_KNOWING = Difference(
    "a connection that is asked to end does so once the client knows, not after drain_timeout",
    {}, ("results.[3-9]*", "second", "closed", "goaways.1", "frames*", "stats.*"))

CASES = [
    Scene("settings", _settings, difference=_GROWING),
    Scene("windows", lambda side: _settings(side, "windows"), difference=Difference(
        "how large a head may be is said, and what is the protocol's default is not",
        {"settings.6": (61440, None)}, ("settings.*",))),
    Scene("settings with a limit", lambda side: _settings(side, "two-streams"),
          difference=_GROWING),
    Scene("settings to the upstream", _upstream_settings),
    Scene("more streams than allowed", lambda side: _concurrent(side, "two-streams", 4),
          stats=("http.two-streams.downstream_rq_*", "http2.*"), ignores=IGNORES,
          difference=Difference(
              "those that are allowed are served, and the others refused (RFC 9113 section 5.1.2)",
              {"results.0": (200, None), "results.2": ("REFUSED_STREAM", None)}, ("*",))),
    Scene("streams at once", lambda side: _concurrent(side, "main", 8),
          stats=("cluster.h2.upstream_cx_total", "cluster.h2.upstream_rq_total",
                 "http.main.downstream_rq_total"), ignores=("*cx_total",)),
    Scene("streams at once to an upstream of one",
          lambda side: _concurrent(side, "main", 3, path="/one/"),
          stats=("cluster.one.upstream_*",), ignores=IGNORES),
    Scene("one request for each connection of the upstream",
          lambda side: _requests(side, "main", 3, Ask("/once/")),
          stats=("cluster.once.upstream_*",), ignores=IGNORES, difference=Difference(
              "a connection that ends as it was announced broke no rule",
              {"stats.cluster.once.upstream_cx_protocol_error": (None, 3)},
              # Frames of several streams have no order among each other.
              ("frames*",))),
    Scene("two requests for each connection", lambda side: _requests(side, "twice", 4),
          stats=("http.twice.downstream_*",), ignores=IGNORES, difference=_KNOWING),
    Scene("an idle connection", lambda side: _requests(side, "idle", 1),
          stats=("http.idle.downstream_cx_*",), ignores=IGNORES, difference=Difference(
              "nothing is on its way, so one goodbye is enough",
              {"goaways.0": (("NO_ERROR", 1), ("NO_ERROR", 2147483647))},
              ("goaways*", "frames*"))),
    Scene("the client cancels", _cancelled, stats=STATS, ignores=IGNORES, difference=_CANCELLED),
    Scene("the client closes", lambda side: _gone(side, "close"), stats=STATS, ignores=IGNORES,
          difference=_CANCELLED),
    Scene("the client resets", lambda side: _gone(side, "abort"), stats=STATS, ignores=IGNORES,
          difference=_CANCELLED),
    Scene("pings without an answer", _ping_lost, stats=("http.pings.downstream_cx_*", "http2.*"),
          ignores=IGNORES),
    Scene("pings with an answer", _ping_kept, ignores=IGNORES),
    Scene("HTTP/1 to HTTP/2 alone", lambda side: _wrong_version(side, "only-h2", False)),
    Scene("HTTP/2 to HTTP/1 alone", lambda side: _wrong_version(side, "only-h1", True),
          difference=Difference("it is HTTP, of another version (RFC 9110 section 15.6.6)",
                                {"status": ("505", "400")})),
    Scene("HTTP/2 to HTTP/2 alone", lambda side: exchange(side, Ask(
        "/h2/", listener="only-h2"))),
    Scene("leaving", _drained, difference=_KNOWING),
    # Those of Envoy's libraries, and of a head's size beside `header_overflow`, are not there;
    # those of floods that Envoy does not tell apart are our own.
    Scene("names of the statistics", lambda side: {
        name: True for name in side.stats() if ".http2." in name or name.startswith("http2.")},
        ignores=("*ghttp2_*", "*header_list_size_too_large", "*cookies_total_bytes_too_large",
                 "*continuation_flood", "*inbound_error_flood", "*inbound_ping_flood",
                 "*inbound_reset_flood", "*inbound_settings_flood")),
]

LIVING = World("HTTP2 connections", exchanging, CASES, peers=PEERS)

WORLDS = (LIVING,)
