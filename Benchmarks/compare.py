#!/usr/bin/env python3
"""What a request costs, beside HAProxy, nginx and Envoy, with pass or fail.

    compare.py [scenario ...] [--rounds 3] [--seconds 4] [--only pillion,haproxy]

Every proxy has one thread on a core of its own; load and backend share the other core. Proxies take
turns in every round and the medians are compared, so that a machine whose speed drifts favours
nobody. The figure that holds on a shared machine is CPU per request: user and kernel time of the
proxy's process from /proc, divided by the requests that the load generator counted. Pillion and
Envoy read the same file. Without a name all scenarios run:

"""

import argparse
import json
import os
import re
import resource
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from backends import backend, backend_h2
from bench import LOAD_CORE, free_port
from certificates import Certificates
from idling import CONNECTIONS
from scenarios import IDLE, PAIRS, SCENARIOS, Bench
from thresholds import verdicts


def rounds_of(scenario, rounds):
    """A p99 needs more rounds than a mean before it stops jumping; memory needs one."""
    if scenario in IDLE:
        return 1
    return max(7, rounds) if scenario == "rate" else max(5, rounds) if scenario in PAIRS else rounds


def one_round(bench, scenario):
    """Everybody's turn: figures by name. What a pair adds is told beside the same round's direct."""
    front = free_port()
    results = {name: bench.measure(scenario, name, commands, front)
               for name, commands in bench.turns(scenario, front).items()}
    if direct := results.get("direct"):
        for name, result in results.items():
            if name != "direct" and "p50" in result and "p50" in direct:
                result["added50"] = result["p50"] - direct["p50"]
                result["added99"] = result["p99"] - direct["p99"]
    return results


def middle_of(results):
    middle = {figure: statistics.median(one[figure] for one in results) for figure in results[0]}
    # One failure in any round is a failure.
    middle["failed"] = max(one["failed"] for one in results)
    return middle


def show(name, middle):
    if "each" in middle:
        print(f"  {name:8s} {middle['rss']:6.1f} MB before, {middle['rss_with_idle']:6.1f} MB with "
              f"{CONNECTIONS} connections, {middle['each']:5.1f} kB each")
        return
    if "seconds" in middle:
        print(f"  {name:8s} {middle['seconds']:6.2f} s for 1 GB, {middle['cpu_gb']:5.2f} s of CPU  "
              f"{middle['rss']:5.1f} MB  failed {middle['failed']:.0f}")
        return
    latency = "".join(f"  {word} {middle[figure]:.0f} µs" for figure, word in (
        ("p50", "p50"), ("p99", "p99"), ("p999", "p999"), ("added50", "added p50"),
        ("added99", "added p99")) if figure in middle)
    cost = "" if name == "direct" else (
        f" {middle['cpu']:6.2f} µs each (user {middle['user']:5.2f}, kernel {middle['kernel']:5.2f})"
        f"  {middle['rps']:8.0f}/s  {middle['rss']:5.1f} MB")
    print(f"  {name:8s}{cost}  failed {middle['failed']:.0f}{latency}")


def machine():
    text = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", text)
    return f"{model[1] if model else 'unknown CPU'}, {os.cpu_count()} CPUs, Linux {os.uname().release}"


def arguments():
    listing = "\n".join(f"    {name:10s}" + words.replace("\n", "\n" + " " * 14)
                        for name, words in SCENARIOS.items())
    parser = argparse.ArgumentParser(
        description=__doc__ + listing, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", default=list(SCENARIOS), metavar="scenario")
    parser.add_argument("--pillion", default=".build/release/pillion", help="the binary")
    parser.add_argument("--seconds", type=int, default=4, help="of load in each turn")
    parser.add_argument("--rounds", type=int, default=3, help="of which the medians are compared")
    parser.add_argument("--only", default="pillion,haproxy,nginx,envoy",
                        help="who takes part")
    parser.add_argument("--json", help="write every single figure here")
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
    # Idle connections are held, and 1 GB is received, by this process: on the core of the load.
    os.sched_setaffinity(0, {LOAD_CORE})
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    print(machine())
    medians, raw = {}, {}
    work = tempfile.mkdtemp(prefix="pillion-bench-")
    try:
        with backend(work) as h1, backend_h2(work) as h2:
            bench = Bench(options.pillion, set(options.only.split(",")), options.seconds, work,
                          h1.port, h2.port, Certificates(work))
            for scenario in options.scenarios:
                print(f"\n{scenario}", flush=True)
                rows = raw[scenario] = {}
                for _ in range(rounds_of(scenario, options.rounds)):
                    for name, result in one_round(bench, scenario).items():
                        rows.setdefault(name, []).append(result)
                medians[scenario] = {name: middle_of(results) for name, results in rows.items()}
                for name, middle in medians[scenario].items():
                    show(name, middle)
    finally:
        if options.json:
            Path(options.json).write_text(json.dumps(raw, indent=1))
        shutil.rmtree(work, ignore_errors=True)

    print()
    judged = list(verdicts(medians))
    for word, sentence in judged:
        print(f"{word}  {sentence}")
    sys.exit(1 if any(word == "FAIL" for word, _ in judged) else 0)


if __name__ == "__main__":
    main()
