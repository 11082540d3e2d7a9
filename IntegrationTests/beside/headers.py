"""What headers become: mutations at every level, operators, rewrites, `x-envoy-*` of both sides."""

from beside.case import Answer, Ask, Case, Difference, World, status
from beside.parts import add, bootstrap, cluster, host, listener, retries, route


def mutations(up):
    routes = [
        route("app", prefix="/levels",
              ) | {"request_headers_to_add": add("x-level: route"),
                   "response_headers_to_add": add("x-level: route")},
        route("app", prefix="/append") | {"request_headers_to_add": [
            *add("x-append: new"),
            *add("x-absent-only: new", append_action="ADD_IF_ABSENT"),
            *add("x-overwrite: new", append_action="OVERWRITE_IF_EXISTS"),
            *add("x-set: new", append_action="OVERWRITE_IF_EXISTS_OR_ADD"),
            *add("x-old-style: new", append=False)]},
        route("app", prefix="/answer") | {"response_headers_to_add": [
            *add("x-append: new"),
            *add("x-absent-only: new", append_action="ADD_IF_ABSENT"),
            *add("x-overwrite: new", append_action="OVERWRITE_IF_EXISTS"),
            *add("x-set: new", append_action="OVERWRITE_IF_EXISTS_OR_ADD")],
            "response_headers_to_remove": ["x-gone", "server"]},
        route("app", prefix="/remove") | {
            "request_headers_to_remove": ["x-gone", "user-agent", "accept"],
            "response_headers_to_remove": ["x-envoy-upstream-service-time", "date"]},
        route("app", prefix="/both") | {
            "request_headers_to_remove": ["x-both"],
            "request_headers_to_add": add("x-both: added")},
        route("app", prefix="/many") | {"request_headers_to_add": add("x-m: 1", "x-m: 2",
                                                                      "X-M: 3")},
        route("app", prefix="/empty") | {"request_headers_to_add": [
            {"header": {"key": "x-empty", "value": "%REQ(x-none)%"}},
            {"header": {"key": "x-kept", "value": "%REQ(x-none)%"}, "keep_empty_value": True},
            {"header": {"key": "x-mixed", "value": "a%REQ(x-none)%b"}}]},
        route("app", prefix="/host-by-header") | {"request_headers_to_add": add(
            "x-host: %REQ(HOST)%", "x-authority: %REQ(:AUTHORITY)%")},
        route("app", prefix="/special") | {"request_headers_to_add": add(
            "cookie: own=1", "content-type: text/own", "user-agent: own")},
        route("dead", prefix="/local") | {"response_headers_to_add": add("x-route: r")},
    ]
    return bootstrap([
        listener(
            host(*routes, name="hosted", request_headers_to_add=add("x-level: host"),
                 response_headers_to_add=add("x-level: host"),
                 request_headers_to_remove=["x-host-gone"],
                 response_headers_to_remove=["x-host-gone"]),
            routes={"request_headers_to_add": add("x-level: table"),
                    "response_headers_to_add": add("x-level: table"),
                    "internal_only_headers": ["x-secret"],
                    "request_headers_to_remove": ["x-table-gone"]}),
        listener(host(*routes, name="hosted", request_headers_to_add=add(
            "x-level: host", append_action="OVERWRITE_IF_EXISTS_OR_ADD")),
            name="top",
            routes={"most_specific_header_mutations_wins": True,
                    "request_headers_to_add": add(
                        "x-level: table", append_action="OVERWRITE_IF_EXISTS_OR_ADD")}),
        listener(host(*routes, name="hosted", request_headers_to_add=add(
            "x-level: host", append_action="OVERWRITE_IF_EXISTS_OR_ADD")),
            name="bottom",
            routes={"request_headers_to_add": add(
                "x-level: table", append_action="OVERWRITE_IF_EXISTS_OR_ADD")}),
    ], [cluster("app", up["a"]), cluster("dead", up.dead)])


_OLD = ("X-Append: old", "X-Absent-Only: old", "X-Overwrite: old", "X-Set: old",
        "X-Old-Style: old")
_ANSWERED = Answer(headers=("x-append: old", "x-absent-only: old", "x-overwrite: old",
                            "x-set: old", "x-gone: 1", "server: theirs"))

MUTATIONS = World("header mutations", mutations, [
    Case("three levels, in order", Ask("/levels", ("X-Level: request",),
                                       upstream=(Answer(headers=("x-level: app",)),))),
    Case("levels, the most specific last", Ask("/levels", listener="top")),
    Case("levels, the least specific last", Ask("/levels", listener="bottom")),
    Case("append actions, header there", Ask("/append", _OLD)),
    Case("append actions, header missing", Ask("/append")),
    Case("append actions, header there twice", Ask("/append", _OLD + _OLD)),
    Case("append actions on the response", Ask("/answer", upstream=(_ANSWERED,))),
    Case("append actions on the response, missing", Ask("/answer")),
    Case("removals", Ask("/remove", ("X-Gone: 1", "X-Gone: 2", "User-Agent: me", "Accept: a"))),
    Case("removals of outer levels", Ask("/levels", ("X-Host-Gone: 1", "X-Table-Gone: 1"),
                                         upstream=(Answer(headers=("x-host-gone: 1",)),))),
    Case("removed, then added", Ask("/both", ("X-Both: sent",))),
    Case("the same header added three times", Ask("/many")),
    Case("values that are empty", Ask("/empty")),
    Case("the host by two names", Ask("/host-by-header", host="shop.test:80")),
    Case("well-known headers added", Ask("/special", (
        "Cookie: a=b", "Content-Type: text/plain", "User-Agent: me"), "POST", body=b"x")),
    Case("internal only headers from inside", Ask("/levels", ("X-Secret: 1",))),
    Case("added to local replies", Ask("/local")),
])

_OPERATORS = {
    "literal": "50%%", "path": "%PATH%", "req": "%REQ(:METHOD)%:%REQ(X-A?X-B)%",
    "cut": "%REQ(X-LONG):4%", "protocol": "%PROTOCOL%", "route": "%ROUTE_NAME%",
    "cluster": "%UPSTREAM_CLUSTER%", "cluster-raw": "%UPSTREAM_CLUSTER_RAW%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "direct": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%",
    "local": "%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%",
    "hostname": "%REQ(:AUTHORITY)%", "scheme": "%REQ(:SCHEME)%",
    "vcluster": "%VIRTUAL_CLUSTER_NAME%", "env": "%ENVIRONMENT(BESIDE_WORD)%",
    "meta": "%METADATA(ROUTE:com.example:color)%",
    "meta-deep": "%METADATA(ROUTE:com.example:shape:sides)%",
    "meta-cluster": "%METADATA(CLUSTER:com.example:tier)%",
    "meta-none": "%METADATA(ROUTE:com.example:nothing)%",
    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%", "sni": "%REQUESTED_SERVER_NAME%",
    "dyn": "%DYNAMIC_METADATA(com.example:x)%",
}
_ANSWER_OPERATORS = {
    "code": "%RESPONSE_CODE%", "resp": "%RESP(X-UP)%", "resp-alt": "%RESP(X-NONE?X-UP):2%",
    "req": "%REQ(:PATH)%", "flags": "%RESPONSE_FLAGS%", "details": "%RESPONSE_CODE_DETAILS%",
    "cluster": "%UPSTREAM_CLUSTER%", "route": "%ROUTE_NAME%", "protocol": "%PROTOCOL%",
    "upstream": "%UPSTREAM_HOST%", "remote": "%UPSTREAM_REMOTE_ADDRESS%",
    "remote-ip": "%UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "meta-host": "%METADATA(UPSTREAM_HOST:com.example:zone)%",
    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%", "bytes": "%BYTES_RECEIVED%",
    "upstream-protocol": "%UPSTREAM_PROTOCOL%",
}


def operators(up):
    def with_operator(name, text):
        return route("app", prefix=f"/{name}/") | {
            "name": f"named-{name}", "request_headers_to_add": add(f"x-value: {text}"),
            "metadata": {"filter_metadata": {"com.example": {
                "color": "red", "shape": {"sides": 3}}}}}

    def on_answer(name, text):
        return route("app", prefix=f"/answer-{name}/",
                     retry_policy=retries("5xx", 1)) | {
            "name": f"named-{name}", "response_headers_to_add": add(f"x-value: {text}")}

    app = cluster("app", {
        "endpoint": {"address": {"socket_address": {
            "address": "127.0.0.1", "port_value": up["a"]}}},
        "metadata": {"filter_metadata": {"com.example": {"zone": "z1"}}}},
        metadata={"filter_metadata": {"com.example": {"tier": "gold"}}})
    vhost = host(*[with_operator(*item) for item in _OPERATORS.items()],
                 *[on_answer(*item) for item in _ANSWER_OPERATORS.items()],
                 virtual_clusters=[{"name": "ops", "headers": [
                     {"name": ":path", "string_match": {"prefix": "/"}}]}])
    return bootstrap(listener(vhost), [app])


OPERATORS = World("operators", operators, [
    *[Case(f"{text} in a request", Ask(f"/{name}/x?q=1", ("X-B: second", "X-Long: longer")))
      for name, text in _OPERATORS.items()],
    *[Case(f"{text} in a response",
           Ask(f"/answer-{name}/x?q=1", upstream=(
               *(status(503) if name == "attempts" else ()),
               Answer(201, ("x-up: upvalue",)))))
      for name, text in _ANSWER_OPERATORS.items()],
], env={"BESIDE_WORD": "word"})


def rewrites(up):
    routes = [
        route("app", prefix="/host-literal", host_rewrite_literal="new.test"),
        route("app", prefix="/host-forwarded", host_rewrite_literal="new.test",
              append_x_forwarded_host=True),
        route("app", prefix="/host-header", host_rewrite_header="x-new-host"),
        route("app", prefix="/host-regex", host_rewrite_path_regex={
            "pattern": {"regex": "^/host-regex/(\\w+).*$"}, "substitution": "\\1.test"}),
        route("named", prefix="/host-auto", auto_host_rewrite=True),
        route("named", prefix="/host-auto-static", auto_host_rewrite=True),
        route("app", prefix="/prefix/", prefix_rewrite="/"),
        route("app", prefix="/same", prefix_rewrite="/longer/same"),
        route("app", match={"path": "/exact"}, prefix_rewrite="/other"),
        route("app", match={"safe_regex": {"regex": "/rx/.*"}},
              regex_rewrite={"pattern": {"regex": "/([a-z]+)/([0-9]+)"},
                             "substitution": "/\\2/\\1"}),
        route("app", match={"path_separated_prefix": "/sep"}, prefix_rewrite="/"),
        route("app", prefix="/rx-all/", regex_rewrite={
            "pattern": {"regex": "o"}, "substitution": "0"}),
        {"match": {"prefix": "/rewritten-log"}, "route": {
            "cluster": "app", "prefix_rewrite": "/inner", "host_rewrite_literal": "new.test"},
         "request_headers_to_add": add("x-path: %REQ(:PATH)%",
                                       "x-was: %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%")},
        route("app"),
    ]
    return bootstrap([
        listener(host(*routes), log={"path": "%REQ(:PATH)%",
                                     "was": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
                                     "authority": "%REQ(:AUTHORITY)%"}),
        listener(host(*routes), name="quiet", router={"suppress_envoy_headers": True}),
        listener(host(*routes), name="via", via="1.1 beside"),
        listener(host(*routes, include_request_attempt_count=True,
                      include_attempt_count_in_response=True), name="counted"),
        listener(host(*routes), name="no-id", generate_request_id=False),
        listener(host(*routes), name="keep-id", preserve_external_request_id=True,
                 always_set_request_id_in_response=True, use_remote_address=True),
        listener(host(*routes), name="answer-id", always_set_request_id_in_response=True),
        listener(host(*routes), name="pass", server_header_transformation="PASS_THROUGH"),
        listener(host(*routes), name="absent",
                 server_header_transformation="APPEND_IF_ABSENT", server_name="own"),
        listener(host(*routes), name="agent", add_user_agent=True),
        listener(host(*routes), name="underscores", common_http_protocol_options={
            "headers_with_underscores_action": "DROP_HEADER"}),
        listener(host(*routes), name="no-underscores", common_http_protocol_options={
            "headers_with_underscores_action": "REJECT_REQUEST"}),
        listener(host(*routes), name="few", common_http_protocol_options={
            "max_headers_count": 5}),
        listener(host(*routes), name="proto", scheme_header_transformation={
            "scheme_to_overwrite": "https"}),
    ], [cluster("app", up["a"]),
        cluster("named", {"endpoint": {
            "hostname": "endpoint.test",
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": up["a"]}}}},
            type="STRICT_DNS")])


REWRITES = World("rewrites", rewrites, [
    Case("host to a literal", Ask("/host-literal", host="old.test:80")),
    Case("host to a literal, the old one forwarded", Ask("/host-forwarded", host="old.test")),
    Case("an old forwarded host is there", Ask("/host-forwarded", ("X-Forwarded-Host: first",))),
    Case("host by a header", Ask("/host-header", ("X-New-Host: by-header.test",))),
    Case("host by a header that is missing", Ask("/host-header")),
    Case("host by regex of the path", Ask("/host-regex/shop/x?y=z")),
    Case("host of the endpoint", Ask("/host-auto")),
    Case("prefix", Ask("/prefix/x?y=z")),
    Case("prefix, nothing after it", Ask("/prefix/")),
    Case("prefix, longer", Ask("/same/x")),
    Case("exact path", Ask("/exact?y")),
    Case("regex", Ask("/rx/ab/12?q=/ab/12")),
    Case("every match of the regex", Ask("/rx-all/foo/boo?o=o")),
    Case("separated prefix", Ask("/sep/x")),
    Case("separated prefix alone", Ask("/sep")),
    Case("the log and operators after a rewrite", Ask("/rewritten-log/x")),
    Case("an original path comes from outside", Ask("/", ("X-Envoy-Original-Path: /mine",))),
    Case("Envoy's headers suppressed", Ask("/prefix/x", listener="quiet")),
    Case("Via", Ask(listener="via")),
    Case("Via appended", Ask("/", ("Via: 1.0 first",), listener="via",
                             upstream=(Answer(headers=("via: 1.1 up",)),))),
    Case("attempts counted", Ask(listener="counted")),
    Case("attempts from outside", Ask("/", ("X-Envoy-Attempt-Count: 7",), listener="counted")),
    Case("no request id", Ask(listener="no-id")),
    Case("a request id of the client stays", Ask("/", ("X-Request-Id: mine",))),
    Case("a request id in the response", Ask(listener="answer-id")),
    Case("an external request id stays", Ask("/", ("X-Request-Id: mine",), listener="keep-id",
                                             source="127.0.0.2")),
    Case("server passed through",
         Ask(listener="pass", upstream=(Answer(headers=("server: theirs",)),))),
    Case("server passed through, none there", Ask(listener="pass")),
    Case("server if absent", Ask(listener="absent")),
    Case("server if absent, and it is there",
         Ask(listener="absent", upstream=(Answer(headers=("server: theirs",)),))),
    Case("user agent added", Ask(listener="agent")),
    Case("user agent added to the client's", Ask("/", ("User-Agent: me",), listener="agent")),
    Case("underscores dropped", Ask("/", ("X_A: 1", "X-B: 2"), listener="underscores")),
    Case("underscores rejected", Ask("/", ("X_A: 1",), listener="no-underscores")),
    Case("underscores kept", Ask("/", ("X_A: 1",))),
    Case("too many headers", Ask("/", tuple(f"X-{n}: 1" for n in range(9)), listener="few")),
    Case("scheme overwritten", Ask(listener="proto")),
    Case("hop-by-hop headers", Ask("/", (
        "Connection: keep-alive, X-Hop", "X-Hop: 1", "Keep-Alive: 5", "Proxy-Connection: x",
        "TE: trailers, gzip", "Upgrade: h2c"),
        upstream=(Answer(headers=("keep-alive: 5", "connection: x-hop", "x-hop: 1",
                                  "proxy-connection: y")),)),
        difference=Difference(
            "a field that Connection names goes no further in responses too (RFC 9110 section "
            "7.6.1), and TE is such a field itself", {
                "0.headers.x-hop": (None, "1"), "0.seen.0.headers.te": (None, "trailers")})),
    Case("trailers allowed", Ask("/", ("TE: trailers",))),
    Case("proxy authentication", Ask("/", ("Proxy-Authorization: secret",), upstream=(
        Answer(407, ("proxy-authenticate: Basic",)),))),
    Case("expectation", Ask("/", ("Expect: 100-continue",), "POST", body=b"x")),
    Case("upstream's Envoy headers", Ask(upstream=(Answer(headers=(
        "x-envoy-upstream-canary: true", "x-envoy-ratelimited: true",
        "x-envoy-upstream-service-time: 99", "x-envoy-overloaded: true",
        "x-envoy-decorator-operation: op")),)),
        stats=("cluster.app.canary.upstream_rq_200",)),
    Case("a timeout of the client", Ask("/", ("X-Envoy-Upstream-Rq-Timeout-Ms: 2500",))),
    Case("repeated headers and empty ones", Ask("/", (
        "X-A: 1", "x-a: 2", "X-Empty:", "X-A:  3 ", "Accept: a", "Accept: b"),
        upstream=(Answer(headers=("set-cookie: a=1", "set-cookie: b=2", "x-empty: ",
                                  "vary: a", "vary: b")),))),
    Case("a decorator from outside", Ask("/", ("X-Envoy-Decorator-Operation: op",))),
], "a")

WORLDS = (MUTATIONS, OPERATORS, REWRITES)
