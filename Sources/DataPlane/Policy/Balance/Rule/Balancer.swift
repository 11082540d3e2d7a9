package import Model

/// A rule at work on one list of endpoints, for one worker.
///
/// Made again whenever the list or its weights change; positions are those of the weights that it
/// was made from.
package enum Balancer: Sendable {
    case roundRobin(RoundRobinBalancer)
    case leastRequest(LeastRequestBalancer)
    case random(RandomBalancer)
    case twoChoices(TwoChoicesBalancer)

    /// - Parameters:
    ///   - rule: RING_HASH and MAGLEV have tables of their own; here they draw at random.
    ///   - weights: one for each endpoint that may be chosen.
    ///   - isScheduled: weights change with time, so that even equal ones need a schedule.
    package init(
        _ rule: ClusterConfiguration.LoadBalancing,
        weights: [UInt32],
        isScheduled: Bool = false,
        activeRequestBias: Double = 1,
        random: inout Xoshiro256
    ) {
        switch rule {
        case .roundRobin:
            self = .roundRobin(
                RoundRobinBalancer(weights: weights, isScheduled: isScheduled, random: &random)
            )
        case .leastRequest(let choices):
            self = .leastRequest(
                LeastRequestBalancer(
                    choices: choices,
                    weights: weights,
                    isScheduled: isScheduled,
                    bias: activeRequestBias,
                    random: &random
                )
            )
        case .peakEWMA:
            self = .twoChoices(TwoChoicesBalancer(count: weights.count))
        case .random, .ringHash, .maglev:
            self = .random(RandomBalancer(count: weights.count))
        }
    }

    /// The next choices do not depend on the load, so that they can be told in advance.
    var isPredictable: Bool {
        switch self {
        case .roundRobin, .random: true
        case .leastRequest(let balancer): balancer.isScheduled
        case .twoChoices: false
        }
    }

    /// The chosen endpoint's position; nil where there is none.
    ///
    /// - Parameters:
    ///   - load: requests under way at a position, or its cost; asked only where the rule needs it.
    ///   - growth: the share of its weight that the endpoint at a position has at this time.
    mutating func pick(
        random: inout Xoshiro256,
        load: (Int) -> Double,
        growth: (Int) -> Double = { _ in 1 }
    ) -> Int? {
        switch self {
        case .random(let balancer):
            return balancer.pick(random: &random)
        case .twoChoices(let balancer):
            return balancer.pick(random: &random, cost: load)
        case .roundRobin(var balancer):
            // The value is taken out and put back, so that its storage has one owner meanwhile and
            // is changed in place.
            self = .random(RandomBalancer(count: 0))
            defer { self = .roundRobin(balancer) }
            return balancer.pick(growth: growth)
        case .leastRequest(var balancer):
            self = .random(RandomBalancer(count: 0))
            defer { self = .leastRequest(balancer) }
            return balancer.pick(random: &random, load: load, growth: growth)
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
        pick(random: &random, load: { Double(activeRequests($0)) })
    }
}
