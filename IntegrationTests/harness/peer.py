"""An upstream whose every byte is scripted and recorded."""

import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass


@dataclass
class Request:
    method: str
    target: str
    version: str
    headers: list
    body: bytes
    raw_head: bytes
    trailers: list
    connection: "Connection"

    def header(self, name, default=None):
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return default

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]


class Gone(Exception):
    """The sidecar closed the connection."""


class Connection:
    """One connection from the sidecar, seen from the upstream."""

    def __init__(self, sock, number, peer):
        self.socket = sock
        self.number = number
        self.peer = peer
        self.received = bytearray()
        self.used = 0
        self.requests = 0
        self.ended = threading.Event()

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def fill(self):
        try:
            data = self.socket.recv(65536)
        except (ConnectionResetError, OSError):
            data = b""
        if not data:
            raise Gone
        if self.peer.keeps_bytes:
            self.received += data
        else:
            del self.received[: self.used]
            self.used = 0
            self.received += data

    def exactly(self, count):
        while len(self.received) - self.used < count:
            self.fill()
        data = bytes(self.received[self.used : self.used + count])
        self.used += count
        return data

    def line(self):
        while (end := self.received.find(b"\r\n", self.used)) < 0:
            self.fill()
        text = bytes(self.received[self.used : end])
        self.used = end + 2
        return text.decode("latin-1")

    def fields(self):
        fields = []
        while text := self.line():
            name, _, value = text.partition(":")
            fields.append((name, value.strip()))
        return fields

    def read_head(self):
        """The next request head; its body is left on the connection."""
        begin = self.line()
        method, target, version = begin.split(" ")
        fields = self.fields()
        raw = "\r\n".join([begin] + [f"{n}: {v}" for n, v in fields]).encode("latin-1")
        self.requests += 1
        return Request(method, target, version, fields, b"", raw, [], self)

    def read_body(self, request):
        parts = []
        if request.header("transfer-encoding", "").lower() == "chunked":
            while size := int(self.line().split(";")[0], 16):
                parts.append(self.exactly(size))
                self.exactly(2)
            request.trailers = self.fields()
        else:
            rest = int(request.header("content-length", "0"))
            while rest:
                if len(self.received) == self.used:
                    self.fill()
                piece = self.exactly(min(rest, len(self.received) - self.used))
                parts.append(piece)
                rest -= len(piece)
        request.body = b"".join(parts)
        return request

    def reset(self):
        """Close with a RST: what waits in the kernel is thrown away on both sides."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def half_close(self):
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        with suppress(OSError):
            self.socket.close()

    def until_closed(self):
        """Wait until the sidecar closes or resets."""
        with suppress(Gone):
            while True:
                self.fill()


def ok(body=b"ok", status=200, headers=(), reason="OK"):
    """A response with a length, on a connection that stays open."""
    body = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} {reason}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class Peer:
    """Accepts connections and runs `serve(connection)` for each in a thread of its own.

    Without `serve`, every request is read whole, recorded, and answered with what
    `answer(request)` returns: bytes, or None where it did everything itself.
    """

    def __init__(self, answer=None, serve=None, host="127.0.0.1", port=0, backlog=1024):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.socket(family)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((host, port))
        self.listener.listen(backlog)
        self.port = self.listener.getsockname()[1]
        self.answer = answer or (lambda request: ok())
        self.serve = serve or self.serve_requests
        self.changed = threading.Condition()
        self.requests = []
        self.connections = []
        self.errors = []
        # Off for large bodies: keeping every byte of every connection would cost too much.
        self.keeps_bytes = True
        self.stopped = False
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.stopped = True
        # Wakes the accepting thread, which close alone would not.
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in list(self.connections):
            with suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept(self):
        while not self.stopped:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.changed:
                connection = Connection(sock, len(self.connections), self)
                self.connections.append(connection)
                self.changed.notify_all()
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection):
        try:
            self.serve(connection)
        except (Gone, ConnectionError, BrokenPipeError):
            pass
        except OSError as error:
            if not self.stopped and error.errno != 9:
                self.errors.append(error)
        except Exception as error:  # shown by the fixture that owns the peer
            self.errors.append(error)
        finally:
            connection.close()
            with self.changed:
                connection.ended.set()
                self.changed.notify_all()

    def record(self, request):
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()

    def serve_requests(self, connection):
        while True:
            request = connection.read_body(connection.read_head())
            self.record(request)
            reply = self.answer(request)
            if reply is not None:
                connection.send(reply)

    # Waiting

    def wait(self, condition, what, seconds=10):
        with self.changed:
            assert self.changed.wait_for(condition, seconds), f"waited in vain for {what}"

    def wait_requests(self, count, seconds=10):
        self.wait(lambda: len(self.requests) >= count, f"{count} requests", seconds)
        return self.requests

    def wait_connections(self, count, seconds=10):
        self.wait(lambda: len(self.connections) >= count, f"{count} connections", seconds)
        return self.connections

    def wait_all_closed(self, seconds=10):
        self.wait(
            lambda: all(c.ended.is_set() for c in self.connections), "closed connections", seconds
        )

    @property
    def bytes_received(self):
        return sum(len(connection.received) for connection in self.connections)


def refused_port():
    """A port on which connections are refused: bound, and not listening, for as long as it is kept."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock, sock.getsockname()[1]
