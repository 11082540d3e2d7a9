import Model
import Policy
import Testing

@Suite("Zone-aware routing")
struct ZoneRoutingTests {
    private let groups = ["A", "B", "C"].map { LocalityConfiguration(locality: zone($0)) }

    private func view(_ counts: [Int]) -> LocalClusterView {
        LocalClusterView(
            zones: zip(["A", "B", "C"], counts).map {
                LocalClusterView.Zone(locality: zone($0), count: $1, healthyCount: $1)
            }
        )
    }

    private func chooser(
        _ upstream: [Int],
        local: [Int],
        zones: BalancingOptions.ZoneAware = BalancingOptions.ZoneAware(),
        from home: String = "A"
    ) -> Chooser {
        let all = upstream.enumerated().flatMap { index, count in
            group(UInt16(index), count: count, healthy: count)
        }
        let configuration = cluster(.random, localities: groups) {
            $0.localities = .zoneAware(zones)
        }
        return Chooser(configuration, all, local: zone(home), localCluster: view(local))
    }

    /// Requests by zone.
    private func shares(_ chooser: inout Chooser, _ upstream: [Int], picks: Int = 20_000) -> [Int] {
        let counts = chooser.counts(of: upstream.reduce(0, +), picks: picks)
        var start = 0
        return upstream.map { count in
            defer { start += count }
            return counts[start..<start + count].reduce(0, +)
        }
    }

    @Test("all requests stay in a zone that has its share of endpoints")
    func direct() {
        let upstream = [4, 4, 4]
        var chooser = chooser(upstream, local: [2, 2, 2])
        #expect(chooser.updateEvents == .recalculateZoneStructures)
        #expect(shares(&chooser, upstream, picks: 100) == [100, 0, 0])
        #expect(chooser.pick().events == .zoneRoutingAllDirectly)
    }

    @Test("what a zone has no room for goes where room is left, in proportion")
    func residual() {
        // Here 40, 40 and 20 percent; there 25, 50 and 25: 62.5 percent stay, and of the others two
        // thirds go to B and one third to C.
        let upstream = [5, 10, 5]
        var chooser = chooser(upstream, local: [4, 4, 2])
        let counts = shares(&chooser, upstream)
        #expect(chiSquare(counts, shares: [0.625, 0.25, 0.125]) < 13.82, "\(counts)")
        var events: BalancingEvents = []
        for _ in 0..<50 { events.formUnion(chooser.pick().events) }
        #expect(events == [.zoneRoutingSampled, .zoneRoutingCrossZone])
    }

    @Test("a zone without endpoints sends all its requests to those with room")
    func noLocalEndpoints() {
        let upstream = [0, 6, 3]
        var chooser = chooser(upstream, local: [2, 2, 2])
        let counts = shares(&chooser, upstream)
        #expect(counts[0] == 0)
        // Room: 66.66 - 33.33, and 33.33 - 33.33 percent.
        #expect(counts == [0, 20_000, 0])
    }

    @Test("small clusters, and proxies that do not know themselves, follow no zones")
    func refused() {
        let upstream = [1, 2, 2]
        var small = chooser(upstream, local: [1, 1, 1])
        #expect(small.updateEvents == [.recalculateZoneStructures, .zoneClusterTooSmall])
        #expect(chiSquare(shares(&small, upstream), shares: [0.2, 0.4, 0.4]) < 13.82)
        var zones = BalancingOptions.ZoneAware()
        zones.minClusterSize = 5
        var enough = chooser([2, 2, 1], local: [1, 1, 1], zones: zones)
        #expect(enough.pick().events == .zoneRoutingAllDirectly)
        let stranger = chooser([4, 4, 4], local: [0, 3, 3])
        #expect(stranger.updateEvents == [.recalculateZoneStructures, .localClusterNotOk])
        let nowhere = chooser([4, 4, 4], local: [3, 3, 3], from: "")
        #expect(nowhere.updateEvents == [.recalculateZoneStructures, .localClusterNotOk])
    }

    @Test("only the share of requests that is enabled follows zones")
    func enabled() {
        var zones = BalancingOptions.ZoneAware()
        zones.enabledPercent = 50
        let upstream = [4, 4, 4]
        var chooser = chooser(upstream, local: [2, 2, 2], zones: zones)
        let counts = shares(&chooser, upstream)
        #expect(chiSquare(counts, shares: [2.0 / 3, 1.0 / 6, 1.0 / 6]) < 13.82, "\(counts)")
    }

    @Test("a local cluster in panic says nothing about zones")
    func localPanic() {
        let all = (0..<3 as Range<UInt16>).flatMap { group($0, count: 3, healthy: 3) }
        let ill = LocalClusterView(
            zones: ["A", "B"].map {
                LocalClusterView.Zone(locality: zone($0), count: 3, healthyCount: 1)
            }
        )
        for fails in [false, true] {
            var zones = BalancingOptions.ZoneAware()
            zones.failsTrafficOnPanic = fails
            let configuration = cluster(.random, localities: groups) {
                $0.localities = .zoneAware(zones)
            }
            var chooser = Chooser(configuration, all, local: zone("A"), localCluster: ill)
            let balancing = chooser.pick()
            #expect(balancing.events == .localClusterNotOk)
            #expect((balancing.position == nil) == fails)
        }
    }

    @Test("zones matter by default where there is a local cluster, and not without one")
    func byDefault() {
        let all = (0..<3 as Range<UInt16>).flatMap { group($0, count: 3, healthy: 3) }
        let configuration = cluster(localities: groups)
        var with = Chooser(configuration, all, local: zone("B"), localCluster: view([1, 1, 1]))
        #expect(with.counts(of: 9, picks: 90)[3...5] == [30, 30, 30])
        var without = Chooser(configuration, all, local: zone("B"))
        #expect(without.counts(of: 9, picks: 90) == Array(repeating: 10, count: 9))
    }

    @Test("with endpoints and proxies spread unevenly, each endpoint gets about the same")
    func fairness() {
        let upstream = [3, 6, 9]
        let local = [6, 3, 3]
        var total = [0, 0, 0]
        for (home, proxies) in zip(["A", "B", "C"], local) {
            var chooser = chooser(upstream, local: local, from: home)
            let counts = shares(&chooser, upstream, picks: 6_000 * proxies)
            for index in counts.indices { total[index] += counts[index] }
        }
        let sum = Double(total.reduce(0, +))
        for (count, share) in zip(total, [3.0 / 18, 6.0 / 18, 9.0 / 18]) {
            #expect(abs(Double(count) / sum - share) < 0.02, "\(total)")
        }
    }
}
