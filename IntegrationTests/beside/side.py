"""One proxy of the two, and everything that can be seen of it."""

import json
import os
import re
import threading
import time
from collections import Counter
from dataclasses import replace
from fnmatch import fnmatchcase

from beside.case import Ask
from beside.upstreams import TRACE
from harness.client import Client, Truncated
from harness.waiting import wait_until

# Values that no two runs share; that the header is there is compared.
_VARYING = {
    "x-request-id": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "x-envoy-upstream-service-time": re.compile(r"\d{1,4}"),
    "server": re.compile("envoy|pillion"),
}
_LEFT_TIME = "x-envoy-expected-rq-timeout-ms"
_LEFT_OUT = {"date", TRACE}


class Side:
    """A running proxy with the traces of its own requests."""

    def __init__(self, letter, proxy, upstreams, barrier):
        self.letter = letter
        self.proxy = proxy
        self.upstreams = upstreams
        self.barrier = barrier
        self.number = 0
        self.read = 0
        self.lines = {}

    # Asking

    def trace(self):
        self.number += 1
        return f"{self.letter}{self.number}"

    def port(self, listener):
        return self.proxy.ports[listener]

    def send(self, client, ask):
        """Write a request; its trace."""
        trace = self.trace()
        self.upstreams.script(trace, ask.upstream)
        lines = [f"{ask.method} {ask.path} HTTP/1.1"]
        if ask.host is not None:
            lines.append("Host: " + ask.host.replace("{port}", str(self.port(ask.listener))))
        lines += [f"{TRACE}: {trace}", *ask.headers]
        if ask.body is not None:
            lines.append(f"Content-Length: {len(ask.body)}")
        client.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (ask.body or b""))
        return trace

    def respond(self, ask):
        """Send one request on a connection of its own: its trace, and the response or None."""
        if ask.pause:
            time.sleep(ask.pause)
        with Client(self.port(ask.listener), ask.patience, source=ask.source) as client:
            trace = self.send(client, ask)
            try:
                return trace, client.response(ask.method)
            except (Truncated, ConnectionResetError, TimeoutError):
                return trace, None

    def ask(self, ask, arrivals=0):
        """All that one request showed, when its log line is there."""
        trace, response = self.respond(ask)
        return self.observation(trace, response, arrivals=arrivals)

    def answers(self, asks):
        """Who answered each request, one after the other; a status where no endpoint did."""
        found, client, way = [], None, None
        for ask in asks:
            if client is None or way != (ask.listener, ask.source):
                if client:
                    client.close()
                way = (ask.listener, ask.source)
                client = Client(self.port(ask.listener), source=ask.source)
            self.send(client, ask)
            response = client.response(ask.method)
            found.append(response.text if response.status == 200 else str(response.status))
            if response.header("connection") == "close":
                client.close()
                client = None
        if client:
            client.close()
        return found

    def spread(self, draws=100, ask=None):
        """How often each endpoint answered the same request."""
        return Counter(self.answers([ask or Ask()] * draws))

    def who(self, draws=30, ask=None):
        """Which endpoints answer at all, sorted."""
        return sorted(self.spread(draws, ask))

    # Seeing

    def observation(self, trace, response, arrivals=0, unordered=False, bodies=False):
        if arrivals:
            wait_until(lambda: len(self.upstreams.arrivals[trace]) >= arrivals, "arrivals", 5)
        log = self.log(trace)
        is_relayed = bodies or log.get("details") in ("via_upstream", "direct_response")
        arrived = list(self.upstreams.arrivals[trace])
        seen = [self.request_seen(*one, attempt) for attempt, one in enumerate(arrived)]
        if unordered:
            # Which one came first is chance, and so is what would be masked as a later one.
            seen = [self.request_seen(*one, 0) for one in arrived]
            seen.sort(key=lambda one: (one["endpoint"], json.dumps(one)))
        result = {"status": None}
        if response is not None:
            result = {"status": response.status, "headers": table(response.headers),
                      "complete": response.complete}
            if is_relayed:
                result["body"] = response.text
            else:
                result["headers"] = without_words(result["headers"])
        return {**result, "seen": seen, "log": log}

    def upstreams_arrived(self, trace, count=1):
        """Wait until a request reached an upstream."""
        wait_until(lambda: len(self.upstreams.arrivals[trace]) >= count, "arrivals", 5)

    def request_seen(self, name, request, attempt):
        headers = self.portless(table(request.headers))
        # What is left of a timeout of seconds differs by milliseconds from run to run.
        if attempt and len(headers.get(_LEFT_TIME, "")) > 3:
            headers[_LEFT_TIME] = "*"
        return {
            "endpoint": name, "method": request.method, "target": request.target,
            "headers": headers, "body": request.body.decode("latin-1"),
        }

    def portless(self, headers):
        """The port of the own listener differs between the two."""
        own = {str(port) for port in self.proxy.ports.values()}
        return {name: "{port}" if value in own else value for name, value in headers.items()}

    def log(self, trace):
        """The access log's line of a request."""
        return wait_until(lambda: self.log_now(trace), f"the log line of {trace}", 5)

    def log_now(self, trace):
        """The line where it is there already."""
        text = self.proxy.log_text()
        whole = text.rfind("\n") + 1
        for line in text[self.read : whole].splitlines():
            entry = json.loads(line)
            # The system's words for a failed connection are left out.
            entry["details"] = re.sub(r"\|[^}]*", "", entry["details"] or "")
            entry["flags"] = ",".join(sorted((entry["flags"] or "").split(",")))
            # A head that was refused has no trace: it is the last request's.
            self.lines[entry.pop("trace") or trace] = entry
        self.read = whole
        return self.lines.get(trace)

    def stats(self, names=None):
        """Statistics by name; names with a star stand for all that match."""
        values = self.proxy.stats()
        if names is None:
            return values
        found = {name: values.get(name, 0) for name in names if "*" not in name}
        for pattern in names:
            if "*" in pattern:
                found |= {name: value for name, value in values.items()
                          if fnmatchcase(name, pattern)}
        return found

    def stat(self, name):
        return self.proxy.stat(name)

    def reaches(self, name, value, seconds=5):
        """Wait until a statistic is at least so much."""
        wait_until(lambda: self.stat(name) >= value, f"{name} >= {value}", seconds)

    def becomes(self, name, value, seconds=5):
        """Wait until a statistic is exactly so much."""
        wait_until(lambda: self.stat(name) == value, f"{name} == {value}", seconds)

    def endpoints(self, cluster):
        """What the admin page says of each endpoint of a cluster, by the endpoint's name."""
        names = {peer.port: name for name, peer in self.upstreams.peers.items()}
        names[self.upstreams.dead] = "dead"
        for status in self.proxy.admin("/clusters?format=json").json()["cluster_statuses"]:
            if status["name"] == cluster:
                return {names[host["address"]["socket_address"]["port_value"]]: host
                        for host in status.get("host_statuses", [])}
        return {}

    def owns(self, connection):
        """True where a connection of an upstream comes from this proxy and not from the other."""
        try:
            port = connection.socket.getpeername()[1]
        except OSError:
            return False
        wanted = f":{port:04X}"
        with open("/proc/net/tcp") as lines:
            nodes = {fields[9] for fields in map(str.split, lines) if fields[1].endswith(wanted)}
        folder = f"/proc/{self.proxy.pid}/fd"
        for name in os.listdir(folder):
            try:
                target = os.readlink(f"{folder}/{name}")
            except OSError:
                continue
            if target[8:-1] in nodes:
                return True
        return False

    # Playing together

    def together(self, action=None):
        """Wait for the other side; then one of the two does this, and both go on."""
        if self.barrier.wait(30) == 0 and action is not None:
            action()
        self.barrier.wait(30)

    def all_at_once(self, asks):
        """Send requests at the same time, each on its own connection; statuses, in order."""
        results = [None] * len(asks)

        def run(position, ask):
            _, response = self.respond(ask)
            results[position] = response.status if response else None

        threads = [threading.Thread(target=run, args=pair) for pair in enumerate(asks)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    def every(self, ask, **changes):
        return self.ask(replace(ask, **changes))


def table(fields):
    """Header lines by lower-cased name, repeated values in order."""
    found = {}
    for name, value in fields:
        name = name.lower()
        if name in _LEFT_OUT:
            continue
        is_varying = name in _VARYING and _VARYING[name].fullmatch(value)
        found.setdefault(name, []).append("*" if is_varying else value)
    # RFC 9110 section 5.3: lines of one name are a list with commas, but for cookies to be set.
    return {name: (" and " if name == "set-cookie" else ",").join(values)
            for name, values in found.items()}


def without_words(headers):
    """The headers of a local reply without what depends on its words, which are our own."""
    return {name: value for name, value in headers.items()
            if name not in ("content-length", "x-pillion-reason")
            and (name, value) != ("content-type", "text/plain")}
