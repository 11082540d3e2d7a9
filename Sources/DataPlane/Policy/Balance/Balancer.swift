package import Model

/// Chooses endpoints of one cluster for one worker, by the rule that the cluster names.
///
/// Made again whenever the set of endpoints or their weights change; positions are those of the
/// weights that it was made from.
package enum Balancer: Sendable {
    case roundRobin(RoundRobinBalancer)
    case leastRequest(LeastRequestBalancer)
    case random(RandomBalancer)

    /// - Parameter weights: one for each endpoint that may be chosen.
    package init(
        _ rule: ClusterConfiguration.LoadBalancing,
        weights: [UInt32],
        random: inout Xoshiro256
    ) {
        switch rule {
        case .roundRobin:
            self = .roundRobin(RoundRobinBalancer(weights: weights, random: &random))
        case .leastRequest(let choices):
            self = .leastRequest(
                LeastRequestBalancer(choices: choices, weights: weights, random: &random)
            )
        case .random, .ringHash, .maglev, .peakEWMA:
            self = .random(RandomBalancer(count: weights.count))
        }
    }

    /// The chosen endpoint's position; nil where there is none.
    ///
    /// - Parameter activeRequests: requests under way at a position; asked only where the rule
    ///   needs it.
    package mutating func pick(
        random: inout Xoshiro256,
        activeRequests: (Int) -> Int
    ) -> Int? {
        switch self {
        case .random(let balancer):
            return balancer.pick(random: &random)
        case .roundRobin(var balancer):
            // The value is taken out and put back, so that its storage has one owner meanwhile and
            // is changed in place.
            self = .random(RandomBalancer(count: 0))
            defer { self = .roundRobin(balancer) }
            return balancer.pick()
        case .leastRequest(var balancer):
            self = .random(RandomBalancer(count: 0))
            defer { self = .leastRequest(balancer) }
            return balancer.pick(random: &random, activeRequests: activeRequests)
        }
    }
}
