"""Sinks that speak over streams and datagrams: forward, beats, syslog, JSON lines.

Forward and lumberjack speak with servers written from the protocols' documents, which fail as they are
told; syslog with rsyslog. With PILLION_FLUENTD, or where `fluentd` is in the PATH, a real one is asked.
"""

import json
import os
import random
import re
import shutil
import socket
import subprocess
import time

import pytest

from harness.certificates import Authority
from harness.shipper import Shipper
from harness.streams import BeatsServer, ForwardServer, LineServer, server_context
from harness.waiting import wait_until

pytestmark = pytest.mark.pillion_only

SOURCE = """
<source>
  @type tail
  path {logs}/app.log
  pos_file {logs}/../positions
  tag app.logs
  read_from_head true
  <parse>
    @type {parser}
  </parse>
</source>
<match app.**>
{match}
  <buffer>
    flush_interval 0.05
    retry_wait 0.02
    retry_max_interval 0.1
    retry_forever true
    chunk_limit_size {chunk}
  </buffer>
</match>
"""

BIT = """
[SERVICE]
    Flush 0.1
    scheduler.base 1
    scheduler.cap 1
    Parsers_File {folder}/parsers.conf
[INPUT]
    Name tail
    Path {logs}/app.log
    Tag app.logs
    Parser json
    Read_from_Head true
[OUTPUT]
    Match *
{output}
"""


class Life:
    """A log, a shipper, and the numbers that were written."""

    def __init__(self, binary, folder, match, chunk="1m", parser="json", bit=False):
        self.logs = folder / "logs"
        self.logs.mkdir(parents=True)
        self.file = open(self.logs / "app.log", "ab", buffering=0)
        self.written = 0
        if bit:
            (folder / "parsers.conf").write_text("[PARSER]\n    Name json\n    Format json\n")
            text = BIT.format(folder=folder, logs=self.logs, output=match)
        else:
            text = SOURCE.format(logs=self.logs, match=match, chunk=chunk, parser=parser)
        name = "fluent-bit.conf" if bit else "fluent.conf"
        self.shipper = Shipper(binary, folder / "shipper", text, name=name)

    def write(self, count, **fields):
        lines = []
        for _ in range(count):
            self.written += 1
            lines.append(json.dumps({"n": self.written, **fields}).encode() + b"\n")
        self.file.write(b"".join(lines))

    def __enter__(self):
        self.shipper.start()
        return self

    def __exit__(self, *_):
        self.shipper.kill()

    def all_there(self, server, seconds=30):
        expected = set(range(1, self.written + 1))
        try:
            server.wait(lambda records: len(records) >= self.written
                        and expected <= {record["n"] for record in records}, "all lines", seconds)
        except AssertionError as failure:
            missing = sorted(expected - set(server.numbers()))
            raise AssertionError(f"{len(missing)} lines are lost: {missing[:20]}; {failure}\n"
                                 + self.shipper.said()[-3000:]) from None


def forward_match(port, more="", tail=""):
    return f"""
  @type forward
  send_timeout 2s
  connect_timeout 2s
  ack_response_timeout 2s
  {more}
  <server>
    host 127.0.0.1
    port {port}
    {tail}
  </server>
"""


def beats_match(port, more=""):
    return f"  @type logstash\n  host 127.0.0.1\n  port {port}\n  {more}\n"


# What arrives


def test_forward_sends_what_was_read(binary, tmp_path):
    with ForwardServer() as server:
        with Life(binary, tmp_path, forward_match(server.port)) as life:
            deep = {"a": [1, -1, 1.5, True, None, {"b": "é\u2028"}], "big": 2**63, "small": -2**63}
            life.write(3, deep=deep, text="x" * 300)
            life.all_there(server)
            assert server.records == [
                {"n": n, "deep": deep, "text": "x" * 300} for n in (1, 2, 3)]
            assert isinstance(server.records[0]["deep"]["a"][2], float)
            assert set(server.tags) == {"app.logs"}
            now = time.time_ns()
            assert all(now - 60 * 10**9 < moment <= now for moment in server.times)
            assert "compressed" not in server.options[0]
            assert life.shipper.stop() == 0


def test_forward_compresses_and_writes_whole_seconds(binary, tmp_path):
    with ForwardServer() as server:
        match = forward_match(server.port, "compress gzip\n  time_as_integer true")
        with Life(binary, tmp_path, match) as life:
            life.write(500)
            life.all_there(server)
            assert server.options[0]["compressed"] == "gzip"
            assert all(moment < 2**32 for moment in server.times)


def test_forward_without_acknowledgements_asks_for_none(binary, tmp_path):
    with ForwardServer() as server:
        match = forward_match(server.port, "require_ack_response false")
        with Life(binary, tmp_path, match) as life:
            life.write(100)
            life.all_there(server)
            assert "chunk" not in server.options[0]
            assert life.shipper.stop() == 0


@pytest.mark.parametrize("keepalive", [True, False])
def test_forward_proves_its_key_and_password(binary, tmp_path, keepalive):
    with ForwardServer(shared_key="s3cret", users={"joe": "pw"}, keepalive=keepalive) as server:
        match = forward_match(
            server.port, "<security>\n self_hostname me\n shared_key s3cret\n</security>",
            "username joe\n password pw")
        with Life(binary, tmp_path, match) as life:
            life.write(5)
            life.all_there(server)
            life.write(5)
            life.all_there(server)
            assert (server.connections == 1) == keepalive


@pytest.mark.parametrize("key, password, words", [
    ("wrong", "pw", "shared_key mismatch"), ("s3cret", "no", "username/password mismatch"),
    (None, "pw", "wants a shared key"),
])
def test_forward_says_why_a_server_does_not_let_it_in(binary, tmp_path, key, password, words):
    with ForwardServer(shared_key="s3cret", users={"joe": "pw"}) as server:
        security = f"<security>\n self_hostname me\n shared_key {key}\n</security>" if key else ""
        match = forward_match(server.port, security, f"username joe\n password {password}")
        with Life(binary, tmp_path, match) as life:
            life.write(1)
            wait_until(lambda: words in life.shipper.said(), words)
            assert server.records == []


@pytest.mark.parametrize("compression", ["false", "true"])
def test_beats_sends_documents_that_logstash_takes(binary, tmp_path, compression):
    with BeatsServer() as server:
        with Life(binary, tmp_path, beats_match(server.port, f"compression {compression}")) as life:
            life.write(3000, text="é")
            life.all_there(server)
            record = server.records[0]
            assert record["@metadata"] == {"beat": "pillion", "type": "_doc", "version": "8.0.0"}
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["@timestamp"])
            assert record["text"] == "é"
            assert (server.compressed > 0) == (compression == "true")
            assert server.numbers() == list(range(1, 3001))
            assert life.shipper.stop() == 0


def test_tcp_sends_lines(binary, tmp_path):
    with LineServer() as server:
        output = f"    Name tcp\n    Host 127.0.0.1\n    Port {server.port}\n    Format json_lines\n"
        with Life(binary, tmp_path, output, bit=True) as life:
            life.write(1000, text="a\nb")
            life.all_there(server)
            assert server.numbers() == list(range(1, 1001))
            assert server.records[0]["text"] == "a\nb"
            assert server.connections == 1
            assert life.shipper.stop() == 0


# Faults


@pytest.mark.parametrize("fault", ForwardServer.ALL + [ForwardServer.HANG])
def test_forward_sends_again_what_was_not_acknowledged(binary, tmp_path, fault):
    with ForwardServer() as server:
        server.faults += [fault, None, fault]
        with Life(binary, tmp_path, forward_match(server.port), chunk="1k") as life:
            life.write(200)
            life.all_there(server)
            assert life.shipper.stop() == 0
            if fault != ForwardServer.NO_ACK:
                assert server.numbers() == list(range(1, 201))


@pytest.mark.parametrize("fault", BeatsServer.ALL)
def test_beats_sends_again_what_was_not_acknowledged(binary, tmp_path, fault):
    with BeatsServer() as server:
        server.faults += [fault, None, fault]
        with Life(binary, tmp_path, beats_match(server.port), chunk="1k") as life:
            life.write(200)
            life.all_there(server)
            assert life.shipper.stop() == 0
            if fault != BeatsServer.NO_ACK:
                assert server.numbers() == list(range(1, 201))


def test_the_next_server_takes_what_the_first_does_not(binary, tmp_path):
    with ForwardServer() as first, ForwardServer() as second:
        match = forward_match(first.port) + (
            f"  <server>\n    host 127.0.0.1\n    port {second.port}\n  </server>\n")
        with Life(binary, tmp_path, match) as life:
            life.write(5)
            life.all_there(first)
            first.kill()
            life.write(5)
            wait_until(lambda: set(second.numbers()) >= set(range(6, 11)), "the second server")
            assert life.shipper.stop() == 0


# Kills


@pytest.mark.parametrize("seed", range(int(os.environ.get("PILLION_KILLS", "3"))))
@pytest.mark.parametrize("kind", [ForwardServer, BeatsServer])
@pytest.mark.timeout(120)
def test_no_line_is_lost_when_the_server_is_killed(binary, tmp_path, kind, seed, record_property):
    chance = random.Random(f"{kind.__name__} {seed}")
    server = kind().start()
    match = forward_match(server.port) if kind is ForwardServer else beats_match(server.port)
    try:
        with Life(binary, tmp_path, match, chunk="2k") as life:
            for _ in range(20):
                for _ in range(chance.randint(1, 8)):
                    life.write(chance.randint(1, 200), text="x" * chance.choice([0, 100]))
                    time.sleep(chance.choice([0, 0.005, 0.02]))
                server.kill()
                time.sleep(chance.choice([0, 0.02, 0.1]))
                server.start()
            life.all_there(server, 60)
            assert life.shipper.stop() == 0, life.shipper.said()
        numbers = server.numbers()
        record_property("duplicates", len(numbers) - len(set(numbers)))
        record_property("written", life.written)
    finally:
        server.kill()


@pytest.mark.timeout(120)
def test_few_lines_are_lost_over_plain_tcp(binary, tmp_path, record_property):
    """Only what the server's program had not read when it died may be lost."""
    server = LineServer().start()
    output = f"    Name tcp\n    Host 127.0.0.1\n    Port {server.port}\n    Format json_lines\n"
    try:
        with Life(binary, tmp_path, output, bit=True) as life:
            for _ in range(5):
                life.write(300)
                wait_until(lambda: life.written in server.numbers(), "the lines before", 20)
                server.kill()
                # Nobody is there: what is written now must wait.
                life.write(300)
                server.start()
            life.all_there(server, 60)
            assert life.shipper.stop() == 0
        numbers = server.numbers()
        record_property("duplicates", len(numbers) - len(set(numbers)))
    finally:
        server.kill()


# Certificates


def test_a_renewed_certificate_is_used(binary, tmp_path):
    authority = Authority(tmp_path, "authority")
    ours = authority.leaf("server", "DNS:localhost", "IP:127.0.0.1")
    old, new = authority.leaf("old", "DNS:a"), authority.leaf("new", "DNS:b")
    mounted = tmp_path / "mounted"
    for name, leaf in (("1", old), ("2", new)):
        (mounted / name).mkdir(parents=True)
        shutil.copy(leaf.path, mounted / name / "tls.crt")
        shutil.copy(leaf.key_path, mounted / name / "tls.key")
    (mounted / "data").symlink_to("1")
    with BeatsServer(tls=server_context(ours, authority)) as server:
        match = beats_match(server.port, f"""use_ssl true
  ca_cert {authority.path}
  ssl_cert {mounted}/data/tls.crt
  ssl_key {mounted}/data/tls.key""")
        with Life(binary, tmp_path, match) as life:
            life.write(1)
            life.all_there(server)
            (mounted / "next").symlink_to("2")
            os.rename(mounted / "next", mounted / "data")

            def is_new():
                life.write(1)
                return len(server.certificates) == 2

            wait_until(is_new, "a connection with the new certificate")
            life.all_there(server)
            seen = [bytes_of(leaf) for leaf in (old, new)]
            assert server.certificates == seen
            assert life.shipper.stop() == 0


def bytes_of(leaf):
    from cryptography.hazmat.primitives import serialization
    return leaf.certificate.public_bytes(serialization.Encoding.DER)


# syslog


class Rsyslog:
    """A real rsyslog in the foreground, which writes what it gets as JSON lines."""

    CONF = """
global(workDirectory="{folder}" maxMessageSize="64k" {tls})
module(load="imudp")
module(load="imtcp" {driver})
template(name="all" type="list" option.jsonf="on") {{
  property(outname="pri" name="pri" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="app" name="app-name" format="jsonf")
  property(outname="procid" name="procid" format="jsonf")
  property(outname="msgid" name="msgid" format="jsonf")
  property(outname="sd" name="structured-data" format="jsonf")
  property(outname="msg" name="msg" format="jsonf")
  property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")
}}
ruleset(name="r") {{ action(type="omfile" file="{folder}/out.json" template="all") }}
input(type="imudp" port="{port}" address="127.0.0.1" ruleset="r")
input(type="imtcp" port="{port}" address="127.0.0.1" ruleset="r")
"""

    def __init__(self, folder, certificate=None, authority=None):
        self.folder = folder / "rsyslog"
        self.folder.mkdir()
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        tls = driver = ""
        if certificate:
            tls = (f'defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="{authority.path}" '
                   f'defaultNetstreamDriverCertFile="{certificate.path}" '
                   f'defaultNetstreamDriverKeyFile="{certificate.key_path}"')
            driver = 'streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="anon"'
        (self.folder / "conf").write_text(self.CONF.format(
            folder=self.folder, port=self.port, tls=tls, driver=driver))
        self.out = self.folder / "out.json"
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            ["rsyslogd", "-n", "-f", self.folder / "conf", "-i", self.folder / "pid"],
            stdout=open(self.folder / "said", "ab"), stderr=subprocess.STDOUT)
        wait_until(lambda: self.is_listening() or self.process.poll() is not None, "rsyslog")
        assert self.process.poll() is None, (self.folder / "said").read_text()
        return self

    def is_listening(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def messages(self):
        if not self.out.exists():
            return []
        return [json.loads(line) for line in self.out.read_text().splitlines(keepends=True)
                if line.endswith("\n")]

    def wait(self, count):
        try:
            wait_until(lambda: len(self.messages()) >= count, f"{count} messages", 20)
        except AssertionError:
            raise AssertionError(f"{len(self.messages())} of {count} messages\n"
                                 + (self.folder / "said").read_text()[-2000:]) from None
        return self.messages()


needs_rsyslog = pytest.mark.skipif(shutil.which("rsyslogd") is None, reason="no rsyslog is here")


def syslog_output(port, mode, more=""):
    return f"""    Name syslog
    Host 127.0.0.1
    Port {port}
    Mode {mode}
    Syslog_Format rfc5424
    Syslog_Message_Key message
    Syslog_Severity_Key level
    Syslog_Hostname_Preset pod-1
    Syslog_Appname_Key app
    Syslog_Procid_Key pid
    Syslog_Msgid_Preset ID7
    Syslog_SD_Key sd@32473
    Syslog_Facility_Preset 16
{more}"""


@needs_rsyslog
@pytest.mark.parametrize("mode", ["udp", "tcp", "tls"])
def test_rsyslog_gets_every_part_of_a_message(binary, tmp_path, mode):
    authority = Authority(tmp_path, "authority")
    leaf = authority.leaf("server", "DNS:localhost", "IP:127.0.0.1")
    tls = (leaf, authority) if mode == "tls" else ()
    with Rsyslog(tmp_path, *tls) as rsyslog:
        more = f"    tls on\n    tls.ca_file {authority.path}\n" if mode == "tls" else ""
        output = syslog_output(rsyslog.port, mode, more)
        with Life(binary, tmp_path, output, bit=True) as life:
            sd = {"iut": "3", "quoted": 'a"b]c\\d', "n": 4}
            for level in ("error", "info", "debug"):
                life.write(1, level=level, app="my app", pid=77, message=f"é is {level}",
                           **{"sd@32473": sd})
            life.write(200, message="many")
            messages = rsyslog.wait(203)
            assert [m["pri"] for m in messages[:3]] == ["131", "134", "135"]
            first = messages[0]
            assert (first["host"], first["app"], first["procid"], first["msgid"]) == (
                "pod-1", "my_app", "77", "ID7")
            assert first["sd"] == r'[sd@32473 iut="3" quoted="a\"b\]c\\d" n="4"]'
            assert first["msg"].strip() == "é is error"
            assert messages[3]["sd"] == "-" and messages[3]["pri"] == "134"
            assert abs(time.time() - parsed(first["time"])) < 60
            assert len(messages) == 203
            assert life.shipper.stop() == 0


def parsed(text):
    from datetime import datetime
    return datetime.fromisoformat(text).timestamp()


@needs_rsyslog
def test_rsyslog_gets_messages_of_rfc3164_over_lines(binary, tmp_path):
    with Rsyslog(tmp_path) as rsyslog:
        match = f"""
  @type remote_syslog
  host 127.0.0.1
  port {rsyslog.port}
  protocol tcp
  facility local3
  severity warn
  program shop
  hostname pod-2
  <format>
    @type single_value
    message_key m
  </format>
"""
        with Life(binary, tmp_path, match) as life:
            life.write(50, m="one\ntwo")
            messages = rsyslog.wait(50)
            assert {(m["pri"], m["host"], m["app"], m["msg"].strip()) for m in messages} == {
                ("156", "pod-2", "shop", "one#012two")}
            assert len(messages) == 50
            assert life.shipper.stop() == 0


@needs_rsyslog
@pytest.mark.timeout(120)
def test_a_syslog_server_that_was_down_gets_all_lines(binary, tmp_path):
    rsyslog = Rsyslog(tmp_path).start()
    try:
        with Life(binary, tmp_path, syslog_output(rsyslog.port, "tcp"), bit=True) as life:
            for round in range(4):
                life.write(100, message="m" + str(round))
                rsyslog.wait(life.written)
                rsyslog.stop()
                life.write(100, message="w" + str(round))
                rsyslog.start()
            rsyslog.wait(life.written)
            words = [m["msg"].strip() for m in rsyslog.messages()]
            for round in range(4):
                assert words.count(f"m{round}") >= 100 and words.count(f"w{round}") >= 100
            assert life.shipper.stop() == 0
    finally:
        rsyslog.stop()


# A real fluentd


def fluentd_command():
    given = os.environ.get("PILLION_FLUENTD")
    if given:
        return given.split()
    found = shutil.which("fluentd")
    return [found] if found else None


@pytest.mark.skipif(fluentd_command() is None, reason="no fluentd is here")
@pytest.mark.parametrize("compress", ["text", "gzip"])
@pytest.mark.timeout(120)
def test_a_real_fluentd_takes_the_records(binary, tmp_path, compress):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    conf = tmp_path / "peer.conf"
    conf.write_text(f"""
<source>
  @type forward
  bind 127.0.0.1
  port {port}
  <security>
    self_hostname peer
    shared_key s3cret
    user_auth true
    <user>
      username joe
      password pw
    </user>
  </security>
</source>
<match app.**>
  @type stdout
  <format>
    @type json
  </format>
</match>
""")
    said = tmp_path / "peer.txt"
    peer = subprocess.Popen([*fluentd_command(), "--no-supervisor", "-c", str(conf)],
                            stdout=open(said, "wb"), stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: "listening port" in said.read_text(), "fluentd", 30)
        match = forward_match(
            port, f"compress {compress}\n<security>\n self_hostname me\n shared_key s3cret\n"
            "</security>", "username joe\n password pw")
        with Life(binary, tmp_path, match) as life:
            life.write(1000, deep={"a": [1.5, None, True]}, text="é")
            records = wait_until(lambda: fluentd_records(said, 1000), "the records", 30)
            assert records == [
                {"n": n, "deep": {"a": [1.5, None, True]}, "text": "é"} for n in range(1, 1001)]
            assert life.shipper.stop() == 0, life.shipper.said()
    finally:
        peer.terminate()
        peer.wait(20)


def fluentd_records(path, count):
    lines = [line for line in path.read_text().splitlines() if line.startswith('{"n"')]
    return [json.loads(line) for line in lines] if len(lines) >= count else None
