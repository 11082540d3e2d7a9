package import Model

/// Chooses the endpoints of one cluster for one worker: priorities, localities, subsets, and the
/// rule within them.
///
/// Reads no clock and asks nobody: time, random numbers and the load of endpoints are given. The
/// common case (one priority whose endpoints are healthy, no zones, no subsets) is the rule alone;
/// all else is made only for clusters that need it.
package struct LoadBalancer {
    private let cluster: ClusterConfiguration
    private let localLocality: Locality
    /// The common case, where neither of the two below is there.
    private var flat: Balancer
    /// Positions for those of `flat`; empty: the same.
    private var flatPositions: [UInt32] = []
    private var levels: LevelBalancer?
    private var subsets: SubsetBalancer?
    /// Choices that were peeked at, the next one last; later picks return them.
    private var peeked: [Balancing] = []
    private var healthyCount: UInt32 = 0
    /// `flat` decides, and nothing is dropped.
    private var isPlain = false
    /// Subsets that came into being (`lb_subsets_created`) since this value was made.
    package private(set) var subsetsCreated: UInt32 = 0
    /// Subsets that lost their last endpoint (`lb_subsets_removed`) since this value was made.
    package private(set) var subsetsRemoved: UInt32 = 0

    /// - Parameter localLocality: where this process is (`node.locality`), for zone-aware routing.
    package init(_ cluster: ClusterConfiguration, localLocality: Locality) {
        self.cluster = cluster
        self.localLocality = localLocality
        flat = .random(RandomBalancer(count: 0))
    }

    /// How many subsets there are (`lb_subsets_active`).
    package var subsetCount: Int { subsets?.count ?? 0 }

    /// How many endpoints were left out of subsets that may have only one
    /// (`lb_subsets_single_host_per_subset_duplicate`).
    package var subsetDuplicateCount: Int { subsets?.duplicateCount ?? 0 }

    /// Takes over the whole set, also after only a health changed; positions of `pick` are those of
    /// `endpoints`.
    ///
    /// - Parameters:
    ///   - localCluster: nil where there is none, and for the local cluster itself.
    ///   - nowMilliseconds: on the clock of `BalancerEndpoint.availableSince`.
    /// - Returns: what is counted for the update itself.
    @discardableResult
    package mutating func update(
        endpoints: [BalancerEndpoint],
        localCluster: LocalClusterView?,
        nowMilliseconds: Int64,
        random: inout Xoshiro256
    ) -> BalancingEvents {
        peeked = []
        isPlain = false
        healthyCount = UInt32(clamping: endpoints.count { $0.health == .healthy })
        if let weights = flatWeights(endpoints, hasLocalCluster: localCluster != nil) {
            levels = nil
            flatPositions = []
            if weights.count < endpoints.count {
                for (position, endpoint) in endpoints.enumerated()
                where endpoint.health == .healthy {
                    flatPositions.append(UInt32(position))
                }
            }
            flat = Balancer(
                cluster.loadBalancing,
                weights: weights,
                activeRequestBias: cluster.balancing.activeRequestBias,
                random: &random
            )
            isPlain = flatPositions.isEmpty && cluster.balancing.dropOverloads.isEmpty
            return []
        }
        flat = .random(RandomBalancer(count: 0))
        flatPositions = []
        let table = EndpointTable(
            cluster,
            endpoints: endpoints,
            localLocality: localLocality,
            localCluster: localCluster,
            nowMilliseconds: nowMilliseconds
        )
        if let configuration = cluster.balancing.subsets {
            let made = SubsetBalancer(configuration, table, localLocality: localLocality)
            subsetsCreated &+= UInt32(clamping: made.countMissing(in: subsets))
            subsetsRemoved &+= UInt32(clamping: subsets?.countMissing(in: made) ?? 0)
            subsets = made
            return []
        }
        let made = LevelBalancer(table, localLocality: localLocality, random: &random)
        levels = made
        return made.events
    }

    /// The weights of the endpoints that the rule alone may choose among; nil where there is more to
    /// think of.
    private func flatWeights(
        _ endpoints: [BalancerEndpoint],
        hasLocalCluster: Bool
    ) -> [UInt32]? {
        let options = cluster.balancing
        switch cluster.loadBalancing {
        case .ringHash, .maglev: return nil
        case .roundRobin, .leastRequest, .random, .peakEWMA: break
        }
        guard options.subsets == nil, options.slowStart == nil, !hasLocalCluster,
            cluster.localities.allSatisfy({ $0.priority == 0 }),
            options.localities != .weighted || cluster.localities.count == 1
        else { return nil }
        var counts = LevelCounts()
        for endpoint in endpoints { counts.add(endpoint.health, weight: endpoint.weight) }
        guard counts.healthy > 0 else { return nil }
        if counts.healthy < counts.count {
            let health = LevelHealth(
                counts,
                overprovisioning: options.overprovisioningFactor,
                isWeighted: options.weightsPrioritiesByHealth
            )
            let threshold = EndpointTable.wholePercent(options.panicThresholdPercent)
            let isCalm =
                health.healthy + health.degraded >= 100
                || !counts.isBelow(panicThreshold: threshold)
            guard isCalm, health.healthy == 100 || counts.degraded == 0 else { return nil }
        }
        var weights: [UInt32] = []
        weights.reserveCapacity(counts.healthy)
        for endpoint in endpoints where endpoint.health == .healthy {
            weights.append(endpoint.weight)
        }
        return weights
    }

    /// Chooses an endpoint for a request.
    ///
    /// - Parameters:
    ///   - load: requests under way at a position, or the cost of an endpoint for Peak EWMA; asked
    ///     only where the rule needs it.
    ///   - accepts: false for an endpoint that a retry must not use; another is drawn then.
    ///   - attempts: how many further endpoints are drawn for refused ones; the last one is used
    ///     whatever `accepts` says (`host_selection_retry_max_attempts`).
    package mutating func pick(
        _ request: BalancingRequest = BalancingRequest(),
        nowMilliseconds: Int64,
        random: inout Xoshiro256,
        load: (Int) -> Double,
        accepts: ((Int) -> Bool)? = nil,
        attempts: Int = 1
    ) -> Balancing {
        if isPlain, accepts == nil, peeked.isEmpty {
            return Balancing(position: flat.pick(random: &random, load: load))
        }
        return pickWithCare(
            request,
            nowMilliseconds: nowMilliseconds,
            random: &random,
            load: load,
            accepts: accepts,
            attempts: attempts
        )
    }

    /// `pick` where there is more to think of than the rule.
    private mutating func pickWithCare(
        _ request: BalancingRequest,
        nowMilliseconds: Int64,
        random: inout Xoshiro256,
        load: (Int) -> Double,
        accepts: ((Int) -> Bool)?,
        attempts: Int
    ) -> Balancing {
        if !cluster.balancing.dropOverloads.isEmpty, !request.isRetry,
            let category = drop(random: &random)
        {
            return Balancing(position: nil, events: .dropOverload, dropped: category)
        }
        if let subsets {
            let choice = SubsetBalancer.Choice(
                nowMilliseconds: nowMilliseconds,
                accepts: accepts,
                attempts: attempts
            )
            return subsets.pick(request, choice, random: &random, load: load)
        }
        var left = attempts
        while let next = peeked.popLast() {
            guard let accepts, left > 0, let position = next.position, !accepts(position) else {
                return next
            }
            left -= 1
        }
        if let levels {
            return levels.pick(
                request,
                nowMilliseconds: nowMilliseconds,
                random: &random,
                load: load,
                accepts: accepts,
                attempts: left
            )
        }
        while true {
            guard let position = pickFlat(random: &random, load: load) else {
                return Balancing(position: nil)
            }
            guard let accepts, left > 0, !accepts(position) else {
                return Balancing(position: position)
            }
            left -= 1
        }
    }

    private mutating func pickFlat(
        random: inout Xoshiro256,
        load: (Int) -> Double
    ) -> Int? {
        if flatPositions.isEmpty { return flat.pick(random: &random, load: load) }
        let positions = flatPositions
        let picked = flat.pick(random: &random, load: { load(Int(positions[$0])) })
        return picked.map { Int(positions[$0]) }
    }

    private func drop(random: inout Xoshiro256) -> Int? {
        cluster.balancing.dropOverloads.firstIndex { overload in
            random.below(1_000_000) < Int(overload.perMillion)
        }
    }

    /// The endpoint that a later `pick` will choose, for predictive preconnecting; nil where the
    /// rule cannot tell, or where as many were peeked at as there are healthy endpoints.
    ///
    /// Endpoints peeked at are remembered: as many later picks return them, in the same order.
    package mutating func peek(
        nowMilliseconds: Int64,
        random: inout Xoshiro256,
        load: (Int) -> Double
    ) -> Int? {
        guard subsets == nil, peeked.count < Int(healthyCount) else { return nil }
        let next: Balancing
        if let levels {
            guard
                let predicted = levels.predict(
                    nowMilliseconds: nowMilliseconds,
                    random: &random,
                    load: load
                )
            else { return nil }
            next = predicted
        } else {
            guard flat.isPredictable, let position = pickFlat(random: &random, load: load) else {
                return nil
            }
            next = Balancing(position: position)
        }
        peeked.insert(next, at: 0)
        return next.position
    }
}
