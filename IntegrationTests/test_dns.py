"""Names: a fake name server that answers, changes its mind, fails and lies."""

import socket
import struct
import subprocess
import threading

import pytest

from harness import envoyfile
from harness.peer import Peer, ok

# Envoy takes its name servers from the file, not from the command line.
pytestmark = pytest.mark.pillion_only

NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3
MEMBERS = "cluster.app.membership_total"


class NameServer:
    """Answers A questions over UDP from what the test put in `answer`."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.answer = (NOERROR, ["127.0.0.1"])
        self.questions = 0
        self.asked = threading.Condition()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                query, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            end = query.index(b"\0", 12) + 5
            kind = struct.unpack("!H", query[end - 4:end - 2])[0]
            code, addresses = self.answer
            with self.asked:
                self.questions += 1
                self.asked.notify_all()
            if code is None:
                continue  # Silence.
            if code == "garbage":
                self.socket.sendto(query[:2] + b"\xff" * 40, peer)
                continue
            records = addresses if kind == 1 and code == NOERROR else []
            header = query[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(records), 0, 0)
            body = b"".join(
                b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 1, 4) + socket.inet_aton(one)
                for one in records)
            self.socket.sendto(header + query[12:end] + body, peer)

    def wait_for_questions(self, more):
        with self.asked:
            goal = self.questions + more
            assert self.asked.wait_for(lambda: self.questions >= goal, timeout=20)

    def close(self):
        self.socket.close()


@pytest.fixture
def names():
    server = NameServer()
    yield server
    server.close()


def named_cluster(port, kind="STRICT_DNS", **fields):
    return envoyfile.cluster(
        "app", envoyfile.endpoint(port, host="app.test"), type=kind, dns_lookup_family="V4_ONLY",
        dns_refresh_rate="0.2s", **fields)


def start(launch, names, cluster):
    return launch(
        envoyfile.bootstrap([envoyfile.listener()], [cluster]),
        args=["--dns-servers", f"127.0.0.1:{names.port}"])


def members(proxy):
    return proxy.stats().get(MEMBERS, 0)


@pytest.mark.parametrize("trouble", [
    (SERVFAIL, []), (NXDOMAIN, []), (NOERROR, []), (None, []), ("garbage", [])],
    ids=["SERVFAIL", "NXDOMAIN", "empty", "silence", "garbage"])
def test_trouble_with_names_keeps_the_last_answer(launch, names, trouble):
    app = Peer(answer=lambda r: ok("here"))
    try:
        proxy = start(launch, names, named_cluster(app.port))
        assert proxy.fetch().text == "here"
        names.answer = trouble
        names.wait_for_questions(3)
        assert members(proxy) == 1
        assert proxy.fetch().text == "here"
        assert proxy.process.poll() is None
    finally:
        app.close()


def test_new_addresses_are_taken_over(launch, names):
    app = Peer(answer=lambda r: ok("here"))
    try:
        proxy = start(launch, names, named_cluster(app.port))
        assert proxy.fetch().text == "here"
        names.answer = (NOERROR, ["127.0.0.1", "127.0.0.2", "127.0.0.3"])
        proxy.wait_stat(MEMBERS, 3)
        names.answer = (NOERROR, ["127.0.0.1"])
        proxy.wait_stat(MEMBERS, 1)
        assert proxy.fetch().text == "here"
    finally:
        app.close()


def test_a_logical_name_has_one_endpoint(launch, names):
    app = Peer(answer=lambda r: ok("here"))
    names.answer = (NOERROR, ["127.0.0.1", "127.0.0.1", "127.0.0.1"])
    try:
        proxy = start(launch, names, named_cluster(app.port, kind="LOGICAL_DNS"))
        assert proxy.fetch().text == "here"
        assert members(proxy) == 1
    finally:
        app.close()


def test_a_thousand_addresses_do_no_harm(launch, names):
    app = Peer(answer=lambda r: ok("here"))
    try:
        proxy = start(launch, names, named_cluster(app.port))
        names.answer = (NOERROR, [f"127.0.{n // 250}.{n % 250 + 1}" for n in range(1000)])
        names.wait_for_questions(2)
        assert proxy.process.poll() is None
        assert members(proxy) >= 1
    finally:
        app.close()


def test_without_any_answer_the_reply_says_so(launch, names):
    names.answer = (NXDOMAIN, [])
    proxy = start(launch, names, named_cluster(80))
    response = proxy.fetch()
    assert response.status == 503
    assert "no endpoint" in response.text
    assert proxy.log_entry()["flags"] == "UH"


def test_name_servers_that_are_no_addresses_are_refused(binary, tmp_path):
    file = tmp_path / "envoy.yaml"
    file.write_text(envoyfile.text_of(
        envoyfile.bootstrap([envoyfile.listener()], [named_cluster(80)])))
    done = subprocess.run([binary, "run", file, "--dns-servers", "nonsense"],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert "servers" in done.stderr


def test_the_first_request_finds_the_first_answer(launch, names):
    app = Peer(answer=lambda r: ok("here"))
    try:
        # No wait between the ready line and the request: names come first.
        assert start(launch, names, named_cluster(app.port)).fetch().status == 200
    finally:
        app.close()
