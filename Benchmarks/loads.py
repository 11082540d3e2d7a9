"""Load: each function drives a port for some seconds and says how many requests were answered, how
many failed, and where it is known how long each took (microseconds, sorted)."""

import re
import socket
import subprocess
import time
from pathlib import Path

from backends import LARGE_BYTES, LARGE_TIMES
from bench import LOAD_CORE

PINNED = ["taskset", "-c", str(LOAD_CORE)]
HANDSHAKERS = 4


def wrk(port, seconds, connections=64, headers=(), scheme="http"):
    """Keep-alive connections, each with one request at a time."""
    command = [*PINNED, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s"]
    for header in headers:
        command += ["-H", header]
    out = subprocess.run([*command, f"{scheme}://127.0.0.1:{port}/"], capture_output=True,
                         text=True, check=True).stdout
    done = int(re.search(r"(\d+) requests in", out)[1])
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    errors = re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
    failed = (int(refused[1]) if refused else 0) + (
        sum(map(int, errors.groups())) if errors else 0)
    return done, failed, []


def streams(port, seconds):
    """HTTP/2 with prior knowledge: 8 connections of 16 streams."""
    out = _h2load("-c8", "-m16", "-D", str(seconds), f"http://127.0.0.1:{port}/")
    return (*_counts(out), [])


def at_a_rate(port, seconds, work, rate, path="/"):
    """Requests that begin when they are due, whether or not the ones before were answered."""
    log = Path(work, "h2load.log")
    log.unlink(missing_ok=True)
    out = _h2load("--h1", "-c20", f"--rps={rate // 20}", "-n", str(rate * seconds),
                  f"--log-file={log}", f"http://127.0.0.1:{port}{path}")
    return (*_counts(out), sorted(int(line.split()[2]) for line in log.read_text().splitlines()))


def _h2load(*arguments):
    return subprocess.run([*PINNED, "h2load", "-t1", *arguments], capture_output=True,
                          text=True).stdout


def _counts(out):
    done, failed, errored = map(
        int, re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored", out).groups())
    return done, failed + errored


def handshakes(port, seconds):
    """Full handshakes of TLS 1.3, each on a new connection and without a request."""
    command = [*PINNED, "openssl", "s_time", "-connect", f"127.0.0.1:{port}", "-new", "-tls1_3",
               "-time", str(seconds)]
    clients = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True) for _ in range(HANDSHAKERS)]
    done, failed = 0, 0
    for client in clients:
        found = re.search(r"(\d+) connections in \d+ real seconds", client.communicate()[0])
        done += int(found[1]) if found else 0
        failed += 0 if found and client.returncode == 0 else 1
    return done, failed, []


def bulk(port):
    """1 GB through one connection; the figure is the seconds that it took.

    MSG_TRUNC leaves the bytes in the kernel, so that the receiver takes little of its core.
    """
    request = b"GET /large HTTP/1.1\r\nHost: bench\r\n"
    begin, got, room = time.monotonic(), 0, memoryview(bytearray(1 << 20))
    with socket.create_connection(("127.0.0.1", port), 5) as one:
        one.settimeout(60)
        one.sendall((request + b"\r\n") * (LARGE_TIMES - 1) + request + b"Connection: close\r\n\r\n")
        while (count := one.recv_into(room, len(room), socket.MSG_TRUNC)) > 0:
            got += count
    return time.monotonic() - begin, got >= LARGE_BYTES * LARGE_TIMES
