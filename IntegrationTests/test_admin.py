"""The admin interface: what each page tells, and that it changes nothing by GET."""

import pytest

from harness import envoyfile
from harness.client import Client, fetch
from harness.envoyfile import route
from harness.waiting import wait_until


def test_ready_says_live(sidecar, peer):
    response = sidecar(peer()).admin("/ready")
    assert (response.status, response.text.strip()) == (200, "LIVE")


def test_server_info_names_state_and_version(sidecar, peer):
    info = sidecar(peer()).admin("/server_info").json()
    assert info["state"] == "LIVE" and info["version"]


def test_listeners_show_real_ports(sidecar, peer):
    proxy = sidecar(peer())
    assert f"inbound::127.0.0.1:{proxy.port}" in proxy.admin("/listeners").text
    statuses = proxy.admin("/listeners?format=json").json()["listener_statuses"]
    assert statuses[0]["local_address"]["socket_address"]["port_value"] == proxy.port


def test_clusters_show_endpoints_and_their_counts(sidecar, peer):
    app = peer()
    proxy = sidecar(app)
    for _ in range(4):
        proxy.fetch()
    wait_until(lambda: f"app::127.0.0.1:{app.port}::rq_total::4" in proxy.admin("/clusters").text,
               "four requests at the endpoint")
    statuses = proxy.admin("/clusters?format=json").json()["cluster_statuses"]
    assert [status["name"] for status in statuses] == ["app"]
    where = statuses[0]["host_statuses"][0]["address"]["socket_address"]
    assert where["port_value"] == app.port


def test_the_configuration_is_shown_as_it_was_read(sidecar, peer):
    dump = sidecar(peer(), routes=[route(timeout="7s")]).admin("/config_dump").json()
    kinds = [config["@type"].rsplit(".", 1)[1] for config in dump["configs"]]
    assert "BootstrapConfigDump" in kinds
    assert "7s" in str(dump)


def test_help_lists_every_page(sidecar, peer):
    text = sidecar(peer()).admin("/help").text
    for page in ("/clusters", "/config_dump", "/drain_listeners", "/healthcheck/fail", "/help",
                 "/listeners", "/logging", "/quitquitquit", "/ready", "/reset_counters",
                 "/server_info", "/stats", "/stats/prometheus"):
        assert page in text, page


MUTATIONS = ["/healthcheck/fail", "/healthcheck/ok", "/drain_listeners", "/reset_counters",
             "/quitquitquit", "/logging?level=debug"]


@pytest.mark.parametrize("path", MUTATIONS)
def test_a_get_changes_nothing(sidecar, peer, path):
    proxy = sidecar(peer())
    proxy.fetch()
    proxy.wait_stat("cluster.app.upstream_rq_total", 1)
    assert proxy.admin(path).status == 405
    assert proxy.is_alive()
    assert proxy.fetch().status == 200
    proxy.wait_stat("cluster.app.upstream_rq_total", 2)


def test_an_unknown_page_is_not_found(sidecar, peer):
    assert sidecar(peer()).admin("/nothing").status == 404


def test_health_can_be_failed_and_restored(sidecar, peer):
    proxy = sidecar(peer())
    assert proxy.admin("/healthcheck/fail", "POST").status == 200
    assert proxy.admin("/ready").status == 503 or "DRAINING" in proxy.admin("/server_info").text
    assert proxy.admin("/healthcheck/ok", "POST").status == 200
    assert proxy.admin("/ready").status == 200


def test_counters_can_be_reset(sidecar, peer):
    proxy = sidecar(peer())
    proxy.fetch()
    proxy.wait_stat("cluster.app.upstream_rq_total", 1)
    assert proxy.admin("/reset_counters", "POST").status == 200
    proxy.wait_stat("cluster.app.upstream_rq_total", 0)
    assert proxy.stat("cluster.app.membership_total") == 1, "gauges are not counters"


@pytest.mark.pillion_only
def test_the_log_level_can_be_changed(sidecar, peer):
    proxy = sidecar(peer())
    assert proxy.admin("/logging?level=debug", "POST").status == 200
    assert proxy.admin("/logging?level=nonsense", "POST").status == 400


def test_quitquitquit_ends_the_process(sidecar, peer):
    proxy = sidecar(peer())
    assert proxy.admin("/quitquitquit", "POST").status == 200
    assert proxy.wait_exit() == 0


@pytest.mark.pillion_only
def test_drain_listeners_stops_new_connections(sidecar, peer):
    proxy = sidecar(peer())
    with proxy.client() as kept:
        assert kept.request().status == 200
        assert proxy.admin("/drain_listeners", "POST").status == 200

        def is_refused():
            try:
                Client(proxy.port, timeout=2).close()
                return False
            except ConnectionRefusedError:
                return True

        wait_until(is_refused, "new connections to be refused")
        assert proxy.admin("/ready").status in (200, 503), "the admin interface still answers"


@pytest.mark.pillion_only
def test_the_admin_interface_survives_malformed_requests(sidecar, peer):
    proxy = sidecar(peer())
    for message in (b"GET /ready HTTP/1.1\r\n\r\n", b"NONSENSE\r\n\r\n", b"\x00" * 5000,
                    b"GET /ready HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
                    b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"):
        with Client(proxy.admin_port) as client:
            try:
                client.send(message)
                client.half_close()
                client.until_close()
            except OSError:
                pass
    assert proxy.admin("/ready").status == 200


@pytest.mark.pillion_only
def test_a_page_of_another_site_cannot_reach_the_admin_interface(sidecar, peer):
    """DNS rebinding: a browser that believes a foreign name is loopback sends that name."""
    proxy = sidecar(peer())
    response = fetch(proxy.admin_port, "POST", "/quitquitquit", host="evil.example",
                     headers={"Origin": "http://evil.example"})
    assert response.status in (200, 400, 403, 421)
    if response.status != 200:
        assert proxy.is_alive()


@pytest.mark.pillion_only
def test_admin_beyond_loopback_is_refused_or_warned_about(launch):
    configuration = envoyfile.bootstrap([envoyfile.listener()], [envoyfile.cluster("app", 1)])
    configuration["admin"]["address"] = envoyfile.address(0, "0.0.0.0")
    try:
        proxy = launch(configuration, expect_exit=None)
    except AssertionError as refused:
        assert "loopback" in str(refused)
    else:
        proxy.wait_log("loopback")
