"""What the benchmarks share: processes on a core of their own, and what /proc says of them."""

import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
# The processes under test have this core to themselves; load and backend share the other.
PROXY_CORE, LOAD_CORE = 1, 0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def envoy_binary():
    found = importlib.util.find_spec("envoy")
    for root in (found.submodule_search_locations or []) if found else []:
        path = Path(root, "_bin", "envoy")
        if path.exists():
            return str(path)
    return shutil.which("envoy")


class Process:
    """A child on one core; a context manager that always ends it."""

    def __init__(self, command, core, log, port, env=None):
        self.log = Path(log)
        self.port = port
        with open(log, "w") as output:
            self.child = subprocess.Popen(
                ["taskset", "-c", str(core), *command], stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True, env={**os.environ, **(env or {})})
        self.pid = self.child.pid

    def __enter__(self):
        end = time.monotonic() + 15
        while time.monotonic() < end and self.child.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
                return self
            except OSError:
                time.sleep(0.02)
        self.stop()
        raise RuntimeError("did not start: " + self.log.read_text()[-400:])

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(5)
            except subprocess.TimeoutExpired:
                self.child.kill()
        self.child.wait()

    def cpu_seconds(self):
        """User and kernel time of all its threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) / TICKS, int(fields[12]) / TICKS

    def resident_megabytes(self):
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024


class Processes:
    """Several that are measured as one: a sidecar, a pair of them, or none."""

    def __init__(self, commands, log):
        """`commands` holds pairs of a command and the port that says that it runs."""
        self.commands, self.log, self.running = commands, log, []

    def __enter__(self):
        try:
            for number, (command, port) in enumerate(self.commands):
                process = Process(command, PROXY_CORE, f"{self.log}-{number}.log", port)
                self.running.append(process.__enter__())
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        for process in self.running:
            process.stop()

    def cpu_seconds(self):
        each = [process.cpu_seconds() for process in self.running]
        return sum(user for user, _ in each), sum(kernel for _, kernel in each)

    def resident_megabytes(self):
        return sum(process.resident_megabytes() for process in self.running)
