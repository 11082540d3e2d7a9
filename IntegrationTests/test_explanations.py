"""Every local reply says in words what decided, and with Envoy's flag."""

import pytest

from harness.envoyfile import limits, retries, route
from harness.peer import ok, refused_port

pytestmark = pytest.mark.pillion_only


def silent(request):
    request.connection.until_closed()


def check(proxy, status, flag, *words, **request):
    response = proxy.fetch(**request)
    assert response.status == status
    reason = response.header("x-pillion-reason")
    assert reason, "the reply explains itself in a header"
    assert reason in response.text, "and in its body"
    for word in words:
        assert word in reason, f"{word!r} is not in {reason!r}"
    assert flag in proxy.log_entry()["flags"].split(",")


def test_no_route(sidecar):
    proxy = sidecar(1, virtual_hosts=[
        {"name": "shop", "domains": ["shop.test"], "routes": [route(prefix="/api")]}])
    check(proxy, 404, "NR", "local", host="elsewhere.test")
    check(proxy, 404, "NR", "shop", host="shop.test", path="/other")


def test_no_cluster(sidecar):
    virtual_hosts = [{"name": "v", "domains": ["*"], "routes": [route("absent")]}]
    proxy = sidecar(1, hcm={"route_config": {
        "name": "local", "validate_clusters": False, "virtual_hosts": virtual_hosts}})
    check(proxy, 503, "NC", "absent")


def test_no_endpoint(sidecar):
    check(sidecar(), 503, "UH", "app")


def test_connection_refused(sidecar):
    kept, port = refused_port()
    check(sidecar(port), 503, "UF", "app", str(port), "refused")
    kept.close()


def test_overflow(sidecar, peer):
    proxy = sidecar(peer(), cluster={"circuit_breakers": limits(max_requests=0)})
    check(proxy, 503, "UO", "app", "max_requests")


def test_route_timeout(sidecar, peer):
    check(sidecar(peer(answer=silent), routes=[route(timeout="0.05s")]), 504, "UT", "50")


def test_per_try_timeout(sidecar, peer):
    policy = retries("reset", per_try_timeout="0.04s")
    check(sidecar(peer(answer=silent), routes=[route(retry_policy=policy)]), 504, "UT", "40")


def test_upstream_closed(sidecar, peer):
    app = peer(answer=lambda request: request.connection.close())
    check(sidecar(app), 503, "UC", "app", method="POST", body="x")


def test_upstream_protocol_error(sidecar, peer):
    app = peer(answer=lambda request: b"HTTP/1.1 2x0 nonsense\r\n\r\n")
    check(sidecar(app), 502, "UPE", "app", method="POST", body="x")


def test_retries_exhausted(sidecar, peer):
    app = peer(answer=lambda request: request.connection.close())
    proxy = sidecar(app, routes=[route(retry_policy=retries("reset", 2))])
    check(proxy, 503, "URX", "app")


def test_upgrade_refused(sidecar, peer):
    response = sidecar(peer()).fetch(headers={"Connection": "upgrade", "Upgrade": "websocket"})
    assert (response.status, "upgrade" in response.header("x-pillion-reason")) == (403, True)


def test_explanations_can_be_switched_off(sidecar):
    proxy = sidecar(args=["--no-explain"])
    response = proxy.fetch()
    assert response.status == 503
    assert response.header("x-pillion-reason") is None
    assert "app" not in response.text
    assert proxy.log_entry()["flags"] == "UH", "the log still says what decided"


def test_an_upstreams_own_answer_is_left_alone(sidecar, peer):
    response = sidecar(peer(answer=lambda r: ok("mine", status=503))).fetch()
    assert (response.text, response.header("x-pillion-reason")) == ("mine", None)


def test_an_explanation_is_one_printable_line_whatever_the_request_says(sidecar):
    proxy = sidecar(1, virtual_hosts=[
        {"name": "v", "domains": ["only.test"], "routes": [route()]}])
    with proxy.client() as client:
        client.send(b"GET /%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: x.test\r\n\r\n")
        response = client.response()
    assert response.status == 404
    assert response.header("set-cookie") is None
    assert response.header("x-pillion-reason").isprintable()
