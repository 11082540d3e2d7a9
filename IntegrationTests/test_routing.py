"""Where a request goes: hosts, paths, headers, queries, weights, rewrites and local answers."""

import ipaddress
from collections import Counter

import pytest

from harness import envoyfile
from harness.envoyfile import route
from harness.peer import ok
from harness.statistics import fits


def says(text, status=200):
    return {"direct_response": {"status": status, "body": {"inline_string": text}}}


def direct(match, text, **extra):
    return {"match": match, **says(text), **extra}


@pytest.fixture
def table(sidecar):
    """A sidecar that only answers itself: `ask(path, headers, host)` gives the route's text."""

    def make(*routes, virtual_hosts=None, **options):
        proxy = sidecar(1, routes=list(routes) or None, virtual_hosts=virtual_hosts, **options)
        client = proxy.client()

        def ask(path="/", headers=(), host="test", method="GET"):
            response = client.request(method, path, headers, host=host)
            return response.text if response.status == 200 else response.status

        return ask

    return make


def test_hosts_match_exact_then_suffix_then_prefix_then_all(table):
    def host(name, *domains):
        return {"name": name, "domains": list(domains), "routes": [direct({"prefix": "/"}, name)]}

    ask = table(virtual_hosts=[
        host("all", "*"),
        host("suffix", "*.example.com"),
        host("longer", "*.api.example.com"),
        host("dashed", "*-bar.example.org"),
        host("prefix", "example.*"),
        host("exact", "www.example.com"),
        host("port", "ported.example.com:8080"),
    ])
    expected = {
        "www.example.com": "exact",
        "WWW.EXAMPLE.COM": "exact",
        "other.example.com": "suffix",
        "v1.api.example.com": "longer",
        "example.com": "prefix",
        "example.net": "prefix",
        "foo-bar.example.org": "dashed",
        "foo.example.org": "all",
        "ported.example.com:8080": "port",
        "ported.example.com": "suffix",
        "wwwexample.com": "all",
    }
    assert {name: ask(host=name) for name in expected} == expected


def test_a_host_that_nobody_serves_is_not_found(table):
    ask = table(virtual_hosts=[
        {"name": "one", "domains": ["one.test"], "routes": [direct({"prefix": "/"}, "one")]}])
    assert (ask(host="one.test"), ask(host="two.test")) == ("one", 404)


def test_the_first_route_that_matches_wins(table):
    ask = table(
        direct({"path": "/exact"}, "path"),
        direct({"prefix": "/exact/"}, "prefix"),
        direct({"path_separated_prefix": "/api"}, "separated"),
        direct({"safe_regex": {"regex": "/item/[0-9]+"}}, "regex"),
        direct({"prefix": "/UPPER", "case_sensitive": False}, "insensitive"),
        direct({"prefix": "/api"}, "loose"),
    )
    expected = {
        "/exact": "path", "/exact?x=1": "path", "/exact/": "prefix", "/exactly": 404,
        "/api": "separated", "/api/v1": "separated", "/api?x": "separated", "/apis": "loose",
        "/item/12": "regex", "/item/12?x": "regex", "/item/12/more": 404, "/item/": 404,
        "/upper/x": "insensitive", "/EXACT": 404,
    }
    assert {path: ask(path) for path in expected} == expected


STRING_MATCHES = [
    ({"exact": "a.b"}, ["a.b"], ["a.c", "A.B", "axb"]),
    ({"exact": "a.b", "ignore_case": True}, ["A.B", "a.b"], ["a.c"]),
    ({"prefix": "ab"}, ["ab", "abc"], ["ba", "a"]),
    ({"suffix": "yz"}, ["yz", "xyz"], ["yza"]),
    ({"contains": "mid"}, ["amidst", "mid"], ["mi", "MID"]),
    ({"contains": "mid", "ignore_case": True}, ["AMIDST"], ["dim"]),
    ({"safe_regex": {"regex": "v[0-9]+"}}, ["v1", "v22"], ["v", "av1", "v1b"]),
]


@pytest.mark.parametrize("matcher,hits,misses", STRING_MATCHES)
def test_headers_match_with_every_string_matcher(table, matcher, hits, misses):
    ask = table(
        direct({"prefix": "/", "headers": [{"name": "X-Kind", "string_match": matcher}]}, "hit"),
        direct({"prefix": "/"}, "miss"))
    assert [ask(headers={"x-kind": value}) for value in hits] == ["hit"] * len(hits)
    assert [ask(headers={"x-kind": value}) for value in misses] == ["miss"] * len(misses)
    assert ask() == "miss"


def test_headers_match_by_presence_range_and_inversion(table):
    def when(*headers):
        return {"prefix": "/", "headers": list(headers)}

    ask = table(
        direct(when({"name": "x-a", "present_match": True},
                    {"name": "x-b", "present_match": False}), "a without b"),
        direct(when({"name": "x-n", "range_match": {"start": -5, "end": 10}}), "small"),
        direct(when({"name": "x-n", "present_match": True},
                    {"name": "x-n", "string_match": {"exact": "77"}, "invert_match": True}),
               "not 77"),
        direct(when({"name": ":method", "string_match": {"exact": "DELETE"}}), "deletion"),
        direct({"prefix": "/"}, "else"),
    )
    assert ask(headers={"x-a": "1"}) == "a without b"
    assert ask(headers={"x-a": "1", "x-b": "1"}) == "else"
    assert [ask(headers={"x-n": n}) for n in ("-5", "9", "10", "77", "x")] == [
        "small", "small", "not 77", "else", "not 77"]
    assert ask(method="DELETE") == "deletion"


def test_queries_match(table):
    def when(*parameters):
        return {"prefix": "/", "query_parameters": list(parameters)}

    ask = table(
        direct(when({"name": "debug", "present_match": True}), "present"),
        direct(when({"name": "v", "string_match": {"prefix": "2"}}), "two"),
        direct({"prefix": "/"}, "else"),
    )
    expected = {"/?debug": "present", "/?a=1&debug=no": "present", "/?v=22": "two",
                "/?v=3": "else", "/?xv=2": "else", "/#?v=2": None}
    del expected["/#?v=2"]
    assert {path: ask(path) for path in expected} == expected


def test_paths_are_normalized_before_they_are_matched(table):
    ask = table(
        direct({"prefix": "/public/"}, "public"),
        direct({"prefix": "/admin"}, "admin"),
        hcm={"normalize_path": True, "merge_slashes": True},
    )
    assert ask("/public/../admin") == "admin"
    assert ask("/public/./x") == "public"
    assert ask("/public/%2e%2e/admin") == "admin"
    assert ask("//admin") == "admin"
    assert ask("/public/..%2fadmin") in ("public", 400)


@pytest.mark.parametrize("action,outcome", [
    ("KEEP_UNCHANGED", (200, None)),
    ("REJECT_REQUEST", (400, None)),
    ("UNESCAPE_AND_REDIRECT", (307, "/a/b")),
    ("UNESCAPE_AND_FORWARD", (200, None)),
])
def test_escaped_slashes_do_what_the_file_says(sidecar, peer, action, outcome):
    app = peer()
    proxy = sidecar(app, hcm={"path_with_escaped_slashes_action": action, "normalize_path": True})
    response = proxy.fetch(path="/a%2Fb")
    location = response.header("location")
    assert response.status == outcome[0]
    assert location == outcome[1] or (location or "").endswith(str(outcome[1]))
    if action == "KEEP_UNCHANGED":
        assert app.requests[0].target == "/a%2Fb"
    if action == "UNESCAPE_AND_FORWARD":
        assert app.requests[0].target == "/a/b"


def test_weights_are_shares(sidecar, peer):
    peers = [peer(answer=lambda r, name=name: ok(name)) for name in ("a", "b", "c")]
    weighted = {"clusters": [{"name": n, "weight": w} for n, w in (("a", 70), ("b", 25), ("c", 5))]}
    proxy = sidecar(
        1, routes=[{"match": {"prefix": "/"}, "route": {"weighted_clusters": weighted}}],
        clusters=[envoyfile.cluster(n, p.port) for n, p in zip("abc", peers, strict=True)])
    with proxy.client() as client:
        counts = Counter(client.request().text for _ in range(2000))
    assert fits([counts[name] for name in "abc"], [70, 25, 5]), counts


def test_redirects(sidecar):
    def redirect(prefix, **fields):
        return {"match": {"prefix": prefix}, "redirect": fields}

    proxy = sidecar(1, routes=[
        redirect("/host", host_redirect="new.example"),
        redirect("/path", path_redirect="/elsewhere", response_code="FOUND"),
        redirect("/prefix", prefix_rewrite="/swapped", response_code="PERMANENT_REDIRECT"),
        redirect("/https", https_redirect=True, response_code="TEMPORARY_REDIRECT"),
        redirect("/port", port_redirect=8443, response_code="SEE_OTHER"),
        redirect("/strip", host_redirect="h", strip_query=True),
        redirect("/regex", regex_rewrite={
            "pattern": {"regex": "^/regex/([a-z]+)/(.*)$"}, "substitution": "/\\2/\\1"}),
    ])
    expected = {
        "/host/a?b=1": (301, "http://new.example/host/a?b=1"),
        "/path/a?b=1": (302, "http://test/elsewhere?b=1"),
        "/prefix/a?b=1": (308, "http://test/swapped/a?b=1"),
        "/https/a": (307, "https://test/https/a"),
        "/port": (303, "http://test:8443/port"),
        "/strip/a?b=1": (301, "http://h/strip/a"),
        "/regex/first/second": (301, "http://test/second/first"),
    }
    with proxy.client() as client:
        seen = {}
        for path in expected:
            response = client.request(path=path)
            seen[path] = (response.status, response.header("location"))
            assert response.body == b""
    assert seen == expected


def test_direct_responses_have_status_and_body(sidecar, tmp_path):
    (tmp_path / "page.txt").write_text("from a file")
    proxy = sidecar(1, routes=[
        {"match": {"prefix": "/file"},
         "direct_response": {"status": 418, "body": {"filename": str(tmp_path / "page.txt")}}},
        {"match": {"prefix": "/empty"}, "direct_response": {"status": 204}},
        {"match": {"prefix": "/"}, **says("hello", 200)},
    ])
    with proxy.client() as client:
        response = client.request(path="/file")
        assert (response.status, response.body) == (418, b"from a file")
        assert client.request(path="/empty").status == 204
        assert client.request("HEAD", "/").header("content-length") == "5"
        assert client.request("POST", "/", body="x" * 1000).body == b"hello"


def test_rewrites_change_what_the_upstream_sees(sidecar, peer):
    app = peer()
    proxy = sidecar(app, routes=[
        route(prefix="/old/", prefix_rewrite="/new/"),
        route(prefix="/trim", prefix_rewrite="/"),
        route(prefix="/regex", regex_rewrite={
            "pattern": {"regex": "^/regex/(.*)/(.*)$"}, "substitution": "/\\2/x/\\1"}),
        route(prefix="/host", host_rewrite_literal="literal.example"),
        route(prefix="/header", host_rewrite_header="x-host"),
        route(prefix="/"),
    ])
    with proxy.client() as client:
        for path, headers in (("/old/a?q=1", {}), ("/trim", {}), ("/regex/1/2?q", {}),
                              ("/host", {}), ("/header", {"x-host": "from.header"}), ("/", {})):
            assert client.request(path=path, headers=headers).status == 200
    seen = [(r.target, r.header("host"), r.header("x-envoy-original-path")) for r in app.requests]
    assert seen == [
        ("/new/a?q=1", "test", "/old/a?q=1"),
        ("/", "test", "/trim"),
        ("/2/x/1?q", "test", "/regex/1/2?q"),
        ("/host", "literal.example", None),
        ("/header", "from.header", None),
        ("/", "test", None),
    ]


def test_auto_host_rewrite_takes_the_endpoints_name(sidecar, peer):
    app = peer()
    named = envoyfile.cluster("named", type="STRICT_DNS", load_assignment={
        "cluster_name": "named",
        "endpoints": [{"lb_endpoints": [envoyfile.endpoint(app.port, "localhost")]}]})
    named["dns_lookup_family"] = "V4_ONLY"
    proxy = sidecar(1, routes=[route("named", auto_host_rewrite=True)], clusters=[named])
    assert proxy.fetch().status == 200
    assert app.requests[0].header("host") == "localhost"


def test_the_route_timeout_answers_504(sidecar, peer):
    app = peer(answer=lambda request: request.connection.until_closed())
    proxy = sidecar(app, routes=[route(timeout="0.1s")])
    response = proxy.fetch()
    assert response.status == 504
    assert proxy.log_entry()["flags"] == "UT"
    proxy.wait_stat("cluster.app.upstream_rq_timeout", 1)
    app.wait_all_closed()


def test_the_route_timeout_begins_when_the_request_is_complete(sidecar, peer):
    app = peer()
    proxy = sidecar(app, routes=[route(timeout="0.25s")])
    with proxy.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n")
        for byte in b"patience":
            # The pause is the point: the request takes longer than the timeout.
            assert not select_readable(client.socket, 0.06)
            client.send(bytes([byte]))
        assert client.response().status == 200


def test_a_response_that_takes_too_long_is_cut_visibly(sidecar, peer):
    def answer(request):
        request.connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin")
        request.connection.until_closed()

    proxy = sidecar(peer(answer=answer), routes=[route(timeout="0.15s")])
    with proxy.client() as client:
        response = client.request()
    assert response.status == 200 and not response.complete
    assert proxy.log_entry()["flags"] == "UT"


def test_an_idle_stream_is_ended(sidecar, peer):
    app = peer(answer=lambda request: request.connection.until_closed())
    proxy = sidecar(app, hcm={"stream_idle_timeout": "0.15s"}, routes=[route(timeout="0s")])
    assert proxy.fetch().status in (408, 504)
    assert "SI" in proxy.log_entry()["flags"]


def test_request_identity_headers(sidecar, peer):
    app = peer()
    proxy = sidecar(app)
    proxy.fetch()
    proxy.fetch()
    first, second = app.requests
    assert first.header("x-forwarded-proto") == "http"
    ids = [first.header("x-request-id"), second.header("x-request-id")]
    assert all(len(one) == 36 and one.count("-") == 4 for one in ids) and ids[0] != ids[1]
    assert first.header("x-envoy-expected-rq-timeout-ms") == "15000"


def test_the_remote_address_is_appended_where_the_peer_is_the_client(sidecar, peer):
    app = peer()
    proxy = sidecar(app, hcm={"use_remote_address": True})
    proxy.fetch(headers={"X-Forwarded-For": "203.0.113.7"})
    first, appended = app.requests[0].header("x-forwarded-for").split(",")
    assert first == "203.0.113.7"
    # Envoy writes an address of the host instead of the loopback one.
    assert ipaddress.ip_address(appended.strip())


def test_a_missing_cluster_answers_503(sidecar):
    configuration = [route("nowhere")]
    proxy = sidecar(1, routes=configuration, hcm={"route_config": {
        "name": "local", "validate_clusters": False,
        "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": configuration}]}})
    assert proxy.fetch().status == 503
    assert proxy.log_entry()["flags"] == "NC"


def select_readable(sock, seconds):
    import select

    return bool(select.select([sock], [], [], seconds)[0])
