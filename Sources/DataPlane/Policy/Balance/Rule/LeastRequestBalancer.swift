import Model

/// The endpoint with the fewest requests among some that are drawn at random; with unequal weights,
/// a schedule in which a weight counts as weight / (requests + 1) ^ bias.
package struct LeastRequestBalancer: Sendable {
    private let count: Int
    private let choices: Int
    private let bias: Double
    /// Empty without a schedule.
    private let weights: [UInt32]
    /// nil where all weights are equal and stay so.
    private var schedule: DeadlineSchedule?

    /// - Parameters:
    ///   - choices: how many are drawn, at least 2 (`choice_count`).
    ///   - bias: `active_request_bias`; what is negative or no number counts as 1, as in Envoy.
    package init(
        choices: UInt32,
        weights: [UInt32],
        isScheduled: Bool = false,
        bias: Double = 1,
        random: inout Xoshiro256
    ) {
        count = weights.count
        // Drawing takes time; beyond so many it would be felt.
        self.choices = min(max(2, Int(choices)), 1000)
        self.bias = bias >= 0 ? bias : 1
        schedule = DeadlineSchedule(
            weights: weights,
            isForced: isScheduled,
            skipped: random.below(count)
        )
        self.weights = schedule == nil ? [] : weights
    }

    var isScheduled: Bool { schedule != nil }

    /// The chosen endpoint's position; nil where there is none.
    ///
    /// - Parameters:
    ///   - load: requests under way at a position.
    ///   - growth: the share of its weight that the endpoint at a position has now.
    package mutating func pick(
        random: inout Xoshiro256,
        load: (Int) -> Double,
        growth: (Int) -> Double = { _ in 1 }
    ) -> Int? {
        if schedule != nil {
            return schedule?.pick { position in
                let weight = Double(weights[position]) * growth(position)
                let requests = max(0, load(position)) + 1
                return bias == 1 ? weight / requests : weight / requests.power(bias)
            }
        }
        guard count > 0 else { return nil }
        var best = random.below(count)
        if count == 1 { return best }
        var bestLoad = load(best)
        // Draws are independent, as in Envoy: one endpoint may be drawn twice.
        for _ in 1..<choices {
            let other = random.below(count)
            let otherLoad = load(other)
            if otherLoad < bestLoad {
                best = other
                bestLoad = otherLoad
            }
        }
        return best
    }
}
