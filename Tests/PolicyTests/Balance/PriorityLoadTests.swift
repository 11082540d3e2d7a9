import Model
import Testing

@testable import Policy

/// The tables of Envoy's documentation on priorities, degraded endpoints and panic.
@Suite("Priority loads")
struct PriorityLoadTests {
    private func counts(
        _ healthy: [Int],
        degraded: [Int] = [],
        of total: Int = 100
    ) -> [LevelCounts] {
        healthy.enumerated().map { index, healthy in
            var counts = LevelCounts()
            let ill = degraded.isEmpty ? 0 : degraded[index]
            for number in 0..<total {
                counts.add(
                    number < healthy ? .healthy : number < healthy + ill ? .degraded : .unhealthy,
                    weight: 1
                )
            }
            return counts
        }
    }

    private func compute(
        _ counts: [LevelCounts],
        threshold: Int = 50,
        factor: UInt32 = 140
    ) -> (loads: PriorityLoads, isPanicking: [Bool]) {
        let health = counts.map { LevelHealth($0, overprovisioning: factor, isWeighted: false) }
        return PriorityLoads.compute(counts, health: health, panicThreshold: threshold)
    }

    @Test(
        "healthy shares of the priorities become loads as documented",
        arguments: [
            ([100, 100], [100, 0]), ([72, 100], [100, 0]), ([71, 100], [99, 1]),
            ([50, 100], [70, 30]), ([25, 100], [35, 65]), ([0, 100], [0, 100]),
            ([72, 72], [100, 0]), ([71, 71], [99, 1]), ([50, 60], [70, 30]),
            ([25, 25], [50, 50]), ([5, 65], [8, 92]),
            ([100, 100, 100], [100, 0, 0]), ([71, 71, 100], [99, 1, 0]),
            ([50, 50, 100], [70, 30, 0]), ([25, 100, 100], [35, 65, 0]),
            ([25, 25, 100], [35, 35, 30]),
        ] as [([Int], [Int])]
    )
    func healthy(shares: [Int], loads: [Int]) {
        #expect(compute(counts(shares)).loads.healthy == loads)
    }

    @Test("what rounding leaves over goes to the first priority")
    func rounding() {
        // 35, 35 and 28 of 98: 35, 35 and 28, and two are left over.
        #expect(compute(counts([25, 25, 20]), threshold: 0).loads.healthy == [37, 35, 28])
    }

    @Test("degraded endpoints get what healthy ones of no priority take")
    func degraded() {
        // Envoy's words: 10, 20 and 10 % health with 20, 10 and 0 % degraded.
        let mixed = compute(
            counts([10, 20, 10], degraded: [20, 10, 0]),
            threshold: 0,
            factor: 100
        ).loads
        #expect(mixed.healthy == [16, 28, 14])
        #expect(mixed.degraded == [28, 14, 0])
        // A healthy second priority comes before the degraded first one.
        let second = compute(counts([0, 100], degraded: [100, 0])).loads
        #expect(second.healthy == [0, 100])
        #expect(second.degraded == [0, 0])
        let half = compute(counts([50], degraded: [50])).loads
        #expect(half.healthy == [70])
        #expect(half.degraded == [30])
    }

    @Test(
        "a priority panics below its threshold, as long as the whole is not healthy enough",
        arguments: [
            ([25, 100], [false, false]), ([0, 100], [false, false]), ([25, 25], [true, true]),
            ([5, 65], [true, false]), ([50, 20], [false, true]), ([72, 72], [false, false]),
        ] as [([Int], [Bool])]
    )
    func panic(shares: [Int], isPanicking: [Bool]) {
        #expect(compute(counts(shares)).isPanicking == isPanicking)
        #expect(compute(counts(shares), threshold: 0).isPanicking == [false, false])
    }

    @Test("where all priorities panic, the loads are those of their sizes")
    func totalPanic() {
        var levels = counts([0], of: 10)
        levels += counts([1], of: 30)
        let result = compute(levels)
        #expect(result.isPanicking == [true, true])
        #expect(result.loads.healthy == [25, 75])
        // Also where nothing is left at all.
        #expect(compute(counts([0, 0], of: 0)).loads.healthy == [100, 0])
        #expect(compute(counts([0, 0], of: 5), threshold: 0).loads.healthy == [100, 0])
        // A remainder is the first non-empty one's.
        let three = counts([0], of: 0) + counts([0], of: 1) + counts([0], of: 2)
        #expect(compute(three).loads.healthy == [0, 34, 66])
    }

    @Test("excluded endpoints are no part of the whole")
    func excluded() {
        var level = LevelCounts()
        for health in [.healthy, .excluded, .excluded, .excluded] as [EndpointHealth] {
            level.add(health, weight: 1)
        }
        #expect(LevelHealth(level, overprovisioning: 140, isWeighted: false).healthy == 100)
        #expect(!level.isBelow(panicThreshold: 50))
        var pending = LevelCounts()
        pending.add(.excluded, weight: 1)
        #expect(pending.isBelow(panicThreshold: 50))
        #expect(LevelHealth(pending, overprovisioning: 140, isWeighted: false) == LevelHealth())
    }

    @Test("weights count for health where the policy says so")
    func weighted() {
        var level = LevelCounts()
        level.add(.healthy, weight: 1)
        level.add(.unhealthy, weight: 9)
        #expect(LevelHealth(level, overprovisioning: 140, isWeighted: false).healthy == 70)
        #expect(LevelHealth(level, overprovisioning: 140, isWeighted: true).healthy == 14)
        // Numbers that no product can hold are still a share.
        var huge = LevelCounts()
        for _ in 0..<4 { huge.add(.healthy, weight: .max) }
        #expect(LevelHealth(huge, overprovisioning: .max, isWeighted: true).healthy == 100)
    }

    @Test("loads add up to 100 and follow the numbers, for any health")
    func sums() {
        var random = Xoshiro256(seed: 12)
        for _ in 0..<2000 {
            let levels = (0..<1 + random.below(5)).map { _ in
                var level = LevelCounts()
                for _ in 0..<random.below(12) {
                    let healths: [EndpointHealth] = [.healthy, .degraded, .unhealthy, .excluded]
                    level.add(healths[random.below(4)], weight: UInt32(1 + random.below(9)))
                }
                return level
            }
            let factor = UInt32(random.below(300))
            let health = levels.map {
                LevelHealth($0, overprovisioning: factor, isWeighted: random.below(2) == 0)
            }
            let threshold = random.below(101)
            let loads = PriorityLoads.compute(levels, health: health, panicThreshold: threshold)
                .loads
            #expect(loads.healthy.reduce(0, +) + loads.degraded.reduce(0, +) == 100)
            var healthy = PriorityLoads(count: levels.count)
            for number in 1...100 {
                let (priority, isDegraded) = loads.choose(number)
                if isDegraded {
                    healthy.degraded[priority] += 1
                } else {
                    healthy.healthy[priority] += 1
                }
            }
            #expect(healthy == loads)
        }
    }

    @Test("a retry leaves out priorities that were tried, as Envoy's tests state")
    func retryPriorities() {
        func loads(
            _ shares: [(healthy: Int, degraded: Int)],
            tried: [Int],
            frequency: UInt32 = 1
        )
            -> PriorityLoads
        {
            let levels = counts(shares.map(\.healthy), degraded: shares.map(\.degraded), of: 10)
            let health = levels.map {
                LevelHealth($0, overprovisioning: 140, isWeighted: false)
            }
            var override = PriorityOverride(frequency: frequency)
            for priority in tried { override.recordAttempt(priority: priority) }
            let original = PriorityLoads.compute(levels, health: health, panicThreshold: 0).loads
            return override.loads(health, original: original)
        }
        let two = [(10, 0), (10, 0)]
        #expect(loads(two, tried: []).healthy == [100, 0])
        #expect(loads(two, tried: [0]).healthy == [0, 100])
        #expect(loads(two, tried: [0, 1]).healthy == [100, 0])
        #expect(loads(two, tried: [0, 1, 0]).healthy == [0, 100])
        #expect(loads(two, tried: [0], frequency: 2).healthy == [100, 0])
        #expect(loads(two, tried: [0, 0], frequency: 2).healthy == [0, 100])
        #expect(loads(two, tried: [0, 0, 1], frequency: 2).healthy == [0, 100])
        let three = [(3, 0), (2, 0), (10, 0)]
        #expect(loads(three, tried: []).healthy == [42, 28, 30])
        #expect(loads(three, tried: [0]).healthy == [0, 28, 72])
        #expect(loads(three, tried: [0, 1]).healthy == [0, 0, 100])
        #expect(loads(three, tried: [0, 1, 2]).healthy == [42, 28, 30])
        let mixed = [(0, 3), (9, 1), (2, 0)]
        let spilled = loads(mixed, tried: [1])
        #expect(spilled.healthy == [0, 0, 40])
        #expect(spilled.degraded == [60, 0, 0])
        #expect(loads(mixed, tried: [1, 2]).degraded == [100, 0, 0])
        // Nothing is healthy: nothing changes. A priority that does not exist changes nothing either.
        #expect(loads([(0, 0), (0, 0)], tried: [0]).healthy == [100, 0])
        #expect(loads(two, tried: [7]).healthy == [100, 0])
    }
}
