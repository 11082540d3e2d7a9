"""TCP upstreams that speak first, last or not at all, and one for upgraded connections."""

import socket
import struct
import threading
from contextlib import suppress

from harness.peer import Gone, Peer

BANNER = b"220 ready\r\n"


def _bytes(connection):
    """What comes until the other end is done."""
    with suppress(Gone):
        while True:
            connection.fill()
            yield bytes(connection.received[connection.used :])
            connection.used = len(connection.received)


def echo(connection):
    """Send back what comes; `bye` ends it, `reset` breaks it. The end is answered with the end."""
    for piece in _bytes(connection):
        if piece.endswith(b"reset"):
            connection.reset()
            return
        connection.send(piece)
        if piece.endswith(b"bye"):
            return


def banner(connection):
    """Speak first, as SMTP and MySQL do, then echo."""
    connection.send(BANNER)
    echo(connection)


def collect(connection):
    """Answer only when the other end is done sending."""
    whole = b"".join(_bytes(connection))
    connection.send(b"%d bytes" % len(whole))


def hang_up(connection):
    """Say a word and stop sending, but go on reading."""
    connection.send(b"word")
    connection.half_close()
    for _ in _bytes(connection):
        pass


def refuse(connection):
    """Close at once."""


def mute(connection):
    """Take everything and say nothing."""
    for _ in _bytes(connection):
        pass


def tcp_peer(serve):
    """For `World.peers`: an upstream that serves connections like this."""

    def make(up):
        peer = Peer(serve=serve)
        peer.name = serve.__name__
        return peer

    return make


def named(name):
    """An upstream that says its name and closes."""

    def make(up):
        return Peer(serve=lambda connection: connection.send(name))

    return make


def upgrading(name="ws"):
    """An upstream for upgrades over HTTP/1 and for CONNECT, by the request's script.

    A status of 101 (for CONNECT 200) begins an echo; any other one is an ordinary answer.
    """

    def make(up):
        def serve(connection):
            while True:
                request = connection.read_head()
                answer = up.chosen(name, request)
                is_connect = request.method == "CONNECT"
                wanted = 101 if request.header("upgrade") else 200
                status = wanted if answer.status == 200 else answer.status
                opens = status == wanted and (is_connect or wanted == 101)
                if answer.instead == "close":
                    return
                lines = [f"HTTP/1.1 {status} Reason", *answer.headers]
                if status == 101:
                    lines += ["connection: Upgrade",
                              f"upgrade: {request.header('upgrade', 'websocket')}"]
                elif not opens:
                    lines.append("content-length: 2")
                head = "\r\n".join(lines).encode() + b"\r\n\r\n"
                if opens:
                    # Early data of the upstream, sent with the head.
                    connection.send(head + (answer.body or "").encode())
                    # What came with the head is answered as well.
                    early = bytes(connection.received[connection.used :])
                    connection.used = len(connection.received)
                    if early:
                        connection.send(early)
                    echo(connection)
                    return
                connection.send(head + b"no")

        peer = Peer(serve=serve)
        return peer

    return make


# Ends of the proxy's connection, as a client sees them


class TcpClient:
    """A plain connection whose end is told apart: closed, reset, or still open."""

    def __init__(self, port, timeout=5, source=None):
        self.socket = socket.socket()
        self.socket.settimeout(timeout)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", port))
        self.local_port = self.socket.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        with suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(data)

    def exactly(self, count):
        """So many bytes, or what there is when it ends."""
        data = b""
        with suppress(OSError):
            while len(data) < count:
                piece = self.socket.recv(min(65536, count - len(data)))
                if not piece:
                    break
                data += piece
        return data

    def rest(self, seconds=3):
        """What comes until the end, and how it ends."""
        self.socket.settimeout(seconds)
        data = b""
        try:
            while piece := self.socket.recv(65536):
                data += piece
            return data, "closed"
        except ConnectionResetError:
            return data, "reset"
        except TimeoutError:
            return data, "open"

    def half_close(self):
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def while_sending(sock, data):
    """Send in a thread, so that both directions can be full at once."""

    def run():
        with suppress(OSError):
            sock.sendall(data)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread
