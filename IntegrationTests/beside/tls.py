"""TLS on both sides: what is accepted, what is refused and why, and what is told about it."""

import socket

from beside.case import Ask, Difference, Scene, World
from beside.parts import bootstrap, cluster, host, route
from beside.securing import (UPSTREAM_LOG, connection_line, downstream, hello, secure_upstream,
                             secured, trusting, upstream)
from harness.certificates import certificates
from harness.tlspeer import SecureClient, client_context

_MUTUAL = {"require_client_certificate": True}
_CLIENT = "spiffe://cluster.local/ns/shop/sa/client"


def _san(kind, **matcher):
    return {"san_type": kind, "matcher": matcher}


def listening(up):
    made = certificates()
    routes = host(route("app"))
    refusing = {
        "mutual": {}, "resumed": {},
        "optional": {},
        "revoking": {"crl": {"filename": str(made.crl)}},
        "named": {"match_typed_subject_alt_names": [_san("URI", exact=_CLIENT)]},
        "named-dns": {"match_typed_subject_alt_names": [_san("DNS", suffix="client.test")]},
        "named-email": {"match_typed_subject_alt_names": [_san("EMAIL", exact="a@client.test")]},
        "named-ip": {"match_typed_subject_alt_names": [_san("IP_ADDRESS", exact="10.1.2.3")]},
        "named-either": {"match_typed_subject_alt_names": [
            _san("DNS", exact="nobody.test"),
            _san("URI", prefix="spiffe://cluster.local/ns/shop/")]},
        "leaf-revoking": {"crl": {"filename": str(made.crl)}, "only_verify_leaf_cert_crl": True},
        "pinned": {"verify_certificate_spki": [made["client"].spki]},
        "hashed": {"verify_certificate_hash": [made["client"].hash]},
        "shallow": {"max_verify_depth": 0},
        "accepting": {"trust_chain_verification": "ACCEPT_UNTRUSTED"},
        "expired": {"allow_expired_certificate": True},
    }
    listeners = [
        secured(name, routes, tls=downstream(
            validation=trusting(**fields), **({} if name == "optional" else _MUTUAL)))
        for name, fields in refusing.items()]
    listeners += [
        secured("main", routes),
        secured("chained", routes, tls=downstream("deep-server")),
        secured("both", routes, tls=downstream("server", "server-rsa")),
        secured("protocols", routes, tls=downstream(alpn=("h2", "http/1.1"))),
        secured("one-protocol", routes, tls=downstream(alpn=("http/1.1",))),
        secured("old", routes, tls=downstream(parameters={
            "tls_minimum_protocol_version": "TLSv1_0",
            "tls_maximum_protocol_version": "TLSv1_2",
            "cipher_suites": ["ECDHE-ECDSA-AES128-SHA"]})),
        secured("only-1.3", routes, tls=downstream(parameters={
            "tls_minimum_protocol_version": "TLSv1_3"})),
        secured("one-cipher", routes, tls=downstream(parameters={
            "tls_maximum_protocol_version": "TLSv1_2",
            "cipher_suites": ["ECDHE-ECDSA-AES256-GCM-SHA384"]})),
        secured("by-name", routes, tls=downstream("server", "second")),
        secured("scanning", routes, tls=downstream(
            "server", "second", full_scan_certs_on_sni_mismatch=True)),
        secured("stateless", routes, tls=downstream(disable_stateless_session_resumption=True)),
        secured("secrets", routes, tls=downstream(**_MUTUAL)),
        secured("spiffe", routes, tls=downstream(validation={"custom_validator_config": {
            "name": "envoy.tls.cert_validator.spiffe",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3"
                         ".SPIFFECertValidatorConfig",
                "trust_domains": [
                    {"name": "cluster.local",
                     "trust_bundle": {"filename": str(made.folder / "root.pem")}},
                    {"name": "partner.test",
                     "trust_bundle": {"filename": str(made.folder / "partner.pem")}}]}}},
            **_MUTUAL)),
        secured("slow", routes, tls={**downstream(), "transport_socket_connect_timeout": "0.2s"}),
        secured("plain", routes, tls={}),
    ]
    # The secrets of this one are named, and stand in a list of their own.
    named = next(one for one in listeners if one["name"] == "secrets")
    context = named["filter_chains"][0]["transport_socket"]["typed_config"]
    context["common_tls_context"] = {
        "tls_certificate_sds_secret_configs": [{"name": "own"}],
        "validation_context_sds_secret_config": {"name": "trusted"}}
    value = bootstrap(listeners, [cluster("app", up["a"])])
    value["static_resources"]["secrets"] = [
        {"name": "own", "tls_certificate": {
            "certificate_chain": {"inline_string": made["server"].path.read_text()},
            "private_key": {"inline_string": made["server"].key_path.read_text()}}},
        {"name": "trusted", "validation_context": trusting()}]
    return value


def _stats(listener):
    own = f"listener.{listener}."
    return (f"{own}ssl.*", f"{own}downstream_cx_total", f"{own}downstream_cx_destroy",
            f"{own}downstream_cx_transport_socket_connect_timeout")


# Two choices that the first cases show once; what follows from them is left out of the others.
_NAME = ("log.requested_server_name", "connection.name")
_CIPHER = ("cipher", "log.downstream_tls_cipher", "stats.*.ssl.ciphers.*")
_NAME_DIFFERENCE = Difference(
    "the name that the handshake asked for is known without an inspector too", {
        "log.requested_server_name": ("test", None), "connection.name": ("test", None)})
_CIPHER_DIFFERENCE = Difference(
    "AES-128 is as good and takes less time, so this side's order decides, as in TLS 1.2", {
        "cipher": ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"),
        "log.downstream_tls_cipher": ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384")},
    follows=("stats.*.ssl.ciphers.*",))
_HASH_DIFFERENCE = Difference(
    "OpenSSL has no bad_certificate_hash_value for a certificate that it let in itself", {
        "failed": ("alert_bad_certificate", "bad_certificate_hash_value")})
_RESUMED_DIFFERENCE = Difference(
    "nothing is signed in a handshake that resumes", {
        "stats.listener.resumed.ssl.sigalgs.ecdsa_secp256r1_sha256": (1, 2)})


_REQUESTING = {"mutual", "optional", "revoking", "named", "named-dns", "pinned", "hashed",
               "shallow", "accepting", "expired", "spiffe", "named-email", "named-ip",
               "named-either", "leaf-revoking", "secrets"}


def _hello(name, listener="main", difference=None, **options):
    is_new = options.get("version") in (None, "1.3")
    if listener in _REQUESTING and is_new:
        options["patience"] = 0.15
    ignores = () if difference is _NAME_DIFFERENCE else _NAME
    if is_new and difference is not _CIPHER_DIFFERENCE:
        ignores += _CIPHER
    return Scene(name, lambda side: hello(side, listener, **options),
                 stats=_stats(listener), ignores=ignores, difference=difference)


def _raw(side, listener, data, waits=True):
    """What comes back for bytes that are no handshake."""
    with socket.create_connection(("127.0.0.1", side.port(listener)), timeout=5) as one:
        port = one.getsockname()[1]
        if data:
            one.sendall(data)
        answer = b""
        try:
            while piece := one.recv(4096):
                answer += piece
            ended = "closed"
        except ConnectionResetError:
            ended = "reset"
        except TimeoutError:
            ended = "open"
    return {"answer": answer.hex(), "ended": ended, "connection": connection_line(side, port)}


def _resumed(name, listener, version, certificate=None, difference=None):
    """A second connection with what the first one was given."""

    def play(side):
        context = client_context(certificate, version)
        found, session = [], None
        for _ in range(2):
            with SecureClient(side.port(listener), context, session=session, timeout=5) as client:
                trace = side.send(client, Ask(listener=listener))
                response = client.response()
                session = client.socket.session
                found.append({"status": response.status, "reused": client.socket.session_reused,
                              "subject": side.log(trace)["downstream_peer_subject"]})
        return found

    return Scene(name, play, stats=(f"listener.{listener}.ssl.*",), difference=difference,
                 ignores=_CIPHER if version == "1.3" else ())


LISTENING = World("TLS of clients", listening, [
    _hello("TLS 1.3", version="1.3", difference=_CIPHER_DIFFERENCE),
    _hello("TLS 1.2", version="1.2", difference=_NAME_DIFFERENCE),
    _hello("TLS 1.0", version="1.0"), _hello("TLS 1.1", version="1.1"),
    _hello("TLS 1.0 where it is allowed", "old", version="1.0"),
    _hello("TLS 1.2 where 1.3 is wanted", "only-1.3", version="1.2"),
    _hello("one cipher suite", "one-cipher", version="1.2"),
    _hello("no cipher suite in common", "one-cipher", version="1.2",
           ciphers="ECDHE-ECDSA-AES128-GCM-SHA256"),
    _hello("no server name", sni=None),
    _hello("another server name", sni="unknown.test"),
    _hello("ALPN h2 and http/1.1", "protocols", alpn=("http/1.1",)),
    _hello("ALPN of another kind", "protocols", alpn=("smtp",)),
    _hello("ALPN that is not configured", alpn=("http/1.1",)),
    _hello("a chain with an intermediate", "chained"),
    _hello("a certificate by the server name", "by-name", sni="second.test"),
    _hello("a certificate by a wildcard name", "by-name", sni="a.wild.test"),
    _hello("the first certificate for an unknown name", "by-name", sni="nobody.test"),
    _hello("the first certificate for no name", "by-name", sni=None),
    _hello("RSA for those without ECDSA", "both", version="1.2",
           ciphers="ECDHE-RSA-AES128-GCM-SHA256"),
    _hello("ECDSA for those that can", "both", version="1.2"),
    _hello("a client's certificate", "mutual", certificate="client"),
    _hello("a client's certificate, TLS 1.2", "mutual", certificate="client", version="1.2"),
    _hello("a client's certificate of RSA", "mutual", certificate="client-rsa"),
    _hello("a client's certificate with a chain", "mutual", certificate="deep-client"),
    _hello("a chain that is too long", "shallow", certificate="deep-client"),
    *[_hello(f"no certificate, TLS {version}", "mutual", version=version)
      for version in ("1.2", "1.3")],
    _hello("no certificate where it is optional", "optional"),
    _hello("a bad certificate where it is optional", "optional", certificate="client-stranger"),
    *[_hello(f"{kind} certificate, TLS {version}", "mutual", certificate=f"client-{kind}",
             version=version)
      for kind in ("stranger", "expired", "future", "self", "server-usage")
      for version in ("1.2", "1.3")],
    _hello("not revoked", "revoking", certificate="client"),
    _hello("revoked", "revoking", certificate="client-revoked"),
    _hello("an issuer without a list of revocations", "revoking", certificate="deep-client"),
    _hello("the right name", "named", certificate="client"),
    _hello("a wrong name", "named", certificate="client-wrong"),
    _hello("no names at all", "named", certificate="client-bare"),
    _hello("the right name, and no certificate", "named"),
    _hello("the right DNS name", "named-dns", certificate="client"),
    _hello("a wrong DNS name", "named-dns", certificate="client-wrong"),
    _hello("the pinned key", "pinned", certificate="client"),
    _hello("another key", "pinned", certificate="client-rsa", difference=_HASH_DIFFERENCE),
    _hello("the pinned certificate", "hashed", certificate="client"),
    _hello("another certificate", "hashed", certificate="client-rsa",
           difference=_HASH_DIFFERENCE),
    _hello("a stranger, accepted", "accepting", certificate="client-stranger"),
    _hello("an expired one, accepted", "expired", certificate="client-expired"),
    _hello("a trust domain", "spiffe", certificate="client"),
    _hello("another trust domain", "spiffe", certificate="client-partner"),
    _hello("the authority of another trust domain", "spiffe", certificate="client-impostor"),
    _hello("no SPIFFE name", "spiffe", certificate="client-bare"),
    _hello("the right address", "named-ip", certificate="client-email"),
    _hello("no address", "named-ip", certificate="client"),
    _hello("the right mail address", "named-email", certificate="client-email"),
    _hello("no mail address", "named-email", certificate="client"),
    _hello("one of two names", "named-either", certificate="client"),
    _hello("none of two names", "named-either", certificate="client-bare"),
    _hello("a chain whose leaf alone is looked up", "leaf-revoking", certificate="client"),
    _hello("a leaf that is revoked", "leaf-revoking", certificate="client-revoked"),
    _hello("secrets by name", "secrets", certificate="client"),
    _hello("secrets by name, and a stranger", "secrets", certificate="client-stranger"),
    _hello("all certificates looked through", "scanning", sni="second.test"),
    _hello("all certificates looked through in vain", "scanning", sni="nobody.test"),
    _resumed("resumed, TLS 1.2", "main", "1.2"), _resumed("resumed, TLS 1.3", "main", "1.3"),
    _resumed("resumed with a certificate, TLS 1.2", "resumed", "1.2", "client",
             _RESUMED_DIFFERENCE),
    _resumed("resumed with a certificate, TLS 1.3", "resumed", "1.3", "client",
             _RESUMED_DIFFERENCE),
    _resumed("resumed without tickets, TLS 1.2", "stateless", "1.2"),
    _resumed("resumed without tickets, TLS 1.3", "stateless", "1.3"),
    Scene("plain text", lambda side: _raw(side, "main", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
          stats=_stats("main")),
    Scene("nonsense", lambda side: _raw(side, "main", b"\x16\x03\x01\xff\xff\x01\x00\x00\x00"),
          stats=_stats("main"), difference=Difference(
              "the record of OpenSSL's alert has the version of TLS 1.2 before one is agreed on", {
                  "answer": ("15030300020216", "15030100020216")})),
    Scene("a handshake that does not come", lambda side: _raw(side, "slow", b""),
          stats=_stats("slow")),
    Scene("TLS to a port without", lambda side: hello(side, "plain"),
          stats=(*_stats("plain"), "http.plain.downstream_cx_protocol_error",
                 "http.plain.downstream_rq_4xx", "http.plain.downstream_cx_total")),
])


def connecting(up):
    made = certificates()
    trusted = trusting()
    exact = [_san("DNS", exact="test")]
    clusters = {
        "verified": ("tls", upstream(validation=trusted)),
        "unverified": ("tls", upstream()),
        "with-certificate": ("mutual", upstream("client", validation=trusted)),
        "without-certificate": ("mutual", upstream(validation=trusted)),
        "named": ("tls", upstream(validation=trusting(match_typed_subject_alt_names=exact))),
        "misnamed": ("wrong", upstream(validation=trusting(match_typed_subject_alt_names=exact))),
        "expired": ("expired", upstream(validation=trusted)),
        "future": ("future", upstream(validation=trusted)),
        "stranger": ("stranger", upstream(validation=trusted)),
        "self": ("self", upstream(validation=trusted)),
        "revoked": ("revoked", upstream(validation=trusting(crl={"filename": str(made.crl)}))),
        "usage": ("usage", upstream(validation=trusted)),
        "pinned": ("tls", upstream(validation=trusting(
            verify_certificate_spki=[made["server"].spki]))),
        "unpinned": ("tls", upstream(validation=trusting(
            verify_certificate_spki=[made["client"].spki]))),
        "unhashed": ("tls", upstream(validation=trusting(
            verify_certificate_hash=[made["client"].hash]))),
        "plain": ("a", upstream(validation=trusted)),
        "encrypted": ("tls", {}),
        "sni": ("tls", upstream(validation=trusted, sni="asked.test")),
        "auto-sni": ("tls", {
            **upstream(validation=trusted), **_http_options(auto_sni=True)}),
        "auto-san": ("tls", {
            **upstream(validation=trusted), **_http_options(
                auto_sni=True, auto_san_validation=True)}),
        "host-sni": ("tls", upstream(
            validation=trusted, auto_host_sni=True)),
        "alpn": ("alpn", upstream(validation=trusted, alpn=("http/1.1",))),
        "old": ("old", upstream(validation=trusted)),
        "cipher": ("tls12", upstream(validation=trusted, parameters={
            "cipher_suites": ["ECDHE-ECDSA-AES256-GCM-SHA384"]})),
    }
    routes = [route(name, prefix=f"/{name}/") for name in clusters]
    routes += [
        route("auto-sni", prefix="/auto-sni-rewritten/", host_rewrite_literal="rewritten.test")]
    return bootstrap(
        [secured("main", host(*routes), tls={}, log=UPSTREAM_LOG)],
        [cluster(name, up[to], **fields) for name, (to, fields) in clusters.items()])


def _http_options(**upstream_options):
    return {"typed_extension_protocol_options": {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "upstream_http_protocol_options": upstream_options,
            "explicit_http_config": {"http_protocol_options": {}}}}}


_PEERS = {
    "tls": secure_upstream(),
    "tls12": secure_upstream(version="1.2"),
    "mutual": secure_upstream(trusted=str(certificates().root.path)),
    "alpn": secure_upstream(alpn=("http/1.1",)),
    "old": secure_upstream(version="1.1"),
    **{kind: secure_upstream(certificate=f"server-{kind}")
       for kind in ("expired", "future", "stranger", "self", "revoked", "wrong")},
    "usage": secure_upstream(certificate="server-client-usage"),
}


def _ask(side, ask):
    """A request, and how the handshakes of its upstream ended."""
    trace, response = side.respond(ask)
    found = side.observation(trace, response)
    seen = side.upstreams.arrivals[trace]
    handshake = dict(getattr(seen[0][1].connection, "handshake", {})) if seen else {}
    handshake.pop("certificate", None)
    return found | {"handshake": handshake}


def _connect(name, to, host="test"):
    return Scene(name, lambda side: _ask(side, Ask(f"/{to}/", host=host)),
                 stats=(f"cluster.{to}.ssl.*", f"cluster.{to}.upstream_cx_*",
                        f"cluster.{to}.upstream_rq*"),
                 ignores=("*length_ms", "*bytes*", "*.downstream_local_address"))


CONNECTING = World("TLS to upstreams", connecting, [
    _connect("verified", "verified"), _connect("verified again", "verified"),
    _connect("unverified", "unverified"),
    _connect("with a certificate", "with-certificate"),
    _connect("without the certificate that is wanted", "without-certificate"),
    _connect("the right name", "named"), _connect("a wrong name", "misnamed"),
    _connect("expired", "expired"), _connect("not yet valid", "future"),
    _connect("an unknown authority", "stranger"), _connect("self-signed", "self"),
    _connect("revoked", "revoked"), _connect("not for servers", "usage"),
    _connect("the pinned key", "pinned"), _connect("another key", "unpinned"),
    _connect("another certificate", "unhashed"),
    _connect("an upstream without TLS", "plain"), _connect("an upstream with TLS", "encrypted"),
    _connect("a server name", "sni"), _connect("a server name from the host", "auto-sni"),
    _connect("a server name from the host without its port", "auto-sni", "named.test:81"),
    _connect("a name that is checked", "auto-san"),
    _connect("another name that is checked", "auto-san", "other.test"),
    _connect("a name from the endpoint", "host-sni"),
    _connect("ALPN", "alpn"), _connect("TLS 1.1", "old"), _connect("a cipher suite", "cipher"),
], peers=_PEERS)

WORLDS = (LISTENING, CONNECTING)
