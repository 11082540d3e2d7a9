"""A raw HTTP/1.1 client that shows exactly what came back, and whether it came whole."""

import json
import socket
from dataclasses import dataclass, field


@dataclass
class Response:
    status: int
    reason: str
    headers: list  # of (name, value), in order, case kept
    body: bytes = b""
    trailers: list = field(default_factory=list)
    version: str = "HTTP/1.1"
    # False where the connection ended before the framing said so.
    complete: bool = True

    def header(self, name, default=None):
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return default

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")


class Truncated(Exception):
    """The peer closed in the middle of a message."""


class Client:
    """One connection. Use as a context manager, or close it."""

    def __init__(self, target, timeout=15.0, receive_buffer=None, source=None):
        if isinstance(target, str):
            self.socket = socket.socket(socket.AF_UNIX)
        elif isinstance(target, tuple) and ":" in target[0]:
            self.socket = socket.socket(socket.AF_INET6)
        else:
            self.socket = socket.socket()
        target = ("127.0.0.1", target) if isinstance(target, int) else target
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            self.socket.bind((source, 0))
        self.socket.settimeout(timeout)
        self.socket.connect(target)
        if self.socket.family != socket.AF_UNIX:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pending = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Close with a RST instead of a FIN."""
        import struct

        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    # Sending

    def start(self, method="GET", path="/", headers=(), body=None, host="test"):
        """Send a request and do not wait for its response."""
        lines = [f"{method} {path} HTTP/1.1"]
        pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
        if host is not None and not any(name.lower() == "host" for name, _ in pairs):
            lines.append(f"Host: {host}")
        lines += [f"{name}: {value}" for name, value in pairs]
        if body is not None:
            body = body.encode() if isinstance(body, str) else body
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines) + "\r\n\r\n")
        if body:
            self.send(body)

    def request(self, method="GET", path="/", headers=(), body=None, host="test"):
        self.start(method, path, headers, body, host)
        return self.response(method)

    # Receiving

    def fill(self):
        data = self.socket.recv(65536)
        if not data:
            raise Truncated
        self.pending += data

    def line(self):
        while (end := self.pending.find(b"\r\n")) < 0:
            self.fill()
        text = bytes(self.pending[:end])
        del self.pending[: end + 2]
        return text.decode("latin-1")

    def exactly(self, count):
        while len(self.pending) < count:
            self.fill()
        data = bytes(self.pending[:count])
        del self.pending[:count]
        return data

    def _fields(self):
        fields = []
        while text := self.line():
            name, separator, value = text.partition(":")
            assert separator, f"not a field line: {text!r}"
            fields.append((name, value.strip()))
        return fields

    def head(self):
        """The next response head, 1xx included. The body is left on the connection."""
        version, status, reason = (self.line() + "  ").split(" ", 2)
        return Response(int(status), reason.strip(), self._fields(), version=version)

    def response(self, method="GET", interim=None):
        """The next final response; interim ones go into the list `interim`."""
        while True:
            response = self.head()
            if response.status >= 200 or response.status == 101:
                break
            if interim is not None:
                interim.append(response)
        try:
            self._body(response, method)
        except (Truncated, ConnectionResetError):
            response.complete = False
        return response

    def _body(self, response, method):
        if method == "HEAD" or response.status in (101, 204, 304):
            return
        coding = response.header("transfer-encoding", "")
        length = response.header("content-length")
        parts = []
        try:
            if coding.lower() == "chunked":
                while size := int(self.line().split(";")[0], 16):
                    parts.append(self.exactly(size))
                    assert self.exactly(2) == b"\r\n"
                response.trailers = self._fields()
            elif length is not None:
                rest = int(length)
                while rest:
                    if not self.pending:
                        self.fill()
                    piece = self.exactly(min(rest, len(self.pending)))
                    parts.append(piece)
                    rest -= len(piece)
            else:
                parts.append(self.until_close())
        finally:
            response.body = b"".join(parts)

    def until_close(self):
        """Everything up to the peer's FIN."""
        while True:
            try:
                self.fill()
            except Truncated:
                data = bytes(self.pending)
                self.pending.clear()
                return data

    def is_closed(self):
        """Wait for the peer to close; anything else that it sends fails the test."""
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            return True
        assert not data and not self.pending, f"more came: {bytes(self.pending) + data!r}"
        return True


def fetch(target, method="GET", path="/", headers=(), body=None, host="test", timeout=15.0):
    """One request on a connection of its own."""
    with Client(target, timeout) as client:
        return client.request(method, path, headers, body, host)
