"""Which filter chain a connection gets, and what listener filters read before."""

import ipaddress
import socket
import struct

from beside.case import Difference, Scene, World
from beside.parts import LOG, bootstrap, cluster, direct, host, route
from beside.relaying import chain, listener_filter, relay, tcp_listener, tcp_proxy
from beside.securing import connection_line, downstream, lines, name_of
from harness import envoyfile
from harness.client import Client, Truncated
from harness.h2peer import connect, fields
from harness.tcppeer import TcpClient, banner, echo, tcp_peer
from harness.tlspeer import (SecureClient, SecurePeer, client_context, failure, server_context)
from harness.waiting import wait_until

_TLS, _HTTP = listener_filter("tls_inspector"), listener_filter("http_inspector")
_LOG = {**LOG, "chain": "%FILTER_CHAIN_NAME%", "name": "%REQUESTED_SERVER_NAME%",
        "remote": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
        "direct": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%",
        "local": "%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%", "protocol": "%PROTOCOL%"}


def manager(answer, stat="chains", *routes, **fields):
    """A network filter for HTTP that answers with its name."""
    one = envoyfile.listener("x", virtual_hosts=[
        host(*routes, direct(body=answer))], hcm={
            "stat_prefix": stat, "server_name": "test", "delayed_close_timeout": "0.05s",
            "access_log": [envoyfile.file_log("access.log", json=_LOG)],
            **fields})
    return one["filter_chains"][0]["filters"][0]


def http_chain(name, match=None, tls=None, **fields):
    return chain(manager(name, **fields), match=match, name=name, **(tls or {}))


def choosing(up):
    tls = downstream
    sni = tcp_listener(
        "names",
        http_chain("exact", {"server_names": ["test"]}, tls("server")),
        http_chain("wild", {"server_names": ["*.wild.test"]}, tls("server")),
        http_chain("deeper", {"server_names": ["*.deep.wild.test"]}, tls("server")),
        http_chain("second", {"server_names": ["second.test", "third.test"]}, tls("second")),
        http_chain("plain", {"transport_protocol": "raw_buffer"}),
        filters=[_TLS])
    passing = tcp_listener(
        "passing",
        chain(tcp_proxy("tls-one", "passing"), match={"server_names": ["one.test"]}, name="one"),
        chain(tcp_proxy("tls-two", "passing"), match={"server_names": ["*.two.test"]},
              name="two"),
        filters=[_TLS])
    falling = tcp_listener(
        "falling", http_chain("exact", {"server_names": ["test"]}, tls("server")),
        filters=[_TLS], default_filter_chain=http_chain("default", None, tls("second")))
    alpn = tcp_listener(
        "alpn",
        http_chain("h2", {"transport_protocol": "tls", "application_protocols": ["h2"]},
                   tls("server", alpn=("h2",))),
        http_chain("one", {"transport_protocol": "tls",
                           "application_protocols": ["http/1.1", "http/1.0"]},
                   tls("server", alpn=("http/1.1",))),
        http_chain("none", {"transport_protocol": "tls"}, tls("second")),
        filters=[_TLS])
    # The transport protocol is looked at first, and there is no way back.
    order = tcp_listener(
        "order",
        http_chain("one", {"application_protocols": ["http/1.1"]},
                   tls("server", alpn=("http/1.1",))),
        http_chain("none", {"transport_protocol": "tls"}, tls("second")),
        filters=[_TLS])
    sources = tcp_listener(
        "sources",
        http_chain("prefix", {"source_prefix_ranges": [
            {"address_prefix": "127.0.0.2", "prefix_len": 32}]}),
        http_chain("wider", {"source_prefix_ranges": [
            {"address_prefix": "127.0.0.0", "prefix_len": 24}]}),
        http_chain("rest"))
    types = tcp_listener(
        "types", http_chain("local", {"source_type": "SAME_IP_OR_LOOPBACK"}),
        http_chain("outside", {"source_type": "EXTERNAL"}),
        filters=[listener_filter("proxy_protocol")])
    ports = tcp_listener(
        "ports",
        http_chain("80", {"destination_port": 80}),
        http_chain("81 from inside", {"destination_port": 81, "prefix_ranges": [
            {"address_prefix": "10.0.0.0", "prefix_len": 8}]}),
        http_chain("10.1", {"prefix_ranges": [{"address_prefix": "10.1.0.0", "prefix_len": 16}]}),
        http_chain("from port", {"source_ports": [4444]}),
        http_chain("10", {"prefix_ranges": [{"address_prefix": "10.0.0.0", "prefix_len": 8}]}),
        filters=[listener_filter("proxy_protocol")])
    detected = tcp_listener(
        "detected",
        http_chain("h1", {"application_protocols": ["http/1.1", "http/1.0"]}),
        http_chain("h2", {"application_protocols": ["h2c"]}),
        chain(tcp_proxy("echo", "detected"), match={}, name="bytes"),
        filters=[_TLS, _HTTP], listener_filters_timeout="0.3s",
        continue_on_listener_filters_timeout=True)
    # Without the filter that reads names, none is known.
    unread = tcp_listener(
        "unread", http_chain("exact", {"server_names": ["test"]}, tls("server")),
        http_chain("second", {"server_names": ["second.test"]}, tls("second")))
    waiting = {"listener_filters_timeout": "0.2s"}
    first = [chain(tcp_proxy("banner", "first"), name="banner")]
    read = manager("read", "read", route("app", prefix="/app"), use_remote_address=True)

    def reading(name, **config):
        return tcp_listener(name, chain(read), filters=[
            listener_filter("proxy_protocol", **config)], **waiting)

    return bootstrap([
        sni, passing, falling, alpn, order, sources, types, ports, detected, unread,
        tcp_listener("giving-up", *first, filters=[_TLS], **waiting),
        tcp_listener("going-on", *first, filters=[_TLS], **waiting,
                     continue_on_listener_filters_timeout=True),
        tcp_listener("opaque", *first),
        reading("read"), reading("optional", allow_requests_without_proxy_protocol=True),
        reading("only-2", disallowed_versions=["V1"]),
        tcp_listener("read-tcp", chain(tcp_proxy("echo", "readtcp")),
                     filters=[listener_filter("proxy_protocol")]),
    ], [cluster("echo", up["echo"]), cluster("banner", up["banner"]),
        cluster("tls-one", up["tls-one"]), cluster("tls-two", up["tls-two"]),
        cluster("app", up["a"])])


# Playing

_STATS = ("listener.{}.downstream_*", "listener.{}.no_filter*", "tls_inspector.*",
          "http_inspector.*", "proxy_proto.*", "listener.{}.ssl.handshake",
          "listener.{}.ssl.connection_error", "listener.{}.extension*",
          "downstream_cx_proxy_proto_error", "listener.{}.proxy_proto*")
_IGNORES = ("*length_ms*", "*worker*", "*buffered*")


def _scene(name, listener, play, ignores=(), stats=(), difference=None):
    return Scene(name, play, stats=(*(one.format(listener) for one in _STATS), *stats),
                 ignores=(*_IGNORES, *ignores), difference=difference)


# Local replies have words of their own.
_WORDS = ("connection.sent",)
# Whether the system resets depends on whether the client's first bytes have come.
_END = ("failed", "end")


def _named(name, listener, sni, alpn=None, ignores=(), difference=None):
    """Which chain answers a client of this server name."""

    def play(side):
        found = {}
        try:
            with SecureClient(side.port(listener), client_context(alpn=alpn), sni,
                              timeout=3) as client:
                port = client.local_port
                found = {"served": name_of(client.served), "alpn": client.alpn}
                if client.alpn != "h2":
                    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    found["body"] = client.response().text
        except (OSError, Truncated) as error:
            found["failed"] = failure(error)
            port = getattr(error, "port", None) or port
        if port:
            found["connection"] = _line(side, port)
        return found

    return _scene(name, listener, play, ignores, difference=difference)


def _line(side, port):
    line = connection_line(side, port)
    return {key: value for key, value in line.items() if key not in ("upstream",)}


def _plain(name, listener, source=None, data=b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", count=None,
           log=True, ignores=(), difference=None):
    """What comes back for bytes in the clear, and how the connection goes on."""

    def play(side):
        with TcpClient(side.port(listener), timeout=3, source=source) as client:
            port = client.local_port
            if data:
                client.send(data)
            if count:
                got, end = client.exactly(count), "open"
            else:
                got, end = client.rest(0.8)
        status, _, body = got.partition(b"\r\n\r\n")
        found = {"status": status.split(b"\r\n")[0].decode("latin-1"), "end": end}
        if not status.startswith(b"HTTP/1.1 4"):
            # The words of local replies are each proxy's own.
            found["body"] = body.decode("latin-1")
        return found | ({"connection": _line(side, port)} if log else {})

    return _scene(name, listener, play, ignores, difference=difference)


def _http2(name, listener):
    def play(side):
        client = connect(side.port(listener))
        port = client.socket.getsockname()[1]
        response = client.response(client.request(fields(path="/")))
        client.close()
        return {"status": response.status, "body": response.text,
                "connection": _line(side, port)}

    # Settings and the compression of headers are each proxy's own.
    return _scene(name, listener, play, ("connection.sent",))


_REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def v1(source="9.9.9.9", destination="8.8.8.8", ports=(4000, 80), family="TCP4"):
    return f"PROXY {family} {source} {destination} {ports[0]} {ports[1]}\r\n".encode()


def v2(source="9.9.9.9", destination="8.8.8.8", ports=(4000, 80), command=1, kind=None, more=b"",
       length=None):
    one, two = ipaddress.ip_address(source), ipaddress.ip_address(destination)
    kind = (0x11 if one.version == 4 else 0x21) if kind is None else kind
    body = one.packed + two.packed + struct.pack(">HH", *ports) + more
    return (_SIGNATURE + bytes([0x20 | command, kind])
            + struct.pack(">H", len(body) if length is None else length) + body)


def _read(name, header, listener="read", request=_REQUEST):
    """A connection that begins with a header: the answer, and whose connection it is said to be."""

    def play(side):
        with TcpClient(side.port(listener), timeout=3) as client:
            port = client.local_port
            client.send(header + request)
            got, end = client.rest(0.8)
        found = {"status": got.split(b"\r\n")[0].decode("latin-1"), "end": end}
        found["connection"] = _line_or_none(side, port)
        return found

    return _scene(name, listener, play, stats=("http.read.downstream_cx_total",))


def _line_or_none(side, port):
    try:
        return {key: value for key, value in connection_line(side, port).items()
                if key not in ("upstream",)}
    except AssertionError:
        return None


def _forwarded(side):
    """The address of the header is the client's, for the upstream too."""
    with Client(side.port("read"), 3) as client:
        trace = side.trace()
        client.send(v1() + f"GET /app HTTP/1.1\r\nHost: a\r\nx-trace: {trace}\r\n\r\n".encode())
        response = client.response()
    _, request = side.upstreams.arrivals[trace][0]
    return {"status": response.status, "forwarded": request.header("x-forwarded-for"),
            "log": wait_until(lambda: [line for line in lines(side, "access.log")
                                       if line["trace"] == trace], "the line", 5)[0]["details"]}


def _passed(name, sni, **options):
    """Which upstream's certificate a client sees through the proxy."""

    def play(side):
        found = {}
        try:
            with SecureClient(side.port("passing"), client_context(**options), sni,
                              timeout=3) as client:
                port = client.local_port
                found["served"] = name_of(client.served)
                client.send(b"hello")
                found["echo"] = client.exactly(5).decode()
        except (OSError, Truncated) as error:
            found["failed"] = failure(error)
            port = getattr(error, "port", None)
        if port:
            found["connection"] = {key: value for key, value in _line(side, port).items()
                                   if key not in ("received", "sent")}
        return found

    return _scene(name, "passing", play, stats=("tcp.passing.*",),
                  ignores=("*rx_bytes*", "*tx_bytes*", "*bytes*"))


def _in_pieces(side):
    """A ClientHello that comes byte by byte."""
    import ssl

    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client_context().wrap_bio(incoming, outgoing, server_hostname="one.test")
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    message = outgoing.read()
    with socket.create_connection(("127.0.0.1", side.port("passing")), timeout=5) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(message), 50):
            sock.sendall(message[start : start + 50])
        return sock.recv(5)[:3].hex()


CHOOSING = World("filter chains", choosing, [
    _named("an exact name", "names", "test"), _named("a name with capitals", "names", "TEST"),
    _named("a wildcard", "names", "a.wild.test"),
    _named("a deeper wildcard", "names", "a.deep.wild.test"),
    _named("a wildcard over two labels", "names", "a.b.wild.test"),
    _named("the wildcard's own name", "names", "wild.test"),
    _named("the second of two names", "names", "third.test"),
    _named("a name of no chain", "names", "nobody.test"),
    _named("no name", "names", None),
    _plain("clear text", "names"),
    _named("a name of no chain, with a default", "falling", "nobody.test"),
    _named("a name, with a default", "falling", "test"),
    _plain("clear text, with a default in TLS", "falling"),
    _named("ALPN h2", "alpn", "test", ("h2", "http/1.1"), difference=Difference(
        "a server's first frame of HTTP/2 waits for nobody", {"connection.sent": (34, 0)})),
    _named("ALPN http/1.1", "alpn", "test", ("http/1.1",)),
    _named("ALPN of no chain", "alpn", "test", ("smtp",)),
    _named("no ALPN", "alpn", "test"),
    _named("ALPN http/1.1 after the transport", "order", "test", ("http/1.1",)),
    _named("a name without the inspector", "unread", "second.test", ignores=_END),
    _named("a name of no chain without the inspector", "unread", "nobody.test", ignores=_END),
    _plain("clear text without the inspector", "unread", ignores=_END),
    _plain("clear text to chains in TLS", "alpn"),
    _plain("an address", "sources", "127.0.0.2"), _plain("a network", "sources", "127.0.0.3"),
    _plain("another network", "sources", "127.0.1.1"),
    _read("a local source", v1("10.0.0.9", "10.0.0.9"), "types"),
    _read("a source from outside", v1(), "types"),
    _read("a port", v1(destination="1.1.1.1", ports=(4000, 80)), "ports"),
    _read("a port and a network", v1(destination="10.1.1.1", ports=(4000, 81)), "ports"),
    _read("a port without the network", v1(destination="1.1.1.1", ports=(4000, 81)), "ports"),
    _read("a network, another port", v1(destination="10.1.1.1", ports=(4000, 82)), "ports"),
    _read("a wider network", v1(destination="10.2.1.1", ports=(4000, 82)), "ports"),
    _read("a source's port", v1(destination="1.1.1.1", ports=(4444, 82)), "ports"),
    _read("no chain", v1(destination="1.1.1.1", ports=(4000, 83)), "ports"),
    _plain("HTTP/1.1 detected", "detected"),
    _plain("HTTP/1.0 detected", "detected", data=b"GET / HTTP/1.0\r\n\r\n",
           ignores=_WORDS),
    _http2("HTTP/2 detected", "detected"),
    _plain("no HTTP detected", "detected", data=b"\x01\x02\x03\x04hello\r\n", count=11),
    _plain("a word that is no method", "detected", data=b"HELO test\r\n", count=11),
    _plain("a line of an unknown version", "detected", data=b"GET / HTTP/7.7\r\n\r\n", count=18,
           ignores=(*_WORDS, "body"), difference=Difference(
               "there is no such version (RFC 9110 section 15.6.6), rather than too old a one",
               {"status": ("HTTP/1.1 505 HTTP ", "HTTP/1.1 426 Upgra")})),
    _plain("half a method", "detected", data=b"GE", count=2, difference=Difference(
        "one byte is enough to tell that it is no TLS",
        {"stats.tls_inspector.tls_not_found": (1, None)})),
    _plain("silence", "giving-up", data=b"", difference=Difference(
        "no chain depends on the first bytes, so the server may speak first", {
            "status": ("220 ready", ""), "end": ("open", "closed"),
            "stats.listener.giving-up.downstream_pre_cx_timeout": (None, 1)},
        follows=("connection.*", "stats.listener.giving-up.downstream_cx_*"))),
    _plain("silence, and on", "going-on", data=b"", count=11, difference=Difference(
        "no chain depends on the first bytes, so nobody waits for them",
        {"stats.listener.going-on.downstream_pre_cx_timeout": (None, 1)})),
    _plain("no listener filters", "opaque", data=b"", count=11),
    _plain("clear text read by the TLS inspector", "giving-up", data=b"hello", count=16,
           difference=Difference("no chain depends on the first bytes, so nobody looks at them",
                                 {"stats.tls_inspector.tls_not_found": (None, 1)})),
    _plain("a header that does not come", "read", data=b""),
    _passed("passed on", "one.test"), _passed("passed on by a wildcard", "a.two.test"),
    _passed("passed on to no one", "three.test"),
    _passed("passed on without a name", None),
    _passed("passed on, TLS 1.2", "one.test", version="1.2"),
    _scene("passed on, in pieces", "passing", _in_pieces, ignores=("stats.*",)),
    # The PROXY protocol
    _read("version 1", v1()), _read("version 1, IPv6", v1("::1", "::2", family="TCP6")),
    _read("version 1, unknown", b"PROXY UNKNOWN\r\n"),
    _read("version 1, unknown with words", b"PROXY UNKNOWN a b c\r\n"),
    _read("version 1, a bad address", v1("9.9.9.999")),
    _read("version 1, a bad port", v1(ports=(70000, 80))),
    _read("version 1, another family", v1(family="UDP4")),
    _read("version 1, a family that does not fit", v1("::1", "::2")),
    _read("version 1, too long", b"PROXY TCP4 " + b"1" * 200 + b"\r\n"),
    _read("version 1, a line feed alone", v1().replace(b"\r\n", b"\n")),
    _read("version 2", v2()), _read("version 2, IPv6", v2("::1", "::2")),
    _read("version 2, local", v2(command=0)), _read("version 2, local and empty", (
        _SIGNATURE + b"\x20\0\0\0")),
    _read("version 2, with extensions", v2(more=b"\x01\0\x02h2\x04\0\x01a")),
    _read("version 2, a bad command", v2(command=7)),
    _read("version 2, UDP", v2(kind=0x12)), _read("version 2, a Unix socket", v2(
        kind=0x31, length=12)),
    _read("version 2, too short", v2(length=4)),
    _read("version 2, a version of 3", _SIGNATURE + b"\x31" + v2()[13:]),
    _read("a bad extension", v2(more=b"\x01\xff\xff")),
    _read("no header", b""), _read("no header where it is optional", b"", "optional"),
    _read("a header where it is optional", v1(), "optional"),
    _read("version 2 where it is optional", v2(), "optional"),
    _read("version 1 that is not allowed", v1(), "only-2"),
    _read("version 2 that is allowed", v2(), "only-2"),
    Scene("the address goes on", _forwarded),
    _scene("a header before other bytes", "read-tcp", lambda side: relay(
        side, "read-tcp", (b"hello", "close"), before=v1()), ignores=("log.upstream",),
        stats=("tcp.readtcp.*",)),
], peers={
    "echo": tcp_peer(echo), "banner": tcp_peer(banner),
    "tls-one": lambda up: SecurePeer(server_context("server"), serve=echo),
    "tls-two": lambda up: SecurePeer(server_context("second"), serve=echo),
}, endpoints="a")

WORLDS = (CHOOSING,)
