"""A short soak: endpoints are killed and started again, and no request fails."""

import os
import random
import threading
import time

import pytest

from harness.client import Client
from harness.envoyfile import retries, route
from harness.peer import Peer, ok

# `PILLION_SOAK_SECONDS=60` for the long one.
SECONDS = int(os.environ.get("PILLION_SOAK_SECONDS", "10"))


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 60)
def test_endpoints_that_die_and_return_cost_no_request(sidecar):
    ready = [Peer(answer=lambda r: ok("x" * 100)) for _ in range(3)]
    ports = [one.port for one in ready]
    # One endpoint of three is dead: 21 attempts that all choose it are one in ten thousand million.
    policy = retries("connect-failure,reset,5xx", 20)
    proxy = sidecar(*ports, routes=[route(retry_policy=policy)], workers=2,
                    cluster={"circuit_breakers": {"thresholds": [{"max_retries": 100}]}})
    stop = threading.Event()
    failures, counts = [], [0] * 4

    def load(number):
        while not stop.is_set():
            with Client(proxy.port, timeout=10) as client:
                for _ in range(200):
                    response = client.request(path=f"/{number}")
                    counts[number] += 1
                    if response.status != 200 or not response.complete:
                        failures.append((response.status, response.text))
                    if stop.is_set():
                        return

    threads = [threading.Thread(target=load, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    dice = random.Random(7)
    end = time.monotonic() + SECONDS
    kills = 0
    try:
        while time.monotonic() < end:
            victim = dice.randrange(3)
            # In the middle of what it does: every connection is cut, then the port is refused.
            ready[victim].close()
            kills += 1
            stop.wait(0.5)
            ready[victim] = Peer(answer=lambda r: ok("x" * 100), port=ports[victim])
            stop.wait(0.5)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        for one in ready:
            one.close()
    refused = [line for line in proxy.log_text().splitlines() if "503" in line]
    why = {name: value for name, value in proxy.stats().items() if "retry" in name and value}
    assert not failures, f"{len(failures)} of {sum(counts)}: {failures[:5]} {refused[:5]} {why}"
    assert kills >= SECONDS // 2 and sum(counts) > 200
    proxy.wait_stat("http.inbound.downstream_rq_active", 0)
    proxy.wait_stat("cluster.app.upstream_rq_active", 0)
