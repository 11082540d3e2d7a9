"""The process under test: started with a file, observed, and always ended."""

import json
import os
import re
import signal
import subprocess
import threading
from pathlib import Path

from harness import envoyfile
from harness.client import Client, fetch
from harness.waiting import wait_until

_LOG_SEPARATOR = "\x1f"


class Sidecar:
    """Runs the release binary (or Envoy, to check the tests themselves) on a configuration."""

    def __init__(self, binary, proxy, folder, configuration, args=(), env=None, workers=1,
                 log=True, expect_exit=0, drain_seconds=5):
        self.binary = binary
        self.proxy = proxy
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.configuration = configuration
        self.args = list(args)
        self.env = env
        self.workers = workers
        self.expect_exit = expect_exit
        self.drain_seconds = drain_seconds
        self.log_path = self.folder / "access.log"
        self.lines = []
        self.output = bytearray()
        self.changed = threading.Condition()
        self.process = None
        self.ports = {}
        self.admin_port = None
        self._finished_reading = False
        if log and isinstance(configuration, dict):
            self._add_access_log()

    def _add_access_log(self):
        text = _LOG_SEPARATOR.join(envoyfile.LOG_FIELDS.values()) + "\n"
        for listener in self.configuration["static_resources"]["listeners"]:
            manager = envoyfile.manager_of(listener)
            manager.setdefault("access_log", [envoyfile.file_log(self.log_path, text)])

    # Life

    def command(self, path):
        if self.proxy == "envoy":
            return [
                self.binary, "-c", str(path), "--concurrency", str(self.workers),
                "--disable-hot-restart", "--file-flush-interval-msec", "10", "-l", "info",
                "--admin-address-path", str(self.folder / "admin"), *self.args,
            ]
        return [
            self.binary, "run", str(path), "--workers", str(self.workers),
            "--drain-time", str(self.drain_seconds), *self.args,
        ]

    def start(self):
        path = self.folder / "envoy.yaml"
        path.write_text(envoyfile.text_of(self.configuration))
        self.process = subprocess.Popen(
            self.command(path), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=self.folder, start_new_session=True,
            env={**os.environ, **(self.env or {})},
        )
        self.pid = self.process.pid
        threading.Thread(target=self._read_errors, daemon=True).start()
        threading.Thread(target=self._read_output, daemon=True).start()
        try:
            self._learn_ports()
        except BaseException:
            self.kill()
            raise
        return self

    def _read_errors(self):
        for raw in self.process.stderr:
            with self.changed:
                self.lines.append(raw.decode("utf-8", "replace").rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self._finished_reading = True
            self.changed.notify_all()

    def _read_output(self):
        for raw in self.process.stdout:
            with self.changed:
                self.output += raw
                self.changed.notify_all()

    def _learn_ports(self):
        if self.proxy == "envoy":
            self.wait_log("all dependencies initialized. starting workers", 20)
            self.admin_port = int((self.folder / "admin").read_text().rsplit(":", 1)[1])
            wait_until(lambda: self.admin("/ready").status == 200, "Envoy to be ready")
            statuses = self.admin("/listeners?format=json").json()["listener_statuses"]
            for status in statuses:
                local = status["local_address"].get("socket_address")
                if local:
                    self.ports[status["name"]] = local["port_value"]
            return
        self.wait_log(lambda line: says(line, "ready"), 20)
        for line in list(self.lines):
            where = line_value(line, "address")
            if says(line, "listener bound") and re.search(r":\d+$", where):
                self.ports.setdefault(line_value(line, "listener"), int(where.rsplit(":", 1)[1]))
            if says(line, "admin bound") and re.search(r":\d+$", where):
                self.admin_port = int(where.rsplit(":", 1)[1])

    def is_alive(self):
        return self.process.poll() is None

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait_exit(self, seconds=15):
        return self.process.wait(seconds)

    def kill(self):
        if self.process and self.is_alive():
            self.process.kill()
        if self.process:
            self.process.wait()

    def finish(self):
        """What must hold at the end of every test: the process lives, and ends when it is asked."""
        try:
            if self.process is None or self.expect_exit is None:
                return
            code = self.process.poll()
            if code is None:
                self.signal()
                code = self.wait_exit(self.drain_seconds + 10)
            assert code == self.expect_exit, f"exit code {code}\n{self.report()}"
        except subprocess.TimeoutExpired:
            raise AssertionError(f"SIGTERM did not end it\n{self.report()}") from None
        finally:
            self.kill()

    def report(self):
        return "\n".join(["-- stderr of the process under test:"] + self.lines[-40:])

    # Seeing

    def wait_log(self, wanted, seconds=10):
        """The first line of stderr that contains the text, or for which the function is true."""
        matches = wanted if callable(wanted) else (lambda line: wanted in line)
        found = []

        def look():
            found[:] = [line for line in self.lines if matches(line)]
            return found or self._finished_reading

        with self.changed:
            self.changed.wait_for(look, seconds)
        if not found:
            raise AssertionError(f"no line {wanted!r} in {seconds} s\n{self.report()}")
        return found[0]

    @property
    def port(self):
        return next(iter(self.ports.values()))

    def client(self, **options):
        return Client(self.port, **options)

    def fetch(self, method="GET", path="/", **options):
        return fetch(self.port, method, path, **options)

    def admin(self, path, method="GET", body=None):
        return fetch(self.admin_port, method, path, body=body, host="localhost")

    def stats(self):
        """Counters and gauges by name."""
        values = {}
        for line in self.admin("/stats").text.splitlines():
            name, _, value = line.partition(": ")
            if value.isdigit():
                values[name] = int(value)
        return values

    def stat(self, name):
        return self.stats().get(name, 0)

    def wait_stat(self, name, value, seconds=10):
        """Counters are written by the worker and read by the admin: wait for the exact value."""
        seen = []

        def reached():
            seen[:] = [self.stat(name)]
            return seen[0] == value

        try:
            wait_until(reached, name, seconds)
        except AssertionError:
            raise AssertionError(f"{name} is {seen[0]}, not {value}") from None

    def log_text(self):
        return self.log_path.read_text("utf-8", "replace") if self.log_path.exists() else ""

    def log_entries(self, count=1, seconds=10):
        """The access log's first `count` lines or more, as dictionaries."""
        wait_until(lambda: self.log_text().count("\n") >= count, f"{count} log lines", seconds)
        names = list(envoyfile.LOG_FIELDS)
        return [
            dict(zip(names, line.split(_LOG_SEPARATOR), strict=True))
            for line in self.log_text().splitlines()
        ]

    def log_entry(self):
        """The last line, when there is at least one."""
        return self.log_entries()[-1]

    def resident_megabytes(self):
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024

    def open_files(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))


def says(line, message):
    """True where the message of a log line, text or JSON, is exactly this."""
    if line.startswith("{"):
        return message in (line_value(line, "msg"), line_value(line, "message"))
    quoted = line_value(line, "msg")
    return quoted == message or bool(
        re.match(rf"\S+ (?:\[?\w+\]? )?{re.escape(message)}(?: \w+=|$)", line)
    )


def line_value(line, key):
    """One value of a log line, text or JSON; empty where it is missing."""
    if line.startswith("{"):
        try:
            return str(json.loads(line).get(key, ""))
        except ValueError:
            return ""
    found = re.search(rf'(?:^|\s){re.escape(key)}=(?:"((?:[^"\\]|\\.)*)"|(\S*))', line)
    return (found[1] if found[1] is not None else found[2]) if found else ""
