"""Metrics: Envoy's names, three expositions, and numbers that add up."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from harness.peer import ok, refused_port
from harness.waiting import wait_until


def families(proxy):
    response = proxy.admin("/stats/prometheus")
    assert response.status == 200
    assert response.header("content-type").startswith("text/plain")
    return {family.name: family for family in text_string_to_metric_families(response.text)}


def test_counters_carry_envoys_names(sidecar, peer):
    proxy = sidecar(peer())
    with proxy.client() as client:
        for _ in range(7):
            client.request()
        proxy.wait_stat("http.inbound.downstream_rq_total", 7)
        stats = proxy.stats()
    expected = {
        "http.inbound.downstream_rq_total": 7,
        "http.inbound.downstream_rq_2xx": 7,
        "http.inbound.downstream_cx_total": 1,
        "http.inbound.downstream_cx_active": 1,
        "cluster.app.upstream_rq_total": 7,
        "cluster.app.upstream_rq_200": 7,
        "cluster.app.upstream_rq_2xx": 7,
        "cluster.app.upstream_cx_total": 1,
        "cluster.app.upstream_cx_active": 1,
        "cluster.app.upstream_rq_active": 0,
        "cluster.app.membership_total": 1,
        "server.live": 1,
    }
    assert {name: stats.get(name) for name in expected} == expected


def test_status_classes_are_counted_on_both_sides(sidecar, peer):
    app = peer(answer=lambda r: ok(status=int(r.target[1:])))
    proxy = sidecar(app)
    for code in (200, 301, 404, 500, 503):
        proxy.fetch(path=f"/{code}")
    proxy.wait_stat("http.inbound.downstream_rq_5xx", 2)
    stats = proxy.stats()
    assert [stats[f"http.inbound.downstream_rq_{n}xx"] for n in (2, 3, 4, 5)] == [1, 1, 1, 2]
    assert [stats[f"cluster.app.upstream_rq_{n}xx"] for n in (2, 3, 4, 5)] == [1, 1, 1, 2]
    assert stats["cluster.app.upstream_rq_503"] == 1


def test_the_prometheus_text_is_valid_and_typed(sidecar, peer):
    proxy = sidecar(peer())
    for _ in range(3):
        proxy.fetch()
    proxy.wait_stat("cluster.app.upstream_rq_total", 3)

    def times():
        return [s for s in families(proxy)["envoy_cluster_upstream_rq_time"].samples
                if s.name.endswith("_count") and s.value == 3]

    wait_until(times, "the histogram to be merged")
    found = families(proxy)
    counter = found["envoy_cluster_upstream_rq"]
    assert counter.type == "counter"
    assert any(s.labels.get("envoy_cluster_name") == "app" for s in counter.samples)
    gauge = found["envoy_cluster_membership_total"]
    assert gauge.type == "gauge"
    histogram = found["envoy_cluster_upstream_rq_time"]
    assert histogram.type == "histogram"
    mine = [s for s in histogram.samples if s.labels.get("envoy_cluster_name") == "app"]
    buckets = [s for s in mine if s.name.endswith("_bucket")]
    counts = [s.value for s in buckets]
    assert counts == sorted(counts) and buckets[-1].labels["le"] == "+Inf"
    total = next(s.value for s in mine if s.name.endswith("_count"))
    assert counts[-1] == total == 3
    connection = found["envoy_http_downstream_rq"]
    assert any(s.labels.get("envoy_http_conn_manager_prefix") == "inbound"
               for s in connection.samples)


@pytest.mark.pillion_only
def test_every_family_has_help(sidecar, peer):
    proxy = sidecar(peer())
    proxy.fetch()
    text = proxy.admin("/stats/prometheus").text
    typed = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    helped = {line.split()[2] for line in text.splitlines() if line.startswith("# HELP")}
    assert typed and typed == helped


def test_json_and_text_say_the_same(sidecar, peer):
    proxy = sidecar(peer())
    proxy.fetch()
    proxy.wait_stat("cluster.app.upstream_rq_total", 1)
    values = {item["name"]: item["value"]
              for item in proxy.admin("/stats?format=json").json()["stats"] if "name" in item}
    assert values["cluster.app.upstream_rq_total"] == 1
    assert values["http.inbound.downstream_rq_total"] == proxy.stat(
        "http.inbound.downstream_rq_total")


def test_stats_can_be_filtered(sidecar, peer):
    proxy = sidecar(peer())
    proxy.fetch()
    lines = proxy.admin("/stats?filter=^cluster\\.app\\.upstream_rq_total$").text.splitlines()
    assert [line.split(":")[0] for line in lines] == ["cluster.app.upstream_rq_total"]
    used = proxy.admin("/stats?usedonly").text
    assert "upstream_rq_timeout: 0" not in used


def test_gauges_return_to_zero(sidecar, peer):
    kept, port = refused_port()
    proxy = sidecar(port, peer(answer=lambda r: r.connection.close()))
    for _ in range(10):
        proxy.fetch()
    for name in ("cluster.app.upstream_rq_active", "cluster.app.upstream_cx_active",
                 "cluster.app.upstream_rq_pending_active", "http.inbound.downstream_rq_active",
                 "http.inbound.downstream_cx_active"):
        proxy.wait_stat(name, 0)
    kept.close()


@pytest.mark.pillion_only
def test_workers_add_up(sidecar, peer):
    proxy = sidecar(peer(), workers=4)
    for _ in range(60):
        proxy.fetch()
    proxy.wait_stat("http.inbound.downstream_rq_total", 60)
    proxy.wait_stat("http.inbound.downstream_cx_total", 60)
    proxy.wait_stat("http.inbound.downstream_cx_active", 0)


def test_names_with_odd_characters_stay_valid_labels(launch, peer):
    from harness import envoyfile

    app = peer()
    odd = 'a"b\\c'
    proxy = launch(envoyfile.bootstrap(
        [envoyfile.listener(routes=[envoyfile.route(odd)])],
        [envoyfile.cluster(odd, app.port)]))
    assert proxy.fetch().status == 200
    names = {sample.labels.get("envoy_cluster_name")
             for sample in families(proxy)["envoy_cluster_membership_total"].samples}
    assert odd in names


def test_an_open_circuit_breaker_shows(sidecar, peer):
    proxy = sidecar(peer(), cluster={
        "circuit_breakers": {"thresholds": [{"max_requests": 0, "max_retries": 1}]}})
    assert proxy.stat("cluster.app.circuit_breakers.default.rq_open") == 1
    assert proxy.stat("cluster.app.circuit_breakers.default.rq_retry_open") == 0
    assert proxy.stat("cluster.app.circuit_breakers.high.rq_open") == 0
