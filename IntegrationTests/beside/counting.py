"""What is counted: every statistic that moves in Envoy for one kind of request."""

from beside.case import (CLOSE, CUT, SILENT, Answer, Ask, Case, Difference, World,
                         status)
from beside.parts import (INSIDE, bootstrap, cluster, direct, host, inside, listener, redirect,
                          retries, route)


def counting(up):
    routes = [
        route("app", prefix="/retry/", retry_policy=retries("5xx", 1)),
        route("app", prefix="/timeout/", timeout="0.1s"),
        route("dead", prefix="/dead/"),
        route("empty", prefix="/empty/"),
        direct("/direct/", 404, "no"),
        redirect("/moved/", path_redirect="/x"),
        route("alt", prefix="/alt/"),
        route("app", prefix="/named/") | {"stat_prefix": "the_route"},
        {"match": {"prefix": "/lost/"}, "route": {"cluster_header": "x-none"}},
        route("app", prefix="/app/"),
    ]
    virtual = [
        {"name": "posts", "headers": [
            {"name": ":path", "string_match": {"prefix": "/app/"}},
            {"name": ":method", "string_match": {"exact": "POST"}}]},
        {"name": "retried", "headers": [
            {"name": ":path", "string_match": {"prefix": "/retry/"}}]},
        {"name": "slow", "headers": [
            {"name": ":path", "string_match": {"safe_regex": {"regex": "/timeout/.*"}}}]},
    ]
    return bootstrap(
        [listener(host(*routes, name="shop", virtual_clusters=virtual),
                  log={"vcluster": "%VIRTUAL_CLUSTER_NAME%"}, **INSIDE),
         listener(host(*routes, name="quiet"), name="quiet", router={"dynamic_stats": False})],
        [cluster("app", up["a"]), cluster("dead", up.dead), cluster("empty"),
         cluster("alt", up["a"], alt_stat_name="other_name")])


# All that moves; bytes depend on each proxy's own words, and lengths of time are histograms.
_ALL = ("cluster.*", "http.main.*", "vhost.*")
_BYTES = ("stats.*bytes*",)


def _all(name, path, script=(), *sent, ignores=(), difference=None, **ask):
    return Case(name, Ask(path, sent, upstream=script, **ask), stats=_ALL,
                ignores=(*_BYTES, *ignores), difference=difference)


COUNTING = World("statistics", counting, [
    _all("200", "/app/"), _all("200 again", "/app/"), _all("404", "/app/", status(404)),
    _all("503", "/app/", status(503)), _all("599", "/app/", status(599)),
    _all("redirect of the app", "/app/", status(302)),
    _all("POST with a virtual cluster", "/app/", (), method="POST", body=b"x"),
    _all("a retry that succeeds", "/retry/", status(503, 200)),
    _all("a retry that does not", "/retry/", status(503)),
    # With GET a connection kept from before would be tried again by itself.
    _all("a retry of a closed connection", "/retry/", (CLOSE, Answer()), method="POST", body=b"x"),
    _all("a timeout", "/timeout/", (SILENT,)),
    _all("closed before the answer", "/app/", (CLOSE,), method="POST", body=b"x"),
    _all("closed amid the answer", "/app/", (CUT,), difference=Difference(
        "a broken answer ends its connection at once; Envoy waits for its delayed close", {
            "stats.http.main.downstream_cx_delayed_close_timeout": (None, 1)})),
    _all("no answer but nonsense", "/app/", (Answer(instead="garbage"),)),
    _all("refused", "/dead/"), _all("no endpoint", "/empty/"),
    _all("no route", "/nowhere/"), _all("no cluster", "/lost/"),
    _all("a direct response", "/direct/"), _all("a redirect", "/moved/"),
    _all("a canary", "/app/", (Answer(200, ("x-envoy-upstream-canary: true",)),)),
    _all("from inside", "/app/", (), inside()),
    _all("an alternative name by header", "/app/", (), inside(),
         "X-Envoy-Upstream-Alt-Stat-Name: mine"),
    _all("an alternative name of the cluster", "/alt/"),
    _all("a route with a name for statistics", "/named/"),
    _all("the upstream closes its connection", "/app/", (Answer(closes=True),)),
    _all("HEAD", "/app/", (), method="HEAD"),
    _all("a malformed head", "/app/", (), "X A: b", difference=Difference(
        "the details name the mistake", {
            "0.log.details": ("http1.space_before_colon", "http1.codec_error")})),
    _all("the client goes", "/app/", (Answer(delay=0.3),), patience=0.1),
    Case("the listener without dynamic statistics", Ask("/app/", listener="quiet"),
         stats=("cluster.app.*", "http.quiet.*", "vhost.*"), ignores=_BYTES),
])

WORLDS = (COUNTING,)
