"""gRPC: what statuses become of failures, statistics, retries, gRPC-Web."""

import base64
import struct
import threading

from beside.case import Answer, Ask, Case, Difference, Scene, World
from beside.parts import INSIDE, LOG, bootstrap, cluster, direct, host, retries, route
from beside.streams import exchange, http2, scripted
from beside.upstreams import TRACE
from harness import envoyfile
from harness.grpcpeer import SERVICE, GrpcClient, GrpcPeer
from harness.waiting import wait_until

_HTTP = envoyfile.TYPE + "envoy.extensions.filters.http."
_LOG = {**LOG, "grpc": "%GRPC_STATUS%", "grpc_number": "%GRPC_STATUS_NUMBER%",
        "trailer": "%TRAILER(GRPC-STATUS)%", "protocol": "%PROTOCOL%"}


def _filter(name, type_name, **config):
    return {"name": f"envoy.filters.http.{name}",
            "typed_config": {"@type": _HTTP + type_name, **config}}


_ROUTER = {"name": "envoy.filters.http.router",
           "typed_config": {"@type": envoyfile.ROUTER}}
_STATS = _filter("grpc_stats", "grpc_stats.v3.FilterConfig",
                 stats_for_all_methods=True, enable_upstream_stats=True)
_WEB = _filter("grpc_web", "grpc_web.v3.GrpcWeb")


def remote(up):
    def at(prefix, to="h2", **action):
        return route(to, prefix=f"/{prefix}", **action)

    routes = [
        at("test.Service/", "grpc"), at("retried.Service/", "grpc", retry_policy=retries(
            "unavailable,cancelled,deadline-exceeded,internal,resource-exhausted", 2)),
        at("limited.Service/", "grpc", max_stream_duration={"grpc_timeout_header_max": "0.2s"}),
        at("timeout/", timeout="0.15s"),
        at("dead/", "dead"), at("empty/", "empty"), at("full/", "full"),
        at("retry/", retry_policy=retries("unavailable,cancelled", 2)),
        at("retry-5xx/", retry_policy=retries("5xx", 2)),
        at("h2/"), at("h1/", "h1"),
        direct("/direct-403/", 403, "not you"), direct("/direct-200/", 200, "fine"),
        {"match": {"prefix": "/moved/"}, "redirect": {"host_redirect": "a"}},
        {"match": {"prefix": "/only/", "grpc": {}}, "route": {"cluster": "h2"}},
    ]

    def listening(name, *filters, **manager):
        return envoyfile.listener(name, virtual_hosts=[host(*routes)], stat_prefix=name, hcm={
            **INSIDE, "http_filters": [*filters, _ROUTER],
            "access_log": [envoyfile.file_log("access.log", json=_LOG)], **manager})

    chosen = _filter("grpc_stats", "grpc_stats.v3.FilterConfig", individual_method_stats_allowlist={
        "services": [{"name": "test.Service", "method_names": ["Unary"]}]})
    return bootstrap([
        listening("main"), listening("counted", _STATS),
        listening("chosen", chosen), listening("web", _WEB, _STATS),
    ], [
        cluster("grpc", up["grpc"], **http2()), cluster("h2", up["h2"], **http2()),
        cluster("h1", up["a"]), cluster("dead", up.dead, **http2()), cluster("empty", **http2()),
        cluster("full", up["h2"], **http2(),
                circuit_breakers={"thresholds": [{"max_requests": 0}]}),
    ])


_MOVES = ("cluster.*.grpc.*", "cluster.*.grpc-web.*", "cluster.*.upstream_rq_*",
          "http.*.downstream_rq_*", "grpc.*",
          "http.*.grpc*", "cluster.*.retry.*")
# The words of local replies, in gRPC's message or beside it, are each proxy's own.
_IGNORES = ("stats.http.admin.*", "*_ms*", "stats.*bytes*", "*.grpc-message", "log.*time*",
            "*.x-pillion-reason")


def _call(name, kind, listener="main", messages=(b"hello",), service=SERVICE, ignores=(),
          metadata=(), timeout=5):
    """A call by grpcio: what the client was told."""

    def play(side):
        trace = side.trace()
        with GrpcClient(side.port(listener)) as client:
            found = client.outcome(kind, list(messages), service=service, timeout=timeout,
                                   metadata=(*metadata, (TRACE, trace)))
        return {**found, "log": side.log(trace)}

    return Scene(name, play, stats=_MOVES, ignores=(*_IGNORES, *ignores))


_WHOLE = "the body is read before the answer ends, so the connection can go on"
_RELAYED = "trailers are always relayed; over HTTP/1.1 Envoy drops them unless told otherwise"
_DIFFERENCES = {
    "over HTTP/1 to the upstream": Difference(
        _RELAYED, {"trailers.0": (("grpc-status", "0"), None)}, ("trailers", "log.*")),
    "no route over HTTP/1": Difference(_WHOLE, {"0.headers.connection": (None, "close")}),
    "web as text in two pieces": Difference(
        "pieces of a text may each have their padding, as gRPC-Web has it", {
            "0.status": (200, 400)}, ("*",)),
    "web as bad text": Difference(
        _WHOLE, {"stats.http.web.downstream_rq_rx_reset": (None, 1)}, ("stats.*",)),
    "web, no route": Difference(
        _WHOLE + "; and a browser reads of a status of gRPC why", {
            "0.headers.connection": (None, "close"), "0.headers.grpc-status": ("12", None),
            "stats.http.web.downstream_rq_rx_reset": (None, 1)}),
}


def _kept_open(side):
    """Messages go back and forth one by one on one call."""
    with GrpcClient(side.port("counted")) as client:
        gate = threading.Semaphore(0)
        done = threading.Event()

        def messages():
            for number in range(5):
                gate.acquire()
                yield b"%d" % number
            done.wait(5)

        call = client.channel.stream_stream(f"/{SERVICE}/Both")(
            messages(), timeout=10, metadata=[(TRACE, side.trace())])
        answers = []
        for _ in range(5):
            gate.release()
            answers.append(next(call).decode())
        done.set()
        return {"answers": answers, "rest": len(list(call)), "code": call.code().name}


def _cancelled(side):
    with GrpcClient(side.port("main")) as client:
        trace = side.trace()
        call = client.call("Unary", metadata=[("do-delay", "0.4"), (TRACE, trace)])
        calls = side.upstreams.others["grpc"].calls
        wait_until(lambda: any(one.get(TRACE) == trace for one in calls), "the call", 5)
        call.cancel()
        return {"cancelled": call.cancelled(), "log": side.log(trace)}


def _frame(message, flags=0):
    return bytes([flags]) + struct.pack(">I", len(message)) + message


def _h2(name, path, upstream=(), listener="main", ignores=(), body=_frame(b"x"),
        kind="application/grpc", **options):
    """A request over HTTP/2 that is gRPC by its headers."""
    ask = Ask(path, (f"content-type: {kind}", "te: trailers"), "POST", body=body,
              upstream=upstream, listener=listener)
    return Scene(name, lambda side: exchange(side, ask, **options), stats=_MOVES,
                 ignores=(*_IGNORES, *ignores), difference=_DIFFERENCES.get(name))


def _status(code, *trailers, head=(), status=200, body=None, only=False):
    """An upstream's answer with a gRPC status, in trailers or alone with the head."""
    if only:
        return Answer(status, ("content-type: application/grpc", f"grpc-status: {code}", *head),
                      body="")
    return Answer(status, ("content-type: application/grpc", *head),
                  body=_frame(b"x").decode() if body is None else body,
                  trailers=(f"grpc-status: {code}", *trailers))


def _web(name, upstream, kind="application/grpc-web+proto", body=None, accept=None,
         path="/h2/x", ignores=()):
    """gRPC-Web over HTTP/1.1: the trailers are a message of the body."""
    headers = [f"Content-Type: {kind}", "X-Grpc-Web: 1"]
    if accept:
        headers.append(f"Accept: {accept}")
    return Case(name, Ask(path, tuple(headers), "POST", body=_frame(b"hello")
                          if body is None else body, upstream=upstream, listener="web"),
                stats=_MOVES, ignores=(*_IGNORES, *ignores), bodies=True,
                difference=_DIFFERENCES.get(name))


_TEXT = base64.b64encode(_frame(b"hello"))

REMOTE = World("gRPC", remote, [
    # Whether a stream is answered before its client has ended is chance.
    *[_call(f"{kind}", kind, "counted", (b"a", b"b", b"c") if kind in ("ClientStream", "Both")
            else (b"a",), ignores=("stats.*before_rq_complete",))
      for kind in ("Unary", "ServerStream", "ClientStream", "Both")],
    _call("metadata", "Unary", metadata=(("x-a", "1"), ("x-b-bin", b"\x00\xff"))),
    _call("a large message", "Unary", messages=(b"a" * 3_000_000,)),
    _call("an empty message", "Unary", messages=(b"",)),
    *[_call(f"the server says {code}", "Unary", "counted", metadata=(
        ("do-status", f"{code} because: 100%"),)) for code in (
            "UNAVAILABLE", "NOT_FOUND", "INTERNAL", "CANCELLED", "UNAUTHENTICATED")],
    # How much of the request has come when it is answered is chance.
    _call("an unknown method", "Nothing", ignores=("initial", "trailing", "stats.*_reset",
                                                   "stats.*before_rq_complete")),
    _call("a deadline of the client", "Unary", timeout=0.2, metadata=(("do-delay", "0.6"),),
          ignores=("details", "log*", "stats*")),
    _call("a deadline that the route cuts", "Unary", service="limited.Service",
          metadata=(("do-delay", "0.6"),), ignores=("details", "trailing*")),
    _call("unavailable, tried again", "Unary", service="retried.Service", metadata=(
        ("do-status", "UNAVAILABLE no"),)),
    _call("not found, not tried again", "Unary", service="retried.Service", metadata=(
        ("do-status", "NOT_FOUND no"),)),
    Scene("kept open", _kept_open, stats=_MOVES, ignores=_IGNORES),
    Scene("cancelled by the client", _cancelled, stats=_MOVES, ignores=_IGNORES),
    # By frames
    _h2("no route", "/nowhere/x"), _h2("refused", "/dead/x"), _h2("no endpoint", "/empty/x"),
    _h2("a circuit breaker", "/full/x"),
    _h2("a timeout", "/timeout/x", upstream=(Answer(instead="silent"),)),
    _h2("a direct 403", "/direct-403/x"), _h2("a direct 200", "/direct-200/x"),
    _h2("a redirect", "/moved/x"),
    _h2("reset by the upstream", "/h2/x", upstream=(Answer(instead="reset:INTERNAL_ERROR"),)),
    _h2("refused by the upstream", "/h2/x", upstream=(Answer(instead="reset:REFUSED_STREAM"),)),
    _h2("closed by the upstream", "/h2/x", upstream=(Answer(instead="close"),)),
    _h2("reset amid", "/h2/x", upstream=(Answer(instead="reset-amid:INTERNAL_ERROR"),)),
    *[_h2(f"an HTTP {status} of the upstream", "/h2/x", upstream=(Answer(status),))
      for status in (400, 401, 403, 404, 429, 500, 502, 503, 504)],
    _h2("a status in trailers", "/h2/x", upstream=(_status(5, "grpc-message: no"),)),
    _h2("a status alone", "/h2/x", upstream=(_status(5, only=True),)),
    _h2("no status", "/h2/x", upstream=(Answer(200, ("content-type: application/grpc",)),)),
    _h2("a status that is none", "/h2/x", upstream=(_status(99),)),
    _h2("a status of letters", "/h2/x", upstream=(_status("abc"),)),
    *[_h2(f"content type {kind}", "/direct-403/x", kind=kind) for kind in (
        "application/grpc+proto", "application/grpc;a=b", "application/grpc-web",
        "application/grpcx", "Application/gRPC")],
    *[_h2(f"{path}: {where} {code}", f"/{path}/x", upstream=(
        _status(code, only=where == "alone"), _status(0)))
      for path in ("retry", "retry-5xx") for where in ("alone", "trailers") for code in (14, 1, 5)],
    _h2("counted: a status in trailers", "/test.Service2/x", listener="counted"),
    _h2("counted: another service", "/h2/x", listener="counted", upstream=(_status(3),)),
    _h2("counted: alone", "/h2/y", listener="counted", upstream=(_status(7, only=True),)),
    _h2("chosen: counted by name", "/h2/x", listener="chosen", upstream=(_status(3),)),
    _h2("over HTTP/1 to the upstream", "/h1/x", upstream=(_status(0),)),
    Case("no route over HTTP/1", Ask("/nowhere/x", ("Content-Type: application/grpc",), "POST",
                                     body=_frame(b"x")), ignores=_IGNORES,
         difference=_DIFFERENCES["no route over HTTP/1"]),
    Case("refused over HTTP/1", Ask("/dead/x", ("Content-Type: application/grpc",), "POST",
                                    body=_frame(b"x")), ignores=_IGNORES),
    Case("a route for gRPC alone, without", Ask("/only/x"), ignores=_IGNORES),
    Case("a route for gRPC alone", Ask("/only/x", ("Content-Type: application/grpc+proto",),
                                       "POST", body=_frame(b"x"), upstream=(_status(0),)),
         ignores=_IGNORES),
    # gRPC-Web
    _web("web", (_status(0),)), _web("web, a status", (_status(5, "grpc-message: no"),)),
    _web("web, a status alone", (_status(5, only=True),)),
    _web("web as text", (_status(0),), "application/grpc-web-text+proto", _TEXT),
    _web("web as text in two pieces", (_status(0),), "application/grpc-web-text",
         base64.b64encode(_frame(b"he")[:4]) + base64.b64encode(_frame(b"he")[4:])),
    _web("web, text accepted", (_status(0),), accept="application/grpc-web-text"),
    _web("web as bad text", (_status(0),), "application/grpc-web-text", b"!!!!"),
    _web("web, no route", (), path="/nowhere/x"),
    _web("web, refused", (), path="/dead/x"),
    _web("web, an HTTP 503", (Answer(503),)),
    _web("web, no content type of gRPC in the answer", (Answer(200, body="text"),)),
], peers={"grpc": lambda up: GrpcPeer(), "h2": scripted("h2")})

WORLDS = (REMOTE,)
