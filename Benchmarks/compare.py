#!/usr/bin/env python3
"""What a request costs, beside HAProxy, nginx and Envoy, with pass or fail.

    compare.py [h1 h1log one close rate idle] [--rounds 3] [--seconds 4] [--only pillion,haproxy]

Every proxy has one thread on a core of its own; load and backend share the other core. Proxies take
turns in every round and the medians are compared, so that a machine whose speed drifts favours
nobody. The figure that holds on a shared machine is CPU per request: user and kernel time of the
proxy's process from /proc, divided by the requests that wrk or h2load counted.

    h1      64 keep-alive connections, 64-byte responses
    h1log   the same with an access log to a file
    one     one connection
    close   a new connection for each request
    rate    latency at 2,000 requests/s over 20 connections, open loop
    idle    memory with 2,000 idle connections
    full    h1 with outlier detection, retries, a health check and ten header operations, beside the
            same proxy without them ("plain")
"""

import argparse
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import (LOAD_CORE, PROXY_CORE, Process, backend, envoy_binary, envoy_file, free_port,
                   wrk)

SCENARIOS = ["h1", "h1log", "one", "close", "rate", "idle", "full"]
IDLE_CONNECTIONS = 2000

# (scenario, figure, against whom or None for an absolute limit, limit): ours must not be above.
THRESHOLDS = [
    ("h1", "cpu", "haproxy", 1.10),
    ("h1", "cpu", "envoy", 0.45),
    ("h1", "rss", None, 20.0),
    ("h1log", "cpu", "haproxy", 1.15),
    ("one", "cpu", "haproxy", 1.10),
    ("close", "cpu", "haproxy", 1.15),
    ("rate", "p99", "haproxy", 1.20),
    ("idle", "rss", None, 16.0),
    ("idle", "each", None, 8.0),
]
# The same, but ours minus the other: what features may cost in addition.
DIFFERENCES = [("full", "user", "plain", 1.5)]
UNITS = {"user": "µs", "cpu": "µs", "rss": "MB", "p99": "µs", "each": "kB"}


def haproxy_file(work, front, back, logs):
    log = "  log stdout format raw local0\n  option httplog\n" if logs else ""
    path = Path(work, "haproxy.cfg")
    path.write_text(f"""global
  nbthread 1
  maxconn 4000
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  http-reuse always
{log}frontend f
  bind 127.0.0.1:{front}
  default_backend b
backend b
  server s 127.0.0.1:{back}
""")
    return str(path)


def nginx_file(work, front, back, logs):
    log = f"access_log {work}/nginx-access.log combined buffer=32k;" if logs else "access_log off;"
    path = Path(work, "nginx.conf")
    path.write_text(f"""daemon off; master_process off; worker_processes 1;
pid {work}/front.pid; error_log /dev/null;
events {{ worker_connections 20000; }}
http {{ {log} keepalive_requests 100000000; keepalive_timeout 3600s;
  upstream b {{ server 127.0.0.1:{back}; keepalive 512; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{front} backlog=4096;
    location / {{ proxy_pass http://b; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }} }}
""")
    return str(path)


def commands(options, scenario, work, front, back):
    logs = scenario == "h1log"
    if scenario == "full":
        return everything_and_nothing(options, work, front, back)
    shared = envoy_file(work, front, back, Path(work, "access.log") if logs else None)
    everyone = {
        "pillion": [options.pillion, "run", shared, "--workers", "1"],
        "haproxy": ["haproxy", "-db", "-f", haproxy_file(work, front, back, logs)],
        "nginx": ["nginx", "-c", nginx_file(work, front, back, logs)],
        "envoy": [envoy_binary() or "envoy", "-c", shared, "--concurrency", "1", "-l", "warning",
                  "--disable-hot-restart"],
    }
    return {name: command for name, command in everyone.items()
            if name in options.only.split(",") and shutil.which(command[0])}


def everything_and_nothing(options, work, front, back):
    Path(work, "full").mkdir(exist_ok=True)
    plain = envoy_file(work, front, back)
    full = envoy_file(Path(work, "full"), front, back, full=True)
    everyone = {
        "pillion": [options.pillion, "run", full, "--workers", "1"],
        "plain": [options.pillion, "run", plain, "--workers", "1"],
        "envoy": [envoy_binary() or "envoy", "-c", full, "--concurrency", "1", "-l", "warning",
                  "--disable-hot-restart"],
    }
    return {name: command for name, command in everyone.items()
            if (name == "plain" or name in options.only.split(",")) and shutil.which(command[0])}


def at_a_rate(port, seconds, work):
    """Requests done, failed, and their latencies in microseconds, sorted."""
    log = Path(work, "h2load.log")
    log.unlink(missing_ok=True)
    out = subprocess.run(
        ["taskset", "-c", str(LOAD_CORE), "h2load", "--h1", "-t1", "-c20", "--rps=100",
         "-n", str(2000 * seconds), f"--log-file={log}", f"http://127.0.0.1:{port}/"],
        capture_output=True, text=True).stdout
    done, failed = map(int, re.search(r"(\d+) succeeded, (\d+) failed", out).groups())
    return done, failed, sorted(int(line.split()[2]) for line in log.read_text().splitlines())


def idle(process, port):
    before = process.resident_megabytes()
    held = []
    for _ in range(IDLE_CONNECTIONS):
        one = socket.create_connection(("127.0.0.1", port), 5)
        one.sendall(b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n")
        held.append(one)
    for one in held:
        one.recv(4096)
    # Memory that is given back late should count as given back.
    time.sleep(1)
    after = process.resident_megabytes()
    for one in held:
        one.close()
    return {"rss": before, "rss_with_idle": after,
            "each": (after - before) * 1024 / IDLE_CONNECTIONS, "failed": 0}


def load(scenario, port, seconds, work):
    if scenario == "rate":
        return at_a_rate(port, seconds, work)
    connections = 1 if scenario == "one" else 64
    headers = ["Connection: close"] if scenario == "close" else []
    return (*wrk(port, seconds, connections, headers), [])


def measure(command, scenario, seconds, work, front, name):
    with Process(command, PROXY_CORE, Path(work, f"{name}.log"), front) as process:
        time.sleep(0.3)
        if scenario == "idle":
            return idle(process, front)
        load(scenario, front, 1, work)
        user, kernel = process.cpu_seconds()
        begin = time.monotonic()
        done, failed, times = load(scenario, front, seconds, work)
        wall = time.monotonic() - begin
        user_after, kernel_after = process.cpu_seconds()
        each = 1e6 / max(done, 1)
        result = {
            "user": (user_after - user) * each, "kernel": (kernel_after - kernel) * each,
            "cpu": (user_after - user + kernel_after - kernel) * each,
            "rps": done / wall, "rss": process.resident_megabytes(), "failed": failed,
        }
        for figure, share in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999)):
            if times:
                result[figure] = times[min(len(times) - 1, int(len(times) * share))]
        return result


def show(name, middle):
    if "each" in middle:
        print(f"  {name:8s} {middle['rss']:6.1f} MB idle, {middle['rss_with_idle']:6.1f} MB with "
              f"{IDLE_CONNECTIONS} connections, {middle['each']:5.1f} kB each")
        return
    latency = "".join(f"  {figure} {middle[figure]:.0f} µs" for figure in ("p50", "p99", "p999")
                      if figure in middle)
    print(f"  {name:8s} {middle['cpu']:6.2f} µs/request (user {middle['user']:5.2f}, kernel "
          f"{middle['kernel']:5.2f})  {middle['rps']:8.0f}/s  {middle['rss']:5.1f} MB  "
          f"failed {middle['failed']:.0f}{latency}")


def verdicts(medians):
    """Each threshold that can be judged: (passed, sentence)."""
    for scenario, figure, peer, limit in THRESHOLDS:
        ours = medians.get(scenario, {}).get("pillion", {}).get(figure)
        theirs = 1.0 if peer is None else medians.get(scenario, {}).get(peer, {}).get(figure)
        if ours is None or not theirs:
            continue
        value = ours / theirs
        what = f"{scenario} {figure}"
        if peer is None:
            sentence = f"{what} {value:.1f} {UNITS[figure]}, at most {limit:g} {UNITS[figure]}"
        else:
            sentence = (f"{what} {value:.2f} of {peer}'s ({ours:.1f} and {theirs:.1f} "
                        f"{UNITS[figure]}), at most {limit:g}")
        yield value <= limit, sentence
    for scenario, figure, peer, limit in DIFFERENCES:
        ours = medians.get(scenario, {}).get("pillion", {}).get(figure)
        theirs = medians.get(scenario, {}).get(peer, {}).get(figure)
        if ours is None or theirs is None:
            continue
        yield ours - theirs <= limit, (
            f"{scenario} {figure} {ours - theirs:.2f} {UNITS[figure]} more than {peer} "
            f"({ours:.2f} and {theirs:.2f}), at most {limit:g} {UNITS[figure]}")
    for scenario, rows in medians.items():
        if "pillion" in rows:
            failed = rows["pillion"]["failed"]
            yield failed == 0, f"{scenario} failed requests {failed:.0f}, at most 0"


def machine():
    text = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", text)
    return f"{model[1] if model else 'unknown CPU'}, {os.cpu_count()} CPUs, Linux {os.uname().release}"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", default=SCENARIOS, metavar="scenario")
    parser.add_argument("--pillion", default=".build/release/pillion")
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="pillion,haproxy,nginx,envoy")
    parser.add_argument("--json", help="write every single figure here")
    options = parser.parse_args()
    unknown = set(options.scenarios) - set(SCENARIOS)
    if unknown:
        parser.error(f"unknown scenario: {', '.join(sorted(unknown))}")

    print(machine())
    medians, raw = {}, {}
    work = tempfile.mkdtemp(prefix="pillion-bench-")
    try:
        with backend(work) as upstream:
            for scenario in options.scenarios:
                print(f"\n{scenario}", flush=True)
                rows = {}
                # A p99 needs more rounds than a mean before it stops jumping.
                rounds = {"idle": 1, "rate": max(7, options.rounds)}.get(scenario, options.rounds)
                for _ in range(rounds):
                    front = free_port()
                    turns = commands(options, scenario, work, front, upstream.port)
                    for name, command in turns.items():
                        result = measure(command, scenario, options.seconds, work, front, name)
                        rows.setdefault(name, []).append(result)
                raw[scenario] = rows
                medians[scenario] = {}
                for name, results in rows.items():
                    middle = {figure: statistics.median(one[figure] for one in results)
                              for figure in results[0]}
                    # One failure in any round is a failure.
                    middle["failed"] = max(one["failed"] for one in results)
                    medians[scenario][name] = middle
                    show(name, middle)
    finally:
        if options.json:
            Path(options.json).write_text(json.dumps(raw, indent=1))
        shutil.rmtree(work, ignore_errors=True)

    print()
    judged = list(verdicts(medians))
    for passed, sentence in judged:
        print(f"{'pass' if passed else 'FAIL'}  {sentence}")
    sys.exit(0 if all(passed for passed, _ in judged) else 1)


if __name__ == "__main__":
    main()
