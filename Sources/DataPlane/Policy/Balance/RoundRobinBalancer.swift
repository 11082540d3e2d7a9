/// One endpoint after the other, in proportion to their weights where these differ.
///
/// Starts at a random endpoint, so that many workers and proxies do not all begin with the first.
package struct RoundRobinBalancer: Sendable {
    private let count: Int
    private var next: Int
    /// nil where all weights are equal.
    private var schedule: DeadlineSchedule?
    private let weights: [UInt32]

    package init(weights: [UInt32], random: inout Xoshiro256) {
        count = weights.count
        self.weights = weights
        next = random.below(count)
        if let first = weights.first, weights.contains(where: { $0 != first }) {
            var schedule = DeadlineSchedule(count: count) { Double(weights[$0]) }
            for _ in 0..<next { _ = schedule.pick { Double(weights[$0]) } }
            self.schedule = schedule
        }
    }

    /// The next endpoint's position; nil where there is none.
    package mutating func pick() -> Int? {
        if schedule != nil { return schedule?.pick { Double(weights[$0]) } }
        guard count > 0 else { return nil }
        let picked = next
        next = picked + 1 == count ? 0 : picked + 1
        return picked
    }
}
