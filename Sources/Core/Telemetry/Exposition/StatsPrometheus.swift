extension StatsRegistry {
    /// `/stats/prometheus`: text format 0.0.4, families sorted by name, each with one HELP and one
    /// TYPE and its samples together.
    ///
    /// Names and labels are those that Envoy makes with its default tags.
    package func prometheus(_ query: StatsQuery = StatsQuery()) -> String {
        let state = scopes()
        var families: [PrometheusFamily] = []
        PrometheusFamily.add(Array(state.clusters.values), query, to: &families)
        PrometheusFamily.addByShape(Array(state.clusterParts.values), query, to: &families)
        PrometheusFamily.addByShape(Array(state.routes.values), query, to: &families)
        PrometheusFamily.add(Array(state.http.values), query, to: &families)
        PrometheusFamily.add(Array(state.listeners.values), query, to: &families)
        let transport = state.transport
        PrometheusFamily.addByShape(transport.tls.all, query, to: &families)
        PrometheusFamily.addByShape(transport.tlsChoices.all, query, to: &families)
        PrometheusFamily.addByShape(transport.tlsContexts.all, query, to: &families)
        PrometheusFamily.addByShape(transport.certificates.all, query, to: &families)
        PrometheusFamily.addByShape(transport.http2.all, query, to: &families)
        PrometheusFamily.addByShape(transport.grpc.all, query, to: &families)
        PrometheusFamily.add(transport.tcp.all, query, to: &families)
        PrometheusFamily.add(transport.listenerFilters.all, query, to: &families)
        PrometheusFamily.add([state.server], query, to: &families) { state.serverValue($1) }
        families.sort { $0.name < $1.name }
        var text = ""
        var last = ""
        for family in families where !family.samples.isEmpty {
            // A part of a cluster may have the name of something else: one family all the same.
            if family.name != last {
                text += "# HELP \(family.name) \(family.help)\n"
                text += "# TYPE \(family.name) \(family.type)\n"
                last = family.name
            }
            text += family.samples
        }
        return text
    }
}

/// The samples of one metric name.
struct PrometheusFamily: Sendable {
    let name: String
    let type: String
    let help: String
    var samples = ""

    /// What stands in front of the stats' names.
    private struct Place: Hashable {
        let kind: ScopeKind
        let infix: String

        init(_ name: ScopeName, _ kind: ScopeKind) {
            self.kind = name.kind ?? kind
            infix = name.metricInfix
        }
    }

    private init(
        _ place: Place,
        _ name: String,
        type: String,
        help: String
    ) {
        self.name = StatName.metric(place.kind, place.infix + name)
        self.type = type
        self.help = help
    }

    /// Adds the families of scopes whose metrics have different names.
    static func addByShape<Stat: StatSet>(
        _ scopes: [MergedScope<Stat>],
        _ query: StatsQuery,
        to families: inout [PrometheusFamily]
    ) {
        for (_, group) in Dictionary(grouping: scopes, by: { Place($0.name, Stat.scopeKind) }) {
            add(group, query, to: &families)
        }
    }

    /// Adds the families of scopes of one kind, whose metrics have the same names.
    static func add<Stat: StatSet>(
        _ unsorted: [MergedScope<Stat>],
        _ query: StatsQuery,
        to families: inout [PrometheusFamily],
        value: (MergedScope<Stat>, Stat) -> UInt64 = { $0.value($1) }
    ) {
        let scopes = unsorted.map(LabelledScope.init).sorted { $0.prefix < $1.prefix }
        guard let first = scopes.first else { return }
        let place = Place(first.scope.name, Stat.scopeKind)
        addStats(scopes, place, query, to: &families, value: value)
        addCodes(scopes, place, query, to: &families)
        addHistograms(scopes, place, query, to: &families)
    }

    private static func addStats<Stat: StatSet>(
        _ scopes: [LabelledScope<Stat>],
        _ place: Place,
        _ query: StatsQuery,
        to families: inout [PrometheusFamily],
        value: (MergedScope<Stat>, Stat) -> UInt64
    ) {
        var classes: PrometheusFamily?
        for stat in Stat.allCases {
            let description = stat.description
            let type = description.kind.rawValue
            var labels = ""
            var family: PrometheusFamily
            if let digit = description.responseClass {
                // `upstream_rq_2xx` is the class 2 of `upstream_rq_xx`.
                let base = String(description.name.dropLast(3))
                labels = "envoy_response_code_class=\"\(digit)\""
                family =
                    classes
                    ?? PrometheusFamily(
                        place,
                        base + "xx",
                        type: type,
                        help: description.help
                    )
            } else {
                labels = description.labelled?.label ?? ""
                family = PrometheusFamily(
                    place,
                    description.labelled?.metric ?? description.name,
                    type: type,
                    help: description.help
                )
            }
            for scope in scopes where scope.scope.shows(stat) {
                let count = value(scope.scope, stat)
                if query.usedOnly && count == 0 { continue }
                if !query.accepts(scope.prefix + description.name) { continue }
                family.addSample(scope.labels(labels), "\(count)")
            }
            if description.responseClass == nil {
                families.append(family)
            } else {
                classes = family
            }
        }
        if let classes { families.append(classes) }
    }

    private static func addCodes<Stat: StatSet>(
        _ scopes: [LabelledScope<Stat>],
        _ place: Place,
        _ query: StatsQuery,
        to families: inout [PrometheusFamily]
    ) {
        guard let codeName = Stat.responses?.codeName else { return }
        var family = PrometheusFamily(
            place,
            codeName,
            type: "counter",
            help: "Responses by exact status."
        )
        for scope in scopes {
            for (offset, count) in scope.scope.codes().enumerated() where count > 0 {
                let code = 100 + offset
                guard query.accepts("\(scope.prefix)\(codeName)_\(code)") else { continue }
                family.addSample(scope.labels("envoy_response_code=\"\(code)\""), "\(count)")
            }
        }
        families.append(family)
    }

    private static func addHistograms<Stat: StatSet>(
        _ scopes: [LabelledScope<Stat>],
        _ place: Place,
        _ query: StatsQuery,
        to families: inout [PrometheusFamily]
    ) {
        for histogram in Stat.Histogram.allCases {
            var family = PrometheusFamily(
                place,
                histogram.name,
                type: "histogram",
                help: histogram.help
            )
            for scope in scopes {
                let summary = scope.scope.histogram(histogram)
                let counts = summary.cumulativeCounts
                let total = counts.last ?? 0
                if query.usedOnly && total == 0 { continue }
                if !query.accepts(scope.prefix + histogram.name) { continue }
                let bounds = HistogramLayout.boundaryLabels + ["+Inf"]
                for (bound, count) in zip(bounds, counts) {
                    family.addSample(
                        scope.labels(after: "le=\"\(bound)\""),
                        "\(count)",
                        suffix: "_bucket"
                    )
                }
                family.addSample(scope.labels(), "\(summary.sum)", suffix: "_sum")
                family.addSample(scope.labels(), "\(total)", suffix: "_count")
            }
            families.append(family)
        }
    }

    private mutating func addSample(_ labels: String, _ value: String, suffix: String = "") {
        samples += name
        samples += suffix
        samples += labels
        samples += " "
        samples += value
        samples += "\n"
    }
}

/// A scope with what its samples have in common.
private struct LabelledScope<Stat: StatSet> {
    let scope: MergedScope<Stat>
    let prefix: String
    private let label: String

    init(_ scope: MergedScope<Stat>) {
        self.scope = scope
        prefix = scope.name.prefix(Stat.scopeKind)
        label = scope.name.labels(Stat.scopeKind)
    }

    /// The labels in braces; nothing where there are none.
    func labels(_ before: String = "", after: String = "") -> String {
        let all = [before, label, after].filter { !$0.isEmpty }
        return all.isEmpty ? "" : "{\(all.joined(separator: ","))}"
    }
}
