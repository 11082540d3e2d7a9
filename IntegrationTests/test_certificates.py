"""Certificates that change and expire: rotation without a lost request, pages, figures, warnings."""

import os
import signal
import ssl
import threading
from contextlib import contextmanager

import pytest

from beside.securing import DOWNSTREAM, downstream, trusting, upstream
from harness import envoyfile
from harness.certificates import Authority, certificates
from harness.peer import ok
from harness.sidecar import line_value, says
from harness.tlspeer import SecureClient, SecurePeer, client_context, server_context
from harness.waiting import wait_until
from test_tls import ANSWER, MUTUAL, attempt, listener, serve, wait_line

pytestmark = pytest.mark.pillion_only

ROTATIONS = 20


class Volume:
    """A folder of a certificate and its key that is swapped as Kubernetes swaps a volume's."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.authority = Authority(folder, "authority")
        self.count = 0
        self.leaf = self.another()
        self.show(self.leaf)
        for name in ("tls.crt", "tls.key"):
            os.symlink(f"..data/{name}", folder / name)

    def another(self, **options):
        self.count += 1
        return self.authority.leaf(f"leaf{self.count}", "DNS:test", "IP:127.0.0.1", **options)

    def show(self, leaf, key=None):
        """Both files change at once, when the link does."""
        version = self.folder / f"..version{self.count}-{leaf.name}-{(key or leaf).name}"
        version.mkdir(exist_ok=True)
        (version / "tls.crt").write_bytes(leaf.path.read_bytes())
        (version / "tls.key").write_bytes((key or leaf).key_path.read_bytes())
        fresh = self.folder / "..data_tmp"
        os.symlink(version.name, fresh)
        os.rename(fresh, self.folder / "..data")

    def rotate(self):
        self.leaf = self.another()
        self.show(self.leaf)

    @property
    def files(self):
        return {"certificate_chain": {"filename": str(self.folder / "tls.crt")},
                "private_key": {"filename": str(self.folder / "tls.key")}}

    @property
    def socket(self):
        return {"transport_socket": {
            "name": "envoy.transport_sockets.tls",
            "typed_config": {"@type": DOWNSTREAM,
                             "common_tls_context": {"tls_certificates": [self.files]}}}}


@pytest.fixture
def volume(tmp_path):
    return Volume(tmp_path / "volume")


def shows(port, leaf):
    """True where a new connection is shown this certificate."""
    with SecureClient(port, client_context()) as client:
        shown = ssl.DER_cert_to_PEM_cert(client.served)
        return shown in leaf.path.read_text() and client.request().status == 200


class Load:
    """Clients inside of TLS: some keep their connection, some make one for each request."""

    def __init__(self, port, count=3):
        self.port = port
        self.done, self.fresh, self.failures = 0, 0, []
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=one) for one in [self.keep] * count
                        + [self.renew] * count]
        for thread in self.threads:
            thread.start()

    def ask(self, client):
        response = client.request()
        with self.lock:
            self.done += 1
            if response.status != 200 or not response.complete:
                self.failures.append(f"{response.status} {response.text}")

    def keep(self):
        try:
            with SecureClient(self.port, client_context(), timeout=20) as client:
                while not self.stopping.is_set():
                    self.ask(client)
        except Exception as error:  # noqa: BLE001: every kind counts
            self.failures.append(repr(error))

    def renew(self):
        while not self.stopping.is_set():
            try:
                with SecureClient(self.port, client_context(), timeout=20) as client:
                    self.ask(client)
                    with self.lock:
                        self.fresh += 1
            except Exception as error:  # noqa: BLE001
                self.failures.append(repr(error))

    def wait_for(self, fresh):
        goal = self.fresh + fresh
        wait_until(lambda: self.fresh >= goal or self.failures, "more new connections", 30)


@contextmanager
def load(port):
    one = Load(port)
    try:
        yield one
    finally:
        one.stopping.set()
        for thread in one.threads:
            thread.join(30)


def test_twenty_rotations_under_load_lose_no_request(launch, volume):
    proxy = serve(launch, volume.socket, workers=2)
    with load(proxy.port) as clients:
        clients.wait_for(5)
        for number in range(1, ROTATIONS + 1):
            volume.rotate()
            wait_until(lambda: shows(proxy.port, volume.leaf), f"rotation {number}")
            clients.wait_for(3)
            if number == ROTATIONS // 2:
                break_pair(proxy, volume)
                clients.wait_for(3)
    assert clients.failures == []
    assert clients.done > ROTATIONS * 6
    proxy.wait_stat("tls.reload_success", ROTATIONS)
    assert proxy.stat("tls.reload_failure") == 1
    assert proxy.stat("listener.inbound.ssl.connection_error") == 0


def break_pair(proxy, volume):
    """A key that does not fit its certificate: one line says so, and the old pair serves."""
    before = volume.leaf
    volume.show(volume.another(), key=before)
    line = wait_line(proxy, "certificates refused: those before serve on")
    assert "does not belong to the certificate" in line
    assert "listener inbound" in line
    proxy.wait_stat("tls.reload_failure", 1)
    assert shows(proxy.port, before)


def test_two_files_that_change_one_after_the_other_are_a_pair(launch, tmp_path):
    authority = Authority(tmp_path, "authority")
    first, second = (authority.leaf(name, "DNS:test") for name in ("first", "second"))
    pair = tmp_path / "pair.pem", tmp_path / "pair.key"

    def write(path, content):
        other = path.with_suffix(".new")
        other.write_bytes(content)
        os.rename(other, path)

    write(pair[0], first.path.read_bytes())
    write(pair[1], first.key_path.read_bytes())
    tls = downstream()
    tls["transport_socket"]["typed_config"]["common_tls_context"]["tls_certificates"] = [
        {"certificate_chain": {"filename": str(pair[0])},
         "private_key": {"filename": str(pair[1])}}]
    proxy = serve(launch, tls)
    assert shows(proxy.port, first)
    write(pair[0], second.path.read_bytes())
    proxy.wait_stat("tls.reload_failure", 1)
    assert shows(proxy.port, first)
    write(pair[1], second.key_path.read_bytes())
    wait_until(lambda: shows(proxy.port, second), "the second pair")
    # What vanishes is refused as well, until it is there again.
    os.remove(pair[1])
    proxy.wait_stat("tls.reload_failure", 2)
    assert shows(proxy.port, second)
    write(pair[1], second.key_path.read_bytes())
    proxy.wait_stat("tls.reload_success", 2)


def test_the_signal_reads_certificates_again_where_nothing_is_watched(launch, volume):
    proxy = serve(launch, volume.socket, args=["--no-watch"])
    old = volume.leaf
    volume.rotate()
    assert shows(proxy.port, old)
    proxy.signal(signal.SIGHUP)
    wait_until(lambda: shows(proxy.port, volume.leaf), "the new certificate")
    assert proxy.stat("tls.reload_success") == 1


def test_listeners_that_a_reload_adds_are_followed(launch, volume):
    proxy = serve(launch, downstream())
    first = proxy.port
    both = envoyfile.bootstrap([proxy.configuration["static_resources"]["listeners"][0],
                                listener(volume.socket, name="added")], [])
    path = proxy.folder / "envoy.yaml"
    path.with_suffix(".new").write_text(envoyfile.text_of(both))
    os.rename(path.with_suffix(".new"), path)
    wait_until(lambda: proxy.stat("config_reload.success") == 1, "the reload")
    statuses = proxy.admin("/listeners?format=json").json()["listener_statuses"]
    port = next(one["local_address"]["socket_address"]["port_value"] for one in statuses
                if one["name"] == "added")
    assert shows(port, volume.leaf)
    volume.rotate()
    wait_until(lambda: shows(port, volume.leaf), "the rotation of the new listener")
    assert shows(first, certificates()["server"])


def test_a_list_of_revocations_is_read_again(launch, tmp_path):
    authority = Authority(tmp_path, "authority")
    client = authority.leaf("member", "DNS:member.test")
    crl = authority.revocations("list")
    tls = downstream(validation={"trusted_ca": {"filename": str(authority.path)},
                                 "crl": {"filename": str(crl)}}, **MUTUAL)
    proxy = serve(launch, tls)

    def status():
        context = client_context(version="1.2")
        context.load_cert_chain(client.path, client.key_path)
        try:
            with SecureClient(proxy.port, context) as one:
                return one.request().status
        except OSError:
            return None

    assert status() == 200
    authority.revocations("list", client)
    wait_until(lambda: status() is None, "the revocation")
    wait_line(proxy, "refused: TLS: ", "CN=member", "certificate revoked")
    authority.revocations("list")
    wait_until(lambda: status() == 200, "the pardon")


def test_clusters_take_a_new_authority_and_keep_their_connections(sidecar, tmp_path):
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(certificates().root.path.read_bytes())
    with SecurePeer(server_context(), answer=lambda request: ok()) as peer:
        proxy = sidecar(peer, cluster=upstream(
            validation={"trusted_ca": {"filename": str(bundle)}}))
        assert proxy.fetch().status == 200
        bundle.write_bytes(certificates().stranger.path.read_bytes())
        proxy.wait_stat("tls.reload_success", 1)
        # The connection that is there goes on; no new one is made.
        assert proxy.fetch().status == 200
        assert len(peer.handshakes) == 1
        assert proxy.stat("cluster.app.ssl.fail_verify_error") == 0


# What is told


def test_the_page_tells_of_every_certificate_and_no_key(launch):
    made = certificates()
    proxy = launch(envoyfile.bootstrap(
        [listener(downstream("deep-server", validation=trusting(), **MUTUAL))],
        [envoyfile.cluster("app", 1, **upstream("client", validation=trusting()))]))
    page = proxy.admin("/certs")
    assert "PRIVATE KEY" not in page.text
    inbound, cluster = page.json()["certificates"]
    leaf = inbound["cert_chain"][0]
    assert leaf["path"] == str(made["deep-server"].path)
    assert int(leaf["serial_number"], 16) == made["deep-server"].certificate.serial_number
    assert leaf["subject_alt_names"] == [
        {"dns": "test"}, {"dns": "*.wild.test"},
        {"uri": "spiffe://cluster.local/ns/shop/sa/server"}, {"ip_address": "127.0.0.1"}]
    assert leaf["days_until_expiration"] == "89"
    assert cluster["ca_cert"][0]["path"] == str(made.root.path)
    assert cluster["cert_chain"][0]["path"] == str(made["client"].path)
    dump = proxy.admin("/config_dump").text
    assert "PRIVATE KEY" not in dump


def test_inline_keys_are_redacted_wherever_the_configuration_is_shown(launch):
    leaf = certificates()["server"]
    tls = downstream()
    tls["transport_socket"]["typed_config"]["common_tls_context"]["tls_certificates"] = [
        {"certificate_chain": {"inline_string": leaf.path.read_text()},
         "private_key": {"inline_string": leaf.key_path.read_text()}}]
    proxy = serve(launch, tls)
    assert attempt(proxy.port)[0] == 200
    secret = leaf.key_path.read_text().splitlines()[1]
    for path in ("/config_dump", "/certs", "/listeners?format=json", "/clusters?format=json"):
        assert secret not in proxy.admin(path).text, path
    assert proxy.admin("/certs").json()["certificates"][0]["cert_chain"][0]["path"] == "<inline>"


def test_days_are_counted_and_ends_are_warned_of(launch, volume):
    volume.show(volume.another(ends=3))
    proxy = serve(launch, volume.socket)
    assert proxy.stat("server.days_until_first_cert_expiring") in (2, 3)
    gauge = "listener.inbound.ssl.certificate.unnamed_cert_e3b0c442.expiration_unix_time_seconds"
    soon = proxy.stat(gauge)
    assert soon > 0
    line = wait_line(proxy, "certificate expires soon")
    assert line_value(line, "days") in ("2", "3")
    assert line_value(line, "file") == str(volume.folder / "tls.crt")
    volume.rotate()
    wait_until(lambda: proxy.stat("server.days_until_first_cert_expiring") in (89, 90), "the new days")
    wait_until(lambda: proxy.stat(gauge) > soon, "the new end")
    volume.show(volume.another(begins=-9, ends=-2))
    line = wait_line(proxy, "certificate has expired")
    assert line_value(line, "days") in ("-2", "-3")
    assert proxy.stat("server.days_until_first_cert_expiring") == 0
    assert sum(says(line, "certificate expires soon") for line in proxy.lines) == 1


def test_without_certificates_no_alert_fires(sidecar):
    proxy = sidecar(routes=ANSWER)
    assert proxy.stat("server.days_until_first_cert_expiring") == 2**32 - 1
    assert proxy.admin("/certs").json() == {"certificates": []}
