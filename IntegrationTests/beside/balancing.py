"""Which endpoint: hashes, rings and tables, subsets, weights."""

from beside.case import Ask, Case, Scene, Spread, World
from beside.parts import bootstrap, cluster, host, listener, route

_NAMES = "abcde"


def point(up, name, weight=None, metadata=None, hostname=None, health=None):
    value = {"endpoint": {"address": {"socket_address": {
        "address": "127.0.0.1", "port_value": up[name]}}}}
    if hostname:
        value["endpoint"]["hostname"] = hostname
    if weight is not None:
        value["load_balancing_weight"] = weight
    if metadata is not None:
        value["metadata"] = {"filter_metadata": metadata}
    if health:
        value["health_status"] = health
    return value


def lb(**values):
    return {"envoy.lb": values}


# Consistent hashing: the same file gives the same endpoint for the same key.

_POLICIES = {
    "header": [{"header": {"header_name": "x-key"}}],
    "header-regex": [{"header": {"header_name": "x-key", "regex_rewrite": {
        "pattern": {"regex": "^/([0-9])/.*$"}, "substitution": "\\1"}}}],
    "cookie": [{"cookie": {"name": "session"}}],
    "cookie-made": [{"cookie": {"name": "session", "ttl": "60s", "path": "/p"}}],
    "cookie-session": [{"cookie": {"name": "session", "ttl": "0s", "attributes": [
        {"name": "SameSite", "value": "Strict"}]}}],
    "query": [{"query_parameter": {"name": "user"}}],
    "source": [{"connection_properties": {"source_ip": True}}],
    "two": [{"header": {"header_name": "x-key"}}, {"header": {"header_name": "x-more"}}],
    "terminal": [{"header": {"header_name": "x-key"}, "terminal": True},
                 {"query_parameter": {"name": "user"}}],
    "nothing": [],
}


def hashing(up):
    def ring(name, **fields):
        return cluster(name, *up.ports(_NAMES), lb_policy="RING_HASH", **fields)

    clusters = [
        ring("ring"),
        ring("ring-small", ring_hash_lb_config={"minimum_ring_size": 8, "maximum_ring_size": 16}),
        ring("ring-murmur", ring_hash_lb_config={"hash_function": "MURMUR_HASH_2"}),
        cluster("ring-weights", *[point(up, name, weight=n + 1)
                                  for n, name in enumerate(_NAMES)], lb_policy="RING_HASH"),
        cluster("ring-names", *[point(up, name, hostname=f"{name}.test") for name in _NAMES],
                lb_policy="RING_HASH", type="STRICT_DNS",
                common_lb_config={"consistent_hashing_lb_config": {
                    "use_hostname_for_hashing": True}}),
        cluster("ring-keys", *[point(up, name, metadata=lb(hash_key=f"key-{name}"))
                               for name in _NAMES], lb_policy="RING_HASH"),
        cluster("ring-bounded", *up.ports(_NAMES), lb_policy="RING_HASH",
                common_lb_config={"consistent_hashing_lb_config": {
                    "hash_balance_factor": 120}}),
        cluster("maglev", *up.ports(_NAMES), lb_policy="MAGLEV"),
        cluster("maglev-small", *up.ports(_NAMES), lb_policy="MAGLEV",
                maglev_lb_config={"table_size": 101}),
        cluster("maglev-weights", *[point(up, name, weight=n + 1)
                                    for n, name in enumerate(_NAMES)], lb_policy="MAGLEV"),
        cluster("maglev-keys", *[point(up, name, metadata=lb(hash_key=f"key-{name}"))
                                 for name in _NAMES], lb_policy="MAGLEV"),
        cluster("maglev-names", *[point(up, name, hostname=f"{name}.test") for name in _NAMES],
                lb_policy="MAGLEV", type="STRICT_DNS",
                common_lb_config={"consistent_hashing_lb_config": {
                    "use_hostname_for_hashing": True}}),
        cluster("random", *up.ports(_NAMES), lb_policy="RANDOM"),
        _localities("ring-localities", up, "RING_HASH"),
        _localities("maglev-localities", up, "MAGLEV"),
    ]
    routes = [route(one["name"], prefix=f"/cluster/{one['name']}/",
                    hash_policy=_POLICIES["header"]) for one in clusters]
    routes += [route("ring", prefix=f"/policy/{name}/", hash_policy=policy)
               for name, policy in _POLICIES.items()]
    return bootstrap(listener(host(*routes)), clusters)


def _localities(name, up, policy):
    one = cluster(name, lb_policy=policy, common_lb_config={"locality_weighted_lb_config": {}})
    one["load_assignment"]["endpoints"] = [
        {"locality": {"zone": "near"}, "load_balancing_weight": 3,
         "lb_endpoints": [point(up, n) for n in "ab"]},
        {"locality": {"zone": "far"}, "load_balancing_weight": 1,
         "lb_endpoints": [point(up, n) for n in "cde"]}]
    return one


def keyed(name):
    return lambda n: Ask(f"/cluster/{name}/", (f"X-Key: key-{n}-{n * n}",))


def policy(name, query="", *headers):
    return Ask(f"/policy/{name}/x{query}", headers)


_HASHED = ["ring", "ring-small", "ring-murmur", "ring-weights", "ring-names", "ring-keys",
           "maglev", "maglev-small", "maglev-weights", "maglev-names", "maglev-keys",
           "ring-localities", "maglev-localities"]

HASHING = World("hashing", hashing, [
    *[Spread(f"120 keys on {name}", keyed(name), 120, exact=True) for name in _HASHED],
    Spread("a bound on the load", keyed("ring-bounded"), 120, exact=True),
    Spread("a hash policy without a hashing balancer", keyed("random"), 300,
           weights=dict.fromkeys(_NAMES, 1)),
    Spread("long, odd and empty keys", lambda n: Ask(
        "/cluster/ring/", ("X-Key: " + "é~ \"x"[n % 6:] + "k" * (n * 7),)), 60, exact=True),
    Spread("query parameter", lambda n: policy("query", f"?a=1&user=u{n}"), 60, exact=True),
    Spread("query parameter twice", lambda n: policy("query", f"?user=u{n}&user=x"), 20,
           exact=True),
    Spread("query parameter missing", policy("query"), 300, weights=dict.fromkeys(_NAMES, 1)),
    Spread("cookie", lambda n: policy("cookie", "", f"Cookie: a=b; session=s{n}"), 60,
           exact=True),
    Spread("cookie missing", policy("cookie"), 300, weights=dict.fromkeys(_NAMES, 1)),
    Spread("cookie in quotes", lambda n: policy("cookie", "", f'Cookie: session="s{n}"'), 20,
           exact=True),
    Spread("header rewritten first", lambda n: policy(
        "header-regex", "", f"X-Key: /{n % 4}/{n}"), 24, exact=True),
    Spread("two headers", lambda n: policy(
        "two", "", f"X-Key: {n // 8}", f"X-More: {n % 8}"), 64, exact=True),
    Spread("two headers, one missing", lambda n: policy("two", "", f"X-More: {n}"), 30,
           exact=True),
    Spread("a header on several lines", lambda n: policy(
        "header", "", f"X-Key: {n}", f"X-Key: {n + 1}", "X-Key: a"), 40, exact=True),
    Spread("several lines in another order", lambda n: policy(
        "header", "", "X-Key: a", f"X-Key: {n}"), 40, exact=True),
    Spread("terminal, the first is there", lambda n: policy(
        "terminal", f"?user={n}", "X-Key: fixed"), 20, exact=True),
    Spread("terminal, the first is missing", lambda n: policy("terminal", f"?user={n}"), 30,
           exact=True),
    Spread("source address", lambda n: Ask("/policy/source/", source=f"127.0.1.{n + 1}"), 40,
           exact=True),
    Spread("source address of a forwarded client", lambda n: Ask(
        "/policy/source/", (f"X-Forwarded-For: 8.8.8.{n}",)), 40, exact=True),
    Spread("no policy on a ring", policy("nothing"), 300, weights=dict.fromkeys(_NAMES, 1)),
    Case("a cookie is made", policy("cookie-made"), ignores=("*.endpoint", "*.body",
                                                             "*.set-cookie")),
    Case("a session cookie is made", policy("cookie-session"),
         ignores=("*.endpoint", "*.body", "*.set-cookie")),
    Case("no cookie is made where one came", policy("cookie-made", "", "Cookie: session=mine")),
    Scene("the cookie that was made leads to the same endpoint",
          lambda side: made_cookie(side, "cookie-made")),
    Scene("so does a session cookie", lambda side: made_cookie(side, "cookie-session")),
], _NAMES)


def made_cookie(side, name):
    """The cookie's form with its value masked, and whether it sticks."""
    _, first = side.respond(policy(name))
    line = first.header("set-cookie")
    value = line.split("=", 1)[1].split(";")[0].strip('"')
    again = {side.respond(policy(name, "", f"Cookie: session={value}"))[1].text
             for _ in range(5)}
    second = side.respond(policy(name))[1].header("set-cookie")
    return {"form": line.replace(value, "*"), "length": len(value),
            "sticks": again == {first.text}, "is fresh": second != line}


# Subsets.

def subsets(up):
    points = [
        point(up, "a", metadata=lb(version="1", stage="prod")),
        point(up, "b", metadata=lb(version="1", stage="dev")),
        point(up, "c", metadata=lb(version="2", stage="prod")),
        point(up, "d", metadata=lb(version=2, canary=True)),
        point(up, "e"),
    ]

    def subset(name, policy="ROUND_ROBIN", **config):
        return cluster(name, *points, lb_policy=policy, lb_subset_config={
            "subset_selectors": [{"keys": ["version"]}, {"keys": ["stage", "version"]},
                                 {"keys": ["canary"]}], **config})

    clusters = [
        subset("none", fallback_policy="NO_FALLBACK"),
        subset("any", fallback_policy="ANY_ENDPOINT"),
        subset("default", fallback_policy="DEFAULT_SUBSET", default_subset={"version": "2"}),
        cluster("own", *points, lb_policy="ROUND_ROBIN", lb_subset_config={
            "fallback_policy": "ANY_ENDPOINT",
            "subset_selectors": [
                {"keys": ["version"], "fallback_policy": "NO_FALLBACK"},
                {"keys": ["stage"], "fallback_policy": "DEFAULT_SUBSET"},
                {"keys": ["stage", "version"], "fallback_policy": "KEYS_SUBSET",
                 "fallback_keys_subset": ["stage"]}],
            "default_subset": {"stage": "dev"}}),
        cluster("single", *points[:3], lb_policy="ROUND_ROBIN", lb_subset_config={
            "fallback_policy": "NO_FALLBACK",
            "subset_selectors": [{"keys": ["stage", "version"],
                                  "single_host_per_subset": False}]}),
        cluster("list", point(up, "a", metadata=lb(stage=["prod", "dev"])),
                point(up, "b", metadata=lb(stage="dev")),
                point(up, "c", metadata=lb(stage="prod")),
                lb_policy="ROUND_ROBIN", lb_subset_config={
                    "fallback_policy": "NO_FALLBACK", "list_as_any": True,
                    "subset_selectors": [{"keys": ["stage"]}]}),
        cluster("panic", point(up, "a", metadata=lb(version="1"), health="UNHEALTHY"),
                point(up, "b", metadata=lb(version="2")), lb_policy="ROUND_ROBIN",
                lb_subset_config={"fallback_policy": "NO_FALLBACK", "panic_mode_any": True,
                                  "subset_selectors": [{"keys": ["version"]}]}),
        subset("hashed", "RING_HASH", fallback_policy="NO_FALLBACK"),
        subset("maglev", "MAGLEV", fallback_policy="NO_FALLBACK"),
        subset("random", "RANDOM", fallback_policy="NO_FALLBACK"),
        subset("least", "LEAST_REQUEST", fallback_policy="NO_FALLBACK"),
    ]

    def wants(to, name, hashes=False, **metadata):
        action = {"metadata_match": {"filter_metadata": lb(**metadata)}} if metadata else {}
        if hashes:
            action["hash_policy"] = _POLICIES["header"]
        return route(to, prefix=f"/{to}/{name}/", **action)

    wanted = {"v1": {"version": "1"}, "v2": {"version": "2"}, "v9": {"version": "9"},
              "prod1": {"stage": "prod", "version": "1"},
              "dev9": {"stage": "dev", "version": "9"}, "prod": {"stage": "prod"},
              "number": {"version": 2}, "canary": {"canary": True}, "all": {}}
    routes = [wants(one["name"], name, one["name"] in ("hashed", "maglev"), **metadata)
              for one in clusters for name, metadata in wanted.items()]
    routes.append({"match": {"prefix": "/weighted/"}, "route": {
        "metadata_match": {"filter_metadata": lb(stage="prod")},
        "weighted_clusters": {"clusters": [
            {"name": "none", "weight": 1,
             "metadata_match": {"filter_metadata": lb(version="1")}},
            {"name": "none", "weight": 1,
             "metadata_match": {"filter_metadata": lb(version="2")}}]}}})
    return bootstrap(listener(host(*routes)), clusters)


def _subset(to, name, draws=40, **shares):
    return Spread(f"{name} of {to}", Ask(f"/{to}/{name}/"), draws, weights=shares or None)


SUBSETS = World("subsets", subsets, [
    _subset("none", "v1", a=1, b=1), _subset("none", "v2", c=1), _subset("none", "v9"),
    _subset("none", "prod1", a=1), _subset("none", "prod"), _subset("none", "number", d=1),
    _subset("none", "canary", d=1), _subset("none", "all"),
    _subset("any", "v9", 100), _subset("any", "all", 100), _subset("any", "v1"),
    _subset("default", "v9", c=1), _subset("default", "all", c=1), _subset("default", "v1"),
    _subset("own", "v9"), _subset("own", "prod"), _subset("own", "dev9"),
    _subset("own", "all", 100), _subset("own", "prod1"),
    _subset("single", "prod1", a=1), _subset("list", "prod", a=1, c=1),
    _subset("panic", "v1"), _subset("random", "v1", 200, a=1, b=1),
    _subset("least", "v1", 200, a=1, b=1),
    Spread("a subset of a ring", lambda n: Ask("/hashed/v1/", (f"X-Key: {n}",)), 60, exact=True),
    Spread("a subset of Maglev", lambda n: Ask("/maglev/v1/", (f"X-Key: {n}",)), 60, exact=True),
    Spread("metadata of a split joins the route's", Ask("/weighted/"), 300,
           weights={"a": 1, "c": 1}),
    Case("statistics of subsets", Ask("/none/v1/"), stats=(
        "cluster.none.lb_subsets_selected",), ignores=("*.endpoint", "*.body")),
    Case("statistics of a fallback", Ask("/any/v9/"), stats=(
        "cluster.any.lb_subsets_fallback",), ignores=("*.endpoint", "*.body")),
    Case("no subset", Ask("/none/v9/"), stats=(
        "cluster.none.upstream_cx_none_healthy",)),
], _NAMES)

# Weights.

def weights(up):
    def weighted(name, policy, **fields):
        return cluster(name, *[point(up, n, weight=w) for n, w in zip("abc", (1, 3, 6),
                                                                      strict=True)],
                       lb_policy=policy, **fields)

    clusters = [
        weighted("round-robin", "ROUND_ROBIN"), weighted("random", "RANDOM"),
        weighted("least", "LEAST_REQUEST"),
        weighted("least-unbiased", "LEAST_REQUEST",
                 least_request_lb_config={"active_request_bias": {
                     "default_value": 0.0, "runtime_key": "none"}}),
        cluster("huge", point(up, "a", weight=1), point(up, "b", weight=1_000_000),
                lb_policy="ROUND_ROBIN"),
        cluster("even", *up.ports("abc"), lb_policy="ROUND_ROBIN"),
        cluster("even-least", *up.ports("abc"), lb_policy="LEAST_REQUEST"),
        cluster("twice", point(up, "a"), point(up, "b"), point(up, "a"),
                lb_policy="ROUND_ROBIN"),
        cluster("drained", point(up, "a", health="DRAINING"), point(up, "b"),
                point(up, "c", health="DEGRADED"), lb_policy="ROUND_ROBIN"),
        cluster("unhealthy", point(up, "a", health="UNHEALTHY"), *up.ports("bc"),
                lb_policy="ROUND_ROBIN"),
    ]
    for policy, field in (("ROUND_ROBIN", "round_robin_lb_config"),
                          ("LEAST_REQUEST", "least_request_lb_config")):
        clusters.append(weighted(f"slow-start-{policy[0].lower()}", policy, **{field: {
            "slow_start_config": {"slow_start_window": "60s",
                                  "min_weight_percent": {"value": 20}}}}))
    return bootstrap(listener(host(*[route(one["name"], prefix=f"/{one['name']}/")
                                     for one in clusters])), clusters)


WEIGHTS = World("weights", weights, [
    Spread("weighted round robin", Ask("/round-robin/"), 400, weights={"a": 1, "b": 3, "c": 6}),
    Spread("weighted random", Ask("/random/"), 400),
    Spread("weighted least request", Ask("/least/"), 400, weights={"a": 1, "b": 3, "c": 6}),
    Spread("weighted least request without bias", Ask("/least-unbiased/"), 400),
    Spread("one in a million", Ask("/huge/"), 200),
    Spread("even round robin", Ask("/even/"), 300, weights=dict.fromkeys("abc", 1)),
    Spread("even least request", Ask("/even-least/"), 300, weights=dict.fromkeys("abc", 1)),
    Spread("an endpoint listed twice", Ask("/twice/"), 200),
    Spread("draining and degraded endpoints", Ask("/drained/"), 200),
    Spread("everyone in slow start, round robin", Ask("/slow-start-r/"), 400),
    Spread("everyone in slow start, least request", Ask("/slow-start-l/"), 400),
    Spread("an unhealthy endpoint", Ask("/unhealthy/"), 100, weights={"b": 1, "c": 1}),
], "abc")

WORLDS = (HASHING, SUBSETS, WEIGHTS)
