"""Answers of the proxy itself: redirects in all forms, direct responses, bodies from files."""

from beside.case import Ask, Case, Difference, World
from beside.parts import add, bootstrap, cluster, direct, host, listener, redirect, route


def redirects(up):
    def to(name, **action):
        return redirect(f"/{name}", **action)

    routes = [
        to("host", host_redirect="new.test"),
        to("host-port", host_redirect="new.test:81"),
        to("port", port_redirect=8443),
        to("host-and-port", host_redirect="new.test", port_redirect=8443),
        to("https-port", https_redirect=True, port_redirect=443),
        to("https", https_redirect=True),
        to("scheme", scheme_redirect="ftp"),
        to("path", path_redirect="/elsewhere"),
        to("path-query", path_redirect="/elsewhere?own=1"),
        to("strip", path_redirect="/elsewhere", strip_query=True),
        to("prefix", prefix_rewrite="/new"),
        to("shorter/", prefix_rewrite="/"),
        to("all-strip", prefix_rewrite="/new", strip_query=True),
        {"match": {"path": "/exact"}, "redirect": {"prefix_rewrite": "/other"}},
        to("regex", regex_rewrite={"pattern": {"regex": "^/regex/([a-z]+)/([0-9]+)"},
                                   "substitution": "/\\2/\\1"}),
        *[to(f"code-{code.lower()}", path_redirect="/x", response_code=code) for code in (
            "MOVED_PERMANENTLY", "FOUND", "SEE_OTHER", "TEMPORARY_REDIRECT",
            "PERMANENT_REDIRECT")],
        {**to("headers", path_redirect="/x"),
         "response_headers_to_add": add("x-why: moved", "x-where: %RESPONSE_CODE%"),
         "response_headers_to_remove": ["content-length"]},
        redirect(match={"safe_regex": {"regex": "/any/.*"}}, path_redirect="/matched"),
        to("empty"),
    ]
    return bootstrap([
        listener(host(*routes)),
    ], [cluster("app", up["a"])])


_WHOLE = Difference("the body is read before the answer ends, so the connection can go on", {
    "0.headers.connection": (None, "close")})

REDIRECTS = World("redirects", redirects, [
    Case("to a host", Ask("/host/x?y=z")),
    Case("to a host, from a host with a port", Ask("/host", host="old.test:8080")),
    Case("to a host with a port", Ask("/host-port")),
    Case("to a port", Ask("/port/a?b", host="old.test")),
    Case("to a port, from another port", Ask("/port", host="old.test:80")),
    Case("to a port, IPv6", Ask("/port", host="[::1]:80")),
    Case("to a host and a port", Ask("/host-and-port")),
    Case("to https on its own port", Ask("/https-port")),
    Case("to https", Ask("/https/a?b=c")),
    Case("to https, from port 80", Ask("/https/a", host="old.test:80")),
    Case("to https, from another port", Ask("/https/a", host="old.test:8080")),
    Case("to https, and it is", Ask("/https/a", ("X-Forwarded-Proto: https",))),
    Case("to another scheme", Ask("/scheme/a")),
    Case("to a path", Ask("/path/x?y=z")),
    Case("to a path with a query of its own", Ask("/path-query/x?y=z")),
    Case("to a path without the query", Ask("/strip/x?y=z")),
    Case("a prefix rewritten", Ask("/prefix/x?y=z")),
    Case("a prefix rewritten to the root", Ask("/shorter/x?y=z")),
    Case("a prefix rewritten, query stripped", Ask("/all-strip/x?y=z")),
    Case("an exact path rewritten", Ask("/exact?y")),
    Case("a path rewritten by regex", Ask("/regex/ab/12/rest?q=1")),
    Case("a path that the regex does not match", Ask("/regex/AB?q=1")),
    Case("301", Ask("/code-moved_permanently")),
    Case("302", Ask("/code-found")),
    Case("303", Ask("/code-see_other", method="POST", body=b"x"), difference=_WHOLE),
    Case("307", Ask("/code-temporary_redirect")),
    Case("308", Ask("/code-permanent_redirect")),
    Case("headers of the route", Ask("/headers")),
    Case("matched by regex", Ask("/any/thing")),
    Case("nothing changed", Ask("/empty?a=b")),
    Case("HEAD", Ask("/host", method="HEAD"), difference=Difference(
        "the length that GET would have, and no coding that never comes", {
            "0.headers.content-length": ("0", None),
            "0.headers.transfer-encoding": (None, "chunked")})),
    Case("gRPC", Ask("/host", ("Content-Type: application/grpc",), "POST", body=b"")),
], "a")


def directs(up):
    routes = [
        direct("/inline", 418, "tea"),
        direct("/empty", 503),
        direct("/204", 204),
        direct("/304", 304),
        {"match": {"prefix": "/bytes"},
         "direct_response": {"status": 200, "body": {"inline_bytes": "AAEC/w=="}}},
        {"match": {"prefix": "/file"},
         "direct_response": {"status": 200, "body": {"filename": "page.html"}}},
        {"match": {"prefix": "/env"},
         "direct_response": {"status": 200, "body": {"environment_variable": "BESIDE_BODY"}}},
        direct("/type", 200, "{}", response_headers_to_add=add(
            "content-type: application/json", append_action="OVERWRITE_IF_EXISTS_OR_ADD")),
        direct("/typed-twice", 200, "{}", response_headers_to_add=add(
            "content-type: application/json")),
        direct("/headers", 404, "no", name="named", response_headers_to_add=add(
            "x-path: %REQ(:PATH)%", "x-code: %RESPONSE_CODE%", "x-route: %ROUTE_NAME%",
            "x-flags: %RESPONSE_FLAGS%", "x-cluster: %UPSTREAM_CLUSTER%")),
        direct("/1xx-high", 599, "last"),
        {"match": {"prefix": "/big"}, "direct_response": {
            "status": 200, "body": {"inline_string": "x" * 5000}}},
        {"match": {"prefix": "/formatted"}, "direct_response": {
            "status": 200, "body": {"inline_string": "unused"},
            "body_format": {"text_format_source": {
                "inline_string": "%REQ(:METHOD)% %REQ(:PATH)% %RESPONSE_CODE%"}}}},
        route("app", prefix="/app"),
    ]
    mapped = {"local_reply_config": {
        "mappers": [
            {"filter": {"status_code_filter": {"comparison": {
                "op": "EQ", "value": {"default_value": 404, "runtime_key": "x"}}}},
             "status_code": 410, "body": {"inline_string": "gone"},
             "headers_to_add": add("x-mapped: yes"),
             "body_format_override": {"json_format": {
                 "was": "%LOCAL_REPLY_BODY%", "code": "%RESPONSE_CODE%"}}},
        ],
        "body_format": {"text_format_source": {"inline_string": "<%LOCAL_REPLY_BODY%>"}}}}
    return bootstrap([
        listener(host(*routes), routes={"max_direct_response_body_size_bytes": 8192}),
        listener(host(direct("/inline", 418, "tea"), route("dead", prefix="/dead"),
                      domains=["test"]), name="mapped", **mapped),
    ], [cluster("app", up["a"]), cluster("dead", up.dead)])


DIRECTS = World("direct responses", directs, [
    Case("a body", Ask("/inline"), stats=(
        "http.main.downstream_rq_4xx", "http.main.rq_direct_response")),
    Case("without a body", Ask("/empty"), stats=("http.main.downstream_rq_5xx",)),
    Case("204", Ask("/204")),
    Case("304", Ask("/304"), difference=Difference(
        "a response that is not modified leads nowhere else", {
            "0.headers.location": (None, "http://test/304")})),
    Case("HEAD of a body", Ask("/inline", method="HEAD")),
    Case("POST with a body", Ask("/inline", method="POST", body=b"x" * 1000),
         difference=_WHOLE),
    Case("bytes", Ask("/bytes")),
    Case("a file", Ask("/file")),
    Case("an environment variable", Ask("/env")),
    Case("content type overwritten", Ask("/type")),
    Case("content type appended", Ask("/typed-twice")),
    Case("operators in headers", Ask("/headers?q")),
    Case("the last status there is", Ask("/1xx-high")),
    Case("more than 4 kB", Ask("/big")),
    Case("a body with operators", Ask("/formatted?x=y")),
    Case("gRPC", Ask("/inline", ("Content-Type: application/grpc",), "POST", body=b"")),
    Case("a local reply is mapped", Ask("/nowhere", listener="mapped", host="other"), bodies=True,
         difference=Difference("what decided stays in a header of its own", {
             "0.headers.x-pillion-reason": (
                 "no virtual host of route configuration local serves this host", None)})),
    Case("a local reply is framed", Ask("/dead", listener="mapped")),
    Case("a direct response is framed", Ask("/inline", listener="mapped")),
], "a", files={"page.html": "<p>page</p>\n"}, env={"BESIDE_BODY": "from the environment"})

WORLDS = (REDIRECTS, DIRECTS)
