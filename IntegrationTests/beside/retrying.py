"""What is tried again: conditions, counts, headers, predicates, back-off, budgets, hedging."""

import time

from beside.balancing import lb, point
from beside.case import (CLOSE, CUT, RESET, SILENT, Answer, Ask, Case, Difference, Scene, World,
                         status)
from beside.parts import INSIDE, bootstrap, cluster, host, inside, listener, retries, route

_STATS = tuple(f"cluster.app.upstream_rq_{what}" for what in (
    "total", "retry", "retry_success", "retry_limit_exceeded", "retry_overflow",
    "per_try_timeout", "timeout", "rx_reset"))


def conditions(up):
    kinds = ("5xx", "gateway-error", "reset", "connect-failure", "retriable-4xx",
             "refused-stream", "retriable-status-codes", "retriable-headers",
             "envoy-ratelimited", "reset-before-request", "cancelled", "unavailable",
             "internal", "resource-exhausted", "deadline-exceeded")

    def one(name, on, count=1, to="app", **fields):
        action = {key: fields.pop(key) for key in ("timeout", "hedge_policy") if key in fields}
        return route(to, prefix=f"/{name}/", retry_policy=retries(on, count, **fields), **action)

    routes = [
        *[one(kind, kind, retriable_status_codes=[418, 200],
              retriable_headers=[{"name": "x-again", "string_match": {"exact": "yes"}}])
          for kind in kinds],
        *[one(f"dead-{kind}", kind, to="dead") for kind in ("5xx", "connect-failure", "reset",
                                                            "gateway-error")],
        one("three", "5xx", 3),
        one("none", "5xx", 0),
        route("app", prefix="/default/", retry_policy={"retry_on": "5xx"}),
        one("by-request", "5xx", retriable_request_headers=[
            {"name": ":method", "string_match": {"exact": "GET"}}]),
        one("per-try", "5xx", 2, per_try_timeout="0.08s"),
        one("per-try-reset", "reset", 1, per_try_timeout="0.08s"),
        one("per-try-gateway", "gateway-error", 1, per_try_timeout="0.08s"),
        one("per-try-long", "5xx", 1, per_try_timeout="5s", timeout="0.1s"),
        one("idle", "5xx", 1, per_try_idle_timeout="0.08s"),
        one("global", "5xx", 9, timeout="0.15s"),
        one("overall", "5xx", 1, timeout="0.15s"),
        one("both", "5xx,retriable-4xx", 2),
        one("open", "connect-failure,5xx", 1, to="mixed"),
        {"match": {"prefix": "/bare/"}, "route": {"cluster": "app"}},
    ]
    vhost = host(*routes, include_request_attempt_count=True,
                 include_attempt_count_in_response=True)
    by_host = host(
        route("app", prefix="/own/", retry_policy=retries("retriable-4xx")), route("app"),
        retry_policy=retries("5xx", 2), name="by-host")
    counted = host(route("app", prefix="/"), name="timeout-retry",
                   include_is_timeout_retry_header=True, retry_policy=retries(
                       "5xx", 2, per_try_timeout="0.08s"))
    return bootstrap([
        listener(vhost, **INSIDE), listener(by_host, name="by-host"),
        listener(counted, name="timeout-retry"),
        listener(host(*routes), name="strict", router={"strict_check_headers": [
            "x-envoy-upstream-rq-timeout-ms", "x-envoy-max-retries", "x-envoy-retry-on"]},
            **INSIDE),
    ], [cluster("app", up["a"]), cluster("dead", up.dead),
        cluster("mixed", up.dead, up["a"], lb_policy="ROUND_ROBIN")])


def _case(name, path, script, *sent, stats=_STATS, **fields):
    """A case of one cluster with the retry statistics."""
    ask = {key: fields.pop(key) for key in ("method", "body", "listener") if key in fields}
    return Case(name, Ask(path, sent, upstream=script, **ask), stats=stats, **fields)


_TIMED = ("*.x-envoy-expected-rq-timeout-ms",)  # A millisecond may have passed.
_LIMITED = Answer(429, ("x-envoy-ratelimited: true",))


def _grpc(code):
    return (Answer(200, (f"grpc-status: {code}", "content-type: application/grpc")), Answer())


CONDITIONS = World("retries", conditions, [
    _case("5xx on 500", "/5xx/", status(500, 200)),
    _case("5xx twice", "/5xx/", status(500, 503, 200)),
    _case("5xx not on 429", "/5xx/", status(429, 200)),
    _case("5xx on a closed connection", "/5xx/", (CLOSE, Answer()),
          method="POST", body=b"x"),
    _case("5xx on a reset", "/5xx/", (RESET, Answer()),
          method="POST", body=b"x"),
    _case("5xx on rate limited", "/5xx/", (Answer(503, ("x-envoy-ratelimited: true",)),
                                           Answer())),
    _case("5xx on half an answer", "/5xx/", (CUT, Answer())),
    _case("gateway-error on 502", "/gateway-error/", status(502, 200)),
    _case("gateway-error on 504", "/gateway-error/", status(504, 200)),
    _case("gateway-error not on 500", "/gateway-error/", status(500, 200)),
    _case("gateway-error on a reset", "/gateway-error/", (RESET, Answer()),
          method="POST", body=b"x"),
    _case("reset on a reset", "/reset/", (CLOSE, Answer()),
          method="POST", body=b"x"),
    _case("reset not on 503", "/reset/", status(503, 200)),
    _case("connect-failure not on a reset", "/connect-failure/", (CLOSE, Answer()),
          method="POST", body=b"x"),
    _case("refused-stream not on a reset", "/refused-stream/", (CLOSE, Answer()),
          method="POST", body=b"x"),
    _case("reset-before-request not after it", "/reset-before-request/", (CLOSE, Answer()),
          method="POST", body=b"x"),
    *[Case(f"{kind} on a refused connection", Ask(f"/dead-{kind}/"),
           stats=("cluster.dead.upstream_rq_retry", "cluster.dead.upstream_cx_connect_fail",
                  "cluster.dead.upstream_rq_retry_limit_exceeded",
                  "cluster.dead.upstream_rq_pending_failure_eject"))
      for kind in ("5xx", "connect-failure", "reset", "gateway-error")],
    Case("a kept connection that the upstream closes", [
        Ask("/connect-failure/"), Ask("/connect-failure/", upstream=(CLOSE, Answer()))],
        difference=Difference(
            "a GET may be sent again by itself where a connection kept from before closes without "
            "an answer (RFC 9110 section 9.2.2): the upstream gave up an idle connection",
            {"1.status": (200, 503), "1.log.flags": ("-", "UC")}, follows=("1.*",))),
    _case("retriable-4xx on 409", "/retriable-4xx/", status(409, 200)),
    _case("retriable-4xx not on 408", "/retriable-4xx/", status(408, 200)),
    _case("a listed status", "/retriable-status-codes/", status(418, 201)),
    _case("a listed status that is a success", "/retriable-status-codes/", status(200, 201)),
    _case("a status that is not listed", "/retriable-status-codes/", status(503, 200)),
    _case("statuses listed by the request", "/retriable-status-codes/", status(404, 200),
          "X-Envoy-Retriable-Status-Codes: 404,405", inside()),
    _case("a listed header", "/retriable-headers/", (Answer(200, ("x-again: yes",)),
                                                     Answer(201))),
    _case("another value of a listed header", "/retriable-headers/",
          (Answer(200, ("x-again: no",)), Answer(201))),
    _case("headers listed by the request", "/retriable-headers/",
          (Answer(200, ("x-mine: 1",)), Answer(201)),
          "X-Envoy-Retriable-Header-Names: X-Other,X-Mine", inside()),
    _case("rate limited", "/envoy-ratelimited/", (_LIMITED, Answer())),
    _case("rate limited, not asked for", "/retriable-4xx/", (_LIMITED, Answer())),
    *[_case(f"gRPC {name}", f"/{name}/", _grpc(code), "Content-Type: application/grpc",
            method="POST", body=b"")
      for name, code in (("cancelled", 1), ("deadline-exceeded", 4), ("resource-exhausted", 8),
                         ("internal", 13), ("unavailable", 14))],
    _case("another gRPC status", "/unavailable/", _grpc(13), "Content-Type: application/grpc"),
    _case("several conditions", "/both/", status(409, 500, 200)),
    _case("three times", "/three/", status(500, 500, 500, 200)),
    _case("three times and no more", "/three/", status(500)),
    _case("no times", "/none/", status(500)),
    _case("once if nothing is said", "/default/", status(500, 500, 200)),
    _case("by the request's method", "/by-request/", status(500, 200)),
    _case("not by the request's method", "/by-request/", status(500, 200), method="DELETE"),
    _case("with a body", "/5xx/", status(500, 200), method="POST", body=b"x" * 9000),
    _case("with a body that is too large", "/5xx/", status(500, 200), method="POST",
          body=b"x" * 2_000_000),
    _case("per-try timeout", "/per-try/", (SILENT, Answer()), ignores=_TIMED),
    _case("per-try timeout, all tries", "/per-try/", (SILENT,), ignores=_TIMED),
    _case("per-try timeout on reset", "/per-try-reset/", (SILENT, Answer()), ignores=_TIMED),
    _case("per-try timeout on gateway-error", "/per-try-gateway/", (SILENT, Answer()),
          ignores=_TIMED),
    _case("a global timeout is not retried", "/overall/", (SILENT,), ignores=_TIMED),
    _case("a global timeout during retries", "/global/",
          (Answer(500, delay=0.06),), ignores=("*.seen.*", "*.attempts"),
          stats=("cluster.app.upstream_rq_timeout",)),
    _case("per-try timeout beyond the global one", "/per-try-long/", (SILENT,),
          ignores=_TIMED),
    _case("per-try idle timeout", "/idle/", (SILENT, Answer()), ignores=_TIMED,
          stats=_STATS + ("cluster.app.upstream_rq_per_try_idle_timeout",)),
    _case("per-try idle timeout amid a body", "/idle/", (Answer(instead="stall"),),
          ignores=_TIMED),
    _case("the second endpoint", "/open/", (), stats=("cluster.mixed.upstream_rq_total",),
          ignores=("*.attempts", "*-attempt-count", *_TIMED)),
    # Asked for by the request, from inside.
    _case("by header", "/bare/", status(500, 200), "X-Envoy-Retry-On: 5xx", inside()),
    _case("by header, from outside", "/bare/", status(500, 200), "X-Envoy-Retry-On: 5xx",
          "X-Forwarded-For: 8.8.8.8"),
    _case("by header, with a count", "/bare/", status(500, 500, 500, 200),
          "X-Envoy-Retry-On: 5xx", "X-Envoy-Max-Retries: 3", inside()),
    _case("a count over the route's", "/5xx/", status(500, 500, 500, 200),
          "X-Envoy-Max-Retries: 3", inside()),
    _case("a count of nothing", "/5xx/", status(500, 200), "X-Envoy-Max-Retries: 0", inside()),
    _case("a count that is nonsense", "/5xx/", status(500, 200), "X-Envoy-Max-Retries: x",
          inside()),
    _case("conditions join the route's", "/retriable-4xx/", status(500, 200),
          "X-Envoy-Retry-On: gateway-error,5xx", inside()),
    _case("unknown conditions", "/bare/", status(500, 200), "X-Envoy-Retry-On: whatever",
          inside()),
    _case("gRPC by header", "/bare/", _grpc(14), "X-Envoy-Retry-Grpc-On: unavailable",
          inside()),
    _case("a timeout by header", "/bare/", (SILENT,), "X-Envoy-Upstream-Rq-Timeout-Ms: 90",
          inside(), ignores=_TIMED),
    _case("a per-try timeout by header", "/5xx/", (SILENT, Answer()),
          "X-Envoy-Upstream-Rq-Per-Try-Timeout-Ms: 80", inside(), ignores=_TIMED),
    _case("a per-try timeout not below the global one", "/bare/", (SILENT,),
          "X-Envoy-Upstream-Rq-Per-Try-Timeout-Ms: 200", "X-Envoy-Upstream-Rq-Timeout-Ms: 90",
          inside(), ignores=_TIMED),
    _case("204 for a timeout", "/bare/", (SILENT,), "X-Envoy-Upstream-Rq-Timeout-Ms: 90",
          "X-Envoy-Upstream-Rq-Timeout-Alt-Response: 1", inside(), ignores=_TIMED),
    _case("a timeout by header that is nonsense", "/bare/", (), "X-Envoy-Upstream-Rq-Timeout-Ms: x",
          inside(), stats=()),
    _case("a header checked strictly", "/bare/", (), "X-Envoy-Upstream-Rq-Timeout-Ms: x",
          inside(), listener="strict", stats=()),
    _case("conditions checked strictly", "/bare/", (), "X-Envoy-Retry-On: 5xx,whatever",
          inside(), listener="strict", stats=()),
    _case("by the virtual host", "/", status(500, 500, 200), listener="by-host"),
    _case("the route's own instead of the host's", "/own/", status(500, 200),
          listener="by-host"),
    _case("after a timeout, and said so", "/", (SILENT, Answer()), listener="timeout-retry",
          ignores=_TIMED),
    _case("after a status, and not said so", "/", status(500, 200), listener="timeout-retry",
          ignores=_TIMED),
])


def choices(up):
    predicates = "type.googleapis.com/envoy.extensions.retry.host."

    def one(name, predicate=None, config=None, count=1, to="app", **fields):
        if predicate:
            fields["retry_host_predicate"] = [{
                "name": f"envoy.retry_host_predicates.{predicate}",
                "typed_config": {"@type": predicates + config, **fields.pop("values", {})}}]
        return route(to, prefix=f"/{name}/", retry_policy=retries("5xx", count, **fields))

    limited = {"reset_headers": [{"name": "retry-after", "format": "SECONDS"},
                                 {"name": "x-reset", "format": "UNIX_TIMESTAMP"}],
               "max_interval": "5s"}
    hedge = {"hedge_on_per_try_timeout": True}
    routes = [
        one("previous", "previous_hosts",
            "previous_hosts.v3.PreviousHostsPredicate", 1, host_selection_retry_max_attempts=20),
        one("canary", "omit_canary_hosts", "omit_canary_hosts.v3.OmitCanaryHostsPredicate",
            5, to="canaries", host_selection_retry_max_attempts=30),
        one("metadata", "omit_host_metadata",
            "omit_host_metadata.v3.OmitHostMetadataConfig", 5, to="canaries",
            host_selection_retry_max_attempts=30,
            values={"metadata_match": {"filter_metadata": lb(kind="slow")}}),
        one("random", to="app"),
        one("limited", rate_limited_retry_back_off=limited),
        one("limited-short", rate_limited_retry_back_off={
            "reset_headers": [{"name": "retry-after"}], "max_interval": "0.5s"}),
        one("backoff", count=3, retry_back_off={"base_interval": "0.2s",
                                                "max_interval": "0.2s"}),
        one("budget", count=1, to="budget"),
        one("no-budget", count=3, to="none-left"),
        one("max-retries", count=3, to="no-retries"),
        route("one", prefix="/hedged/", retry_policy=retries(
            "5xx", 1, per_try_timeout="0.2s"), hedge_policy=hedge, timeout="2s"),
        route("one", prefix="/hedged-bare/", retry_policy=retries(
            "gateway-error", 1, per_try_timeout="0.2s"), hedge_policy=hedge, timeout="0.6s"),
        one("hedged-header", to="one"),
    ]
    vhost = host(*routes, include_request_attempt_count=True)
    return bootstrap(listener(vhost, **INSIDE), [
        cluster("app", *up.ports("ab"), lb_policy="ROUND_ROBIN"),
        cluster("one", up["a"]),
        cluster("canaries", point(up, "a", metadata=lb(canary=True, kind="slow")),
                point(up, "b", metadata=lb(canary=False, kind="fast")), lb_policy="RANDOM"),
        cluster("budget", up["a"], circuit_breakers={"thresholds": [
            {"retry_budget": {"budget_percent": {"value": 20}, "min_retry_concurrency": 3},
             "max_retries": 0, "track_remaining": True}]}),
        cluster("none-left", up["a"], circuit_breakers={"thresholds": [
            {"retry_budget": {"budget_percent": {"value": 0}, "min_retry_concurrency": 0}}]}),
        cluster("no-retries", up["a"], circuit_breakers={"thresholds": [{"max_retries": 0}]}),
    ])


def _took(ask, *steps):
    """Which of the steps, in seconds, lies below the time that a request took."""

    def play(side):
        begin = time.monotonic()
        trace, response = side.respond(ask)
        took = time.monotonic() - begin
        return {"status": response.status, "over": [step for step in steps if took > step],
                "attempts": len(side.upstreams.arrivals[trace])}

    return play


def _everyone_fails(side, path, times=30):
    """Whether retries go to the endpoint that answered 500, or to another."""
    pairs = set()
    for _ in range(times):
        trace, _ = side.respond(Ask(path, upstream=status(500, 200)))
        first, second = (name for name, _ in side.upstreams.arrivals[trace])
        pairs.add("the same" if first == second else "another")
    return sorted(pairs)


def _avoided(side, path):
    """That no retry goes to the endpoint `a`."""
    last = set()
    for _ in range(30):
        trace, _ = side.respond(Ask(path, upstream=status(500, 200)))
        last.add(side.upstreams.arrivals[trace][-1][0])
    return sorted(last)


def _many_retries(side, path, name, count=12):
    """Requests at once whose first attempt fails: what came of them, in statistics."""
    before = side.stats()
    answers = side.all_at_once([Ask(path, upstream=(
        Answer(503, delay=0.15), Answer(200, delay=0.3)))] * count)
    after = side.stats()
    moved = {what: after.get(f"cluster.{name}.{what}", 0) - before.get(f"cluster.{name}.{what}", 0)
             for what in ("upstream_rq_retry", "upstream_rq_retry_overflow")}
    return {"statuses": sorted(answers), **moved}


CHOICES = World("choices of retries", choices, [
    Scene("another endpoint than before", lambda side: _everyone_fails(side, "/previous/")),
    Scene("no canary", lambda side: _avoided(side, "/canary/")),
    Scene("no endpoint with such metadata", lambda side: _avoided(side, "/metadata/")),
    Scene("round robin goes on in retries", lambda side: _everyone_fails(side, "/random/")),
    Scene("Retry-After in seconds", _took(Ask("/limited/", upstream=(
        Answer(503, ("retry-after: 1",)), Answer())), 0.9, 2.5)),
    Scene("no Retry-After", _took(Ask("/limited/", upstream=(Answer(503), Answer())), 0.9)),
    Scene("Retry-After beyond the longest", _took(Ask("/limited-short/", upstream=(
        Answer(503, ("retry-after: 2",)), Answer())), 1.9)),
    Scene("Retry-After that is nonsense", _took(Ask("/limited/", upstream=(
        Answer(503, ("retry-after: soon",)), Answer())), 0.9)),
    Scene("a reset as a time", lambda side: _took(Ask("/limited/", upstream=(
        Answer(503, (f"x-reset: {int(time.time()) + 2}",)), Answer())), 0.8, 3.5)(side)),
    Scene("a reset in the past", _took(Ask("/limited/", upstream=(
        Answer(503, ("x-reset: 1000000000",)), Answer())), 0.9)),
    Case("statistics of the back-off by header", Ask("/limited/", upstream=(
        Answer(503, ("retry-after: 1",)), Answer())), stats=(
        "cluster.app.upstream_rq_retry_backoff_ratelimited",
        "cluster.app.upstream_rq_retry_backoff_exponential"), ignores=("*.endpoint", "*.body")),
    Case("statistics of the back-off", Ask("/limited/", upstream=status(503, 200)), stats=(
        "cluster.app.upstream_rq_retry_backoff_ratelimited",
        "cluster.app.upstream_rq_retry_backoff_exponential"), ignores=("*.endpoint", "*.body")),
    Scene("the back-off is at most its interval", _took(Ask(
        "/backoff/", upstream=status(500, 500, 500, 200)), 0.75)),
    Scene("a retry budget", lambda side: _many_retries(side, "/budget/", "budget")),
    Case("no budget at all", Ask("/no-budget/", upstream=status(503, 200)), stats=(
        "cluster.none-left.upstream_rq_retry_overflow",
        "cluster.none-left.upstream_rq_retry")),
    Case("no retries by the circuit breaker", Ask("/max-retries/", upstream=status(503, 200)),
         stats=("cluster.no-retries.upstream_rq_retry_overflow",
                "cluster.no-retries.upstream_rq_retry")),
    *[Case(name, Ask(path, sent, upstream=script), unordered=True, arrivals=2,
           ignores=(*_TIMED, "*.x-envoy-attempt-count"),
           stats=tuple(one.replace("app", "one") for one in _STATS))
      for name, path, sent, script in (
          ("hedged, the second one answers", "/hedged/", (),
           (Answer(delay=1.2), Answer(201))),
          ("hedged, the first one answers", "/hedged/", (),
           (Answer(201, delay=0.5), Answer(delay=1.2))),
          ("hedged, the first one fails late", "/hedged/", (),
           (Answer(500, delay=0.4), Answer(201, delay=0.6))),
          ("hedged, both are slow", "/hedged-bare/", (), (SILENT, SILENT)),
          ("hedging asked for by header", "/hedged-header/", (
              inside(), "X-Envoy-Hedge-On-Per-Try-Timeout: true",
              "X-Envoy-Upstream-Rq-Per-Try-Timeout-Ms: 200"),
           (Answer(delay=1.2), Answer(201))))],
], "ab")

WORLDS = (CONDITIONS, CHOICES)
