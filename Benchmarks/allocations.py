#!/usr/bin/env python3
"""Memory allocations per request at steady state, with a limit for each scenario.

    allocations.py [scenario ...] --pillion .build/release/pillion

The release binary runs with a library in front of glibc's allocator that counts its calls. After a
warm-up that fills every reusable buffer, a short and a long load of the same connections are counted,
and the difference is divided by the difference of their requests, so that connections and handshakes
cancel out. Where each request (or handshake) has a connection of its own, it counts with them. What
OpenSSL asks for counts like our own: the counter does not tell callers apart.
"""

import argparse
import shutil
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import loads
from backends import backend, backend_h2
from bench import PROXY_CORE, Process, free_port
from certificates import Certificates
from envoyfile import envoy_file, serving

HERE = Path(__file__).parent
LIBRARY = HERE.parent / ".build" / "malloc_count.so"


@dataclass(frozen=True)
class Scenario:
    """What is driven, and how many allocations each request may cost."""

    limit: float
    connections: int = 64
    headers: tuple = ()
    logs: bool = False
    http2: bool = False
    tls: bool = False
    tcp: bool = False
    handshakes: bool = False

    def drive(self, port, seconds):
        if self.handshakes:
            return loads.handshakes(port, seconds)
        if self.http2:
            return loads.streams(port, seconds)
        return loads.wrk(port, seconds, self.connections, self.headers,
                         "https" if self.tls else "http")


SCENARIOS = {
    "h1": Scenario(0.05),
    "h1log": Scenario(0.05, logs=True),
    "one": Scenario(0.05, connections=1),
    "close": Scenario(3.0, headers=("Connection: close",)),
    "h2": Scenario(0.05, http2=True),
    # All of them OpenSSL's: two buffers of a record, given back between requests so that an idle
    # connection has none, and the small parts that a record is written in.
    "tls": Scenario(6.1, tls=True),
    "tcp": Scenario(0.05, tcp=True),
    "handshake": Scenario(750, tls=True, handshakes=True),
}


def build():
    source = HERE / "malloc-count" / "malloc_count.c"
    if not LIBRARY.exists() or LIBRARY.stat().st_mtime < source.stat().st_mtime:
        LIBRARY.parent.mkdir(exist_ok=True)
        subprocess.run(["gcc", "-O2", "-fPIC", "-shared", "-Wall", "-Werror", "-fno-builtin",
                        "-o", str(LIBRARY), str(source)], check=True)


def counters(path):
    """Calls that give memory (malloc, calloc, aligned; and realloc), and bytes asked for."""
    allocations, reallocations, _, size = struct.unpack("4Q", Path(path).read_bytes()[:32])
    return allocations + reallocations, size


def counted(scenario, port, seconds, path):
    """Of a load: allocations, bytes, requests, failed requests."""
    calls, size = counters(path)
    done, failed, _ = scenario.drive(port, seconds)
    calls_after, size_after = counters(path)
    return calls_after - calls, size_after - size, done, failed


def measure(binary, name, seconds):
    scenario = SCENARIOS[name]
    work = tempfile.mkdtemp(prefix="pillion-allocations-")
    try:
        with (backend_h2 if scenario.http2 else backend)(work) as upstream:
            front = free_port()
            log = Path(work, "access.log") if scenario.logs else None
            serve = serving(Certificates(work), "http/1.1") if scenario.tls else None
            file = envoy_file(work, front, upstream.port, log, tcp=scenario.tcp,
                              http2=scenario.http2, serve=serve)
            shared = Path(work, "counters")
            with Process([binary, "run", file, "--workers", "1"], PROXY_CORE,
                         Path(work, "pillion.log"), front,
                         {"LD_PRELOAD": str(LIBRARY), "MALLOC_COUNT_FILE": str(shared)}):
                scenario.drive(front, 2)
                short = counted(scenario, front, 1, shared)
                calls, size, done, failed = (
                    after - before for before, after in
                    zip(short, counted(scenario, front, 1 + seconds, shared)))
                failed += 2 * short[3]
    finally:
        shutil.rmtree(work, ignore_errors=True)
    each, bytes_each = calls / done, size / done
    # What happens by the clock, and not by requests, is below a hundredth.
    passed = round(each, 2) <= scenario.limit and failed == 0
    what = "connection" if scenario.handshakes else "request"
    print(f"{'pass' if passed else 'FAIL'}  {name}: {each:.4f} allocations per {what}, at most "
          f"{scenario.limit:g} ({bytes_each:.1f} bytes; {done} {what}s, {failed} failed)",
          flush=True)
    return passed


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", default=list(SCENARIOS), metavar="scenario")
    parser.add_argument("--pillion", default=".build/release/pillion")
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--list", action="store_true", help="only the names of the scenarios")
    options = parser.parse_args()
    if options.list:
        print(*SCENARIOS)
        return
    if unknown := set(options.scenarios) - set(SCENARIOS):
        parser.error(f"unknown scenario: {', '.join(sorted(unknown))}; "
                     f"there are {', '.join(SCENARIOS)}")
    build()
    results = [measure(options.pillion, name, options.seconds) for name in options.scenarios]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
