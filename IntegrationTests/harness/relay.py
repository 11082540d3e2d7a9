"""Runs `relay.py` and tells it which faults to make."""

import json
import subprocess
import sys
from pathlib import Path

from harness.client import fetch

PROGRAM = Path(__file__).parent.parent / "relay.py"


class Relay:
    """In front of `port`; use as a context manager. Faults are those that `relay.py` lists."""

    def __init__(self, port, **faults):
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), "--to", f"127.0.0.1:{port}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        ports = json.loads(self.process.stdout.readline())
        self.port, self.control = ports["port"], ports["control"]
        if faults:
            self.faults(**faults)

    def faults(self, **faults):
        response = fetch(self.control, "PUT", "/faults", body=json.dumps(faults))
        assert response.status == 200, response.text

    def state(self):
        return fetch(self.control, path="/state").json()

    def reset_all(self):
        fetch(self.control, "DELETE", "/connections")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
