#!/usr/bin/env python3
"""Memory allocations per request at steady state, with a limit for each scenario.

    allocations.py --pillion .build/release/pillion

The release binary runs with a library in front of glibc's allocator that counts its calls. After a
warm-up that fills every reusable buffer, the difference of the counters over some seconds of load is
divided by the requests that wrk counted.
"""

import argparse
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import PROXY_CORE, Process, backend, envoy_file, free_port, wrk

HERE = Path(__file__).parent
LIBRARY = HERE.parent / ".build" / "malloc_count.so"

# Name: (connections, request headers, with an access log, allocations per request at most).
SCENARIOS = {
    "h1": (64, [], False, 0.05),
    "h1log": (64, [], True, 0.05),
    "one": (1, [], False, 0.05),
    "close": (64, ["Connection: close"], False, 3.0),
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


def measure(binary, name, seconds):
    connections, headers, logs, limit = SCENARIOS[name]
    work = tempfile.mkdtemp(prefix="pillion-allocations-")
    try:
        with backend(work) as upstream:
            front = free_port()
            log = Path(work, "access.log") if logs else None
            file = envoy_file(work, front, upstream.port, log)
            shared = Path(work, "counters")
            with Process([binary, "run", file, "--workers", "1"], PROXY_CORE,
                         Path(work, "pillion.log"), front,
                         {"LD_PRELOAD": str(LIBRARY), "MALLOC_COUNT_FILE": str(shared)}):
                wrk(front, 2, connections, headers)
                calls, size = counters(shared)
                done, failed = wrk(front, seconds, connections, headers)
                calls_after, size_after = counters(shared)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    each, bytes_each = (calls_after - calls) / done, (size_after - size) / done
    passed = each <= limit and failed == 0
    print(f"{'pass' if passed else 'FAIL'}  {name}: {each:.4f} allocations per request, at most "
          f"{limit:g} ({bytes_each:.1f} bytes; {done} requests, {failed} failed)", flush=True)
    return passed


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", default=list(SCENARIOS), metavar="scenario")
    parser.add_argument("--pillion", default=".build/release/pillion")
    parser.add_argument("--seconds", type=int, default=3)
    options = parser.parse_args()
    build()
    results = [measure(options.pillion, name, options.seconds) for name in options.scenarios]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
