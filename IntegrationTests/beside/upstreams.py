"""The upstreams that both proxies share: named endpoints that do what the request's script says."""

import socket
import threading
import time
from collections import defaultdict

from beside.case import Answer
from harness.peer import Peer, refused_port

TRACE = "x-trace"
_REASONS = {200: "OK", 404: "Not Found", 500: "Internal Server Error", 503: "Service Unavailable"}


class Upstreams:
    """Peers by name. What arrives is kept by the request's trace, so two proxies can share them."""

    def __init__(self, names, hosts=None, others=None):
        self.scripts = {}
        self.arrivals = defaultdict(list)
        self.attempts = defaultdict(int)
        self.lock = threading.Lock()
        # What health checks get, by endpoint and path, and which ones came: they have no trace.
        self.checks = {}
        self.checked = defaultdict(list)
        self.peers = {}
        for name in names:
            peer = Peer(answer=lambda request, name=name: self.answer(name, request),
                        host=(hosts or {}).get(name, "127.0.0.1"))
            peer.keeps_bytes = False
            peer.record = lambda request: None
            self.peers[name] = peer
        self.others = {name: make(self) for name, make in (others or {}).items()}
        self.kept, self.dead = refused_port()
        # Never accepts, and its queue is full: connecting to it takes for ever.
        self.hole_socket, self.hole, self.fillers = full_listener()

    def __getitem__(self, name):
        return (self.others.get(name) or self.peers[name]).port

    def ports(self, names):
        return [self.peers[name].port for name in names]

    def script(self, trace, answers):
        if answers:
            self.scripts[trace] = answers

    def answer(self, name, request):
        return perform(self.chosen(name, request), name, request)

    def chosen(self, name, request):
        """Keep a request, and say what the script has for it."""
        trace = request.header(TRACE)
        if trace is None:
            self.checked[name, request.target].append(request)
            answer = self.checks.get((name, request.target), _PLAIN)
        else:
            with self.lock:
                self.arrivals[trace].append((name, request))
                number = self.attempts[trace]
                self.attempts[trace] += 1
            script = self.scripts.get(trace)
            if isinstance(script, dict):
                answer = script.get(name, _PLAIN)
            else:
                answer = script[min(number, len(script) - 1)] if script else _PLAIN
        return answer

    def close(self):
        for peer in [*self.peers.values(), *self.others.values()]:
            peer.close()
        self.kept.close()
        for one in (self.hole_socket, *self.fillers):
            one.close()


_PLAIN = Answer()


def perform(answer, name, request):
    if answer.delay:
        time.sleep(answer.delay)
    connection = request.connection
    if answer.instead == "close":
        connection.close()
    elif answer.instead == "reset":
        connection.reset()
    elif answer.instead == "silent":
        connection.until_closed()
    elif answer.instead == "cut":
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut")
        connection.close()
    elif answer.instead == "stall":
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut")
        connection.until_closed()
    elif answer.instead == "garbage":
        return b"\x00\x01\x02 nonsense\r\n\r\n"
    else:
        return rendered(answer, name, request, connection)
    return None


def rendered(answer, name, request, connection):
    body = (name if answer.body is None else answer.body).encode()
    lines = [f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Reason')}"]
    if answer.status not in (204, 304):
        lines.append("transfer-encoding: chunked" if answer.trailers
                     else f"content-length: {len(body)}")
    lines += answer.headers
    if answer.closes:
        lines.append("connection: close")
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    has_body = request.method != "HEAD" and answer.status not in (204, 304)
    if answer.trailers:
        rest = "\r\n".join(("0", *answer.trailers)).encode("latin-1") + b"\r\n\r\n"
        body = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + rest
    message = head + body if has_body else head
    if answer.closes:
        connection.send(message)
        connection.close()
        return None
    return message


def full_listener():
    """A port that takes no connection, and whose clients wait: its queue is full."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    address = listener.getsockname()
    fillers = []
    for _ in range(4):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(address)
        fillers.append(one)
    return listener, address[1], fillers
