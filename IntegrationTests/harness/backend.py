"""A server for logs that speaks HTTP/1.1 on bare sockets, so that it can also break every rule of it.

`answer` is a function of a request; `fault`, while it is set, is what happens instead. What is listed in
`faults` happens once, before that.
"""

import gzip
import json
import socket
import ssl
import threading
from dataclasses import dataclass, field

from harness.certificates import certificates

MEGABYTE = 1 << 20


@dataclass
class Request:
    method: str
    target: str
    headers: dict
    body: bytes
    plain: bytes
    client: dict = None

    @property
    def path(self):
        return self.target.partition("?")[0]

    @property
    def json(self):
        return json.loads(self.plain)


@dataclass
class Answer:
    status: int
    body: object = b""
    headers: dict = field(default_factory=dict)

    @property
    def bytes(self):
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()

    def render(self):
        headers = {"content-length": str(len(self.bytes)), **self.headers}
        if not isinstance(self.body, (bytes, str)):
            headers.setdefault("content-type", "application/json")
        if self.status == 204:
            del headers["content-length"]
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {self.status} Test\r\n{lines}\r\n".encode() + self.bytes


def server_tls(leaf="server", client_authority=None):
    """A server's TLS with one of the tests' certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    one = certificates()[leaf]
    context.load_cert_chain(one.path, one.key_path)
    if client_authority:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_authority)
    return context


class Backend:
    """Listens at `port` until it is closed."""

    def __init__(self, answer=None, tls=None, address=("127.0.0.1", 0)):
        self.changed = threading.Condition()
        self.closing = threading.Event()
        self.answer = answer or (lambda request: Answer(200))
        self.tls = tls
        self.fault = None
        self.faults = []
        self.requests = []
        self.connections = 0
        self.errors = []
        self.listener = socket.create_server(address, backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def close(self):
        self.closing.set()
        # A listener that is only closed may still accept one.
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
        assert not self.errors, f"the stand-in itself failed: {self.errors}"

    def wait(self, condition, what, seconds=20.0):
        """Wait until `condition()` is true; it is asked after each request."""
        with self.changed:
            if not self.changed.wait_for(condition, seconds):
                raise AssertionError(f"waited {seconds} s in vain for {what}")

    # Connections

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connection, args=(connection,), daemon=True).start()

    def _connection(self, connection):
        connection.settimeout(30)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.changed:
            self.connections += 1
        try:
            if self.fault and hasattr(self.fault, "at_once"):
                self.fault(self, connection, None)
                return
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self._serve(connection)
        except (OSError, ssl.SSLError, ValueError):
            pass
        except Exception as error:  # the stand-in's own mistake, told at the end
            self.errors.append(repr(error))
        finally:
            connection.close()

    def _serve(self, connection):
        pending = b""
        while not self.closing.is_set():
            while b"\r\n\r\n" not in pending:
                piece = connection.recv(65536)
                if not piece:
                    return
                pending += piece
            head, _, pending = pending.partition(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            method, target, _ = lines[0].split(" ")
            headers = {}
            for line in lines[1:]:
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            length = int(headers.get("content-length", 0))
            pieces = [pending]
            count = len(pending)
            while count < length:
                piece = connection.recv(min(1 << 18, length - count))
                if not piece:
                    return
                pieces.append(piece)
                count += len(piece)
            body = b"".join(pieces)
            body, pending = body[:length], body[length:]
            is_packed = headers.get("content-encoding") == "gzip"
            client = connection.getpeercert() if self.tls else None
            request = Request(method, target, headers, body,
                              gzip.decompress(body) if is_packed else body, client)
            with self.changed:
                self.requests.append(request)
                fault = self.faults.pop(0) if self.faults else self.fault
            if fault:
                try:
                    fault(self, connection, request)
                finally:
                    with self.changed:
                        self.changed.notify_all()
                return
            with self.changed:
                answer = self.answer(request)
            connection.sendall(answer.render())
            with self.changed:
                self.changed.notify_all()


# What may happen instead of an answer. Each ends the connection.

def answers(status, body=b"", **headers):
    """An answer by the rules, but not the one that was hoped for."""
    answer = Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})

    def fault(backend, connection, request):
        connection.sendall(answer.render())

    fault.answer = answer
    return fault


def sends(*pieces):
    """These bytes, and the end of the connection."""
    def fault(backend, connection, request):
        for piece in pieces:
            connection.sendall(piece)

    return fault


def at_once(fault):
    """The fault as soon as there is a connection, before any handshake."""
    def early(backend, connection, request):
        fault(backend, connection, request)

    early.at_once = True
    return early


def page(backend, connection, request):
    """Somebody else answers: a page that says that all is well."""
    body = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>It works!</body></html>"
    connection.sendall(Answer(200, body, {"content-type": "text/html"}).render())


def closes(backend, connection, request):
    """No answer."""


def resets(backend, connection, request):
    linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def hangs(backend, connection, request):
    backend.closing.wait(20)


def drips(backend, connection, request):
    """An answer that never ends, byte by byte."""
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
    while not backend.closing.wait(0.02):
        connection.sendall(b" ")


def huge(status, megabytes=100):
    """An answer that no one needs so much of."""
    def fault(backend, connection, request):
        size = megabytes * MEGABYTE
        connection.sendall(f"HTTP/1.1 {status} Huge\r\ncontent-length: {size}\r\n\r\n".encode())
        piece = b'{"a":"' + b"x" * 100 + b'"},'
        piece *= MEGABYTE // len(piece)
        sent = 0
        while sent < size:
            part = piece[:size - sent]
            connection.sendall(part)
            sent += len(part)

    return fault


def long_head(backend, connection, request):
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    line = b"x-%d: " + b"y" * 1000 + b"\r\n"
    for number in range(10_000):
        connection.sendall(line % number)


def continues(backend, connection, request):
    """Interim answers before the real one, which nobody asked for and everybody must take."""
    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n")
    with backend.changed:
        answer = backend.answer(request)
    connection.sendall(answer.render())


def taken_and(fault):
    """The backend takes the request, and its answer is lost."""
    def after(backend, connection, request):
        with backend.changed:
            backend.answer(request)
        fault(backend, connection, request)

    return after
