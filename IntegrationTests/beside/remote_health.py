"""Health checks over gRPC."""

import struct

from beside.case import Answer, Ask, Scene, World
from beside.parts import bootstrap, cluster, host, listener, route
from beside.streams import http2, scripted
from harness.waiting import wait_until

_PATH = "/grpc.health.v1.Health/Check"


def _says(number, **fields):
    """An answer of the health service: 1 is serving, 2 is not."""
    message = bytes([8, number]) if number else b""
    return Answer(headers=("content-type: application/grpc",), body=(
        b"\0" + struct.pack(">I", len(message)) + message).decode("latin-1"),
        trailers=("grpc-status: 0",), **fields)


_SERVING = _says(1)


def checked(up):
    up.checks["h2", _PATH] = _SERVING
    check = {"timeout": "0.2s", "interval": "0.05s", "unhealthy_threshold": 1,
             "healthy_threshold": 1, "no_traffic_interval": "0.05s",
             "unhealthy_interval": "0.05s",
             "grpc_health_check": {"service_name": "shop", "authority": "checked.test",
                                   "initial_metadata": [
                                       {"header": {"key": "x-own", "value": "a"}}]}}
    return bootstrap([listener(host(route("checked")))], [
        cluster("checked", up["h2"], **http2(), health_checks=[check],
                common_lb_config={"healthy_panic_threshold": {"value": 0}})])


def _answered(side, status):
    """Workers learn of an endpoint's health a moment after it is counted."""
    return wait_until(lambda: (found := side.ask(Ask("/")))["status"] == status and found,
                      f"an answer of {status}", 5)


def _after(answer):
    """What an answer of the health service makes of the endpoint."""

    def play(side):
        checks = side.upstreams.checks
        healthy = "cluster.checked.membership_healthy"
        side.together(lambda: checks.update({("h2", _PATH): _SERVING}))
        side.becomes(healthy, 1)
        _answered(side, 200)
        failures = side.stat("cluster.checked.health_check.failure")
        side.together(lambda: checks.update({("h2", _PATH): answer}))
        # Counted from here on: whoever came first has waited for the other.
        attempts = side.stat("cluster.checked.health_check.attempt")
        side.reaches("cluster.checked.health_check.attempt", attempts + 6)
        is_failed = side.stat("cluster.checked.health_check.failure") > failures
        side.becomes(healthy, 0 if is_failed else 1)
        found = _answered(side, 503 if is_failed else 200)
        status = side.proxy.admin("/clusters?format=json").json()["cluster_statuses"][0]
        health = status["host_statuses"][0]["health_status"]
        side.together(lambda: checks.update({("h2", _PATH): _SERVING}))
        side.becomes(healthy, 1)
        return {"status": found["status"], "log": found["log"], "health": health}

    return play


def _request(side):
    side.together(lambda: side.upstreams.checks.update({("h2", _PATH): _SERVING}))
    side.reaches("cluster.checked.health_check.success", 1)
    request = side.upstreams.checked["h2", _PATH][-1]
    return {"headers": request.headers, "body": request.body.hex()}


CHECKED = World("gRPC health", checked, [
    Scene("the request of a check", _request),
    Scene("serving", _after(_SERVING)), Scene("not serving", _after(_says(2))),
    Scene("unknown", _after(_says(0))), Scene("service unknown", _after(_says(3))),
    Scene("a status of gRPC", _after(Answer(headers=(
        "content-type: application/grpc", "grpc-status: 5"), body=""))),
    Scene("an HTTP status", _after(Answer(503))),
    Scene("no gRPC", _after(Answer(200, body="fine"))),
    Scene("reset", _after(Answer(instead="reset:INTERNAL_ERROR"))),
    Scene("closed", _after(Answer(instead="close"))),
    Scene("silent", _after(Answer(instead="silent"))),
], peers={"h2": scripted("h2")})

WORLDS = (CHECKED,)
