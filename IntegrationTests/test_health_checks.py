"""Active health checks: who is asked, what answers come to, and what a hostile endpoint can do."""

import json
import signal
import threading
import time

import pytest

from harness import envoyfile
from harness.envoyfile import route
from harness.peer import Gone, ok, refused_port
from harness.waiting import wait_until

# Quick, and without the panic that would send requests to endpoints that are down.
TIMES = {
    "timeout": "0.5s", "interval": "0.05s", "no_traffic_interval": "0.05s",
    "unhealthy_threshold": 2, "healthy_threshold": 2,
}
NO_PANIC = {"common_lb_config": {"healthy_panic_threshold": {"value": 0}}}


def http(path="/healthz", times=None, **fields):
    return {**TIMES, **(times or {}), "http_health_check": {"path": path, **fields}}


def tcp(times=None, **fields):
    return {**TIMES, **(times or {}), "tcp_health_check": fields}


def event_log(path):
    return {"event_logger": [{
        "name": "envoy.health_check.event_sinks.file",
        "typed_config": {
            "@type": envoyfile.TYPE
            + "envoy.extensions.health_check.event_sinks.file.v3.HealthCheckEventFileSink",
            "event_log_path": str(path),
        },
    }]}


def configuration(check, *endpoints, **fields):
    cluster = envoyfile.cluster(
        "app", *endpoints, health_checks=[check], **{**NO_PANIC, **fields})
    return envoyfile.bootstrap([envoyfile.listener(routes=[route()])], [cluster])


def hosts(proxy):
    """The endpoints as /clusters shows them, by port."""
    status = proxy.admin("/clusters?format=json").json()["cluster_statuses"][0]
    return {
        host["address"]["socket_address"]["port_value"]: host for host in status["host_statuses"]
    }


def health(proxy, port):
    status = dict(hosts(proxy)[port]["health_status"])
    assert status.pop("eds_health_status") == "HEALTHY"
    # Only for the moment before the first result.
    status.pop("pending_active_hc", None)
    return sorted(name for name, value in status.items() if value)


class App:
    """An application whose health is switched by the test."""

    def __init__(self, peer, status=200, headers=()):
        self.status = status
        self.headers = list(headers)
        self.checks = []
        self.served = []
        self.changed = threading.Condition()
        self.peer = peer(answer=self.answer)
        self.port = self.peer.port

    def answer(self, request):
        with self.changed:
            (self.checks if request.target == "/healthz" else self.served).append(request)
            self.changed.notify_all()
        if request.target != "/healthz":
            return ok(str(self.port))
        return ok("health", status=self.status, headers=self.headers)

    def wait_checks(self, more):
        with self.changed:
            count = len(self.checks) + more
            assert self.changed.wait_for(lambda: len(self.checks) >= count, 10), "no more checks"


def becomes(proxy, port, *flags):
    wait_until(lambda: health(proxy, port) == sorted(flags), f"{port} to be {flags}")


def test_only_healthy_endpoints_get_requests(launch, peer):
    good, bad = App(peer), App(peer, status=500)
    proxy = launch(configuration(http(), good.port, bad.port))
    becomes(proxy, good.port)
    becomes(proxy, bad.port, "failed_active_health_check")
    assert {proxy.fetch().text for _ in range(20)} == {str(good.port)}
    assert not bad.served
    assert proxy.stat("cluster.app.health_check.healthy") == 1
    assert proxy.stat("cluster.app.membership_healthy") == 1


def test_an_endpoint_goes_and_comes_back(launch, peer, tmp_path):
    app = App(peer)
    log = tmp_path / "health.log"
    proxy = launch(configuration({**http(), **event_log(log)}, app.port))
    becomes(proxy, app.port)
    app.status = 503
    becomes(proxy, app.port, "failed_active_health_check")
    # The page shows a flag a moment before the worker acts on it.
    wait_until(lambda: proxy.fetch().status == 503, "requests to be refused")
    wait_until(lambda: proxy.log_entry()["flags"] == "UH", "the flag in the log")
    app.status = 200
    becomes(proxy, app.port)
    wait_until(lambda: proxy.fetch().status == 200, "requests to be served")
    wait_until(lambda: log.exists() and log.read_text().count("\n") >= 3, "three events")
    events = [json.loads(line) for line in log.read_text().splitlines()]
    for event in events:
        assert event["health_checker_type"] == "HTTP"
        assert event["cluster_name"] == "app"
        assert event["host"]["socket_address"]["port_value"] == app.port
        assert event["timestamp"].endswith("Z")
    assert [
        event.get("add_healthy_event") or event.get("eject_unhealthy_event") for event in events
    ] == [
        {"first_check": True},
        {"failure_type": "ACTIVE", "http_status_code": 503},
        {"first_check": False},
    ]


def test_thresholds_count_failures_of_the_network_only(launch, peer):
    answers = threading.Event()
    answers.set()

    def answer(request):
        if request.target == "/healthz" and not answers.is_set():
            request.connection.reset()
            return None
        return ok("app")

    app = peer(answer=answer)
    proxy = launch(configuration(http(times={"unhealthy_threshold": 4}), app.port))
    becomes(proxy, app.port)
    before = proxy.stat("cluster.app.health_check.network_failure")
    answers.clear()
    becomes(proxy, app.port, "failed_active_health_check")
    assert proxy.stat("cluster.app.health_check.network_failure") >= before + 4


def test_retriable_statuses_count_towards_the_threshold(launch, peer):
    app = App(peer)
    check = http(
        times={"unhealthy_threshold": 1000},
        retriable_statuses=[{"start": 500, "end": 504}],
        expected_statuses=[{"start": 200, "end": 300}],
    )
    proxy = launch(configuration(check, app.port))
    becomes(proxy, app.port)
    app.status = 503
    app.wait_checks(5)
    assert health(proxy, app.port) == []
    app.status = 299
    app.wait_checks(2)
    assert health(proxy, app.port) == []
    app.status = 504
    becomes(proxy, app.port, "failed_active_health_check")


def test_headers_of_the_answer(launch, peer):
    app = App(peer, headers=[("x-envoy-degraded", "true")])
    proxy = launch(configuration(http(), app.port))
    becomes(proxy, app.port, "failed_active_degraded_check")
    proxy.wait_stat("cluster.app.health_check.degraded", 1)
    app.headers = [("x-envoy-immediate-health-check-fail", "true")]
    app.status = 503
    wait_until(
        lambda: "excluded_via_immediate_hc_fail" in health(proxy, app.port), "the exclusion")
    app.headers = []
    app.status = 200
    becomes(proxy, app.port)


def test_what_is_sent(launch, peer):
    app = App(peer)
    check = http(
        host="health.test", method="POST", send={"text": "70696e67"},
        request_headers_to_add=[{"header": {"key": "x-check", "value": "yes"}}],
        request_headers_to_remove=["x-forwarded-for"],
    )
    proxy = launch(configuration(check, app.port))
    becomes(proxy, app.port)
    request = app.checks[0]
    assert (request.method, request.target) == ("POST", "/healthz")
    assert request.body == b"ping"
    assert sorted((name.lower(), value) for name, value in request.headers) == [
        ("content-length", "4"), ("host", "health.test"), ("user-agent", "Envoy/HC"),
        ("x-check", "yes"),
    ]


def test_the_host_is_the_cluster_by_default(launch, peer):
    app = App(peer)
    proxy = launch(configuration(http(), app.port))
    becomes(proxy, app.port)
    assert app.checks[0].header("host") == "app"


def test_the_body_must_contain_what_is_expected(launch, peer):
    app = App(peer)
    check = http(receive=[{"text": "6865"}, {"text": "6c7468"}])  # "he", then "lth"
    proxy = launch(configuration(check, app.port))
    becomes(proxy, app.port)
    other = App(peer)
    check = http(receive=[{"text": "6c7468"}, {"text": "6865"}])
    proxy = launch(configuration(check, other.port))
    becomes(proxy, other.port, "failed_active_health_check")


def test_the_service_that_answers_must_be_the_right_one(launch, peer):
    app = App(peer, headers=[("x-envoy-upstream-healthchecked-cluster", "locations-v2")])
    proxy = launch(configuration(http(service_name_matcher={"prefix": "locations"}), app.port))
    becomes(proxy, app.port)
    assert proxy.stat("cluster.app.health_check.verify_cluster") >= 1
    app.headers = [("x-envoy-upstream-healthchecked-cluster", "payments")]
    becomes(proxy, app.port, "failed_active_health_check")


@pytest.mark.parametrize("reuses", [True, False])
def test_connections_are_kept_where_they_may_be(launch, peer, reuses):
    app = App(peer)
    proxy = launch(configuration(http(times={"reuse_connection": reuses}), app.port))
    becomes(proxy, app.port)
    app.wait_checks(5)
    connections = {request.connection.number for request in app.checks[:5]}
    assert len(connections) == (1 if reuses else 5)


def test_checks_may_go_elsewhere(launch, peer):
    app, side = App(peer), App(peer)
    point = envoyfile.endpoint(app.port)
    point["endpoint"]["health_check_config"] = {"port_value": side.port, "hostname": "side.test"}
    proxy = launch(configuration(http(), point))
    becomes(proxy, app.port)
    assert not app.checks
    assert side.checks[0].header("host") == "side.test"
    assert proxy.fetch().text == str(app.port)


# Faults of an endpoint

def reset(connection):
    connection.read_head()
    connection.reset()


def silent(connection):
    connection.read_head()
    connection.until_closed()


def drip(connection):
    connection.read_head()
    for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n":
        connection.send(bytes([byte]))
        time.sleep(0.02)
    connection.until_closed()


def half_close(connection):
    connection.read_head()
    connection.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
    connection.half_close()
    connection.until_closed()


def huge_head(connection):
    connection.read_head()
    connection.send("HTTP/1.1 200 OK\r\n")
    for number in range(20_000):
        connection.send(f"x-{number}: {'a' * 100}\r\n")


def garbage(connection):
    connection.read_head()
    connection.send(bytes(range(256)) * 4)
    connection.until_closed()


def flood(connection):
    connection.read_head()
    connection.send("HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.send(b"a" * 65536)


def interim(connection):
    connection.read_head()
    while True:
        connection.send("HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n")


def nothing(connection):
    raise Gone


FAULTS = [reset, silent, drip, half_close, huge_head, garbage, flood, interim, nothing]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_fails_the_check_and_nothing_else(launch, peer, fault):
    is_faulty = threading.Event()
    is_faulty.set()
    app = None

    def serve(connection):
        if is_faulty.is_set():
            return fault(connection)
        return app.serve_requests(connection)

    app = peer(serve=serve)
    app.keeps_bytes = False
    healthy = App(peer)
    proxy = launch(configuration(http(), app.port, healthy.port))
    wait_until(
        lambda: proxy.stat("cluster.app.health_check.network_failure") >= 1, "the failure")
    assert "failed_active_health_check" in health(proxy, app.port)
    becomes(proxy, healthy.port)
    assert {proxy.fetch().text for _ in range(10)} == {str(healthy.port)}
    is_faulty.clear()
    becomes(proxy, app.port)
    assert proxy.resident_megabytes() < 400


def test_a_refused_connection_fails_at_once(launch):
    kept, port = refused_port()
    with kept:
        proxy = launch(configuration(http(times={"timeout": "60s"}), port))
        becomes(proxy, port, "failed_active_health_check")


def test_silence_is_told_apart(launch, peer):
    app = peer(serve=silent)
    proxy = launch(configuration(http(times={"timeout": "0.1s"}), app.port))
    becomes(proxy, app.port, "active_hc_timeout", "failed_active_health_check")
    text = proxy.admin("/clusters").text
    assert f"app::127.0.0.1:{app.port}::health_flags::/failed_active_hc" in text
    assert "/active_hc_timeout" in text


# TCP

def test_bytes_over_tcp(launch, peer):
    def serve(connection):
        while True:
            assert connection.exactly(4) == b"PING"
            connection.send("+PO")
            connection.send("NG\r\n")

    app = peer(serve=serve)
    check = tcp(send={"text": "50494e47"}, receive=[{"text": "504f"}, {"text": "4e47"}])
    proxy = launch(configuration(check, app.port))
    becomes(proxy, app.port)
    wait_until(lambda: proxy.stat("cluster.app.health_check.success") >= 4, "four successes")
    assert len(app.connections) == 1
    assert proxy.stat("cluster.app.health_check.failure") == 0


def test_wrong_bytes_over_tcp(launch, peer):
    def serve(connection):
        connection.exactly(4)
        connection.send("-ERR")
        connection.until_closed()

    app = peer(serve=serve)
    check = tcp(
        times={"timeout": "0.1s"}, send={"text": "50494e47"}, receive=[{"text": "504f4e47"}])
    proxy = launch(configuration(check, app.port))
    becomes(proxy, app.port, "active_hc_timeout", "failed_active_health_check")


def test_a_connection_may_be_enough(launch, peer):
    app = peer(serve=lambda connection: connection.until_closed())
    kept, port = refused_port()
    with kept:
        proxy = launch(configuration(tcp(), app.port, port))
        becomes(proxy, app.port)
        becomes(proxy, port, "failed_active_health_check")


# The process itself

@pytest.mark.pillion_only
def test_a_process_that_stood_still_blames_nobody(launch, peer):
    app = App(peer)
    proxy = launch(configuration(http(times={"timeout": "0.2s", "unhealthy_threshold": 1}),
                                 app.port))
    becomes(proxy, app.port)
    for _ in range(3):
        app.wait_checks(1)
        proxy.signal(signal.SIGSTOP)
        time.sleep(1.5)
        proxy.signal(signal.SIGCONT)
        app.wait_checks(2)
    assert proxy.stat("cluster.app.health_check.failure") == 0
    assert health(proxy, app.port) == []
