"""RFC 9113 and RFC 7541, rule by rule, with raw frames: what breaks a rule gets the RFC's error.

Each case is bytes and what they lead to. Nothing malformed may reach an upstream, and the same
process answers a healthy request after each. `docs/reference/http2-conformance.md` is this table.
"""

import struct
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from harness import envoyfile
from harness.client import Truncated
from harness.envoyfile import HTTP_OPTIONS, route
from harness.h2peer import PREFACE, connect, fields, raw_frame
from harness.h2peer_upstream import Http2Peer, respond
from harness.peer import Peer, ok
from harness.sidecar import Sidecar
from hpack import Encoder
from hpack.struct import NeverIndexedHeaderTuple

pytestmark = pytest.mark.pillion_only

DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITIZED = 1, 1, 4, 8, 32
BOTH = END_STREAM | END_HEADERS
# Steps that are no bytes: wait until stream 1 is over, or until the upstream has its request.
OVER, ARRIVED = "over", "arrived"


def block(pairs):
    """A header block without state, so that cases are constants."""
    return Encoder().encode([NeverIndexedHeaderTuple(
        *(part if isinstance(part, bytes) else part.encode("latin-1") for part in pair))
        for pair in pairs], huffman=False)


def frame(kind, flags=0, stream=0, payload=b"", **options):
    return raw_frame(kind, flags, stream, payload, **options)


def setting(number, value):
    return frame(SETTINGS, 0, 0, struct.pack(">HI", number, value))


def word(value):
    return struct.pack(">I", value)


def get(stream=1, *more, path="/case", end=True, method="GET", flags=END_HEADERS):
    return frame(HEADERS, flags | (END_STREAM if end else 0), stream,
                 block(fields(method, path, *more)))


def post(*more, stream=1, path="/case"):
    return get(stream, *more, path=path, end=False, method="POST")


def head(*pairs, end=True, stream=1):
    """HEADERS of exactly these fields."""
    return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, block(pairs))


def coded(payload, stream=1):
    """HEADERS with a block of these bytes after a good request's."""
    return frame(HEADERS, BOTH, stream, block(fields("GET", "/case")) + payload)


def data(content=b"four", stream=1, end=True, flags=0, **options):
    return frame(DATA, flags | (END_STREAM if end else 0), stream, content, **options)


def trailers(*pairs, stream=1, end=True):
    return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, block(pairs))


M, S, A, P = (":method", "GET"), (":scheme", "http"), (":authority", "test"), (":path", "/case")
GOOD = block(fields("GET", "/case"))
FRAME_SIZE, PROTOCOL = "GOAWAY FRAME_SIZE_ERROR", "GOAWAY PROTOCOL_ERROR"
COMPRESSION, FLOW = "GOAWAY COMPRESSION_ERROR", "GOAWAY FLOW_CONTROL_ERROR"
CLOSED, STREAM_PROTOCOL = "RST STREAM_CLOSED", "RST PROTOCOL_ERROR"
# Ends the stream, and the connection too unless the configuration says otherwise, as in Envoy.
MALFORMED = "MALFORMED"

FRAMES = {
    # 4.1 Frame format
    "4.1 an unknown frame type is ignored": ("IGNORED", [frame(0x7F, 0xFF, 0, b"abcd")]),
    "4.1 an unknown frame type on an idle stream is ignored": (
        "IGNORED", [frame(0x16, 0, 99, b"abcd")]),
    "4.1 unknown flags are ignored": ("IGNORED", [frame(PING, 0x16, 0, bytes(8))]),
    "4.1 the reserved bit is ignored": ("IGNORED", [frame(PING, 0, 0x80000000, bytes(8))]),
    # 4.2 Frame size
    "4.2 DATA above the largest frame": (FRAME_SIZE, [post(), data(bytes(16385))]),
    "4.2 HEADERS above the largest frame": (FRAME_SIZE, [frame(HEADERS, BOTH, 1, bytes(16385))]),
    "4.2 SETTINGS above the largest frame": (FRAME_SIZE, [frame(SETTINGS, 0, 0, bytes(16386))]),
    "4.2 an unknown frame above the largest": (FRAME_SIZE, [frame(0x7F, 0, 0, bytes(16385))]),
    "4.2 DATA of the largest size": (
        "OK", [post("content-length: 16384"), data(bytes(16384))]),
    "4.2 a length that lies is told from the header": (
        FRAME_SIZE, [frame(HEADERS, BOTH, 1, b"", length=0xFFFFFF)]),
    # 4.3 Header compression; 6.10 CONTINUATION
    "4.3 a frame of another type inside a block": (
        PROTOCOL, [frame(HEADERS, END_STREAM, 1, GOOD[:9]), frame(PING, 0, 0, bytes(8))]),
    "4.3 an unknown frame inside a block": (
        PROTOCOL, [frame(HEADERS, END_STREAM, 1, GOOD[:9]), frame(0x7F, 0, 0, b"")]),
    "4.3 HEADERS of another stream inside a block": (
        PROTOCOL, [frame(HEADERS, END_STREAM, 1, GOOD[:9]), get(3)]),
    "4.3 DATA inside a block": (
        PROTOCOL, [frame(HEADERS, 0, 1, GOOD[:9]), data()]),
    "6.10 a block over three frames": (
        "OK", [frame(HEADERS, END_STREAM, 1, GOOD[:5]), frame(CONTINUATION, 0, 1, GOOD[5:9]),
               frame(CONTINUATION, END_HEADERS, 1, GOOD[9:])]),
    "6.10 CONTINUATION of another stream": (
        PROTOCOL, [frame(HEADERS, END_STREAM, 1, GOOD[:9]),
                   frame(CONTINUATION, END_HEADERS, 3, GOOD[9:])]),
    "6.10 CONTINUATION on stream 0": (
        PROTOCOL, [frame(HEADERS, END_STREAM, 1, GOOD[:9]),
                   frame(CONTINUATION, END_HEADERS, 0, GOOD[9:])]),
    "6.10 CONTINUATION after nothing": (PROTOCOL, [frame(CONTINUATION, END_HEADERS, 1, GOOD)]),
    "6.10 CONTINUATION after the end of the block": (
        PROTOCOL, [get(path="/hold"), frame(CONTINUATION, END_HEADERS, 1, b"")]),
    "6.10 CONTINUATION after DATA": (
        PROTOCOL, [post(), data(end=False), frame(CONTINUATION, END_HEADERS, 1, b"")]),
    # 5.1 Stream states
    "5.1 DATA on an idle stream": (PROTOCOL, [data()]),
    "5.1 RST_STREAM on an idle stream": (PROTOCOL, [frame(RST, 0, 1, word(8))]),
    "5.1 WINDOW_UPDATE on an idle stream": (PROTOCOL, [frame(UPDATE, 0, 1, word(1))]),
    "5.1 PRIORITY on an idle stream is allowed": (
        "IGNORED", [frame(PRIORITY, 0, 1, word(0) + b"\x10")]),
    "5.1 DATA on a half-closed stream": (CLOSED, [get(path="/hold"), ARRIVED, data()]),
    "5.1 HEADERS on a half-closed stream": (
        CLOSED, [get(path="/hold"), ARRIVED, get(path="/case")]),
    "5.1 WINDOW_UPDATE on a half-closed stream is allowed": (
        "IGNORED", [get(path="/hold"), ARRIVED, frame(UPDATE, 0, 1, word(1))]),
    "5.1 DATA on a stream that the client reset": (
        CLOSED, [post(), frame(RST, 0, 1, word(8)), data()]),
    "5.1 HEADERS on a stream that the client reset": (
        CLOSED, [post(), frame(RST, 0, 1, word(8)), get()]),
    "5.1 DATA on a closed stream": (CLOSED, [get(path="/first"), OVER, data()]),
    "5.1 HEADERS on a closed stream": (CLOSED, [get(path="/first"), OVER, get()]),
    "5.1 WINDOW_UPDATE on a closed stream is ignored": (
        "IGNORED", [get(path="/first"), OVER, frame(UPDATE, 0, 1, word(1))]),
    "5.1 RST_STREAM on a closed stream is ignored": (
        "IGNORED", [get(path="/first"), OVER, frame(RST, 0, 1, word(8))]),
    "5.1 PRIORITY on a closed stream is ignored": (
        "IGNORED", [get(path="/first"), OVER, frame(PRIORITY, 0, 1, word(0) + b"\x10")]),
    # 5.1.1 Stream identifiers
    "5.1.1 a client's stream with an even number": (PROTOCOL, [get(2)]),
    "5.1.1 a number below one that was used": (
        "RST3 STREAM_CLOSED", [get(5, path="/first"), get(3)]),
    "5.1.1 DATA on an even number": (PROTOCOL, [data(stream=2)]),
    # 5.3 Priority
    "5.3.1 HEADERS that depend on themselves": (
        "OK", [frame(HEADERS, BOTH | PRIORITIZED, 1, word(1) + b"\x10" + GOOD)]),
    "5.3.1 PRIORITY that depends on itself": (
        "IGNORED", [frame(PRIORITY, 0, 3, word(3) + b"\x10")]),
    "5.3 HEADERS with priority": (
        "OK", [frame(HEADERS, BOTH | PRIORITIZED, 1, word(0x80000000) + b"\xff" + GOOD)]),
    # 6.1 DATA
    "6.1 DATA on stream 0": (PROTOCOL, [data(stream=0)]),
    "6.1 padding as long as the frame": (
        PROTOCOL, [post(), data(b"\x05four", flags=PADDED)]),
    "6.1 padding longer than the frame": (
        PROTOCOL, [post(), data(b"\xfffour", flags=PADDED)]),
    "6.1 padded DATA without the length": (FRAME_SIZE, [post(), data(b"", flags=PADDED)]),
    "6.1 padded DATA": (
        "OK", [post("content-length: 4"), data(b"\x03four\0\0\0", flags=PADDED)]),
    "6.1 DATA of padding alone": (
        "OK", [post("content-length: 0"), data(b"\x03\0\0\0", flags=PADDED)]),
    # 6.2 HEADERS
    "6.2 HEADERS on stream 0": (PROTOCOL, [get(0)]),
    "6.2 padding longer than the block": (
        PROTOCOL, [frame(HEADERS, BOTH | PADDED, 1, bytes([len(GOOD) + 1]) + GOOD)]),
    "6.2 padded HEADERS": (
        "OK", [frame(HEADERS, BOTH | PADDED, 1, b"\x02" + GOOD + b"\0\0")]),
    "6.2 padded HEADERS without the length": (FRAME_SIZE, [frame(HEADERS, BOTH | PADDED, 1)]),
    "6.2 HEADERS too short for its priority": (
        FRAME_SIZE, [frame(HEADERS, BOTH | PRIORITIZED, 1, b"\0\0\0\0")]),
    # 6.3 PRIORITY
    "6.3 PRIORITY on stream 0": (PROTOCOL, [frame(PRIORITY, 0, 0, bytes(5))]),
    "6.3 PRIORITY of four bytes": (
        "RST FRAME_SIZE_ERROR", [get(path="/hold"), ARRIVED, frame(PRIORITY, 0, 1, bytes(4))]),
    # 6.4 RST_STREAM
    "6.4 RST_STREAM on stream 0": (PROTOCOL, [frame(RST, 0, 0, word(8))]),
    "6.4 RST_STREAM of three bytes": (
        FRAME_SIZE, [get(path="/hold"), frame(RST, 0, 1, bytes(3))]),
    "6.4 RST_STREAM of five bytes": (
        FRAME_SIZE, [get(path="/hold"), frame(RST, 0, 1, bytes(5))]),
    "6.4 RST_STREAM with an unknown code": (
        "IGNORED", [get(path="/hold"), ARRIVED, frame(RST, 0, 1, word(0xFEDCBA98))]),
    # 6.5 SETTINGS
    "6.5 an acknowledgement with a payload": (
        FRAME_SIZE, [frame(SETTINGS, ACK, 0, bytes(6))]),
    "6.5 SETTINGS on a stream": (PROTOCOL, [frame(SETTINGS, 0, 1, bytes(6))]),
    "6.5 SETTINGS of five bytes": (FRAME_SIZE, [frame(SETTINGS, 0, 0, bytes(5))]),
    "6.5 SETTINGS of nothing": ("IGNORED", [frame(SETTINGS)]),
    "6.5.2 ENABLE_PUSH of 2": (PROTOCOL, [setting(2, 2)]),
    "6.5.2 ENABLE_PUSH of 0 and 1": ("IGNORED", [setting(2, 0), setting(2, 1)]),
    "6.5.2 INITIAL_WINDOW_SIZE of 2^31": (FLOW, [setting(4, 1 << 31)]),
    "6.5.2 INITIAL_WINDOW_SIZE of 2^31-1": ("IGNORED", [setting(4, (1 << 31) - 1)]),
    "6.5.2 MAX_FRAME_SIZE of 16383": (PROTOCOL, [setting(5, 16383)]),
    "6.5.2 MAX_FRAME_SIZE of 2^24": (PROTOCOL, [setting(5, 1 << 24)]),
    "6.5.2 MAX_FRAME_SIZE of 2^24-1": ("IGNORED", [setting(5, (1 << 24) - 1)]),
    "6.5.2 an unknown setting": ("IGNORED", [setting(0xFF, 1)]),
    "6.5.2 a header table of 0 and of 2^32-1": (
        "IGNORED", [setting(1, 0), setting(1, 0xFFFFFFFF)]),
    "RFC 8441 3: ENABLE_CONNECT_PROTOCOL of 2": (PROTOCOL, [setting(8, 2)]),
    "RFC 9218 2.1: NO_RFC7540_PRIORITIES of 2": (PROTOCOL, [setting(9, 2)]),
    # 6.6 PUSH_PROMISE
    "6.6 PUSH_PROMISE of a client": (
        PROTOCOL, [get(path="/hold"), frame(PUSH, END_HEADERS, 1, word(2) + GOOD)]),
    # 6.7 PING
    "6.7 PING on a stream": (PROTOCOL, [frame(PING, 0, 1, bytes(8))]),
    "6.7 PING of seven bytes": (FRAME_SIZE, [frame(PING, 0, 0, bytes(7))]),
    "6.7 PING of nine bytes": (FRAME_SIZE, [frame(PING, 0, 0, bytes(9))]),
    "6.7 an acknowledgement nobody asked for": ("IGNORED", [frame(PING, ACK, 0, b"unasked.")]),
    # 6.8 GOAWAY
    "6.8 GOAWAY on a stream": (PROTOCOL, [frame(GOAWAY, 0, 1, bytes(8))]),
    "6.8 GOAWAY of seven bytes": (FRAME_SIZE, [frame(GOAWAY, 0, 0, bytes(7))]),
    # 6.9 WINDOW_UPDATE
    "6.9 WINDOW_UPDATE of zero for the connection": (PROTOCOL, [frame(UPDATE, 0, 0, word(0))]),
    "6.9 WINDOW_UPDATE of zero for a stream": (
        STREAM_PROTOCOL, [get(path="/hold"), ARRIVED, frame(UPDATE, 0, 1, word(0))]),
    "6.9 WINDOW_UPDATE of three bytes": (FRAME_SIZE, [frame(UPDATE, 0, 0, bytes(3))]),
    "6.9 WINDOW_UPDATE of five bytes": (FRAME_SIZE, [frame(UPDATE, 0, 0, bytes(5))]),
    "6.9.1 the connection's window above 2^31-1": (
        FLOW, [frame(UPDATE, 0, 0, word(0x7FFFFFFF))]),
    "6.9.1 a stream's window above 2^31-1": (
        "RST FLOW_CONTROL_ERROR",
        [get(path="/hold"), ARRIVED, frame(UPDATE, 0, 1, word(0x7FFFFFFF))]),
    "6.9.2 a setting makes a stream's window too large": (
        FLOW, [get(path="/hold"), frame(UPDATE, 0, 1, word(0x7FFF0000)), setting(4, 0x7FFFFFFF)]),
    # 7 Error codes; 5.5 Extensions
    "7 a GOAWAY with an unknown code": (
        "ENDED", [frame(GOAWAY, 0, 0, word(0) + word(0xFEDCBA98))]),
}

COMPRESSED = {
    "2.3.3 index 0": (COMPRESSION, b"\x80"),
    "2.3.3 an index that is not in the table": (COMPRESSION, b"\xff\x00"),
    "5.1 an integer beyond 64 bits": (COMPRESSION, b"\xff" + b"\xff" * 10 + b"\x01"),
    "5.1 an integer that does not end": (COMPRESSION, b"\xff\x80\x80"),
    "5.1 an integer padded with zeros": (COMPRESSION, b"\xff" + b"\x80" * 20 + b"\0"),
    "5.2 a string that is cut": (COMPRESSION, b"\x00\x05ab"),
    "5.2 a string longer than can be": (COMPRESSION, b"\x00\x7f\xff\xff\xff\xff\x07a"),
    "5.2 Huffman padding of eight bits": (COMPRESSION, b"\x00\x82\x1f\xff\x01a"),
    "5.2 Huffman padding of zeros": (COMPRESSION, b"\x00\x81\x18\x01a"),
    "5.2 the end-of-string code": (COMPRESSION, b"\x00\x84\xff\xff\xff\xff\x01a"),
    "4.2 a table size update after a field": (COMPRESSION, b"\x20"),
    "6.2 a literal with the name of an unknown index": (COMPRESSION, b"\x0f\xff\x01\x01a"),
    "6.1 a block that ends inside of a field": (COMPRESSION, b"\x40"),
}

FIELDS = {
    "8.2.1 an upper-case name": [M, S, A, P, ("X-Upper", "1")],
    "8.2.1 an empty name": [M, S, A, P, ("", "1")],
    "8.2.1 a space in a name": [M, S, A, P, ("x y", "1")],
    "8.2.1 a colon in a name": [M, S, A, P, ("x:y", "1")],
    "8.2.1 a control character in a name": [M, S, A, P, ("x\x01", "1")],
    "8.2.1 a high byte in a name": [M, S, A, P, ("x\xe9", "1")],
    "8.2.1 NUL in a value": [M, S, A, P, ("x-a", "a\0b")],
    "8.2.1 CR in a value": [M, S, A, P, ("x-a", "a\rb")],
    "8.2.1 LF in a value": [M, S, A, P, ("x-a", "a\nevil: 1")],
    "8.2.1 a value that begins with a space": [M, S, A, P, ("x-a", " a")],
    "8.2.1 a value that ends with a tab": [M, S, A, P, ("x-a", "a\t")],
    "8.2.2 connection": [M, S, A, P, ("connection", "keep-alive")],
    "8.2.2 keep-alive": [M, S, A, P, ("keep-alive", "1")],
    "8.2.2 proxy-connection": [M, S, A, P, ("proxy-connection", "keep-alive")],
    "8.2.2 transfer-encoding": [M, S, A, P, ("transfer-encoding", "chunked")],
    "8.2.2 upgrade": [M, S, A, P, ("upgrade", "h2c")],
    "8.2.2 te of anything but trailers": [M, S, A, P, ("te", "gzip")],
    "8.2.2 te of trailers and more": [M, S, A, P, ("te", "trailers, deflate;q=0.5")],
    "8.3 an unknown pseudo-header": [M, S, A, P, (":test", "1")],
    "8.3 a response's pseudo-header": [M, S, A, P, (":status", "200")],
    "8.3 a pseudo-header after a field": [M, S, A, ("x-a", "1"), P],
    "8.3.1 no :method": [S, A, P],
    "8.3.1 no :scheme": [M, A, P],
    "8.3.1 no :path": [M, S, A],
    "8.3.1 an empty :path": [M, S, A, (":path", "")],
    "8.3.1 an empty :method": [(":method", ""), S, A, P],
    "8.3.1 an empty :scheme": [M, (":scheme", ""), A, P],
    "8.3.1 two :method": [M, M, S, A, P],
    "8.3.1 two :scheme": [M, S, S, A, P],
    "8.3.1 two :path": [M, S, A, P, P],
    "8.3.1 two :authority": [M, S, A, A, P],
    "8.3.1 a space in :method": [(":method", "GET /x"), S, A, P],
    "8.3.1 a space in :path": [M, S, A, (":path", "/a b")],
    "8.3.1 a line break in :path": [M, S, A, (":path", "/a\r\nevil: 1")],
    "8.3.1 a :path that begins with no slash": [M, S, A, (":path", "case")],
    "8.3.1 * of another method than OPTIONS": [M, S, A, (":path", "*")],
    "8.3.1 userinfo in :authority": [M, S, (":authority", "user@test"), P],
    "8.3.1 a path in :authority": [M, S, (":authority", "test/x"), P],
    "8.3.1 a space in :authority": [M, S, (":authority", "te st"), P],
    "8.3.1 host and :authority that differ": [M, S, A, P, ("host", "other")],
    "8.3.1 two host": [M, S, P, ("host", "test"), ("host", "test")],
    "8.3.1 a line break in :scheme": [M, (":scheme", "http\r\nevil: 1"), A, P],
    "8.1.1 a content-length of letters": [M, S, A, P, ("content-length", "four")],
    "8.1.1 a negative content-length": [M, S, A, P, ("content-length", "-1")],
    "8.1.1 a content-length with a sign": [M, S, A, P, ("content-length", "+4")],
    "8.1.1 a list of content-lengths": [M, S, A, P, ("content-length", "4, 4")],
    "8.1.1 content-lengths that differ": [
        M, S, A, P, ("content-length", "4"), ("content-length", "5")],
    "8.1.1 a content-length beyond 64 bits": [
        M, S, A, P, ("content-length", "18446744073709551617")],
    "8.5 CONNECT with :path": [(":method", "CONNECT"), (":authority", "test:1"), P],
    "8.5 CONNECT with :scheme": [(":method", "CONNECT"), (":authority", "test:1"), S],
    "8.5 CONNECT without :authority": [(":method", "CONNECT")],
    "8.5 CONNECT without a port": [(":method", "CONNECT"), A],
    "RFC 8441 4: :protocol that was not offered": [
        (":method", "CONNECT"), S, A, P, (":protocol", "websocket")],
    "RFC 8441 4: :protocol of another method": [M, S, A, P, (":protocol", "websocket")],
}

MESSAGES = {
    "8.1 a second block that does not end the stream": (
        STREAM_PROTOCOL, [post(), trailers(("x-a", "1"), end=False)]),
    "8.1 a pseudo-header in trailers": (
        STREAM_PROTOCOL, [post(), data(end=False), trailers(P)]),
    "8.1 an upper-case name in trailers": (
        STREAM_PROTOCOL, [post(), data(end=False), trailers(("X-A", "1"))]),
    "8.1 connection in trailers": (
        STREAM_PROTOCOL, [post(), data(end=False), trailers(("connection", "close"))]),
    "8.1 a line break in trailers": (
        STREAM_PROTOCOL, [post(), data(end=False), trailers(("x-a", "a\r\nb: c"))]),
    "8.1 DATA after trailers": (
        "RST STREAM_CLOSED",
        [post(path="/hold"), data(end=False), trailers(("x-a", "1")), ARRIVED, data()]),
    "8.1.1 a body longer than content-length": (
        STREAM_PROTOCOL, [post("content-length: 3"), data()]),
    "8.1.1 a body longer than content-length, in two frames": (
        STREAM_PROTOCOL, [post("content-length: 5"), data(end=False), data()]),
    "8.1.1 a body shorter than content-length": (
        STREAM_PROTOCOL, [post("content-length: 5"), data()]),
    "8.1.1 no body where content-length has one": (
        STREAM_PROTOCOL, [get(1, "content-length: 5", method="POST")]),
    "8.1.1 trailers before content-length is reached": (
        STREAM_PROTOCOL, [post("content-length: 5"), data(end=False), trailers(("x-a", "1"))]),
    "8.1.1 a body without content-length": ("OK", [post(), data()]),
    "8.1.1 content-lengths that agree": (
        "OK", [post("content-length: 4", "content-length: 4"), data()]),
    "8.1 trailers": ("OK", [post(), data(end=False), trailers(("x-a", "1"))]),
    "8.1 trailers without a body": ("OK", [post(), trailers(("x-a", "1"))]),
    "8.2.2 te of trailers": ("OK", [get(1, "te: trailers")]),
    "8.2.3 cookies in crumbs": ("OK", [get(1, "cookie: a=1", "cookie: b=2")]),
    "8.3.1 host instead of :authority": ("OK", [head(M, S, P, ("host", "test"))]),
    "8.3.1 host and :authority that agree": ("OK", [head(M, S, A, P, ("host", "test"))]),
    "6.9.1 a stream's window is overrun": (
        "RST FLOW_CONTROL_ERROR",
        [post(path="/stalled"), *[data(bytes(16384), end=False)] * 256]),
    "10.5.1 a head above the limit": ("STATUS 431", [
        *[frame(HEADERS if first == 0 else CONTINUATION,
                (END_STREAM if first == 0 else 0) | (END_HEADERS if first == 5 else 0), 1,
                (block(fields("GET", "/case") + [("x-large", "a" * 90_000)]))[
                    first * 16384 : (first + 1) * 16384]) for first in range(6)]]),
    "10.5.1 too many fields": ("STATUS 431", [get(1, *[f"x-{n}: a" for n in range(200)])]),
    "5.1.2 one stream more than is offered": (
        "RST9 REFUSED_STREAM", [*[get(number, path="/hold") for number in (1, 3, 5, 7)],
                                ARRIVED, get(9)]),
}

PREFACES = {
    "3.4 another preface": (PROTOCOL, b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"),
    "3.4 HTTP/1.1": (PROTOCOL, b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"),
    "3.4 another frame than SETTINGS first": (
        PROTOCOL, PREFACE + frame(PING, 0, 0, bytes(8))),
    "3.4 an acknowledgement first": (PROTOCOL, PREFACE + frame(SETTINGS, ACK)),
    "3.4 HEADERS first": (PROTOCOL, PREFACE + get()),
}


SPEAKS_TWO = {"typed_extension_protocol_options": {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": HTTP_OPTIONS, "explicit_http_config": {"http2_protocol_options": {}}}}}


class World:
    """One process before an upstream of either version, for the whole table."""

    def __init__(self, binary, proxy, folder):
        self.release = threading.Event()
        self.arrived = threading.Semaphore(0)

        def wait(target):
            self.arrived.release()
            if target.startswith("/hold"):
                self.release.wait(5)

        def answer(request):
            wait(request.target)
            return ok()

        def answer_two(request):
            wait(request.target.removeprefix("/two"))
            respond(request)

        def stall(connection):
            connection.updates = False

        self.one, self.two = Peer(answer), Http2Peer(answer_two)
        # It gives no window back: what is sent to it waits, and then nothing more is taken.
        self.stalled = Http2Peer(script=stall)
        manager = {"delayed_close_timeout": "0.2s", "codec_type": "HTTP2"}
        options = {"initial_stream_window_size": 65535, "initial_connection_window_size": 131072}

        def listener(name, **more):
            return envoyfile.listener(name, [
                route("two", "/two"), route("stalled", "/stalled"), route("one")], hcm={
                **manager, "http2_protocol_options": {**options, **more}})

        self.proxy = Sidecar(binary, proxy, folder, envoyfile.bootstrap([
            listener("strict"),
            listener("lenient", override_stream_error_on_invalid_http_message=True),
            listener("four", max_concurrent_streams=4),
        ], [
            envoyfile.cluster("one", self.one.port),
            envoyfile.cluster("two", self.two.port, **SPEAKS_TWO),
            envoyfile.cluster("stalled", self.stalled.port, **SPEAKS_TWO),
        ])).start()
        self.pid = self.proxy.pid

    def close(self):
        self.release.set()
        try:
            self.proxy.finish()
        finally:
            self.one.close()
            self.two.close()
            self.stalled.close()

    def play(self, client, steps):
        """Run the steps, as far as the other end lets them go."""
        self.release.clear()
        while self.arrived.acquire(blocking=False):
            pass
        for step in steps:
            if step == OVER:
                assert client.until(lambda: client.stream(1).is_over)
            elif step == ARRIVED:
                assert self.arrived.acquire(timeout=5)
            else:
                try:
                    client.raw(step)
                except OSError:
                    break

    def completed(self):
        """What the upstreams took for complete requests of a case."""
        return [one.target for one in (*self.one.requests, *self.two.requests)
                if one.target.endswith("/case")]

    def is_healthy(self, client=None):
        assert self.proxy.pid == self.pid and self.proxy.is_alive()
        mine = client or connect(self.proxy.ports["strict"])
        mine.next_number = 101
        response = mine.response(mine.request(fields("GET", "/healthy")))
        if client is None:
            mine.close()
        return response is not None and response.status == 200


@pytest.fixture(scope="module")
def world(binary, proxy, tmp_path_factory):
    one = World(binary, proxy, tmp_path_factory.mktemp("conformance"))
    yield one
    one.close()


def check(world, listener, expected, steps, quiet=False):
    before = world.completed()
    client = connect(world.proxy.ports[listener], quiet=quiet)
    try:
        if not quiet:
            assert client.until(lambda: client.peer_settings_at_first is not None)
        world.play(client, steps)
        what, _, code = expected.partition(" ")
        if what == "GOAWAY":
            assert client.until_closed(), f"not closed: {client.received}"
            assert [one for _, one, _ in client.goaways] == [code]
        elif what.startswith("RST"):
            stream = client.stream(int(what[3:] or 1))
            assert client.until(lambda: stream.reset or client.is_closed)
            assert (stream.reset, client.goaways) == (code, [])
            world.release.set()
            if listener == "four":
                assert client.until(lambda: all(client.stream(n).is_over for n in (1, 3, 5, 7)))
            assert world.is_healthy(client), client.received
        elif what in ("OK", "STATUS"):
            response = client.response(1)
            assert response and response.status == int(code or 200), client.goaways
            assert world.is_healthy(client)
        elif what == "IGNORED":
            assert world.is_healthy(client), (client.goaways, client.is_closed)
            assert not client.goaways
        elif what == "ENDED":
            assert client.until_closed()
            assert not client.goaways or client.goaways[-1][1] == "NO_ERROR"
        else:
            raise AssertionError(expected)
    finally:
        world.release.set()
        client.close()
    assert world.is_healthy()
    # Nothing malformed has gone on, nor something right been kept back.
    arrived = world.completed()[len(before):]
    assert arrived == (["/case"] if what == "OK" else []), "the wrong requests reached an upstream"


@pytest.mark.parametrize("name", list(FRAMES))
def test_frames(world, name):
    expected, steps = FRAMES[name]
    check(world, "strict", expected, steps)


@pytest.mark.parametrize("name", list(COMPRESSED))
def test_header_compression(world, name):
    expected, payload = COMPRESSED[name]
    check(world, "strict", expected, [coded(payload)])


@pytest.mark.parametrize("name", list(FIELDS))
@pytest.mark.parametrize("listener, expected", [
    ("strict", PROTOCOL), ("lenient", STREAM_PROTOCOL)])
def test_malformed_fields(world, name, listener, expected):
    check(world, listener, expected, [head(*FIELDS[name])])


@pytest.mark.parametrize("name", list(MESSAGES))
def test_messages(world, name):
    expected, steps = MESSAGES[name]
    check(world, "four" if name.startswith("5.1.2") else "lenient", expected, steps)


@pytest.mark.parametrize("name", list(PREFACES))
def test_prefaces(world, name):
    expected, content = PREFACES[name]
    check(world, "strict", expected, [content], quiet=True)


def test_ping_is_answered_with_its_content(world):
    client = connect(world.proxy.ports["strict"])
    client.ping(b"abcdefgh")
    assert client.until(lambda: client.pings)
    assert client.pings == [(b"abcdefgh", True)]
    client.close()


def test_settings_are_acknowledged_and_ours_say_what_holds(world):
    client = connect(world.proxy.ports["four"], quiet=True)
    client.raw(PREFACE + frame(SETTINGS))
    assert client.until(lambda: client.peer_settings_at_first is not None)
    frames = []
    while not frames or frames[-1].flags != {"ACK"}:
        frames.append(client.read())
    assert client.peer_settings_at_first[3] == 4
    assert client.peer_settings_at_first.get(4, 65535) == 65535
    client.close()


def test_a_table_size_update_is_used_when_the_setting_shrinks(world):
    client = connect(world.proxy.ports["strict"], settings={1: 0})
    for _ in range(3):
        response = client.response(client.request(fields("GET", "/first")))
        assert response.status == 200
    assert client.decoder.header_table_size == 0
    client.close()


# The other side: what an endpoint does wrong, what it is told, and what the client gets.

ANSWER = [(":status", "200")]


def reply(*pairs, end=True):
    return lambda n: frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), n,
                           block(pairs or ANSWER))


def body(content=b"four", end=True, flags=0):
    return lambda n: frame(DATA, flags | (END_STREAM if end else 0), n, content)


def raw(content):
    return lambda n: content


# Name: what the endpoint is told, what it sends.
ANSWERS = {
    "4.2 DATA above the largest frame": (FRAME_SIZE, [reply(end=False), body(bytes(16385))]),
    "5.1 DATA on an idle stream": (PROTOCOL, [lambda n: frame(DATA, 1, n + 100, b"a")]),
    "5.1 HEADERS on an idle stream": (
        PROTOCOL, [lambda n: frame(HEADERS, BOTH, n + 100, block(ANSWER))]),
    "5.1.1 a stream of the endpoint": (
        PROTOCOL, [lambda n: frame(HEADERS, BOTH, 2, block(ANSWER))]),
    "6.1 DATA on stream 0": (PROTOCOL, [raw(frame(DATA, 1, 0, b"a"))]),
    "6.1 padding longer than the frame": (
        PROTOCOL, [reply(end=False), body(b"\xfffour", flags=PADDED)]),
    "6.4 RST_STREAM on stream 0": (PROTOCOL, [raw(frame(RST, 0, 0, word(8)))]),
    "6.4 RST_STREAM on an idle stream": (
        PROTOCOL, [lambda n: frame(RST, 0, n + 100, word(8))]),
    "6.5 SETTINGS of five bytes": (FRAME_SIZE, [raw(frame(SETTINGS, 0, 0, bytes(5)))]),
    "6.5.2 ENABLE_PUSH of a server": (PROTOCOL, [raw(setting(2, 1))]),
    "6.5.2 INITIAL_WINDOW_SIZE of 2^31": (FLOW, [raw(setting(4, 1 << 31))]),
    "6.5.2 MAX_FRAME_SIZE of 1": (PROTOCOL, [raw(setting(5, 1))]),
    "6.6 PUSH_PROMISE": (
        PROTOCOL, [lambda n: frame(PUSH, END_HEADERS, n, word(2) + GOOD)]),
    "6.7 PING on a stream": (PROTOCOL, [lambda n: frame(PING, 0, n, bytes(8))]),
    "6.9 WINDOW_UPDATE of zero": (PROTOCOL, [raw(frame(UPDATE, 0, 0, word(0)))]),
    "6.9 WINDOW_UPDATE of zero for a stream": (
        STREAM_PROTOCOL, [lambda n: frame(UPDATE, 0, n, word(0))]),
    "6.9.1 the connection's window above 2^31-1": (
        FLOW, [raw(frame(UPDATE, 0, 0, word(0x7FFFFFFF)))]),
    "6.10 CONTINUATION after nothing": (
        PROTOCOL, [lambda n: frame(CONTINUATION, 4, n, block(ANSWER))]),
    "HPACK index 0": (COMPRESSION, [lambda n: frame(HEADERS, BOTH, n, b"\x80")]),
    "HPACK index not in the table": (COMPRESSION, [lambda n: frame(HEADERS, BOTH, n, b"\xff\0")]),
    "8.1 DATA before the head": ("ANY", [body()]),
    "8.1 an interim response at the end": ("ANY", [reply((":status", "100"))]),
    "8.1 trailers that do not end": (
        "ANY", [reply(end=False), reply(("x-a", "1"), end=False)]),
    "8.1.1 a body too short": (
        "ANY", [reply(*ANSWER, ("content-length", "5"), end=False), body()]),
    "8.1.1 a body too long": (
        "ANY", [reply(*ANSWER, ("content-length", "3"), end=False), body()]),
    "8.1.1 content-lengths that differ": (
        "ANY", [reply(*ANSWER, ("content-length", "4"), ("content-length", "5"), end=False),
                body()]),
    "8.2.1 an upper-case name": ("ANY", [reply(*ANSWER, ("X-A", "1"))]),
    "8.2.1 a line break in a value": ("ANY", [reply(*ANSWER, ("x-a", "a\r\nb: c"))]),
    "8.2.2 connection": ("ANY", [reply(*ANSWER, ("connection", "close"))]),
    "8.2.2 transfer-encoding": ("ANY", [reply(*ANSWER, ("transfer-encoding", "chunked"))]),
    "8.3 a request's pseudo-header": ("ANY", [reply(*ANSWER, (":path", "/"))]),
    "8.3.2 no :status": ("ANY", [reply(("x-a", "1"))]),
    "8.3.2 two :status": ("ANY", [reply(*ANSWER, *ANSWER)]),
    "8.3.2 :status of letters": ("ANY", [reply((":status", "abc"))]),
    "8.3.2 :status of 101": ("ANY", [reply((":status", "101"))]),
    "8.3.2 :status after a field": ("ANY", [reply(("x-a", "1"), *ANSWER)]),
    "not HTTP/2 at all": ("GOAWAY", [raw(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")]),
}


@pytest.fixture(scope="module")
def behind(binary, proxy, tmp_path_factory):
    """A process before an endpoint that answers as `endpoint.steps` say."""
    class Hostile:
        steps = []

    def answer(request):
        if request.target == "/healthy":
            respond(request)
            return
        Hostile.last = request
        for step in Hostile.steps:
            request.connection.raw(step(request.number))

    two = Http2Peer(answer)
    one = Sidecar(binary, proxy, tmp_path_factory.mktemp("behind"), envoyfile.bootstrap(
        [envoyfile.listener(hcm={"delayed_close_timeout": "0.2s"})],
        [envoyfile.cluster("app", two.port, **SPEAKS_TWO)])).start()
    yield one, Hostile
    one.finish()
    two.close()


def _is_told(connection, number):
    reset = connection.stream(number).reset
    return {*(f"GOAWAY {code}" for _, code, _ in connection.goaways),
            *([f"RST {reset}"] if reset else [])}


@pytest.mark.parametrize("name", list(ANSWERS))
@pytest.mark.parametrize("version", ["HTTP/1", "HTTP/2"])
def test_answers_of_endpoints(behind, name, version):
    proxy, hostile = behind
    expected, hostile.steps = ANSWERS[name]
    pid = proxy.pid
    if version == "HTTP/1":
        with proxy.client() as client:
            client.start(path="/bad")
            # A head that was passed on before the fault is followed by a cut, not by an end.
            with suppress(Truncated):
                response = client.response()
                assert response.status in (502, 503) or not response.complete
    else:
        client = connect(proxy.port)
        number = client.request(fields("GET", "/bad"))
        client.until(lambda: client.stream(number).is_over)
        stream = client.stream(number)
        status = dict(stream.heads[0])[":status"] if stream.heads else None
        assert status in ("502", "503") or stream.reset, (status, stream)
        client.close()
    connection, number = hostile.last.connection, hostile.last.number
    with connection.changed:
        connection.changed.wait_for(
            lambda: _is_told(connection, number) or connection.is_closed, 5)
    told = _is_told(connection, number)
    if expected == "ANY":
        assert told & {STREAM_PROTOCOL, PROTOCOL}, told
    elif expected == "GOAWAY":
        assert any(one.startswith("GOAWAY") for one in told), told
    else:
        assert expected in told
    assert proxy.fetch(path="/healthy").status == 200
    assert proxy.pid == pid and proxy.is_alive()


def table():
    """What `docs/reference/http2-conformance.md` lists: a rule's case and its error, by group."""
    malformed = "RST PROTOCOL_ERROR, then GOAWAY PROTOCOL_ERROR"
    return {
        "Frames, streams and settings": {name: what for name, (what, _) in FRAMES.items()},
        "Header compression": {name: what for name, (what, _) in COMPRESSED.items()},
        "Malformed heads": dict.fromkeys(FIELDS, malformed),
        "Messages": {name: what for name, (what, _) in MESSAGES.items()},
        "The preface": {name: what for name, (what, _) in PREFACES.items()},
        "Endpoints": {name: what for name, (what, _) in ANSWERS.items()},
    }


@pytest.mark.parametrize("group", list(table()))
def test_the_table_is_documented(group):
    text = (Path(__file__).parents[1] / "docs/reference/http2-conformance.md").read_text()
    lines = text.partition(f"## {group}\n")[2].partition("\n## ")[0].splitlines()
    assert [line for line in lines if line.startswith("| ")][1:] == [
        f"| {name} | {_in_words(what)} |" for name, what in table()[group].items()]


def _in_words(what):
    kind, _, code = what.partition(" ")
    return {"OK": "served", "IGNORED": "ignored", "ENDED": "connection ends without an error",
            "ANY": "`PROTOCOL_ERROR` for the stream or the connection",
            "STATUS": f"answered with {code}"}.get(kind) or " then ".join(
        f"`{one.strip()}`" for one in what.split(", then "))
