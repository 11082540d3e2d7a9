"""What TLS vouches for: sessions that outlive what was demanded, names, and ends of connections."""

import socket
import ssl
import threading
import time

import pytest

from beside.relaying import chain, listener_filter, tcp_listener, tcp_proxy
from beside.securing import downstream, trusting, upstream
from harness import envoyfile
from harness.certificates import Authority, certificates
from harness.client import Truncated
from harness.peer import ok
from harness.tlspeer import SecureClient, SecurePeer, client_context, server_context
from harness.waiting import wait_until
from test_drain import wait_until_draining
from test_tls import ANSWER, MUTUAL, attempt, listener, serve, spiffe, wait_line

pytestmark = pytest.mark.pillion_only
REFUSALS = (OSError, Truncated)
VERSIONS = ["1.2", "1.3"]
SECOND = 1 / 86400


def ask(port, context, session=None):
    """One request: its status, whether the session was resumed, and the session for the next."""
    try:
        with SecureClient(port, context, session=session, timeout=10) as client:
            status = client.request().status
            return status, client.socket.session_reused, client.socket.session
    except REFUSALS:
        return None, False, None


# Sessions


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_without_a_certificate_is_nothing_where_one_is_demanded(launch, version):
    proxy = launch(envoyfile.bootstrap([
        listener(downstream(validation=trusting()), "optional"),
        listener(downstream(validation=trusting(), **MUTUAL), "required")], []))
    context = client_context(version=version)
    status, _, session = ask(proxy.ports["optional"], context)
    assert status == 200
    assert ask(proxy.ports["optional"], context, session)[:2] == (200, True)
    assert ask(proxy.ports["required"], context, session)[0] is None
    proxy.wait_stat("listener.required.ssl.fail_verify_no_cert", 1)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_revoked_client_does_not_resume_where_the_list_stands_with_the_authority(
        launch, tmp_path, version):
    made = certificates()
    both = tmp_path / "both.pem"
    both.write_text(made.root.path.read_text() + made.crl.read_text())
    proxy = launch(envoyfile.bootstrap([
        listener(downstream(validation=trusting(), **MUTUAL), "old"),
        listener(downstream(validation={"trusted_ca": {"filename": str(both)}}, **MUTUAL),
                 "new")], []))
    context = client_context("client-revoked", version=version)
    status, _, session = ask(proxy.ports["old"], context)
    assert status == 200
    assert ask(proxy.ports["new"], context, session)[0] is None
    wait_line(proxy, "refused: TLS: ", "certificate revoked")


@pytest.fixture
def fleeting(tmp_path):
    """Certificates of an authority that the tests trust, which end in some seconds."""
    authority = Authority(tmp_path, "fleeting")

    def make(name, seconds=4):
        return authority.leaf(name, "DNS:test", ends=seconds * SECOND)

    make.trusting = {"trusted_ca": {"filename": str(authority.path)}}
    return make


@pytest.mark.parametrize("version", VERSIONS)
def test_a_client_does_not_outlive_its_certificate_by_resuming(launch, fleeting, version):
    proxy = serve(launch, downstream(validation=fleeting.trusting, **MUTUAL))
    leaf = fleeting("client")
    context = client_context(version=version)
    context.load_cert_chain(leaf.path, leaf.key_path)
    status, _, session = ask(proxy.port, context)
    assert status == 200
    status, was_resumed, session = ask(proxy.port, context, session)
    assert (status, was_resumed) == (200, True)
    last = [session]

    def is_refused():
        status, _, fresh = ask(proxy.port, context, last[0])
        if status is not None:
            last[0] = fresh
        return status is None

    wait_until(is_refused, "the client to be refused", 15)
    assert time.time() >= leaf.certificate.not_valid_after_utc.timestamp()
    wait_line(proxy, "refused: TLS: ", "certificate has expired")


def test_an_endpoint_does_not_outlive_its_certificate_by_resuming(sidecar, fleeting):
    leaf = fleeting("endpoint")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf.path, leaf.key_path)
    peer = SecurePeer(context, answer=lambda request: ok(headers=[("Connection", "close")]))
    try:
        proxy = sidecar(peer, cluster=upstream(validation=fleeting.trusting))
        assert proxy.fetch().status == 200
        assert proxy.fetch().status == 200
        assert proxy.stat("cluster.app.ssl.session_reused") >= 1
        wait_until(lambda: proxy.fetch().status == 503, "the endpoint to be refused", 15)
        assert time.time() >= leaf.certificate.not_valid_after_utc.timestamp()
        wait_line(proxy, "of cluster app refused: TLS: ", "certificate has expired")
    finally:
        peer.close()


# Names


@pytest.mark.parametrize("version", VERSIONS)
def test_untrusted_clients_are_refused_by_trust_domains_whatever_else_is_said(launch, version):
    demands = {**spiffe(**{"cluster.local": "root.pem"}),
               "trust_chain_verification": "ACCEPT_UNTRUSTED"}
    proxy = serve(launch, downstream(validation=demands, **MUTUAL))
    for leaf in ("client-stranger", "client-bare", "client-self"):
        assert attempt(proxy.port, leaf, version=version)[0] is None, leaf
    assert attempt(proxy.port, "client", version=version)[0] == 200


def of_host(**options):
    options_type = envoyfile.TYPE + "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    return {"typed_extension_protocol_options": {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": options_type, "upstream_http_protocol_options": options,
            "explicit_http_config": {"http_protocol_options": {}}}}}


@pytest.fixture
def endpoint():
    made = []

    def make(certificate):
        made.append(SecurePeer(server_context(certificate), answer=lambda request: ok()))
        return made[-1]

    yield make
    for one in made:
        one.close()


HOSTS = {"test": 200, "TEST:80": 200, "a.wild.test": 200, "other.test": 503,
         "127.0.0.1": 200, "127.0.0.1:80": 200, "127.0.0.2": 503, "[::1]": 503, "[::1]:80": 503}


@pytest.mark.parametrize("asks", [True, False])
def test_the_requests_host_has_to_be_the_certificates_name_or_address(sidecar, endpoint, asks):
    proxy = sidecar(endpoint("server"), cluster={
        **upstream(validation=trusting()), **of_host(auto_sni=asks, auto_san_validation=True)})
    for host, status in HOSTS.items():
        assert proxy.fetch(host=host).status == status, host
    assert proxy.log_entry()["flags"] == "UF"
    wait_line(proxy, "of cluster app refused: TLS: ", "none of the demanded names")


def test_no_host_makes_a_wrong_certificate_right(sidecar, endpoint):
    proxy = sidecar(endpoint("server-wrong"), cluster={
        **upstream(validation=trusting()), **of_host(auto_sni=True, auto_san_validation=True)})
    for host in HOSTS:
        assert proxy.fetch(host=host).status == 503, host
    assert proxy.fetch(host="wrong.test").status == 200


def test_the_requests_host_is_demanded_beside_the_names_of_the_file(sidecar, endpoint):
    wanted = {"match_typed_subject_alt_names": [
        {"san_type": "DNS", "matcher": {"exact": "second.test"}}]}
    proxy = sidecar(endpoint("server"), cluster={
        **upstream(validation=trusting(**wanted)), **of_host(auto_sni=True,
                                                             auto_san_validation=True)})
    assert proxy.fetch(host="test").status == 503


def test_the_name_that_was_sent_is_verified_inside_of_a_trust_domain(sidecar, endpoint):
    for name, status in (("test", 200), ("other.test", 503)):
        proxy = sidecar(endpoint("server"), cluster=upstream(
            validation=spiffe(**{"cluster.local": "root.pem"}), sni=name,
            auto_sni_san_validation=True))
        assert proxy.fetch().status == status, name


FORWARDING = {"forward_client_cert_details": "SANITIZE_SET",
              "set_current_client_cert_details": {"uri": True, "dns": True}}


@pytest.mark.parametrize("uri, told", [
    ("spiffe://a/x\r\nx-injected: yes", ";URI="),
    ("spiffe://a/x\nx-injected: yes", ";URI="),
    ("spiffe://a/\x7f", ";URI="),
    ("spiffe://a/x,By=spiffe://b;URI=spiffe://c", ';URI="spiffe://a/x,By=spiffe://b;URI=spiffe://c"'),
    ('spiffe://a/x",By="', ';URI="spiffe://a/x%22,By=%22"'),
    ("spiffe://a/x", ";URI=spiffe://a/x"),
])
def test_a_name_is_one_value_of_one_header(launch, peer, tmp_path, uri, told):
    app = peer(answer=lambda request: ok())
    authority = Authority(tmp_path, "careless")
    leaf = authority.leaf("client", f"URI:{uri}")
    proxy = launch(envoyfile.bootstrap(
        [listener(downstream(validation={"trusted_ca": {"filename": str(authority.path)}},
                             **MUTUAL), routes=[envoyfile.route("app")], hcm=FORWARDING)],
        [envoyfile.cluster("app", app.port)]))
    context = client_context()
    context.load_cert_chain(leaf.path, leaf.key_path)
    assert ask(proxy.port, context)[0] == 200
    request = app.requests[-1]
    assert request.header("x-injected") is None
    assert request.header("x-forwarded-client-cert").endswith(told)


# Ends


def test_the_end_that_decides_about_the_chain_reaches_the_endpoint(launch):
    seen = []
    server = socket.create_server(("127.0.0.1", 0))

    def play():
        connection, _ = server.accept()
        with connection:
            while piece := connection.recv(4096):
                seen.append(piece)
            connection.sendall(b"after the end")

    thread = threading.Thread(target=play, daemon=True)
    thread.start()
    matching = chain(tcp_proxy("app", "app"), match={"application_protocols": ["http/1.1"]})
    proxy = launch(envoyfile.bootstrap(
        [tcp_listener("app", matching, chain(tcp_proxy("app", "app")),
                      filters=[listener_filter("http_inspector")])],
        [envoyfile.cluster("app", server.getsockname()[1])]), log=False)
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as client:
        client.sendall(b"GE")
        client.shutdown(socket.SHUT_WR)
        received = b""
        while piece := client.recv(4096):
            received += piece
    thread.join(10)
    server.close()
    assert b"".join(seen) == b"GE"
    assert received == b"after the end"


class Flight:
    """A client that says by itself which bytes leave together."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = client_context(version="1.3").wrap_bio(
            self.incoming, self.outgoing, server_hostname="test")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def step(self):
        """One step of the handshake; true when it is done."""
        try:
            self.tls.do_handshake()
            return True
        except ssl.SSLWantReadError:
            return False

    def send(self):
        self.socket.sendall(self.outgoing.read())

    def receive(self):
        """False at the end."""
        piece = self.socket.recv(65536)
        self.incoming.write(piece)
        return bool(piece)

    def until_last_flight(self):
        while not self.step():
            self.send()
            assert self.receive()

    def text(self):
        """What the server says until it ends."""
        found = b""
        while True:
            try:
                piece = self.tls.read(65536)
                if not piece:
                    return found
                found += piece
            except ssl.SSLWantReadError:
                if not self.receive():
                    return found
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return found


@pytest.mark.parametrize("said", [b"", b"GE"])
def test_an_end_inside_of_the_last_flight_is_heard(launch, said):
    proxy = serve(launch, downstream())
    with Flight(proxy.port) as client:
        client.until_last_flight()
        if said:
            client.tls.write(said)
        with pytest.raises(ssl.SSLWantReadError):
            client.tls.unwrap()
        client.send()
        while client.receive():
            pass
    proxy.wait_stat("listener.inbound.downstream_cx_active", 0)


def test_a_handshake_under_way_is_finished_by_a_drain_and_its_request_answered(launch):
    proxy = serve(launch, downstream(), drain_seconds=15)
    with Flight(proxy.port) as client:
        assert not client.step()
        client.send()
        client.receive()
        proxy.signal()
        wait_until_draining(proxy)
        client.until_last_flight()
        client.send()
        client.tls.write(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        client.send()
        text = client.text()
    assert text.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in text.lower()
    assert proxy.wait_exit() == 0
