"""Which group of endpoints: priorities, overprovisioning, panic, localities, zones."""

from beside.balancing import point
from beside.case import Ask, Case, Scene, Spread, World
from beside.parts import bootstrap, cluster, host, listener, retries, route

_NAMES = "abcdefgh"


def group(up, text, priority=0, zone=None, weight=None):
    """Endpoints of one locality: `ab-cd` has two healthy ones and, after the dash, two that are
    not; a star after a letter makes it degraded."""
    healthy, _, unhealthy = text.partition("-")
    points = [point(up, name, health="DEGRADED" if f"{name}*" in healthy else None)
              for name in healthy if name != "*"]
    points += [point(up, name, health="UNHEALTHY") for name in unhealthy]
    value = {"priority": priority, "lb_endpoints": points}
    if zone:
        value["locality"] = {"region": "r", "zone": zone}
    if weight is not None:
        value["load_balancing_weight"] = weight
    return value


def grouped(name, *groups, policy=None, **fields):
    one = cluster(name, lb_policy=fields.pop("lb_policy", "ROUND_ROBIN"), **fields)
    one["load_assignment"]["endpoints"] = list(groups)
    if policy:
        one["load_assignment"]["policy"] = policy
    return one


def panic(percent, **fields):
    return {"common_lb_config": {"healthy_panic_threshold": {"value": percent}, **fields}}


_LOCALITIES = {"locality_weighted_lb_config": {}}
_NO_PANIC = panic(0)


def priorities(up):
    def two(name, first, second, **fields):
        return grouped(name, group(up, first), group(up, second, 1), **fields)

    clusters = [
        two("all-well", "ab", "cd"),
        two("half-well", "a-b", "cd", **_NO_PANIC),
        two("a-quarter", "a-bce", "dfgh", **_NO_PANIC),
        two("both-poor", "a-bc", "d-ef", **_NO_PANIC),
        two("first-out", "-ab", "cd", **_NO_PANIC),
        two("all-out", "-ab", "-cd"),
        two("all-out-no-panic", "-ab", "-cd", **_NO_PANIC),
        two("panic-both", "a-bcd", "e-fgh"),
        two("panic-failing", "a-bcd", "e-fgh",
            common_lb_config={"zone_aware_lb_config": {"fail_traffic_on_panic": True}}),
        two("factor-100", "a-b", "cd", policy={"overprovisioning_factor": 100}, **_NO_PANIC),
        two("factor-200", "ab-c", "def", policy={"overprovisioning_factor": 200}, **_NO_PANIC),
        grouped("three", group(up, "a-bc"), group(up, "d-ef", 1), group(up, "gh", 2),
                **_NO_PANIC),
        grouped("empty-first", group(up, ""), group(up, "ab", 1)),
        grouped("one-panic", group(up, "a-bcd"), **panic(50)),
        grouped("one-no-panic", group(up, "a-bcd"), **panic(20)),
        grouped("one-panic-random", group(up, "a-bcd"), lb_policy="RANDOM", **panic(50)),
        grouped("one-panic-least", group(up, "a-bcd"), lb_policy="LEAST_REQUEST", **panic(50)),
        two("degraded", "a*", "b", **_NO_PANIC),
        two("degraded-mixed", "ab*c*d*", "e", **_NO_PANIC),
        two("hashed", "a-bc", "def", lb_policy="RING_HASH", **_NO_PANIC),
        two("maglev", "a-bc", "def", lb_policy="MAGLEV", **_NO_PANIC),
        two("dead-first", "a", "b"),
    ]
    clusters[-1]["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"][
        "socket_address"]["port_value"] = up.dead
    routes = [route(one["name"], prefix=f"/{one['name']}/", hash_policy=[
        {"header": {"header_name": "x-key"}}]) for one in clusters]
    routes.insert(0, route("dead-first", prefix="/other-priority/", retry_policy=retries(
        "connect-failure", 1, retry_priority={
            "name": "envoy.retry_priorities.previous_priorities", "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.retry.priority"
                         ".previous_priorities.v3.PreviousPrioritiesConfig",
                "update_frequency": 1}})))
    return bootstrap(listener(host(*routes)), clusters)


def _shares(name, draws=300, **shares):
    return Spread(name.replace("-", " "), Ask(f"/{name}/"), draws, weights=shares or None)


PRIORITIES = World("priorities", priorities, [
    _shares("all-well", a=1, b=1), _shares("half-well"), _shares("a-quarter"),
    _shares("both-poor"), _shares("first-out", c=1, d=1), _shares("all-out"),
    _shares("all-out-no-panic", 40), _shares("panic-both", 600),
    _shares("panic-failing", 100), _shares("factor-100"), _shares("factor-200"),
    _shares("three", 500), _shares("empty-first", a=1, b=1),
    _shares("one-panic", a=1, b=1, c=1, d=1), _shares("one-no-panic", a=1),
    _shares("one-panic-random", a=1, b=1, c=1, d=1), _shares("one-panic-least"),
    _shares("degraded"), _shares("degraded-mixed"), _shares("dead-first", 20),
    Spread("a ring by priority", lambda n: Ask("/hashed/", (f"X-Key: {n}",)), 120, exact=True),
    Spread("Maglev by priority", lambda n: Ask("/maglev/", (f"X-Key: {n}",)), 120, exact=True),
    Case("a retry goes to another priority", Ask("/other-priority/"),
         stats=("cluster.dead-first.upstream_rq_retry_success",),
         ignores=("*.x-envoy-expected-rq-timeout-ms",)),
    Case("a panic is counted", Ask("/one-panic/"), stats=(
        "cluster.one-panic.lb_healthy_panic",), ignores=("*.endpoint", "*.body")),
    Case("no panic is counted at none", Ask("/all-out-no-panic/"), stats=(
        "cluster.all-out-no-panic.lb_healthy_panic",
        "cluster.all-out-no-panic.upstream_cx_none_healthy")),
    Scene("membership is counted", lambda side: {
        f"{name} {what}": side.stat(f"cluster.{name}.{what}")
        for name in ("half-well", "degraded-mixed", "three") for what in (
            "membership_total", "membership_healthy", "membership_degraded",
            "membership_excluded")}),
], _NAMES)


def localities(up):
    def located(name, *groups, **fields):
        return grouped(name, *groups, common_lb_config={
            **_LOCALITIES, "healthy_panic_threshold": {"value": 0}}, **fields)

    def zoned(name, *groups, **zone_aware):
        return grouped(name, *groups, common_lb_config={
            "healthy_panic_threshold": {"value": 0},
            "zone_aware_lb_config": {"min_cluster_size": 1, **zone_aware}})

    near, far = ("ab", 0, "near", 1), ("cd", 0, "far", 3)
    clusters = [
        grouped("here", group(up, "a", 0, "near"), group(up, "b", 0, "far")),
        located("weighted", group(up, *near), group(up, *far)),
        located("weighted-half", group(up, *near), group(up, "c-d", 0, "far", 3)),
        located("weighted-factor", group(up, *near), group(up, "c-def", 0, "far", 3)),
        located("weightless", group(up, "ab", 0, "near", 2), group(up, "cd", 0, "far")),
        located("weighted-out", group(up, "-ab", 0, "near", 1), group(up, *far)),
        located("weighted-random", group(up, *near), group(up, *far), lb_policy="RANDOM"),
        located("weighted-priority", group(up, "a-bef", 0, "near", 2),
                group(up, "c", 0, "far", 1), group(up, "gh", 1, "far", 1)),
        zoned("zone-even", group(up, "ab", 0, "near"), group(up, "cd", 0, "far")),
        zoned("zone-less", group(up, "a", 0, "near"), group(up, "bcd", 0, "far")),
        zoned("zone-none", group(up, "ab", 0, "far"), group(up, "cd", 0, "farther")),
        zoned("zone-half", group(up, "ab", 0, "near"), group(up, "cd", 0, "far"),
              routing_enabled={"value": 0}),
        zoned("zone-small", group(up, "ab", 0, "near"), group(up, "cd", 0, "far"),
              min_cluster_size=10),
        zoned("zone-more", group(up, "abc", 0, "near"), group(up, "d", 0, "far")),
        zoned("zone-unhealthy", group(up, "a-b", 0, "near"), group(up, "cd", 0, "far")),
    ]
    return bootstrap(
        listener(host(*[route(one["name"], prefix=f"/{one['name']}/") for one in clusters])),
        clusters,
        node={"id": "n", "cluster": "here", "locality": {"region": "r", "zone": "near"}},
        cluster_manager={"local_cluster_name": "here"})


LOCALITIES = World("localities", localities, [
    _shares("weighted", 400, a=1, b=1, c=3, d=3), _shares("weighted-half", 400),
    _shares("weighted-factor", 400), _shares("weightless", 200), _shares("weighted-out"),
    _shares("weighted-random", 400), _shares("weighted-priority", 500),
    _shares("zone-even"), _shares("zone-less", 500), _shares("zone-none"),
    _shares("zone-half"), _shares("zone-small"), _shares("zone-more"),
    _shares("zone-unhealthy", 400),
    Case("zone statistics", Ask("/zone-even/"), stats=(
        "cluster.zone-even.lb_zone_routing_all_directly",), ignores=("*.endpoint", "*.body")),
    # Envoy counts it when membership changes, once for each of its threads.
    Scene("a zone too small is counted", lambda side: (
        side.who(1, Ask("/zone-small/")) and None,
        side.stat("cluster.zone-small.lb_zone_cluster_too_small") > 0)),
], _NAMES)

WORLDS = (PRIORITIES, LOCALITIES)
