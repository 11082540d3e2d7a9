#!/usr/bin/env python3
"""What the log shipper costs, beside rsyslog on the same files and the same sink, with pass or fail.

    logs.py [scenario ...] [--rounds 3] [--mebibytes 128] [--only pillion,rsyslog,rsyslograw]

Every shipper has all its threads on one core of its own; the sink and what writes the files share the
other. They take turns in every round and the medians are compared. The figure that holds on a shared
machine is CPU: user and kernel time of the whole process from /proc, the sender's threads included.
"rsyslog" reads each line as JSON and writes the document from that, as Pillion does ("rsyslograw" sends
the line as it stands). Pillion gives each document an id besides, reads its time and writes it as
@timestamp. Without a name all scenarios run:

"""

import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from bench import LOAD_CORE, PROXY_CORE, TICKS, Process, free_port
from compare import machine
from logfiles import lines, pillion_file, rsyslog_file, write_lines

HERE = Path(__file__).parent
SINK = HERE.parent / ".build" / "bulk_sink"
SCENARIOS = {
    "bulk": "a file of JSON lines to an HTTP sink that speaks Elasticsearch's _bulk",
    "null": "the same file, read and parsed, to a sink that forgets it",
    "rate": "10,000 lines a second to the HTTP sink for 20 s",
    "idle": "100 files that nobody writes to, for 30 s",
}
RATE, RATE_SECONDS, IDLE_SECONDS, IDLE_FILES = 10_000, 20, 30, 100
# (scenario, figure, limit, what it is): ours must be at least, or at most, the limit.
LEAST = [("bulk", "speed", 40.0, "MiB for each second of CPU"),
         ("null", "speed", 150.0, "MiB for each second of CPU")]
MOST = [("rate", "share", 15.0, "% of a core"), ("rate", "rss", 40.0, "MB RSS"),
        ("idle", "share", 0.2, "% of a core")]


def build_sink():
    source = HERE / "bulk-sink" / "bulk_sink.c"
    if not SINK.exists() or SINK.stat().st_mtime < source.stat().st_mtime:
        SINK.parent.mkdir(exist_ok=True)
        subprocess.run(["gcc", "-O2", "-Wall", "-Werror", "-pthread", "-o", str(SINK), str(source)],
                       check=True)


class Sink(Process):
    """The `_bulk` server, on the core of the load."""

    def __init__(self, work):
        port = free_port()
        super().__init__([str(SINK), str(port)], LOAD_CORE, Path(work, "sink.log"), port)

    def documents(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/counts", timeout=10) as answer:
            return json.load(answer)["documents"]


class Shipper:
    """One log shipper, running; its figures come from /proc."""

    def __init__(self, command, log, ready):
        self.log, self.ready = Path(log), ready
        with open(log, "w") as output:
            self.child = subprocess.Popen(
                ["taskset", "-c", str(PROXY_CORE), *command], stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True)

    def __enter__(self):
        end = time.monotonic() + 15
        while not self.ready():
            if self.child.poll() is not None or time.monotonic() > end:
                self.__exit__()
                raise RuntimeError("did not start: " + self.log.read_text()[-800:])
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.child.kill()
        self.child.wait()

    def cpu_seconds(self):
        """User and kernel time of all its threads, those that have ended included."""
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def exact_cpu_seconds(self):
        """The same of the threads that there are, finer than a tick of the clock."""
        tasks = Path(f"/proc/{self.child.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def megabytes(self, name):
        """`VmRSS`, or `VmHWM` for the most that there was."""
        for line in Path(f"/proc/{self.child.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) / 1024
        return 0.0

    def settle(self, seconds):
        """Waits until it has done nothing for so long."""
        before, since = self.cpu_seconds(), time.monotonic()
        while time.monotonic() - since < seconds:
            time.sleep(0.05)
            now = self.cpu_seconds()
            if now - before > 0.02:
                before, since = now, time.monotonic()


class Bench:
    """What all turns of a run have in common."""

    def __init__(self, options, work):
        self.pillion, self.work = options.pillion, work
        self.lines = Path(work, "lines.json")
        self.count, self.size = write_lines(self.lines, options.mebibytes)

    def shipper(self, name, sink_port):
        """A shipper that follows the files of an empty folder, which is returned too."""
        home = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.work))
        folder = home / "logs"
        folder.mkdir()
        if name == "pillion":
            file, admin = pillion_file(home, folder, sink_port), free_port()
            command = [self.pillion, "run", file, "--admin", f"127.0.0.1:{admin}",
                       "--log-state", str(home / "state")]

            def ready():
                return listens(admin)
        else:
            file = rsyslog_file(home, folder, sink_port, parses=name == "rsyslog")
            command = ["rsyslogd", "-n", "-f", file, "-i", str(home / "pid")]

            def ready():
                return (home / "pid").exists()
        return Shipper(command, home / "shipper.log", ready), folder

    def measure(self, scenario, name):
        with Sink(self.work) as sink:
            shipper, folder = self.shipper(name, None if scenario == "null" else sink.port)
            with shipper:
                shipper.settle(0.5)
                figures = getattr(self, "_" + scenario)(shipper, folder, sink)
                figures["peak"] = shipper.megabytes("VmHWM")
                return figures

    def _bulk(self, shipper, folder, sink):
        return self._whole(shipper, folder, lambda: sink.documents() >= self.count)

    def _null(self, shipper, folder, _):
        return self._whole(shipper, folder, None)

    def _whole(self, shipper, folder, is_done):
        """A whole file appears: how fast is it through?"""
        before, begin = shipper.cpu_seconds(), time.monotonic()
        os.link(self.lines, folder / "app.log")
        if is_done is None:
            # Nobody counts what arrives: it is done when nothing happens any more.
            shipper.settle(1.0)
            wall = time.monotonic() - begin - 1.0
        else:
            while not is_done():
                if time.monotonic() - begin > 120:
                    raise RuntimeError("not all lines arrived: " + shipper.log.read_text()[-800:])
                time.sleep(0.05)
            wall = time.monotonic() - begin
        cpu = shipper.cpu_seconds() - before
        mebibytes = self.size / (1 << 20)
        return {"speed": mebibytes / max(cpu, 0.01), "wall": mebibytes / wall,
                "microseconds": cpu * 1e6 / self.count}

    def _rate(self, shipper, folder, sink):
        each = RATE // 100
        text = [line.encode() for line in lines(RATE * 2)]
        with open(folder / "app.log", "ab", buffering=0) as file:
            def write(seconds):
                begin = time.monotonic()
                for turn in range(seconds * 100):
                    at = turn * each % len(text)
                    file.write(b"".join(text[at:at + each]))
                    time.sleep(max(0.0, begin + (turn + 1) / 100 - time.monotonic()))
            # The first two seconds warm up.
            write(2)
            before, begin = shipper.exact_cpu_seconds(), time.monotonic()
            write(RATE_SECONDS)
            cpu, wall = shipper.exact_cpu_seconds() - before, time.monotonic() - begin
            resident = shipper.megabytes("VmRSS")
        end = time.monotonic() + 20
        while sink.documents() < RATE * (RATE_SECONDS + 2):
            if time.monotonic() > end:
                raise RuntimeError("not all lines arrived: " + shipper.log.read_text()[-800:])
            time.sleep(0.05)
        return {"share": 100 * cpu / wall, "rss": resident}

    def _idle(self, shipper, folder, sink):
        for number in range(IDLE_FILES):
            Path(folder, f"app-{number}.log").write_text("".join(lines(10, seed=number)))
        while sink.documents() < 10 * IDLE_FILES:
            time.sleep(0.1)
        time.sleep(3)
        before, begin = shipper.exact_cpu_seconds(), time.monotonic()
        time.sleep(IDLE_SECONDS)
        cpu, wall = shipper.exact_cpu_seconds() - before, time.monotonic() - begin
        return {"share": 100 * cpu / wall, "rss": shipper.megabytes("VmRSS")}


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
        return True
    except OSError:
        return False


def show(name, middle):
    if "speed" in middle:
        print(f"  {name:10s} {middle['speed']:7.1f} MiB for each second of CPU "
              f"({middle['microseconds']:5.2f} µs a line), {middle['wall']:6.1f} MiB/s, "
              f"{middle['peak']:5.1f} MB at most", flush=True)
    else:
        print(f"  {name:10s} {middle['share']:6.2f} % of a core, {middle['rss']:5.1f} MB RSS, "
              f"{middle['peak']:5.1f} MB at most", flush=True)


def verdicts(medians):
    """Each figure with a limit, and the ratios to the others."""
    for rows, compare, word in ((LEAST, float.__ge__, "at least"), (MOST, float.__le__, "at most")):
        for scenario, figure, limit, unit in rows:
            ours = medians.get(scenario, {}).get("pillion", {}).get(figure)
            if ours is not None:
                yield ("pass" if compare(ours, limit) else "FAIL",
                       f"{scenario} {ours:.3g} {unit}, {word} {limit:g}")
    for scenario, rows in medians.items():
        figure = "speed" if scenario in ("bulk", "null") else "share"
        for name, theirs in rows.items():
            # An idle process may take less than one tick of the kernel's clock.
            if name != "pillion" and "pillion" in rows and theirs[figure] > 0:
                ratio = rows["pillion"][figure] / theirs[figure]
                what = "speed" if figure == "speed" else "CPU"
                yield "info", f"{scenario} {ratio:.2f} of the {what} of {name}"


def arguments():
    listing = "\n".join(f"    {name:6s}{words}" for name, words in SCENARIOS.items())
    parser = argparse.ArgumentParser(
        description=__doc__ + listing, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", default=list(SCENARIOS), metavar="scenario")
    parser.add_argument("--pillion", default=".build/release/pillion", help="the binary")
    parser.add_argument("--mebibytes", type=int, default=128, help="of the file in bulk and null")
    parser.add_argument("--rounds", type=int, default=3, help="of which the medians are compared")
    parser.add_argument("--only", default="pillion,rsyslog,rsyslograw", help="who takes part")
    parser.add_argument("--list", action="store_true", help="only the names of the scenarios")
    options = parser.parse_args()
    if unknown := set(options.scenarios) - set(SCENARIOS):
        parser.error(f"unknown scenario: {', '.join(sorted(unknown))}; "
                     f"there are {', '.join(SCENARIOS)}")
    return options


def main():
    options = arguments()
    if options.list:
        print(*SCENARIOS)
        return
    os.sched_setaffinity(0, {LOAD_CORE})
    build_sink()
    who = [name for name in options.only.split(",") if name == "pillion" or shutil.which("rsyslogd")]
    print(machine())
    medians = {}
    work = tempfile.mkdtemp(prefix="pillion-logs-")
    try:
        bench = Bench(options, work)
        for scenario in options.scenarios:
            print(f"\n{scenario}", flush=True)
            rounds = options.rounds if scenario in ("bulk", "null") else 1
            results = {name: [] for name in who}
            for _ in range(rounds):
                for name in who:
                    results[name].append(bench.measure(scenario, name))
            medians[scenario] = {
                name: {figure: statistics.median(one[figure] for one in every)
                       for figure in every[0]} for name, every in results.items()}
            for name, middle in medians[scenario].items():
                show(name, middle)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print()
    judged = list(verdicts(medians))
    for word, sentence in judged:
        print(f"{word}  {sentence}")
    sys.exit(1 if any(word == "FAIL" for word, _ in judged) else 0)


if __name__ == "__main__":
    main()
