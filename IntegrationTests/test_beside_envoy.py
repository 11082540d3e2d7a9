"""The same file and the same requests, given to the sidecar and to Envoy: the same verdicts."""

import threading

import pytest

from conftest import envoy_binary
from harness import envoyfile
from harness.client import Client, Truncated
from harness.envoyfile import limits, retries, route
from harness.peer import Peer, ok, refused_port
from harness.sidecar import Sidecar

pytestmark = [pytest.mark.envoy, pytest.mark.pillion_only]


def request(method="GET", path="/", *headers, body=None, host="test"):
    lines = [f"{method} {path} HTTP/1.1"] + ([f"Host: {host}"] if host is not None else [])
    lines += list(headers)
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


def answer(request):
    path = request.target.split("?")[0]
    if path == "/status/204":
        return b"HTTP/1.1 204 No Content\r\n\r\n"
    if path.startswith("/status/"):
        return ok(status=int(path.rsplit("/", 1)[1]), reason="Reason")
    if path == "/close":
        request.connection.close()
    elif path == "/silent":
        request.connection.until_closed()
    elif path == "/cut":
        request.connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut")
        request.connection.close()
    elif path == "/nonsense":
        return b"\x00\x01\x02 nonsense\r\n\r\n"
    elif path == "/limited":
        return ok(status=429, headers=[("x-envoy-ratelimited", "true")])
    else:
        return ok(f"{request.method} {request.target} {request.header('host')} {request.body!r}")
    return None


def configuration(port, dead):
    virtual_hosts = [
        {"name": "shop", "domains": ["shop.test", "*.shop.test"],
         "routes": [route(prefix="/only")]},
        {"name": "all", "domains": ["*"], "routes": [
            {"match": {"prefix": "/direct"},
             "direct_response": {"status": 418, "body": {"inline_string": "tea"}}},
            {"match": {"prefix": "/moved"},
             "redirect": {"host_redirect": "new.test", "response_code": "FOUND"}},
            route(prefix="/rewritten/", prefix_rewrite="/inner/"),
            route("dead", prefix="/dead"),
            route("empty", prefix="/empty"),
            route("full", prefix="/full"),
            route(match={"path": "/silent"}, timeout="0.1s"),
            route(match={"prefix": "/retry/"}, prefix_rewrite="/",
                  retry_policy=retries("5xx", 2)),
            route(match={"prefix": "/gateway/"}, prefix_rewrite="/",
                  retry_policy=retries("gateway-error", 1)),
            route(match={"prefix": "/per-try/"}, prefix_rewrite="/",
                  retry_policy=retries("reset", 1, per_try_timeout="0.05s")),
            route(match={"prefix": "/header", "headers": [
                {"name": "x-kind", "string_match": {"suffix": "z"}}]}),
            {"match": {"prefix": "/header"}, "direct_response": {"status": 404}},
            route(match={"safe_regex": {"regex": "/re/[a-c]+"}}),
            {"match": {"prefix": "/re/"}, "direct_response": {"status": 410}},
            route(),
        ]},
    ]
    hcm = {"normalize_path": True, "merge_slashes": True, "max_request_headers_kb": 16,
           "request_headers_timeout": "0.3s",
           "http_protocol_options": {"accept_http_10": False}}
    return envoyfile.bootstrap(
        [envoyfile.listener(virtual_hosts=virtual_hosts, hcm=hcm)],
        [envoyfile.cluster("app", port), envoyfile.cluster("dead", dead),
         envoyfile.cluster("empty"),
         envoyfile.cluster("full", port, circuit_breakers=limits(max_requests=0))])


# Name: what is sent. Compared: status, flag, body of the upstream's answer, whether it came whole.
CASES = {
    "plain": request(path="/a?b=c"),
    "body": request("POST", "/a", body=b"hello"),
    "chunked": request("POST", "/a", "Transfer-Encoding: chunked") + b"3\r\nabc\r\n0\r\n\r\n",
    "head": request("HEAD", "/a"),
    "options": request("OPTIONS", "/a"),
    "upstream 404": request(path="/status/404"),
    "upstream 503": request(path="/status/503"),
    "upstream 204": request(path="/status/204"),
    "no route": request(path="/elsewhere", host="shop.test"),
    "suffix domain": request(path="/only/x", host="eu.shop.test"),
    "direct response": request(path="/direct"),
    "redirect": request(path="/moved/x?y=z"),
    "rewrite": request(path="/rewritten/x?y"),
    "refused connection": request(path="/dead"),
    "no endpoint": request(path="/empty"),
    "circuit breaker": request(path="/full"),
    "timeout": request(path="/silent"),
    "closed by upstream": request("POST", "/close", body=b"x"),
    "cut by upstream": request(path="/cut"),
    "nonsense from upstream": request("POST", "/nonsense", body=b"x"),
    "retries exhausted": request(path="/retry/status/500"),
    "retries not asked for": request(path="/gateway/status/500"),
    "gateway retries exhausted": request(path="/gateway/status/502"),
    "retried reset": request(path="/retry/close"),
    "per-try timeout": request(path="/per-try/silent"),
    "header matches": request("GET", "/header", "X-Kind: xyz"),
    "header does not": request("GET", "/header", "X-Kind: abc"),
    "regex matches": request(path="/re/abc?x"),
    "regex does not": request(path="/re/xyz"),
    "dots": request(path="/a/../b/./c"),
    "escaped dots": request(path="/a/%2e%2e/b"),
    "slashes": request(path="//a///b"),
    "both lengths": request("POST", "/", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "length twice": request("POST", "/", "Content-Length: 1", "Content-Length: 2") + b"ab",
    "bad length": request("POST", "/", "Content-Length: -1"),
    "unknown coding": request("POST", "/", "Transfer-Encoding: rot13") + b"0\r\n\r\n",
    "no host": request(host=None),
    "NUL in a value": request("GET", "/", "X-A: a\x00b"),
    "space in a name": request("GET", "/", "X A: b"),
    "head too large": request("GET", "/", "X-Big: " + "a" * 40_000),
    "too many headers": request("GET", "/", *[f"X-{n}: 1" for n in range(150)]),
    "slow head": b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow",
    "websocket": request("GET", "/", "Connection: Upgrade", "Upgrade: websocket"),
    "HTTP/1.0": b"GET / HTTP/1.0\r\nHost: a\r\n\r\n",
    "CONNECT": b"CONNECT test:80 HTTP/1.1\r\nHost: test:80\r\n\r\n",
    "absolute target": b"GET http://shop.test/only HTTP/1.1\r\nHost: other\r\n\r\n",
    "bad version": b"GET / HTTP/3.7\r\nHost: a\r\n\r\n",
    "nonsense": b"\x16\x03\x01\x00\x00\r\n\r\n",
}

# Where we differ on purpose, with the reason: ours and Envoy's, as status and flag.
DIFFERENT = {
    # RFC 9110 section 15.6.6: a version that is not spoken is 505; Envoy asks for an upgrade.
    "bad version": (("505", "DPE"), ("426", "DPE")),
    # RFC 9112 section 6.1 allows both; what is ambiguous is malformed here.
    "unknown coding": (("400", "DPE"), ("501", "DPE")),
}


def verdict(proxy, message):
    before = proxy.log_text().count("\n")
    with Client(proxy.port, timeout=10) as client:
        try:
            client.send(message)
        except OSError:
            pass
        method = message.split(b" ")[0].decode("latin-1")
        try:
            response = client.response(method)
        except (Truncated, ConnectionResetError):
            return ("closed", "", b"", False)
    entry = proxy.log_entries(before + 1)[before]
    flag = ",".join(sorted(entry["flags"].split(",")))
    # The words of local replies are our own.
    is_relayed = entry["details"] in ("via_upstream", "direct_response")
    body = response.body if is_relayed else b""
    return (str(response.status), flag, body, response.complete)


@pytest.fixture(scope="module")
def both(binary, tmp_path_factory):
    envoy = envoy_binary()
    if not envoy:
        pytest.skip("Envoy is not installed")
    app = Peer(answer=answer)
    kept, dead = refused_port()
    folder = tmp_path_factory.mktemp("beside")
    pair = [Sidecar(path, kind, folder / kind, configuration(app.port, dead)).start()
            for path, kind in ((binary, "pillion"), (envoy, "envoy"))]
    yield pair
    for one in pair:
        one.finish()
    app.close()
    kept.close()


@pytest.mark.parametrize("name", list(CASES))
def test_the_verdict_is_envoys(both, name):
    results = [None, None]

    def ask(position):
        results[position] = verdict(both[position], CASES[name])

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ours, theirs = results
    assert ours and theirs
    if name in DIFFERENT:
        assert (ours[:2], theirs[:2]) == DIFFERENT[name], "the difference is not what it was"
        return
    assert ours == theirs
