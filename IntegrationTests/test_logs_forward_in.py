"""The forward protocol as a source: every mode, acknowledgements, the handshake, hostile peers."""

import gzip
import hashlib
import random
import re
import socket
import ssl
import struct
import subprocess
import threading

import msgpack
import pytest

from harness.certificates import certificates
from harness.elastic import Elastic
from harness.shipper import Shipper
from harness.waiting import wait_until

pytestmark = pytest.mark.pillion_only

CONFIGURATION = """
<source>
  @type forward
  bind 127.0.0.1
  port {port}
  {more}
</source>
<match **>
  @type elasticsearch
  host 127.0.0.1
  port {elastic}
  index_name app
  include_tag_key true
  tag_key tag
  <buffer>
    @type {buffer}
    flush_interval 0.05
    retry_wait 0.02
    retry_max_interval 0.1
  </buffer>
</match>
"""


def configuration(elastic, more="", buffer="memory", port=0):
    return CONFIGURATION.format(elastic=elastic.port, more=more, buffer=buffer, port=port)


def address(shipper):
    """Where the source listens, from what the shipper says at its start."""
    def find():
        text = shipper.said()[shipper.said_before:]
        found = re.search(r"a log source listens.*?127\.0\.0\.1:(\d\d+)", text)
        return found and int(found[1])
    return "127.0.0.1", wait_until(find, "the port of the source", 20)


class Running(Shipper):
    """A shipper whose output of this run can be told from that of the runs before."""

    said_before = 0

    def start(self):
        self.said_before = len(self.said()) if self.output.exists() else 0
        return super().start()


class Client:
    """One connection, as the protocol's specification has it."""

    def __init__(self, address, tls=None):
        self.socket = socket.create_connection(address, 10)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.unpacker = msgpack.Unpacker(raw=False, strict_map_key=False)

    def send(self, *values):
        self.socket.sendall(b"".join(msgpack.packb(value) for value in values))

    def read(self, seconds=10):
        """The next value; None at the end of the connection."""
        self.socket.settimeout(seconds)
        while True:
            for value in self.unpacker:
                return value
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self.unpacker.feed(data)

    def handshake(self, key, hostname="client", user="", password=""):
        kind, options = self.read()
        assert kind == "HELO"
        nonce, auth, salt = options["nonce"], options["auth"], b"salt"

        def digest(*parts):
            return hashlib.sha512(b"".join(parts)).hexdigest()

        proof = digest(salt, hostname.encode(), nonce, key.encode())
        secret = digest(auth, user.encode(), password.encode()) if auth else ""
        self.send(["PING", hostname, salt, proof, user, secret])
        kind, accepted, reason, server, answer = self.read()
        assert kind == "PONG"
        if accepted:
            assert answer == digest(salt, server.encode(), nonce, key.encode())
        return accepted, reason, server

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def event_time(seconds, nanoseconds):
    return msgpack.ExtType(0, struct.pack(">II", seconds, nanoseconds))


def entries(first, last):
    return [[event_time(1700000000 + n, n), {"n": n}] for n in range(first, last + 1)]


def numbers(elastic):
    return {document["n"] for document in list(elastic.documents.values()) if "n" in document}


def has(first, last):
    return lambda elastic: set(range(first, last + 1)) <= numbers(elastic)


def test_every_mode_is_delivered_and_acknowledged(binary, tmp_path):
    packed = b"".join(msgpack.packb(entry) for entry in entries(4, 6))
    squeezed = b"".join(msgpack.packb(entry) for entry in entries(7, 9))
    middle = len(squeezed) // 3
    with Elastic() as elastic, Running(binary, tmp_path, configuration(elastic)) as shipper:
        with Client(address(shipper)) as client:
            client.send(
                None,
                ["app.message", 1700000001, {"n": 1, "nested": {"a": [1, None, b"x"]}},
                 {"chunk": "one"}],
                ["app.forward", entries(2, 3), {"chunk": "two", "size": 2}],
                ["app.packed", packed, {"chunk": "three"}],
                ["app.squeezed",
                 gzip.compress(squeezed[:middle]) + gzip.compress(squeezed[middle:]),
                 {"chunk": "four", "compressed": "gzip"}],
                ["app.text", packed.decode("latin-1").encode("latin-1"), {"chunk": "five"}],
            )
            found = [client.read()["ack"] for _ in range(5)]
            assert found == ["one", "two", "three", "four", "five"]
        assert has(1, 9)(elastic)
        documents = {document["n"]: document for document in elastic.documents.values()}
        assert documents[1]["nested"] == {"a": [1, None, "x"]}
        assert documents[1]["tag"] == "app.message"
        assert documents[8]["tag"] == "app.squeezed"
        assert shipper.stop() == 0, shipper.said()


def test_bytes_that_come_one_by_one_make_messages(binary, tmp_path):
    message = msgpack.packb(["app", entries(1, 3), {"chunk": "slow"}])
    with Elastic() as elastic, Running(binary, tmp_path, configuration(elastic)) as shipper:
        with Client(address(shipper)) as client:
            client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in message:
                client.socket.sendall(bytes([byte]))
            assert client.read() == {"ack": "slow"}
        assert has(1, 3)(elastic)


SECURITY = """
  <security>
    self_hostname server.test
    shared_key secret
    {more}
  </security>
"""


def test_peers_must_know_the_shared_key(binary, tmp_path):
    text = SECURITY.format(more="")
    with Elastic() as elastic, Running(binary, tmp_path, configuration(elastic, text)) as shipper:
        with Client(address(shipper)) as client:
            assert client.handshake("secret") == (True, "", "server.test")
            client.send(["app", entries(1, 2), {"chunk": "a"}])
            assert client.read() == {"ack": "a"}
        with Client(address(shipper)) as client:
            accepted, reason, _ = client.handshake("wrong")
            assert not accepted and "shared key" in reason
            assert client.read() is None
        with Client(address(shipper)) as client:
            client.read()
            client.send(["app", entries(8, 9), {"chunk": "b"}])
            assert client.read()[1] is False
            assert client.read() is None
        assert numbers(elastic) == {1, 2}
        assert "the shared key is another one" in shipper.said()


def test_users_must_know_their_password(binary, tmp_path):
    text = SECURITY.format(
        more="user_auth true\n<user>\nusername u\npassword p\n</user>")
    with Elastic() as elastic, Running(binary, tmp_path, configuration(elastic, text)) as shipper:
        with Client(address(shipper)) as client:
            assert client.handshake("secret", user="u", password="p")[0]
        with Client(address(shipper)) as client:
            assert not client.handshake("secret", user="u", password="q")[0]
        with Client(address(shipper)) as client:
            assert not client.handshake("secret")[0]


def test_tls_and_client_certificates(binary, tmp_path):
    authority = certificates().root
    server = authority.leaf("forward", "DNS:localhost")
    sender = authority.leaf("sender", "DNS:sender")
    path = authority.path
    text = (f"<transport tls>\ncert_path {server.path}\nprivate_key_path {server.key_path}\n"
            f"client_cert_auth true\nca_cert_path {path}\n</transport>")
    with Elastic() as elastic, Running(binary, tmp_path, configuration(elastic, text)) as shipper:
        context = ssl.create_default_context(cafile=path)
        context.load_cert_chain(sender.path, sender.key_path)
        with Client(address(shipper), tls=context) as client:
            client.send(["app", entries(1, 500), {"chunk": "tls"}])
            assert client.read() == {"ack": "tls"}
        assert has(1, 500)(elastic)
        stranger = ssl.create_default_context(cafile=path)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            with Client(address(shipper), tls=stranger) as client:
                client.send(["app", entries(600, 601), {"chunk": "x"}])
                assert client.read() is not None
        # And somebody who speaks no TLS at all.
        with Client(address(shipper)) as client:
            client.send(["app", entries(600, 601)])
            assert client.read() is None
        assert max(numbers(elastic)) == 500


def test_the_tag_and_the_peer_can_be_added(binary, tmp_path):
    text = "add_tag_prefix remote\nsource_address_key from"
    with Elastic() as elastic, Running(binary, tmp_path, configuration(elastic, text)) as shipper:
        with Client(address(shipper)) as client:
            client.send(["app", entries(1, 1), {"chunk": "a"}])
            client.read()
        [document] = elastic.documents.values()
        assert document["tag"] == "remote.app" and document["from"] == "127.0.0.1"


def test_a_heartbeat_is_answered(binary, tmp_path):
    with Elastic() as elastic, Running(binary, tmp_path, configuration(elastic)) as shipper:
        target = address(shipper)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.settimeout(10)
            peer.sendto(b"\0", target)
            assert peer.recvfrom(16) == (b"\0", target)


def test_an_acknowledgement_waits_for_the_sink(binary, tmp_path):
    with Elastic() as elastic, Running(binary, tmp_path, configuration(elastic)) as shipper:
        elastic.is_down = True
        with Client(address(shipper)) as client:
            client.send(["app", entries(1, 3), {"chunk": "a"}])
            wait_until(lambda: "it will be tried again" in shipper.said(), "a failed request")
            with pytest.raises(TimeoutError):
                client.read(1.5)
            with elastic.changed:
                elastic.is_down = False
            assert client.read() == {"ack": "a"}
        assert has(1, 3)(elastic)


def test_a_spool_is_as_good_as_the_sink_also_after_a_kill(binary, tmp_path):
    with Elastic() as elastic:
        elastic.is_down = True
        text = configuration(elastic, buffer="file").replace(
            "@type file", f"@type file\n    path {tmp_path / 'spool'}")
        with Running(binary, tmp_path / "shipper", text) as shipper:
            with Client(address(shipper)) as client:
                for turn in range(5):
                    first = turn * 100 + 1
                    client.send(["app", entries(first, first + 99), {"chunk": f"c{turn}"}])
                    assert client.read(15) == {"ack": f"c{turn}"}
            shipper.kill()
            assert not elastic.documents
            with elastic.changed:
                elastic.is_down = False
            shipper.start()
            elastic.wait(has(1, 500), "what was acknowledged before the kill")


def test_nothing_acknowledged_is_lost_by_kills(binary, tmp_path):
    """A client that sends each chunk until it is acknowledged, and a shipper that is killed."""
    generator = random.Random(7)
    acknowledged = set()
    with Elastic() as elastic:
        text = configuration(elastic)
        shipper = Running(binary, tmp_path, text).start()
        try:
            pending, kills = list(range(60)), 0
            while pending:
                number = pending[0]
                try:
                    with Client(address(shipper)) as client:
                        while pending:
                            number = pending[0]
                            first = number * 50 + 1
                            client.send(["app", entries(first, first + 49), {"chunk": str(number)}])
                            if kills < 6 and generator.random() < 0.15:
                                kills += 1
                                shipper.kill()
                                shipper.start()
                            if client.read() != {"ack": str(number)}:
                                break
                            acknowledged.add(number)
                            pending.pop(0)
                except (ConnectionError, TimeoutError):
                    pass
            assert kills >= 3
            elastic.wait(has(1, 3000), "everything that was acknowledged")
        finally:
            shipper.kill()


def test_hostile_peers_harm_nobody_else(binary, tmp_path):
    with Elastic() as elastic, Running(binary, tmp_path, configuration(elastic)) as shipper:
        target = address(shipper)
        good = Client(target)
        good.send(["app", entries(1, 1), {"chunk": "first"}])
        assert good.read() == {"ack": "first"}
        # The first of them is said at once; of the others it is said how many there were.
        hostile = [
            b"\x92\xa3app\xc6\x40\x00\x00\x00" + b"x" * 1000,
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"\xc1\xc1\xc1",
            b"\xdd\xff\xff\xff\xff",
            b"\x93\xa3app\x01\xdf\xff\xff\xff\xff",
            msgpack.packb(["app", gzip.compress(b"\0" * (64 << 20)), {"compressed": "gzip",
                                                                      "chunk": "bomb"}]),
            msgpack.packb(["app", b"no gzip", {"compressed": "gzip", "chunk": "x"}]),
        ]
        for data in hostile:
            with Client(target) as client:
                try:
                    client.socket.sendall(data)
                    assert client.read() is None, data[:20]
                except ConnectionError:
                    pass
        with Client(target) as client:
            client.socket.sendall(msgpack.packb(["app", entries(50, 60), {"chunk": "cut"}])[:-5])
        generator = random.Random(3)
        for _ in range(100):
            data = bytearray(msgpack.packb(["app", entries(1, 3), {"chunk": "x"}]))
            for _ in range(3):
                data[generator.randrange(len(data))] = generator.randrange(256)
            with Client(target) as client:
                client.socket.sendall(data)
        good.send(["app", entries(2, 2), {"chunk": "last"}])
        assert good.read() == {"ack": "last"}
        said = shipper.said()
        assert "16777216 bytes, the limit of this source" in said
        good.close()
        assert shipper.stop() == 0


def test_connections_beyond_the_limit_are_closed(binary, tmp_path):
    with Elastic() as elastic, Running(binary, tmp_path, configuration(elastic)) as shipper:
        target = address(shipper)
        clients = [Client(target) for _ in range(1000)]
        try:
            clients[-1].send(["app", entries(1, 1), {"chunk": "a"}])
            assert clients[-1].read() == {"ack": "a"}
            with Client(target) as one_more:
                assert one_more.read() is None
            clients.pop(0).close()
            def works():
                with Client(target) as client:
                    try:
                        client.send(["app", entries(2, 2), {"chunk": "b"}])
                        return client.read() == {"ack": "b"}
                    except ConnectionError:
                        return False
            wait_until(works, "room for another connection")
            assert "which is the limit" in shipper.said()
        finally:
            for client in clients:
                client.close()


def test_a_full_sink_makes_peers_wait_and_loses_nothing(binary, tmp_path):
    with Elastic() as elastic:
        text = configuration(elastic).replace(
            "flush_interval 0.05", "flush_interval 0.05\n    total_limit_size 64k\n"
            "    chunk_limit_size 8k\n    overflow_action block")
        with Running(binary, tmp_path, text) as shipper:
            elastic.is_down = True
            client = Client(address(shipper))
            done = threading.Event()

            def send():
                for turn in range(200):
                    first = turn * 100 + 1
                    client.send(["app", entries(first, first + 99)])
                done.set()

            thread = threading.Thread(target=send, daemon=True)
            thread.start()
            wait_until(lambda: "it will be tried again" in shipper.said(), "a failed request")
            with elastic.changed:
                elastic.is_down = False
            elastic.wait(has(1, 20000), "everything, once the sink takes it", 60)
            assert done.wait(10)
            client.close()


def test_an_address_that_is_taken_is_named(binary, tmp_path):
    with socket.socket() as taken, Elastic() as elastic:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        text = configuration(elastic, port=taken.getsockname()[1])
        shipper = Running(binary, tmp_path, text).start()
        assert shipper.process.wait(20) == 2
        assert "fluent.conf:2" in shipper.said()
        assert "can't listen at 127.0.0.1" in shipper.said()
        assert "Address already in use" in shipper.said()


def test_a_socket_of_a_file_and_a_tag_of_fluent_bit(binary, tmp_path):
    path = tmp_path / "in.sock"
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(path))  # left behind by a process that is gone
    stale.close()
    with Elastic() as elastic:
        text = (f"[SERVICE]\n    Flush 1\n[INPUT]\n    Name forward\n    Unix_Path {path}\n"
                f"    Tag_Prefix remote-\n[OUTPUT]\n    Name es\n    Match remote-*\n"
                f"    Host 127.0.0.1\n    Port {elastic.port}\n    Index app\n"
                "    Suppress_Type_Name On\n    Include_Tag_Key On\n    Tag_Key tag\n")
        with Running(binary, tmp_path / "shipper", text) as shipper:
            wait_until(lambda: "a log source listens" in shipper.said(), "the source", 20)
            client = Client.__new__(Client)
            client.socket = socket.socket(socket.AF_UNIX)
            client.socket.connect(str(path))
            client.unpacker = msgpack.Unpacker()
            with client:
                client.send(["app", entries(1, 2), {"chunk": "a"}])
                assert client.read() == {"ack": "a"}
            assert has(1, 2)(elastic)
            assert {one["tag"] for one in elastic.documents.values()} == {"remote-app"}
            assert shipper.stop() == 0
        assert not path.exists()


def test_the_status_names_the_address(binary, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        admin = probe.getsockname()[1]
    with Elastic() as elastic:
        shipper = Running(binary, tmp_path, configuration(elastic))
        shipper.args = ["--admin", f"127.0.0.1:{admin}"]
        with shipper:
            host, port = address(shipper)
            wait_until(lambda: " ready " in shipper.said(), "the shipper's start", 20)
            for arguments, expected in ([[], f"listening at {host}:{port}"],
                                        [["--json"], f'"listening":["{host}:{port}"]']):
                found = subprocess.run(
                    [binary, "logs", "status", "--admin", f"127.0.0.1:{admin}", *arguments],
                    capture_output=True, text=True, timeout=20)
                assert expected in found.stdout, found
