"""`/healthcheck/fail`: the process serves on, and its clients are asked to go elsewhere."""

import pytest

from harness.client import Client
from harness.h2peer import connect, fields
from harness.waiting import wait_until


@pytest.fixture
def served(sidecar, peer):
    return sidecar(peer(), hcm={"drain_timeout": "0.2s"}, workers=2)


def say(proxy, what):
    assert proxy.admin(f"/healthcheck/{what}", "POST").status == 200


def is_closed_after_an_answer(proxy):
    with Client(proxy.port) as client:
        client.start()
        return client.response().header("connection") == "close"


def test_answers_over_http1_end_their_connection_and_new_ones_are_taken(served):
    with Client(served.port) as kept:
        kept.start()
        assert kept.response().header("connection") is None
        say(served, "fail")
        wait_until(lambda: is_closed_after_an_answer(served), "the workers to know")
        # A connection from before is told with its next answer, which it still gets.
        kept.start()
        response = kept.response()
        assert response.status == 200 and response.header("connection") == "close"
        assert kept.until_close() == b""
    say(served, "ok")
    wait_until(lambda: not is_closed_after_an_answer(served), "the workers to know")
    assert served.stat("http.inbound.downstream_cx_drain_close") >= 2


def test_streams_of_http2_are_answered_and_their_connection_says_goodbye(served):
    client = connect(served.port)
    assert client.response(client.request(fields("GET", "/"))).status == 200
    assert not client.goaways
    say(served, "fail")
    wait_until(lambda: is_closed_after_an_answer(served), "the workers to know")
    # Idle, it hears nothing: Envoy, too, looks at connections when they answer.
    client.until(lambda: client.goaways, 0.2)
    assert not client.goaways
    assert client.response(client.request(fields("GET", "/"))).status == 200
    assert client.until_closed()
    assert [(last, code) for last, code, _ in client.goaways] == [
        (0x7FFFFFFF, "NO_ERROR"), (3, "NO_ERROR")]
    say(served, "ok")


def test_a_new_connection_of_http2_is_served_once_while_health_fails(served):
    say(served, "fail")
    wait_until(lambda: is_closed_after_an_answer(served), "the workers to know")
    client = connect(served.port)
    assert client.response(client.request(fields("GET", "/"))).status == 200
    assert client.until_closed()
    assert client.goaways[0][:2] == (0x7FFFFFFF, "NO_ERROR")
    say(served, "ok")
