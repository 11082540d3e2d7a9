"""Which endpoint: fairness of each policy, failing endpoints, and names from DNS."""

import threading
from collections import Counter

import pytest

from harness import envoyfile
from harness.envoyfile import retries, route
from harness.peer import ok, refused_port
from harness.statistics import fits


def named_peers(peer, count):
    return [peer(answer=lambda r, n=n: ok(str(n))) for n in range(count)]


def spread(proxy, count):
    with proxy.client() as client:
        return [client.request().text for _ in range(count)]


def test_round_robin_is_exactly_fair(sidecar, peer):
    proxy = sidecar(*named_peers(peer, 3), cluster={"lb_policy": "ROUND_ROBIN"})
    order = spread(proxy, 300)
    assert Counter(order) == {"0": 100, "1": 100, "2": 100}
    assert all(len(set(order[n : n + 3])) == 3 for n in range(0, 300, 3))


def test_round_robin_honours_weights(sidecar, peer):
    points = [envoyfile.endpoint(p.port, weight=w)
              for p, w in zip(named_peers(peer, 3), (5, 3, 2), strict=True)]
    counts = Counter(spread(sidecar(*points), 1000))
    assert [abs(counts[n] - want) <= 5 for n, want in zip("012", (500, 300, 200), strict=True)] == [
        True] * 3, counts


def test_random_is_even(sidecar, peer):
    proxy = sidecar(*named_peers(peer, 4), cluster={"lb_policy": "RANDOM"})
    order = spread(proxy, 1000)
    counts = Counter(order)
    assert fits([counts[n] for n in "0123"], [1] * 4), counts
    pairs = Counter(zip(order, order[1:], strict=False))
    assert len(pairs) == 16, "every endpoint follows every other"


def test_least_request_avoids_a_busy_endpoint(sidecar, peer):
    gate = threading.Event()

    def busy(request):
        assert gate.wait(20)
        return ok("busy")

    slow, fast = peer(answer=busy), peer(answer=lambda r: ok("fast"))
    # With two endpoints a choice of many draws sees both nearly always.
    proxy = sidecar(slow, fast, cluster={
        "lb_policy": "LEAST_REQUEST", "least_request_lb_config": {"choice_count": 16}})
    held = []
    while not slow.requests:
        client = proxy.client()
        client.start()
        held.append(client)
        client.socket.settimeout(0.3)
        try:
            assert client.response().text == "fast"
        except TimeoutError:
            break
    assert spread(proxy, 100) == ["fast"] * 100
    gate.set()
    for client in held:
        client.close()


def test_endpoints_that_refuse_are_answered_with_uf(sidecar):
    kept, port = refused_port()
    proxy = sidecar(port)
    assert proxy.fetch().status == 503
    assert proxy.log_entry()["flags"] == "UF"
    proxy.wait_stat("cluster.app.upstream_cx_connect_fail", 1)
    kept.close()


def test_a_cluster_without_endpoints_is_answered_with_uh(sidecar):
    proxy = sidecar()
    assert proxy.fetch().status == 503
    assert proxy.log_entry()["flags"] == "UH"
    proxy.wait_stat("cluster.app.upstream_cx_none_healthy", 1)


@pytest.mark.parametrize("kind", ["STRICT_DNS", "LOGICAL_DNS"])
def test_names_are_resolved(sidecar, peer, kind):
    app = peer()
    cluster = envoyfile.cluster("named", envoyfile.endpoint(app.port, "localhost"),
                                type=kind, dns_lookup_family="V4_ONLY")
    proxy = sidecar(1, routes=[route("named")], clusters=[cluster])
    assert proxy.fetch().status == 200


def test_a_name_that_does_not_resolve_leaves_the_others_serving(sidecar, peer):
    app = peer()
    cluster = envoyfile.cluster(
        "named", envoyfile.endpoint(app.port, "localhost"),
        envoyfile.endpoint(80, "does-not-exist.invalid"),
        type="STRICT_DNS", dns_lookup_family="V4_ONLY")
    proxy = sidecar(1, routes=[route("named", retry_policy=retries("connect-failure", 2))],
                    clusters=[cluster])
    assert [proxy.fetch().status for _ in range(5)] == [200] * 5
