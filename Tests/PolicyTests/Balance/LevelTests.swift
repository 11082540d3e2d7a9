import Model
import Policy
import Testing

@Suite("Balancing by priority and locality")
struct LevelTests {
    @Test("requests go where the health of the priorities sends them")
    func priorityShares() {
        let all = group(0, count: 4, healthy: 2) + group(1, count: 4, healthy: 4)
        var chooser = Chooser(cluster(localities: priorities(2)), all)
        let counts = chooser.counts(of: 8, picks: 20_000)
        #expect(counts[2] == 0 && counts[3] == 0)
        let used = [0, 1, 4, 5, 6, 7].map { counts[$0] }
        let shares = [0.35, 0.35, 0.075, 0.075, 0.075, 0.075]
        // A round robin within each priority is steadier than chance.
        #expect(chiSquare(used, shares: shares) < 20.5)
    }

    @Test("a choice says its priority, and panic is counted where health is ignored")
    func panic() {
        var calm = Chooser(
            cluster(localities: priorities(2)),
            group(0, count: 2, healthy: 0) + group(1, count: 2, healthy: 2)
        )
        let balancing = calm.pick()
        #expect(balancing.priority == 1)
        #expect(balancing.events == [])
        var ill = Chooser(cluster(), group(0, count: 4, healthy: 1))
        #expect(ill.counts(of: 4, picks: 400) == [100, 100, 100, 100])
        #expect(ill.pick().events == .healthyPanic)
        // At the threshold exactly there is no panic.
        var half = Chooser(cluster(), group(0, count: 4, healthy: 2))
        #expect(half.counts(of: 4, picks: 400) == [200, 200, 0, 0])
        #expect(half.pick().events == [])
    }

    @Test("a threshold of 0 refuses where nothing is healthy; so does a panic that must fail")
    func refused() {
        var never = Chooser(
            cluster { $0.panicThresholdPercent = 0 },
            group(0, count: 3, healthy: 0)
        )
        #expect(never.pick() == Balancing(position: nil))
        var fails = Chooser(
            cluster {
                var zones = BalancingOptions.ZoneAware()
                zones.failsTrafficOnPanic = true
                $0.localities = .zoneAware(zones)
            },
            group(0, count: 3, healthy: 1)
        )
        #expect(fails.pick() == Balancing(position: nil, events: .healthyPanic))
        var none = Chooser(cluster(), [])
        #expect(none.pick() == Balancing(position: nil, events: .healthyPanic))
        var excluded = Chooser(cluster(), group(0, count: 2, healthy: 1, excluded: 1))
        #expect(excluded.counts(of: 2, picks: 10) == [10, 0])
    }

    @Test("degraded endpoints get what healthy ones leave")
    func degraded() {
        var chooser = Chooser(cluster(.random), group(0, count: 4, healthy: 2, degraded: 2))
        let counts = chooser.counts(of: 4, picks: 20_000)
        // 70 and 30 percent; three degrees of freedom.
        #expect(chiSquare(counts, shares: [0.35, 0.35, 0.15, 0.15]) < 16.27)
    }

    @Test("localities share requests out by weight and availability")
    func localityWeights() {
        let groups = [
            LocalityConfiguration(locality: zone("A"), weight: 1),
            LocalityConfiguration(locality: zone("B"), weight: 3),
            LocalityConfiguration(locality: zone("C")),
        ]
        let configuration = cluster(localities: groups) { $0.localities = .weighted }
        let rest = group(1, count: 3, healthy: 3) + group(2, count: 1, healthy: 1)
        var healthy = Chooser(configuration, group(0, count: 1, healthy: 1) + rest)
        #expect(healthy.counts(of: 5, picks: 4000) == [1000, 1000, 1000, 1000, 0])
        // Half of A is ill: its weight is 0.7.
        var half = Chooser(configuration, group(0, count: 2, healthy: 1) + rest)
        let counts = half.counts(of: 6, picks: 3700)
        #expect(abs(counts[0] - 700) <= 1, "\(counts)")
        #expect(counts[1] == 0 && counts[5] == 0)
        // Where no locality has a weight, localities do not matter.
        let bare = cluster(
            localities: [
                LocalityConfiguration(locality: zone("A")),
                LocalityConfiguration(locality: zone("B")),
            ]
        ) { $0.localities = .weighted }
        var flat = Chooser(bare, group(0, count: 1, healthy: 1) + group(1, count: 3, healthy: 3))
        #expect(flat.counts(of: 4, picks: 400) == [100, 100, 100, 100])
    }

    @Test("in panic locality weights do not count")
    func localityPanic() {
        let groups = [
            LocalityConfiguration(locality: zone("A"), weight: 1),
            LocalityConfiguration(locality: zone("B"), weight: 9),
        ]
        let configuration = cluster(localities: groups) { $0.localities = .weighted }
        var chooser = Chooser(
            configuration,
            group(0, count: 2, healthy: 0) + group(1, count: 2, healthy: 1)
        )
        #expect(chooser.counts(of: 4, picks: 400) == [100, 100, 100, 100])
    }

    @Test("refused endpoints are drawn again, and the last one is used in any case")
    func predicates() {
        for endpoints in [
            group(0, count: 3, healthy: 3), group(0, count: 4, healthy: 1, degraded: 2),
        ] {
            var chooser = Chooser(cluster(), endpoints)
            var asked = 0
            _ = chooser.pick(
                accepts: { _ in
                    asked += 1
                    return false
                },
                attempts: 5
            )
            #expect(asked == 5)
            #expect(chooser.pick(accepts: { _ in false }, attempts: 0).position != nil)
        }
        var three = Chooser(cluster(), group(0, count: 3, healthy: 3))
        for _ in 0..<20 {
            #expect(three.pick(accepts: { $0 == 1 }, attempts: 2).position == 1)
        }
    }

    @Test("a retry priority sends the next attempt elsewhere")
    func retryPriority() {
        let all = group(0, count: 2, healthy: 2) + group(1, count: 2, healthy: 2)
        var chooser = Chooser(cluster(localities: priorities(2)), all)
        var request = BalancingRequest(priorities: PriorityOverride(frequency: 1))
        #expect(chooser.pick(request).priority == 0)
        request.priorities?.recordAttempt(priority: 0)
        for _ in 0..<50 { #expect(chooser.pick(request).priority == 1) }
        request.priorities?.recordAttempt(priority: 1)
        for _ in 0..<50 { #expect(chooser.pick(request).priority == 0) }
    }

    @Test("overload drops refuse their share of first attempts")
    func drops() {
        var chooser = Chooser(
            cluster {
                $0.dropOverloads = [
                    .init(category: "first", perMillion: 200_000),
                    .init(category: "second", perMillion: 500_000),
                ]
            },
            group(0, count: 2, healthy: 2)
        )
        var dropped = [0, 0]
        var kept = 0
        for _ in 0..<20_000 {
            let balancing = chooser.pick()
            if let category = balancing.dropped {
                dropped[category] += 1
                #expect(balancing.position == nil && balancing.events == .dropOverload)
            } else {
                kept += 1
            }
        }
        #expect(chiSquare(dropped + [kept], shares: [0.2, 0.4, 0.4]) < 13.82)
        for _ in 0..<100 {
            #expect(chooser.pick(BalancingRequest(isRetry: true)).position != nil)
        }
    }

    @Test("what was peeked at is chosen next, in the same order, by all rules that can tell")
    func peeking() {
        let weighted = [3, 1, 2].map { BalancerEndpoint(weight: $0) }
        let cases: [(ClusterConfiguration, [BalancerEndpoint], Int)] = [
            (cluster(.roundRobin), group(0, count: 4, healthy: 3), 3),
            (cluster(.roundRobin), weighted, 3),
            (cluster(.random), group(0, count: 5, healthy: 5), 5),
            (cluster(.leastRequest(choices: 2)), weighted, 3),
            (cluster(.leastRequest(choices: 2)), group(0, count: 4, healthy: 4), 0),
            (cluster(.maglev(tableSize: 7)), group(0, count: 4, healthy: 4), 0),
            (cluster(.random, localities: priorities(2)), group(0, count: 3, healthy: 2), 2),
        ]
        for (configuration, endpoints, most) in cases {
            var chooser = Chooser(configuration, endpoints)
            var peeked: [Int] = []
            while let position = chooser.balancer.peek(
                nowMilliseconds: 0,
                random: &chooser.random,
                load: { _ in 0 }
            ) {
                peeked.append(position)
            }
            #expect(peeked.count == most)
            #expect((0..<most).map { _ in chooser.pick().position } == peeked)
        }
    }

    @Test("Peak EWMA takes the cheaper of two different endpoints")
    func peakEWMA() {
        let rule = ClusterConfiguration.LoadBalancing.peakEWMA(
            decayMilliseconds: 10_000,
            defaultMilliseconds: 10
        )
        var two = Chooser(cluster(rule), group(0, count: 2, healthy: 2))
        #expect(two.counts(of: 2, picks: 100, load: { $0 == 0 ? 5 : 4 }) == [0, 100])
        var four = Chooser(cluster(rule), group(0, count: 4, healthy: 4))
        // Rank r of 4 wins against the 3 - r behind it, of 6 pairs.
        let counts = four.counts(of: 4, picks: 20_000, load: { Double($0) })
        #expect(counts[3] == 0)
        #expect(chiSquare(Array(counts[0..<3]), shares: [0.5, 1.0 / 3, 1.0 / 6]) < 13.82)
        let equal = four.counts(of: 4, picks: 20_000)
        #expect(chiSquare(equal, shares: [0.25, 0.25, 0.25, 0.25]) < 16.27)
    }

    @Test("any set of endpoints is balanced as its health says, for every rule")
    func oracle() {
        var random = Xoshiro256(seed: 99)
        let rules: [ClusterConfiguration.LoadBalancing] = [
            .roundRobin, .leastRequest(choices: 3), .random, .maglev(tableSize: 31),
            .ringHash(RingHash(minimumSize: 64)),
            .peakEWMA(decayMilliseconds: 1, defaultMilliseconds: 1),
        ]
        let healths: [EndpointHealth] = [.healthy, .healthy, .degraded, .unhealthy, .excluded]
        for round in 0..<600 {
            let groups = (0..<3 as Range<UInt32>).map { index in
                LocalityConfiguration(
                    locality: zone("\(index)"),
                    priority: index == 2 ? UInt32(random.below(2)) : 0,
                    weight: random.below(3) == 0 ? nil : UInt32(random.below(4))
                )
            }
            let endpoints = (0..<random.below(9)).map { index in
                BalancerEndpoint(
                    weight: UInt32(1 + random.below(3)),
                    locality: UInt16(random.below(4)),
                    health: healths[random.below(5)],
                    address: ByteString("10.0.0.\(index):80"),
                    availableSince: Int64(random.below(100))
                )
            }
            let rule = rules[random.below(rules.count)]
            let threshold = random.below(2) * 50
            let configuration = cluster(rule, localities: groups) { options in
                options.panicThresholdPercent = Double(threshold)
                if random.below(2) == 0 { options.localities = .weighted }
                if random.below(3) == 0 {
                    options.slowStart = SlowStart(windowMilliseconds: 60)
                }
            }
            var chooser = Chooser(configuration, endpoints, now: 100, seed: UInt64(round))
            for _ in 0..<20 {
                let balancing = chooser.pick(load: { Double($0) })
                guard let position = balancing.position else {
                    // Refused only where something is missing: health, or a weight for a ring.
                    let isHashed = chooserIsHashed(rule)
                    let isUseless = !endpoints.contains {
                        $0.health == .healthy || $0.health == .degraded
                    }
                    #expect(isHashed || isUseless)
                    continue
                }
                let chosen = endpoints[position]
                let index = Int(chosen.locality)
                let priority = groups.indices.contains(index) ? Int(groups[index].priority) : 0
                #expect(balancing.priority == priority)
                if !balancing.events.contains(.healthyPanic) {
                    #expect(chosen.health == .healthy || chosen.health == .degraded)
                }
                if threshold == 0 { #expect(balancing.events == []) }
            }
        }
    }

    private func chooserIsHashed(_ rule: ClusterConfiguration.LoadBalancing) -> Bool {
        switch rule {
        case .ringHash, .maglev: true
        default: false
        }
    }
}
