"""Both ends of HTTP/2, frame by frame: any frame can be sent, and all that came is recorded.

Built on `hyperframe` and `hpack` alone, so that nothing keeps a test from breaking the rules.
"""

import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

from hpack import Decoder, Encoder
from hpack.struct import NeverIndexedHeaderTuple
from hyperframe import frame as frames

from harness.client import Response

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
CODES = ("NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
         "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR",
         "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED")
HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE = 1, 2, 3, 4
MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE, ENABLE_CONNECT_PROTOCOL = 5, 6, 8


def code_name(code):
    return CODES[code] if code < len(CODES) else str(code)


def raw_frame(kind, flags=0, stream=0, payload=b"", length=None):
    """A frame from its parts, whatever they are; `length` may lie."""
    size = len(payload) if length is None else length
    return (struct.pack(">I", size)[1:] + bytes([kind, flags]) + struct.pack(">I", stream)
            + payload)


@dataclass
class Stream:
    """What came on one stream."""

    number: int
    heads: list = field(default_factory=list)  # of lists of (name, value): heads and trailers
    data: bytearray = field(default_factory=bytearray)
    ended: bool = False
    reset: str | None = None
    window: int = 65535
    frames: list = field(default_factory=list)  # names of frames in order

    @property
    def is_over(self):
        return self.ended or self.reset is not None

    def final(self):
        """Interim heads, the final one or None, and trailers."""
        interim = [head for head in self.heads
                   if dict(head).get(":status", "").startswith("1")]
        rest = self.heads[len(interim):]
        return interim, rest[0] if rest else None, rest[1] if len(rest) > 1 else []


class Ended(Exception):
    """The connection is closed."""


class Http2:
    """One end of a connection. `settings` are sent at once; acknowledgements are by itself."""

    def __init__(self, sock, is_client=True, settings=None, quiet=False, timeout=5.0):
        self.socket = sock
        self.is_client = is_client
        self.encoder, self.decoder = Encoder(), Decoder()
        self.decoder.max_header_list_size = 1 << 24
        self.streams = {}
        self.pending = bytearray()
        self.received = []  # names of frames, but for acknowledgements
        self.peer_settings = {}
        self.peer_settings_at_first = None
        self.window = 65535
        self.initial_window, self.most = 65535, 16384
        self.goaways = []  # of (last stream, code, debug data)
        self.pings = []
        self.is_closed, self.is_reset = False, False
        # Off to let the peer run into flow control, or wait for acknowledgements in vain.
        self.updates, self.acknowledges = True, True
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.headers_open = None
        self.held = None
        self.next_number = 1
        self.timeout = timeout
        if not quiet:
            if is_client:
                self.raw(PREFACE)
            self.settings(settings or {})

    # Sending

    def raw(self, data):
        with self.lock:
            if self.held is not None:
                self.held += data
            else:
                self.socket.sendall(data)

    def send(self, frame):
        self.raw(frame.serialize())

    def settings(self, values):
        self.send(frames.SettingsFrame(0, values))

    def new_stream(self):
        number, self.next_number = self.next_number, self.next_number + 2
        return number

    def headers(self, number, fields, end=False, flags=("END_HEADERS",), priority=None):
        """A head or trailers; pairs of text in any order and case."""
        with self.lock:
            self.stream(number)
            frame = frames.HeadersFrame(number, self.block(fields))
            for flag in flags:
                frame.flags.add(flag)
            if end:
                frame.flags.add("END_STREAM")
            self.send(frame)

    def block(self, fields):
        """Compressed as never to be indexed, so that no state is shared."""
        pairs = [NeverIndexedHeaderTuple(*(
            part if isinstance(part, bytes) else part.encode("latin-1") for part in pair))
            for pair in fields]
        return self.encoder.encode(pairs, huffman=False)

    def data(self, number, content, end=False, obeys=True):
        """A body in as many frames as the windows ask for."""
        rest = memoryview(content)
        stream = self.stream(number)
        while True:
            with self.changed:
                if obeys and rest:
                    deadline = time.monotonic() + self.timeout
                    # A request that has ended does not end the response to it.
                    while (min(self.window, stream.window) <= 0 and stream.reset is None
                           and not (self.is_client and stream.ended)):
                        self._wait(deadline)
                    if stream.reset is not None:
                        return
                size = min(len(rest), self.most)
                if obeys:
                    size = min(size, self.window, stream.window) if rest else 0
                frame = frames.DataFrame(number, bytes(rest[:size]))
                rest = rest[size:]
                if end and not rest:
                    frame.flags.add("END_STREAM")
                self.window -= size
                stream.window -= size
                self.send(frame)
            if not rest:
                return

    def _wait(self, deadline):
        """In a server another thread reads; a client reads for itself."""
        if self.is_client:
            self.read(deadline)
        elif not self.changed.wait(deadline - time.monotonic()):
            raise TimeoutError

    def reset(self, number, code="CANCEL"):
        self.send(frames.RstStreamFrame(number, CODES.index(code)))

    def goaway(self, last=0, code="NO_ERROR", debug=b""):
        self.send(frames.GoAwayFrame(0, last, CODES.index(code), debug))

    def ping(self, content=b"12345678"):
        self.send(frames.PingFrame(0, content))

    def update(self, number, by):
        self.send(frames.WindowUpdateFrame(number, by))

    def close(self):
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def abort(self):
        """Close with a RST instead of a FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    # Receiving

    def stream(self, number):
        if number not in self.streams:
            self.streams[number] = Stream(number, window=self.initial_window)
        return self.streams[number]

    def _fill(self, deadline):
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.socket.settimeout(left)
        try:
            data = self.socket.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            self.is_reset, data = True, b""
        except TimeoutError:
            raise
        except OSError:
            data = b""
        finally:
            with suppress(OSError):
                self.socket.settimeout(None)
        if not data:
            self.is_closed = True
            raise Ended
        self.pending += data

    def exactly(self, count, deadline):
        while len(self.pending) < count:
            self._fill(deadline)
        data = bytes(self.pending[:count])
        del self.pending[:count]
        return data

    def read(self, deadline=None):
        """Read one frame and record it; it is returned."""
        deadline = deadline or time.monotonic() + self.timeout
        head = self.exactly(9, deadline)
        frame, length = frames.Frame.parse_frame_header(memoryview(head))
        frame.parse_body(memoryview(self.exactly(length, deadline)))
        with self.changed:
            self._record(frame)
            self.changed.notify_all()
        return frame

    def _record(self, frame):
        name = type(frame).__name__.removesuffix("Frame").upper()
        is_acknowledgement = "ACK" in frame.flags
        if not is_acknowledgement:
            self.received.append(name)
        if name in ("HEADERS", "DATA", "RSTSTREAM", "CONTINUATION"):
            self.stream(frame.stream_id).frames.append(name)
        if name == "SETTINGS" and not is_acknowledgement:
            self._apply(frame.settings)
        elif name in ("HEADERS", "CONTINUATION"):
            self._head(frame, name)
        elif name == "DATA":
            self._body(frame)
        elif name == "RSTSTREAM":
            self.stream(frame.stream_id).reset = code_name(frame.error_code)
        elif name == "WINDOWUPDATE":
            if frame.stream_id:
                self.stream(frame.stream_id).window += frame.window_increment
            else:
                self.window += frame.window_increment
        elif name == "PING":
            self.pings.append((frame.opaque_data, is_acknowledgement))
            if not is_acknowledgement and self.acknowledges:
                self._quietly(frames.PingFrame(0, frame.opaque_data, flags=["ACK"]))
        elif name == "GOAWAY":
            self.goaways.append(
                (frame.last_stream_id, code_name(frame.error_code), frame.additional_data))

    def _apply(self, settings):
        if self.peer_settings_at_first is None:
            self.peer_settings_at_first = dict(settings)
        self.peer_settings.update(settings)
        if INITIAL_WINDOW_SIZE in settings:
            change = settings[INITIAL_WINDOW_SIZE] - self.initial_window
            self.initial_window += change
            for stream in self.streams.values():
                stream.window += change
        self.most = settings.get(MAX_FRAME_SIZE, self.most)
        if self.acknowledges:
            self._quietly(frames.SettingsFrame(0, flags=["ACK"]))

    def _head(self, frame, name):
        if name == "HEADERS":
            self.headers_open = (frame.stream_id, bytearray(), "END_STREAM" in frame.flags)
        number, block, ends = self.headers_open
        block += frame.data
        if "END_HEADERS" in frame.flags:
            stream = self.stream(number)
            pairs = self.decoder.decode(bytes(block), raw=True)
            stream.heads.append([(_text(name), _text(value)) for name, value in pairs])
            stream.ended |= ends

    def _body(self, frame):
        stream = self.stream(frame.stream_id)
        stream.data += frame.data
        if "END_STREAM" in frame.flags:
            stream.ended = True
        if self.updates and frame.flow_controlled_length:
            size = frame.flow_controlled_length
            self._quietly(frames.WindowUpdateFrame(0, size))
            if not stream.ended:
                self._quietly(frames.WindowUpdateFrame(frame.stream_id, size))

    def _quietly(self, frame):
        with suppress(OSError):
            self.send(frame)

    def until(self, condition, seconds=None):
        """Read until it is true; False where the connection or the patience ended before."""
        deadline = time.monotonic() + (seconds or self.timeout)
        while not condition():
            try:
                self.read(deadline)
            except (Ended, TimeoutError):
                return bool(condition())
        return True

    def until_closed(self, seconds=None):
        return self.until(lambda: self.is_closed, seconds)

    # Asking

    def request(self, fields, body=None, trailers=None):
        """Send a request on a new stream; its number.

        A small one goes in one piece, so that chance does not decide what comes before what.
        """
        number = self.new_stream()
        has_more = body is not None or trailers is not None
        if len(body or b"") < 16384:
            self.held = bytearray()
        self.headers(number, fields, end=not has_more)
        if body is not None:
            self.data(number, body, end=trailers is None)
        if trailers is not None:
            self.headers(number, trailers, end=True)
        if self.held is not None:
            held, self.held = self.held, None
            self.raw(held)
        return number

    def response(self, number, seconds=None, interim=None):
        """What came on a stream as a response; None where it has no head."""
        stream = self.stream(number)
        self.until(lambda: stream.is_over, seconds)
        early, head, trailers = stream.final()
        if interim is not None:
            interim += early
        if head is None:
            return None
        status = int(dict(head).get(":status", 0))
        return Response(status, "", [pair for pair in head if pair[0] != ":status"],
                        bytes(stream.data), trailers, "HTTP/2", stream.ended)


def _text(value):
    return value.decode("latin-1") if isinstance(value, bytes) else value


def connect(port, context=None, name="test", timeout=5.0, **options):
    """A client: in the clear with prior knowledge, or inside of TLS with `context`."""
    sock = socket.create_connection(("127.0.0.1", port), timeout=timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if context:
        sock = context.wrap_socket(sock, server_hostname=name)
    return Http2(sock, timeout=timeout, **options)


def fields(method="GET", path="/", *more, authority="test", scheme="http"):
    """A request's head in the usual order; `more` are of "name: value"."""
    head = [(":method", method), (":scheme", scheme)]
    if authority is not None:
        head.append((":authority", authority))
    head.append((":path", path))
    return head + [tuple(one.split(": ", 1)) for one in more]
