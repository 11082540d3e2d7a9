"""Whose request it is: `x-forwarded-for`, trusted hops, internal and external, protocol."""

from beside.case import Ask, Case, World
from beside.parts import bootstrap, cluster, host, listener, route

_RANGES = {"cidr_ranges": [{"address_prefix": "10.0.0.0", "prefix_len": 8},
                           {"address_prefix": "127.0.0.0", "prefix_len": 8}],
           "unix_sockets": True}


def addresses(up):
    def one(name, **fields):
        routes = [
            route("app", prefix="/timeout", timeout="9s"),
            route("app") | {"request_headers_to_add": [{"header": {
                "key": "x-client",
                "value": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"}}]},
        ]
        return listener(host(*routes), name=name,
                        log={"client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"}, **fields)

    return bootstrap([
        one("main"),
        one("hops1", xff_num_trusted_hops=1),
        one("hops2", xff_num_trusted_hops=2),
        one("remote", use_remote_address=True),
        one("remote1", use_remote_address=True, xff_num_trusted_hops=1),
        one("remote2", use_remote_address=True, xff_num_trusted_hops=2),
        one("skip", use_remote_address=True, skip_xff_append=True),
        one("ranges", internal_address_config=_RANGES),
        one("remote-ranges", use_remote_address=True, internal_address_config=_RANGES),
        one("x-forwarded-port", use_remote_address=True, append_x_forwarded_port=True),
        one("detect", original_ip_detection_extensions=[{
            "name": "envoy.http.original_ip_detection.xff",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.http.original_ip_detection"
                         ".xff.v3.XffConfig",
                "xff_num_trusted_hops": 1}}]),
        one("custom", original_ip_detection_extensions=[{
            "name": "envoy.http.original_ip_detection.custom_header",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.http.original_ip_detection"
                         ".custom_header.v3.CustomHeaderConfig",
                "header_name": "x-real-ip"}}]),
    ], [cluster("app", up["a"])])


_CHAIN = "X-Forwarded-For: 1.2.3.4, 10.1.1.1, 5.6.7.8"

_SENT = {
    "nothing": (),
    "an external address": ("X-Forwarded-For: 8.8.8.8",),
    "an internal address": ("X-Forwarded-For: 10.0.0.1",),
    "a chain": (_CHAIN,),
    "two lines": ("X-Forwarded-For: 1.2.3.4", "X-Forwarded-For: 10.1.1.1"),
    "nonsense": ("X-Forwarded-For: nonsense",),
    "an IPv6 address": ("X-Forwarded-For: 2001:db8::1",),
    "an address with a port": ("X-Forwarded-For: 1.2.3.4:80",),
    "an empty value": ("X-Forwarded-For:",),
}
_LISTENERS = {
    "main": list(_SENT), "hops1": ["an external address", "a chain", "two lines"],
    "hops2": ["a chain", "an external address"],
    "remote": ["nothing", "a chain", "nonsense"], "remote1": ["nothing", "a chain"],
    "remote2": ["a chain", "an external address"], "skip": ["nothing", "a chain"],
    "ranges": ["an internal address", "a chain", "nothing"],
    "remote-ranges": ["nothing", "a chain"], "detect": ["a chain", "an internal address"],
}

# From 127.0.0.1 itself, Envoy appends an address of the machine instead of the client's.
_FROM = "127.0.0.2"

ADDRESSES = World("client addresses", addresses, [
    *[Case(f"{sent} to {name}", Ask("/", _SENT[sent], listener=name, source=_FROM))
      for name, all_sent in _LISTENERS.items() for sent in all_sent],
    Case("an original address by header", Ask("/", ("X-Real-Ip: 9.9.9.9",), listener="custom")),
    Case("an original address by header, missing", Ask("/", (_CHAIN,), listener="custom")),
    Case("from loopback's first address", Ask(listener="remote"),
         ignores=("*.x-forwarded-for",)),
    Case("the port forwarded", Ask(listener="x-forwarded-port", source=_FROM)),
    Case("a port forwarded already",
         Ask("/", ("X-Forwarded-Port: 99",), listener="x-forwarded-port", source=_FROM)),
    Case("protocol of the client, trusted", Ask("/", ("X-Forwarded-Proto: https",))),
    Case("protocol of the client, not trusted",
         Ask("/", ("X-Forwarded-Proto: https",), listener="remote", source=_FROM)),
    Case("protocol of the client with a trusted hop",
         Ask("/", ("X-Forwarded-Proto: https",), listener="remote1", source=_FROM)),
    Case("protocol that is none", Ask("/", ("X-Forwarded-Proto: ftp",))),
    Case("Envoy's headers from inside", Ask("/timeout", (
        "X-Forwarded-For: 10.0.0.1", "X-Envoy-Upstream-Rq-Timeout-Ms: 2500",
        "X-Envoy-Max-Retries: 2", "X-Envoy-Retry-On: 5xx", "X-Envoy-Original-Path: /o",
        "X-Envoy-Force-Trace: 1", "X-Envoy-Expected-Rq-Timeout-Ms: 7",
        "X-Envoy-Internal: true", "X-Envoy-External-Address: 4.4.4.4",
        "X-Envoy-Upstream-Alt-Stat-Name: alt", "X-Envoy-Ip-Tags: t",
        "X-Client-Trace-Id: c", "X-Envoy-Original-Host: h",
        "X-Envoy-Downstream-Service-Node: n"), listener="ranges")),
    Case("Envoy's headers from outside", Ask("/timeout", (
        "X-Forwarded-For: 8.8.8.8", "X-Envoy-Upstream-Rq-Timeout-Ms: 2500",
        "X-Envoy-Max-Retries: 2", "X-Envoy-Retry-On: 5xx", "X-Envoy-Original-Path: /o",
        "X-Envoy-Force-Trace: 1", "X-Envoy-Expected-Rq-Timeout-Ms: 7",
        "X-Envoy-Internal: true", "X-Envoy-External-Address: 4.4.4.4",
        "X-Envoy-Upstream-Alt-Stat-Name: alt", "X-Envoy-Ip-Tags: t",
        "X-Client-Trace-Id: c", "X-Envoy-Original-Host: h",
        "X-Envoy-Downstream-Service-Node: n"), listener="ranges")),
    Case("Envoy's headers from the edge", Ask("/timeout", (
        "X-Envoy-Upstream-Rq-Timeout-Ms: 2500", "X-Envoy-Max-Retries: 2",
        "X-Envoy-Retry-On: 5xx", "X-Envoy-Original-Path: /o", "X-Envoy-Force-Trace: 1",
        "X-Envoy-Expected-Rq-Timeout-Ms: 7", "X-Envoy-Internal: true",
        "X-Envoy-External-Address: 4.4.4.4", "X-Envoy-Ip-Tags: t",
        "X-Client-Trace-Id: c", "X-Envoy-Original-Host: h", "X-Envoy-Attempt-Count: 3",
        "X-Envoy-Is-Timeout-Retry: true", "X-Envoy-Downstream-Service-Node: n",
        "X-Envoy-Downstream-Service-Cluster: n", "X-Forwarded-Client-Cert: By=me"),
        listener="remote", source=_FROM)),
])

WORLDS = (ADDRESSES,)
