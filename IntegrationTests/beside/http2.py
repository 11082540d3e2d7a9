"""HTTP/2 on either side and on both: what becomes of messages, and what failures look like."""

from beside.case import Answer, Ask, Case, Difference, Scene, World, status
from beside.parts import INSIDE, LOG, bootstrap, cluster, direct, host, retries, route
from beside.securing import downstream, upstream
from beside.streams import OPTIONS, exchange, http2, scripted
from harness import envoyfile
from harness.tlspeer import server_context

_LOG = {**LOG, "protocol": "%PROTOCOL%", "upstream_protocol": "%UPSTREAM_PROTOCOL%"}


def listening(name, *virtual_hosts, tls=None, **manager):
    manager.setdefault("access_log", [envoyfile.file_log("access.log", json=_LOG)])
    one = envoyfile.listener(name, virtual_hosts=list(virtual_hosts),
                             hcm={**INSIDE, "delayed_close_timeout": "0.1s", **manager},
                             stat_prefix=name)
    if tls:
        one["filter_chains"][0].update(tls)
    return one


def _options(**options):
    return {"http2_protocol_options": options}


def exchanging(up):
    h2 = http2()
    routes = [
        route("h1", prefix="/h1/"),
        route("h2", prefix="/h2/"),
        route("h2-tls", prefix="/h2-tls/"),
        route("chosen", prefix="/chosen/"),
        route("same", prefix="/same/"),
        route("dead", prefix="/dead/"), route("empty", prefix="/empty/"),
        route("h2", prefix="/timeout/", timeout="0.15s"),
        route("h1", prefix="/timeout-h1/", timeout="0.15s"),
        route("h2", prefix="/per-try/", retry_policy=retries(
            "reset", 1, per_try_timeout="0.1s")),
        *[route("h2", prefix=f"/retry-{on}/", retry_policy=retries(on, 1))
          for on in ("reset", "refused-stream", "5xx", "connect-failure", "gateway-error",
                     "reset-before-request", "http3-post-connect-failure")],
        route("h2", prefix="/rewritten/", prefix_rewrite="/inner/", host_rewrite_literal="new"),
        route("once", prefix="/once/"), route("one", prefix="/one/"),
        direct("/direct/", 200, "direct"), direct("/missing/", 404),
        {"match": {"prefix": "/moved/"}, "redirect": {"host_redirect": "new.test"}},
    ]
    shop = host(*routes)
    return bootstrap([
        listening("main", shop),
        listening("tls", shop, tls=downstream(alpn=("h2", "http/1.1"))),
        listening("only-h2", shop, codec_type="HTTP2"),
        listening("only-h1", shop, codec_type="HTTP1"),
        listening("small", shop, max_request_headers_kb=8,
                  common_http_protocol_options={"max_headers_count": 20}),
        listening("two-streams", shop, **_options(max_concurrent_streams=2)),
        listening("lenient", shop, **_options(
            override_stream_error_on_invalid_http_message=True)),
        listening("twice", shop, common_http_protocol_options={
            "max_requests_per_connection": 2}, drain_timeout="0.1s"),
        listening("idle", shop, common_http_protocol_options={"idle_timeout": "0.2s"},
                  drain_timeout="0.1s"),
        listening("stream-idle", shop, stream_idle_timeout="0.15s"),
        listening("windows", shop, **_options(initial_stream_window_size=65535,
                                              initial_connection_window_size=70000)),
        listening("via", shop, via="here", use_remote_address=True),
        listening("overridden", shop, scheme_header_transformation={
            "scheme_to_overwrite": "https"}),
        listening("underscores", shop, common_http_protocol_options={
            "headers_with_underscores_action": "REJECT_REQUEST"}),
        listening("pings", shop, **_options(connection_keepalive={
            "interval": "0.1s", "timeout": "0.1s"})),
    ], [
        cluster("h1", up["a"]), cluster("h2", up["h2"], **h2),
        cluster("h2-tls", up["h2-tls"], **http2(), **upstream(alpn=("h2",))),
        cluster("chosen", up["h2-tls"], **upstream(), **_either("auto_config")),
        cluster("same", up["h2"], **_either("use_downstream_protocol_config")),
        cluster("dead", up.dead, **http2()), cluster("empty", **http2()),
        cluster("once", up["h2"], **http2(common={"max_requests_per_connection": 1})),
        cluster("one", up["h2"], **http2({"max_concurrent_streams": 1})),
    ])


def _either(choice):
    """Fields of a cluster that speaks both versions."""
    return {"typed_extension_protocol_options": {OPTIONS: {
        "@type": envoyfile.TYPE + OPTIONS,
        choice: {"http_protocol_options": {}, "http2_protocol_options": {}}}}}


STATS = ("http.main.downstream_*", "http.main.rq_*", "http2.*", "cluster.h2.http2.*",
         "cluster.h2.upstream_*", "cluster.h1.upstream_*", "cluster.h1.http2.*", "cluster.dead.*",
         "cluster.empty.upstream_*")
# Left out are Envoy's gauges of its library; how often a reader was stopped, which is a matter of
# buffers; how long a connection that is over lingers; and what is said before one is closed, which
# Pillion says always and Envoy seldom.
IGNORES = ("*bytes*", "*length_ms*", "*.http2.*buffered*", "stats.*.http2.pending_send_bytes",
           "stats.*nghttp2_*_connections", "stats.*_flow_control_*",
           "stats.*cx_delayed_close_timeout", "stats.*http2.goaway_sent",
           "stats.cluster.*.http2.tx_reset", "stats.cluster.*.http2.rx_messaging_error")


# Whether the case before has left a connection.
_KEPT = ("stats.*upstream_cx_active", "stats.*upstream_cx_total", "stats.*upstream_cx_http2_total",
         "stats.*upstream_rq_pending_total")

_ALL = ("*",)
_RELAYED = "trailers are always relayed; over HTTP/1.1 Envoy drops them unless told otherwise"
_DIFFERENCES = {
    "1 to 2: an own method": Difference(
        "methods may be added to those that are known (RFC 9110 section 16.1)",
        {"0.status": (200, 400)}, _ALL),
    **{f"{pair}: PUT with expectation": Difference("an interim answer completes no request", {
        "stats.http.main.downstream_rq_1xx": (None, 1),
        "stats.http.main.downstream_rq_completed": (1, 2)})
        for pair in ("1 to 2", "2 to 1", "2 to 2")},
    **{f"2 to {version}: another TE": Difference(
        "the client is told why before the connection is closed",
        {"goaways.0": ("PROTOCOL_ERROR", None)}, ("goaways", "reset", "log.details", "stats.*"))
        for version in (1, 2)},
    **{f"2 to {version}: Host and authority": Difference(
        "a host that is another than the authority is malformed (RFC 9113 section 8.3.1)",
        {"log.flags": ("DPE", "-")}, _ALL) for version in (1, 2)},
    **{f"2 to 1: {name}": Difference(
        "no length is said where nobody expects a body (RFC 9110 section 8.6)",
        {"seen.0.headers.content-length": (None, "0")}) for name in ("OPTIONS", "an own method")},
    **{f"2 to 1: {name}": Difference(_RELAYED, {"trailers.0": (("x-after", "1"), None)},
                                     ("trailers*",))
       for name in ("answer's trailers", "answer without a body but trailers")},
    **{f"2 to 1: {name}": Difference(_RELAYED, {"sent trailers.0.0": (("x-after", "1"), None)},
                                     ("sent trailers*",))
       for name in ("trailers", "trailers without a body")},
    **{f"{pair}: GOAWAY and the answer": Difference(
        "a connection that ends as it was announced broke no rule",
        {"stats.cluster.h2.upstream_cx_protocol_error": (None, 1)})
        for pair in ("1 to 2", "2 to 2")},
    "2 to 1: an answer with hop by hop headers": Difference(
        "a field that Connection names goes no further in responses too (RFC 9110 section 7.6.1)",
        {"headers.x-hop": (None, "a")}),
    **{f"2 to 2: retry on {on} after {what}": Difference(
        "what the endpoint did not look at is sent again by itself (RFC 9113 section 8.7)",
        {"status": (200, 503)}, _ALL) for on, what in (
            ("connect-failure", "reset:REFUSED_STREAM"), ("reset-before-request", "goaway-refused"),
            ("reset-before-request", "reset:REFUSED_STREAM"))},
    "2 to 2: bad answer: data first": Difference(
        "the stream alone ends", {"stats.cluster.h2.upstream_cx_protocol_error": (None, 1)},
        ("stats.*",)),
    "2 to 2: bad answer: body of a 204": Difference(
        "what a 204 cannot have is left out, and the answer stands", {"log.flags": ("-", "UPE")},
        _ALL),
    "2 to 2: bad answer: many headers": Difference(
        "the endpoint broke a rule, and has reset nothing", {"log.flags": ("UPE", "UR")}, _ALL),
    **{f"{pair}: bad answer: large head": Difference(
        "a head that is too large ends its stream alone, not the connection that others share",
        {"stats.cluster.h2.upstream_cx_destroy": (None, 1),
         "stats.cluster.h2.upstream_cx_protocol_error": (None, 1),
         "stats.cluster.h2.http2.header_overflow": (1, None)},
        ("stats.cluster.h2.upstream_cx_*", "stats.cluster.h2.http2.*"))
       for pair in ("1 to 2", "2 to 2")},
    "2 to 2: bad answer: early hints": Difference(
        "interim answers reach the client (RFC 9110 section 15.2)",
        {"interim.0.0": ((":status", "103"), None)}, ("interim*", "stats.*")),
    **{name: Difference("an interim answer completes no request", {
        "stats.cluster.h2.upstream_rq_completed": (1, 2)}, ("stats.*",))
        for name in ("1 to 2: bad answer: early hints", "2 to 2: bad answer: continue")},
}


def _h2(name, path, *headers, trailers=None, scheme="http", stats=STATS, ignores=(), arrivals=0,
        tls=False, **ask):
    ask = Ask(path, headers, **ask)
    return Scene(name, lambda side: exchange(
        side, ask, trailers, scheme, tls=tls, arrivals=arrivals), stats=stats,
        ignores=(*IGNORES, *_KEPT, *ignores), difference=_DIFFERENCES.get(name))


def _h1(name, path, *headers, ignores=(), **options):
    ask = {key: options.pop(key) for key in ("method", "body", "upstream", "host", "patience")
           if key in options}
    return Case(name, Ask(path, headers, **ask), stats=STATS,
                ignores=(*IGNORES, *_KEPT, *ignores), difference=_DIFFERENCES.get(name), **options)


def _matrix():
    """The same messages over all three pairs of versions."""
    for pair, make, path in (("1 to 2", _h1, "/h2/"), ("2 to 1", _h2, "/h1/"),
                             ("2 to 2", _h2, "/h2/")):
        def case(name, *headers, make=make, path=path, pair=pair, **ask):
            return make(f"{pair}: {name}", path, *headers, **ask)

        yield case("GET")
        yield case("a query", host="TEST.test:81")
        yield case("a body", method="POST", body=b"hello")
        yield case("an empty body", method="POST", body=b"")
        yield case("a length of 0", "Content-Length: 0", method="POST")
        yield case("HEAD", method="HEAD")
        yield case("204", upstream=status(204))
        yield case("304", upstream=(Answer(304, ("etag: a",)),))
        yield case("404", upstream=status(404))
        yield case("503", upstream=status(503))
        yield case("TE", "TE: trailers")
        yield case("another TE", "TE: gzip")
        yield case("a cookie", "Cookie: a=1; b=2")
        yield case("cookies", "Cookie: a=1", "X-Between: x", "Cookie: b=2; c=3")
        yield case("repeated headers", "X-A: 1", "X-A: 2", "Accept: a", "Accept: b")
        yield case("headers with capitals", "X-Some-Header: Some Value")
        yield case("an empty header", "X-Empty: ")
        yield case("a header with underscores", "x_under_score: a")
        yield case("from before", "X-Forwarded-For: 9.9.9.9", "X-Forwarded-Proto: https",
                   "X-Request-Id: 12345678-1234-4234-8234-123456789012")
        yield case("user agent", "User-Agent: tests", "Accept-Encoding: gzip")
        yield case("bytes above 127", "X-Bytes: \xe4\xf6")
        yield case("answer's headers", upstream=(Answer(200, (
            "x-up: A", "set-cookie: a=1", "set-cookie: b=2", "vary: a", "vary: b",
            "server: mine", "date: Thu, 01 Jan 1970 00:00:00 GMT")),))
        yield case("answer's trailers", "TE: trailers", upstream=(
            Answer(trailers=("x-after: 1", "grpc-status: 0")),))
        yield case("answer without a body but trailers", upstream=(
            Answer(body="", trailers=("x-after: 1",)),))
        yield case("a large answer", upstream=(Answer(body="a" * 200_000),))
        yield case("a large body", method="POST", body=b"b" * 200_000)
        yield case("OPTIONS", method="OPTIONS")
        yield case("an own method", method="BREW")
        yield case("the answer is redirected", upstream=(
            Answer(302, ("location: http://a/",)),))
        yield case("PUT with expectation", "Expect: 100-continue", method="PUT", body=b"hello")


def _h1_only():
    yield _h1("1 to 2: hop by hop", "/h2/", "Connection: keep-alive, X-Hop", "X-Hop: a",
              "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "X-Kept: b")
    yield _h1("1 to 2: h2c", "/h2/", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
              "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA")
    yield _h1("1 to 2: rewritten", "/rewritten/x")
    yield _h1("1 to 2 over TLS", "/h2-tls/")
    yield _h1("1 to 2 by ALPN", "/chosen/")
    yield _h1("1 to 2: refused", "/dead/")
    yield _h1("1 to 2: no endpoint", "/empty/")
    for name, answer in _FAILURES.items():
        yield _h1(f"1 to 2: {name}", "/timeout/" if name in ("silent", "stall") else "/h2/",
                  upstream=(answer,), method="POST", body=b"x")


_CODES = ("NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "REFUSED_STREAM", "CANCEL",
          "ENHANCE_YOUR_CALM", "HTTP_1_1_REQUIRED", "CONNECT_ERROR")
_FAILURES = {
    **{f"reset before with {code}": Answer(instead=f"reset:{code}") for code in _CODES},
    **{f"reset amid with {code}": Answer(instead=f"reset-amid:{code}")
       for code in ("NO_ERROR", "INTERNAL_ERROR", "CANCEL", "REFUSED_STREAM")},
    "closed before": Answer(instead="close"), "closed amid": Answer(instead="cut"),
    "TCP reset before": Answer(instead="reset"),
    "silent": Answer(instead="silent"), "stall": Answer(instead="stall"),
    "GOAWAY and the answer": Answer(instead="goaway"),
    "GOAWAY that refuses": Answer(instead="goaway-refused"),
    "garbage": Answer(instead="garbage"),
}
_BAD = ("upper case", "no status", "two statuses", "status of letters",
        "a request's pseudo header", "pseudo header after others", "connection header",
        "transfer-encoding", "length too long", "length too short", "two lengths", "data first",
        "body of a 204", "NUL in a value", "pseudo header in trailers",
        "trailers without an end", "an interim answer at the end", "large head", "many headers",
        "early hints", "continue", "push", "frame on stream 0", "window of zero",
        "unknown frame")


def _h2_only():
    yield _h2("2 to 2: in TLS", "/h2/", tls=True, listener="tls", scheme="https", stats=(
        "http.tls.*", "listener.tls.ssl.handshake"))
    yield _h2("2 to 1: trailers", "/h1/", method="POST", body=b"x", trailers=("x-after: 1",))
    yield _h2("2 to 2: trailers", "/h2/", method="POST", body=b"x", trailers=("x-after: 1",))
    yield _h2("2 to 2: trailers without a body", "/h2/", method="POST", trailers=("x-after: 1",))
    yield _h2("2 to 1: trailers without a body", "/h1/", method="POST", trailers=("x-after: 1",))
    yield _h2("2 to 1: no length", "/h1/", method="POST", body=b"x")
    yield _h2("2 to 1: a length", "/h1/", "Content-Length: 1", method="POST", body=b"x")
    yield _h2("2 to 2: a length", "/h2/", "Content-Length: 1", method="POST", body=b"x")
    yield _h2("2 to 1: Host without authority", "/h1/", "Host: test", host=None)
    yield _h2("2 to 2: Host without authority", "/h2/", "Host: test", host=None)
    yield _h2("2 to 2: Host and authority", "/h2/", "Host: other")
    yield _h2("2 to 1: Host and authority", "/h1/", "Host: other")
    yield _h2("2 to 2: scheme https in the clear", "/h2/", scheme="https")
    yield _h2("2 to 2: an unknown scheme", "/h2/", scheme="ftp")
    yield _h2("2 to 2: a scheme that is overwritten", "/h2/", listener="overridden", stats=())
    yield _h2("2 to 2: via and address", "/h2/", listener="via", stats=(),
              ignores=("*.x-forwarded-for",))
    yield _h2("2 to 2 over TLS", "/h2-tls/")
    yield _h2("2 to 2 by ALPN", "/chosen/")
    yield _h2("2 as the client", "/same/")
    yield _h2("2: a direct answer", "/direct/")
    yield _h2("2: a direct answer to HEAD", "/direct/", method="HEAD")
    # Whether the stream is reset depends on what of the request has been read by then.
    yield _h2("2: a direct answer to a body", "/direct/", method="POST", body=b"x",
              ignores=("stats.http2.tx_reset",))
    yield _h2("2: a redirect", "/moved/x?y")
    yield _h2("2: no route", "/nowhere/")
    yield _h2("2 to 2: refused", "/dead/")
    yield _h2("2 to 2: no endpoint", "/empty/")
    yield _h2("2 to 2: rewritten", "/rewritten/x")
    yield _h2("2 to 1: an answer with hop by hop headers", "/h1/", upstream=(Answer(200, (
        "Connection: x-hop", "X-Hop: a", "Keep-Alive: timeout=5")),))
    yield _h2("2 to 1: the upstream closes", "/h1/", upstream=(Answer(closes=True),))
    yield _h2("2: idle stream before an answer", "/h2/", listener="stream-idle", stats=(),
              upstream=(Answer(instead="silent"),))
    yield _h2("2: idle stream amid an answer", "/h2/", listener="stream-idle", stats=(),
              upstream=(Answer(instead="stall"),))
    for name, answer in _FAILURES.items():
        yield _h2(f"2 to 2: {name}", "/timeout/" if name in ("silent", "stall") else "/h2/",
                  upstream=(answer,), method="POST", body=b"x")
    for name in ("close", "cut", "reset", "garbage", "silent", "stall"):
        yield _h2(f"2 to 1: upstream {name}", "/timeout-h1/", upstream=(Answer(instead=name),),
                  method="POST", body=b"x")
    for on, what in (("reset", "reset:INTERNAL_ERROR"), ("reset", "reset:REFUSED_STREAM"),
                     ("refused-stream", "reset:REFUSED_STREAM"),
                     ("refused-stream", "reset:INTERNAL_ERROR"),
                     ("refused-stream", "goaway-refused"), ("5xx", "reset:REFUSED_STREAM"),
                     ("5xx", "close"), ("connect-failure", "close"),
                     ("connect-failure", "reset:REFUSED_STREAM"),
                     ("gateway-error", "reset:CANCEL"), ("gateway-error", "close"),
                     ("reset-before-request", "goaway-refused"),
                     ("reset-before-request", "reset:REFUSED_STREAM")):
        yield _h2(f"2 to 2: retry on {on} after {what}", f"/retry-{on}/", method="POST", body=b"x",
                  upstream=(Answer(instead=what), Answer()))
    yield _h2("2 to 2: retry after a timeout", "/per-try/", upstream=(
        Answer(instead="silent"), Answer()))
    for name in _BAD:
        yield _h2(f"2 to 2: bad answer: {name}", "/h2/", upstream=(Answer(instead=f"bad:{name}"),),
                  method="POST", body=b"x", patience=2)
    for name in ("upper case", "length too long", "large head", "early hints"):
        yield _h1(f"1 to 2: bad answer: {name}", "/h2/", method="POST", body=b"x",
                  upstream=(Answer(instead=f"bad:{name}"),))


PEERS = {
    "h2": scripted("h2"),
    "h2-tls": scripted("h2-tls", context=server_context(alpn=("h2",))),
}

EXCHANGING = World("HTTP versions", exchanging, [*_matrix(), *_h1_only(), *_h2_only()],
                   peers=PEERS)

WORLDS = (EXCHANGING,)
