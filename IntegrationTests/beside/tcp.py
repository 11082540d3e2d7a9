"""Connections that are relayed as they are."""

import re
import time

from beside.case import Difference, Scene, World
from beside.parts import bootstrap, cluster, endpoint
from beside.relaying import chain, relay, tcp_listener, tcp_proxy
from beside.securing import connection_line, downstream, lines, trusting, upstream
from harness import envoyfile
from harness.envoyfile import limits
from harness.tcppeer import (TcpClient, banner, collect, echo, hang_up, mute, named, refuse,
                             tcp_peer)
from harness.tlspeer import SecureClient, SecurePeer, client_context, server_context
from harness.waiting import wait_until

_PROXY_PROTOCOL = envoyfile.TYPE + (
    "envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport")
_RAW = envoyfile.TYPE + "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer"


def proxy_protocol_upstream(version):
    """A transport socket for a cluster whose upstreams are told of the client."""
    return {"transport_socket": {
        "name": "envoy.transport_sockets.upstream_proxy_protocol",
        "typed_config": {
            "@type": _PROXY_PROTOCOL, "config": {"version": version},
            "transport_socket": {"name": "envoy.transport_sockets.raw_buffer",
                                 "typed_config": {"@type": _RAW}}}}}


def relaying(up):
    kinds = ("echo", "banner", "collect", "hang-up", "refuse", "mute")
    listeners = [tcp_listener(kind, chain(tcp_proxy(kind, kind))) for kind in kinds]

    def add(name, proxy, **fields):
        listeners.append(tcp_listener(name, chain(proxy), **fields))

    add("dead", tcp_proxy("dead", "dead"))
    add("dead-3", tcp_proxy("dead", "dead3", max_connect_attempts=3))
    add("some-dead", tcp_proxy("some-dead", "somedead", max_connect_attempts=2))
    add("hole", tcp_proxy("hole", "hole"))
    add("empty", tcp_proxy("empty", "empty"))
    add("unknown", tcp_proxy("unknown", "unknown"))
    add("idle", tcp_proxy("echo", "idle", idle_timeout="0.2s"))
    add("idle-mute", tcp_proxy("mute", "idlemute", idle_timeout="0.2s"))
    add("never-idle", tcp_proxy("echo", "neveridle", idle_timeout="0s"))
    add("lasting", tcp_proxy("echo", "lasting", max_downstream_connection_duration="0.2s"))
    add("weighted", tcp_proxy(None, "weighted", weighted_clusters={"clusters": [
        {"name": "one", "weight": 3}, {"name": "two", "weight": 1}]}))
    add("hashed", tcp_proxy("ring", "hashed", hash_policy=[{"source_ip": {}}]))
    add("subset", tcp_proxy("subset", "subset", metadata_match={
        "filter_metadata": {"envoy.lb": {"version": "two"}}}))
    add("few", tcp_proxy("few", "few"))
    add("few-allowed", tcp_proxy("few-pending", "fewpending"))
    add("limited", tcp_proxy("echo", "limited"))
    add("to-tls", tcp_proxy("tls", "totls"))
    add("to-bad-tls", tcp_proxy("bad-tls", "tobadtls"))
    listeners.append(tcp_listener("in-tls", chain(tcp_proxy("echo", "intls"), **downstream())))
    add("pp1", tcp_proxy("pp1", "pp1"))
    add("pp2", tcp_proxy("pp2", "pp2"))
    default = tcp_proxy("echo", "default")
    default["typed_config"]["access_log"] = [envoyfile.file_log("default.log")]
    add("default-log", default)
    add("small-buffers", tcp_proxy("echo", "small"), per_connection_buffer_limit_bytes=1024)
    add("flushing", tcp_proxy("echo", "flushing", access_log_options={
        "flush_access_log_on_connected": True}))
    return bootstrap(listeners, [
        *[cluster(kind, up[kind]) for kind in kinds],
        cluster("dead", up.dead), cluster("some-dead", up.dead, up["echo"]),
        cluster("hole", up.hole, connect_timeout="0.2s"), cluster("empty"),
        cluster("one", up["one"]), cluster("two", up["two"]),
        cluster("ring", up["one"], up["two"], lb_policy="RING_HASH"),
        cluster("subset", *[{**endpoint(up[name]), "metadata": {
            "filter_metadata": {"envoy.lb": {"version": name}}}} for name in ("one", "two")],
            lb_subset_config={"fallback_policy": "NO_FALLBACK",
                              "subset_selectors": [{"keys": ["version"]}]}),
        cluster("few", up["echo"], circuit_breakers=limits(max_connections=1)),
        cluster("few-pending", up["echo"], circuit_breakers=limits(
            max_connections=1, max_pending_requests=0)),
        cluster("tls", up["tls"], **upstream(validation=trusting())),
        cluster("bad-tls", up["tls"], **upstream(validation=trusting("stranger"))),
        cluster("pp1", up["echo"], **proxy_protocol_upstream("V1")),
        cluster("pp2", up["echo"], **proxy_protocol_upstream("V2")),
    ])


# How often reading pauses depends on who is quicker.
_IGNORES = ("stats.*length_ms*", "stats.*buffered*", "stats.*worker*", "stats.*flow_control*")


def _relay(name, listener, *steps, to=None, source=None, ignores=(), stats=()):
    prefix = listener.replace("-", "")
    return Scene(name, lambda side: relay(side, listener, steps, source), stats=(
        f"tcp.{prefix}.*", f"cluster.{to or listener}.*", f"listener.{listener}.downstream_*",
        f"listener.{listener}.no_filter*", *stats), ignores=(*_IGNORES, *ignores))


def _weights(side):
    counts = {}
    for _ in range(40):
        with TcpClient(side.port("weighted")) as client:
            data, _ = client.rest()
        counts[data.decode()] = counts.get(data.decode(), 0) + 1
    return {"who": sorted(counts), "more": counts.get("one", 0) > counts.get("two", 0)}


def _same(side, listener):
    """Who answers many connections of one address."""
    found = set()
    for _ in range(8):
        with TcpClient(side.port(listener)) as client:
            found.add(client.rest()[0].decode())
    return sorted(found)


def _breaker(side, listener):
    """A second connection where one is allowed."""
    with TcpClient(side.port(listener)) as first:
        first.send(b"hello")
        first.exactly(5)
        second = relay(side, listener, (b"hello", "end"))
    return second


def _default_line(side):
    relay(side, "default-log", (b"hello", "close"), log=None)

    def look():
        path = side.proxy.folder / "default.log"
        return path.exists() and path.read_text().count("\n") and path.read_text()

    line = wait_until(look, "the default line", 5).splitlines()[-1]
    for name, port in (("own", side.port("default-log")), ("up", side.upstreams["echo"])):
        line = line.replace(str(port), f"<{name}>")
    line = re.sub(r"^\[[^]]+\]", "[time]", line)
    return re.sub(r":\d{4,5}\"", ':port"', re.sub(r" 5 5 \d+ ", " 5 5 <ms> ", line))


def _flushed(side):
    with TcpClient(side.port("flushing")) as client:
        client.send(b"hello")
        client.exactly(5)
        port = client.local_port

        def look():
            return [line for line in lines(side, "tcp.log") if line["peer"].endswith(f":{port}")]

        begun = wait_until(look, "the first line", 3)
    wait_until(lambda: len(look()) == 2, "the last line", 3)
    return [{key: value for key, value in line.items() if key != "peer"} for line in
            (*begun[:1], look()[-1])]


def _header(side, listener):
    """The header of the PROXY protocol that the upstream got, which it echoes, and what follows."""
    with TcpClient(side.port(listener)) as client:
        client.send(b"mark")
        data = b""
        while not data.endswith(b"mark"):
            data += client.exactly(1)
        ports = {"client": client.local_port, "own": side.port(listener)}
    for name, port in ports.items():
        data = data.replace(str(port).encode(), f"<{name}>".encode())
        if listener == "pp2":
            data = data.replace(port.to_bytes(2, "big"), f"<{name}>".encode())
    return data.decode("latin-1")


def _secured(side):
    with SecureClient(side.port("in-tls"), client_context()) as client:
        client.send(b"hello")
        data = client.exactly(5)
        port = client.local_port
    return {"data": data.decode(), "log": connection_line(side, port, "tcp.log")}


def _idle_reset(side):
    """Traffic keeps an idle connection alive."""
    with TcpClient(side.port("idle")) as client:
        for _ in range(4):
            client.send(b"x")
            client.exactly(1)
            time.sleep(0.1)
        return client.rest(1)[1]


RELAYING = World("relayed connections", relaying, [
    _relay("an echo", "echo", b"hello", b"again", "close"),
    _relay("nothing is said", "echo", "close"),
    _relay("much", "echo", b"a" * 2_000_000, "close"),
    _relay("much through small buffers", "small-buffers", b"a" * 300_000, "close", to="echo",
           stats=("tcp.small.*",)),
    _relay("the upstream speaks first", "banner", 11, b"hello", "close"),
    _relay("the client ends its half, and waits", "collect", (b"hello",), "half", "end"),
    _relay("the client ends its half after an echo", "echo", b"hello", "half", "end"),
    _relay("the upstream ends its half", "hang-up", 4, (b"more",), "end",
           ignores=("log*", "stats*")),
    _relay("the upstream ends", "echo", b"hello", b"bye", "end"),
    _relay("the upstream closes at once", "refuse", "end"),
    _relay("the upstream resets", "echo", b"hello", (b"reset",), "end"),
    _relay("the client resets", "echo", b"hello", "reset"),
    _relay("a refused connection", "dead", "end"),
    _relay("three refused connections", "dead-3", "end", to="dead"),
    _relay("a refused connection, then another endpoint", "some-dead", b"hello", "close",
           ignores=("*",)),
    _relay("a connection that is never made", "hole", "end"),
    _relay("no endpoint", "empty", "end"), _relay("no cluster", "unknown", "end"),
    _relay("idle", "idle", b"hello", "end", to="echo"),
    _relay("idle from the beginning", "idle", "end", to="echo"),
    _relay("idle, and the upstream silent", "idle-mute", (b"hello",), "end", to="mute"),
    Scene("traffic keeps it alive", _idle_reset, stats=("tcp.idle.idle_timeout",)),
    _relay("too long", "lasting", b"hello", "end", to="echo"),
    Scene("weighted clusters", _weights, stats=("tcp.weighted.downstream_cx_total",)),
    Scene("a hash of the address", lambda side: len(_same(side, "hashed"))),
    Scene("a subset", lambda side: _same(side, "subset")),
    Scene("more connections than allowed", lambda side: _breaker(side, "few"),
          stats=("tcp.few.*", "cluster.few.*"), ignores=_IGNORES),
    Scene("more connections than allowed, and none may wait",
          lambda side: _breaker(side, "few-allowed"),
          stats=("tcp.fewpending.*", "cluster.few-pending.*"), ignores=_IGNORES),
    Scene("TLS from the client", _secured, stats=("tcp.intls.*", "listener.in-tls.ssl.handshake"),
          ignores=_IGNORES, difference=Difference(
              "the handshake says the name as well as an inspector does",
              {"log.name": ("test", None)})),
    _relay("TLS to the upstream", "to-tls", b"hello", "close", to="tls"),
    _relay("TLS to an upstream that is not trusted", "to-bad-tls", "end", to="bad-tls"),
    Scene("PROXY protocol to the upstream, version 1", lambda side: _header(side, "pp1")),
    Scene("PROXY protocol to the upstream, version 2", lambda side: _header(side, "pp2")),
    Scene("the default line of the log", _default_line),
    Scene("a line at the beginning too", _flushed),
], peers={
    "echo": tcp_peer(echo), "banner": tcp_peer(banner), "collect": tcp_peer(collect),
    "hang-up": tcp_peer(hang_up), "refuse": tcp_peer(refuse), "mute": tcp_peer(mute),
    "one": named(b"one"), "two": named(b"two"),
    "tls": lambda up: SecurePeer(server_context(), serve=echo),
}, endpoints="a")

WORLDS = (RELAYING,)
