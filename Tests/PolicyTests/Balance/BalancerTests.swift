import Model
import Policy
import Testing

@Suite("Balancing")
struct BalancerTests {
    private func picks(
        _ rule: ClusterConfiguration.LoadBalancing,
        weights: [UInt32],
        count: Int,
        seed: UInt64,
        active: [Int] = []
    ) -> [Int] {
        var random = Xoshiro256(seed: seed)
        var balancer = Balancer(rule, weights: weights, random: &random)
        return (0..<count).compactMap { _ in
            balancer.pick(random: &random) { active.isEmpty ? 0 : active[$0] }
        }
    }

    private func counts(_ picks: [Int], of count: Int) -> [Int] {
        picks.reduce(into: [Int](repeating: 0, count: count)) { $0[$1] += 1 }
    }

    @Test(
        "no endpoint, no choice; one endpoint, no other",
        arguments: [.roundRobin, .leastRequest(choices: 2), .random]
            as [ClusterConfiguration.LoadBalancing]
    )
    func extremes(rule: ClusterConfiguration.LoadBalancing) {
        #expect(picks(rule, weights: [], count: 5, seed: 1) == [])
        #expect(picks(rule, weights: [3], count: 5, seed: 1) == [0, 0, 0, 0, 0])
    }

    @Test("round robin visits each endpoint once in a round, from a random start")
    func roundRobin() {
        var starts: Set<Int> = []
        for seed in 0..<50 as Range<UInt64> {
            let picked = picks(.roundRobin, weights: [1, 1, 1, 1, 1], count: 10, seed: seed)
            starts.insert(picked[0])
            for index in 1..<10 { #expect(picked[index] == (picked[index - 1] + 1) % 5) }
        }
        #expect(starts == [0, 1, 2, 3, 4])
    }

    @Test("equal weights are a plain round, whatever their size")
    func equalWeights() {
        let picked = picks(.roundRobin, weights: [7, 7, 7], count: 9, seed: 5)
        #expect(counts(picked, of: 3) == [3, 3, 3])
        #expect(Array(picked[0..<3]) == Array(picked[3..<6]))
    }

    @Test(
        "weighted round robin gives each endpoint its exact share of a round, well spread",
        arguments: [[1, 2, 3, 4], [5, 1, 1], [100, 1], [1, 1, 2], [3, 7, 11, 13, 17]]
            as [[UInt32]]
    )
    func weightedRoundRobin(weights: [UInt32]) {
        let round = Int(weights.reduce(0, +))
        for seed in 1...5 as ClosedRange<UInt64> {
            let picked = picks(.roundRobin, weights: weights, count: round * 20, seed: seed)
            let observed = counts(picked, of: weights.count)
            for (position, weight) in weights.enumerated() {
                #expect(abs(observed[position] - Int(weight) * 20) <= 1, "\(weights) \(observed)")
                // The gap between two picks is about the round divided by the weight.
                let places = picked.indices.filter { picked[$0] == position }
                let gaps = zip(places.dropFirst(), places).map { $0 - $1 }
                let widest = (round + Int(weight) - 1) / Int(weight) + weights.count
                #expect((gaps.max() ?? 0) <= widest, "\(weights) \(position)")
            }
        }
    }

    @Test("weighted round robin does not always begin with the heaviest")
    func weightedStart() {
        let starts = Set(
            (0..<40 as Range<UInt64>).map {
                picks(.roundRobin, weights: [4, 3, 2], count: 1, seed: $0)[0]
            }
        )
        #expect(starts.count > 1)
    }

    @Test("random choice is uniform")
    func random() {
        let observed = counts(picks(.random, weights: [1, 5, 1, 1], count: 20_000, seed: 9), of: 4)
        // Three degrees of freedom: 16.27 is exceeded once in a thousand seeds.
        #expect(chiSquare(observed, shares: [0.25, 0.25, 0.25, 0.25]) < 16.27)
    }

    @Test("least request without load is uniform")
    func leastRequestUniform() {
        let picked = picks(
            .leastRequest(choices: 2),
            weights: [1, 1, 1, 1, 1],
            count: 20_000,
            seed: 21
        )
        // Four degrees of freedom: 18.47 is exceeded once in a thousand seeds.
        #expect(chiSquare(counts(picked, of: 5), shares: Array(repeating: 0.2, count: 5)) < 18.47)
    }

    @Test("of two choices the less loaded wins: the shares are those of the order statistics")
    func twoChoices() {
        // Drawn with replacement, rank r of n (0 the least loaded) wins with ((n-r)²-(n-r-1)²)/n².
        let picked = picks(
            .leastRequest(choices: 2),
            weights: [1, 1, 1, 1],
            count: 20_000,
            seed: 33,
            active: [30, 10, 40, 20]
        )
        let shares = [3.0 / 16, 7.0 / 16, 1.0 / 16, 5.0 / 16]
        #expect(chiSquare(counts(picked, of: 4), shares: shares) < 16.27)
    }

    @Test("more choices leave the loaded fewer requests")
    func manyChoices() {
        func shareOfBusiest(_ choices: UInt32) -> Double {
            let picked = picks(
                .leastRequest(choices: choices),
                weights: [1, 1, 1, 1],
                count: 10_000,
                seed: 4,
                active: [0, 0, 0, 100]
            )
            return Double(counts(picked, of: 4)[3]) / 10_000
        }
        #expect(abs(shareOfBusiest(2) - 1.0 / 16) < 0.015)
        #expect(shareOfBusiest(5) < 0.005)
        // Fewer than two choices would be no choice: two are taken.
        #expect(abs(shareOfBusiest(0) - 1.0 / 16) < 0.015)
    }

    @Test("two choices keep the load level: the gap between the queues stays small")
    func levelLoad() {
        var random = Xoshiro256(seed: 77)
        var balancer = Balancer(
            .leastRequest(choices: 2),
            weights: Array(repeating: 1, count: 16),
            random: &random
        )
        var active = [Int](repeating: 0, count: 16)
        for _ in 0..<16_000 {
            if let picked = balancer.pick(random: &random, activeRequests: { active[$0] }) {
                active[picked] += 1
            }
        }
        let spread = (active.max() ?? 0) - (active.min() ?? 0)
        #expect(spread <= 8, "\(active)")
    }

    @Test("least request with weights shares out by weight, and less to the loaded")
    func weightedLeastRequest() {
        let idle = counts(
            picks(.leastRequest(choices: 2), weights: [1, 3], count: 4_000, seed: 2),
            of: 2
        )
        #expect(abs(idle[0] - 1_000) <= 2)
        // Three requests under way quarter a weight: 1 and 3/4.
        let loaded = counts(
            picks(
                .leastRequest(choices: 2),
                weights: [1, 3],
                count: 7_000,
                seed: 2,
                active: [0, 3]
            ),
            of: 2
        )
        #expect(abs(loaded[0] - 4_000) <= 2)
    }

    @Test("weights of zero and of the largest number are taken, not trapped on")
    func oddWeights() {
        let picked = picks(.roundRobin, weights: [0, .max, 1], count: 1_000, seed: 1)
        #expect(picked.count == 1_000)
        #expect(counts(picked, of: 3)[1] >= 998)
        let least = picks(
            .leastRequest(choices: .max >> 20),
            weights: [0, 1],
            count: 100,
            seed: 1,
            active: [-5, .max - 1]
        )
        #expect(least.count == 100)
    }
}
