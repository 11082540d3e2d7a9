"""Parts of bootstrap files that the tables share, on top of `harness.envoyfile`."""

from harness import envoyfile
from harness.envoyfile import cluster, endpoint, retries, route  # noqa: F401

LOG = {
    "trace": "%REQ(X-TRACE)%", "status": "%RESPONSE_CODE%", "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%", "route": "%ROUTE_NAME%",
    "cluster": "%UPSTREAM_CLUSTER%", "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
}


def host(*routes, domains=("*",), name="all", **fields):
    return {"name": name, "domains": list(domains), "routes": list(routes), **fields}


def listener(*virtual_hosts, name="main", log=None, router=None, routes=None, **manager):
    """A listener whose lines of the access log `Side.log` reads; the path is relative."""
    manager.setdefault("access_log", [
        envoyfile.file_log("access.log", json={**LOG, **(log or {})})])
    if routes is not None:
        manager["route_config"] = {
            "name": "local", "virtual_hosts": list(virtual_hosts), **routes}
    return envoyfile.listener(name, virtual_hosts=list(virtual_hosts), hcm=manager, router=router)


def bootstrap(listeners, clusters, runtime=None, **fields):
    """`runtime` is a static layer; both proxies are called the same."""
    value = envoyfile.bootstrap(
        listeners if isinstance(listeners, list) else [listeners], list(clusters))
    value["node"] = {"id": "node-1", "cluster": "here"}
    if runtime:
        value["layered_runtime"] = {"layers": [{"name": "static", "static_layer": runtime}]}
    value.update(fields)
    return value


def direct(prefix="/", status=200, body=None, match=None, **fields):
    """A route that is answered by the proxy itself."""
    response = {"status": status}
    if body is not None:
        response["body"] = {"inline_string": body}
    return {"match": match or {"prefix": prefix}, "direct_response": response, **fields}


def redirect(prefix="/", match=None, **action):
    return {"match": match or {"prefix": prefix}, "redirect": action}


def add(*lines, **action):
    """Header values to add: `add("x-a: 1", append_action="ADD_IF_ABSENT")`."""
    return [{"header": dict(zip(("key", "value"), line.split(": ", 1), strict=True)), **action}
            for line in lines]


# Requests whose one forwarded address lies here come from inside, and may use `x-envoy-*`.
INSIDE = {"internal_address_config": {
    "cidr_ranges": [{"address_prefix": "10.0.0.0", "prefix_len": 8}]}}


def inside():
    return "X-Forwarded-For: 10.0.0.1"
