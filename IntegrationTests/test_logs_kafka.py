"""The Kafka sink, with librdkafka's mock cluster as the brokers, read back with kcat."""

import json
import os
import re
import socket
import ssl
import subprocess
import threading

import pytest

from harness.certificates import Authority
from harness.kafka import IS_THERE, Error, Kafka
from harness.shipper import Shipper
from harness.waiting import wait_until

pytestmark = [
    pytest.mark.pillion_only,
    pytest.mark.skipif(not IS_THERE, reason="librdkafka and kcat are not there"),
]

FILE = """
<source>
  @type tail
  path {folder}/*.log
  pos_file {folder}/positions
  tag app.web
  read_from_head true
  <parse>
    @type json
    time_key time
    time_type string
    time_format %iso8601
    keep_time_key true
  </parse>
</source>
<match **>
  @type rdkafka2
  brokers {brokers}
  topic {topic}
  {lines}
  <format>
    @type json
  </format>
  <buffer>
    @type memory
    flush_interval 0.05
    retry_wait 0.05
    retry_max_interval 0.2
    {buffer}
  </buffer>
</match>
"""


class Shipping(Shipper):
    def __init__(self, binary, folder, kafka, *lines, topic="logs", buffer="", env=None):
        folder.mkdir(exist_ok=True)
        self.log = folder / "app.log"
        brokers = kafka if isinstance(kafka, str) else kafka.brokers
        text = FILE.format(folder=folder, brokers=brokers, topic=topic, lines="\n  ".join(lines),
                           buffer=buffer)
        super().__init__(binary, folder, text, env=env)

    def write(self, first, last, name="app.log", **more):
        with open(self.folder / name, "a") as file:
            for n in range(first, last + 1):
                file.write(json.dumps({"n": n, "file": name, **more}) + "\n")

    def dead_letters(self):
        found = []
        for path in [*self.state.glob("dead-letters-*"), *self.state.glob("unusable-lines*")]:
            found += [json.loads(line) for line in path.read_text().splitlines()]
        return found

    def finish(self):
        assert self.stop() == 0, self.said()


def options(**values):
    return "rdkafka_options " + json.dumps({k.replace("_", "."): v for k, v in values.items()})


@pytest.fixture
def kafka():
    with Kafka() as cluster:
        cluster.create("logs")
        yield cluster


# What arrives


def test_a_record_has_its_key_headers_and_time(binary, tmp_path, kafka):
    with Shipping(binary, tmp_path, kafka, "message_key_key user", 'headers {"who":"pillion"}',
                  'headers_from_record {"number":"n"}') as shipper:
        shipper.write(1, 1, user="ann", time="2026-08-22T10:11:12.345Z")
        shipper.write(2, 2, time="2026-08-22T10:11:13Z")
        kafka.wait("logs", [1, 2])
        shipper.finish()
    first, second = kafka.messages("logs")
    assert first.key == "ann" and second.key is None
    assert first.headers == ["who", "pillion", "number", "1"]
    assert first.time == 1787393472345 and second.time == 1787393473000
    assert first.record == {"n": 1, "file": "app.log", "user": "ann",
                            "time": "2026-08-22T10:11:12.345Z"}


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_each_compression_is_read_back(binary, tmp_path, kafka, codec):
    with Shipping(binary, tmp_path, kafka, f"compression_codec {codec}") as shipper:
        shipper.write(1, 2000, text="x" * 100)
        assert kafka.wait("logs", range(1, 2001)) == list(range(1, 2001))
        shipper.finish()


def test_each_file_keeps_its_order_in_its_partition(binary, tmp_path):
    with Kafka(brokers=3) as kafka:
        kafka.create("logs", partitions=4)
        with Shipping(binary, tmp_path, kafka, "message_key_key file",
                      buffer="chunk_limit_size 4k") as shipper:
            for first in range(1, 1000, 100):
                for name in ("app.log", "b.log", "c.log"):
                    shipper.write(first, first + 99, name)
            wait_until(lambda: len(kafka.messages("logs")) >= 3000, "all messages", 25)
            shipper.finish()
        messages = kafka.messages("logs")
        assert len(messages) == 3000
        for name in ("app.log", "b.log", "c.log"):
            of_file = [one for one in messages if one.record["file"] == name]
            assert len({one.partition for one in of_file}) == 1
            assert [one.record["n"] for one in of_file] == list(range(1, 1001))


def test_a_key_has_the_partition_that_javas_clients_give_it(binary, tmp_path):
    with Kafka() as kafka:
        kafka.create("logs", partitions=8)
        with Shipping(binary, tmp_path, kafka, "message_key_key file") as shipper:
            shipper.write(1, 1, "foobar.log")
            kafka.wait("logs", [1])
            shipper.finish()
        (message,) = kafka.messages("logs")
        assert message.partition == (murmur2(b"foobar.log") & 0x7fffffff) % 8


def murmur2(data):
    """As Kafka's documentation of the default partitioner has it."""
    mask, m = 0xffffffff, 0x5bd1e995
    value = (0x9747b28c ^ len(data)) & mask
    for at in range(0, len(data) // 4 * 4, 4):
        k = int.from_bytes(data[at:at + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        value = (value * m & mask) ^ k
    rest = data[len(data) // 4 * 4:]
    if rest:
        value = (value ^ int.from_bytes(rest, "little")) * m & mask
    value = (value ^ value >> 13) * m & mask
    return value ^ value >> 15


def test_a_topic_comes_from_the_record(binary, tmp_path, kafka):
    for topic in ("orders", "rest"):
        kafka.create(topic)
    text = FILE.format(folder=tmp_path, brokers=kafka.brokers, topic="x", lines="", buffer="")
    text = text.replace("topic x", "topic_key to\n  default_topic rest")
    text = text.replace("<buffer>", "<buffer to>")
    shipper = Shipping(binary, tmp_path, kafka)
    shipper.path.write_text(text)
    with shipper:
        shipper.write(1, 3, to="orders")
        shipper.write(4, 6)
        shipper.write(7, 7, to="no topic/this")
        assert kafka.wait("orders", [1, 2, 3]) == [1, 2, 3]
        assert kafka.wait("rest", [4, 5, 6]) == [4, 5, 6]
        letters = wait_until(shipper.dead_letters, "the dead letter")
        assert "topic 'no topic/this'" in letters[0]["reason"]
        shipper.finish()


# What goes wrong


@pytest.mark.parametrize("code", [Error.NOT_LEADER, Error.REQUEST_TIMED_OUT,
                                  Error.NOT_ENOUGH_REPLICAS, Error.TRANSPORT])
def test_an_error_that_passes_loses_and_repeats_nothing(binary, tmp_path, kafka, code):
    with Shipping(binary, tmp_path, kafka, buffer="chunk_limit_size 8k") as shipper:
        shipper.write(1, 300)
        kafka.wait("logs", range(1, 301))
        kafka.fail(code, code, code)
        shipper.write(301, 900)
        assert kafka.wait("logs", range(1, 901)) == list(range(1, 901))
        shipper.finish()
        assert not shipper.dead_letters()


def test_a_broker_that_is_away_for_a_while_loses_and_repeats_nothing(binary, tmp_path, kafka):
    with Shipping(binary, tmp_path, kafka, buffer="chunk_limit_size 8k") as shipper:
        shipper.write(1, 300)
        kafka.wait("logs", range(1, 301))
        kafka.down()
        shipper.write(301, 600)
        wait_until(lambda: "all brokers are down" in shipper.said(), "the warning", 45)
        assert re.search(r"127\.0\.0\.1:\d+/\w+: .*(refused|Disconnected)", shipper.said())
        kafka.up()
        shipper.write(601, 900)
        assert kafka.wait("logs", range(1, 901)) == list(range(1, 901))
        wait_until(lambda: "takes records again" in shipper.said(), "the end of the trouble")
        shipper.finish()


def test_a_cluster_that_comes_later_gets_everything(binary, tmp_path, kafka):
    kafka.down()
    with Shipping(binary, tmp_path, kafka) as shipper:
        shipper.write(1, 100)
        wait_until(lambda: "all brokers are down" in shipper.said(), "the warning", 25)
        kafka.up()
        assert kafka.wait("logs", range(1, 101)) == list(range(1, 101))
        shipper.finish()


def test_a_leader_that_moves_loses_and_repeats_nothing(binary, tmp_path):
    with Kafka(brokers=3) as kafka:
        kafka.create("logs")
        kafka.lead("logs", 0, 1)
        with Shipping(binary, tmp_path, kafka, buffer="chunk_limit_size 4k") as shipper:
            for round in range(6):
                shipper.write(round * 100 + 1, round * 100 + 100)
                kafka.wait("logs", range(1, round * 100 + 101))
                kafka.lead("logs", 0, round % 3 + 1)
            assert kafka.numbers("logs") == list(range(1, 601))
            shipper.finish()


def test_a_right_that_is_granted_later_is_waited_for(binary, tmp_path, kafka):
    kafka.fail(*[Error.TOPIC_AUTHORIZATION_FAILED] * 3)
    with Shipping(binary, tmp_path, kafka) as shipper:
        shipper.write(1, 10)
        wait_until(lambda: "Topic authorization failed" in shipper.said(), "the warning", 20)
        assert sorted(set(kafka.wait("logs", range(1, 11)))) == list(range(1, 11))
        shipper.finish()
        assert not shipper.dead_letters()


def test_a_throttled_producer_waits(binary, tmp_path, kafka):
    kafka.fail(*[Error.THROTTLING_QUOTA_EXCEEDED] * 2)
    with Shipping(binary, tmp_path, kafka) as shipper:
        shipper.write(1, 100)
        assert sorted(set(kafka.wait("logs", range(1, 101)))) == list(range(1, 101))
        shipper.finish()
        assert not shipper.dead_letters()


def test_a_fatal_error_makes_a_new_producer(binary, tmp_path, kafka):
    with Shipping(binary, tmp_path, kafka, buffer="chunk_limit_size 4k") as shipper:
        shipper.write(1, 50)
        kafka.wait("logs", range(1, 51))
        kafka.fail(*[Error.OUT_OF_ORDER_SEQUENCE] * 3)
        shipper.write(51, 150)
        assert sorted(set(kafka.wait("logs", range(1, 151)))) == list(range(1, 151))
        shipper.finish()


# What can never be taken


def test_a_message_that_is_too_large_goes_to_the_dead_letters(binary, tmp_path, kafka):
    with Shipping(binary, tmp_path, kafka, "rdkafka_message_max_bytes 2000") as shipper:
        shipper.write(1, 5)
        shipper.write(6, 6, text="x" * 5000)
        shipper.write(7, 10)
        assert kafka.wait("logs", [1, 2, 3, 4, 5, 7, 8, 9, 10]) == [1, 2, 3, 4, 5, 7, 8, 9, 10]
        (letter,) = wait_until(shipper.dead_letters, "the dead letter")
        assert "MSG_SIZE_TOO_LARGE" in letter["reason"]
        assert json.loads(letter["record"])["n"] == 6
        shipper.finish()


@pytest.mark.parametrize("code, word", [(Error.MSG_SIZE_TOO_LARGE, "MSG_SIZE_TOO_LARGE"),
                                        (Error.INVALID_RECORD, "INVALID_RECORD")])
def test_a_batch_that_a_broker_refuses_is_taken_apart(binary, tmp_path, kafka, code, word):
    with Shipping(binary, tmp_path, kafka, "idempotent false") as shipper:
        shipper.write(1, 1)
        kafka.wait("logs", [1])
        # The batch, its first half, and the first half of that: one record of five.
        kafka.fail(code, code, code)
        shipper.write(2, 6)
        letters = wait_until(shipper.dead_letters, "the dead letter")
        assert len(letters) == 1 and word in letters[0]["reason"]
        refused = json.loads(letters[0]["record"])["n"]
        expected = {1, 2, 3, 4, 5, 6} - {refused}
        assert sorted(kafka.wait("logs", expected)) == sorted(expected)
        shipper.finish()


# Kills and stops


def test_a_kill_between_loses_nothing(binary, tmp_path, kafka):
    shipper = Shipping(binary, tmp_path, kafka, buffer="chunk_limit_size 2k")
    kafka.delay(20)
    for round in range(4):
        shipper.write(round * 500 + 1, round * 500 + 500)
        with shipper:
            kafka.wait("logs", range(1, round * 500 + 101))
    with shipper:
        found = kafka.wait("logs", range(1, 2001))
        assert set(found) == set(range(1, 2001))
        shipper.finish()


def test_memory_is_steady_over_many_chunks(binary, tmp_path, kafka):
    with Shipping(binary, tmp_path, kafka, 'headers {"who":"pillion"}',
                  buffer="chunk_limit_size 16k") as shipper:
        sizes = []
        for first in range(1, 60_001, 20_000):
            shipper.write(first, first + 19_999)
            wait_until(lambda last=first + 19_999: len(kafka.messages("logs")) >= last,
                       "all of it", 25)
            sizes.append(shipper.resident_memory())
        shipper.finish()
    assert sizes[2] - sizes[1] < 4 << 20, sizes


def test_a_stop_is_prompt_while_brokers_are_away_and_loses_nothing(binary, tmp_path, kafka):
    kafka.down()
    shipper = Shipping(binary, tmp_path, kafka, buffer="flush_at_shutdown false")
    with shipper:
        shipper.write(1, 100)
        wait_until(lambda: "all brokers are down" in shipper.said(), "the warning", 25)
        assert shipper.stop(seconds=10) == 0, shipper.said()
    kafka.up()
    with shipper:
        assert kafka.wait("logs", range(1, 101)) == list(range(1, 101))
        shipper.finish()


# The configuration


def validate(binary, path, **env):
    return subprocess.run([binary, "validate", str(path)], capture_output=True, text=True,
                          timeout=20, check=False, env={**os.environ, **env})


def test_a_missing_library_is_told_with_its_package(binary, tmp_path):
    shipper = Shipping(binary, tmp_path, "127.0.0.1:1")
    for command in ("validate", "run"):
        done = subprocess.run(
            [binary, command, str(shipper.path)], capture_output=True, text=True, timeout=20,
            check=False, env={**os.environ, "PILLION_LIBRDKAFKA": "/nowhere/librdkafka.so.1"})
        assert done.returncode == 2, done
        assert "/nowhere/librdkafka.so.1" in done.stderr
        assert "install librdkafka1 (Debian, Ubuntu)" in done.stderr
        assert "fluent.conf:" in done.stderr


def test_a_property_that_is_none_is_refused_with_the_librarys_words(binary, tmp_path):
    shipper = Shipping(binary, tmp_path, "127.0.0.1:1", options(no_such_thing="1"))
    done = validate(binary, shipper.path)
    assert done.returncode == 2
    assert 'No such configuration property: "no.such.thing"' in done.stderr
    shipper = Shipping(binary, tmp_path, "127.0.0.1:1", options(message_timeout_ms="90000"))
    done = validate(binary, shipper.path)
    assert done.returncode == 2 and "message.timeout.ms" in done.stderr


def test_the_library_is_loaded_where_there_is_a_kafka_sink_only(binary, tmp_path, kafka):
    with Shipping(binary, tmp_path / "with", kafka) as shipper:
        shipper.write(1, 1)
        kafka.wait("logs", [1])
        maps = (f"/proc/{shipper.process.pid}/maps")
        assert "librdkafka" in open(maps).read()
        shipper.finish()
    text = (tmp_path / "with" / "fluent.conf").read_text()
    text = re.sub(r"(?s)<match.*</match>", "<match **>\n@type stdout\n</match>", text)
    with Shipper(binary, tmp_path / "without", text) as shipper:
        wait_until(lambda: '"n":1' in shipper.said(), "the line")
        assert "librdkafka" not in open(f"/proc/{shipper.process.pid}/maps").read()
        assert shipper.stop() == 0


# TLS and SASL, which the mock cluster does not speak


def answer(frame):
    """To the questions for versions and for mechanisms; to others nothing."""
    kind, correlation = frame[:2], frame[4:8]
    if kind == b"\0\x12":
        # Requests 0, 3, 17 and 18 up to these versions, in the third version of the answer.
        kinds = b"".join(key.to_bytes(2, "big") + b"\0\0" + most.to_bytes(2, "big") + b"\0"
                         for key, most in ((0, 7), (3, 4), (17, 0), (18, 3)))
        return correlation + b"\0\0" + b"\5" + kinds + b"\0\0\0\0" + b"\0"
    if kind == b"\0\x11":
        return correlation + b"\0\0" + b"\0\0\0\1" + b"\0\5PLAIN"
    return None


class SecureListener:
    """Takes TLS connections and keeps their frames; it agrees to PLAIN and answers nothing else."""

    def __init__(self, certificate):
        self.frames = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.path, certificate.key_path)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.brokers = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._serve, args=(context,), daemon=True).start()

    def _serve(self, context):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            try:
                plain.settimeout(5)
                with context.wrap_socket(plain, server_side=True) as peer:
                    while size := int.from_bytes(peer.recv(4), "big"):
                        frame = peer.recv(size)
                        self.frames.append(frame)
                        if words := answer(frame):
                            peer.sendall(len(words).to_bytes(4, "big") + words)
            except OSError:
                continue

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


@pytest.fixture
def secure(tmp_path):
    folder = tmp_path / "certificates"
    folder.mkdir()
    authority = Authority(folder, "authority")
    with SecureListener(authority.leaf("broker", "IP:127.0.0.1")) as listener:
        yield listener, authority, Authority(folder, "other")


def test_plain_credentials_go_over_tls(binary, tmp_path, secure):
    listener, authority, _ = secure
    with Shipping(binary, tmp_path / "logs", listener, "username ann", "password secret",
                  f"ssl_ca_cert {authority.path}") as shipper:
        shipper.write(1, 1)
        wait_until(lambda: b"\0ann\0secret" in listener.frames, "the credentials", 15)
        assert "secret" not in shipper.said()


def test_a_certificate_that_is_not_trusted_is_told(binary, tmp_path, secure):
    listener, _, other = secure
    with Shipping(binary, tmp_path / "logs", listener,
                  f"ssl_ca_cert {other.path}") as shipper:
        shipper.write(1, 1)
        wait_until(lambda: "certificate verify failed" in shipper.said(), "the warning", 20)
        assert not listener.frames


def test_a_certificate_may_come_later(binary, tmp_path, secure):
    listener, authority, _ = secure
    late = tmp_path / "late.pem"
    with Shipping(binary, tmp_path / "logs", listener, f"ssl_ca_cert {late}") as shipper:
        shipper.write(1, 1)
        wait_until(lambda: str(late) in shipper.said(), "the warning", 15)
        late.write_bytes(authority.path.read_bytes())
        wait_until(lambda: listener.frames, "the handshake", 30)
