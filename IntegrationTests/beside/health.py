"""Who is fit: active health checks over HTTP and TCP, with their events."""

import json

from beside.balancing import point
from beside.case import CLOSE, SILENT, Answer, Ask, Scene, World
from beside.parts import bootstrap, cluster, host, listener, route
from beside.side import table
from harness.waiting import wait_until

_QUICK = {"timeout": "0.3s", "interval": "0.05s", "no_traffic_interval": "0.05s",
          "unhealthy_interval": "0.05s", "unhealthy_threshold": 2, "healthy_threshold": 2}


def checked(up, name, names="ab", fields=None, points=None, **check):
    """A cluster whose endpoints are checked at a path of its own: its name."""
    if "tcp_health_check" not in check:
        check["http_health_check"] = {"path": f"/{name}", **check.get("http_health_check", {})}
    points = points or [point(up, one) for one in names]
    return cluster(name, *points, lb_policy="ROUND_ROBIN",
                   health_checks=[{**_QUICK, **check}], **(fields or {}))


def health(up):
    def elsewhere(name, **config):
        one = point(up, name)
        one["endpoint"]["health_check_config"] = config
        return one

    events = {"event_logger": [{
        "name": "envoy.health_check.event_sinks.file", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.health_check.event_sinks.file.v3"
                     ".HealthCheckEventFileSink", "event_log_path": "health.log"}}]}
    clusters = [
        checked(up, "plain"),
        checked(up, "sends", http_health_check={
            "host": "health.test", "method": "HEAD", "request_headers_to_add": [
                {"header": {"key": "x-check", "value": "%PROTOCOL%yes"}}],
            "request_headers_to_remove": ["user-agent"]}),
        checked(up, "statuses", http_health_check={
            "expected_statuses": [{"start": 200, "end": 300}, {"start": 404, "end": 405}]}),
        checked(up, "retriable", unhealthy_threshold=3, http_health_check={
            "retriable_statuses": [{"start": 500, "end": 501}]}),
        checked(up, "slow", timeout="0.1s"),
        checked(up, "closing", fields={"close_connections_on_host_health_failure": True}),
        checked(up, "alone", "a"),
        checked(up, "no-panic", "a", fields={
            "common_lb_config": {"healthy_panic_threshold": {"value": 0}}}),
        checked(up, "passing", fields={"common_lb_config": {
            "ignore_new_hosts_until_first_hc": True}}),
        checked(up, "elsewhere", points=[
            elsewhere("a", port_value=up["c"]), elsewhere("b", hostname="b.test"),
            elsewhere("c", disable_active_health_check=True)]),
        checked(up, "tcp", tcp_health_check={
            "send": {"text": b"GET /tcp HTTP/1.1\r\n\r\n".hex()},
            "receive": [{"text": b"HTTP/1.1 200".hex()}]}),
        checked(up, "tcp-connect", points=[point(up, "a"), up.dead], tcp_health_check={}),
        checked(up, "events", "a", **events),
        checked(up, "once", reuse_connection=False),
        checked(up, "threshold", unhealthy_threshold=4, healthy_threshold=3),
        checked(up, "weighted", "ab", points=[point(up, "a", weight=1), point(up, "b", weight=3),
                                              point(up, "c", weight=4)]),
    ]
    routes = [route(one["name"], prefix=f"/{one['name']}/") for one in clusters]
    return bootstrap(listener(host(*routes)), clusters)


def healthy(side, name, count):
    side.becomes(f"cluster.{name}.membership_healthy", count)


def served(side, name, count):
    """Who answers, once they are so many: workers learn of a change after the statistics."""
    found = []

    def look():
        found[:] = side.who(24, Ask(f"/{name}/"))
        return len(found) == count

    wait_until(look, f"{count} endpoints that answer", 5)
    return list(found)


def sets(side, name, answer, endpoint="a"):
    """Both proxies see this answer to checks of a cluster from now on."""
    side.together(lambda: side.upstreams.checks.__setitem__((endpoint, f"/{name}"), answer))


def falls_and_rises(name, answer, total=2):
    """An endpoint answers badly, then well again: who gets requests, and its flags."""

    def play(side):
        healthy(side, name, total)
        before = served(side, name, total)
        sets(side, name, answer)
        healthy(side, name, total - 1)
        during = served(side, name, total - 1)
        flags = side.endpoints(name)["a"]["health_status"]
        sets(side, name, Answer())
        healthy(side, name, total)
        return {"before": before, "during": during, "flags": flags,
                "after": served(side, name, total)}

    return play


def stays(name, answer):
    """An answer that is no failure."""

    def play(side):
        healthy(side, name, 2)
        count = side.stat(f"cluster.{name}.health_check.attempt")
        sets(side, name, answer)
        side.reaches(f"cluster.{name}.health_check.attempt", count + 12)
        found = side.stat(f"cluster.{name}.membership_healthy")
        sets(side, name, Answer())
        return found

    return play


def what_is_sent(name, total=2):
    def play(side):
        healthy(side, name, total)
        requests = side.upstreams.checked["b", f"/{name}"]
        mine = []

        def look():
            mine.extend(r for r in list(requests)[-4:] if side.owns(r.connection))
            return mine

        wait_until(look, "a health check of this side", 5)
        return {"method": mine[0].method, "headers": table(mine[0].headers)}

    return play


def degraded(side):
    sets(side, "plain", Answer(200, ("x-envoy-degraded: true",)))
    side.becomes("cluster.plain.membership_degraded", 1)
    found = {"who": side.who(24, Ask("/plain/")),
             "flags": side.endpoints("plain")["a"]["health_status"],
             "counted": side.stat("cluster.plain.health_check.degraded") > 0}
    sets(side, "plain", Answer())
    side.becomes("cluster.plain.membership_degraded", 0)
    return found


def immediate(side):
    """A response of the app takes its endpoint out at once, until checks succeed again."""
    healthy(side, "threshold", 2)
    sets(side, "threshold", Answer(503))
    side.answers([Ask("/threshold/", upstream={"a": Answer(200, (
        "x-envoy-immediate-health-check-fail: true",))})] * 4)
    healthy(side, "threshold", 1)
    flags = side.endpoints("threshold")["a"]["health_status"]
    sets(side, "threshold", Answer())
    healthy(side, "threshold", 2)
    return flags


def closes(side):
    """Whether a request goes on whose endpoint falls out meanwhile."""
    healthy(side, "closing", 2)
    sets(side, "closing", Answer(503), "a")
    sets(side, "closing", Answer(503), "b")
    _, response = side.respond(Ask("/closing/", upstream=(Answer(delay=0.6),)))
    sets(side, "closing", Answer(), "a")
    sets(side, "closing", Answer(), "b")
    healthy(side, "closing", 2)
    return response.status if response else None


def panics(side, name):
    healthy(side, name, 1)
    sets(side, name, Answer(500))
    healthy(side, name, 0)
    panic = f"cluster.{name}.lb_healthy_panic"
    before = side.stat(panic)

    def look():
        who = side.who(1, Ask(f"/{name}/"))
        return who == ["503"] or side.stat(panic) > before

    wait_until(look, "the worker to know", 5)
    found = side.who(5, Ask(f"/{name}/"))
    sets(side, name, Answer())
    healthy(side, name, 1)
    return found


def events_of(side, name):
    """The event log's lines, without times."""
    healthy(side, name, 1)
    sets(side, name, Answer(503))
    healthy(side, name, 0)
    sets(side, name, Answer())
    healthy(side, name, 1)
    path = side.proxy.folder / "health.log"
    wait_until(lambda: path.exists() and path.read_text().count("\n") >= 3, "three events", 5)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        line.pop("timestamp")
    return lines


def statistics_of(name):
    def play(side):
        healthy(side, name, 1)
        values = side.stats([f"cluster.{name}.health_check.*"])
        return {what: value > 0 for what, value in values.items()}

    return play


def reuses(name):
    """Whether checks share a connection."""

    def play(side):
        healthy(side, name, 2)
        requests = side.upstreams.checked["a", f"/{name}"]
        begin = len(requests)
        wait_until(lambda: len(requests) > begin + 12, "checks", 5)
        mine = [r.connection.requests for r in requests[begin:] if not r.connection.ended.is_set()]
        return max(mine, default=1) > 1

    return play


HEALTH = World("health checks", health, [
    Scene("503 takes out", falls_and_rises("plain", Answer(503))),
    Scene("a closed connection takes out", falls_and_rises("plain", CLOSE)),
    Scene("silence takes out", falls_and_rises("slow", SILENT)),
    Scene("404 takes out", falls_and_rises("plain", Answer(404))),
    Scene("an expected 404 does not", stays("statuses", Answer(404))),
    Scene("a status that is not expected does", falls_and_rises("statuses", Answer(500))),
    Scene("a retriable status counts to the threshold",
          falls_and_rises("retriable", Answer(500))),
    Scene("what a check sends", what_is_sent("plain")),
    Scene("what a check sends when told", what_is_sent("sends")),
    Scene("the endpoint's own name is sent", what_is_sent("elsewhere", 3)),
    Scene("a degraded endpoint", degraded),
    # Envoy's flag for it lasts until the next check, the other one until checks succeed.
    Scene("out at once by a response", immediate, ignores=("excluded_via_immediate_hc_fail",)),
    Scene("a request whose endpoint falls out", closes),
    Scene("all out is panic", lambda side: panics(side, "alone")),
    Scene("all out without panic", lambda side: panics(side, "no-panic")),
    Scene("another port is checked", lambda side: other_port(side)),
    Scene("TCP bytes", lambda side: tcp(side)),
    Scene("a TCP connection", lambda side: (
        healthy(side, "tcp-connect", 1), served(side, "tcp-connect", 1),
        side.endpoints("tcp-connect")["dead"]["health_status"])[1:]),
    # Members of addresses that are always empty there.
    Scene("events", lambda side: events_of(side, "events"), ignores=(
        "*.resolver_name", "*.ipv4_compat", "*.network_namespace_filepath")),
    Scene("connections are kept", reuses("plain")),
    Scene("connections are not kept", reuses("once")),
    Scene("new endpoints wait for their first check", falls_and_rises("passing", Answer(503))),
    Scene("weights of those that are left", falls_and_rises("weighted", Answer(503), total=3)),
    Scene("the wrong service", falls_and_rises(
        "plain", Answer(503, ("x-envoy-upstream-healthchecked-cluster: other",)))),
    Scene("statistics", statistics_of("tcp-connect")),
], "abc")


def other_port(side):
    name = "elsewhere"
    healthy(side, name, 3)
    sets(side, name, Answer(503), "c")
    healthy(side, name, 2)
    found = served(side, name, 2)
    sets(side, name, Answer(), "c")
    healthy(side, name, 3)
    return found


def tcp(side):
    healthy(side, "tcp", 2)
    sets(side, "tcp", Answer(503))
    healthy(side, "tcp", 1)
    found = served(side, "tcp", 1)
    sets(side, "tcp", Answer())
    healthy(side, "tcp", 2)
    return found

WORLDS = (HEALTH,)
