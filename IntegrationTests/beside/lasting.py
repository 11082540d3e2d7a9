"""How long and how often: timeouts, stream durations, internal redirects, mirrored requests."""

from beside.case import SILENT, Answer, Ask, Case, Difference, Scene, Spread, World
from beside.parts import INSIDE, bootstrap, cluster, host, inside, listener, retries, route

_STALL = Answer(instead="stall")


def timeouts(up):
    routes = [
        route("app", prefix="/timeout/", timeout="0.1s"),
        route("app", prefix="/off/", timeout="0s"),
        route("app", prefix="/idle/", idle_timeout="0.1s", timeout="0s"),
        route("app", prefix="/idle-off/", idle_timeout="0s", timeout="0s"),
        route("app", prefix="/duration/", timeout="0s",
              max_stream_duration={"max_stream_duration": "0.1s"}),
        route("app", prefix="/duration-off/", max_stream_duration={"max_stream_duration": "0s"}),
        route("app", prefix="/grpc/", timeout="0.3s", max_stream_duration={
            "max_stream_duration": "2s", "grpc_timeout_header_max": "0.2s"}),
        route("app", prefix="/grpc-offset/", max_stream_duration={
            "grpc_timeout_header_max": "0s", "grpc_timeout_header_offset": "0.05s"}),
        route("app", prefix="/grpc-old/", max_grpc_timeout="0.2s"),
        route("hole", prefix="/connect/"),
        route("hole", prefix="/connect-retried/", retry_policy=retries("connect-failure", 1)),
        route("short", prefix="/cluster-duration/", timeout="0s"),
        route("app"),
    ]
    return bootstrap([
        listener(host(*routes), **INSIDE),
        listener(host(*routes), name="lasting", common_http_protocol_options={
            "max_stream_duration": "0.1s"}),
        listener(host(*routes), name="idle", stream_idle_timeout="0.1s"),
        listener(host(*routes), name="request", request_timeout="0.1s"),
        listener(host(*routes), name="delayed", delayed_close_timeout="0.1s"),
        listener(host(*routes), name="respecting", router={
            "respect_expected_rq_timeout": True}, **INSIDE),
    ], [
        cluster("app", up["a"]),
        cluster("hole", up.hole, connect_timeout="0.1s"),
        cluster("short", up["a"], typed_extension_protocol_options={
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3"
                         ".HttpProtocolOptions",
                "common_http_protocol_options": {"max_stream_duration": "0.1s"},
                "explicit_http_config": {"http_protocol_options": {}}}}),
    ])


_SLOW = (Answer(delay=0.3),)
_GRPC = "Content-Type: application/grpc"
# What is left of a time when a request is sent differs by milliseconds.
_LEFT = ("*.x-envoy-expected-rq-timeout-ms", "*.grpc-timeout", "*.grpc-message")  # Ours says more.

TIMEOUTS = World("timeouts", timeouts, [
    Case("a timeout", Ask("/timeout/", upstream=(SILENT,)),
         stats=("cluster.app.upstream_rq_timeout", "cluster.app.upstream_rq_504")),
    Case("a timeout amid a body", Ask("/timeout/", upstream=(_STALL,)),
         stats=("cluster.app.upstream_rq_timeout", "cluster.app.upstream_rq_200")),
    Case("no timeout", Ask("/off/", upstream=_SLOW)),
    Case("idle before an answer", Ask("/idle/", upstream=(SILENT,)),
         stats=("http.main.downstream_rq_idle_timeout",)),
    Case("idle amid a body", Ask("/idle/", upstream=(_STALL,)),
         stats=("http.main.downstream_rq_idle_timeout",)),
    Case("idle by the listener", Ask("/off/", listener="idle", upstream=(SILENT,)),
         stats=("http.idle.downstream_rq_idle_timeout",)),
    Case("idle by the listener, off for the route",
         Ask("/idle-off/", listener="idle", upstream=_SLOW)),
    Case("a request that does not end", Ask("/", ("Content-Length: 5",), "POST",
                                            listener="request"),
         stats=("http.request.downstream_rq_timeout",)),
    Case("a duration", Ask("/duration/", upstream=(SILENT,)),
         stats=("http.main.downstream_rq_max_duration_reached",)),
    Case("a duration amid a body", Ask("/duration/", upstream=(_STALL,)),
         stats=("http.main.downstream_rq_max_duration_reached",)),
    Case("a duration by the listener", Ask("/off/", listener="lasting", upstream=(SILENT,)),
         stats=("http.lasting.downstream_rq_max_duration_reached",)),
    Case("a duration by the listener, off for the route",
         Ask("/duration-off/", listener="lasting", upstream=(Answer(delay=0.2),))),
    Case("a duration by the cluster", Ask("/cluster-duration/", upstream=(SILENT,)),
         stats=("cluster.short.upstream_rq_max_duration_reached",)),
    Case("a gRPC timeout below the most", Ask("/grpc/", (_GRPC, "Grpc-Timeout: 100m"), "POST",
                                             body=b"", upstream=(SILENT,)), ignores=_LEFT),
    Case("a gRPC timeout above the most", Ask("/grpc/", (_GRPC, "Grpc-Timeout: 9S"), "POST",
                                             body=b"", upstream=(SILENT,)), ignores=_LEFT),
    Case("no gRPC timeout", Ask("/grpc/", (_GRPC,), "POST", body=b"", upstream=(SILENT,)),
         ignores=_LEFT),
    Case("a gRPC timeout with an offset", Ask("/grpc-offset/", (_GRPC, "Grpc-Timeout: 150m"),
                                             "POST", body=b"", upstream=(SILENT,)),
         ignores=_LEFT),
    Case("a gRPC timeout of the old form", Ask("/grpc-old/", (_GRPC, "Grpc-Timeout: 100m"),
                                               "POST", body=b"", upstream=(SILENT,)),
         ignores=_LEFT),
    Case("a connection that is never made", Ask("/connect/"), stats=(
        "cluster.hole.upstream_cx_connect_timeout", "cluster.hole.upstream_cx_connect_fail")),
    Case("a connection that is never made, twice", Ask("/connect-retried/"), stats=(
        "cluster.hole.upstream_cx_connect_timeout", "cluster.hole.upstream_rq_retry")),
    Case("a stream duration asked for", Ask("/off/", (
        inside(), "X-Envoy-Upstream-Stream-Duration-Ms: 100"), upstream=(SILENT,)),
        ignores=_LEFT),
    Case("an expected timeout respected", Ask("/", (
        inside(), "X-Envoy-Expected-Rq-Timeout-Ms: 100"), listener="respecting",
        upstream=(SILENT,)), ignores=_LEFT),
    Case("an expected timeout not respected", Ask("/", (
        inside(), "X-Envoy-Expected-Rq-Timeout-Ms: 100"), upstream=_SLOW)),
    Case("the client goes", Ask("/", upstream=(Answer(delay=0.3),), patience=0.1),
         stats=("http.main.downstream_rq_rx_reset", "cluster.app.upstream_rq_tx_reset",
                "cluster.app.upstream_rq_cancelled"), arrivals=1),
])


def redirects(up):
    predicates = "type.googleapis.com/envoy.extensions.internal_redirect."

    def follow(name, *extensions, to="app", **policy):
        if extensions:
            policy["predicates"] = [
                {"name": f"envoy.internal_redirect_predicates.{one}", "typed_config": {
                    "@type": predicates + kind, **more}} for one, kind, more in extensions]
        return route(to, prefix=f"/{name}/", internal_redirect_policy=policy) | {"name": name}

    routes = [
        follow("once"),
        follow("thrice", max_internal_redirects=3),
        follow("codes", redirect_response_codes=[301, 307]),
        follow("other", redirect_response_codes=[303]),
        follow("cross", allow_cross_scheme_redirect=True),
        follow("safe", ("safe_cross_scheme", "safe_cross_scheme.v3.SafeCrossSchemeConfig", {}),
               allow_cross_scheme_redirect=True),
        follow("previous", ("previous_routes", "previous_routes.v3.PreviousRoutesConfig", {}),
               max_internal_redirects=5),
        follow("allowed", ("allow_listed_routes",
                           "allow_listed_routes.v3.AllowListedRoutesConfig",
                           {"allowed_route_names": ["target"]})),
        follow("copied", response_headers_to_copy=["x-copied", "x-not-there"]),
        route("app", prefix="/old-style/", internal_redirect_action="HANDLE_INTERNAL_REDIRECT"),
        route("app", prefix="/never/"),
        {"match": {"prefix": "/direct/"},
         "direct_response": {"status": 202, "body": {"inline_string": "direct"}}},
        route("other", prefix="/target/") | {"name": "target"},
        route("other") | {"name": "rest"},
    ]
    vhost = host(*routes, domains=["test", "second.test"])
    other = host(route("other", prefix="/") | {"name": "of-third"}, domains=["third.test"],
                 name="third")
    return bootstrap([listener(vhost, other)],
                     [cluster("app", up["a"]), cluster("other", up["b"])])


def _to(where, code=302, *headers):
    return Answer(code, (f"location: {where}", *headers), body="moved")


_REDIRECTED = tuple(f"cluster.app.upstream_internal_redirect_{what}_total"
                    for what in ("succeeded", "failed"))


def _followed(name, path, *script, stats=_REDIRECTED, difference=None, **ask):
    return Case(name, Ask(path, upstream=script, **ask), stats=stats, difference=difference)


def _logs(route, theirs, cluster):
    """The route and cluster of the answer; Envoy names what it looked up last, in vain."""
    return Difference("the log names the route and the cluster that the answer came by", {
        "0.log.route": (route, theirs), "0.log.cluster": ("app", cluster)})


REDIRECTS = World("internal redirects", redirects, [
    _followed("followed", "/once/x", _to("http://test/target/y?z"), Answer()),
    _followed("to another host", "/once/x", _to("http://third.test/target/"), Answer()),
    _followed("to an unknown host", "/once/x", _to("http://unknown.test/target/"), Answer(),
              difference=_logs("once", None, None)),
    _followed("to a path alone", "/once/x", _to("/target/"), Answer()),
    _followed("to a relative path", "/once/x", _to("target/"), Answer()),
    _followed("to a host with a port", "/once/x", _to("http://test:80/target/"), Answer(),
              difference=_logs("once", None, None)),
    _followed("to a fragment", "/once/x", _to("http://test/target/#here"), Answer()),
    _followed("twice where once is allowed", "/once/x", _to("http://test/once/y"),
              _to("http://test/target/"), Answer()),
    _followed("twice where thrice is allowed", "/thrice/x", _to("http://test/thrice/y"),
              _to("http://test/target/"), Answer()),
    _followed("no status of the list", "/codes/x", _to("http://test/target/"), stats=()),
    _followed("a status of the list", "/codes/x", _to("http://test/target/", 307), Answer()),
    _followed("303 makes it GET", "/other/x", _to("http://test/target/", 303), Answer(),
              method="POST", body=b"body"),
    _followed("307 keeps the method and body", "/codes/x", _to("http://test/target/", 307),
              Answer(), method="POST", body=b"body"),
    _followed("no location", "/once/x", Answer(302)),
    _followed("a location that is nonsense", "/once/x", _to("::nonsense")),
    _followed("https is another scheme", "/once/x", _to("https://test/target/"), Answer()),
    _followed("another scheme is allowed", "/cross/x", _to("https://test/target/"), Answer()),
    _followed("another scheme is safe", "/safe/x", _to("https://test/target/"), Answer(),
              difference=_logs("safe", "target", "other")),
    _followed("a route taken before", "/previous/x", _to("http://test/previous/y"),
              _to("http://test/target/"), Answer()),
    _followed("a route that is listed", "/allowed/x", _to("http://test/target/"), Answer()),
    _followed("a route that is not listed", "/allowed/x", _to("http://test/elsewhere/"),
              difference=_logs("allowed", "rest", "other")),
    _followed("headers copied", "/copied/x", _to(
        "http://test/target/", 302, "x-copied: 1", "x-other: 2"), Answer()),
    _followed("asked for in the old form", "/old-style/x", _to("http://test/target/"), Answer()),
    _followed("not asked for", "/never/x", _to("http://test/target/"), stats=()),
    _followed("to a direct response", "/once/x", _to("http://test/direct/")),
], "ab")


def mirrors(up):
    def mirrored(name, *policies, to="app", **fields):
        return route(to, prefix=f"/{name}/", request_mirror_policies=list(policies), **fields)

    routes = [
        mirrored("always", {"cluster": "shadow"}),
        mirrored("never", {"cluster": "shadow", "runtime_fraction": {
            "default_value": {"numerator": 0}}}),
        mirrored("half", {"cluster": "shadow", "runtime_fraction": {
            "default_value": {"numerator": 50}}}),
        mirrored("two", {"cluster": "shadow"}, {"cluster": "second"}),
        mirrored("unknown", {"cluster_header": "x-shadow"}),
        mirrored("dead", {"cluster": "dead"}),
        mirrored("bare", {"cluster": "shadow", "disable_shadow_host_suffix_append": True}),
        mirrored("rewritten", {"cluster": "shadow"}, prefix_rewrite="/new/",
                 host_rewrite_literal="new.test"),
        mirrored("literal", {"cluster": "shadow", "host_rewrite_literal": "shadow.test"}),
        mirrored("changed", {"cluster": "shadow", "request_headers_mutations": [
            {"append": {"header": {"key": "x-shadow", "value": "1"}}},
            {"remove": "x-gone"}]}),
        mirrored("traced", {"cluster": "shadow", "trace_sampled": False}),
    ]
    return bootstrap(listener(host(*routes, request_mirror_policies=[{"cluster": "second"}]),
                              host(route("app", prefix="/"), domains=["by-host"], name="by-host",
                                   request_mirror_policies=[{"cluster": "second"}])),
                     [cluster("app", up["a"]), cluster("shadow", up["b"]),
                      cluster("second", up["c"]), cluster("dead", up.dead)])


def _half(side):
    """About half of the requests are mirrored."""
    before = side.stat("cluster.shadow.upstream_rq_total")
    side.answers([Ask("/half/")] * 300)
    moved = side.stat("cluster.shadow.upstream_rq_total") - before
    return 100 < moved < 200


_SHADOWED = ("cluster.shadow.upstream_rq_total", "cluster.app.upstream_rq_total")


def _mirror(name, path, arrivals=2, stats=_SHADOWED, **ask):
    # Envoy adds an address of the machine to what it mirrors.
    return Case(name, Ask(path, **ask), stats=stats, arrivals=arrivals, unordered=True,
                ignores=("*.seen.*.x-forwarded-for",))


MIRRORS = World("mirrors", mirrors, [
    _mirror("always", "/always/x?y"), _mirror("never", "/never/", 1),
    _mirror("with a body", "/always/", method="POST", body=b"b" * 3000),
    _mirror("to two clusters", "/two/", 3),
    _mirror("to a cluster by header", "/unknown/", headers=("X-Shadow: shadow",)),
    _mirror("to an unknown cluster by header", "/unknown/", 1, headers=("X-Shadow: no",),
            stats=("cluster.app.upstream_rq_total",)),
    _mirror("to an endpoint that refuses", "/dead/", 1, stats=(
        "cluster.dead.upstream_cx_connect_fail",)),
    _mirror("host without a suffix", "/bare/"),
    _mirror("host with a port", "/always/", host="test:81"),
    _mirror("rewritten", "/rewritten/x"), _mirror("host by a literal", "/literal/"),
    _mirror("headers changed", "/changed/", headers=("X-Gone: 1",)),
    _mirror("by the virtual host", "/", host="by-host", stats=()),
    Scene("half of them", _half),
    Spread("the mirror does not slow the answer", Ask("/always/"), 50),
], "abc")

WORLDS = (TIMEOUTS, REDIRECTS, MIRRORS)
