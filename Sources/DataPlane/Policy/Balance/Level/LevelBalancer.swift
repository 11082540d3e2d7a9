import Model

/// Chooses among endpoints of several priorities: the whole cluster's, or those of one subset.
final class LevelBalancer {
    private let table: EndpointTable
    private var levels: [PriorityLevel]
    private let health: [LevelHealth]
    private let loads: PriorityLoads
    private let isPanicking: [Bool]
    /// Healthy endpoints of all priorities.
    let healthyCount: Int
    /// What making it counted.
    let events: BalancingEvents

    /// - Parameters:
    ///   - positions: the endpoints, ascending; nil: all of the table.
    ///   - subsets: how locality weights hold for a subset; nil for the whole cluster.
    init(
        _ table: EndpointTable,
        positions: [UInt32]? = nil,
        subsets: SubsetConfiguration? = nil,
        localLocality: Locality,
        random: inout Xoshiro256
    ) {
        self.table = table
        var levels = (0..<table.levelCount).map { priority in
            PriorityLevel(
                localityCount: table.localities.isEmpty
                    ? 0 : table.localities[priority].localities.count
            )
        }
        let add = { (position: Int) in
            let endpoint = table.endpoints[position]
            let priority = Int(table.priorities[position])
            let locality =
                table.localities.isEmpty ? nil : table.localities[priority].number(of: endpoint)
            levels[priority].append(position, endpoint, locality: locality)
        }
        if let positions {
            for position in positions { add(Int(position)) }
        } else {
            for position in table.endpoints.indices { add(position) }
        }
        let options = table.options
        for priority in levels.indices {
            var weights: [UInt32]?
            if options.localities == .weighted {
                weights = Self.localityWeights(
                    table.localities[priority],
                    levels[priority],
                    subsets: subsets
                )
            }
            levels[priority].finish(
                localityWeights: weights,
                overprovisioning: options.overprovisioningFactor,
                random: &random
            )
        }
        let counts = levels.map(\.counts)
        health = counts.map {
            LevelHealth(
                $0,
                overprovisioning: options.overprovisioningFactor,
                isWeighted: options.weightsPrioritiesByHealth
            )
        }
        (loads, isPanicking) = PriorityLoads.compute(
            counts,
            health: health,
            panicThreshold: table.panicThreshold
        )
        healthyCount = counts.reduce(0) { $0 + $1.healthy }
        var events: BalancingEvents = []
        if let local = table.localCluster {
            levels[0].zones = ZoneRouting(
                table.localities[0],
                healthy: levels[0].healthyCounts,
                local: local,
                localLocality: localLocality,
                zones: table.options.zones,
                events: &events
            )
        }
        self.events = events
        self.levels = levels
    }

    /// nil where a subset's endpoints are one set whatever their localities.
    private static func localityWeights(
        _ order: LocalityOrder,
        _ level: PriorityLevel,
        subsets: SubsetConfiguration?
    ) -> [UInt32]? {
        guard let subsets else { return order.weights }
        guard subsets.isLocalityWeightAware else { return nil }
        guard subsets.scalesLocalityWeight else { return order.weights }
        // A locality counts by the share of its endpoints that is in the subset.
        return zip(zip(order.weights, order.counts), level.localityCounts).map { original, here in
            let scaled = Double(original.0) * Double(here) / Double(max(1, original.1))
            return UInt32(min(scaled.rounded(), Double(UInt32.max)))
        }
    }

    /// Chooses an endpoint; see `LoadBalancer.pick`.
    func pick(
        _ request: BalancingRequest,
        nowMilliseconds now: Int64,
        random: inout Xoshiro256,
        load: (Int) -> Double,
        accepts: ((Int) -> Bool)?,
        attempts: Int
    ) -> Balancing {
        switch table.rule {
        case .ringHash, .maglev:
            return pickByHash(
                request,
                random: &random,
                load: load,
                accepts: accepts,
                attempts: attempts
            )
        case .roundRobin, .leastRequest, .random, .peakEWMA:
            break
        }
        var loads = loads
        if let override = request.priorities, levels.count > 1 {
            loads = override.loads(health, original: loads)
        }
        var balancing = Balancing(position: nil)
        var left = attempts
        while true {
            guard let (priority, source) = source(loads, &balancing.events, random: &random) else {
                balancing.position = nil
                return balancing
            }
            balancing.priority = priority
            balancing.position = levels[priority].pick(
                source,
                table,
                nowMilliseconds: now,
                random: &random,
                load: load
            )
            guard let position = balancing.position, let accepts, left > 0 else { break }
            if accepts(position) { break }
            left -= 1
        }
        return balancing
    }

    /// As `pick`, where the endpoint can be told before a request needs it; nil where it cannot.
    func predict(
        nowMilliseconds now: Int64,
        random: inout Xoshiro256,
        load: (Int) -> Double
    ) -> Balancing? {
        switch table.rule {
        case .ringHash, .maglev, .peakEWMA: return nil
        case .roundRobin, .leastRequest, .random: break
        }
        var balancing = Balancing(position: nil)
        guard let (priority, source) = source(loads, &balancing.events, random: &random),
            levels[priority].isPredictable(source, table, random: &random)
        else { return nil }
        balancing.priority = priority
        balancing.position = levels[priority].pick(
            source,
            table,
            nowMilliseconds: now,
            random: &random,
            load: load
        )
        return balancing.position == nil ? nil : balancing
    }

    /// Which list of which priority the next request goes to; nil where it is refused.
    private func source(
        _ loads: PriorityLoads,
        _ events: inout BalancingEvents,
        random: inout Xoshiro256
    ) -> (Int, PriorityLevel.Source)? {
        let (priority, isDegraded) =
            loads.healthy[0] == 100 ? (0, false) : loads.choose(random.below(100) + 1)
        let zones = table.options.zones
        if isPanicking[priority] {
            events.insert(.healthyPanic)
            return zones.failsTrafficOnPanic ? nil : (priority, .all)
        }
        if let locality = levels[priority].nextLocality(isDegraded: isDegraded) {
            return (priority, .locality(locality, isDegraded: isDegraded))
        }
        guard levels[priority].zones != .off, let local = table.localCluster,
            random.below(100) < EndpointTable.wholePercent(zones.enabledPercent)
        else { return (priority, .available(isDegraded: isDegraded)) }
        if local.isPanicking(threshold: table.panicThreshold) {
            events.insert(.localClusterNotOk)
            return zones.failsTrafficOnPanic
                ? nil : (priority, .available(isDegraded: isDegraded))
        }
        let locality = levels[priority].zones.pick(random: &random, events: &events)
        return (priority, .locality(locality, isDegraded: isDegraded))
    }

    /// The hash alone decides: the priority too, and without the retry's say in it, as in Envoy.
    private func pickByHash(
        _ request: BalancingRequest,
        random: inout Xoshiro256,
        load: (Int) -> Double,
        accepts: ((Int) -> Bool)?,
        attempts: Int
    ) -> Balancing {
        let hash = request.hash ?? random.next()
        let priority = loads.choose(Int(hash % 100) + 1).priority
        var balancing = Balancing(position: nil, priority: priority)
        if isPanicking[priority] { balancing.events.insert(.healthyPanic) }
        guard
            let consistent = levels[priority].consistentTable(
                table,
                isPanicking: isPanicking[priority]
            )
        else { return balancing }
        let bound = table.options.consistentHashing.balanceFactorPercent.map { factor in
            LoadBound(
                factorPercent: factor,
                total: request.clusterLoad
                    ?? table.endpoints.indices.reduce(0.0) { $0 + load($1) }
            )
        }
        var attempt = 0
        while true {
            let position = consistent.pick(hash, attempt: attempt, bound: bound, load: load)
            balancing.position = position
            guard let accepts, attempt < attempts, !accepts(position) else { return balancing }
            attempt += 1
        }
    }
}

extension BalancingOptions {
    /// How zones are routed to; Envoy does so by default wherever there is a local cluster.
    var zones: ZoneAware {
        if case .zoneAware(let zones) = localities { zones } else { ZoneAware() }
    }
}
