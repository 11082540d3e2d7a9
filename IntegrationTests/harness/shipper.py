"""The log shipper under test: started on a configuration, stopped, killed, started again."""

import signal
import subprocess
from pathlib import Path

from harness.waiting import wait_until


class Shipper:
    """Runs `pillion run FILE` with its state in a folder."""

    def __init__(self, binary, folder, text, name="fluent.conf", args=(), env=None):
        self.binary = binary
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path = self.folder / name
        self.path.write_text(text)
        self.state = self.folder / "state"
        self.args = list(args)
        self.env = env
        self.process = None
        self.output = self.folder / "output.txt"

    def start(self):
        self.ready_before = self.said().count(" ready ") if self.output.exists() else 0
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen(
                [self.binary, "run", str(self.path), "--log-state", str(self.state), *self.args],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.folder,
                start_new_session=True, env=self.env,
            )
        return self

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        if self.process:
            self.process.wait()

    def stop(self, seconds=20):
        """SIGTERM once it is ready for it, and the exit code."""
        wait_until(lambda: self.said().count(" ready ") > self.ready_before, "the shipper's start")
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def said(self):
        return self.output.read_text(errors="replace")

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()
