"""What the router must keep to when endpoints, files and clients are at their worst."""

import os
import signal
import threading

import pytest

from harness import envoyfile
from harness.envoyfile import address, limits, retries, route
from harness.peer import ok, refused_port
from harness.waiting import wait_until

pytestmark = pytest.mark.pillion_only


def hedged(count=3, per_try="0.2s"):
    return route(timeout="8s", hedge_policy={"hedge_on_per_try_timeout": True},
                 retry_policy=retries("5xx", count, per_try_timeout=per_try))


def raced(refused, port):
    return {"endpoint": {"address": address(refused),
                         "additional_addresses": [{"address": address(port)}]}}


def holding(released):
    """Answers each request, those to /hold only when `released` is set."""

    def answer(request):
        if request.target == "/hold":
            released.wait(10)
        return ok()

    return answer


def changed(proxy, change):
    """Write the file anew and wait until it is taken over."""
    change(proxy.configuration)
    path = proxy.folder / "envoy.yaml"
    path.write_text(envoyfile.text_of(proxy.configuration))
    proxy.signal(signal.SIGHUP)
    wait_until(lambda: proxy.admin("/ready").status == 200
               and any("configuration reloaded" in line for line in proxy.lines), "a reload")


def test_an_address_that_refuses_does_not_widen_max_connections(launch, peer):
    kept, refused = refused_port()
    released = threading.Event()
    app = peer(answer=holding(released))
    cluster = envoyfile.cluster("app", raced(refused, app.port),
                                circuit_breakers=limits(max_connections=1))
    proxy = launch(envoyfile.bootstrap([envoyfile.listener()], [cluster]))
    # Each of these is one race, lost by the first address, whose connection ends.
    for number in range(4):
        assert proxy.fetch(path="/").status == 200
        app.wait_connections(number + 1)[number].socket.shutdown(2)
        app.connections[number].ended.wait(5)
        proxy.wait_stat("cluster.app.upstream_cx_active", 0)
    threads = [threading.Thread(target=proxy.fetch, kwargs={"path": "/hold"}) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: proxy.stat("cluster.app.upstream_cx_overflow") >= 3, "overflows", 5)
    opened = proxy.stat("cluster.app.upstream_cx_active")
    released.set()
    for thread in threads:
        thread.join()
    kept.close()
    assert opened == 1


def test_a_mirrored_request_names_its_own_client(sidecar, peer):
    app, mirror = peer(), peer()
    policy = {"cluster": "mirror", "request_headers_mutations": [{"append": {
        "header": {"key": "x-client", "value": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"},
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}}]}
    proxy = sidecar(app, routes=[route(prefix="/copied", request_mirror_policies=[policy]),
                                 route()],
                    clusters=[envoyfile.cluster("mirror", mirror.port)])
    for source, path in (("127.0.0.9", "/"), ("127.0.0.7", "/copied")):
        with proxy.client(source=source) as client:
            assert client.request(path=path).status == 200
    assert mirror.wait_requests(1)[0].header("x-client") == "127.0.0.7"


def test_a_hedged_answer_is_counted_once(sidecar, peer):
    first = threading.Event()
    released = threading.Event()

    def answer(request):
        if not first.is_set():
            first.set()
            released.wait(10)
        return ok()

    app = peer(answer=answer)
    proxy = sidecar(app, routes=[hedged()])
    assert proxy.fetch().status == 200
    proxy.wait_stat("cluster.app.upstream_rq_200", 1)
    released.set()
    assert "::rq_success::1\n" in proxy.admin("/clusters").text


def test_a_hedge_that_crosses_a_reload_leaves_the_circuit_breaker_closed(sidecar, peer):
    first = threading.Event()
    released = threading.Event()

    def answer(request):
        if not first.is_set():
            first.set()
            released.wait(10)
        return ok()

    app = peer(answer=answer)
    proxy = sidecar(app, routes=[hedged(per_try="2s")],
                    cluster={"circuit_breakers": limits(max_requests=1)})
    statuses = []
    thread = threading.Thread(target=lambda: statuses.append(proxy.fetch().status))
    thread.start()
    assert first.wait(5)
    changed(proxy, lambda file: file["static_resources"]["clusters"][0].update(
        connect_timeout="2s"))
    thread.join()
    released.set()
    assert statuses == [200]
    assert [proxy.fetch().status for _ in range(2)] == [200, 200]


def test_a_pipe_in_place_of_the_file_stops_neither_reloads_nor_the_end(sidecar, peer):
    proxy = sidecar(peer())
    path = proxy.folder / "envoy.yaml"
    good = path.read_text()
    path.unlink()
    os.mkfifo(path)
    proxy.signal(signal.SIGHUP)
    proxy.wait_log("configuration refused", 5)
    path.unlink()
    path.write_text(good.replace("1s", "2s"))
    proxy.signal(signal.SIGHUP)
    proxy.wait_log("configuration reloaded", 5)


def test_an_absurd_choice_count_is_refused_or_harmless(sidecar, peer):
    try:
        proxy = sidecar(peer(), peer(), cluster={
            "lb_policy": "LEAST_REQUEST",
            "least_request_lb_config": {"choice_count": 4294967295}})
    except AssertionError as refusal:
        assert "choice_count" in str(refusal)
        return
    with proxy.client(timeout=3) as client:
        assert client.request().status == 200
