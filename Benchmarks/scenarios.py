"""The scenarios: who takes part, with which files, and what is measured of them."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import idling
import loads
from bench import Processes, envoy_binary, free_port
from envoyfile import dialling, envoy_file, serving
from peerfiles import haproxy_file, nginx_file

# In the order of the printout; the words are those of --help.
SCENARIOS = {
    "h1": "64 keep-alive connections, 64-byte responses",
    "h1log": "the same with an access log to a file",
    "one": "one connection",
    "close": "a new connection for each request",
    "rate": "latency at 2,000 requests/s over 20 connections, open loop",
    "full": "h1 with outlier detection, retries, a health check and ten header operations,\n"
            "beside the same proxy without them (\"plain\")",
    "h2": "HTTP/2 in clear text on both sides, 8 connections of 16 streams",
    "tls": "h1 with TLS 1.3 (P-256) from the client",
    "handshake": "full TLS 1.3 handshakes without a request, none resumed",
    "tcp": "h1 through a relay of bytes",
    "bulk": "1 GB through one connection of that relay",
    "pair": "latency that two sidecars with mTLS and HTTP/2 between them add, 1,000 requests/s of\n"
            "1 kB, open loop, beside no sidecar (\"direct\")",
    "pairh1": "the same with HTTP/1.1 between them",
    "idle": "memory with 2,000 idle connections",
    "idletls": "the same with TLS",
    "idleh2": "the same with HTTP/2 in clear text",
}
IDLE = {"idle": idling.plain, "idletls": idling.tls, "idleh2": idling.h2}
PAIRS = {"pair": "h2", "pairh1": "http/1.1"}
RATES = {"rate": (2000, "/"), "pair": (1000, "/kilobyte"), "pairh1": (1000, "/kilobyte")}


@dataclass(frozen=True)
class Bench:
    """What all scenarios of a run have in common."""

    pillion: str
    only: set
    seconds: int
    work: str
    h1: int
    h2: int
    certificates: object

    def turns(self, scenario, front):
        """Of each that takes part: its name and its processes, a command and its port each."""
        everyone = {"full": self._features, "pair": self._pairs, "pairh1": self._pairs}.get(
            scenario, self._single)(scenario, front)
        return {name: processes for name, processes in everyone.items()
                if (name in self.only or name in ("plain", "direct"))
                and all(shutil.which(command[0]) for command, _ in processes)}

    def _single(self, scenario, front):
        logs, tcp, http2 = scenario == "h1log", scenario in ("tcp", "bulk"), "h2" in scenario
        tls = self.certificates if scenario in ("tls", "handshake", "idletls") else None
        back = self.h2 if http2 else self.h1
        shared = envoy_file(self.work, front, back, Path(self.work, "access.log") if logs else None,
                            tcp=tcp, http2=http2, serve=tls and serving(tls, "http/1.1"))
        haproxy = haproxy_file(self.work, front, back, logs, tcp, http2, tls)
        everyone = {"pillion": [(self._pillion(shared), front)],
                    "haproxy": [(["haproxy", "-db", "-f", haproxy], front)],
                    "envoy": [(self._envoy(shared), front)]}
        if not tcp and not http2:
            nginx = nginx_file(self.work, front, back, logs, tls)
            everyone["nginx"] = [(["nginx", "-c", nginx], front)]
        return everyone

    def _features(self, _, front):
        plain = envoy_file(self.work, front, self.h1)
        full = envoy_file(self.work, front, self.h1, full=True, name="full")
        return {"pillion": [(self._pillion(full), front)], "plain": [(self._pillion(plain), front)],
                "envoy": [(self._envoy(full), front)]}

    def _pairs(self, scenario, front):
        """The sidecar of the server first, then the client's that dials it."""
        protocol, middle = PAIRS[scenario], free_port()
        server = envoy_file(self.work, middle, self.h1, name="server",
                            serve=serving(self.certificates, protocol, mutual=True))
        client = envoy_file(self.work, front, middle, name="client", http2=protocol == "h2",
                            dial=dialling(self.certificates, protocol))
        return {"direct": [],
                "pillion": [(self._pillion(server), middle), (self._pillion(client), front)],
                "envoy": [(self._envoy(server), middle), (self._envoy(client), front)]}

    def _pillion(self, file):
        return [self.pillion, "run", file, "--workers", "1"]

    def _envoy(self, file):
        return [envoy_binary() or "envoy", "-c", file, "--concurrency", "1", "-l", "warning",
                "--disable-hot-restart"]

    def measure(self, scenario, name, commands, front):
        """One turn: every figure by its name."""
        with Processes(commands, Path(self.work, name)) as processes:
            time.sleep(0.3)
            if scenario in IDLE:
                return self._idle(scenario, processes, front)
            if scenario == "bulk":
                return self._bulk(processes, front)
            return self._load(scenario, processes, front if commands else self.h1)

    def _load(self, scenario, processes, port):
        # At a low rate the clock of /proc, a hundredth of a second, needs longer.
        seconds = self.seconds * (2 if scenario in PAIRS or scenario == "handshake" else 1)
        self._drive(scenario, port, 1)
        user, kernel = processes.cpu_seconds()
        begin = time.monotonic()
        done, failed, times = self._drive(scenario, port, seconds)
        wall = time.monotonic() - begin
        user_after, kernel_after = processes.cpu_seconds()
        each = 1e6 / max(done, 1)
        result = {
            "user": (user_after - user) * each, "kernel": (kernel_after - kernel) * each,
            "cpu": (user_after - user + kernel_after - kernel) * each,
            "rps": done / wall, "rss": processes.resident_megabytes(), "failed": failed,
        }
        for figure, share in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999)):
            if times:
                result[figure] = times[min(len(times) - 1, int(len(times) * share))]
        return result

    def _drive(self, scenario, port, seconds):
        if scenario in RATES:
            rate, path = RATES[scenario]
            return loads.at_a_rate(port, seconds, self.work, rate, path)
        if scenario == "h2":
            return loads.streams(port, seconds)
        if scenario == "handshake":
            return loads.handshakes(port, seconds)
        return loads.wrk(port, seconds, connections=1 if scenario == "one" else 64,
                         headers=["Connection: close"] if scenario == "close" else [],
                         scheme="https" if scenario == "tls" else "http")

    def _bulk(self, processes, port):
        user, kernel = processes.cpu_seconds()
        seconds, whole = loads.bulk(port)
        user_after, kernel_after = processes.cpu_seconds()
        return {"seconds": seconds, "cpu_gb": user_after - user + kernel_after - kernel,
                "rss": processes.resident_megabytes(), "failed": 0 if whole else 1}

    def _idle(self, scenario, processes, port):
        before = processes.resident_megabytes()
        held = IDLE[scenario](port)
        # Memory that is given back late should count as given back.
        time.sleep(2)
        after = processes.resident_megabytes()
        for one in held:
            one.close()
        return {"rss": before, "rss_with_idle": after,
                "each": (after - before) * 1024 / idling.CONNECTIONS, "failed": 0}
