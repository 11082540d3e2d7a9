import Glibc
import Testing

@testable import Telemetry

@Suite struct StatsRegistryTests {
    @Test func eachWorkerHasItsCellsAndTheScrapeAddsThem() {
        let registry = StatsRegistry()
        for worker in 0..<4 {
            let stats = registry.clusterStats(name: "app", worker: worker)
            stats.add(.upstreamRqTotal, UInt64(worker + 1))
            stats.increment(.upstreamCxActive)
            stats.record(.upstreamRqTime, milliseconds: 10)
            stats.countResponse(status: 200)
        }
        #expect(registry.value(cluster: "app", .upstreamRqTotal) == 10)
        #expect(registry.value(cluster: "app", .upstreamCxActive) == 4)
        #expect(registry.value(cluster: "app", .upstreamRq2xx) == 4)
        let text = registry.prometheus()
        #expect(
            text.contains("envoy_cluster_upstream_rq_time_count{envoy_cluster_name=\"app\"} 4\n")
        )
        #expect(text.contains("envoy_response_code=\"200\",envoy_cluster_name=\"app\"} 4\n"))
    }

    @Test func aWorkerThatAsksAgainGetsTheSameCells() {
        let registry = StatsRegistry()
        let first = registry.httpStats(prefix: "inbound", worker: 0)
        #expect(registry.httpStats(prefix: "inbound", worker: 0) === first)
        #expect(registry.httpStats(prefix: "inbound", worker: 1) !== first)
        #expect(registry.httpStats(prefix: "other", worker: 0) !== first)
    }

    @Test func whatEveryWorkerSaysOfTheWholeIsNotAdded() {
        let registry = StatsRegistry()
        for worker in 0..<3 {
            let stats = registry.clusterStats(name: "app", worker: worker)
            stats.set(.membershipTotal, 5)
            stats.set(.circuitBreakersDefaultRqOpen, worker == 1 ? 1 : 0)
        }
        #expect(registry.value(cluster: "app", .membershipTotal) == 5)
        #expect(registry.value(cluster: "app", .circuitBreakersDefaultRqOpen) == 1)
    }

    @Test func resetZeroesCountersAndKeepsGaugesAndHistograms() {
        let registry = StatsRegistry()
        let stats = registry.clusterStats(name: "app", worker: 0)
        stats.add(.upstreamRqTotal, 10)
        stats.set(.upstreamRqActive, 3)
        stats.countResponse(status: 503)
        stats.record(.upstreamRqTime, milliseconds: 10)
        registry.resetCounters()
        #expect(registry.value(cluster: "app", .upstreamRqTotal) == 0)
        #expect(registry.value(cluster: "app", .upstreamRqActive) == 3)
        #expect(!registry.text().contains("upstream_rq_503"))
        #expect(
            registry.prometheus().contains("upstream_rq_time_count{envoy_cluster_name=\"app\"} 1\n")
        )
        // The worker knows nothing of it, and a worker that comes later counts from its zero.
        stats.add(.upstreamRqTotal, 2)
        stats.countResponse(status: 503)
        registry.clusterStats(name: "app", worker: 1).add(.upstreamRqTotal, 5)
        #expect(registry.value(cluster: "app", .upstreamRqTotal) == 7)
        #expect(registry.text().contains("cluster.app.upstream_rq_503: 1\n"))
    }

    @Test func aRemovedScopeLeavesTheExpositionAndItsOwnerMayStillWrite() {
        let registry = StatsRegistry()
        let old = registry.clusterStats(name: "app", worker: 0)
        old.increment(.upstreamRqTotal)
        registry.remove(cluster: "app")
        old.increment(.upstreamRqTotal)
        #expect(!registry.text().contains("cluster.app."))
        #expect(registry.clusterStats(name: "app", worker: 0) !== old)
        #expect(registry.value(cluster: "app", .upstreamRqTotal) == 0)
    }

    @Test func computedStatsAreAskedForAndReset() {
        let registry = StatsRegistry()
        registry.compute(.accessLogLinesTotal) { 42 }
        registry.compute(.memoryAllocated) { 4096 }
        #expect(registry.value(.accessLogLinesTotal) == 42)
        registry.resetCounters()
        #expect(registry.value(.accessLogLinesTotal) == 0)
        #expect(registry.value(.memoryAllocated) == 4096)
        #expect(registry.text().contains("server.memory_allocated: 4096\n"))
        #expect(registry.text().contains("server.uptime: "))
    }

    @Test func aScrapeDuringWritesSeesNoTornOrLostCount() async {
        let registry = StatsRegistry()
        let rounds = 20_000
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<2 {
                group.addTask {
                    let stats = registry.clusterStats(name: "app", worker: worker)
                    for round in 0..<rounds {
                        stats.increment(.upstreamRqTotal)
                        stats.countResponse(status: UInt16(200 + round % 300))
                        stats.record(.upstreamRqTime, milliseconds: UInt64(round))
                    }
                }
            }
            group.addTask {
                var last: UInt64 = 0
                for _ in 0..<20 {
                    _ = registry.prometheus()
                    let now = registry.value(cluster: "app", .upstreamRqTotal)
                    #expect(now >= last)
                    last = now
                }
            }
        }
        #expect(registry.value(cluster: "app", .upstreamRqTotal) == UInt64(2 * rounds))
        #expect(registry.value(cluster: "app", .upstreamRqCompleted) == UInt64(2 * rounds))
    }
}
