"""Limits on what a client can make us hold: head bytes, header count, time, connections."""

import socket

import pytest

from harness.client import Client
from harness.envoyfile import route
from harness.waiting import wait_until


def test_a_slow_head_is_ended_with_408(sidecar, peer):
    app = peer()
    proxy = sidecar(app, hcm={"request_headers_timeout": "0.3s"})
    with proxy.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow")
        assert client.response().status == 408
        assert client.is_closed()
    assert not app.requests


def test_dripping_bytes_do_not_extend_the_time_for_a_head(sidecar, peer):
    proxy = sidecar(peer(), hcm={"request_headers_timeout": "0.4s"})
    with proxy.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n")
        client.socket.settimeout(0.05)
        dripped = 0
        for _ in range(100):
            try:
                client.send(b"X")
                dripped += 1
                client.fill()
                break
            except TimeoutError:
                continue
            except OSError:
                break
        client.socket.settimeout(5)
        assert dripped < 40
        assert client.response().status == 408


def test_an_idle_connection_may_wait_longer_than_a_head(sidecar, peer):
    proxy = sidecar(peer(), hcm={"request_headers_timeout": "0.2s"})
    with proxy.client() as client:
        assert client.request().status == 200
        client.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            client.socket.recv(1)
        client.socket.settimeout(5)
        assert client.request().status == 200


def test_an_idle_connection_is_closed_at_its_timeout(sidecar, peer):
    proxy = sidecar(peer(), hcm={"common_http_protocol_options": {"idle_timeout": "0.2s"}})
    with proxy.client() as client:
        assert client.request().status == 200
        assert client.is_closed()
    proxy.wait_stat("http.inbound.downstream_cx_idle_timeout", 1)


def test_a_slow_body_is_ended_at_the_request_timeout(sidecar, peer):
    app = peer()
    proxy = sidecar(app, hcm={"request_timeout": "0.3s"})
    with proxy.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nslow")
        assert client.response().status == 408
    assert not app.requests
    proxy.wait_stat("http.inbound.downstream_rq_timeout", 1)


def test_a_head_above_the_limit_is_431(sidecar, peer):
    app = peer()
    proxy = sidecar(app, hcm={"max_request_headers_kb": 8})
    assert proxy.fetch(headers={"X-Big": "a" * 7000}).status == 200
    with proxy.client() as client:
        try:
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-Big: " + b"a" * 20_000)
        except OSError:
            pass
        assert client.response().status == 431
    assert len(app.requests) == 1


def test_a_long_target_counts_against_the_same_limit(sidecar, peer):
    proxy = sidecar(peer(), hcm={"max_request_headers_kb": 8})
    with proxy.client() as client:
        client.send(b"GET /" + b"a" * 20_000)
        assert client.response().status in (414, 431)


def test_too_many_headers_are_431(sidecar, peer):
    app = peer()
    proxy = sidecar(app)
    assert proxy.fetch(headers=[(f"x-{n}", "1") for n in range(90)]).status == 200
    assert proxy.fetch(headers=[(f"x-{n}", "1") for n in range(120)]).status == 431
    assert len(app.requests) == 1


def test_the_header_count_can_be_configured(sidecar, peer):
    proxy = sidecar(peer(), hcm={"common_http_protocol_options": {"max_headers_count": 200}})
    assert proxy.fetch(headers=[(f"x-{n}", "1") for n in range(150)]).status == 200


def test_requests_per_connection_are_limited(sidecar, peer):
    proxy = sidecar(peer(), hcm={
        "common_http_protocol_options": {"max_requests_per_connection": 3}})
    with proxy.client() as client:
        assert [client.request().header("connection") for _ in range(3)] == [None, None, "close"]
        assert client.is_closed()


@pytest.mark.pillion_only
def test_connections_above_the_limit_are_closed_and_counted(launch, peer):
    from harness import envoyfile

    app = peer()
    configuration = envoyfile.bootstrap(
        [envoyfile.listener()], [envoyfile.cluster("app", app.port)])
    configuration["layered_runtime"] = {"layers": [{"name": "limits", "static_layer": {
        "envoy": {"resource_limits": {"listener": {"inbound": {"connection_limit": 4}}}}}}]}
    proxy = launch(configuration)
    held = [proxy.client() for _ in range(4)]
    assert [client.request().status for client in held] == [200] * 4
    with proxy.client() as extra:
        assert extra.is_closed()
    held.pop().close()

    def is_accepted():
        try:
            return proxy.fetch().status == 200
        except Exception:
            return False

    wait_until(is_accepted, "a free place")
    names = [name for name, value in proxy.stats().items() if name.endswith("_overflow") and value]
    assert names, "the refused connection is counted"
    for client in held:
        client.close()


@pytest.mark.slow
@pytest.mark.pillion_only
def test_many_idle_connections_cost_little(sidecar, peer):
    proxy = sidecar(peer())
    proxy.fetch()
    before = proxy.resident_megabytes()
    held = []
    for _ in range(500):
        client = proxy.client()
        client.start()
        held.append(client)
    for client in held:
        assert client.response().status == 200
    each = (proxy.resident_megabytes() - before) * 1024 / len(held)
    assert each <= 16, f"{each:.1f} kB for each idle connection"
    for client in held:
        client.close()
    proxy.wait_stat("http.inbound.downstream_cx_active", 0)


def test_clients_that_reset_leave_nothing_behind(sidecar, peer):
    app = peer(answer=lambda request: request.connection.until_closed())
    proxy = sidecar(app, routes=[route(timeout="0s")])
    before = proxy.open_files()
    for number in range(50):
        client = Client(proxy.port)
        client.start(path=f"/{number}")
        app.wait_requests(number + 1)
        client.reset()
    proxy.wait_stat("cluster.app.upstream_rq_active", 0)
    proxy.wait_stat("http.inbound.downstream_cx_active", 0)
    wait_until(lambda: proxy.open_files() <= before + 2, "files to be closed")
    assert proxy.log_entry()["flags"] == "DC"


def test_a_slow_reader_holds_its_upstream_back(sidecar, peer):
    sent = []

    def answer(request):
        request.connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        request.connection.socket.settimeout(1.0)
        request.connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        try:
            while True:
                sent.append(request.connection.socket.send(bytes(65536)))
        except (TimeoutError, OSError):
            pass

    app = peer(answer=answer)
    app.keeps_bytes = False
    proxy = sidecar(app)
    with proxy.client(receive_buffer=4096) as client:
        client.start()
        app.connections or app.wait_connections(1)
        app.connections[0].ended.wait(10)
        assert app.connections[0].ended.is_set(), "the upstream's sending stopped"
        assert sum(sent) < 30_000_000
    assert proxy.resident_megabytes() < 150
