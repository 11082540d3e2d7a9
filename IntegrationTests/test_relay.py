"""Bad networks between the sidecar and its upstream, and between clients and the sidecar."""

import time

import pytest

from harness.client import Client, Truncated, fetch
from harness.envoyfile import retries, route
from harness.peer import ok
from harness.relay import Relay
from harness.waiting import wait_until


@pytest.fixture
def relay():
    made = []

    def make(port, **faults):
        made.append(Relay(port, **faults))
        return made[-1]

    yield make
    for one in made:
        one.__exit__()


def test_the_relay_itself_is_transparent(peer, relay):
    app = peer(answer=lambda request: ok(request.body))
    line = relay(app.port)
    body = bytes(range(256)) * 4096
    assert fetch(line.port, "POST", body=body).body == body
    state = line.state()
    assert state["accepted"] == 1 and state["up"] > len(body) and state["down"] > len(body)


def test_a_delayed_upstream_is_slow_and_correct(sidecar, peer, relay):
    line = relay(peer().port, delay_ms=60, jitter_ms=20)
    proxy = sidecar(line.port)
    begin = time.monotonic()
    assert proxy.fetch().status == 200
    # Two pieces, each of at least 40 ms: the request and the response.
    assert time.monotonic() - begin >= 0.075


@pytest.mark.parametrize("offset", [1, 16, 17, 19, 38, 39, 41])
def test_a_reset_at_any_offset_of_the_response_is_an_error_or_a_visible_cut(
        sidecar, peer, relay, offset):
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    line = relay(peer(answer=lambda request: reply).port, reset_after_down=offset)
    proxy = sidecar(line.port)
    with proxy.client() as client:
        try:
            response = client.request("POST", body="x")
        except (Truncated, ConnectionResetError):
            return
    assert response.status in (502, 503) or not response.complete


def test_a_reset_before_the_response_is_retried(sidecar, peer, relay):
    app = peer()
    line = relay(app.port, reset_after_up=10)
    proxy = sidecar(line.port, app, routes=[route(retry_policy=retries("reset", 3))])
    assert [proxy.fetch().status for _ in range(6)] == [200] * 6


def test_a_silent_upstream_ends_at_the_timeout_and_leaves_nothing(sidecar, peer, relay):
    line = relay(peer().port, black_hole=True)
    proxy = sidecar(line.port, routes=[route(timeout="0.2s")])
    assert proxy.fetch().status == 504
    wait_until(lambda: line.state()["open"] == 0 or proxy.stat("cluster.app.upstream_cx_active") == 0,
               "the connection to be given up")
    line.faults()
    assert proxy.fetch().status == 200


def test_a_black_hole_goes_to_another_endpoint_by_the_per_try_timeout(sidecar, peer, relay):
    app = peer()
    line = relay(app.port, black_hole=True)
    policy = retries("5xx,reset", 3, per_try_timeout="0.1s")
    proxy = sidecar(line.port, app, routes=[route(retry_policy=policy)])
    assert [proxy.fetch().status for _ in range(4)] == [200] * 4


def test_a_close_in_the_body_is_a_visible_cut(sidecar, peer, relay):
    line = relay(peer(answer=lambda r: ok("a" * 100_000)).port, close_after_down=50_000)
    proxy = sidecar(line.port)
    with proxy.client() as client:
        response = client.request()
    assert response.status == 200 and not response.complete
    assert len(response.body) < 100_000


def test_all_connections_reset_at_once_cost_nothing_with_retries(sidecar, peer, relay):
    line = relay(peer().port)
    proxy = sidecar(line.port, routes=[route(retry_policy=retries("reset", 2))])
    with proxy.client() as client:
        for _ in range(10):
            assert client.request().status == 200
            line.reset_all()


def test_a_client_behind_a_bad_line_gets_what_it_can(sidecar, peer, relay):
    proxy = sidecar(peer(answer=lambda request: ok(request.body)))
    line = relay(proxy.port, delay_ms=10, jitter_ms=10)
    with Client(line.port) as client:
        for size in (0, 1, 1000, 100_000):
            body = b"z" * size
            assert client.request("POST", body=body).body == body


def test_a_client_cut_in_mid_request_costs_the_upstream_no_false_request(sidecar, peer, relay):
    app = peer()
    proxy = sidecar(app)
    line = relay(proxy.port, reset_after_up=80)
    with Client(line.port) as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + b"a" * 100)
        with pytest.raises((Truncated, ConnectionResetError)):
            client.response()
    proxy.wait_stat("http.inbound.downstream_cx_active", 0)
    assert not app.requests
