"""Syslog as a source: datagrams, streams and TLS from rsyslog, Python and logger; hostile peers."""

import logging
import logging.handlers
import re
import signal
import socket
import subprocess

import pytest

from harness.certificates import certificates
from harness.elastic import Elastic
from harness.shipper import Shipper
from harness.waiting import wait_until

pytestmark = pytest.mark.pillion_only

CONFIGURATION = """
<source>
  @type syslog
  bind 127.0.0.1
  port 0
  tag system
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
    @type memory
    flush_interval 0.05
    retry_wait 0.02
    retry_max_interval 0.1
    {buffer}
  </buffer>
</match>
"""
TCP = "<transport tcp>\n</transport>\n"
AUTOMATIC = "<parse>\n@type syslog\nmessage_format auto\nwith_priority true\n</parse>\n"


def configuration(elastic, more="", buffer=""):
    return CONFIGURATION.format(elastic=elastic.port, more=more, buffer=buffer)


def address(shipper):
    """Where the source listens, from what the shipper says at its start."""
    def find():
        found = re.search(r"a log source listens.*?127\.0\.0\.1:(\d\d+)", shipper.said())
        return found and int(found[1])
    return "127.0.0.1", wait_until(find, "the port of the source", 20)


def messages(elastic):
    return [document.get("message") for document in list(elastic.documents.values())]


def has(*texts):
    return lambda elastic: set(texts) <= set(messages(elastic))


def document(elastic, message):
    [found] = [one for one in elastic.documents.values() if one.get("message") == message]
    return found


RSYSLOG = """
global(workDirectory="{folder}"{tls})
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="{folder}/in" CreatePath="on" RateLimit.Interval="0")
template(name="new" type="string" string="{form}")
action(type="omfwd" target="127.0.0.1" port="{port}" template="{template}" {action}
       queue.type="LinkedList" action.resumeRetryCount="-1" action.resumeInterval="1")
"""
NEW = ("<%PRI%>1 %TIMESTAMP:::date-rfc3339% %HOSTNAME% %APP-NAME% %PROCID% %MSGID% "
       "[a@1 k=\\\"v\\\"]%msg:::sp-if-no-1st-sp%%msg:::drop-last-lf%\\n")
OLD = "<%PRI%>%TIMESTAMP% %HOSTNAME% %syslogtag%%msg:::sp-if-no-1st-sp%%msg:::drop-last-lf%\\n"


class Rsyslog:
    """rsyslog in the foreground, which sends what it gets on a socket of its own."""

    def __init__(self, folder, port, action, form=NEW, tls=""):
        # A form without directives is the name of one of rsyslog's own.
        template = "new" if "%" in form else form
        self.folder = folder
        folder.mkdir()
        (folder / "rsyslog.conf").write_text(
            RSYSLOG.format(folder=folder, port=port, action=action, form=form, tls=tls,
                           template=template))

    def __enter__(self):
        self.output = open(self.folder / "output.txt", "wb")
        self.process = subprocess.Popen(
            ["rsyslogd", "-n", "-f", self.folder / "rsyslog.conf", "-i", self.folder / "pid"],
            stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output,
            start_new_session=True)
        wait_until((self.folder / "in").exists, "rsyslog's socket", 20)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.connect(str(self.folder / "in"))
        return self

    def send(self, text, priority=13):
        self.socket.send(f"<{priority}>Nov 21 20:00:00 app[77]: {text}".encode())

    def __exit__(self, *_):
        self.socket.close()
        self.process.terminate()
        self.process.wait(20)
        self.output.close()


@pytest.mark.parametrize("form", [NEW, OLD, "RSYSLOG_ForwardFormat"],
                         ids=["rfc5424", "rfc3164", "own"])
@pytest.mark.parametrize("framing", ["udp", "tcp", "counted"])
def test_rsyslog_sends(binary, tmp_path, framing, form):
    action = {
        "udp": 'protocol="udp"',
        "tcp": 'protocol="tcp" TCP_Framing="traditional"',
        "counted": 'protocol="tcp" TCP_Framing="octet-counted"',
    }[framing]
    more = AUTOMATIC + ("" if framing == "udp" else TCP)
    with Elastic() as elastic, \
            Shipper(binary, tmp_path / "shipper", configuration(elastic, more)) as shipper, \
            Rsyslog(tmp_path / "rsyslog", address(shipper)[1], action, form) as rsyslog:
        for number in range(200):
            rsyslog.send(f"message {number} with <brackets> and \\\"quotes\\\"", 13 + 8 * 3)
        wanted = [f"message {number} with <brackets> and \\\"quotes\\\"" for number in range(200)]
        elastic.wait(has(*wanted), "all messages")
        found = document(elastic, wanted[0])
        assert found["tag"] == "system.auth.notice"
        assert found["ident"] == "app" and found["pid"] == "77"
        if form == NEW:
            assert found["structured_data"] == {"a@1": {"k": "v"}}
        assert "pri" not in found and "facility" not in found


def test_rsyslog_sends_with_tls(binary, tmp_path):
    authority = certificates().root
    server = authority.leaf("syslog", "DNS:localhost", "IP:127.0.0.1")
    more = (f"{AUTOMATIC}<transport tls>\ncert_path {server.path}\n"
            f"private_key_path {server.key_path}\n</transport>")
    action = ('protocol="tcp" TCP_Framing="octet-counted" StreamDriver="ossl" '
              'StreamDriverMode="1" StreamDriverAuthMode="x509/certvalid"')
    tls = f' defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="{authority.path}"'
    with Elastic() as elastic, \
            Shipper(binary, tmp_path / "shipper", configuration(elastic, more)) as shipper, \
            Rsyslog(tmp_path / "rsyslog", address(shipper)[1], action, NEW, tls) as rsyslog:
        for number in range(100):
            rsyslog.send(f"message {number}")
        elastic.wait(has(*(f"message {number}" for number in range(100))), "all messages")


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM], ids=["udp", "tcp"])
def test_pythons_handler_sends(binary, tmp_path, kind):
    more = "severity_key level\nfacility_key from\nsource_address_key peer\n"
    more += "<parse>\n@type regexp\nexpression /^(?<message>.*)$/\n</parse>\n"
    more += TCP if kind == socket.SOCK_STREAM else ""
    with Elastic() as elastic, \
            Shipper(binary, tmp_path, configuration(elastic, more)) as shipper:
        handler = logging.handlers.SysLogHandler(
            address(shipper), logging.handlers.SysLogHandler.LOG_LOCAL3, kind)
        handler.append_nul = kind == socket.SOCK_DGRAM
        if kind == socket.SOCK_STREAM:
            handler.setFormatter(logging.Formatter("%(message)s\n"))
            handler.append_nul = False
        logger = logging.Logger("test")
        logger.addHandler(handler)
        logger.error("first")
        logger.info("second")
        elastic.wait(has("first", "second"), "both messages")
        handler.close()
        found = document(elastic, "first")
        assert found["tag"] == "system.local3.err" and found["level"] == "err"
        assert found["from"] == "local3" and found["peer"] == "127.0.0.1"


@pytest.mark.parametrize("arguments", [
    ["--udp", "--rfc3164"], ["--udp", "--rfc5424"], ["--tcp", "--rfc5424"],
    ["--tcp", "--rfc5424", "--octet-count"],
], ids=lambda value: "-".join(value).replace("--", ""))
def test_logger_sends(binary, tmp_path, arguments):
    more = AUTOMATIC + ("" if "--udp" in arguments else TCP)
    with Elastic() as elastic, \
            Shipper(binary, tmp_path, configuration(elastic, more)) as shipper:
        port = address(shipper)[1]
        subprocess.run(
            ["logger", "--server", "127.0.0.1", "--port", str(port), *arguments,
             "--priority", "mail.crit", "--tag", "tool", "a message of logger"],
            check=True, timeout=10)
        elastic.wait(has("a message of logger"), "the message")
        assert document(elastic, "a message of logger")["tag"] == "system.mail.crit"


def test_messages_that_are_too_long_are_cut_and_marked(binary, tmp_path):
    more = AUTOMATIC + TCP + "message_length_limit 100\n"
    with Elastic() as elastic, \
            Shipper(binary, tmp_path, configuration(elastic, more)) as shipper:
        with socket.create_connection(address(shipper)) as peer:
            head = "<13>Nov 21 20:00:00 host app: "
            long = head + "x" * 500
            peer.sendall(f"{head}first\n{long}\n{len(long)} {long}{head}last\n".encode())
            elastic.wait(has("first", "last"), "what surrounds the long ones")
        cut = [one for one in elastic.documents.values() if one.get("log_truncated")]
        assert len(cut) == 2
        assert all(set(one["message"]) == {"x"} and len(one["message"]) == 100 - len(head)
                   for one in cut)


def test_what_is_no_syslog_is_kept_apart(binary, tmp_path):
    more = AUTOMATIC + "emit_unmatched_lines true\n"
    with Elastic() as elastic, \
            Shipper(binary, tmp_path, configuration(elastic, more)) as shipper:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            for data in [b"hello", b"<999>x", b"", b"\0\n", b"<13>" + bytes(range(256))]:
                peer.sendto(data, address(shipper))
            peer.sendto(b"<13>Nov 21 20:00:00 host app: good", address(shipper))
        elastic.wait(has("good", "hello"), "the good one and the other")
        assert document(elastic, "hello")["tag"] == "system.unmatched"


def test_hostile_streams_harm_nobody_else(binary, tmp_path):
    more = AUTOMATIC + TCP
    with Elastic() as elastic, \
            Shipper(binary, tmp_path, configuration(elastic, more)) as shipper:
        target = address(shipper)
        good = socket.create_connection(target)
        head = b"<13>Nov 21 20:00:00 host app: "
        good.sendall(head + b"fir")
        with socket.create_connection(target) as peer:
            peer.sendall(b"1073741824 <13>x")
            peer.settimeout(10)
            assert peer.recv(1) == b""
        with socket.create_connection(target) as peer:
            peer.sendall(b"200 " + head + b"broken off")
        with socket.create_connection(target) as peer:
            peer.sendall(b"\xff" * 300_000)
        good.sendall(b"st\n" + head + b"second\n")
        elastic.wait(has("first", "second", "broken off"), "the messages of the others")
        assert document(elastic, "broken off")["log_truncated"] is True
        assert "announces a message of 1073741824 bytes" in shipper.said()
        good.close()
        assert shipper.stop() == 0


def test_a_full_sink_makes_streams_wait_and_loses_nothing(binary, tmp_path):
    more = AUTOMATIC + TCP
    buffer = "total_limit_size 64k\nchunk_limit_size 8k\noverflow_action block"
    with Elastic() as elastic, \
            Shipper(binary, tmp_path, configuration(elastic, more, buffer)) as shipper:
        elastic.is_down = True
        with socket.create_connection(address(shipper)) as peer:
            # More than the buffer takes, and less than the kernel's own.
            text = "".join(
                f"<13>Nov 21 20:00:00 host app: m{number}\n" for number in range(4000))
            peer.sendall(text.encode())
            wait_until(lambda: "it will be tried again" in shipper.said(), "a failed request")
            with elastic.changed:
                elastic.is_down = False
            elastic.wait(has(*(f"m{number}" for number in range(4000))), "all messages", 60)


def test_two_sources_at_one_address_are_refused(binary, tmp_path):
    with Elastic() as elastic, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        text = configuration(elastic, AUTOMATIC + TCP).replace("port 0", f"port {port}", 1)
        source = text[text.index("<source>"):text.index("</source>") + 10]
        shipper = Shipper(binary, tmp_path, source + text).start()
        assert shipper.process.wait(20) == 2
        assert "another source listens there already" in shipper.said()


@pytest.mark.parametrize("mode", ["unix_udp", "unix_tcp"])
def test_sockets_of_files_take_messages(binary, tmp_path, mode):
    path = tmp_path / "in.sock"
    with Elastic() as elastic:
        text = (f"[SERVICE]\n    Flush 1\n[INPUT]\n    Name syslog\n    Mode {mode}\n"
                f"    Path {path}\n    Raw_Message_Key raw\n[OUTPUT]\n    Name es\n    Match *\n"
                f"    Host 127.0.0.1\n    Port {elastic.port}\n    Index app\n"
                "    Suppress_Type_Name On\n")
        with Shipper(binary, tmp_path / "shipper", text) as shipper:
            wait_until(lambda: "a log source listens" in shipper.said(), "the source", 20)
            kind = socket.SOCK_DGRAM if mode == "unix_udp" else socket.SOCK_STREAM
            with socket.socket(socket.AF_UNIX, kind) as peer:
                peer.connect(str(path))
                peer.sendall(b"<13>Nov 21 20:00:00 host app[1]: hello\n")
            elastic.wait(has("hello"), "the message")
            found = document(elastic, "hello")
            assert found["raw"] == "<13>Nov 21 20:00:00 host app[1]: hello"
            assert found["severity"] == "notice" and found["facility"] == "user"


def test_datagrams_for_a_sink_that_is_full_go_to_the_others(binary, tmp_path):
    buffer = "total_limit_size 64k\nchunk_limit_size 8k\noverflow_action block"
    with Elastic() as up, Elastic() as down:
        down.is_down = True
        text = configuration(up, AUTOMATIC, buffer)
        match = text[text.index("<match"):]
        inner = match.replace("<match **>", "<store>").replace("</match>", "</store>")
        text = text.replace(match, "<match **>\n@type copy\n" + inner
                            + inner.replace(f"port {up.port}", f"port {down.port}") + "</match>\n")
        with Shipper(binary, tmp_path, text) as shipper, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            target = address(shipper)
            for number in range(2000):
                peer.sendto(f"<13>Nov 21 20:00:00 host app: m{number}".encode(), target)
                if number % 50 == 49:
                    up.wait(has(f"m{number}"), "the last one at the sink that is up")
            assert len(set(messages(up))) == 2000
            with down.changed:
                down.is_down = False
            down.wait(lambda elastic: len(elastic.documents) > 50, "what fitted, at the other")
            assert len(down.documents) < 2000


@pytest.mark.parametrize("framing", ["udp", "tcp"])
def test_an_orderly_stop_takes_what_has_come(binary, tmp_path, framing):
    more = AUTOMATIC + (TCP if framing == "tcp" else "")
    with Elastic() as elastic, \
            Shipper(binary, tmp_path, configuration(elastic, more)) as shipper:
        target = address(shipper)
        wait_until(lambda: " ready " in shipper.said(), "the shipper's start", 20)
        kind = socket.SOCK_STREAM if framing == "tcp" else socket.SOCK_DGRAM
        with socket.socket(socket.AF_INET, kind) as peer:
            peer.connect(target)
            if framing == "tcp":
                peer.sendall(b"<13>Nov 21 20:00:00 host app: first\n")
                elastic.wait(has("first"), "the connection at work")
            shipper.process.send_signal(signal.SIGSTOP)
            for number in range(200):
                peer.sendall(f"<13>Nov 21 20:00:00 host app: m{number}\n".encode())
            shipper.process.send_signal(signal.SIGTERM)
            shipper.process.send_signal(signal.SIGCONT)
            assert shipper.process.wait(20) == 0
        assert has(*(f"m{number}" for number in range(200)))(elastic)
