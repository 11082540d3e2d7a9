"""A log shipper with lines to ship, and what it says of its sinks."""

import contextlib
import json
import os
import re
import subprocess
from pathlib import Path

from harness.client import fetch
from harness.shipper import Shipper
from harness.waiting import wait_until

SOURCE = """
<source>
  @type tail
  path {folder}/logs/*.log
  pos_file {folder}/positions
  tag app.logs
  read_from_head true
  max_line_size 4m
  <parse>
    @type json
    time_key time
    time_type string
    time_format %iso8601
    keep_time_key false
  </parse>
</source>
"""
# fluent-bit, where fluentd has no parameter for what a test needs.
BIT = """
[SERVICE]
    Flush 0.05
[PARSER]
    Name    lines
    Format  json
[INPUT]
    Name             tail
    Path             {folder}/logs/*.log
    Parser           lines
    Tag              app.logs
    DB               {folder}/positions.db
    Read_from_Head   on
"""
BUFFER = """
  <buffer>
    @type memory
    flush_interval 0.05
    retry_wait 0.05
    retry_max_interval 0.3
    {more}
  </buffer>
"""


def match(type, *lines, buffer="", pattern="app.**"):
    """A `<match>` of fluentd whose buffer waits for nobody."""
    inside = "".join(f"  {line}\n" for line in lines)
    return f"<match {pattern}>\n  @type {type}\n{inside}{BUFFER.format(more=buffer)}</match>\n"


def output(name, *lines):
    """An `[OUTPUT]` of fluent-bit."""
    inside = "".join(f"    {line}\n" for line in lines)
    return f"[OUTPUT]\n    Name {name}\n    Match *\n    Retry_Limit False\n{inside}"


class Shipping(Shipper):
    """Ships the lines of `folder/logs/app.log`; `text` is what comes after the source."""

    def __init__(self, binary, folder, text, env=None, source=None):
        self.logs = Path(folder) / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        if source is None:
            source = BIT if "[OUTPUT]" in text else SOURCE
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("AWS_")}
        environment["AWS_EC2_METADATA_DISABLED"] = "true"
        super().__init__(binary, folder, source.format(folder=folder) + text,
                         args=["--admin", "127.0.0.1:0"], env={**environment, **(env or {})})

    def write(self, *records):
        with open(self.logs / "app.log", "a") as file:
            for record in records:
                file.write(record if isinstance(record, str) else json.dumps(record))
                file.write("\n")

    def numbers(self, first, last, **more):
        """Lines with consecutive numbers."""
        self.write(*({"n": n, "message": f"line {n}", **more} for n in range(first, last + 1)))

    # What it says

    @property
    def admin_port(self):
        found = re.findall(r"admin bound address=\S+:(\d+)", self.said())
        return int(found[-1]) if found else None

    def status(self):
        wait_until(lambda: self.admin_port, "the admin interface")
        return fetch(self.admin_port, "GET", "/logs?format=json", host="localhost").json()

    def sink(self):
        return self.status()["sinks"][0]

    def wait_for_trouble(self, words, seconds=20.0):
        """Wait until the sink's trouble is said in these words; while it lasts they are in the warnings.

        One that passes at once may be over before the status is asked for, and is in the log alone.
        """
        last = [""]

        def matches():
            assert self.process.poll() is None, f"it ended: {self.said()[-2000:]}"
            last[0] = self.sink()["trouble"] or last[0]
            return re.search(words, last[0]) or re.search(words, self.said())

        with contextlib.suppress(AssertionError):
            return wait_until(matches, words, seconds)
        raise AssertionError(f"the trouble is {last[0]!r}, and not {words!r}; {self.said()[-800:]}")

    def status_in_words(self):
        """What `pillion logs status` prints, and its exit code."""
        result = subprocess.run(
            [self.binary, "logs", "status", "--admin", f"127.0.0.1:{self.admin_port}"],
            capture_output=True, text=True, timeout=20)
        return result.stdout + result.stderr, result.returncode

    def wait_for_delivery(self, records, seconds=20.0):
        """Wait until so many records were acknowledged."""
        last = [{}]

        def is_enough():
            assert self.process.poll() is None, f"it ended: {self.said()[-2000:]}"
            last[0] = self.sink()
            return last[0]["records"] >= records

        try:
            wait_until(is_enough, f"{records} records acknowledged", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}: {last[0]}, {self.said()[-800:]}") from None

    def peak_memory(self):
        """The most memory that it had, in MiB."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", text)[1]) / 1024

    def dead_letters(self):
        """The entries of all dead letters."""
        return [json.loads(line) for path in sorted(self.state.glob("dead-letters-*.jsonl"))
                for line in path.read_text().splitlines()]

    def wait_for_unusable(self, count):
        """Wait for so many entries of what was never given to a sink."""
        path = self.state / "unusable-lines.jsonl"
        wait_until(lambda: path.exists() and path.read_text().count("\n") >= count, path.name)
        return [json.loads(line) for line in path.read_text().splitlines()]

    def wait_for_dead_letters(self, count, seconds=20.0):
        wait_until(lambda: len(self.dead_letters()) >= count, f"{count} dead letters", seconds)
        assert len(self.dead_letters()) == count, self.dead_letters()
        return self.dead_letters()
