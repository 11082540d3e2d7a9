"""Envoy bootstrap files for the tests: a base that works, and the parts that a test changes.

Every function returns plain dictionaries, so that a test can also change a detail by hand. The same
file is read by the sidecar and by Envoy.
"""

from harness import yaml

TYPE = "type.googleapis.com/"
HCM = TYPE + (
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
)
ROUTER = TYPE + "envoy.extensions.filters.http.router.v3.Router"
FILE_LOG = TYPE + "envoy.extensions.access_loggers.file.v3.FileAccessLog"
STDOUT_LOG = TYPE + "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog"
HTTP_OPTIONS = TYPE + "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"

# One line for each request, which `Sidecar.log_entries` reads back.
LOG_FIELDS = {
    "method": "%REQ(:METHOD)%",
    "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "status": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "received": "%BYTES_RECEIVED%",
    "sent": "%BYTES_SENT%",
    "upstream": "%UPSTREAM_HOST%",
    "cluster": "%UPSTREAM_CLUSTER%",
    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "route": "%ROUTE_NAME%",
}


def address(port, host="127.0.0.1"):
    return {"socket_address": {"address": host, "port_value": port}}


def endpoint(port, host="127.0.0.1", weight=None):
    value = {"endpoint": {"address": address(port, host)}}
    if weight is not None:
        value["load_balancing_weight"] = weight
    return value


def cluster(name, *endpoints, **fields):
    """A STATIC cluster; an endpoint is a port or what `endpoint` returns."""
    points = [endpoint(item) if isinstance(item, int) else item for item in endpoints]
    value = {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": points}],
        },
    }
    value.update(fields)
    return value


def limits(**thresholds):
    """Circuit breakers, for example `limits(max_requests=1)`."""
    return {"thresholds": [thresholds]}


def route(to="app", prefix="/", match=None, **action):
    """A route to a cluster; `match` replaces the prefix."""
    return {"match": match or {"prefix": prefix}, "route": {"cluster": to, **action}}


def retries(on, count=1, **fields):
    """A retry policy whose back-off is short enough for tests."""
    fields.setdefault("retry_back_off", {"base_interval": "0.001s", "max_interval": "0.005s"})
    return {"retry_on": on, "num_retries": count, **fields}


def file_log(path, text=None, json=None):
    config = {"@type": FILE_LOG, "path": str(path)}
    if text is not None:
        config["log_format"] = {"text_format_source": {"inline_string": text}}
    if json is not None:
        config["log_format"] = {"json_format": json}
    return {"name": "envoy.access_loggers.file", "typed_config": config}


def stdout_log():
    return {"name": "envoy.access_loggers.stdout", "typed_config": {"@type": STDOUT_LOG}}


def listener(name="inbound", routes=None, virtual_hosts=None, hcm=None, router=None, **fields):
    """A listener on a free port of loopback with one HTTP connection manager."""
    if virtual_hosts is None:
        virtual_hosts = [
            {"name": "everything", "domains": ["*"], "routes": routes or [route()]}
        ]
    manager = {
        "@type": HCM,
        "stat_prefix": name,
        "route_config": {"name": "local", "virtual_hosts": virtual_hosts},
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": ROUTER, **(router or {})},
            }
        ],
    }
    manager.update(hcm or {})
    return {
        "name": name,
        "address": address(0),
        "filter_chains": [
            {
                "filters": [
                    {
                        "name": "envoy.filters.network.http_connection_manager",
                        "typed_config": manager,
                    }
                ]
            }
        ],
        **fields,
    }


def manager_of(a_listener):
    return a_listener["filter_chains"][0]["filters"][0]["typed_config"]


def bootstrap(listeners, clusters):
    return {
        "admin": {"address": address(0)},
        "static_resources": {"listeners": listeners, "clusters": clusters},
    }


def text_of(configuration):
    return configuration if isinstance(configuration, str) else yaml.dump(configuration)
