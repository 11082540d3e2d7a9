import Model

/// Chooses among the endpoints whose metadata have the values that the route asks for
/// (`LbSubsetConfig`).
final class SubsetBalancer {
    private let configuration: SubsetConfiguration
    private let table: EndpointTable
    private let localLocality: Locality
    private var index: SubsetIndex
    /// All endpoints, for fallbacks; made at the first request.
    private var anyEndpoint: LevelBalancer?
    /// Those of the default subset, for fallbacks; made at the first request.
    private var defaultSubset: LevelBalancer?

    init(_ configuration: SubsetConfiguration, _ table: EndpointTable, localLocality: Locality) {
        self.configuration = configuration
        self.table = table
        self.localLocality = localLocality
        index = SubsetIndex(configuration, table)
    }

    var count: Int { index.subsets.count }
    var duplicateCount: Int { index.duplicateCount }

    /// How many subsets have no counterpart in another balancer.
    func countMissing(in other: SubsetBalancer?) -> Int {
        guard let other else { return count }
        return index.subsets.count { !other.index.contains($0) }
    }

    /// What a choice needs beside the request; kept together because fallbacks choose again.
    struct Choice {
        var nowMilliseconds: Int64
        var accepts: ((Int) -> Bool)?
        var attempts: Int
    }

    /// Chooses an endpoint; see `LoadBalancer.pick`.
    func pick(
        _ request: BalancingRequest,
        _ choice: Choice,
        random: inout Xoshiro256,
        load: (Int) -> Double
    ) -> Balancing {
        guard configuration.usesMetadataFallbackList,
            let fallbacks = request.metadataMatch[Self.fallbackList]
        else { return pickOnce(request, choice, random: &random, load: load) }
        var request = request
        request.metadataMatch[Self.fallbackList] = nil
        guard case .list(let alternatives) = fallbacks, !alternatives.isEmpty else {
            return pickOnce(request, choice, random: &random, load: load)
        }
        var last = Balancing(position: nil)
        for alternative in alternatives {
            var changed = request
            if case .object(let fields) = alternative {
                changed.metadataMatch.merge(fields) { _, new in new }
            }
            let events = last.events
            last = pickOnce(changed, choice, random: &random, load: load)
            last.events.formUnion(events)
            if last.position != nil { return last }
        }
        return last
    }

    /// The key of the request's metadata that lists others to try (`FALLBACK_LIST`).
    private static let fallbackList = "fallback_list"

    private func pickOnce(
        _ request: BalancingRequest,
        _ choice: Choice,
        random: inout Xoshiro256,
        load: (Int) -> Double
    ) -> Balancing {
        let match = request.metadataMatch
        if !match.isEmpty {
            if let subset = index.find(match) {
                var balancing = pick(in: subset, request, choice, random: &random, load: load)
                balancing.events.insert(.subsetSelected)
                return balancing
            }
            switch fallback(for: match) {
            case .notDefined:
                break
            case .none:
                return Balancing(position: nil)
            case .anyEndpoint:
                return everything(&random).pick(request, choice, &random, load)
            case .defaultSubset:
                return standard(&random).pick(request, choice, &random, load)
            case .keysSubset(let keys):
                var reduced = request
                reduced.metadataMatch = match.filter { keys.contains($0.key) }
                // Fewer keys each time: this ends.
                guard reduced.metadataMatch.count < match.count else {
                    return Balancing(position: nil)
                }
                return pickOnce(reduced, choice, random: &random, load: load)
            }
        }
        let balancer: LevelBalancer
        switch configuration.fallback {
        case .none: return Balancing(position: nil)
        case .anyEndpoint: balancer = everything(&random)
        case .defaultSubset: balancer = standard(&random)
        }
        var balancing = balancer.pick(request, choice, &random, load)
        if balancing.position != nil {
            balancing.events.insert(.subsetFallback)
        } else if configuration.ignoresSubsetsInPanic {
            let events = balancing.events
            balancing = everything(&random).pick(request, choice, &random, load)
            balancing.events.formUnion(events)
            if balancing.position != nil { balancing.events.insert(.subsetPanicFallback) }
        }
        return balancing
    }

    private func pick(
        in subset: Int,
        _ request: BalancingRequest,
        _ choice: Choice,
        random: inout Xoshiro256,
        load: (Int) -> Double
    ) -> Balancing {
        if let balancer = index.subsets[subset].balancer {
            return balancer.pick(request, choice, &random, load)
        }
        let entry = index.subsets[subset]
        if configuration.selectors[entry.selector].hasOneEndpointPerSubset {
            // The first priority's, whatever its health, as in Envoy.
            let first = entry.positions.min {
                (table.priorities[Int($0)], $0) < (table.priorities[Int($1)], $1)
            }
            guard let first else { return Balancing(position: nil) }
            return Balancing(position: Int(first), priority: Int(table.priorities[Int(first)]))
        }
        let balancer = make(entry.positions, &random)
        index.keep(balancer, at: subset)
        return balancer.pick(request, choice, &random, load)
    }

    /// What the selector with the request's keys says for values that no endpoint has.
    private func fallback(
        for match: [String: MetadataValue]
    ) -> SubsetConfiguration.SelectorFallback {
        guard let number = index.selector(for: match) else { return .notDefined }
        let keys = configuration.selectors[number].keys
        // Envoy forgets the fallback of a selector whose keys begin those of an earlier one.
        for earlier in configuration.selectors[..<number] where earlier.keys.starts(with: keys) {
            return .notDefined
        }
        return configuration.selectors[number].fallback
    }

    private func everything(_ random: inout Xoshiro256) -> LevelBalancer {
        if let anyEndpoint { return anyEndpoint }
        let made = make(nil, &random)
        anyEndpoint = made
        return made
    }

    private func standard(_ random: inout Xoshiro256) -> LevelBalancer {
        if let defaultSubset { return defaultSubset }
        let wanted = configuration.defaultSubset
        let positions = table.endpoints.indices.filter { position in
            let metadata = table.endpoints[position].metadata
            return wanted.allSatisfy { key, value in
                metadata[key].map { has(value, $0) } ?? false
            }
        }
        let made = make(positions.map { UInt32($0) }, &random)
        defaultSubset = made
        return made
    }

    private func has(_ wanted: MetadataValue, _ value: MetadataValue) -> Bool {
        if configuration.splitsLists, case .list(let elements) = value {
            return elements.contains(wanted)
        }
        return value == wanted
    }

    private func make(_ positions: [UInt32]?, _ random: inout Xoshiro256) -> LevelBalancer {
        LevelBalancer(
            table,
            positions: positions,
            subsets: configuration,
            localLocality: localLocality,
            random: &random
        )
    }
}

extension LevelBalancer {
    fileprivate func pick(
        _ request: BalancingRequest,
        _ choice: SubsetBalancer.Choice,
        _ random: inout Xoshiro256,
        _ load: (Int) -> Double
    ) -> Balancing {
        pick(
            request,
            nowMilliseconds: choice.nowMilliseconds,
            random: &random,
            load: load,
            accepts: choice.accepts,
            attempts: choice.attempts
        )
    }
}
