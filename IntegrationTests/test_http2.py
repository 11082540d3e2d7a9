"""HTTP/2 as clients and endpoints use it: every combination of versions, and no request lost."""

import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import contextmanager

import pytest

from harness import envoyfile
from harness.client import Client
from harness.envoyfile import HTTP_OPTIONS, TYPE, retries, route
from harness.h2peer import connect, fields, raw_frame
from harness.h2peer_upstream import Http2Peer, respond
from harness.peer import ok
from harness.tlspeer import SecurePeer, certificates, client_context, server_context
from harness.waiting import wait_until

pytestmark = pytest.mark.pillion_only

OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def speaking(common=None, **explicit):
    """Fields of a cluster whose endpoints speak HTTP/2."""
    value = {"@type": HTTP_OPTIONS,
             "explicit_http_config": {"http2_protocol_options": explicit}}
    if common:
        value["common_http_protocol_options"] = common
    return {"typed_extension_protocol_options": {OPTIONS: value}}


@pytest.fixture
def endpoint():
    made = []

    def make(*args, **options):
        made.append(Http2Peer(*args, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
    errors = [error for one in made for error in one.errors]
    assert not errors, f"an endpoint failed: {errors}"


def echo_one(request):
    """What came, as an answer over HTTP/1."""
    trailers = "".join(f"{name}: {value}\r\n" for name, value in request.trailers)
    body = b"%x\r\n%s\r\n" % (len(request.body), request.body) if request.body else b""
    return (f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-end\r\n"
            f"x-method: {request.method}\r\n\r\n").encode() + body + (
        b"0\r\n" + trailers.encode() + b"x-end: yes\r\n\r\n")


def echo_two(request):
    respond(request, 200, [("x-method", request.method)], request.body,
            [*request.trailers, ("x-end", "yes")])


@pytest.fixture
def both(launch, peer, endpoint):
    """A process before an endpoint of each version: `/one` and `/two`."""

    def make(answer_one=echo_one, answer_two=echo_two, hcm=None, two=None, action=None,
             settings=None, **options):
        one, other = peer(answer=answer_one), endpoint(answer_two, settings=settings)
        one.keeps_bytes = False
        proxy = launch(envoyfile.bootstrap(
            [envoyfile.listener(routes=[route("two", "/two", **(action or {})),
                                        route("one", "/one", **(action or {}))],
                                hcm={"delayed_close_timeout": "0.2s", **(hcm or {})})],
            [envoyfile.cluster("one", one.port),
             envoyfile.cluster("two", other.port, **{**speaking(), **(two or {})})]), **options)
        return proxy, one, other

    return make


def ask(proxy, version, path, method="GET", body=None, trailers=None, headers=(), interim=None):
    """A request in either version; the response."""
    if version == 2:
        client = connect(proxy.port, timeout=15)
        try:
            number = client.request(
                fields(method, path, *headers), body, trailers)
            return client.response(number, interim=interim)
        finally:
            client.close()
    with Client(proxy.port) as client:
        head = [tuple(one.split(": ", 1)) for one in headers]
        if trailers is not None:
            content = b"%x\r\n%s\r\n0\r\n" % (len(body), body) + b"".join(
                f"{name}: {value}\r\n".encode() for name, value in trailers) + b"\r\n"
            client.start(method, path, [*head, ("Transfer-Encoding", "chunked")])
            client.send(content)
        else:
            client.start(method, path, head, body)
        return client.response(method, interim)


COMBINATIONS = [(1, "/one"), (1, "/two"), (2, "/one"), (2, "/two")]
combinations = pytest.mark.parametrize("version, path", COMBINATIONS)


@combinations
def test_bodies_and_trailers_pass_both_ways(both, version, path):
    proxy, _, _ = both(hcm={"http_protocol_options": {"enable_trailers": True}})
    body = os.urandom(100_000)
    response = ask(proxy, version, path, "POST", body, [("x-sum", "abc")],
                   ["te: trailers"])
    assert (response.status, response.body) == (200, body)
    if (version, path) == (2, "/two"):
        assert dict(response.trailers) == {"x-sum": "abc", "x-end": "yes"}


@combinations
@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_a_body(both, version, path, status):
    proxy, _, _ = both(
        lambda request: f"HTTP/1.1 {status} X\r\nx-a: b\r\n\r\n".encode(),
        lambda request: respond(request, status, [("x-a", "b")]))
    response = ask(proxy, version, path)
    assert (response.status, response.body, response.header("x-a")) == (status, b"", "b")


@combinations
def test_head_has_the_length_and_no_body(both, version, path):
    proxy, _, _ = both(lambda request: b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
                       lambda request: respond(request, 200, [("content-length", "5")]))
    response = ask(proxy, version, path, "HEAD")
    assert (response.status, response.body) == (200, b"")
    assert response.header("content-length") == "5"


@combinations
def test_interim_answers_pass(both, version, path):
    def two(request):
        request.connection.headers(request.number, [(":status", "103"), ("link", "</a>")])
        respond(request)

    proxy, _, _ = both(
        lambda request: b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + ok(), two,
        hcm={"proxy_100_continue": True})
    response = ask(proxy, version, path)
    assert (response.status, response.body) == (200, b"ok")


@combinations
def test_an_expectation_is_answered(both, version, path):
    proxy, _, _ = both()
    interim = []
    response = ask(proxy, version, path, "POST", b"content", headers=["expect: 100-continue"],
                   interim=interim)
    assert (response.status, response.body) == (200, b"content")
    heads = [one if isinstance(one, list) else one.status for one in interim]
    assert len(heads) == 1


LARGE = 64 << 20


@combinations
@pytest.mark.slow
def test_a_large_body_arrives_as_it_was(both, version, path):
    body = os.urandom(1 << 20) * 64
    sums = []

    def note(request):
        sums.append((len(request.body), hashlib.md5(request.body).hexdigest()))

    def one(request):
        note(request)
        return ok(b"taken")

    def two(request):
        note(request)
        respond(request, body=b"taken")

    proxy, _, _ = both(one, two)
    before = proxy.resident_megabytes()
    response = ask(proxy, version, path, "POST", body)
    assert (response.status, response.body) == (200, b"taken")
    assert sums == [(LARGE, hashlib.md5(body).hexdigest())]
    assert proxy.resident_megabytes() - before <= 48


@combinations
@pytest.mark.slow
def test_a_large_answer_arrives_as_it_was(both, version, path):
    body = os.urandom(1 << 20) * 64
    reply = ok(body)
    proxy, _, _ = both(lambda request: reply, lambda request: respond(request, body=body))
    before = proxy.resident_megabytes()
    response = ask(proxy, version, path)
    assert response.complete and len(response.body) == LARGE
    assert hashlib.md5(response.body).digest() == hashlib.md5(body).digest()
    assert proxy.resident_megabytes() - before <= 48


def test_streams_of_many_clients_share_one_connection(both):
    """100 streams at a time from each of ten clients."""
    proxy, _, two = both(two={"circuit_breakers": envoyfile.limits(
        max_requests=10_000, max_pending_requests=10_000)})
    clients = [connect(proxy.port) for _ in range(10)]
    for client in clients:
        for _ in range(100):
            client.request(fields("POST", "/two"), b"%d" % client.next_number)
    for client in clients:
        for number in range(1, 200, 2):
            response = client.response(number, 30)
            assert response.status == 200 and response.body == b"%d" % number
        client.close()
    assert len(two.connections) == 1
    assert len(two.requests) == 1000


def test_requests_wait_for_a_stream_where_an_endpoint_takes_one(both):
    """MAX_CONCURRENT_STREAMS of 1 and one connection: a queue."""
    under_way, most = [], []

    def answer(request):
        under_way.append(request)
        most.append(len(under_way))
        time.sleep(0.005)
        under_way.remove(request)
        respond(request)

    proxy, _, _ = both(answer_two=answer, settings={3: 1}, two={
        "circuit_breakers": envoyfile.limits(max_connections=1)})
    assert ask(proxy, 2, "/two").status == 200  # The settings are known now.
    client = connect(proxy.port)
    numbers = [client.request(fields("GET", "/two")) for _ in range(30)]
    assert [client.response(number).status for number in numbers] == [200] * 30
    assert max(most) == 1
    client.close()


def test_an_upstream_connection_ends_after_its_requests(both):
    proxy, _, two = both(two=speaking({"max_requests_per_connection": 5}))
    client = connect(proxy.port)
    for _ in range(20):
        assert client.response(client.request(fields("GET", "/two"))).status == 200
    client.close()
    assert len(two.connections) == 4
    proxy.wait_stat("cluster.two.upstream_cx_max_requests", 4)


def test_a_client_connection_ends_after_its_requests(both):
    proxy, _, _ = both(hcm={"common_http_protocol_options": {"max_requests_per_connection": 3}})
    client = connect(proxy.port)
    for _ in range(3):
        assert client.response(client.request(fields("GET", "/two"))).status == 200
    assert client.until_closed()
    assert [(last, code) for last, code, _ in client.goaways] == [
        (0x7FFFFFFF, "NO_ERROR"), (5, "NO_ERROR")]


def test_streams_that_a_goaway_leaves_out_are_sent_again(both):
    """The endpoint goes away amid a batch, and none of it is lost or served twice."""
    seen, lock = [], threading.Lock()

    def answer(request):
        with lock:
            seen.append(request)
            is_last = len(seen) == 10
        if is_last:
            # What came after the tenth is not looked at.
            request.connection.goaway(max(one.number for one in seen))
        elif len(seen) > 10 and request.connection is seen[0].connection:
            return
        respond(request)

    proxy, _, two = both(answer_two=answer)
    client = connect(proxy.port)
    for _ in range(20):
        number = client.request(fields("GET", "/two"))
        response = client.response(number)
        assert response is not None and response.status == 200
    client.close()
    assert len(two.connections) >= 2
    assert len(two.requests) == 20


def test_a_client_that_goes_away_gets_its_answers(both):
    release = threading.Event()

    def answer(request):
        release.wait(5)
        respond(request)

    proxy, _, two = both(answer_two=answer)
    client = connect(proxy.port)
    number = client.request(fields("GET", "/two"))
    wait_until(lambda: two.requests, "the request")
    client.goaway()
    release.set()
    assert client.response(number).status == 200
    client.close()
    proxy.wait_stat("http.inbound.downstream_cx_active", 0)


def test_a_refused_stream_is_sent_again(both):
    refusals = []

    def answer(request):
        if not refusals:
            refusals.append(request)
            request.connection.reset(request.number, "REFUSED_STREAM")
        else:
            respond(request)

    proxy, _, two = both(answer_two=answer, action={
        "retry_policy": retries("refused-stream", 2)})
    assert ask(proxy, 2, "/two").status == 200
    assert len(two.requests) == 2
    proxy.wait_stat("cluster.two.upstream_rq_retry", 1)


def test_a_reset_is_retried_where_the_policy_says_so(both):
    failed = []

    def answer(request):
        if not failed:
            failed.append(request)
            request.connection.reset(request.number, "INTERNAL_ERROR")
        else:
            respond(request)

    proxy, _, two = both(answer_two=answer, action={"retry_policy": retries("reset", 2)})
    assert ask(proxy, 2, "/two").status == 200
    assert len(two.requests) == 2


def test_a_hedged_request_takes_the_first_answer(both):
    seen = []

    def answer(request):
        seen.append(request)
        if len(seen) > 1:
            respond(request, body=b"second")

    proxy, _, two = both(answer_two=answer, action={
        "timeout": "5s", "hedge_policy": {"hedge_on_per_try_timeout": True},
        "retry_policy": {**retries("5xx", 1), "per_try_timeout": "0.1s"}})
    response = ask(proxy, 2, "/two")
    assert (response.status, response.body) == (200, b"second")
    connection, number = seen[0].connection, seen[0].number
    with connection.changed:
        assert connection.changed.wait_for(
            lambda: connection.stream(number).reset == "CANCEL", 5), "the slow one is not cancelled"


def test_a_copy_goes_to_an_endpoint_of_http2(endpoint, launch):
    main, mirror = endpoint(), endpoint()
    proxy = launch(envoyfile.bootstrap(
        [envoyfile.listener(routes=[route("main", request_mirror_policies=[
            {"cluster": "mirror"}])])],
        [envoyfile.cluster("main", main.port, **speaking()),
         envoyfile.cluster("mirror", mirror.port, **speaking())]))
    assert ask(proxy, 2, "/two", "POST", b"copied").status == 200
    wait_until(lambda: mirror.requests, "the copy")
    assert mirror.requests[0].body == b"copied" == main.requests[0].body


def test_a_timeout_cancels_the_stream(both):
    proxy, _, two = both(answer_two=lambda request: None, action={"timeout": "0.2s"})
    assert ask(proxy, 2, "/two").status == 504
    connection = two.connections[0]
    with connection.changed:
        assert connection.changed.wait_for(
            lambda: connection.stream(1).reset in ("CANCEL", "NO_ERROR"), 5)
    assert not connection.is_closed
    entry = proxy.log_entry()
    assert (entry["flags"], entry["details"]) == ("UT", "response_timeout")


def test_a_client_that_resets_cancels_the_upstream_stream(both):
    proxy, _, two = both(answer_two=lambda request: None)
    client = connect(proxy.port)
    number = client.request(fields("GET", "/two"))
    wait_until(lambda: two.requests, "the request")
    client.reset(number)
    connection = two.connections[0]
    with connection.changed:
        assert connection.changed.wait_for(lambda: connection.stream(1).reset == "CANCEL", 5)
    client.close()


def test_a_dead_peer_is_found_by_pings(both):
    keep = {"connection_keepalive": {"interval": "0.2s", "timeout": "0.2s"}}
    proxy, _, two = both(answer_two=lambda request: None, two=speaking(**keep),
                         hcm={"http2_protocol_options": keep})
    client = connect(proxy.port)
    client.acknowledges = False
    assert client.until_closed(5), "a client that does not answer pings is kept"
    client.close()
    other = connect(proxy.port)
    number = other.request(fields("GET", "/two"))
    wait_until(lambda: two.requests, "the request")
    two.connections[0].acknowledges = False
    assert other.response(number).status in (502, 503)
    other.close()


def test_the_log_says_which_version_was_spoken(launch, endpoint, tmp_path):
    two, path = endpoint(), tmp_path / "protocols.log"
    proxy = launch(envoyfile.bootstrap(
        [envoyfile.listener(hcm={"access_log": [envoyfile.file_log(
            path, "%PROTOCOL% %UPSTREAM_PROTOCOL%\n")]})],
        [envoyfile.cluster("app", two.port, **speaking())]))
    assert ask(proxy, 2, "/").status == ask(proxy, 1, "/").status == 200
    wait_until(lambda: path.exists() and path.read_text().count("\n") == 2, "two lines")
    assert path.read_text().splitlines() == ["HTTP/2 HTTP/2", "HTTP/1.1 HTTP/2"]


@pytest.mark.parametrize("alpn, version", [(("h2",), 2), (("http/1.1",), 1), ((), 1)])
def test_the_endpoint_chooses_the_version_by_alpn(launch, endpoint, alpn, version):
    """`auto_config`: what ALPN agrees on, and HTTP/1.1 where it agrees on nothing."""
    one = endpoint(context=server_context(alpn=alpn)) if version == 2 else SecurePeer(
        server_context(alpn=alpn or None))
    proxy = launch(envoyfile.bootstrap(
        [envoyfile.listener()],
        [envoyfile.cluster("app", one.port, transport_socket={
            "name": "envoy.transport_sockets.tls", "typed_config": {
                "@type": TYPE + "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"}},
            typed_extension_protocol_options={OPTIONS: {
                "@type": HTTP_OPTIONS, "auto_config": {
                    "http2_protocol_options": {}, "http_protocol_options": {}}}})]))
    assert ask(proxy, 2, "/").status == 200
    proxy.wait_stat("cluster.app.upstream_cx_http2_total", int(version == 2))
    if version == 1:
        one.close()


def test_the_client_chooses_the_version_by_alpn(launch, endpoint):
    two, leaf = endpoint(), certificates()["server"]
    listener = envoyfile.listener()
    listener["filter_chains"][0]["transport_socket"] = {
        "name": "envoy.transport_sockets.tls", "typed_config": {
            "@type": TYPE + "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": {
                "alpn_protocols": ["h2", "http/1.1"],
                "tls_certificates": [{"certificate_chain": {"filename": str(leaf.path)},
                                      "private_key": {"filename": str(leaf.key_path)}}]}}}
    proxy = launch(envoyfile.bootstrap([listener], [
        envoyfile.cluster("app", two.port, **speaking())]))
    client = connect(proxy.port, client_context(alpn=("h2", "http/1.1")))
    assert client.socket.selected_alpn_protocol() == "h2"
    assert client.response(client.request(fields("GET", "/", scheme="https"))).status == 200
    client.close()


def test_streams_of_one_client_share_its_window(both):
    """Two large answers come in turns: none waits for the end of the other."""
    reply = ok(b"x" * 2_000_000)
    proxy, _, _ = both(lambda request: reply)
    client = connect(proxy.port, timeout=15)
    first, second = (client.request(fields("GET", "/one")) for _ in range(2))
    assert client.until(lambda: client.stream(first).ended or client.stream(second).ended)
    counts = [len(client.stream(number).data) for number in (first, second)]
    assert min(counts) >= 1_000_000, counts
    for number in (first, second):
        assert len(client.response(number).body) == 2_000_000
    client.close()


def test_a_small_answer_passes_a_large_one(both):
    """A stream without a window holds nobody up."""
    reply = ok(b"x" * 2_000_000)
    proxy, _, _ = both(lambda request: reply if request.header("x-large") else ok(b"small"))
    client = connect(proxy.port)
    client.updates = False
    large = client.request(fields("GET", "/one", "x-large: yes"))
    assert client.until(lambda: len(client.stream(large).data) == 65535)
    client.update(0, 1 << 20)  # The connection has a window again, the stream has none.
    assert client.response(client.request(fields("GET", "/one"))).body == b"small"
    assert not client.stream(large).ended
    client.update(large, 1 << 21)
    client.update(0, 1 << 21)
    assert len(client.response(large).body) == 2_000_000
    client.close()


def test_an_upload_that_is_not_taken_is_held_back(both):
    """The client's window stays shut while the endpoint's is: no more than a few buffers wait."""
    def stall(connection):
        connection.updates = False

    proxy, _, two = both()
    two.script = stall
    client = connect(proxy.port)
    number = client.new_stream()
    client.headers(number, fields("POST", "/two"))
    client.timeout = 1
    before = proxy.resident_megabytes()
    with pytest.raises(TimeoutError):
        client.data(number, bytes(64 << 20), end=True)
    assert proxy.resident_megabytes() - before <= 16
    client.close()


# Load, while something changes

def need(*programs):
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")


@contextmanager
def load(proxy, requests=40_000, path="/two"):
    """h2load: four connections of 25 streams; its account of them at the end."""
    need("h2load")
    process = subprocess.Popen(
        ["h2load", "-n", str(requests), "-c", "4", "-m", "25",
         f"http://127.0.0.1:{proxy.port}{path}"], stdout=subprocess.PIPE, text=True)
    found = {}
    try:
        wait_until(lambda: proxy.stat("http.inbound.downstream_rq_2xx") > 500, "load", 20)
        yield found
        text = process.communicate(timeout=50)[0]
        found.update((name, int(count)) for count, name in re.findall(
            r"(\d+) (total|started|done|succeeded|failed|errored|timeout)", text))
        found["2xx"] = int(re.search(r"(\d+) 2xx", text)[1])
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def nghttpd(tmp_path):
    """nghttp2's own server, in the clear."""
    need("nghttpd")
    root = tmp_path / "served"
    root.mkdir()
    (root / "two").write_text("from nghttpd")
    (root / "large.bin").write_bytes(os.urandom(3_000_000))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(["nghttpd", "--no-tls", "-d", str(root), "-a", "127.0.0.1",
                                str(port)], stdout=subprocess.DEVNULL)

    def is_up():
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False

    wait_until(is_up, "nghttpd")
    yield port, root
    process.kill()
    process.wait()


def before(launch, port, **options):
    return launch(envoyfile.bootstrap([envoyfile.listener()], [
        envoyfile.cluster("app", port, circuit_breakers=envoyfile.limits(
            max_requests=10_000, max_pending_requests=10_000), **speaking())]),
        log=False, **options)


@pytest.mark.slow
def test_a_reload_under_load_fails_no_request(launch, nghttpd):
    port, _ = nghttpd
    proxy = before(launch, port)
    with load(proxy) as found:
        for attempt in range(1, 4):
            manager = envoyfile.manager_of(proxy.configuration["static_resources"]["listeners"][0])
            manager["server_name"] = f"changed-{attempt}"
            text = envoyfile.text_of(proxy.configuration)
            other = proxy.folder / ".envoy.yaml.new"
            other.write_text(text)
            os.rename(other, proxy.folder / "envoy.yaml")
            proxy.wait_stat("config_reload.success", attempt)
    assert found["2xx"] == found["total"] == 40_000, found


@pytest.mark.slow
def test_sigterm_under_load_loses_no_request_that_was_taken(launch, nghttpd):
    """GOAWAY comes in two steps: whatever a client sent before it knew is answered."""
    port, _ = nghttpd
    proxy = before(launch, port, drain_seconds=10)
    statuses, lost = [], []

    def converse():
        client = connect(proxy.port)
        waiting = []
        while not client.goaways:
            while len(waiting) < 20 and not client.goaways:
                waiting.append(client.request(fields("GET", "/two")))
            response = client.response(waiting[0], 5)
            statuses.append(response.status if response else None)
            waiting.pop(0)
        for number in waiting:
            response = client.response(number, 5)
            statuses.append(response.status if response else None)
        if not client.until_closed(5):
            lost.append("not closed")
        client.close()

    threads = [threading.Thread(target=converse) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(statuses) > 500, "requests")
    proxy.signal(signal.SIGTERM)
    for thread in threads:
        thread.join(30)
    assert set(statuses) == {200} and not lost
    assert proxy.wait_exit() == 0


@pytest.mark.parametrize("client", ["nghttp", "curl", "h2load"])
def test_real_clients_and_a_real_server(launch, nghttpd, client):
    port, root = nghttpd
    need(client)
    proxy = before(launch, port)
    url = f"http://127.0.0.1:{proxy.port}"
    if client == "h2load":
        done = subprocess.run(["h2load", "-n", "2000", "-c", "5", "-m", "20", url + "/large.bin"],
                              capture_output=True, text=True, timeout=50)
        assert "2000 2xx" in done.stdout, done.stdout
        return
    command = {"nghttp": ["nghttp"], "curl": ["curl", "-s", "--http2-prior-knowledge"]}[client]
    done = subprocess.run([*command, url + "/large.bin"], capture_output=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (root / "large.bin").read_bytes()


def test_a_client_that_offers_to_upgrade_is_served(both):
    """A client that offers h2c by Upgrade is served in HTTP/1.1 (RFC 9113 section 3.1)."""
    need("curl")
    proxy, _, _ = both()
    done = subprocess.run(["curl", "-s", "--http2", "-o", "/dev/null", "-w",
                           "%{http_code} %{http_version}",
                           f"http://127.0.0.1:{proxy.port}/two"], capture_output=True,
                          text=True, timeout=20)
    assert done.stdout in ("200 1.1", "403 1.1"), done.stdout


@pytest.mark.parametrize("length", [[], ["content-length: 3"]], ids=["no length", "a length"])
def test_trailers_follow_a_body_of_any_length(both, length):
    seen = []

    def answer(request):
        seen.append((request.body, request.trailers))
        respond(request, headers=[tuple(one.split(": ", 1)) for one in length], body=b"abc",
                trailers=[("grpc-status", "5")])

    proxy, _, _ = both(answer_two=answer)
    response = ask(proxy, 2, "/two", "POST", b"def", [("x-end", "yes")], ["te: trailers", *length])
    assert (response.body, response.trailers) == (b"abc", [("grpc-status", "5")])
    assert seen == [(b"def", [("x-end", "yes")])]


def test_a_head_that_is_too_large_ends_its_stream_alone(both):
    gate = threading.Event()

    def answer(request):
        if request.target == "/two/large":
            respond(request, headers=[(f"x-{n}", "y" * 40) for n in range(130)])
        else:
            gate.wait(5)
            respond(request)

    proxy, _, two = both(answer_two=answer)
    client = connect(proxy.port)
    others = [client.request(fields("GET", "/two/slow")) for _ in range(5)]
    wait_until(lambda: len(two.requests) == 5, "the requests")
    assert client.response(client.request(fields("GET", "/two/large"))).status == 502
    gate.set()
    assert [client.response(number).status for number in others] == [200] * 5
    assert len(two.connections) == 1
    client.close()


def test_the_place_of_a_lost_request_is_free_for_the_next(both):
    """With one request at a time, the one that waits for the stream gets it."""
    def answer(request):
        if request.target == "/two/lost":
            wait_until(lambda: proxy.stat("cluster.two.upstream_rq_pending_active") == 1, "both")
            request.connection.reset(request.number, "INTERNAL_ERROR")
        else:
            respond(request)

    proxy, _, two = both(answer_two=answer, settings={3: 1}, two={
        **speaking(max_concurrent_streams=1),
        "circuit_breakers": envoyfile.limits(max_requests=1, max_connections=1)})
    client = connect(proxy.port)
    lost = client.request(fields("GET", "/two/lost"))
    wait_until(lambda: two.requests, "the first request")
    waiting = client.request(fields("GET", "/two/next"))
    assert client.response(lost).status == 503
    assert client.response(waiting).status == 200
    client.close()


def test_a_connection_that_was_idle_is_tried_before_it_is_used(both):
    proxy, _, two = both(two=speaking(connection_keepalive={
        "timeout": "0.3s", "connection_idle_interval": "0.3s"}))
    for _ in range(3):
        assert ask(proxy, 2, "/two").status == 200
    connection = two.connections[0]
    assert "PING" not in connection.received
    time.sleep(0.4)
    assert ask(proxy, 2, "/two").status == 200
    assert [name for name in connection.received if name in ("PING", "HEADERS")] == [
        "HEADERS", "HEADERS", "HEADERS", "PING", "HEADERS"]
    # One that does not answer is given up, and the next request has another connection.
    connection.acknowledges = False
    time.sleep(0.4)
    ask(proxy, 2, "/two")
    proxy.wait_stat("cluster.two.http2.keepalive_timeout", 1)
    assert ask(proxy, 2, "/two").status == 200
    assert len(two.connections) == 2


def test_hedged_attempts_that_end_together_are_counted_once(both):
    """Both attempts are on one connection, which leaves them out, or ends."""
    def answer(request):
        if request.target == "/two/left":
            time.sleep(0.3)
            request.connection.goaway(last=1)
        elif request.target == "/two/ended":
            time.sleep(0.3)
            request.connection.abort()
        else:
            respond(request)

    proxy, _, _ = both(answer_two=answer, action={
        "timeout": "2s", "hedge_policy": {"hedge_on_per_try_timeout": True},
        "retry_policy": {"retry_on": "5xx,reset,refused-stream", "num_retries": 2,
                         "per_try_timeout": "0.1s"}})
    client = connect(proxy.port, timeout=10)
    assert client.response(client.request(fields("GET", "/two"))).status == 200
    for path in ("/two/left", "/two/ended"):
        numbers = [client.request(fields("GET", path)) for _ in range(10)]
        assert all(client.response(number) for number in numbers)
        assert client.response(client.request(fields("GET", "/two"))).status == 200
    for gauge in ("upstream_rq_active", "upstream_rq_pending_active", "http2.streams_active"):
        proxy.wait_stat(f"cluster.two.{gauge}", 0)
    client.close()


def test_what_a_goaway_announced_does_not_grow(both):
    proxy, _, two = both(
        answer_two=lambda request: request.connection.headers(
            request.number, [(":status", "200")]),
        hcm={"common_http_protocol_options": {"max_requests_per_connection": 1}})
    client = connect(proxy.port)
    client.request(fields("GET", "/two"))
    assert client.until(lambda: len(client.goaways) == 2)
    refused = [client.request(fields("GET", "/two")) for _ in range(2)]
    assert client.until(lambda: all(client.stream(n).reset == "REFUSED_STREAM" for n in refused))
    client.raw(raw_frame(6, 0, 1, bytes(8)))
    assert client.until_closed()
    assert [(last, code) for last, code, _ in client.goaways] == [
        (0x7FFFFFFF, "NO_ERROR"), (1, "NO_ERROR"), (1, "PROTOCOL_ERROR")]


@pytest.mark.parametrize("kilobytes, status", [(500, 200), (520, 431)])
def test_large_heads_may_be_allowed(both, kilobytes, status):
    proxy, _, _ = both(hcm={"max_request_headers_kb": 512})
    client = connect(proxy.port)
    content = client.block([*fields("GET", "/one"), ("x-large", "a" * (kilobytes << 10))])
    parts = [content[at : at + 16384] for at in range(0, len(content), 16384)]
    for at, part in enumerate(parts):
        client.raw(raw_frame(9 if at else 1, (0 if at else 1) | (4 if at == len(parts) - 1 else 0),
                             1, part))
    assert client.response(1).status == status
    assert not client.goaways
    client.close()


def test_an_expectation_that_nobody_can_meet_is_refused(both):
    proxy, one, two = both()
    for body in (None, b"abc"):
        response = ask(proxy, 2, "/two", "POST", body, headers=["expect: tea"])
        assert response.status == 417
    assert ask(proxy, 1, "/two", "POST", b"abc", headers=["expect: tea"]).status == 417
    assert not two.requests
