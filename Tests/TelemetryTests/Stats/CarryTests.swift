import Testing

@testable import Telemetry

/// Counters that go from one process to the next.
struct CarryTests {
    private func used() -> StatsRegistry {
        let registry = StatsRegistry()
        let cluster = registry.clusterStats(name: "app", worker: 0)
        cluster.add(.upstreamRqTotal, 7)
        cluster.countResponse(status: 503)
        cluster.increment(.upstreamRqActive)
        registry.clusterStats(name: "app", worker: 1).add(.upstreamRqTotal, 3)
        registry.clusterPartStats(cluster: "app", part: "canary", worker: 0)
            .countResponse(status: 200)
        registry.routeStats(virtualHost: "v", prefix: "r", worker: 0).countResponse(status: 200)
        registry.virtualClusterStats(virtualHost: "v", name: "c", worker: 0)
            .countResponse(status: 404)
        registry.httpStats(prefix: "in", worker: 0).add(.downstreamRqTotal, 5)
        registry.listenerStats(address: "a", worker: 0).add(.downstreamCxTotal, 2)
        registry.serverStats(worker: 0).add(.dnsResolveTotal, 4)
        registry.compute(.accessLogLinesTotal) { 9 }
        return registry
    }

    /// With the scopes that a process has from the start.
    private func fresh() -> StatsRegistry {
        let registry = StatsRegistry()
        _ = registry.clusterStats(name: "app", worker: 0)
        _ = registry.httpStats(prefix: "in", worker: 0)
        _ = registry.listenerStats(address: "a", worker: 0)
        registry.compute(.accessLogLinesTotal) { 1 }
        return registry
    }

    @Test
    func everyCounterGoesAlongAndNoGauge() {
        let registry = fresh()
        registry.clusterStats(name: "app", worker: 0).increment(.upstreamRqTotal)
        registry.add(used().counters())
        #expect(registry.value(cluster: "app", .upstreamRqTotal) == 11)
        #expect(registry.value(cluster: "app", .upstreamRq5xx) == 1)
        #expect(registry.value(cluster: "app", .upstreamRqActive) == 0)
        #expect(registry.text(StatsQuery()).contains("cluster.app.upstream_rq_503: 1\n"))
        #expect(registry.value(cluster: "app", part: "canary", .upstreamRq2xx) == 1)
        #expect(registry.value(virtualHost: "v", route: "r", .upstreamRq2xx) == 1)
        #expect(registry.value(virtualHost: "v", virtualCluster: "c", .upstreamRq4xx) == 1)
        #expect(registry.value(httpPrefix: "in", .downstreamRqTotal) == 5)
        #expect(registry.value(listener: "a", .downstreamCxTotal) == 2)
        #expect(registry.value(.dnsResolveTotal) == 4)
        // Computed here, carried from there.
        #expect(registry.value(.accessLogLinesTotal) == 10)
    }

    @Test
    func whatIsCarriedIsCarriedOn() {
        let second = fresh()
        second.add(used().counters())
        let third = fresh()
        third.add(second.counters())
        #expect(third.value(cluster: "app", .upstreamRqTotal) == 10)
        #expect(third.value(.accessLogLinesTotal) == 11)
    }

    @Test
    func whatTheNewProcessDoesNotHaveIsLeftOut() {
        let registry = StatsRegistry()
        registry.add(used().counters())
        registry.add([
            CarriedCounter(scope: .server, name: "", stat: "no.such.counter", value: 1),
            CarriedCounter(scope: .server, name: "", stat: "server.uptime", value: 1_000_000),
            CarriedCounter(scope: .server, name: "", stat: "=200", value: 1),
        ])
        #expect(!registry.text(StatsQuery()).contains("cluster.app."))
        #expect(!registry.text(StatsQuery()).contains("http.in."))
        #expect(registry.value(.uptime) < 1_000_000)
    }

    @Test
    func odditiesOfStatusesAreLeftOut() {
        let registry = fresh()
        registry.add(
            ["=99", "=600", "=", "=-1", "=2x0", "=99999999999999999999"].map {
                CarriedCounter(scope: .cluster, name: "app", stat: $0, value: 1)
            }
        )
        #expect(registry.counters().filter { $0.scope == .cluster }.isEmpty)
    }

    @Test
    func onlyWhatWasCountedSinceIsSentAgain() {
        let registry = used()
        let first = registry.counters()
        #expect(registry.counters().since(first).isEmpty)
        registry.clusterStats(name: "app", worker: 0).add(.upstreamRqTotal, 2)
        registry.httpStats(prefix: "new", worker: 0).increment(.downstreamRqTotal)
        let rest = registry.counters().since(first)
        #expect(
            Set(rest) == [
                CarriedCounter(scope: .cluster, name: "app", stat: "upstream_rq_total", value: 2),
                CarriedCounter(scope: .http, name: "new", stat: "downstream_rq_total", value: 1),
            ]
        )
        registry.resetCounters()
        registry.clusterStats(name: "app", worker: 0).increment(.upstreamRqTotal)
        #expect(registry.counters().since(first).map(\.value) == [1])
    }

    @Test
    func carriedCountersAreResetLikeOthers() {
        let registry = fresh()
        registry.add(used().counters())
        registry.resetCounters()
        #expect(registry.counters().isEmpty)
    }
}
