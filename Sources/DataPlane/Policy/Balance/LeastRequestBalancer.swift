/// The endpoint with the fewest requests among some that are drawn at random; with unequal weights,
/// a schedule in which a weight counts as weight / (requests + 1).
package struct LeastRequestBalancer: Sendable {
    private let choices: Int
    private let weights: [UInt32]
    /// nil where all weights are equal.
    private var schedule: DeadlineSchedule?

    /// - Parameter choices: how many are drawn, at least 2 (`choice_count`).
    package init(choices: UInt32, weights: [UInt32], random: inout Xoshiro256) {
        self.choices = max(2, Int(choices))
        self.weights = weights
        if let first = weights.first, weights.contains(where: { $0 != first }) {
            var schedule = DeadlineSchedule(count: weights.count) { Double(weights[$0]) }
            for _ in 0..<random.below(weights.count) {
                _ = schedule.pick { Double(weights[$0]) }
            }
            self.schedule = schedule
        }
    }

    /// The chosen endpoint's position; nil where there is none.
    ///
    /// - Parameter activeRequests: requests under way at a position.
    package mutating func pick(
        random: inout Xoshiro256,
        activeRequests: (Int) -> Int
    ) -> Int? {
        let count = weights.count
        if schedule != nil {
            return schedule?.pick { position in
                Double(weights[position]) / (Double(max(0, activeRequests(position))) + 1)
            }
        }
        guard count > 0 else { return nil }
        var best = random.below(count)
        if count == 1 { return best }
        var bestRequests = activeRequests(best)
        // Draws are independent, as in Envoy: one endpoint may be drawn twice.
        for _ in 1..<choices {
            let other = random.below(count)
            let requests = activeRequests(other)
            if requests < bestRequests {
                best = other
                bestRequests = requests
            }
        }
        return best
    }
}
