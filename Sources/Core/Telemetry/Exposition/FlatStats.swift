/// One counter or gauge under its full name.
struct FlatStat: Sendable {
    let name: String
    let value: UInt64
}

/// One histogram under its full name.
struct FlatHistogram: Sendable {
    let name: String
    let cumulative: HistogramSummary
    let interval: HistogramSummary
}

/// Everything under full names, sorted, as `/stats` prints it in both of its formats.
struct FlatStats: Sendable {
    private(set) var stats: [FlatStat] = []
    private(set) var histograms: [FlatHistogram] = []

    init(_ state: StatsRegistry.State, _ query: StatsQuery) {
        for scope in state.clusters.values { add(scope, query) { scope.value($0) } }
        for scope in state.clusterParts.values { add(scope, query) { scope.value($0) } }
        for scope in state.routes.values { add(scope, query) { scope.value($0) } }
        for scope in state.http.values { add(scope, query) { scope.value($0) } }
        for scope in state.listeners.values { add(scope, query) { scope.value($0) } }
        add(state.transport.tls, query)
        add(state.transport.tlsChoices, query)
        add(state.transport.tlsContexts, query)
        add(state.transport.certificates, query)
        add(state.transport.http2, query)
        add(state.transport.grpc, query)
        add(state.transport.tcp, query)
        add(state.transport.listenerFilters, query)
        add(state.server, query) { state.serverValue($0) }
        stats.sort { $0.name < $1.name }
        histograms.sort { $0.name < $1.name }
    }

    private mutating func add<Stat: StatSet>(_ table: ScopeTable<Stat>, _ query: StatsQuery) {
        for scope in table.all { add(scope, query) { scope.value($0) } }
    }

    private mutating func add<Stat: StatSet>(
        _ scope: MergedScope<Stat>,
        _ query: StatsQuery,
        _ value: (Stat) -> UInt64
    ) {
        let prefix = scope.name.prefix(Stat.scopeKind)
        for stat in Stat.allCases where scope.shows(stat) {
            add(prefix + stat.description.name, value(stat), query)
        }
        if let codeName = Stat.responses?.codeName {
            // A status that never came has no name.
            for (offset, count) in scope.codes().enumerated() where count > 0 {
                add("\(prefix)\(codeName)_\(100 + offset)", count, query)
            }
        }
        for histogram in Stat.Histogram.allCases {
            let name = prefix + histogram.name
            let summary = scope.histogram(histogram)
            if query.usedOnly && summary.count == 0 || !query.accepts(name) { continue }
            let earlier =
                scope.intervalBaseline.isEmpty
                ? nil : scope.intervalBaseline[histogram.rawValue]
            histograms.append(
                FlatHistogram(name: name, cumulative: summary, interval: summary.since(earlier))
            )
        }
    }

    private mutating func add(_ name: String, _ value: UInt64, _ query: StatsQuery) {
        if query.usedOnly && value == 0 || !query.accepts(name) { return }
        stats.append(FlatStat(name: name, value: value))
    }
}
