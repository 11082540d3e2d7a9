/// The `envoy.retry_priorities.previous_priorities` of one request: priorities that were tried are
/// left out of its later attempts.
package struct PriorityOverride: Sendable {
    /// The attempts after which the loads are computed anew (`update_frequency`), at least 1.
    private let frequency: Int
    private var attempted: [Int] = []

    package init(frequency: UInt32) { self.frequency = max(1, Int(frequency)) }

    /// Says that an attempt went to an endpoint of this priority.
    package mutating func recordAttempt(priority: Int) { attempted.append(priority) }

    /// The loads for the next attempt.
    ///
    /// The attempts so far are followed one by one, because where no priority is left all of them
    /// are forgotten, which Envoy keeps as state.
    func loads(_ health: [LevelHealth], original: PriorityLoads) -> PriorityLoads {
        var loads = original
        var tried: [Int] = []
        var isExcluded = [Bool](repeating: false, count: health.count)
        for priority in attempted {
            tried.append(priority)
            if tried.count < frequency {
                loads = original
            } else if tried.count % frequency == 0 {
                for index in tried where isExcluded.indices.contains(index) {
                    isExcluded[index] = true
                }
                var left = Self.without(isExcluded, health)
                if Self.availability(left) == 0 {
                    isExcluded = [Bool](repeating: false, count: health.count)
                    tried = []
                    left = health
                }
                loads = Self.availability(left) == 0 ? original : Self.spread(left)
            }
        }
        return loads
    }

    private static func without(_ isExcluded: [Bool], _ health: [LevelHealth]) -> [LevelHealth] {
        zip(isExcluded, health).map { $0 ? LevelHealth() : $1 }
    }

    private static func availability(_ levels: [LevelHealth]) -> Int {
        min(100, levels.reduce(0) { $0 + $1.healthy + $1.degraded })
    }

    /// What rounding leaves over goes round again, where `PriorityLoads` gives it to the first.
    private static func spread(_ levels: [LevelHealth]) -> PriorityLoads {
        let total = availability(levels)
        var loads = PriorityLoads(count: levels.count)
        var left = 100
        while left > 0 {
            for (index, level) in levels.enumerated() {
                let share = min(left, level.healthy * 100 / total)
                loads.healthy[index] += share
                left -= share
            }
            for (index, level) in levels.enumerated() {
                let share = min(left, level.degraded * 100 / total)
                loads.degraded[index] += share
                left -= share
            }
        }
        return loads
    }
}
