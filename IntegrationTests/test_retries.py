"""Attempts: what is tried again, how often, with what body, and what must never go out twice."""

import threading
import time

import pytest

from harness import envoyfile
from harness.envoyfile import limits, retries, route
from harness.peer import ok, refused_port


def failing(times, reply):
    """An answer that gives `reply` for the first requests, and 200 afterwards."""
    lock = threading.Lock()
    left = [times]

    def answer(request):
        with lock:
            left[0] -= 1
            failed = left[0] >= 0
        if not failed:
            return ok(f"attempt {request.header('x-envoy-attempt-count')}")
        return reply(request) if callable(reply) else reply

    return answer


def reset(request):
    request.connection.reset()


def close(request):
    request.connection.close()


def status(code, *headers):
    return ok("no", status=code, headers=headers, reason="Reason")


CASES = [
    ("5xx", status(500), {}),
    ("5xx", status(503), {}),
    ("5xx", reset, {}),
    ("5xx", close, {}),
    ("gateway-error", status(502), {}),
    ("gateway-error", status(503), {}),
    ("gateway-error", status(504), {}),
    ("reset", reset, {}),
    ("reset", close, {}),
    ("retriable-4xx", status(409), {}),
    ("envoy-ratelimited", status(429, ("x-envoy-ratelimited", "true")), {}),
    ("retriable-status-codes", status(418), {"retriable_status_codes": [418]}),
    ("retriable-headers", status(200, ("x-again", "yes")),
     {"retriable_headers": [{"name": "x-again", "present_match": True}]}),
    ("connect-failure,reset,5xx", status(599), {}),
]


@pytest.mark.parametrize("on,failure,fields", CASES, ids=[
    f"{on}-{number}" for number, (on, _, _) in enumerate(CASES)])
def test_what_is_retried(sidecar, peer, on, failure, fields):
    app = peer(answer=failing(1, failure))
    proxy = sidecar(app, routes=[route(retry_policy=retries(on, **fields))])
    assert proxy.fetch().status == 200
    assert len(app.requests) == 2
    proxy.wait_stat("cluster.app.upstream_rq_retry", 1)
    proxy.wait_stat("cluster.app.upstream_rq_retry_success", 1)
    assert proxy.log_entry()["attempts"] == "2"


NOT_RETRIED = [
    ("gateway-error", status(500), 500, {}),
    ("5xx", status(404), 404, {}),
    ("retriable-4xx", status(404), 404, {}),
    ("connect-failure", status(503), 503, {}),
    ("connect-failure", close, 503, {}),
    ("reset", status(503), 503, {}),
    ("envoy-ratelimited", status(429), 429, {}),
    ("retriable-status-codes", status(419), 419, {"retriable_status_codes": [418]}),
]


@pytest.mark.parametrize("on,failure,expected,fields", NOT_RETRIED, ids=[
    f"{on}-{number}" for number, (on, _, _, _) in enumerate(NOT_RETRIED)])
def test_what_is_not_retried(sidecar, peer, on, failure, expected, fields):
    app = peer(answer=failing(1, failure))
    proxy = sidecar(app, routes=[route(retry_policy=retries(on, **fields))])
    assert proxy.fetch("POST", body="once").status == expected
    assert len(app.requests) == 1


def test_a_refused_connection_is_retried_elsewhere(sidecar, peer):
    app = peer()
    kept, port = refused_port()
    proxy = sidecar(port, app, routes=[route(retry_policy=retries("connect-failure", 3))])
    with proxy.client() as client:
        assert [client.request().status for _ in range(10)] == [200] * 10
    assert proxy.stat("cluster.app.upstream_cx_connect_fail") >= 1
    kept.close()


def test_without_a_policy_a_failure_is_the_answer(sidecar, peer):
    app = peer(answer=failing(1, status(503)))
    assert sidecar(app).fetch().status == 503
    assert len(app.requests) == 1


def test_retries_are_limited_and_the_last_answer_is_given(sidecar, peer):
    app = peer(answer=lambda request: status(503))
    proxy = sidecar(app, routes=[route(retry_policy=retries("5xx", 3))])
    assert proxy.fetch().status == 503
    assert len(app.requests) == 4
    assert proxy.log_entry()["flags"] == "URX"
    proxy.wait_stat("cluster.app.upstream_rq_retry_limit_exceeded", 1)


def test_back_off_grows_between_its_bounds(sidecar, peer):
    times = []

    def answer(request):
        times.append(time.monotonic())
        return status(503)

    policy = retries("5xx", 5, retry_back_off={"base_interval": "0.04s", "max_interval": "0.1s"})
    proxy = sidecar(peer(answer=answer), routes=[route(retry_policy=policy)])
    # Full jitter: each pause is drawn between 0 and its bound, so only the bound is certain.
    for _ in range(4):
        proxy.fetch()
    pauses = [after - before for before, after in zip(times, times[1:], strict=False)]
    within = [pauses[6 * row + n] for row in range(4) for n in range(5)]
    assert max(within) < 0.25, "no pause is longer than max_interval (and some scheduling)"
    assert sum(within) / len(within) > 0.01, "there are pauses"
    assert max(within) - min(within) > 0.005, "and they differ"


def test_the_per_try_timeout_starts_another_attempt(sidecar, peer):
    def slow(request):
        request.connection.until_closed()

    app = peer(answer=failing(1, slow))
    policy = retries("5xx", per_try_timeout="0.1s")
    proxy = sidecar(app, routes=[route(retry_policy=policy)])
    assert proxy.fetch().status == 200
    proxy.wait_stat("cluster.app.upstream_rq_per_try_timeout", 1)


def test_a_per_try_timeout_without_a_retry_left_answers_504(sidecar, peer):
    app = peer(answer=lambda request: request.connection.until_closed())
    policy = retries("gateway-error", 1, per_try_timeout="0.05s")
    proxy = sidecar(app, routes=[route(retry_policy=policy)])
    assert proxy.fetch().status == 504
    app.wait_requests(2)
    assert "UT" in proxy.log_entry()["flags"]


def test_the_body_is_sent_again_whole(sidecar, peer):
    body = bytes(range(256)) * 200
    app = peer(answer=failing(2, status(503)))
    proxy = sidecar(app, routes=[route(retry_policy=retries("5xx", 2))])
    with proxy.client() as client:
        assert client.request("POST", body=body).status == 200
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send(b"5\r\nhello\r\n")
        client.send(b"6\r\n world\r\n0\r\n\r\n")
        assert client.response().status == 200
    assert [request.body for request in app.requests] == [body] * 3 + [b"hello world"]


def test_a_body_larger_than_the_buffer_is_not_retried(sidecar, peer):
    app = peer(answer=lambda request: status(503))
    proxy = sidecar(
        app, routes=[route(retry_policy=retries("5xx", 2))],
        listener={"per_connection_buffer_limit_bytes": 16384})
    response = proxy.fetch("POST", body=bytes(200_000))
    assert response.status == 503
    assert len(app.requests) == 1


def test_a_response_that_has_begun_is_never_retried(sidecar, peer):
    def broken(request):
        request.connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        request.connection.wait_sent = True
        request.connection.close()

    app = peer(answer=broken)
    proxy = sidecar(app, routes=[route(retry_policy=retries("5xx,reset", 5))])
    with proxy.client() as client:
        response = client.request()
    assert not response.complete and response.body == b"half"
    assert len(app.requests) == 1


def test_the_attempt_count_is_told_where_it_is_asked_for(sidecar, peer):
    app = peer(answer=failing(2, status(503)))
    proxy = sidecar(app, virtual_hosts=[{
        "name": "v", "domains": ["*"], "include_request_attempt_count": True,
        "include_attempt_count_in_response": True,
        "routes": [route(retry_policy=retries("5xx", 3))]}])
    response = proxy.fetch()
    assert response.text == "attempt 3"
    assert response.header("x-envoy-attempt-count") == "3"
    assert [request.header("x-envoy-attempt-count") for request in app.requests] == ["1", "2", "3"]


def test_a_stranger_cannot_ask_for_retries(sidecar, peer):
    app = peer(answer=failing(2, status(503)))
    response = sidecar(app).fetch(headers={"x-envoy-retry-on": "5xx", "x-envoy-max-retries": "2"})
    assert response.status == 503
    assert [request.header("x-envoy-retry-on") for request in app.requests] == [None]


def test_retries_at_the_same_time_are_limited(sidecar, peer):
    blocked = threading.Event()

    def answer(request):
        if request.header("x-envoy-attempt-count") == "1":
            return status(503)
        blocked.wait(10)
        return ok()

    app = peer(answer=answer)
    proxy = sidecar(
        app, cluster={"circuit_breakers": limits(max_retries=1)},
        virtual_hosts=[{"name": "v", "domains": ["*"], "include_request_attempt_count": True,
                        "routes": [route(retry_policy=retries("5xx", 2))]}])
    with proxy.client() as first:
        first.start()
        app.wait_requests(2)
        assert proxy.fetch().status == 503, "the one retry is taken"
        proxy.wait_stat("cluster.app.upstream_rq_retry_overflow", 1)
        blocked.set()
        assert first.response().status == 200


def test_a_stale_connection_costs_no_get(sidecar, peer):
    """The upstream closes each idle connection in the moment in which the next request comes."""

    def serve(connection):
        app.record(connection.read_body(connection.read_head()))
        connection.send(ok())
        # The next request's bytes are here, or on the way: it is answered with a FIN or a RST.
        connection.fill()
        if connection.number % 2:
            connection.reset()

    app = peer(serve=serve)
    proxy = sidecar(app, routes=[route(retry_policy=retries("reset", 1))])
    with proxy.client() as client:
        statuses = [client.request(path=f"/{n}").status for n in range(40)]
    assert statuses == [200] * 40
    assert [request.target for request in app.requests] == [f"/{n}" for n in range(40)]


@pytest.mark.pillion_only
def test_a_stale_connection_costs_no_get_even_without_a_policy(sidecar, peer):
    def serve(connection):
        app.record(connection.read_body(connection.read_head()))
        connection.send(ok())
        connection.fill()

    app = peer(serve=serve)
    with sidecar(app).client() as client:
        assert [client.request().status for _ in range(20)] == [200] * 20


def test_a_post_is_not_sent_twice_over_a_stale_connection(sidecar, peer):
    bodies = []

    def serve(connection):
        while True:
            request = connection.read_body(connection.read_head())
            app.record(request)
            if request.method == "POST":
                bodies.append(request.body)
                connection.reset()
                return
            connection.send(ok())

    app = peer(serve=serve)
    with sidecar(app).client() as client:
        assert client.request().status == 200
        assert client.request("POST", body="charge my card").status == 503
    assert bodies == [b"charge my card"]


def test_an_idle_connection_that_closes_early_is_dropped_before_use(sidecar, peer):
    def serve(connection):
        app.record(connection.read_body(connection.read_head()))
        connection.send(ok())

    app = peer(serve=serve)
    proxy = sidecar(app)
    with proxy.client() as client:
        for number in range(10):
            assert client.request("POST", body="x").status == 200
            proxy.wait_stat("cluster.app.upstream_cx_active", 0)
    assert len(app.requests) == 10


def test_high_priority_routes_use_their_own_limits(sidecar, peer):
    app = peer()
    breakers = {"thresholds": [{"priority": "DEFAULT", "max_requests": 0},
                               {"priority": "HIGH", "max_requests": 10}]}
    proxy = sidecar(app, cluster={"circuit_breakers": breakers},
                    routes=[route(prefix="/high", priority="HIGH"), route()])
    assert (proxy.fetch(path="/high").status, proxy.fetch(path="/low").status) == (200, 503)


def test_an_attempt_without_a_byte_ends_at_its_idle_timeout(sidecar, peer):
    silent = peer(serve=lambda connection: connection.read_head() and connection.until_closed())
    policy = retries("gateway-error", 1, per_try_idle_timeout="0.1s")
    proxy = sidecar(silent, routes=[route(retry_policy=policy)])
    response = proxy.fetch()
    assert response.status == 504
    assert "per_try_idle_timeout" in response.text
    proxy.wait_stat("cluster.app.upstream_rq_per_try_idle_timeout", 2)
