"""Which route: domains, paths, headers, query parameters, runtime fractions, cluster headers."""

from beside.case import Answer, Ask, Case, Difference, Spread, World
from beside.parts import bootstrap, cluster, direct, host, listener, route


def says(name, match=None, **fields):
    """A route that answers with its own name."""
    return direct(match=match, body=name, name=name, **fields)


def headers(*matchers, **match):
    return {"prefix": "/", **match, "headers": list(matchers)}


def domains(up):
    vhosts = [
        host(says("exact"), domains=["shop.test"], name="exact"),
        host(says("exact-port"), domains=["shop.test:8080"], name="exact-port"),
        host(says("suffix"), domains=["*.shop.test"], name="suffix"),
        host(says("longer-suffix"), domains=["*.eu.shop.test"], name="longer-suffix"),
        host(says("dash-suffix"), domains=["*-shop.test"], name="dash-suffix"),
        host(says("prefix"), domains=["shop.*"], name="prefix"),
        host(says("longer-prefix"), domains=["shop.te*"], name="longer-prefix"),
        host(says("six"), domains=["[::1]"], name="six"),
        host(says("any"), domains=["*"], name="any"),
    ]
    return bootstrap([
        listener(*vhosts),
        listener(*vhosts, name="portless", routes={"ignore_port_in_host_matching": True}),
        listener(*vhosts, name="strip-any", strip_any_host_port=True),
        listener(*vhosts, name="strip-matching", strip_matching_host_port=True),
        listener(*vhosts, name="dot", strip_trailing_host_dot=True),
        listener(host(says("only"), domains=["only.test"]), name="narrow"),
        listener(host(route("app"), domains=["*"]), name="stripped-up", strip_any_host_port=True),
        listener(host(route("app"), domains=["*"]), name="dotted-up",
                 strip_trailing_host_dot=True),
    ], [cluster("app", up["a"])])


DOMAINS = World("domains", domains, [
    Case("exact", Ask(host="shop.test")),
    Case("case does not matter", Ask(host="SHOP.Test")),
    Case("exact with port", Ask(host="shop.test:8080")),
    Case("another port is another domain", Ask(host="shop.test:81")),
    Case("suffix", Ask(host="www.shop.test")),
    Case("the longest suffix", Ask(host="www.eu.shop.test")),
    Case("a suffix needs something before it", Ask(host=".shop.test")),
    Case("suffix after a dash", Ask(host="my-shop.test")),
    Case("prefix", Ask(host="shop.example")),
    Case("the longest prefix", Ask(host="shop.tex")),
    Case("any", Ask(host="elsewhere.test")),
    Case("IPv6", Ask(host="[::1]")),
    Case("IPv6 with a port", Ask(host="[::1]:80")),
    Case("ports are ignored", Ask(host="shop.test:81", listener="portless")),
    Case("ports are ignored, IPv6", Ask(host="[::1]:81", listener="portless")),
    Case("ports are ignored, though one domain has it",
         Ask(host="shop.test:8080", listener="portless")),
    Case("any port is stripped", Ask(host="shop.test:81", listener="strip-any")),
    Case("any port is stripped, suffix", Ask(host="www.shop.test:81", listener="strip-any")),
    Case("a foreign port is not stripped", Ask(host="shop.test:81", listener="strip-matching")),
    Case("the listener's own port is stripped",
         Ask(host="shop.test:{port}", listener="strip-matching")),
    Case("a trailing dot is stripped", Ask(host="shop.test.", listener="dot")),
    Case("a trailing dot is stripped before a port", Ask(host="shop.test.:8080", listener="dot")),
    Case("a trailing dot stays elsewhere", Ask(host="shop.test.")),
    Case("no domain", Ask(host="other.test", listener="narrow"),
         stats=("http.narrow.no_route", "http.narrow.downstream_rq_4xx")),
    Case("the upstream sees a stripped host", Ask(host="shop.test:81", listener="stripped-up")),
    Case("the upstream sees a host without dot", Ask(host="shop.test.", listener="dotted-up")),
])


def paths(up):
    routes = [
        says("exact", {"path": "/exact"}),
        says("exact-any-case", {"path": "/any-case", "case_sensitive": False}),
        says("prefix-any-case", {"prefix": "/Any/", "case_sensitive": False}),
        says("separated", {"path_separated_prefix": "/sep"}),
        says("regex", {"safe_regex": {"regex": "/re/[0-9]+"}}),
        says("prefix", {"prefix": "/pre"}),
        says("get", headers({"name": ":method", "string_match": {"exact": "GET"}},
                            prefix="/method")),
        says("present", headers({"name": "x-present", "present_match": True}, prefix="/h")),
        says("absent", headers({"name": "x-absent", "present_match": False},
                               {"name": "x-ask", "string_match": {"exact": "absent"}},
                               prefix="/h")),
        says("range", headers({"name": "x-number", "range_match": {"start": -5, "end": 10}},
                              prefix="/h")),
        says("contains", headers({"name": "x-c", "string_match": {
            "contains": "NEEDLE", "ignore_case": True}}, prefix="/h")),
        says("regex-value", headers({"name": "x-r", "string_match": {
            "safe_regex": {"regex": "a+b"}}}, prefix="/h")),
        says("not", headers({"name": "x-n", "string_match": {"exact": "no"},
                             "invert_match": True},
                            {"name": "x-ask", "string_match": {"exact": "not"}}, prefix="/h")),
        says("missing-is-empty", headers({"name": "x-m", "string_match": {"exact": ""},
                                          "treat_missing_header_as_empty": True},
                                         {"name": "x-ask", "string_match": {"exact": "empty"}},
                                         prefix="/h")),
        says("joined", headers({"name": "x-twice", "string_match": {"exact": "a,b"}},
                               prefix="/h")),
        says("each", headers({"name": "x-each", "string_match": {"exact": "b"}}, prefix="/h")),
        says("each-regex", headers({"name": "x-regex", "string_match": {
            "safe_regex": {"regex": "a,b"}}}, prefix="/h")),
        says("each-range", headers({"name": "x-range", "range_match": {"start": 5, "end": 10}},
                                   prefix="/h")),
        says("not-each", headers({"name": "x-not", "string_match": {"exact": "a"},
                                  "invert_match": True},
                                 {"name": "x-ask", "string_match": {"exact": "not-each"}},
                                 prefix="/h")),
        says("old-style", headers({"name": "x-old", "exact_match": "v"}, prefix="/h")),
        says("q-exact", {"prefix": "/q", "query_parameters": [
            {"name": "k", "string_match": {"exact": "v"}}]}),
        says("q-present", {"prefix": "/q", "query_parameters": [
            {"name": "flag", "present_match": True}]}),
        says("q-absent", {"prefix": "/q", "query_parameters": [
            {"name": "must", "present_match": True},
            {"name": "never", "present_match": False}]}),
        says("grpc", {"prefix": "/grpc", "grpc": {}}),
        says("never", {"prefix": "/frac", "runtime_fraction": {
            "default_value": {"numerator": 100}, "runtime_key": "off"}}),
        says("always", {"prefix": "/frac", "runtime_fraction": {
            "default_value": {"numerator": 0}, "runtime_key": "on"}}),
        says("third", {"prefix": "/third", "runtime_fraction": {
            "default_value": {"numerator": 3333, "denominator": "TEN_THOUSAND"}}}),
        says("cookie", {"prefix": "/cookie", "cookies": [
            {"name": "tier", "string_match": {"exact": "gold"}}]}),
        {"match": {"prefix": "/by-header"}, "name": "by-header",
         "route": {"cluster_header": "x-to"}},
        {"match": {"prefix": "/lost"}, "route": {
            "cluster_header": "x-to", "cluster_not_found_response_code": "NOT_FOUND"}},
        says("rest"),
    ]
    tls = listener(host(says("all", {"prefix": "/all"}), route("app"), require_tls="ALL"),
                   name="tls")
    outside = listener(host(route("app"), require_tls="EXTERNAL_ONLY"), name="tls-outside",
                       use_remote_address=True)
    return bootstrap(
        [listener(host(*routes)), tls, outside,
         listener(host(*routes), name="normal", normalize_path=True, merge_slashes=True,
                  path_with_escaped_slashes_action="UNESCAPE_AND_FORWARD"),
         listener(host(*routes), name="redirecting", normalize_path=True,
                  path_with_escaped_slashes_action="UNESCAPE_AND_REDIRECT"),
         listener(host(*routes), name="rejecting", normalize_path=True,
                  path_with_escaped_slashes_action="REJECT_REQUEST")],
        [cluster("app", up["a"]), cluster("other", up["b"])],
        runtime={"off": 0, "on": 100})


PATHS = World("paths", paths, [
    Case("exact path", Ask("/exact")),
    Case("an exact path with a query", Ask("/exact?a=b")),
    Case("an exact path with a slash more", Ask("/exact/")),
    Case("exact in any case", Ask("/ANY-case")),
    Case("prefix in any case", Ask("/aNY/x")),
    Case("case matters otherwise", Ask("/EXACT")),
    Case("separated prefix", Ask("/sep")),
    Case("separated prefix, deeper", Ask("/sep/x?y")),
    Case("separated prefix, another word", Ask("/separate")),
    Case("regex", Ask("/re/42?q=/")),
    Case("a regex matches whole paths", Ask("/re/42x")),
    Case("prefix", Ask("/prefixed")),
    Case("method", Ask("/method")),
    Case("another method", Ask("/method", method="DELETE")),
    Case("header present", Ask("/h", ("X-Present: ",))),
    Case("header absent", Ask("/h", ("X-Ask: absent",))),
    Case("header not absent", Ask("/h", ("X-Ask: absent", "X-Absent: 1"))),
    Case("number in range", Ask("/h", ("X-Number: -5",))),
    Case("the range's end is outside", Ask("/h", ("X-Number: 10",))),
    Case("not a number", Ask("/h", ("X-Number: 1x",))),
    Case("contains in any case", Ask("/h", ("X-C: a needLE b",))),
    Case("regex of a value", Ask("/h", ("X-R: aab",))),
    Case("regex of a part of a value", Ask("/h", ("X-R: aabc",))),
    Case("inverted", Ask("/h", ("X-N: yes", "X-Ask: not"))),
    Case("inverted, header missing", Ask("/h", ("X-Ask: not",))),
    Case("a missing header as empty", Ask("/h", ("X-Ask: empty",))),
    Case("repeated headers, the joined value", Ask("/h", ("X-Twice: a", "X-Twice: b"))),
    Case("one header with a comma", Ask("/h", ("X-Twice: a,b",))),
    Case("repeated headers, one of the values", Ask("/h", ("X-Each: a", "X-Each: b"))),
    Case("repeated headers, joined by a regex", Ask("/h", ("X-Regex: a", "X-Regex: b"))),
    Case("repeated headers, one number in range", Ask("/h", ("X-Range: 1", "X-Range: 7"))),
    Case("repeated headers, inverted",
         Ask("/h", ("X-Not: a", "X-Not: b", "X-Ask: not-each"))),
    Case("old style of an exact header", Ask("/h", ("X-Old: v",))),
    Case("query parameter", Ask("/q?a=1&k=v")),
    Case("query parameter, first of two", Ask("/q?k=v&k=w")),
    Case("query parameter, second of two", Ask("/q?k=w&k=v")),
    Case("query parameter, escaped", Ask("/q?k=%76")),
    Case("query parameter present without a value", Ask("/q?flag")),
    Case("query parameter absent", Ask("/q?must=1")),
    Case("query parameter that must not be", Ask("/q?must=1&never=")),
    Case("gRPC", Ask("/grpc", ("Content-Type: application/grpc+proto",), "POST", body=b"")),
    Case("gRPC by another content type", Ask("/grpc", ("Content-Type: application/grpcx",))),
    Case("runtime turns a fraction off and another on", Ask("/frac")),
    Spread("a third of the requests", Ask("/third"), 900, weights={"third": 3333, "rest": 6667}),
    Case("cookie", Ask("/cookie", ("Cookie: a=b; tier=gold",))),
    Case("another cookie", Ask("/cookie", ("Cookie: tier=silver",))),
    Case("cluster by header", Ask("/by-header", ("X-To: other",))),
    Case("cluster by header, unknown", Ask("/by-header", ("X-To: nowhere",)),
         stats=("http.main.no_cluster",)),
    Case("cluster by header, missing", Ask("/by-header")),
    Case("cluster by header, own status for unknown", Ask("/lost", ("X-To: nowhere",))),
    Case("TLS required", Ask("/x?y=z", listener="tls", host="shop.test")),
    Case("TLS required, host with port", Ask("/x", listener="tls", host="shop.test:80")),
    Case("TLS required, forwarded as https",
         Ask("/x", ("X-Forwarded-Proto: https",), listener="tls")),
    Case("TLS required from outside only", Ask("/x", listener="tls-outside")),
    Case("TLS required from outside, and it is",
         Ask("/x", ("X-Forwarded-For: 8.8.8.8",), listener="tls-outside")),
    Case("fragment of a path", Ask("/exact#x"), difference=Difference(
        "a target with a fragment is malformed (RFC 9112 section 3.2) and said to be so",
        {"0.log.flags": ("DPE", "-"),
         "0.log.details": ("http1.invalid_url", "path_normalization_failed")})),
    Case("escaped slashes are unescaped", Ask("/sep%2Fx", listener="normal")),
    Case("escaped slashes are redirected", Ask("/sep%2Fx?a=b", listener="redirecting"),
         difference=Difference("it was normalized, it did not fail", {
             "0.log.details": ("path_normalized", "path_normalization_failed")})),
    Case("escaped slashes are rejected", Ask("/sep%5cx", listener="rejecting")),
    Case("slashes and dots", Ask("//sep/./a/..//", listener="normal")),
    Case("dots that leave the root", Ask("/../exact", listener="normal")),
    Case("the whole URL as target", Ask("http://shop.test/exact")),
    Case("an asterisk as target", Ask("*", method="OPTIONS"), difference=Difference(
        "no route takes it, which is what the flag says; Envoy's details speak of another form",
        {"0.log.flags": ("NR", "-"),
         "0.log.details": ("route_not_found", "absolute_path_rejected")})),
], "ab")

# Weighted clusters: the share of each, and what each adds.
def weighted(up):
    def split(name, weights, **fields):
        return {"match": {"prefix": f"/{name}"}, "name": name, "route": {"weighted_clusters": {
            "clusters": [dict(zip(("name", "weight"), pair, strict=True)) | extra
                         for *pair, extra in weights], **fields}}}

    return bootstrap(listener(host(
        split("thirds", [("a", 1, {}), ("b", 2, {})]),
        split("zero", [("a", 0, {}), ("b", 5, {})]),
        split("runtime", [("a", 50, {}), ("b", 50, {})], runtime_key_prefix="split"),
        split("header", [("a", 30, {}), ("b", 70, {})], header_name="x-draw"),
        split("by-header", [("", 1, {"cluster_header": "x-to"})]),
        split("adds", [
            ("a", 1, {"request_headers_to_add": [
                {"header": {"key": "x-side", "value": "a"}}],
                "response_headers_to_add": [{"header": {"key": "x-side", "value": "a"}}],
                "request_headers_to_remove": ["x-gone"],
                "response_headers_to_remove": ["x-up"],
                "host_rewrite_literal": "a.test"})]),
    )), [cluster("a", up["a"]), cluster("b", up["b"])],
        runtime={"split.a": 10, "split.b": 90})


WEIGHTED = World("weighted clusters", weighted, [
    Spread("one in three", Ask("/thirds"), 600, weights={"a": 1, "b": 2}),
    Spread("a weight of nothing", Ask("/zero"), 100, weights={"b": 1}),
    Spread("weights from the runtime", Ask("/runtime"), 600, weights={"a": 10, "b": 90}),
    Spread("the draw comes in a header", lambda n: Ask("/header", (f"X-Draw: {n}",)), 210,
           exact=True),
    Spread("a draw that is no number", Ask("/header", ("X-Draw: nonsense",)), 300),
    Case("a cluster header in a split", Ask("/by-header", ("X-To: b",))),
    Case("an unknown cluster in a split", Ask("/by-header", ("X-To: nowhere",))),
    Case("what a cluster of a split adds",
         Ask("/adds", ("X-Gone: 1",), upstream=(Answer(headers=("x-up: 1",)),))),
], "ab")

WORLDS = (DOMAINS, PATHS, WEIGHTED)
