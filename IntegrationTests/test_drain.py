"""The end: what runs is finished, what comes is refused, one deadline, exit 0."""

import signal
import threading

import pytest

from harness.client import Client
from harness.envoyfile import route
from harness.peer import ok
from harness.waiting import wait_until

pytestmark = pytest.mark.pillion_only


def gated(gate):
    def answer(request):
        assert gate.wait(20)
        return ok("finished")

    return answer


def refused(port):
    try:
        Client(port, timeout=2).close()
        return False
    except OSError:
        return True


def wait_until_draining(proxy):
    """Once nobody listens any more, every worker knows."""
    proxy.wait_log("draining")
    wait_until(lambda: refused(proxy.port), "new connections to be refused")


def test_a_request_under_way_is_finished_and_its_connection_closed(sidecar, peer):
    gate = threading.Event()
    app = peer(answer=gated(gate))
    proxy = sidecar(app, drain_seconds=15)
    with proxy.client() as client:
        client.start()
        app.wait_requests(1)
        proxy.signal()
        wait_until_draining(proxy)
        gate.set()
        response = client.response()
        assert (response.status, response.body) == (200, b"finished")
        assert response.header("connection") == "close"
        assert client.is_closed()
    assert proxy.wait_exit() == 0


def test_new_connections_are_refused_while_the_old_ones_finish(sidecar, peer):
    gate = threading.Event()
    app = peer(answer=gated(gate))
    proxy = sidecar(app, drain_seconds=15, workers=2)
    with proxy.client() as client:
        client.start()
        app.wait_requests(1)
        proxy.signal()
        wait_until_draining(proxy)
        assert proxy.is_alive()
        gate.set()
        assert client.response().body == b"finished"
    assert proxy.wait_exit() == 0


def test_idle_connections_end_at_once(sidecar, peer):
    proxy = sidecar(peer(), drain_seconds=30)
    clients = [proxy.client() for _ in range(20)]
    for client in clients:
        assert client.request().status == 200
    proxy.signal()
    for client in clients:
        assert client.is_closed()
        client.close()
    assert proxy.wait_exit(5) == 0


def test_a_keep_alive_client_gets_close_with_its_next_response(sidecar, peer):
    gate = threading.Event()

    def answer(request):
        if request.target == "/gated":
            assert gate.wait(20)
        return ok()

    app = peer(answer=answer)
    proxy = sidecar(app, drain_seconds=15)
    with proxy.client() as client:
        client.start(path="/gated")
        client.start(path="/pipelined")
        app.wait_requests(1)
        proxy.signal()
        wait_until_draining(proxy)
        gate.set()
        assert client.response().header("connection") == "close"
    assert proxy.wait_exit() == 0


def test_what_never_ends_is_cut_at_the_deadline_and_counted(sidecar, peer):
    app = peer(answer=lambda request: request.connection.until_closed())
    proxy = sidecar(app, drain_seconds=1, routes=[route(timeout="0s")])
    clients = [proxy.client() for _ in range(3)]
    for client in clients:
        client.start()
    app.wait_requests(3)
    proxy.signal()
    assert proxy.wait_exit(8) == 0
    assert "3" in proxy.wait_log("drain deadline reached").split("connections_cut=")[1]
    for client in clients:
        client.close()


def test_a_response_in_mid_body_is_finished(sidecar, peer):
    gate = threading.Event()

    def answer(request):
        request.connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
        assert gate.wait(20)
        request.connection.send(b"half")

    proxy = sidecar(peer(answer=answer), drain_seconds=15)
    with proxy.client() as client:
        client.start()
        client.head()
        while b"half" not in client.pending:
            client.fill()
        proxy.signal()
        wait_until_draining(proxy)
        gate.set()
        client.exactly(8)
    assert proxy.wait_exit() == 0


def test_readiness_ends_when_draining_begins(sidecar, peer):
    gate = threading.Event()
    app = peer(answer=gated(gate))
    proxy = sidecar(app, drain_seconds=15)
    with proxy.client() as client:
        client.start()
        app.wait_requests(1)
        proxy.signal()
        wait_until(lambda: proxy.admin("/ready").status == 503, "readiness to end")
        gate.set()
        client.response()
    assert proxy.wait_exit() == 0


def test_sigint_drains_too(sidecar, peer):
    proxy = sidecar(peer())
    assert proxy.fetch().status == 200
    proxy.signal(signal.SIGINT)
    assert proxy.wait_exit() == 0


def test_the_access_log_is_complete_at_the_end(sidecar, peer):
    proxy = sidecar(peer())
    with proxy.client() as client:
        for number in range(500):
            client.request(path=f"/{number}")
    proxy.signal()
    assert proxy.wait_exit() == 0
    assert proxy.log_text().count("\n") == 500


@pytest.mark.slow
def test_restarts_under_load_lose_nothing_that_was_accepted(sidecar, peer):
    """Clients that read `connection: close` and open anew lose no response they were promised."""
    app = peer()
    lost, done = [], []
    for _ in range(3):
        proxy = sidecar(app, workers=2, drain_seconds=10)
        stop = threading.Event()

        def load(port=proxy.port, stop=stop):
            while not stop.is_set():
                try:
                    client = Client(port, timeout=10)
                except OSError:
                    return
                with client:
                    try:
                        for _ in range(50):
                            response = client.request()
                            done.append(1)
                            if response.status != 200 or not response.complete:
                                lost.append(response)
                            if response.header("connection") == "close":
                                break
                    except Exception:
                        # An idle connection may be closed as a request is written; no byte of a
                        # response may have come (RFC 9112 section 9.3.1: it is safe to repeat).
                        if client.pending:
                            lost.append(bytes(client.pending))

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        goal = len(done) + 300
        wait_until(lambda goal=goal: len(done) > goal, "some load")
        proxy.signal()
        assert proxy.wait_exit() == 0
        stop.set()
        for thread in threads:
            thread.join()
    assert not lost
