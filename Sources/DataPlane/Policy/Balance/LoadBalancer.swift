package import Model

/// Chooses the endpoints of one cluster for one worker: priorities, localities, subsets, and the
/// rule within them.
///
/// Reads no clock and asks nobody: time, random numbers and the load of endpoints are given.
package struct LoadBalancer {
    private let cluster: ClusterConfiguration
    private var flat: Balancer

    /// - Parameter localLocality: where this process is (`node.locality`), for zone-aware routing.
    package init(_ cluster: ClusterConfiguration, localLocality: Locality) {
        self.cluster = cluster
        flat = .random(RandomBalancer(count: 0))
    }

    /// How many subsets have a balancer (`lb_subsets_active`).
    package var subsetCount: Int { 0 }

    /// Takes over the whole set, also after only a health changed; positions of `pick` are those of
    /// `endpoints`.
    ///
    /// - Returns: what is counted for the update itself.
    @discardableResult
    package mutating func update(
        endpoints: [BalancerEndpoint],
        localCluster: LocalClusterView?,
        nowMilliseconds: Int64,
        random: inout Xoshiro256
    ) -> BalancingEvents {
        flat = Balancer(
            cluster.loadBalancing,
            weights: endpoints.map(\.weight),
            random: &random
        )
        return []
    }

    /// Chooses an endpoint for a request.
    ///
    /// - Parameters:
    ///   - load: requests under way at a position, or the cost of an endpoint for Peak EWMA; asked
    ///     only where the rule needs it.
    ///   - accepts: false for an endpoint that a retry must not use; another is drawn then.
    ///   - attempts: how many further endpoints are drawn for a refused one; the last one is used
    ///     whatever `accepts` says (`host_selection_retry_max_attempts`).
    package mutating func pick(
        _ request: BalancingRequest = BalancingRequest(),
        nowMilliseconds: Int64,
        random: inout Xoshiro256,
        load: (Int) -> Double,
        accepts: ((Int) -> Bool)? = nil,
        attempts: Int = 1
    ) -> Balancing {
        Balancing(position: flat.pick(random: &random) { Int(load($0)) })
    }

    /// The endpoint that a later `pick` of a request without properties will choose, for predictive
    /// preconnecting; nil where the rule cannot tell.
    ///
    /// Endpoints peeked at are remembered: as many later picks return them in the same order, as
    /// Envoy's do.
    package mutating func peek(
        nowMilliseconds: Int64,
        random: inout Xoshiro256,
        load: (Int) -> Double
    ) -> Int? { nil }
}
