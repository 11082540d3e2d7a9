"""Upstreams over HTTP/2 whose answers a test writes frame by frame."""

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

from harness.h2peer import PREFACE, Ended, Http2


@dataclass
class Http2Request:
    """A request as an upstream got it. `headers` has the pseudo headers too, in order."""

    method: str
    target: str
    headers: list
    body: bytes
    trailers: list
    connection: "Http2"
    number: int

    def header(self, name, default=None):
        for key, value in self.headers:
            if key == name.lower():
                return value
        return default

    def all(self, name):
        return [value for key, value in self.headers if key == name.lower()]


class Http2Peer:
    """An upstream: `answer(request)` runs for each whole request in a thread of its own.

    With `early` it runs when the head is there. `script(connection)` runs for each connection
    first, and may send what it likes. `context` puts it inside of TLS.
    """

    def __init__(self, answer=None, settings=None, script=None, early=False, context=None,
                 host="127.0.0.1"):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((host, 0))
        self.listener.listen(128)
        self.port = self.listener.getsockname()[1]
        self.answer = answer or (lambda request: respond(request))
        self.settings, self.script, self.early = settings, script, early
        self.context = context
        self.connections = []
        self.requests = []
        self.errors = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._run, args=(sock,), daemon=True).start()

    def _run(self, sock):
        try:
            if self.context:
                sock = self.context.wrap_socket(sock, server_side=True)
            connection = Http2(sock, is_client=False, settings=self.settings, timeout=60)
            self.connections.append(connection)
            begin = connection.exactly(len(PREFACE), time.monotonic() + 60)
            if begin != PREFACE:
                connection.abort()
                return
            if self.script:
                self.script(connection)
            self._serve(connection)
        except (Ended, TimeoutError, OSError, ValueError):
            pass
        except Exception as error:
            self.errors.append(error)
        finally:
            with suppress(OSError):
                sock.close()

    def _serve(self, connection):
        begun = set()
        while True:
            frame = connection.read(time.monotonic() + 3600)
            number = frame.stream_id
            stream = connection.streams.get(number)
            if not number or stream is None or number in begun or not stream.heads:
                continue
            if stream.ended or self.early:
                begun.add(number)
                threading.Thread(
                    target=self._answer, args=(connection, stream), daemon=True).start()

    def _answer(self, connection, stream):
        head = dict(stream.heads[0])
        request = Http2Request(
            head.get(":method"), head.get(":path"), list(stream.heads[0]), bytes(stream.data),
            stream.heads[1] if len(stream.heads) > 1 else [], connection, stream.number)
        self.requests.append(request)
        try:
            self.answer(request)
        except (OSError, Ended, TimeoutError):
            pass
        except Exception as error:
            self.errors.append(error)

    def close(self):
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            with suppress(OSError):
                connection.close()


def respond(request, status=200, headers=(), body=b"ok", trailers=()):
    """An ordinary answer, to be called by `answer` functions."""
    connection, number = request.connection, request.number
    has_body = body and request.method != "HEAD" and status not in (204, 304)
    connection.headers(number, [(":status", str(status)), *headers],
                       end=not has_body and not trailers)
    if has_body:
        connection.data(number, body, end=not trailers)
    if trailers:
        connection.headers(number, trailers, end=True)
