import Model

/// Zone-aware routing of the first priority: how many requests stay in this process's own zone, and
/// where the others go.
///
/// Each zone of the local cluster sends an equal share of the requests; a zone takes its own ones as
/// far as its share of the endpoints goes, and what it has beyond that is filled by zones that have
/// too little.
enum ZoneRouting: Equatable {
    case off
    /// All requests stay in the zone.
    case direct
    /// Shares are in 1/10,000.
    case residual(localShare: Int, capacities: [Int])

    /// - Parameters:
    ///   - healthy: by locality in the order of `order`: healthy endpoints of the cluster.
    ///   - events: what the decision counts.
    init(
        _ order: LocalityOrder,
        healthy: [Int],
        local: LocalClusterView,
        localLocality: Locality,
        zones: BalancingOptions.ZoneAware,
        events: inout BalancingEvents
    ) {
        self = .off
        events.insert(.recalculateZoneStructures)
        guard order.localities.count > 1, local.zones.count > 1 else { return }
        guard !localLocality.isEmpty,
            local.zones.contains(where: { $0.locality == localLocality && $0.count > 0 })
        else {
            events.insert(.localClusterNotOk)
            return
        }
        let total = healthy.reduce(0, +)
        guard UInt64(total) >= zones.minClusterSize else {
            events.insert(.zoneClusterTooSmall)
            return
        }
        let localTotal = local.zones.reduce(0) { $0 + $1.healthyCount }
        let shares = order.localities.enumerated().map { number, locality in
            // Without an endpoint there, it does not matter what the local cluster has.
            guard healthy[number] > 0 else { return (local: 0, upstream: 0) }
            let here = local.zones.first { $0.locality == locality }?.healthyCount ?? 0
            return (
                local: localTotal > 0 ? 10_000 * here / localTotal : 0,
                upstream: total > 0 ? 10_000 * healthy[number] / total : 0
            )
        }
        if order.hasLocal, shares[0].upstream > 0, shares[0].upstream >= shares[0].local {
            self = .direct
            return
        }
        var localShare = 0
        if order.hasLocal, shares[0].local > 0 {
            localShare = shares[0].upstream * 10_000 / shares[0].local
        }
        var sum = 0
        let capacities = shares.enumerated().map { number, share in
            if number > 0 || !order.hasLocal { sum += max(0, share.upstream - share.local) }
            return sum
        }
        self = .residual(localShare: localShare, capacities: capacities)
    }

    /// The locality of a request; only where the routing is not off.
    func pick(random: inout Xoshiro256, events: inout BalancingEvents) -> Int {
        switch self {
        case .off:
            return 0
        case .direct:
            events.insert(.zoneRoutingAllDirectly)
            return 0
        case .residual(let localShare, let capacities):
            if random.below(10_000) < localShare {
                events.insert(.zoneRoutingSampled)
                return 0
            }
            events.insert(.zoneRoutingCrossZone)
            guard let total = capacities.last, total > 0 else {
                // Rounding ate all that was left over.
                events.insert(.zoneNoCapacityLeft)
                return random.below(capacities.count)
            }
            let number = random.below(total)
            return capacities.firstIndex { number < $0 } ?? 0
        }
    }
}

extension LocalClusterView {
    /// The local cluster itself is so ill that its shares say nothing.
    func isPanicking(threshold: Int) -> Bool {
        var counts = LevelCounts()
        for zone in zones {
            counts.count += zone.count
            counts.healthy += zone.healthyCount
            counts.degraded += zone.degradedCount
            counts.excluded += zone.excludedCount
        }
        return counts.isBelow(panicThreshold: threshold)
    }
}
