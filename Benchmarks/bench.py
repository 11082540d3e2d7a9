"""What the benchmarks share: processes on a core of their own, and what /proc says of them."""

import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
BODY = "x" * 64
# The process under test has this core to itself; load and backend share the other.
PROXY_CORE, LOAD_CORE = 1, 0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def envoy_binary():
    found = importlib.util.find_spec("envoy")
    for root in (found.submodule_search_locations or []) if found else []:
        path = Path(root, "_bin", "envoy")
        if path.exists():
            return str(path)
    return shutil.which("envoy")


class Process:
    """A child on one core; a context manager that always ends it."""

    def __init__(self, command, core, log, port, env=None):
        self.log = Path(log)
        self.port = port
        with open(log, "w") as output:
            self.child = subprocess.Popen(
                ["taskset", "-c", str(core), *command], stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True, env={**os.environ, **(env or {})})
        self.pid = self.child.pid

    def __enter__(self):
        end = time.monotonic() + 15
        while time.monotonic() < end and self.child.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
                return self
            except OSError:
                time.sleep(0.02)
        self.stop()
        raise RuntimeError("did not start: " + self.log.read_text()[-400:])

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(5)
            except subprocess.TimeoutExpired:
                self.child.kill()
        self.child.wait()

    def cpu_seconds(self):
        """User and kernel time of all its threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) / TICKS, int(fields[12]) / TICKS

    def resident_megabytes(self):
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024


def backend(work):
    """nginx that answers 64 bytes from memory."""
    port = free_port()
    conf = Path(work, "backend.conf")
    conf.write_text(f"""daemon off; master_process off; worker_processes 1;
pid {work}/backend.pid; error_log /dev/null;
events {{ worker_connections 20000; }}
http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 3600s;
  server {{ listen 127.0.0.1:{port} backlog=4096;
    location / {{ default_type text/plain; return 200 "{BODY}"; }} }} }}
""")
    return Process(["nginx", "-c", str(conf)], LOAD_CORE, Path(work, "backend.log"), port)


# What a service in production has switched on; ten header operations.
FEATURES = (
    """
              request_headers_to_add:
              - { header: { key: x-one, value: one }, append_action: OVERWRITE_IF_EXISTS_OR_ADD }
              - { header: { key: x-two, value: two }, append_action: ADD_IF_ABSENT }
              - { header: { key: x-three, value: three } }
              - { header: { key: x-protocol, value: "%PROTOCOL%" } }
              request_headers_to_remove: [x-secret, x-debug]
              response_headers_to_add:
              - { header: { key: x-four, value: four }, append_action: OVERWRITE_IF_EXISTS_OR_ADD }
              - { header: { key: x-five, value: five } }
              response_headers_to_remove: [x-powered-by, x-internal]""",
    ", retry_policy: { retry_on: \"5xx,reset,connect-failure\", num_retries: 2 }",
    """
    outlier_detection: { consecutive_5xx: 5 }
    health_checks:
    - timeout: 1s
      interval: 5s
      unhealthy_threshold: 3
      healthy_threshold: 1
      http_health_check: { path: / }""",
)


def envoy_file(work, front, back, log_path=None, full=False):
    """One listener, one route, one cluster: what Pillion and Envoy both read."""
    log = "" if log_path is None else f"""
          access_log:
          - name: envoy.access_loggers.file
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
              path: {log_path}"""
    operations, retries, watches = FEATURES if full else ("", "", "")
    text = f"""static_resources:
  listeners:
  - name: bench
    address: {{ socket_address: {{ address: 127.0.0.1, port_value: {front} }} }}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: bench
          route_config:
            name: local
            virtual_hosts:
            - name: local
              domains: ["*"]{operations}
              routes:
              - match: {{ prefix: "/" }}
                route: {{ cluster: app{retries} }}
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router{log}
  clusters:
  - name: app
    connect_timeout: 1s
    type: STATIC{watches}
    circuit_breakers:
      thresholds:
      - {{ max_connections: 100000, max_pending_requests: 100000, max_requests: 100000 }}
    load_assignment:
      cluster_name: app
      endpoints:
      - lb_endpoints:
        - endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {back} }} }} }}
"""
    path = Path(work, "envoy.yaml")
    path.write_text(text)
    return str(path)


def wrk(port, seconds, connections=64, headers=()):
    """Requests done and failed."""
    command = ["taskset", "-c", str(LOAD_CORE), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s"]
    for header in headers:
        command += ["-H", header]
    out = subprocess.run([*command, f"http://127.0.0.1:{port}/"], capture_output=True, text=True,
                         check=True).stdout
    done = int(re.search(r"(\d+) requests in", out)[1])
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    errors = re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
    failed = (int(refused[1]) if refused else 0) + (
        sum(map(int, errors.groups())) if errors else 0)
    return done, failed
