import Model
import Testing

@testable import Policy

@Suite("Slow start")
struct SlowStartTests {
    @Test(
        "an endpoint's share grows from the minimum to the whole, by the power of the aggression",
        arguments: [
            (0, 1, 0.1), (1_000, 1, 0.1), (3_000, 1, 0.3), (5_000, 1, 0.5), (9_999, 1, 0.9999),
            (10_000, 1, 1), (50_000, 1, 1), (2_500, 2, 0.5), (2_500, 0.5, 0.1),
            (5_000, 0.5, 0.25), (5_000, 0, 0.5), (5_000, -1, 0.5), (-4, 1, 0.1),
        ] as [(Int64, Double, Double)]
    )
    func growth(time: Int64, aggression: Double, share: Double) {
        let slowStart = SlowStart(windowMilliseconds: 10_000, aggression: aggression)
        #expect(abs(slowStart.share(afterMilliseconds: time) - share) < 1e-9)
    }

    @Test("a new endpoint gets more requests as its window passes")
    func requests() {
        for rule in [.roundRobin, .leastRequest(choices: 2)]
            as [ClusterConfiguration.LoadBalancing]
        {
            let configuration = cluster(rule) {
                $0.slowStart = SlowStart(windowMilliseconds: 10_000)
            }
            var endpoints = endpoints(weights: [1, 1])
            endpoints[0].availableSince = -100_000
            var chooser = Chooser(configuration, endpoints, now: 0)
            for (now, share) in [(0, 0.1), (2_500, 0.25), (5_000, 0.5), (10_000, 1.0)]
                as [(Int64, Double)]
            {
                chooser.now = now
                // Weights are read as the endpoints are picked: the schedule follows soon.
                _ = chooser.counts(of: 2, picks: 40)
                let counts = chooser.counts(of: 2, picks: 4400)
                let expected = 4400 * share / (1 + share)
                #expect(abs(Double(counts[1]) - expected) <= 12, "\(now) \(counts)")
            }
        }
    }

    @Test("endpoints that are all old, or not healthy, are not slowed down")
    func old() {
        let configuration = cluster { $0.slowStart = SlowStart(windowMilliseconds: 10) }
        var chooser = Chooser(configuration, group(0, count: 4, healthy: 4), now: 1_000)
        #expect(chooser.counts(of: 4, picks: 400) == [100, 100, 100, 100])
        var panicking = group(0, count: 2, healthy: 0)
        panicking[0].availableSince = 1_000
        var ill = Chooser(configuration, panicking, now: 1_000)
        #expect(ill.counts(of: 2, picks: 400) == [200, 200])
    }

    @Test("weights and slow start multiply")
    func weights() {
        let configuration = cluster { $0.slowStart = SlowStart(windowMilliseconds: 1_000) }
        var endpoints = endpoints(weights: [1, 4])
        endpoints[0].availableSince = -10_000
        endpoints[1].availableSince = 500
        var chooser = Chooser(configuration, endpoints, now: 1_000)
        let counts = chooser.counts(of: 2, picks: 3_000)
        #expect(abs(counts[0] - 1_000) <= 2, "\(counts)")
    }
}
