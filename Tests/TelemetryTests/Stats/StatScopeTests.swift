import Testing

@testable import Telemetry

@Suite struct StatScopeTests {
    @Test func countersAndGaugesKeepTheirOwnCells() {
        let stats = ClusterStats(name: "app")
        for stat in ClusterStat.allCases { stats.add(stat, UInt64(stat.rawValue) + 1) }
        for stat in ClusterStat.allCases {
            #expect(stats.value(stat) == UInt64(stat.rawValue) + 1)
        }
    }

    @Test func gaugesGoUpAndDown() {
        let stats = HTTPStats(name: "inbound")
        stats.increment(.downstreamCxActive)
        stats.increment(.downstreamCxActive)
        stats.decrement(.downstreamCxActive)
        #expect(stats.value(.downstreamCxActive) == 1)
        stats.set(.downstreamCxActive, 7)
        stats.subtract(.downstreamCxActive, 3)
        #expect(stats.value(.downstreamCxActive) == 4)
    }

    @Test func countersWrapInsteadOfTrapping() {
        let stats = ClusterStats(name: "app")
        stats.set(.upstreamCxRxBytesTotal, .max)
        stats.add(.upstreamCxRxBytesTotal, 2)
        #expect(stats.value(.upstreamCxRxBytesTotal) == 1)
    }

    @Test func responsesCountInTotalByClassAndByStatus() {
        let stats = ClusterStats(name: "app")
        for status: UInt16 in [100, 200, 200, 204, 301, 404, 503, 599] {
            stats.countResponse(status: status)
        }
        #expect(stats.value(.upstreamRqCompleted) == 8)
        #expect(stats.value(.upstreamRq1xx) == 1)
        #expect(stats.value(.upstreamRq2xx) == 3)
        #expect(stats.value(.upstreamRq3xx) == 1)
        #expect(stats.value(.upstreamRq4xx) == 1)
        #expect(stats.value(.upstreamRq5xx) == 2)
        var codes: [UInt64] = []
        stats.addCodes(to: &codes)
        let seen = codes.enumerated().filter { $0.element > 0 }.map {
            [$0.offset + 100, Int($0.element)]
        }
        #expect(
            seen == [[100, 1], [200, 2], [204, 1], [301, 1], [404, 1], [503, 1], [599, 1]]
        )
    }

    @Test(arguments: [0, 1, 99, 600, 999, UInt16.max])
    func aStatusThatIsNoneCountsInTotalOnly(status: UInt16) {
        let stats = ClusterStats(name: "app")
        stats.countResponse(status: status)
        #expect(stats.value(.upstreamRqCompleted) == 1)
        var codes: [UInt64] = []
        stats.addCodes(to: &codes)
        #expect(codes.isEmpty)
    }

    @Test func listenersCountNoResponses() {
        let stats = ListenerStats(name: "127.0.0.1:80")
        stats.countResponse(status: 200)
        #expect(ListenerStat.allCases.allSatisfy { stats.value($0) == 0 })
    }

    @Test func namesAreUniqueInEachScope() {
        func check<Stat: StatSet>(_ set: Stat.Type) {
            let names = Stat.allCases.map(\.description.name) + Stat.Histogram.allCases.map(\.name)
            #expect(Set(names).count == names.count, "\(set)")
        }
        check(ClusterStat.self)
        check(HTTPStat.self)
        check(ListenerStat.self)
        check(ServerStat.self)
        check(ClusterPartStat.self)
        check(RouteStat.self)
        check(TLSStat.self)
        check(TLSContextStat.self)
        check(HTTP2Stat.self)
        check(GRPCStat.self)
        check(TCPStat.self)
        check(ListenerFilterStat.self)
    }

    @Test func anIdleClusterCostsAtMost700Bytes() {
        let later = ClusterStat.allCases.count - ClusterStat.directCount
        let pages = (later + LaterCells.pageSize - 1) / LaterCells.pageSize
        let slots = pages + 5 + ClusterHistogram.allCases.count
        // The cells, the pointers to what comes later, the object, and what the allocator adds.
        #expect((ClusterStat.directCount + slots) * 8 + 16 + 112 + 16 <= 700)
    }

    @Test func theGaugesOfTrackRemainingHaveAPageOfTheirOwn() {
        let optional = ClusterStat.allCases.filter(\.description.isOptional)
        #expect(optional.count == 10)
        let first = optional[0].rawValue
        #expect((first - ClusterStat.directCount) % LaterCells.pageSize == 0)
        #expect(optional.last?.rawValue == ClusterStat.allCases.count - 1)
    }

    @Test func anOptionalGaugeIsPrintedOnlyWhereItIsKept() {
        let registry = StatsRegistry()
        let stats = registry.clusterStats(name: "app", worker: 0)
        stats.set(.circuitBreakersDefaultCxOpen, 1)
        stats.set(.circuitBreakersDefaultRemainingCx, 0)
        #expect(!registry.text().contains("remaining"))
        #expect(!registry.prometheus().contains("remaining"))
        stats.set(.circuitBreakersDefaultRemainingCx, 3)
        stats.set(.circuitBreakersDefaultRemainingCx, 0)
        #expect(registry.text().contains("cluster.app.circuit_breakers.default.remaining_cx: 0\n"))
    }

    @Test func everyStatHasADescription() {
        #expect(ClusterStat.allCases.allSatisfy { $0.description.name != "unnamed" })
        #expect(HTTP2Stat.allCases.allSatisfy { $0.description.name != "unnamed" })
    }

    @Test func aZeroMakesNoPage() {
        let stats = ClusterStats(name: "app")
        stats.set(.lbSubsetsActive, 0)
        #expect(!stats.hasCell(.lbSubsetsActive))
        stats.increment(.lbSubsetsActive)
        #expect(stats.value(.lbSubsetsActive) == 1)
        stats.set(.lbSubsetsActive, 0)
        #expect(stats.value(.lbSubsetsActive) == 0)
    }
}
