"""Circuit breakers: what is refused at once, so that nothing waits without a bound."""

import threading

from harness.client import Client
from harness.envoyfile import limits, route
from harness.peer import ok


def waiting_answer(gate):
    def answer(request):
        assert gate.wait(20)
        return ok()

    return answer


def test_requests_above_the_limit_are_refused_at_once(sidecar, peer):
    gate = threading.Event()
    app = peer(answer=waiting_answer(gate))
    proxy = sidecar(app, cluster={"circuit_breakers": limits(max_requests=2)})
    held = [proxy.client() for _ in range(2)]
    for client in held:
        client.start()
    app.wait_requests(2)
    refused = proxy.fetch()
    assert refused.status == 503
    assert refused.header("x-envoy-overloaded") == "true"
    assert proxy.log_entry()["flags"] == "UO"
    gate.set()
    assert [client.response().status for client in held] == [200, 200]
    assert proxy.fetch().status == 200, "the places are free again"
    for client in held:
        client.close()


def test_connections_above_the_limit_wait_and_the_queue_is_bounded(sidecar, peer):
    gate = threading.Event()
    app = peer(answer=waiting_answer(gate))
    proxy = sidecar(app, cluster={
        "circuit_breakers": limits(max_connections=1, max_pending_requests=1)})
    first, second = proxy.client(), proxy.client()
    first.start()
    app.wait_requests(1)
    second.start()
    proxy.wait_stat("cluster.app.upstream_rq_pending_active", 1)
    refused = proxy.fetch()
    assert (refused.status, proxy.log_entry()["flags"]) == (503, "UO")
    proxy.wait_stat("cluster.app.upstream_rq_pending_overflow", 1)
    gate.set()
    assert first.response().status == 200
    assert second.response().status == 200
    assert len(app.connections) == 1
    proxy.wait_stat("cluster.app.upstream_rq_pending_active", 0)
    first.close()
    second.close()


def test_no_request_at_all_when_the_limit_is_zero(sidecar, peer):
    app = peer()
    proxy = sidecar(app, cluster={"circuit_breakers": limits(max_requests=0)})
    assert proxy.fetch().status == 503
    assert not app.requests


def test_requests_per_connection_are_limited(sidecar, peer):
    app = peer()
    options = {"typed_extension_protocol_options": {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "common_http_protocol_options": {"max_requests_per_connection": 3},
            "explicit_http_config": {"http_protocol_options": {}}}}}
    with sidecar(app, cluster=options).client() as client:
        assert [client.request().status for _ in range(9)] == [200] * 9
    assert [connection.requests for connection in app.connections] == [3, 3, 3]


def test_idle_upstream_connections_are_closed(sidecar, peer):
    app = peer()
    options = {"typed_extension_protocol_options": {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "common_http_protocol_options": {"idle_timeout": "0.2s"},
            "explicit_http_config": {"http_protocol_options": {}}}}}
    proxy = sidecar(app, cluster=options)
    assert proxy.fetch().status == 200
    app.wait_all_closed(5)
    assert proxy.fetch().status == 200


def test_a_pending_request_ends_when_its_client_leaves(sidecar, peer):
    gate = threading.Event()
    app = peer(answer=waiting_answer(gate))
    proxy = sidecar(app, cluster={"circuit_breakers": limits(max_connections=1)},
                    routes=[route(timeout="0s")])
    with proxy.client() as first:
        first.start()
        app.wait_requests(1)
        second = Client(proxy.port)
        second.start()
        proxy.wait_stat("cluster.app.upstream_rq_pending_active", 1)
        # A FIN alone could come from a client that only finished sending.
        second.reset()
        proxy.wait_stat("cluster.app.upstream_rq_pending_active", 0)
        gate.set()
        assert first.response().status == 200
    assert len(app.requests) == 1
