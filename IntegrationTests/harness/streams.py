"""Servers of the stream protocols, which fail as they are told: forward, lumberjack, lines.

Written from the protocols' documents: fluentd's Forward Protocol Specification v1, and the frames of
lumberjack 2 as Logstash's beats input reads them.
"""

import gzip
import hashlib
import json
import os
import socket
import ssl
import struct
import threading
import zlib

import msgpack


class StreamServer:
    """Accepts connections, each in a thread, and can be killed: all connections end with a reset."""

    def __init__(self, port=0, tls=None):
        self.changed = threading.Condition()
        self.tls = tls
        self.port = port
        self.records = []
        self.connections = 0
        self.peers = []
        self.certificates = []
        self.faults = []
        self.open = set()
        self.listener = None

    def start(self):
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()
        return self

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        """As if the process died: what it has not read is gone, and peers get a reset."""
        listener, self.listener = self.listener, None
        if listener:
            # Wakes the thread that accepts.
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self.changed:
            connections = list(self.open)
        for connection in connections:
            try:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.shutdown(socket.SHUT_RD)
            except OSError:
                pass
            connection.close()

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection):
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
                certificate = connection.getpeercert(binary_form=True)
                with self.changed:
                    self.certificates.append(certificate)
            with self.changed:
                self.connections += 1
                self.open.add(connection)
                self.changed.notify_all()
            if self.listener is None:
                return
            self.serve(connection)
        except (OSError, ValueError, EOFError):
            pass
        finally:
            with self.changed:
                self.open.discard(connection)
            connection.close()

    def take(self, records):
        with self.changed:
            self.records += records
            self.changed.notify_all()

    def fault(self):
        with self.changed:
            return self.faults.pop(0) if self.faults else None

    def wait(self, condition, what, seconds=30):
        """Until `condition(records)`; it is asked under the lock."""
        with self.changed:
            if not self.changed.wait_for(lambda: condition(self.records), seconds):
                raise AssertionError(f"waited {seconds} s in vain for {what}; {len(self.records)} "
                                     f"records are here, the last: {self.records[-1:]}")

    def numbers(self):
        with self.changed:
            return [record["n"] for record in self.records]


def exactly(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


class LineServer(StreamServer):
    """JSON lines."""

    def serve(self, connection):
        rest = b""
        while True:
            more = connection.recv(65536)
            if not more:
                return
            *lines, rest = (rest + more).split(b"\n")
            self.take([json.loads(line) for line in lines])


class BeatsServer(StreamServer):
    """Lumberjack 2. A fault is met once per window."""

    NO_ACK = "no-ack"
    HALF_ACK = "half-ack"
    TOO_MUCH = "too-much"
    GARBAGE = "garbage"
    CUT = "cut"
    KEEP_ALIVE = "keep-alive"
    ALL = [NO_ACK, HALF_ACK, TOO_MUCH, GARBAGE, CUT, KEEP_ALIVE]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.compressed = 0

    def serve(self, connection):
        while True:
            head = exactly(connection, 2)
            if head != b"2W":
                raise ValueError(head)
            count = struct.unpack(">I", exactly(connection, 4))[0]
            documents = []
            while len(documents) < count:
                documents += self._documents(connection)
            sequences = [sequence for sequence, _ in documents]
            assert sequences == list(range(1, count + 1)), sequences
            records = [json.loads(document) for _, document in documents]
            fault = self.fault()
            if fault == self.CUT:
                connection.sendall(b"2A\0")
                return
            if fault == self.GARBAGE:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                return
            if fault == self.HALF_ACK and count > 1:
                self.take(records[:count // 2])
                connection.sendall(struct.pack(">2sI", b"2A", count // 2))
                return
            if fault == self.TOO_MUCH:
                connection.sendall(struct.pack(">2sI", b"2A", count + 1))
                return
            self.take(records)
            if fault == self.NO_ACK:
                return
            if fault == self.KEEP_ALIVE:
                connection.sendall(struct.pack(">2sI", b"2A", 0) * 3)
            connection.sendall(struct.pack(">2sI", b"2A", count))

    def _documents(self, connection):
        head = exactly(connection, 2)
        if head == b"2C":
            size = struct.unpack(">I", exactly(connection, 4))[0]
            plain = zlib.decompress(exactly(connection, size))
            with self.changed:
                self.compressed += 1
            found, at = [], 0
            while at < len(plain):
                assert plain[at:at + 2] == b"2J"
                sequence, size = struct.unpack(">II", plain[at + 2:at + 10])
                found.append((sequence, plain[at + 10:at + 10 + size]))
                at += 10 + size
            return found
        if head != b"2J":
            raise ValueError(head)
        sequence, size = struct.unpack(">II", exactly(connection, 8))
        return [(sequence, exactly(connection, size))]


class ForwardServer(StreamServer):
    """fluentd's protocol. A fault is met once per message."""

    NO_ACK = "no-ack"
    WRONG_ACK = "wrong-ack"
    GARBAGE = "garbage"
    CUT = "cut"
    HANG = "hang"
    ALL = [NO_ACK, WRONG_ACK, GARBAGE, CUT]

    def __init__(self, *args, shared_key=None, users=None, keepalive=True, **kwargs):
        super().__init__(*args, **kwargs)
        self.shared_key, self.users, self.keepalive = shared_key, users, keepalive
        self.options = []
        self.times = []
        self.tags = []
        self.types = []

    def serve(self, connection):
        unpacker = msgpack.Unpacker(raw=False, timestamp=0)
        if self.shared_key is not None:
            self._greet(connection, unpacker)
        for message in self._messages(connection, unpacker):
            self._message(connection, message)
            if not self.keepalive:
                # The client has to end it.
                assert connection.recv(1) == b""
                return

    @staticmethod
    def _messages(connection, unpacker):
        while True:
            yield from unpacker
            more = connection.recv(65536)
            if not more:
                return
            unpacker.feed(more)

    def _greet(self, connection, unpacker):
        def digest(*parts):
            return hashlib.sha512(b"".join(parts)).hexdigest()

        nonce, auth = os.urandom(16), os.urandom(16) if self.users else b""
        connection.sendall(msgpack.packb(
            ["HELO", {"nonce": nonce, "auth": auth, "keepalive": self.keepalive}]))
        ping = next(self._messages(connection, unpacker))
        kind, hostname, salt, proof, user, password = ping
        assert kind == "PING"
        key = self.shared_key.encode()
        reason = ""
        if proof != digest(salt.encode(), hostname.encode(), nonce, key):
            reason = "shared_key mismatch"
        elif self.users and password != digest(
                auth, user.encode(), self.users.get(user, "?").encode()):
            reason = "username/password mismatch"
        connection.sendall(msgpack.packb(
            ["PONG", not reason, reason, "server",
             digest(salt.encode(), b"server", nonce, key)]))
        if reason:
            raise EOFError

    def _message(self, connection, message):
        tag, entries, options = message
        packed = gzip.decompress(entries) if options.get("compressed") == "gzip" else entries
        unpacked = list(self._entries(packed))
        assert options["size"] == len(unpacked), options
        fault = self.fault()
        if fault == self.CUT:
            return connection.shutdown(socket.SHUT_RDWR)
        if fault == self.HANG:
            connection.recv(1)
            raise EOFError
        if fault == self.GARBAGE:
            connection.sendall(b"\xc1\xc1\xc1")
            raise EOFError
        if fault == self.WRONG_ACK:
            connection.sendall(msgpack.packb({"ack": "AAAAAAAAAAAAAAAAAAAAAA=="}))
            raise EOFError
        with self.changed:
            self.options.append(options)
            self.tags += [tag] * len(unpacked)
            self.times += [time for time, _ in unpacked]
        self.take([record for _, record in unpacked])
        if fault == self.NO_ACK:
            raise EOFError
        if "chunk" in options:
            connection.sendall(msgpack.packb({"ack": options["chunk"]}))

    @staticmethod
    def _entries(packed):
        def event_time(code, data):
            assert code == 0, code
            seconds, nanoseconds = struct.unpack(">II", data)
            return seconds * 10**9 + nanoseconds

        unpacker = msgpack.Unpacker(raw=False, ext_hook=event_time, strict_map_key=True)
        unpacker.feed(packed)
        return unpacker


def server_context(certificate, authority=None):
    """TLS of a server; with an authority it wants certificates of its clients."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.path, certificate.key_path)
    if authority:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority.path)
    return context
