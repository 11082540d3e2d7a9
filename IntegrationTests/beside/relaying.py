"""Parts of files about connections that are relayed, and what one of them shows."""

from beside.securing import connection_line
from harness import envoyfile
from harness.tcppeer import TcpClient, while_sending

TCP_PROXY = envoyfile.TYPE + "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"
_FILTERS = envoyfile.TYPE + "envoy.extensions.filters.listener."
LISTENER_FILTERS = {
    "tls_inspector": _FILTERS + "tls_inspector.v3.TlsInspector",
    "http_inspector": _FILTERS + "http_inspector.v3.HttpInspector",
    "proxy_protocol": _FILTERS + "proxy_protocol.v3.ProxyProtocol",
    "original_dst": _FILTERS + "original_dst.v3.OriginalDst",
}

TCP_LOG = {
    "peer": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%",
    "remote": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "status": "%RESPONSE_CODE%", "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%", "termination": "%CONNECTION_TERMINATION_DETAILS%",
    "cluster": "%UPSTREAM_CLUSTER%", "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    "received": "%BYTES_RECEIVED%", "sent": "%BYTES_SENT%",
    "name": "%REQUESTED_SERVER_NAME%", "protocol": "%PROTOCOL%",
    "failure": "%UPSTREAM_TRANSPORT_FAILURE_REASON%", "chain": "%FILTER_CHAIN_NAME%",
    "upstream": "%UPSTREAM_HOST%", "version": "%DOWNSTREAM_TLS_VERSION%",
}


def tcp_proxy(to=None, prefix="tcp", **fields):
    """A network filter; `to` is a cluster."""
    config = {"@type": TCP_PROXY, "stat_prefix": prefix,
              "access_log": [envoyfile.file_log("tcp.log", json=TCP_LOG)], **fields}
    if to:
        config["cluster"] = to
    return {"name": "envoy.filters.network.tcp_proxy", "typed_config": config}


def chain(*filters, match=None, name=None, **fields):
    value = {"filters": list(filters), **fields}
    if match is not None:
        value["filter_chain_match"] = match
    if name:
        value["name"] = name
    return value


def listener_filter(kind, **config):
    return {"name": f"envoy.filters.listener.{kind}",
            "typed_config": {"@type": LISTENER_FILTERS[kind], **config}}


def tcp_listener(name, *chains, filters=(), **fields):
    value = {
        "name": name, "stat_prefix": name, "address": envoyfile.address(0),
        "filter_chains": list(chains),
        "access_log": [envoyfile.file_log("connections.log", json=TCP_LOG)], **fields}
    if filters:
        value["listener_filters"] = list(filters)
    return value


def short(data):
    return len(data) if len(data) > 99 else data.decode("latin-1")


def relay(side, listener, steps, source=None, log="tcp.log", before=b""):
    """One connection. Steps: bytes to be sent and echoed, a number of bytes to be read, or a word.

    `half` ends sending, `close` and `reset` end all, `end` waits for the other end.
    """
    found = []
    with TcpClient(side.port(listener), source=source) as client:
        if before:
            client.send(before)
        for step in steps:
            if isinstance(step, bytes):
                thread = while_sending(client.socket, step)
                found.append(short(client.exactly(len(step))))
                thread.join(5)
            elif isinstance(step, tuple):
                client.send(step[0])
            elif isinstance(step, int):
                found.append(short(client.exactly(step)))
            elif step == "half":
                client.half_close()
            elif step == "end":
                data, end = client.rest(1.5)
                found.append([short(data), end])
            elif step == "reset":
                client.reset()
                break
        port = client.local_port
    observed = {"found": found}
    if log:
        observed["log"] = connection_line(side, port, log)
    return observed
