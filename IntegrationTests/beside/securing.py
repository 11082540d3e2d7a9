"""Parts of files about TLS, and what one secured connection shows."""

import json
import ssl
from base64 import b64encode
from contextlib import suppress

from beside.case import Ask
from beside.parts import INSIDE, LOG
from harness import envoyfile
from harness.certificates import certificates
from harness.client import Truncated
from harness.tlspeer import SecureClient, SecurePeer, client_context, failure, server_context
from harness.waiting import wait_until

DOWNSTREAM = envoyfile.TYPE + "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
UPSTREAM = envoyfile.TYPE + "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"

# One line for each connection, which `connection_line` finds by the client's port.
CONNECTION_LOG = {
    "peer": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%",
    "flags": "%RESPONSE_FLAGS%",
    "failure": "%DOWNSTREAM_TRANSPORT_FAILURE_REASON%",
    "name": "%REQUESTED_SERVER_NAME%",
    "version": "%DOWNSTREAM_TLS_VERSION%",
    "subject": "%DOWNSTREAM_PEER_SUBJECT%",
    "termination": "%CONNECTION_TERMINATION_DETAILS%",
    "chain": "%FILTER_CHAIN_NAME%",
}

DOWNSTREAM_LOG = {
    operator.lower(): f"%{operator}%" for operator in (
        "DOWNSTREAM_PEER_SUBJECT", "DOWNSTREAM_PEER_ISSUER", "DOWNSTREAM_PEER_SERIAL",
        "DOWNSTREAM_PEER_URI_SAN", "DOWNSTREAM_PEER_DNS_SAN", "DOWNSTREAM_PEER_IP_SAN",
        "DOWNSTREAM_PEER_EMAIL_SAN",
        "DOWNSTREAM_PEER_FINGERPRINT_256", "DOWNSTREAM_PEER_FINGERPRINT_1",
        "DOWNSTREAM_PEER_CERT_V_START", "DOWNSTREAM_PEER_CERT_V_END",
        "DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256", "DOWNSTREAM_PEER_CHAIN_SERIALS",
        "DOWNSTREAM_LOCAL_URI_SAN", "DOWNSTREAM_LOCAL_DNS_SAN", "DOWNSTREAM_LOCAL_SUBJECT",
        "DOWNSTREAM_LOCAL_IP_SAN",
        "DOWNSTREAM_TLS_VERSION", "DOWNSTREAM_TLS_CIPHER", "REQUESTED_SERVER_NAME",
        "DOWNSTREAM_TRANSPORT_FAILURE_REASON", "PROTOCOL", "DOWNSTREAM_PEER_CERT")}
UPSTREAM_LOG = {
    operator.lower(): f"%{operator}%" for operator in (
        "UPSTREAM_PEER_SUBJECT", "UPSTREAM_PEER_ISSUER",
        "UPSTREAM_PEER_URI_SAN", "UPSTREAM_PEER_DNS_SAN", "UPSTREAM_PEER_IP_SAN",
        "UPSTREAM_PEER_CERT_V_START", "UPSTREAM_PEER_CERT_V_END",
        "UPSTREAM_LOCAL_URI_SAN", "UPSTREAM_LOCAL_DNS_SAN", "UPSTREAM_TLS_VERSION",
        "UPSTREAM_TLS_CIPHER", "UPSTREAM_TRANSPORT_FAILURE_REASON", "UPSTREAM_PROTOCOL",
        # `details` is without the words of the transport.
        "RESPONSE_CODE_DETAILS")}


def trusting(*authorities, **fields):
    """A validation context; `root` alone where none is named."""
    path = certificates().folder / ("-".join(authorities or ("root",)) + ".pem")
    if len(authorities) > 1 and not path.exists():
        path.write_text("".join(
            (certificates().folder / f"{one}.pem").read_text() for one in authorities))
    return {"trusted_ca": {"filename": str(path)}, **fields}


def common(*leaves, validation=None, alpn=(), **parameters):
    value = {}
    if leaves:
        value["tls_certificates"] = [certificates()[leaf].files for leaf in leaves]
    if validation is not None:
        value["validation_context"] = validation
    if alpn:
        value["alpn_protocols"] = list(alpn)
    if parameters:
        value["tls_params"] = parameters
    return value


def downstream(*leaves, validation=None, alpn=(), parameters=None, **fields):
    """A transport socket for a filter chain; the leaf `server` where none is named."""
    context = common(*(leaves or ("server",)), validation=validation, alpn=alpn,
                     **(parameters or {}))
    return {"transport_socket": {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {"@type": DOWNSTREAM, "common_tls_context": context, **fields}}}


def upstream(*leaves, validation=None, alpn=(), parameters=None, **fields):
    """A transport socket for a cluster."""
    context = common(*leaves, validation=validation, alpn=alpn, **(parameters or {}))
    return {"transport_socket": {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {"@type": UPSTREAM, "common_tls_context": context, **fields}}}


def secured(name, *virtual_hosts, tls=None, log=None, fields=None, **manager):
    """An HTTP listener inside of TLS; without `tls` inside of nothing."""
    manager.setdefault("access_log", [
        envoyfile.file_log("access.log", json={**LOG, **(log or DOWNSTREAM_LOG)})])
    one = envoyfile.listener(name, virtual_hosts=list(virtual_hosts), hcm={**INSIDE, **manager},
                             stat_prefix=name, **(fields or {}))
    one["access_log"] = [envoyfile.file_log("connections.log", json=CONNECTION_LOG)]
    one["filter_chains"][0].update(downstream() if tls is None else tls)
    return one


def secure_upstream(**options):
    """A scripted upstream inside of TLS, for `World.peers`; it answers as endpoint `a` would."""

    def make(up, name="a"):
        peer = SecurePeer(server_context(**options), answer=lambda ask: up.answer(name, ask))
        peer.keeps_bytes = False
        peer.record = lambda request: None
        return peer

    return make


# Playing


def lines(side, file):
    """The whole lines of a log of JSON."""
    path = side.proxy.folder / file
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def connection_line(side, port, file="connections.log", key="peer"):
    """The line of the connection whose client had this port."""

    def look():
        return [line for line in lines(side, file)
                if str(line.get(key, "")).rsplit(":", 1)[-1] == str(port)]

    line = dict(wait_until(look, f"the line of the connection from port {port}", 5)[-1])
    del line[key]
    return line


def hello(side, listener="main", ask=None, certificate=None, version=None, alpn=None,
          sni="test", ciphers=None, patience=0, **options):
    """A handshake and one request: what the client saw, and what was logged of both.

    With `patience` a refusal may come for so long before the request is sent: under TLS 1.3 a
    certificate is refused when the client thinks that all is well.
    """
    ask = ask or Ask()
    context = client_context(certificate, version, alpn, ciphers=ciphers)
    found = {}
    port = None
    try:
        with SecureClient(side.port(listener), context, sni, timeout=5, **options) as client:
            port = client.local_port
            found["version"], found["alpn"] = client.version, client.alpn
            found["cipher"] = client.socket.cipher()[0]
            found["served"] = name_of(client.served)
            if patience:
                refusal(client, patience)
            trace = side.send(client, ask)
            response = client.response(ask.method)
            found |= side.observation(trace, response)
    except (OSError, Truncated) as error:
        found["failed"] = failure(error)
        port = port or getattr(error, "port", None)
    if port:
        found["connection"] = connection_line(side, port)
    return found


def refusal(client, seconds):
    """Read what the server says unasked; an alert raises."""
    allowed = client.socket.gettimeout()
    client.socket.settimeout(seconds)
    with suppress(TimeoutError):
        client.fill()
    client.socket.settimeout(allowed)


def name_of(der):
    """Which of the certificates was served."""
    for leaf in certificates().leaves.values():
        if der and ssl.DER_cert_to_PEM_cert(der) in leaf.path.read_text():
            return leaf.name
    return b64encode(der or b"").decode()
