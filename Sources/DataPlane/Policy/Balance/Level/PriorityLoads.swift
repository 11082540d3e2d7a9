/// The percent of requests that each priority gets, and which of its endpoints get them; the sum of
/// all is 100 (Envoy's "priority levels" and "degraded endpoints").
struct PriorityLoads: Sendable, Equatable {
    /// By priority: requests for its healthy endpoints.
    var healthy: [Int]
    /// By priority: requests for its degraded endpoints.
    var degraded: [Int]

    init(count: Int) {
        healthy = [Int](repeating: 0, count: count)
        degraded = healthy
    }

    /// The loads, and the priorities in which health is ignored.
    ///
    /// - Parameter threshold: the panic threshold in percent; 0: never.
    static func compute(
        _ counts: [LevelCounts],
        health: [LevelHealth],
        panicThreshold threshold: Int
    ) -> (loads: PriorityLoads, isPanicking: [Bool]) {
        var loads = PriorityLoads(count: counts.count)
        let calm = [Bool](repeating: false, count: counts.count)
        let availability = min(100, health.reduce(0) { $0 + $1.healthy + $1.degraded })
        if availability > 0 { loads.spread(health, availability: availability) }
        // Where nothing can be used, and somebody does not panic: the first priority has all.
        if availability == 0 { loads.healthy[0] = 100 }
        guard availability < 100, threshold > 0 else { return (loads, calm) }
        let isPanicking = counts.map { $0.isBelow(panicThreshold: threshold) }
        if isPanicking.allSatisfy({ $0 }) { loads = byCount(counts) }
        return (loads, isPanicking)
    }

    /// Healthy endpoints come before degraded ones of any priority, and what rounding leaves over
    /// goes to the first priority that has something.
    private mutating func spread(_ health: [LevelHealth], availability: Int) {
        var left = 100
        for (index, level) in health.enumerated() {
            healthy[index] = min(left, level.healthy * 100 / availability)
            left -= healthy[index]
        }
        for (index, level) in health.enumerated() {
            degraded[index] = min(left, level.degraded * 100 / availability)
            left -= degraded[index]
        }
        if let first = health.firstIndex(where: { $0.healthy > 0 }) {
            healthy[first] += left
        } else if let first = health.firstIndex(where: { $0.degraded > 0 }) {
            degraded[first] += left
        }
    }

    /// Where every priority panics, all endpoints count alike.
    private static func byCount(_ counts: [LevelCounts]) -> PriorityLoads {
        var loads = PriorityLoads(count: counts.count)
        let total = counts.reduce(0) { $0 + $1.count }
        guard total > 0, let first = counts.firstIndex(where: { $0.count > 0 }) else {
            loads.healthy[0] = 100
            return loads
        }
        var left = 100
        for (index, level) in counts.enumerated() {
            loads.healthy[index] = 100 * level.count / total
            left -= loads.healthy[index]
        }
        loads.healthy[first] += left
        return loads
    }

    /// The priority for a number in 1...100, and whether its degraded endpoints are meant.
    func choose(_ number: Int) -> (priority: Int, isDegraded: Bool) {
        var sum = 0
        for index in healthy.indices {
            sum += healthy[index]
            if number <= sum { return (index, false) }
        }
        for index in degraded.indices {
            sum += degraded[index]
            if number <= sum { return (index, true) }
        }
        return (0, false)
    }
}
