"""Few descriptors: the process lives, its own pages answer, and it recovers."""

import resource

import pytest

from harness import envoyfile
from harness.client import Client
from harness.peer import Peer, ok
from harness.sidecar import Sidecar
from harness.waiting import wait_until


@pytest.fixture
def narrow(binary, proxy, tmp_path):
    """The process under test with so many descriptors: `narrow(64, port)`."""
    if proxy == "envoy":
        pytest.skip("Envoy keeps no descriptors back")
    started = []

    def make(descriptors, port):
        script = tmp_path / "narrow"
        script.write_text(f'#!/bin/sh\nulimit -n {descriptors}\nexec {binary} "$@"\n')
        script.chmod(0o755)
        one = Sidecar(script, proxy, tmp_path / "sidecar", envoyfile.bootstrap(
            [envoyfile.listener()], [envoyfile.cluster("app", port)]))
        started.append(one)
        return one.start()

    yield make
    for one in started:
        one.finish()


def test_connections_leave_descriptors_for_the_admin_interface(narrow):
    with Peer(answer=lambda r: ok("here")) as app:
        proxy = narrow(64, app.port)
        held = [Client(proxy.port) for _ in range(40)]
        proxy.wait_stat("http.inbound.downstream_cx_active", 16)
        assert proxy.admin("/ready").status == 200
        for one in held:
            one.close()
        wait_until(lambda: proxy.fetch().status == 200, "a request is served again")


def test_exhausted_descriptors_pause_accepting_and_are_reported_once(sidecar, peer, proxy):
    if proxy == "envoy":
        pytest.skip("what Envoy logs is its own")
    running = sidecar(peer())
    assert running.fetch().status == 200
    pid = running.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (running.open_files() + 2, before[1]))
    held = [Client(running.port) for _ in range(12)]
    running.wait_log("accepting paused")
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    for one in held:
        assert one.request().status == 200
        one.close()
    assert running.report().count("accepting paused") == 1
