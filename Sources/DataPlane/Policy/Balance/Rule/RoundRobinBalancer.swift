/// One endpoint after the other, in proportion to their weights where these differ.
///
/// Starts at a random endpoint, so that many workers and proxies do not all begin with the first.
package struct RoundRobinBalancer: Sendable {
    private let count: Int
    private var next: Int
    /// nil where all weights are equal and stay so.
    private var schedule: DeadlineSchedule?
    /// Empty without a schedule.
    private let weights: [UInt32]

    package init(weights: [UInt32], isScheduled: Bool = false, random: inout Xoshiro256) {
        count = weights.count
        next = random.below(count)
        schedule = DeadlineSchedule(weights: weights, isForced: isScheduled, skipped: next)
        self.weights = schedule == nil ? [] : weights
    }

    /// The next endpoint's position; nil where there is none.
    ///
    /// - Parameter growth: the share of its weight that the endpoint at a position has now.
    package mutating func pick(growth: (Int) -> Double = { _ in 1 }) -> Int? {
        if schedule != nil { return schedule?.pick { Double(weights[$0]) * growth($0) } }
        guard count > 0 else { return nil }
        let picked = next
        next = picked + 1 == count ? 0 : picked + 1
        return picked
    }
}
