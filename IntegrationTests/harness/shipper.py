"""The log shipper under test: started on a configuration, stopped, killed, started again."""

import resource
import signal
import subprocess
from pathlib import Path

from harness.waiting import wait_until


class Shipper:
    """Runs `pillion run FILE` with its state in a folder.

    `descriptors` limits its open files; `user` is who it runs as.
    """

    def __init__(self, binary, folder, text, name="fluent.conf", args=(), env=None,
                 descriptors=None, user=None):
        self.binary = binary
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path = self.folder / name
        self.path.write_text(text)
        self.state = self.folder / "state"
        self.args = list(args)
        self.env = env
        self.descriptors = descriptors
        self.user = user
        self.process = None
        self.output = self.folder / "output.txt"

    def start(self):
        self.ready_before = self.said().count(" ready ") if self.output.exists() else 0
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen(
                [self.binary, "run", str(self.path), "--log-state", str(self.state), *self.args],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.folder,
                start_new_session=True, env=self.env, user=self.user,
                preexec_fn=self._limit if self.descriptors else None,
            )
        return self

    def _limit(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.descriptors, self.descriptors))

    def wait_said(self, text, seconds=20):
        wait_until(lambda: text in self.said(), f"the shipper to say {text!r}", seconds)

    def peak_memory(self):
        """Bytes of memory that it has had at most."""
        return self._memory("VmHWM:")

    def resident_memory(self):
        """Bytes of memory that it has now."""
        return self._memory("VmRSS:")

    def _memory(self, name):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
        raise AssertionError("the system tells nothing of its memory")

    def open_files(self):
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        if self.process:
            self.process.wait()

    def wait_ready(self):
        wait_until(lambda: self.said().count(" ready ") > self.ready_before, "the shipper's start")

    def stop(self, seconds=20, wait=True):
        """SIGTERM once it is ready for it, and the exit code."""
        self.wait_ready()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds) if wait else None

    def said(self):
        return self.output.read_text(errors="replace")

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()
