"""TLS with clients and endpoints: who is refused and what is told of it, names, and slow peers."""

import re
import socket
import ssl
import subprocess
from contextlib import suppress

import pytest

from beside.securing import downstream, trusting, upstream
from harness import envoyfile
from harness.certificates import certificates
from harness.client import Truncated
from harness.peer import ok
from harness.tlspeer import SecureClient, SecurePeer, client_context, server_context
from harness.waiting import wait_until

pytestmark = pytest.mark.pillion_only

ANSWER = [{"match": {"prefix": "/"},
           "direct_response": {"status": 200, "body": {"inline_string": "served"}}}]
MUTUAL = {"require_client_certificate": True}
REFUSALS = (OSError, Truncated)


def listener(tls, name="inbound", routes=ANSWER, chain=None, **fields):
    one = envoyfile.listener(name, routes=routes, stat_prefix=name, **fields)
    one["filter_chains"][0].update({**tls, **(chain or {})})
    return one


def serve(launch, tls, **options):
    chain = options.pop("chain", None)
    return launch(envoyfile.bootstrap([listener(tls, chain=chain)], []), **options)


def attempt(port, certificate=None, **options):
    """One request in a new connection: its status, or nothing where it is refused; and the port."""
    own = None
    try:
        context = client_context(certificate, **options)
        with SecureClient(port, context, timeout=10) as client:
            own = client.local_port
            return client.request().status, own
    except REFUSALS as error:
        return None, own or getattr(error, "port", None)


def wait_line(proxy, *parts):
    return proxy.wait_log(lambda line: all(part in line for part in parts))


BAD_CLIENTS = {
    "expired": ("client-expired", "fail_verify_error", "certificate has expired"),
    "not yet valid": ("client-future", "fail_verify_error", "certificate is not yet valid"),
    "of an unknown authority": ("client-stranger", "fail_verify_error", "issuer certificate"),
    "self-signed": ("client-self", "fail_verify_error", "self-signed certificate"),
    "revoked": ("client-revoked", "fail_verify_error", "certificate revoked"),
    "not for clients": ("client-server-usage", "fail_verify_error", "purpose"),
    "of another name": ("client-wrong", "fail_verify_san", "none of the demanded names"),
    "none": (None, "fail_verify_no_cert", "showed no certificate"),
}


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("kind", BAD_CLIENTS)
def test_a_bad_client_is_refused_with_its_reason(launch, kind, version):
    certificate, counter, words = BAD_CLIENTS[kind]
    demands = {
        "revoked": {"crl": {"filename": str(certificates().crl)}},
        "of another name": {"match_typed_subject_alt_names": [
            {"san_type": "URI",
             "matcher": {"exact": "spiffe://cluster.local/ns/shop/sa/client"}}]},
    }.get(kind, {})
    proxy = serve(launch, downstream(validation=trusting(**demands), **MUTUAL))
    status, port = attempt(proxy.port, certificate, version=version)
    assert status is None
    line = wait_line(proxy, f"127.0.0.1:{port} refused: TLS: ", words)
    if certificate:
        assert f"CN={certificate}" in line
    proxy.wait_stat(f"listener.inbound.ssl.{counter}", 1)
    assert attempt(proxy.port, "client", version=version)[0] == 200
    assert proxy.stat("listener.inbound.ssl.connection_error") == 0


BAD_SERVERS = {
    "expired": ("server-expired", "fail_verify_error", "certificate has expired"),
    "not yet valid": ("server-future", "fail_verify_error", "certificate is not yet valid"),
    "of an unknown authority": ("server-stranger", "fail_verify_error", "issuer certificate"),
    "self-signed": ("server-self", "fail_verify_error", "self-signed certificate"),
    "revoked": ("server-revoked", "fail_verify_error", "certificate revoked"),
    "not for servers": ("server-client-usage", "fail_verify_error", "purpose"),
    "of another name": ("server-wrong", "fail_verify_san", "none of the demanded names"),
}


@pytest.fixture
def secure_peer():
    made = []

    def make(answer=lambda request: ok(), **options):
        one = SecurePeer(server_context(**options), answer=answer)
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("kind", BAD_SERVERS)
def test_a_bad_endpoint_is_refused_with_its_reason(sidecar, secure_peer, kind):
    certificate, counter, words = BAD_SERVERS[kind]
    demands = {"match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": "test"}}]}
    if kind == "revoked":
        demands["crl"] = {"filename": str(certificates().crl)}
    peer = secure_peer(certificate=certificate)
    proxy = sidecar(peer, cluster=upstream(validation=trusting(**demands)))
    assert proxy.fetch().status == 503
    wait_line(proxy, f"127.0.0.1:{peer.port} of cluster app refused: TLS: ", words,
              f"CN={certificate}")
    proxy.wait_stat(f"cluster.app.ssl.{counter}", 1)
    assert proxy.log_entry()["flags"] == "UF"
    assert proxy.stat("cluster.app.ssl.handshake") == 0


def test_an_endpoint_that_wants_a_certificate_says_so(sidecar, secure_peer):
    peer = secure_peer(version="1.2", trusted=str(certificates().root.path))
    proxy = sidecar(peer, cluster=upstream(validation=trusting()))
    assert proxy.fetch().status == 503
    wait_line(proxy, "of cluster app refused: TLS: ", "refused with the alert")
    proxy.wait_stat("cluster.app.ssl.connection_error", 1)


def test_a_plain_endpoint_is_named_as_such(sidecar, peer):
    def plain(connection):
        connection.fill()
        connection.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    upstream_peer = peer(serve=plain)
    proxy = sidecar(upstream_peer, cluster=upstream(validation=trusting()))
    assert proxy.fetch().status == 503
    wait_line(proxy, "of cluster app refused: TLS: ", "does not speak TLS")
    proxy.wait_stat("cluster.app.ssl.connection_error", 1)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_an_old_version_is_refused(launch, version):
    proxy = serve(launch, downstream())
    status, port = attempt(proxy.port, version=version)
    assert status is None
    wait_line(proxy, f"127.0.0.1:{port} refused: TLS: ", "no version of TLS that is allowed",
              "TLS 1.2 to TLS 1.3")
    proxy.wait_stat("listener.inbound.ssl.connection_error", 1)


@pytest.mark.parametrize("said, words", [
    (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "plain HTTP request where TLS is spoken"),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "where TLS is spoken"),
    (b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak TLS"),
])
def test_plain_text_to_a_secure_port_is_refused(launch, said, words):
    proxy = serve(launch, downstream())
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as one:
        port = one.getsockname()[1]
        one.sendall(said)
        received = b""
        with suppress(ConnectionResetError):
            while piece := one.recv(4096):
                received += piece
    assert not received.startswith(b"HTTP/")
    wait_line(proxy, f"127.0.0.1:{port} refused: TLS: ", words)
    proxy.wait_stat("listener.inbound.ssl.connection_error", 1)


def test_tls_to_a_plain_port_is_refused(sidecar):
    proxy = sidecar(routes=ANSWER)
    with pytest.raises(REFUSALS):
        SecureClient(proxy.port, timeout=10)
    entry = proxy.log_entry()
    assert (entry["status"], entry["flags"]) == ("400", "DPE")
    proxy.wait_stat("http.inbound.downstream_cx_protocol_error", 1)
    assert proxy.fetch().status == 200


def test_a_key_of_another_certificate_is_refused_by_validate(binary, tmp_path):
    made = certificates()
    tls = downstream()
    common = tls["transport_socket"]["typed_config"]["common_tls_context"]
    common["tls_certificates"][0]["private_key"] = {"filename": str(made["client"].key_path)}
    path = tmp_path / "envoy.yaml"
    path.write_text(envoyfile.text_of(envoyfile.bootstrap([listener(tls)], [])))
    done = subprocess.run([binary, "validate", str(path)], capture_output=True, text=True)
    assert done.returncode == 2
    said = done.stdout + done.stderr
    assert re.search(r"envoy\.yaml:\d+:\d+: .*private_key", said)
    assert "does not belong to the certificate" in said
    assert str(made["client"].key_path) in said
    assert "CN=server" in said


# Names and protocols


def test_the_certificate_is_chosen_by_the_name_that_is_asked_for(launch):
    proxy = serve(launch, downstream("server", "second"))
    for name, expected in {"test": "server", "a.wild.test": "server", "second.test": "second",
                           "SECOND.test": "second", "nobody.test": "server",
                           None: "server"}.items():
        with SecureClient(proxy.port, name=name) as client:
            served = certificates()[expected].path.read_text()
            assert ssl.DER_cert_to_PEM_cert(client.served) in served, name
            assert client.request().status == 200


def test_alpn_chooses_the_protocol(launch):
    proxy = serve(launch, downstream(alpn=("h2", "http/1.1")))
    for offered, expected in ((("http/1.1",), "http/1.1"), (("smtp",), None)):
        with SecureClient(proxy.port, client_context(alpn=offered)) as client:
            assert client.alpn == expected
            assert client.request().status == 200
    with SecureClient(proxy.port, client_context(alpn=("http/1.1", "h2"))) as client:
        assert client.alpn == "h2"


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_clients_resume_their_sessions(launch, version):
    proxy = serve(launch, downstream(validation=trusting(), **MUTUAL))
    context = client_context("client", version)
    session = None
    for expected in (False, True, True):
        with SecureClient(proxy.port, context, session=session) as client:
            assert client.request().status == 200
            assert client.socket.session_reused == expected
            session = client.socket.session
    proxy.wait_stat("listener.inbound.ssl.handshake", 3)
    assert proxy.stat("listener.inbound.ssl.session_reused") == 2
    assert proxy.stat("listener.inbound.ssl.no_certificate") == 0


def test_sessions_with_endpoints_are_resumed(sidecar, secure_peer):
    peer = secure_peer(answer=lambda request: ok(headers=[("Connection", "close")]))
    proxy = sidecar(peer, cluster=upstream(validation=trusting()))
    for _ in range(3):
        assert proxy.fetch().status == 200
    proxy.wait_stat("cluster.app.ssl.handshake", 3)
    assert proxy.stat("cluster.app.ssl.session_reused") == 2
    assert [one["resumed"] for one in peer.handshakes] == [False, True, True]


# Two sidecars


def spiffe(**domains):
    return {"custom_validator_config": {
        "name": "envoy.tls.cert_validator.spiffe",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3"
                     ".SPIFFECertValidatorConfig",
            "trust_domains": [
                {"name": name, "trust_bundle": {"filename": str(certificates().folder / bundle)}}
                for name, bundle in domains.items()]}}}


def test_two_sidecars_know_each_other_by_their_spiffe_names(launch, peer):
    app = peer(answer=lambda request: ok())
    domains = spiffe(**{"cluster.local": "root.pem", "partner.test": "partner.pem"})
    inbound = listener(
        downstream(validation=domains, **MUTUAL),
        routes=[envoyfile.route("app")],
        hcm={"forward_client_cert_details": "SANITIZE_SET",
             "set_current_client_cert_details": {"uri": True}})
    server = launch(envoyfile.bootstrap([inbound], [envoyfile.cluster("app", app.port)]))

    def client_of(leaf):
        return launch(envoyfile.bootstrap(
            [envoyfile.listener()],
            [envoyfile.cluster("app", server.port, **upstream(leaf, validation=domains))]))

    for leaf, uri in (("client", "spiffe://cluster.local/ns/shop/sa/client"),
                      ("client-partner", "spiffe://partner.test/ns/a/sa/b")):
        proxy = client_of(leaf)
        response = proxy.fetch(headers=[("x-forwarded-client-cert", "By=spiffe://forged")])
        assert response.status == 200
        told = app.requests[-1].header("x-forwarded-client-cert")
        assert told.startswith("By=spiffe://cluster.local/ns/shop/sa/server;Hash=")
        assert told.endswith(f";URI={uri}")
    # The partner's authority vouches for its own domain only.
    for leaf, subject, words in (
            ("client-impostor", "CN=client-impostor", "issuer certificate"),
            ("client-bare", "CN=bare", "has not exactly one URI")):
        assert client_of(leaf).fetch().status == 503
        wait_line(server, "refused: TLS: ", words, subject)
    server.wait_stat("listener.inbound.ssl.fail_verify_error", 2)
    assert len(app.requests) == 2


# Slow peers


# OCSP


def s_client(port, *options, said=b""):
    """What OpenSSL's own client shows of a connection."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *options], input=said,
        capture_output=True, timeout=20)
    return (done.stdout + done.stderr).decode("utf-8", "replace")


def stapled(launch, staple=None, **fields):
    """A listener whose certificate has this OCSP response."""
    tls = downstream(**fields)
    common = tls["transport_socket"]["typed_config"]["common_tls_context"]
    if staple:
        common["tls_certificates"][0]["ocsp_staple"] = {"filename": str(staple)}
    return serve(launch, tls)


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_an_ocsp_staple_is_delivered_to_who_asks_for_it(launch, version):
    made = certificates()
    proxy = stapled(launch, made.root.staple(made["server"]))
    shown = s_client(proxy.port, version, "-status")
    assert "OCSP Response Status: successful" in shown
    assert "Cert Status: good" in shown
    assert "OCSP" not in s_client(proxy.port, version)
    assert attempt(proxy.port)[0] == 200
    proxy.wait_stat("listener.inbound.ssl.handshake", 3)
    assert proxy.stat("listener.inbound.ssl.ocsp_staple_requests") == 1
    assert proxy.stat("listener.inbound.ssl.ocsp_staple_responses") == 1


@pytest.mark.parametrize("policy, is_served", [
    ("LENIENT_STAPLING", True), ("STRICT_STAPLING", False), ("MUST_STAPLE", False)])
def test_a_staple_that_has_expired_is_not_delivered(launch, policy, is_served):
    made = certificates()
    proxy = stapled(launch, made.root.staple(made["server"], ends=-1), ocsp_staple_policy=policy)
    shown = s_client(proxy.port, "-status")
    assert "Cert Status" not in shown
    assert ("OCSP response: no response sent" in shown) == is_served
    outcome = "omitted" if is_served else "failed"
    proxy.wait_stat("listener.inbound.ssl.ocsp_staple_requests", 1)
    assert proxy.stat(f"listener.inbound.ssl.ocsp_staple_{outcome}") == 1
    assert proxy.stat("listener.inbound.ssl.connection_error") == (0 if is_served else 1)
    # Who does not ask is served whatever the policy is.
    assert attempt(proxy.port)[0] == 200


# Peers that cost


class Interactive:
    """OpenSSL's client, which does what single letters tell it to."""

    def __init__(self, port, *options):
        self.process = subprocess.Popen(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def until(self, word):
        """Reads until a line has this; false where the client ended."""
        while line := self.process.stdout.readline():
            if word in line:
                return True
        return False

    def say(self, letter):
        with suppress(BrokenPipeError):
            self.process.stdin.write(letter + b"\n")


def test_a_flood_of_key_updates_is_cut(launch):
    proxy = serve(launch, downstream())
    with Interactive(proxy.port, "-tls1_3") as client:
        assert client.until(b"---")
        proxy.wait_stat("listener.inbound.ssl.handshake", 1)
        updates = 0
        # The client writes on for a while until it hears that all is over.
        while updates < 10_000:
            client.say(b"K")
            if not client.until(b"KEYUPDATE"):
                break
            updates += 1
    assert 32 <= updates < 10_000, "some are borne, many are not"
    proxy.wait_stat("listener.inbound.ssl.connection_error", 1)
    proxy.wait_stat("listener.inbound.downstream_cx_active", 0)
    assert attempt(proxy.port)[0] == 200


def test_renegotiation_is_refused(launch):
    proxy = serve(launch, downstream())
    with Interactive(proxy.port, "-tls1_2") as client:
        assert client.until(b"Extended master secret")
        client.say(b"R")
        assert client.until(b"RENEGOTIATING")
        assert client.until(b"no renegotiation"), "the server says that it will not"
        client.process.wait(10)
    proxy.wait_stat("listener.inbound.downstream_cx_active", 0)
    assert proxy.stat("listener.inbound.ssl.handshake") == 1
    assert attempt(proxy.port)[0] == 200


def hello():
    """A ClientHello, as `ssl` writes it."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client_context().wrap_bio(incoming, outgoing, server_hostname="test")
    with suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


def test_a_thousand_half_open_handshakes_are_cut_and_leave_nothing(launch):
    proxy = serve(launch, downstream(), chain={"transport_socket_connect_timeout": "3s"})
    assert attempt(proxy.port)[0] == 200
    before, files = proxy.resident_megabytes(), proxy.open_files()
    begun, held = hello(), []
    try:
        for number in range(1000):
            one = socket.create_connection(("127.0.0.1", proxy.port), timeout=20)
            held.append(one)
            # A third says nothing, a third stops within the hello, a third after it.
            if number % 3:
                one.sendall(begun if number % 3 == 1 else begun[:100])
        assert attempt(proxy.port)[0] == 200
        proxy.wait_stat("listener.inbound.downstream_cx_transport_socket_connect_timeout", 1000, 30)
        proxy.wait_stat("listener.inbound.downstream_cx_active", 0)
        wait_line(proxy, "closed: its TLS handshake took too long")
    finally:
        for one in held:
            one.close()
    wait_until(lambda: proxy.open_files() <= files + 2, "the descriptors back")
    wait_until(lambda: proxy.resident_megabytes() < before + 15, "the memory back", 20)
    assert attempt(proxy.port)[0] == 200
