"""How much at once: circuit breakers, pools, lives of connections, connections ahead of need."""

import threading
import time

from beside.balancing import point
from beside.case import Answer, Ask, Case, Difference, Scene, World
from beside.parts import bootstrap, cluster, host, listener, route
from harness.client import Client
from harness.waiting import wait_until


def thresholds(*several, **one):
    return {"circuit_breakers": {"thresholds": list(several) or [one]}}


def http_options(**common):
    return {"typed_extension_protocol_options": {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3"
                     ".HttpProtocolOptions",
            "common_http_protocol_options": common,
            "explicit_http_config": {"http_protocol_options": {}}}}}


def limiting(up):
    clusters = [
        cluster("requests", up["a"], **thresholds(max_requests=2)),
        cluster("none", up["a"], **thresholds(max_requests=0)),
        cluster("pending", up["a"], **thresholds(max_connections=1, max_pending_requests=1)),
        cluster("no-pending", up["a"], **thresholds(max_connections=1, max_pending_requests=0)),
        cluster("connections", up["a"], **thresholds(max_connections=1)),
        cluster("priorities", up["a"], **thresholds(
            {"priority": "DEFAULT", "max_requests": 1}, {"priority": "HIGH", "max_requests": 2})),
        cluster("remaining", up["a"], **thresholds(
            max_requests=5, max_connections=4, max_pending_requests=3, max_retries=2,
            track_remaining=True)),
        cluster("per-host", *up.ports("ab"), lb_policy="ROUND_ROBIN", circuit_breakers={
            "per_host_thresholds": [{"max_connections": 1}]}),
        cluster("short", up["a"], **http_options(max_connection_duration="0.2s")),
        cluster("counted", up["a"], **http_options(max_requests_per_connection=2)),
        cluster("counted-old", up["a"], max_requests_per_connection=1),
        cluster("idle", up["a"], **http_options(idle_timeout="0.2s")),
        cluster("kept", up["a"]),
        cluster("ahead", up["a"], preconnect_policy={"per_upstream_preconnect_ratio": 2.0}),
        cluster("bound", up["a"], upstream_bind_config={
            "source_address": {"address": "127.0.0.77", "port_value": 0}}),
        cluster("pool", up["a"], **thresholds(max_connection_pools=1)),
        cluster("dropping", point(up, "a"), **{}),
    ]
    clusters[-1]["load_assignment"]["policy"] = {"drop_overloads": [
        {"category": "all", "drop_percentage": {"numerator": 100}}]}
    routes = [
        route("priorities", prefix="/priorities/high/", priority="HIGH"),
        route("none", prefix="/none/quiet/"),
        *[route(one["name"], prefix=f"/{one['name']}/") for one in clusters]]
    return bootstrap([
        listener(host(*routes)),
        listener(host(*routes), name="quiet", router={"suppress_envoy_headers": True}),
        listener(host(*routes), name="two", common_http_protocol_options={
            "max_requests_per_connection": 2}),
        listener(host(*routes), name="brief", drain_timeout="0.1s",
                 common_http_protocol_options={"max_connection_duration": "0.2s"}),
        listener(host(*routes), name="idling", drain_timeout="0.1s", common_http_protocol_options={
            "idle_timeout": "0.2s"}),
    ], clusters)


_HELD = (Answer(delay=0.4),)


def at_once(name, count, *paths, first=0, held=_HELD):
    """Requests at the same time: their statuses, and the statistics of breakers meanwhile.

    `first` of them go ahead and are under way when the others come.
    """

    def play(side):
        prefix = f"cluster.{name}."
        before = side.stats([prefix + "*"])
        asks = [Ask(f"/{path}/", upstream=held) for path in paths or [name] * count]
        for ask in asks[first:] if first else []:
            ask.pause = 0.15
        meanwhile = {}

        def watch():
            time.sleep(0.25)
            meanwhile.update(side.stats([prefix + "circuit_breakers.*"]))

        thread = threading.Thread(target=watch)
        thread.start()
        statuses = side.all_at_once(asks)
        thread.join()
        after = side.stats([prefix + "*"])
        return {
            "statuses": sorted(statuses),
            "meanwhile": {key.removeprefix(prefix): value for key, value in meanwhile.items()},
            "moved": {what: after.get(prefix + what, 0) - before.get(prefix + what, 0)
                      for what in (
                "upstream_rq_pending_overflow", "upstream_cx_overflow", "upstream_rq_total",
                "upstream_rq_active_overflow", "upstream_cx_pool_overflow")},
        }

    return play


def connections(name, *pauses, count=3):
    """How many connections requests one after the other use, with pauses between."""

    def play(side):
        stat = f"cluster.{name}.upstream_cx_total"
        before = side.stat(stat)
        for number in range(count):
            if number and pauses:
                time.sleep(pauses[0])
            side.respond(Ask(f"/{name}/"))
        return side.stat(stat) - before

    return play


def ends(name, *stats):
    """That an unused connection is closed by itself, and which statistics tell."""

    def play(side):
        side.respond(Ask(f"/{name}/"))
        side.becomes(f"cluster.{name}.upstream_cx_active", 0)
        return side.stats([f"cluster.{name}.{one}" for one in stats])

    return play


def ahead(name, count):
    """How many connections one request makes."""

    def play(side):
        side.respond(Ask(f"/{name}/", upstream=(Answer(delay=0.1),)))
        stat = f"cluster.{name}.upstream_cx_total"
        wait_until(lambda: side.stat(stat) >= count, f"{count} connections", 3)
        time.sleep(0.05)
        return side.stat(stat)

    return play


def bound(side):
    """Which address the upstream sees."""
    trace, _ = side.respond(Ask("/bound/"))
    (_, request), = side.upstreams.arrivals[trace]
    return request.connection.socket.getpeername()[0]


def downstream(listener, *pauses):
    """What the responses on one connection say of its end, and whether it ends by itself."""

    def play(side):
        said = []
        with Client(side.port(listener), timeout=5) as client:
            for pause in (0, *pauses):
                time.sleep(pause)
                side.send(client, Ask("/kept/"))
                response = client.response()
                said.append(response.header("connection"))
                if said[-1] == "close":
                    break
            said.append(client.is_closed())
        return said

    return play


LIMITING = World("limits", limiting, [
    Scene("requests at once", at_once("requests", 4, first=2)),
    # Envoy makes a connection before it refuses the request that would have gone there.
    Case("no request at all", Ask("/none/"), stats=("cluster.none.*",), ignores=(
        "stats.*upstream_cx_*", "stats.*upstream_rq_pending_total")),
    Case("no request, and no header says so", Ask("/none/", listener="quiet")),
    Scene("one waits, the third does not", at_once("pending", 3, first=2)),
    Scene("nobody may wait", at_once("no-pending", 2, first=1), difference=Difference(
        "a limit of 0 is reached from the start", {
            "meanwhile.circuit_breakers.default.rq_pending_open": (1, 0)})),
    # Counted for each attempt to make a connection, of which there are more or fewer.
    Scene("one connection, and the others wait", at_once("connections", 3, first=1),
          ignores=("moved.upstream_cx_overflow",)),
    Scene("priorities have breakers of their own", at_once(
        "priorities", 0, "priorities", "priorities/high", "priorities/high", "priorities",
        "priorities/high", first=3)),
    # Envoy's count of pools that remain falls below zero.
    Scene("what remains", at_once("remaining", 2), ignores=(
        "*.remaining_cx_pools",
        # Ours show both priorities as soon as one of them is tracked.
        "*.high.remaining_*")),
    Scene("connections per endpoint", at_once("per-host", 4, first=2)),
    Scene("connections live shortly", connections("short", 0.3)),
    Scene("connections end by themselves after their time", ends(
        "short", "upstream_cx_max_duration_reached")),
    Scene("two requests per connection", connections("counted", count=5)),
    Scene("one request per connection, in the old form", connections("counted-old")),
    Case("what the upstream is told of the last request", Ask("/counted-old/"),
         stats=("cluster.counted-old.upstream_cx_max_requests",
                "cluster.counted-old.upstream_cx_destroy_local")),
    Scene("an idle connection ends", ends(
        "idle", "upstream_cx_idle_timeout", "upstream_cx_destroy_local")),
    Scene("connections are kept", connections("kept", 0.05)),
    Case("the upstream closes after its answer", Ask("/kept/", upstream=(
        Answer(closes=True),)), stats=("cluster.kept.upstream_cx_close_notify",)),
    Scene("a connection ahead of need", ahead("ahead", 2)),
    Scene("a source address", bound),
    Scene("two requests per connection of a client", downstream("two", 0, 0)),
    Scene("a connection of a client lives shortly", downstream("brief", 0.25)),
    Scene("an idle connection of a client ends", downstream("idling", 0.05)),
    Case("all requests dropped", Ask("/dropping/"), stats=("cluster.dropping.*",)),
], "abc")

WORLDS = (LIMITING,)
