"""HTTP/2 peers that keep us busy at no cost of their own: each attack meets its bar.

Memory and what reaches the upstream are measured from outside. Each attack ends with the same
process, no stream and no connection left, and memory back.
"""

import socket
import struct
import time
from contextlib import suppress

import pytest

from harness import envoyfile
from harness.envoyfile import HTTP_OPTIONS, route
from harness.h2peer import PREFACE, connect, fields, raw_frame
from harness.h2peer_upstream import Http2Peer, respond
from harness.peer import Peer, ok
from harness.waiting import wait_until
from hpack import Encoder
from hpack.struct import NeverIndexedHeaderTuple

pytestmark = pytest.mark.pillion_only

DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, UPDATE, CONTINUATION = range(10)
BOTH = 5
CALM = "ENHANCE_YOUR_CALM"
OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def block(pairs):
    return Encoder().encode([NeverIndexedHeaderTuple(
        *(part.encode() for part in pair)) for pair in pairs], huffman=False)


def get(stream, path="/attack", end=True):
    return raw_frame(HEADERS, BOTH if end else 4, stream, block(fields("GET", path)))


def word(value):
    return struct.pack(">I", value)


class Target:
    """A process before upstreams of both versions, and what it looked like before the attack."""

    def __init__(self, launch, slow=0.0, **manager):
        self.arrived = []
        large, small = ok(b"x" * (10 << 20)), ok()

        def answer(request):
            if request.target.endswith("/attack"):
                self.arrived.append(request.target)
                time.sleep(slow)
            return large if request.target.endswith("/large") else small

        def answer_two(request):
            if request.target.endswith("/attack"):
                self.arrived.append(request.target)
                time.sleep(slow)
            respond(request)

        self.one, self.two = Peer(answer), Http2Peer(answer_two)
        self.one.keeps_bytes = False
        unlimited = envoyfile.limits(max_requests=100_000, max_connections=100_000,
                                     max_pending_requests=100_000)
        self.proxy = launch(envoyfile.bootstrap(
            [envoyfile.listener(name, [route("two", "/two"), route("one")],
                                hcm={"delayed_close_timeout": "0.2s", "codec_type": codec,
                                     **manager})
             for name, codec in (("inbound", "AUTO"), ("only-two", "HTTP2"))],
            [envoyfile.cluster("one", self.one.port, circuit_breakers=unlimited),
             envoyfile.cluster("two", self.two.port, typed_extension_protocol_options={
                 OPTIONS: {"@type": HTTP_OPTIONS, "explicit_http_config": {
                     "http2_protocol_options": {}}}})]), log=False)
        self.pid = self.proxy.pid
        for path in ("/healthy", "/two/healthy"):
            assert self.proxy.fetch(path=path).status == 200
        self.memory = self.proxy.resident_megabytes()
        self.files = self.proxy.open_files()
        self.peak = self.memory

    def connect(self, **options):
        client = connect(self.proxy.port, **options)
        assert client.until(lambda: client.peer_settings_at_first is not None)
        return client

    def watch(self):
        self.peak = max(self.peak, self.proxy.resident_megabytes())
        return self.peak - self.memory

    def is_whole(self, slack=32):
        """The leak check."""
        assert self.proxy.is_alive() and self.proxy.pid == self.pid
        for path in ("/healthy", "/two/healthy"):
            assert self.proxy.fetch(path=path).status == 200
        self.proxy.wait_stat("http2.streams_active", 0)
        self.proxy.wait_stat("http.inbound.downstream_rq_active", 0)
        self.proxy.wait_stat("http.inbound.downstream_cx_active", 0)
        wait_until(lambda: self.proxy.open_files() <= self.files + 60, "descriptors back")
        assert self.proxy.resident_megabytes() <= self.memory + slack

    def close(self):
        self.one.close()
        self.two.close()


@pytest.fixture
def target(launch):
    made = []

    def make(**options):
        made.append(Target(launch, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def pour(client, content):
    """Send as much as the other end takes."""
    with suppress(OSError):
        client.raw(content)


def is_told_to_calm_down(client, code=CALM):
    assert client.until_closed(10), "the connection was not closed"
    return [one for _, one, _ in client.goaways] == [code]


@pytest.mark.parametrize("prefix", ["", "/two"])
def test_rapid_reset(target, prefix):
    one = target(slow=0.01)
    client = one.connect()
    pour(client, b"".join(
        get(number, prefix + "/attack") + raw_frame(RST, 0, number, word(8))
        for number in range(1, 20_001, 2)))
    assert is_told_to_calm_down(client)
    client.close()
    one.is_whole()
    assert len(one.arrived) <= 1000, "more than 10 % of the cancelled requests went upstream"
    one.proxy.wait_stat("http2.inbound_reset_flood", 1)


@pytest.mark.parametrize("prefix", ["", "/two"])
def test_rapid_reset_in_reads_of_its_own(target, prefix):
    one = target(slow=0.01)
    client = one.connect()
    sent = 0
    with suppress(OSError):
        for number in range(1, 4001, 2):
            client.raw(get(number, prefix + "/attack"))
            client.raw(raw_frame(RST, 0, number, word(8)))
            sent += 1
    assert is_told_to_calm_down(client)
    client.close()
    one.is_whole()
    # What ends it is the count of resets: 200 and one are looked at, whatever is sent.
    assert len(one.arrived) <= 201


PROVOKED = {
    "WINDOW_UPDATE of zero": lambda n: get(n) + raw_frame(UPDATE, 0, n, word(0)),
    "a window above 2^31-1": lambda n: get(n) + raw_frame(UPDATE, 0, n, word(0x7FFFFFFF)),
    "DATA after the end": lambda n: get(n) + raw_frame(DATA, 1, n, b"more"),
    "HEADERS after the end": lambda n: get(n) + get(n),
    "PRIORITY of four bytes": lambda n: get(n) + raw_frame(PRIORITY, 0, n, bytes(4)),
    "a length that does not fit": lambda n: raw_frame(HEADERS, 4, n, block(
        fields("POST", "/attack", "content-length: 1"))) + raw_frame(DATA, 1, n, b"more"),
    "a length without a body": lambda n: raw_frame(HEADERS, BOTH, n, block(
        fields("POST", "/attack", "content-length: 1"))),
    "a pseudo-header in trailers": lambda n: get(n, end=False) + get(n),
    "a malformed head": lambda n: raw_frame(HEADERS, BOTH, n, block(
        [*fields("GET", "/attack"), ("connection", "close")])),
    "more streams than are offered": lambda n: get(n, end=False),
}


@pytest.mark.parametrize("what", list(PROVOKED))
def test_resets_provoked_by_errors(target, what):
    """A peer that makes us reset (\"MadeYouReset\") is counted as one that resets."""
    one = target(slow=0.01, http2_protocol_options={
        "override_stream_error_on_invalid_http_message": True, "max_concurrent_streams": 100})
    client = one.connect()
    pour(client, b"".join(PROVOKED[what](number) for number in range(1, 8001, 2)))
    assert is_told_to_calm_down(client)
    client.close()
    one.is_whole()
    assert len(one.arrived) <= 400, "more than 10 % of the cancelled requests went upstream"


FLOODS = {
    "SETTINGS": raw_frame(SETTINGS) * 20_000,
    "SETTINGS with values": raw_frame(SETTINGS, 0, 0, b"\0\4\0\1\0\0" * 100) * 1000,
    "PING": raw_frame(PING, 0, 0, bytes(8)) * 20_000,
    "PRIORITY": raw_frame(PRIORITY, 0, 3, word(0) + b"\x10") * 20_000,
    "PRIORITY of many streams": b"".join(
        raw_frame(PRIORITY, 0, n, word(0) + b"\x10") for n in range(1, 40_001, 2)),
    "WINDOW_UPDATE": raw_frame(UPDATE, 0, 0, word(1)) * 20_000,
    "empty DATA": get(1, end=False) + raw_frame(DATA, 0, 1) * 20_000,
    "DATA of padding alone": get(1, end=False) + raw_frame(DATA, 8, 1, b"\0") * 20_000,
    "empty HEADERS": b"".join(
        raw_frame(HEADERS, 4, n) for n in range(1, 20_001, 2)),
    "CONTINUATION": raw_frame(HEADERS, 1, 1, block(fields())) + raw_frame(
        CONTINUATION, 0, 1, block([("x-a", "a" * 1000)])) * 20_000,
    "empty CONTINUATION": raw_frame(HEADERS, 1, 1, block(fields())) + raw_frame(
        CONTINUATION, 0, 1) * 20_000,
    "unknown frames": raw_frame(0x7F, 0, 0, b"a") * 20_000,
    "unknown frames, empty": raw_frame(0x7F, 0, 1) * 20_000,
}


COUNTERS = {
    "SETTINGS": "inbound_settings_flood", "PING": "inbound_ping_flood",
    "PRIORITY": "inbound_priority_frames_flood",
    "WINDOW_UPDATE": "inbound_window_update_frames_flood",
    "empty DATA": "inbound_empty_frames_flood", "CONTINUATION": "continuation_flood",
}


@pytest.mark.parametrize("what", list(FLOODS))
def test_floods(target, what):
    one = target()
    client = one.connect()
    pour(client, FLOODS[what])
    assert client.until_closed(10)
    codes = [code for _, code, _ in client.goaways]
    # A block of no fields is malformed before it is a flood.
    assert codes in ([CALM], ["PROTOCOL_ERROR"] if what == "empty HEADERS" else [CALM]), codes
    client.close()
    assert one.watch() <= 32
    one.is_whole()
    if what in COUNTERS:
        one.proxy.wait_stat(f"http2.{COUNTERS[what]}", 1)
    assert not one.arrived or what in ("empty DATA", "DATA of padding alone")


@pytest.mark.parametrize("what", ["PING", "SETTINGS"])
def test_floods_whose_answers_are_not_read(target, what):
    one = target()
    client = connect(one.proxy.port)
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    client.socket.settimeout(3)
    for _ in range(50):
        try:
            client.socket.sendall(FLOODS[what])
        except OSError:
            break
    assert one.watch() <= 32
    client.abort()
    one.is_whole()


def test_an_hpack_bomb(target):
    """One large entry, then references to it, each of one byte."""
    one = target()
    before = one.proxy.resident_megabytes()
    clients = []
    entry = b"\x40\x03x-a\x7f" + b"\xc1\x1e" + b"a" * 4032
    head = block(fields("GET", "/attack"))
    sent = 0
    for _ in range(50):
        client = one.connect()
        clients.append(client)
        for number in (1, 3, 5):
            bomb = head + (entry if number == 1 else b"") + b"\xbe" * 11_000
            pour(client, raw_frame(HEADERS, BOTH, number, bomb))
            sent += len(bomb)
    statuses = []
    for client in clients:
        client.until(lambda: client.is_closed or client.stream(5).is_over, 5)
        statuses += [dict(head)[":status"] for one_stream in client.streams.values()
                     for head in one_stream.heads]
    grown = (one.proxy.resident_megabytes() - before) * (1 << 20)
    assert set(statuses) <= {"431"}
    assert grown <= 20 * sent, f"{grown / sent:.1f} times what was sent"
    assert not one.arrived
    for client in clients:
        client.close()
    one.is_whole()


def test_large_heads_and_closed_windows(target):
    """Heads as large as may be, 50 connections of 20 streams, whose answers have no window."""
    one = target(http2_protocol_options={"max_concurrent_streams": 100})
    clients = []
    head = block([*fields("GET", "/large"), *[(f"x-{n}", "a" * 900) for n in range(45)]])
    parts = [head[at : at + 16384] for at in range(0, len(head), 16384)]
    sent = 0
    for _ in range(20):
        client = connect(one.proxy.port, settings={4: 0})
        clients.append(client)
        for number in range(1, 41, 2):
            content = b"".join(
                raw_frame(CONTINUATION if at else HEADERS, (0 if at else 1)
                          | (4 if at == len(parts) - 1 else 0), number, part)
                for at, part in enumerate(parts))
            pour(client, content)
            sent += len(content)
    wait_until(lambda: len(one.one.connections) >= 300, "requests upstream", 20)
    assert one.watch() * (1 << 20) <= 20 * sent, f"{one.watch()} MB for {sent} bytes"
    for client in clients:
        client.abort()
    one.is_whole(slack=64)


def test_slow_readers(target):
    """100 streams that ask for 10 MB each and read nothing: 1 GB is not held."""
    one = target(http2_protocol_options={"max_concurrent_streams": 100})
    client = connect(one.proxy.port, settings={4: 65535})
    for number in range(1, 201, 2):
        pour(client, get(number, "/large"))
    wait_until(lambda: len(one.one.requests) >= 100, "requests upstream")
    grown = []
    end = time.monotonic() + 2
    while time.monotonic() < end:
        grown.append(one.watch())
        time.sleep(0.05)
    assert max(grown) <= 64, f"{max(grown)} MB"
    client.abort()
    one.is_whole(slack=64)


def test_a_slow_reader_of_the_socket(target):
    """Windows are wide open, and nobody reads the socket."""
    one = target(http2_protocol_options={"max_concurrent_streams": 100})
    client = connect(one.proxy.port, settings={4: 0x7FFFFFFF})
    client.update(0, 0x7FFF0000)
    for number in range(1, 201, 2):
        pour(client, get(number, "/large"))
    wait_until(lambda: len(one.one.requests) >= 100, "requests upstream")
    end = time.monotonic() + 2
    while time.monotonic() < end:
        one.watch()
        time.sleep(0.05)
    assert one.peak - one.memory <= 64
    client.abort()
    one.is_whole(slack=64)


@pytest.mark.parametrize("listener, what", [
    ("inbound", "a frame"), ("inbound", "a block"), ("inbound", "a preface"),
    ("only-two", "a block"), ("only-two", "a preface"), ("only-two", "nothing")])
def test_slow_heads_are_not_waited_for(target, listener, what):
    one = target(request_headers_timeout="0.5s")
    began = time.monotonic()
    client = connect(one.proxy.ports[listener], quiet=True)
    client.acknowledges = False
    good = block(fields("GET", "/attack"))
    start = PREFACE + raw_frame(SETTINGS)
    pour(client, {
        "a frame": start + raw_frame(HEADERS, BOTH, 1, good)[:-1],
        "a block": start + raw_frame(HEADERS, 1, 1, good[:5]),
        "a preface": PREFACE[:10],
        "nothing": b"",
    }[what])
    assert client.until_closed(5), "it waits for ever"
    assert time.monotonic() - began >= 0.4
    client.close()
    one.is_whole()
    assert not one.arrived


def test_dripping_blocks_do_not_extend_the_time(target):
    one = target(request_headers_timeout="0.5s")
    client = one.connect()
    pour(client, raw_frame(HEADERS, 1, 1, block(fields("GET", "/attack"))[:5]))
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    began = time.monotonic()
    rest = raw_frame(CONTINUATION, 4, 1, block(fields("GET", "/attack"))[5:])
    for byte in rest:
        pour(client, bytes([byte]))
        if client.until_closed(0.1):
            break
    assert client.is_closed and time.monotonic() - began < 2
    client.close()
    one.is_whole()


def test_a_connection_that_is_idle_is_not_a_slow_one(target):
    one = target(request_headers_timeout="0.3s")
    client = one.connect()
    assert client.response(client.request(fields("GET", "/healthy"))).status == 200
    assert not client.until_closed(0.8)
    assert client.response(client.request(fields("GET", "/healthy"))).status == 200
    client.close()
    one.is_whole()


def test_many_idle_connections(target):
    one = target()
    clients = []
    for _ in range(500):
        client = connect(one.proxy.port)
        clients.append(client)
    for client in clients:
        assert client.until(lambda: client.peer_settings_at_first is not None)
        assert client.response(client.request(fields("GET", "/healthy"))).status == 200
    per_connection = one.watch() * 1024 / len(clients)
    assert per_connection <= 24, f"{per_connection:.1f} kB for each idle connection"
    for client in clients:
        client.close()
    one.is_whole()


def test_a_mesh_connection_survives_what_its_many_clients_cancel(target):
    """1,000 streams are active, and 300 of them end early: nobody else is to suffer."""
    one = target(http2_protocol_options={"max_concurrent_streams": 2000})
    client = one.connect()
    numbers = range(1, 2001, 2)
    for number in numbers:
        client.headers(number, fields("POST", "/two/healthy"))
    one.proxy.wait_stat("http.inbound.downstream_rq_active", 1000)
    for number in numbers[:300]:
        client.reset(number)
    for number in numbers[300:]:
        client.data(number, b"", end=True)
    for number in numbers[300:]:
        assert client.response(number).status == 200
    assert not client.goaways and not client.is_closed
    client.close()
    one.is_whole(slack=64)


def test_a_flood_of_resets_from_an_endpoint(launch):
    """An endpoint that resets every stream ends those, and nothing else."""
    def answer(request):
        if request.target == "/healthy":
            respond(request)
        else:
            request.connection.reset(request.number)

    two = Http2Peer(answer)
    proxy = launch(envoyfile.bootstrap([envoyfile.listener()], [envoyfile.cluster(
        "app", two.port, typed_extension_protocol_options={OPTIONS: {
            "@type": HTTP_OPTIONS, "explicit_http_config": {"http2_protocol_options": {}}}})]),
        log=False)
    client = connect(proxy.port)
    for _ in range(500):
        assert client.response(client.request(fields("GET", "/reset"))).status in (502, 503)
    assert client.response(client.request(fields("GET", "/healthy"))).status == 200
    client.close()
    proxy.wait_stat("http2.streams_active", 0)
    two.close()


def speaking_two(**options):
    return {"typed_extension_protocol_options": {OPTIONS: {
        "@type": HTTP_OPTIONS, "explicit_http_config": {"http2_protocol_options": options}}}}


def test_a_ping_with_each_call_is_no_flood(launch):
    """Peers that measure their bandwidth ping with nearly each call, in both directions."""
    def answer(request):
        respond(request)
        request.connection.ping()

    two = Http2Peer(answer)
    proxy = launch(envoyfile.bootstrap(
        [envoyfile.listener()], [envoyfile.cluster("app", two.port, **speaking_two())]), log=False)
    client = connect(proxy.port)
    for _ in range(400):
        assert client.response(client.request(fields("POST"), body=b"a")).status == 200
        client.ping()
    assert not client.goaways and not client.is_closed
    assert len(two.connections) == 1 and not two.connections[0].goaways
    client.close()
    two.close()


REDIRECT = {"match": {"prefix": "/"}, "redirect": {"https_redirect": True}}


def ask_without_reading(proxy, path, seconds=15, patience=8):
    """Ask for redirects, as many as the other end takes; whether it ended the connection."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", proxy.port))
    encoder = Encoder()
    first, rest = (encoder.encode(fields("GET", path)) for _ in range(2))
    # As many as fit into one read are fewer than may be open at the same time.
    rest += block([("x-a", "a" * 100)])
    sock.settimeout(patience)
    deadline = time.monotonic() + seconds
    try:
        sock.sendall(PREFACE + raw_frame(SETTINGS) + raw_frame(HEADERS, BOTH, 1, first))
        number = 3
        while time.monotonic() < deadline:
            sock.sendall(b"".join(raw_frame(HEADERS, BOTH, number + 2 * at, rest)
                                  for at in range(1000)))
            number += 2000
        return None
    except TimeoutError:
        return False
    except OSError:
        return True
    finally:
        sock.close()


def test_answers_that_are_not_read_are_counted(launch):
    proxy = launch(envoyfile.bootstrap([envoyfile.listener(routes=[REDIRECT], hcm={
        "delayed_close_timeout": "0.2s",
        "http2_protocol_options": {"max_outbound_frames": 500}})], []), log=False)
    assert ask_without_reading(proxy, "/" + "p" * 200), "the connection goes on"
    proxy.wait_stat("http2.outbound_flood", 1)
    proxy.wait_stat("http2.streams_active", 0)
    proxy.wait_stat("http.inbound.downstream_cx_active", 0)


def test_large_answers_that_are_not_read_take_no_memory(launch):
    """Requests that cost their sender a few bytes, and an answer of 3.6 kB each."""
    proxy = launch(envoyfile.bootstrap([envoyfile.listener(routes=[REDIRECT], hcm={
        "delayed_close_timeout": "0.2s"})], []), log=False)
    before = proxy.resident_megabytes()
    ask_without_reading(proxy, "/" + "p" * 3600, patience=3)
    assert proxy.resident_megabytes() - before <= 32
    proxy.wait_stat("http.inbound.downstream_cx_active", 0)


def test_refusals_that_are_not_read_are_counted(launch):
    """After GOAWAY every stream is refused; the resets are answers that nobody reads."""
    two = Http2Peer(lambda request: request.connection.headers(
        request.number, [(":status", "200")]))
    proxy = launch(envoyfile.bootstrap(
        [envoyfile.listener(routes=[route(timeout="0s")], hcm={
            "delayed_close_timeout": "0.2s",
            "common_http_protocol_options": {"max_requests_per_connection": 1}})],
        [envoyfile.cluster("app", two.port, **speaking_two())]), log=False)
    client = connect(proxy.port)
    client.request(fields())
    assert client.until(lambda: len(client.goaways) == 2)
    before = proxy.resident_megabytes()
    block = client.block(fields())
    client.socket.settimeout(3)
    with suppress(OSError):
        for start in range(3, 6_000_000, 2000):
            client.raw(b"".join(raw_frame(HEADERS, BOTH, n, block)
                                for n in range(start, start + 2000, 2)))
    assert proxy.resident_megabytes() - before <= 32
    proxy.wait_stat("http2.outbound_control_flood", 1)
    proxy.wait_stat("http.inbound.downstream_cx_active", 0)
    client.close()
    two.close()


def test_streams_that_were_answered_may_be_cancelled(launch):
    """Watches and other long answers end so, many at a time; another client's stream goes on."""
    two = Http2Peer(lambda request: request.connection.headers(
        request.number, [(":status", "200")]), settings={3: 2000})
    proxy = launch(envoyfile.bootstrap(
        [envoyfile.listener(routes=[route(timeout="0s")])],
        [envoyfile.cluster("app", two.port, **speaking_two())]), log=False)
    client = connect(proxy.port, timeout=15)
    for _ in range(3):
        numbers = [client.request(fields()) for _ in range(201)]
        assert client.until(lambda: all(client.stream(n).heads for n in numbers))
        for number in numbers[1:]:
            client.reset(number)
    client.ping()
    assert client.until(lambda: client.pings or client.goaways)
    assert not client.goaways and client.stream(1).reset is None
    client.close()
    two.close()


def test_frames_that_cross_our_resets_are_no_error(launch):
    """500 streams are reset by us while their frames are on their way, on either side."""
    late = []

    def answer(request):
        if request.target == "/slow":
            late.append(request)
        else:
            respond(request, status=413)

    two = Http2Peer(answer, early=True, settings={3: 2000})
    proxy = launch(envoyfile.bootstrap(
        [envoyfile.listener(routes=[route(prefix="/slow", timeout="1s"), route()])],
        [envoyfile.cluster("app", two.port, **speaking_two())]), log=False)
    client = connect(proxy.port, timeout=15)
    numbers = [client.new_stream() for _ in range(500)]
    for number in numbers:
        client.headers(number, fields("POST", "/early"))
    assert client.until(lambda: all(client.stream(n).is_over for n in numbers))
    for number in numbers:
        client.data(number, b"x" * 50, obeys=False)
        client.headers(number, [("x-end", "yes")], end=True)
    slow = [client.request(fields("GET", "/slow")) for _ in range(500)]
    assert client.until(lambda: all(client.stream(n).is_over for n in slow))
    assert len(late) == 500 and len(two.connections) == 1
    for request in late:
        request.connection.headers(request.number, [(":status", "200")])
        request.connection.data(request.number, b"late", end=True, obeys=False)
    assert client.response(client.request(fields("POST", "/early"), body=b"")).status == 413
    assert not client.goaways and not two.connections[0].goaways
    # What the client itself has ended is an error still.
    last = client.next_number - 2
    assert client.stream(last).ended
    client.data(last, b"more")
    assert client.until(lambda: client.stream(last).reset == "STREAM_CLOSED")
    client.close()
    two.close()


def test_answers_without_a_window_do_not_wait_for_ever(launch, peer):
    one = peer(lambda request: ok(b"x" * 2000))
    proxy = launch(envoyfile.bootstrap(
        [envoyfile.listener(hcm={
            "stream_idle_timeout": "0.5s",
            "common_http_protocol_options": {"idle_timeout": "1s"}})],
        [envoyfile.cluster("app", one.port)]))
    client = connect(proxy.port, settings={4: 0})
    client.updates = False
    numbers = [client.request(fields()) for _ in range(20)]
    assert client.until(lambda: all(client.stream(n).heads for n in numbers))
    kept = client.request(fields())
    assert client.until(lambda: client.stream(kept).heads)
    # One that takes a little now and then is not given up.
    for _ in range(5):
        client.update(kept, 100)
        client.until(lambda: False, 0.2)
    assert client.stream(kept).reset is None and len(client.stream(kept).data) == 500
    assert client.until(lambda: all(client.stream(n).reset for n in numbers))
    assert proxy.stat("http2.tx_flush_timeout") == 20
    assert client.until_closed(10), "the connection is never idle"
    client.close()
