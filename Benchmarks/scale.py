#!/usr/bin/env python3
"""Starts, memory and reloads with 1,000 clusters of 10 endpoints and 10,000 routes.

    python3 Benchmarks/scale.py [--binary .build/release/pillion] [--clusters 1000] [--routes 10000]

Prints the time to `ready`, the memory of each cluster (a start with them against one without, both
without routes), and the time from the change of one endpoint in the file to the swap.
"""

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path


def configuration(clusters, endpoints, routes):
    lines = [
        "admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}",
        "static_resources:", "  clusters:",
    ]
    for number in range(max(1, clusters)):
        lines += [
            f"  - name: service-{number}", "    type: STATIC", "    connect_timeout: 1s",
            "    lb_policy: LEAST_REQUEST",
            "    circuit_breakers:", "      thresholds:", "      - max_connections: 1024",
            "        max_requests: 4096",
            "    load_assignment:", f"      cluster_name: service-{number}",
            "      endpoints:", "      - lb_endpoints:",
        ]
        for index in range(endpoints):
            lines += [
                "        - endpoint:", "            address:", "              socket_address:",
                f"                address: 10.{number >> 8 & 255}.{number & 255}.{index + 1}",
                "                port_value: 8080",
            ]
    lines += [
        "  listeners:", "  - name: outbound",
        "    address: {socket_address: {address: 127.0.0.1, port_value: 0}}",
        "    filter_chains:", "    - filters:",
        "      - name: envoy.filters.network.http_connection_manager", "        typed_config:",
        '          "@type": type.googleapis.com/envoy.extensions.filters.network.'
        "http_connection_manager.v3.HttpConnectionManager",
        "          stat_prefix: outbound", "          route_config:", "            name: local",
        "            virtual_hosts:", "            - name: all", '              domains: ["*"]',
        "              routes:",
    ]
    for number in range(max(1, routes)):
        lines += [
            f"              - match: {{prefix: /service/{number}/}}",
            f"                route: {{cluster: service-{number % max(1, clusters)}}}",
        ]
    lines += [
        "          http_filters:", "          - name: envoy.filters.http.router",
        "            typed_config:",
        '              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
    ]
    return "\n".join(lines) + "\n"


class Process:
    def __init__(self, binary, path):
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [binary, "run", str(path), "--workers", "2"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.admin = None
        for line in self.process.stderr:
            found = re.search(r"admin bound address=\S+:(\d+)", line)
            if found:
                self.admin = int(found[1])
            if " ready " in line:
                break
        self.start_seconds = time.monotonic() - self.began

    def resident_kilobytes(self):
        text = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return int(re.search(r"^Rss:\s+(\d+)", text, re.M)[1])

    def anonymous_kilobytes(self):
        text = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return int(re.search(r"^Anonymous:\s+(\d+)", text, re.M)[1])

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}{path}") as answer:
            return answer.read().decode()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(40)
        self.process.stderr.close()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--binary", default=".build/release/pillion")
    options.add_argument("--clusters", type=int, default=1000)
    options.add_argument("--endpoints", type=int, default=10)
    options.add_argument("--routes", type=int, default=10000)
    options.add_argument("--reloads", type=int, default=15)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "envoy.yaml")

        def start(clusters, routes):
            path.write_text(configuration(clusters, given.endpoints, routes))
            return Process(given.binary, path)

        one = start(1, 1)
        base = one.anonymous_kilobytes()
        one.end()
        many = start(given.clusters, 1)
        before = many.anonymous_kilobytes()
        many.get("/stats")
        time.sleep(2)  # The memory of a large page goes back a second after it.
        after = many.anonymous_kilobytes()
        many.end()
        whole = start(given.clusters, given.routes)
        text = path.read_text()
        print(f"file {len(text) / 1e6:.1f} MB, start {whole.start_seconds * 1000:.0f} ms, "
              f"RSS {whole.resident_kilobytes() / 1024:.1f} MB")
        print(f"per cluster {(before - base) / given.clusters:.1f} kB, "
              f"after a scrape {(after - base) / given.clusters:.1f} kB")
        for cause, settle in [("one endpoint", 100)]:
            times, swaps = [], []
            for number in range(given.reloads):
                changed = text.replace("address: 10.1.44.3\n", f"address: 10.9.9.{number + 1}\n")
                other = Path(folder, ".new")
                other.write_text(changed)
                began = time.monotonic()
                os.rename(other, path)
                while True:
                    shown = json.loads(whole.get("/config_status"))
                    if int(shown["version"]) >= number + 2:
                        break
                    assert shown.get("last_attempt", {}).get("outcome") != "REJECTED", shown
                    time.sleep(0.001)
                times.append((time.monotonic() - began) * 1000 - settle)
                swaps.append(shown["last_attempt"]["duration_ms"])
            print(f"reload of {cause}: read, compiled and swapped in "
                  f"{statistics.median(swaps)} ms (median of {given.reloads}, "
                  f"most {max(swaps)} ms); from the event, without the {settle} ms that a file "
                  f"must settle, {statistics.median(times):.0f} ms")
        print(f"RSS after {given.reloads} reloads {whole.resident_kilobytes() / 1024:.1f} MB")
        whole.end()


if __name__ == "__main__":
    main()
