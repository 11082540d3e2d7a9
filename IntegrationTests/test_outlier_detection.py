"""Outlier detection: who is ejected, by what, for how long, and how it is told."""

import json
import threading

import pytest

from harness import envoyfile
from harness.envoyfile import route
from harness.peer import ok, refused_port
from harness.waiting import wait_until

# Nothing is compared, and no row is long enough, unless a test says so.
OFF = {
    "interval": "0.2s", "base_ejection_time": "60s", "max_ejection_percent": 100,
    "consecutive_5xx": 1000, "consecutive_gateway_failure": 1000,
    "success_rate_minimum_hosts": 1000, "failure_percentage_minimum_hosts": 1000,
}
NO_PANIC = {"common_lb_config": {"healthy_panic_threshold": {"value": 0}}}


def configuration(outlier, *endpoints, log=None, routes=None, **fields):
    cluster = envoyfile.cluster(
        "app", *endpoints, outlier_detection={**OFF, **outlier}, **{**NO_PANIC, **fields})
    whole = envoyfile.bootstrap(
        [envoyfile.listener(routes=routes or [route()])], [cluster])
    if log:
        whole["cluster_manager"] = {"outlier_detection": {"event_log_path": str(log)}}
    return whole


class App:
    """An application whose status is switched by the test."""

    def __init__(self, peer, status=200):
        self.status = status
        self.count = 0
        self.lock = threading.Lock()
        self.peer = peer(answer=self.answer)
        self.port = self.peer.port

    def answer(self, request):
        with self.lock:
            self.count += 1
        return None if self.status is None else ok(str(self.port), status=self.status)


def status_of(proxy):
    return proxy.admin("/clusters?format=json").json()["cluster_statuses"][0]


def ejected(proxy):
    """The ports of the endpoints that are ejected."""
    return {
        host["address"]["socket_address"]["port_value"]
        for host in status_of(proxy)["host_statuses"]
        if host["health_status"].get("failed_outlier_check")
    }


def stat(proxy, name):
    return proxy.stat(f"cluster.app.outlier_detection.{name}")


def wait_stat(proxy, name, value):
    proxy.wait_stat(f"cluster.app.outlier_detection.{name}", value)


def fetch_until_ejected(proxy, port):
    def look():
        proxy.fetch()
        return port in ejected(proxy)

    wait_until(look, f"{port} to be ejected")


def events(log, count):
    wait_until(lambda: log.exists() and log.read_text().count("\n") >= count, f"{count} events")
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_a_row_of_5xx_ejects_and_time_brings_back(launch, peer, tmp_path):
    good, bad = App(peer), App(peer, status=500)
    log = tmp_path / "outlier.log"
    proxy = launch(configuration(
        {"consecutive_5xx": 3, "base_ejection_time": "1s"}, good.port, bad.port, log=log))
    fetch_until_ejected(proxy, bad.port)
    before = bad.count
    assert {proxy.fetch().text for _ in range(10)} == {str(good.port)}
    assert bad.count == before >= 3
    assert stat(proxy, "ejections_active") == 1
    assert stat(proxy, "ejections_enforced_total") == 1
    assert stat(proxy, "ejections_enforced_consecutive_5xx") == 1
    assert stat(proxy, "ejections_detected_consecutive_5xx") == 1
    text = proxy.admin("/clusters").text
    assert f"app::127.0.0.1:{bad.port}::health_flags::/failed_outlier_check" in text
    wait_until(lambda: not ejected(proxy), "the end of the ejection")
    assert stat(proxy, "ejections_active") == 0
    first, second = events(log, 2)
    timestamp = first.pop("timestamp")
    assert timestamp.endswith("Z")
    assert first == {
        "type": "CONSECUTIVE_5XX", "cluster_name": "app",
        "upstream_url": f"127.0.0.1:{bad.port}", "action": "EJECT", "num_ejections": 1,
        "enforced": True, "eject_consecutive_event": {},
    }
    assert second["action"] == "UNEJECT"
    assert second["num_ejections"] == 1
    assert second["secs_since_last_action"] == "1"


def test_a_success_begins_the_row_anew(launch, peer):
    app = App(peer)
    proxy = launch(configuration({"consecutive_5xx": 3}, app.port))
    for statuses in ([500, 500, 200], [503, 404, 500, 500, 404]):
        for status in statuses:
            app.status = status
            proxy.fetch()
    assert stat(proxy, "ejections_detected_consecutive_5xx") == 0
    assert not ejected(proxy)


@pytest.mark.parametrize("status", [502, 503, 504])
def test_gateway_failures_have_a_row_of_their_own(launch, peer, status):
    app = App(peer, status=status)
    proxy = launch(configuration(
        {"consecutive_gateway_failure": 2, "enforcing_consecutive_gateway_failure": 100},
        app.port))
    for _ in range(2):
        assert proxy.fetch().status == status
    wait_stat(proxy, "ejections_enforced_consecutive_gateway_failure", 1)
    wait_until(lambda: proxy.fetch().text != str(app.port), "requests to be refused")
    wait_until(lambda: proxy.log_entry()["flags"] == "UH", "the flag in the log")


def test_what_is_not_enforced_is_only_told(launch, peer, tmp_path):
    app = App(peer, status=503)
    log = tmp_path / "outlier.log"
    proxy = launch(configuration(
        {"consecutive_gateway_failure": 2, "enforcing_consecutive_gateway_failure": 0},
        app.port, log=log))
    for _ in range(2):
        proxy.fetch()
    wait_stat(proxy, "ejections_detected_consecutive_gateway_failure", 1)
    (event,) = events(log, 1)
    assert event["type"] == "CONSECUTIVE_GATEWAY_FAILURE"
    assert event["enforced"] is False
    assert event["num_ejections"] == 0
    assert not ejected(proxy)


def test_refused_connections_count_as_5xx(launch, peer):
    good = App(peer)
    kept, port = refused_port()
    with kept:
        proxy = launch(configuration({"consecutive_5xx": 2}, good.port, port))
        fetch_until_ejected(proxy, port)
        assert stat(proxy, "ejections_enforced_consecutive_5xx") == 1


def test_timeouts_count_as_gateway_failures(launch, peer):
    app = App(peer, status=None)
    proxy = launch(configuration(
        {"consecutive_gateway_failure": 2, "enforcing_consecutive_gateway_failure": 100},
        app.port, routes=[route(timeout="0.1s")]))
    for _ in range(2):
        assert proxy.fetch().status == 504
    wait_stat(proxy, "ejections_enforced_consecutive_gateway_failure", 1)


def test_local_failures_may_be_counted_apart(launch, peer):
    good = App(peer)
    kept, port = refused_port()
    with kept:
        proxy = launch(configuration(
            {"split_external_local_origin_errors": True, "consecutive_local_origin_failure": 2,
             "consecutive_5xx": 2}, good.port, port))
        fetch_until_ejected(proxy, port)
        assert stat(proxy, "ejections_enforced_consecutive_local_origin_failure") == 1
        assert stat(proxy, "ejections_detected_consecutive_5xx") == 0


@pytest.mark.parametrize("percent,always,active", [(49, False, 0), (49, True, 1), (50, False, 1)])
def test_no_more_than_the_share_is_ejected(launch, peer, percent, always, active):
    apps = [App(peer, status=500), App(peer, status=500)]
    proxy = launch(configuration(
        {"consecutive_5xx": 2, "max_ejection_percent": percent, "always_eject_one_host": always},
        *[app.port for app in apps]))

    def overflows():
        proxy.fetch()
        return stat(proxy, "ejections_overflow") >= 1

    wait_until(overflows, "an ejection that is refused")
    assert stat(proxy, "ejections_active") == active
    assert len(ejected(proxy)) == active


def test_an_endpoint_that_is_worse_than_the_others(launch, peer, tmp_path):
    apps = [App(peer) for _ in range(5)]
    bad = apps[0]
    bad.status = 500
    log = tmp_path / "outlier.log"
    proxy = launch(configuration(
        {"success_rate_minimum_hosts": 5, "success_rate_request_volume": 5, "interval": "1s"},
        *[app.port for app in apps], log=log))

    def look():
        for _ in range(100):
            proxy.fetch()
        return bad.port in ejected(proxy)

    wait_until(look, "the worst endpoint to be ejected", 20)
    event = events(log, 1)[0]
    assert event["type"] == "SUCCESS_RATE"
    assert event["upstream_url"] == f"127.0.0.1:{bad.port}"
    assert event["eject_success_rate_event"] == {
        "host_success_rate": 0, "cluster_average_success_rate": 80,
        "cluster_success_rate_ejection_threshold": 4,
    }
    assert stat(proxy, "ejections_enforced_success_rate") == 1


def test_a_share_of_failures(launch, peer):
    apps = [App(peer) for _ in range(3)]
    apps[2].status = 500
    proxy = launch(configuration(
        {"failure_percentage_minimum_hosts": 3, "failure_percentage_request_volume": 5,
         "failure_percentage_threshold": 80, "enforcing_failure_percentage": 100,
         "interval": "1s"}, *[app.port for app in apps]))

    def look():
        for _ in range(50):
            proxy.fetch()
        return ejected(proxy) == {apps[2].port}

    wait_until(look, "the failing endpoint to be ejected", 20)
    assert stat(proxy, "ejections_enforced_failure_percentage") == 1


def test_rates_are_shown(launch, peer):
    apps = [App(peer) for _ in range(2)]
    proxy = launch(configuration(
        {"success_rate_minimum_hosts": 2, "success_rate_request_volume": 1, "interval": "1s",
         "enforcing_success_rate": 0}, *[app.port for app in apps]))

    def look():
        for _ in range(10):
            proxy.fetch()
        text = proxy.admin("/clusters").text
        return "app::outlier::success_rate_average::100\n" in text and text

    text = wait_until(look, "rates of an interval", 20)
    assert "app::outlier::success_rate_ejection_threshold::100\n" in text
    assert "app::outlier::local_origin_success_rate_average::-1\n" in text
    for app in apps:
        assert f"app::127.0.0.1:{app.port}::success_rate::100\n" in text
        assert f"app::127.0.0.1:{app.port}::local_origin_success_rate::-1\n" in text


def test_a_health_check_brings_an_endpoint_back(launch, peer):
    status = {"/": 500, "/healthz": 200}
    app = peer(answer=lambda request: ok("x", status=status[request.target]))
    check = {
        "timeout": "1s", "interval": "0.3s", "no_traffic_interval": "0.3s",
        "unhealthy_threshold": 1, "healthy_threshold": 1, "http_health_check": {"path": "/healthz"},
    }
    proxy = launch(configuration({"consecutive_5xx": 2}, app.port, health_checks=[check]))
    wait_until(lambda: proxy.stat("cluster.app.health_check.success") >= 1, "the first check")
    for _ in range(2):
        assert proxy.fetch().status == 500
    wait_stat(proxy, "ejections_enforced_total", 1)
    wait_until(lambda: not ejected(proxy), "the next check")
    wait_until(lambda: proxy.fetch().text == "x", "requests to be served again")
