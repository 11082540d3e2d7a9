import Model
import Policy
import Testing

/// The rings and tables that Envoy's own tests state.
@Suite("Consistent hashing")
struct ConsistentHashTests {
    private let equal: [UInt32] = [1, 1, 1, 1, 1, 1]

    private func ring(_ size: UInt64, max: UInt64 = 8 << 20) -> ClusterConfiguration.LoadBalancing {
        .ringHash(RingHash(minimumSize: size, maximumSize: max))
    }

    @Test("a ring of xxHash64 has Envoy's points")
    func xxHashRing() {
        var chooser = Chooser(cluster(ring(12)), endpoints(weights: equal))
        let points: [(UInt64, Int)] = [
            (833_437_586_790_550_860, 4), (928_266_305_478_181_108, 2),
            (1_033_482_794_131_418_490, 0), (3_551_244_743_356_806_947, 5),
            (3_851_675_632_748_031_481, 3), (5_583_722_120_771_150_861, 1),
            (6_311_230_543_546_372_928, 1), (7_700_377_290_971_790_572, 3),
            (13_144_177_310_400_110_813, 5), (13_444_792_449_719_432_967, 2),
            (15_516_499_411_664_133_160, 4), (16_117_243_373_044_804_889, 0),
        ]
        for (index, point) in points.enumerated() {
            #expect(chooser.position(hash: point.0) == point.1)
            // One further is the next point's.
            #expect(chooser.position(hash: point.0 + 1) == points[(index + 1) % 12].1)
        }
        #expect(chooser.position(hash: 0) == 4)
        #expect(chooser.position(hash: .max) == 4)
    }

    @Test("a ring of MurmurHash2 has Envoy's points")
    func murmurRing() {
        let rule = RingHash(minimumSize: 12, function: .murmurHash2)
        var chooser = Chooser(cluster(.ringHash(rule)), endpoints(from: 80, weights: equal))
        let points: [(UInt64, Int)] = [
            (1_358_027_074_129_602_068, 5), (4_361_834_613_929_391_114, 3),
            (7_224_494_972_555_149_682, 4), (7_701_421_856_454_313_576, 1),
            (8_649_315_368_077_433_379, 2), (8_739_448_859_063_030_639, 4),
            (9_887_544_217_113_020_895, 1), (10_150_910_876_324_007_731, 2),
            (15_168_472_011_420_622_455, 3), (15_427_156_902_705_414_897, 0),
            (16_375_050_414_328_759_093, 5), (17_613_279_263_364_193_813, 0),
        ]
        for point in points { #expect(chooser.position(hash: point.0) == point.1) }
    }

    @Test("a ring gives weights their number of points")
    func weightedRing() {
        var chooser = Chooser(cluster(ring(6, max: 6)), endpoints(weights: [1, 2, 3]))
        let points: [(UInt64, Int)] = [
            (928_266_305_478_181_108, 2), (4_443_673_547_860_492_590, 2),
            (5_583_722_120_771_150_861, 1), (6_311_230_543_546_372_928, 1),
            (13_444_792_449_719_432_967, 2), (16_117_243_373_044_804_889, 0),
        ]
        for point in points { #expect(chooser.position(hash: point.0) == point.1) }
        // And on a large ring the shares that Envoy counts.
        var large = Chooser(cluster(ring(6144)), endpoints(weights: [1, 2, 3]))
        var counts = [0, 0, 0]
        for index in 0..<6000 as Range<UInt64> {
            if let position = large.position(hash: index * (.max / 6000)) { counts[position] += 1 }
        }
        #expect(counts == [987, 1932, 3081])
    }

    @Test("locality and endpoint weights multiply on a ring, without a say of availability")
    func localityWeightedRing() {
        let groups = [
            LocalityConfiguration(locality: zone("A"), weight: 1),
            LocalityConfiguration(locality: zone("B"), weight: 2),
        ]
        let configuration = cluster(ring(9216), localities: groups) { $0.localities = .weighted }
        var chooser = Chooser(
            configuration,
            endpoints(weights: [1, 2, 1, 2], localities: [0, 0, 1, 1])
        )
        var counts = [0, 0, 0, 0]
        for index in 0..<9000 as Range<UInt64> {
            if let position = chooser.position(hash: index * (.max / 9000)) {
                counts[position] += 1
            }
        }
        #expect(counts == [924, 2009, 2053, 4014])
    }

    @Test("localities without weight leave nothing to hash to")
    func zeroLocalityWeights() {
        let groups = [
            LocalityConfiguration(locality: zone("A"), weight: 0),
            LocalityConfiguration(locality: zone("B")),
        ]
        for rule in [ring(6), .maglev(tableSize: 17)] {
            let configuration = cluster(rule, localities: groups) { $0.localities = .weighted }
            var chooser = Chooser(
                configuration,
                endpoints(weights: [1, 1], localities: [0, 1])
            )
            #expect(chooser.position(hash: 5) == nil)
        }
    }

    @Test("a small ring holds the share of hosts that Envoy's holds")
    func lopsidedRing() {
        let groups = [
            LocalityConfiguration(locality: zone("A"), weight: 127),
            LocalityConfiguration(locality: zone("B"), weight: 1),
        ]
        let configuration = cluster(ring(1024, max: 1024), localities: groups) {
            $0.localities = .weighted
        }
        let all = endpoints(
            from: 0,
            weights: Array(repeating: 1, count: 1024),
            localities: [0] + Array(repeating: 1, count: 1023)
        )
        var chooser = Chooser(configuration, all)
        let points: [(UInt64, Int)] = [
            (11_664_790_346_325_243_808, 1), (15_894_554_872_961_148_518, 128),
            (13_958_138_884_277_627_155, 256), (15_803_774_069_438_192_949, 384),
            (3_829_253_010_855_396_576, 512), (17_918_147_347_826_565_154, 640),
            (6_442_769_608_292_299_103, 768), (5_881_074_926_069_334_434, 896),
        ]
        for point in points { #expect(chooser.position(hash: point.0) == point.1) }
    }

    @Test("a retry that refuses a point takes those after it")
    func ringRetry() {
        var chooser = Chooser(cluster(ring(12)), endpoints(weights: equal))
        let request = BalancingRequest(hash: 0)
        #expect(chooser.pick(request, accepts: { _ in true }, attempts: 2).position == 4)
        #expect(chooser.pick(request, accepts: { $0 != 4 }, attempts: 2).position == 2)
        #expect(chooser.pick(request, accepts: { _ in false }, attempts: 2).position == 0)
        #expect(chooser.pick(request, accepts: { _ in false }, attempts: 13).position == 2)
    }

    @Test("a Maglev table has Envoy's places, whatever the order of the endpoints")
    func maglev() {
        let all = endpoints(weights: equal)
        var chooser = Chooser(cluster(.maglev(tableSize: 7)), all)
        var reversed = Chooser(cluster(.maglev(tableSize: 7)), all.reversed())
        for (place, owner) in [2, 4, 0, 1, 5, 0, 3].enumerated() {
            for hash in stride(from: UInt64(place), to: 70, by: 7) {
                #expect(chooser.position(hash: hash) == owner)
                #expect(reversed.position(hash: hash) == 5 - owner)
            }
        }
        let request = BalancingRequest(hash: 10)
        #expect(chooser.pick(request, accepts: { _ in true }, attempts: 2).position == 1)
        #expect(chooser.pick(request, accepts: { $0 != 1 }, attempts: 2).position == 0)
        #expect(chooser.pick(request, accepts: { _ in false }, attempts: 2).position == 5)
    }

    @Test("a weighted Maglev table has Envoy's places")
    func weightedMaglev() {
        var chooser = Chooser(cluster(.maglev(tableSize: 17)), endpoints(weights: [1, 2]))
        let owners = [1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0, 1]
        for (place, owner) in owners.enumerated() {
            #expect(chooser.position(hash: UInt64(place)) == owner)
        }
        let groups = [
            LocalityConfiguration(locality: zone("A"), weight: 8),
            LocalityConfiguration(locality: zone("C"), weight: 2),
            LocalityConfiguration(locality: zone("B"), weight: 0),
        ]
        let configuration = cluster(.maglev(tableSize: 17), localities: groups) {
            $0.localities = .weighted
        }
        var byLocality = Chooser(
            configuration,
            endpoints(weights: [1, 2, 3], localities: [0, 1, 2])
        )
        let shares = [1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]
        for (place, owner) in shares.enumerated() {
            #expect(byLocality.position(hash: UInt64(place)) == owner)
        }
    }

    @Test("where most endpoints are ill, all of them are on the ring, and panic is counted")
    func panic() {
        var ill = endpoints(weights: equal)
        for index in ill.indices { ill[index].health = .unhealthy }
        var chooser = Chooser(cluster(ring(12)), ill)
        let balancing = chooser.pick(BalancingRequest(hash: 0))
        #expect(balancing.position == 4)
        #expect(balancing.events == .healthyPanic)
    }

    @Test("the hash chooses the priority too")
    func priorities() {
        // Half of the first priority is healthy: it takes 70 of 100 hashes.
        var all = endpoints(from: 80, weights: [1, 1, 1], localities: [0, 0, 1])
        all[1].health = .unhealthy
        let groups = [LocalityConfiguration(), LocalityConfiguration(priority: 1)]
        var chooser = Chooser(cluster(ring(12), localities: groups), all)
        #expect(chooser.position(hash: 69) == 0)
        #expect(chooser.position(hash: 71) == 2)
        #expect(chooser.pick(BalancingRequest(hash: 71)).priority == 1)
    }

    @Test(
        "removing one of ten endpoints moves few of the others' keys",
        arguments: [
            // The others get more points each, which move some keys, in Envoy as well.
            (.ringHash(RingHash(minimumSize: 10_240)), 0.1),
            (.maglev(tableSize: 65_537), 0.05),
        ] as [(ClusterConfiguration.LoadBalancing, Double)]
    )
    func disruption(rule: ClusterConfiguration.LoadBalancing, extra: Double) {
        let all = endpoints(weights: Array(repeating: 1, count: 10))
        var before = Chooser(cluster(rule), all)
        var after = Chooser(cluster(rule), Array(all.dropLast()))
        var random = Xoshiro256(seed: 6)
        var moved = 0
        var owned = 0
        let picks = 5000
        for _ in 0..<picks {
            let hash = random.next()
            let old = before.position(hash: hash)
            let new = after.position(hash: hash)
            if old == 9 { owned += 1 } else if old != new { moved += 1 }
        }
        #expect(abs(Double(owned) / Double(picks) - 0.1) < 0.03)
        #expect(Double(moved) / Double(picks) <= extra)
    }

    @Test("bounded loads pass over full endpoints, in an order that the hash decides")
    func boundedLoad() {
        for rule in [ring(1024), .maglev(tableSize: 1009)] {
            let configuration = cluster(rule) { $0.consistentHashing.balanceFactorPercent = 150 }
            var chooser = Chooser(configuration, endpoints(weights: [1, 1, 1, 1]))
            for hash in 0..<50 as Range<UInt64> {
                let request = BalancingRequest(hash: hash &* 0x9e37_79b9_7f4a_7c15)
                guard let first = chooser.pick(request).position else { continue }
                // 12 requests in all: 13 × 1.5 / 4 leaves five places for each.
                let load = { (position: Int) in position == first ? 6.0 : 2.0 }
                let second = chooser.pick(request, load: load).position
                #expect(second != first)
                #expect(chooser.pick(request, load: load).position == second)
                // Exactly as many as fit are no reason to go elsewhere.
                let full = { (position: Int) in position == first ? 5.0 : 7.0 / 3 }
                #expect(chooser.pick(request, load: full).position == first)
                // Where all are too full, the least full one is taken.
                let least = (first + 1) % 4
                let crowded = { (position: Int) in position == least ? 8.0 : 9.0 }
                var small = request
                small.clusterLoad = 1
                #expect(chooser.pick(small, load: crowded).position == least)
            }
        }
    }

    @Test("bounded loads keep every endpoint within its bound")
    func boundedLoadBound() {
        let configuration = cluster(.maglev(tableSize: 1009)) {
            $0.consistentHashing.balanceFactorPercent = 120
        }
        var chooser = Chooser(configuration, endpoints(weights: [1, 1, 2, 4]))
        var active = [Double](repeating: 0, count: 4)
        var random = Xoshiro256(seed: 3)
        for _ in 0..<800 {
            // Few keys, as one customer among many may have.
            let request = BalancingRequest(hash: UInt64(random.below(3)) &* 0x1234_5678_9abc)
            let now = active
            if let position = chooser.pick(request, load: { now[$0] }).position {
                active[position] += 1
            }
        }
        for (index, share) in [0.125, 0.125, 0.25, 0.5].enumerated() {
            #expect(active[index] <= (801 * 1.2 * share).rounded(.up) + 1, "\(active)")
        }
        #expect(active.reduce(0, +) == 800)
    }

    @Test("an absurd ring or table is still one")
    func extremes() {
        var none = Chooser(cluster(ring(0)), endpoints(weights: [1]))
        #expect(none.position(hash: 1) == nil)
        var empty = Chooser(cluster(.maglev(tableSize: 7)), [])
        #expect(empty.position(hash: 1) == nil)
        var heavy = Chooser(cluster(ring(64, max: 64)), endpoints(weights: [0, .max]))
        #expect(heavy.position(hash: 1) == 1)
        var tiny = Chooser(cluster(.maglev(tableSize: 0)), endpoints(weights: [1, 1]))
        #expect(tiny.position(hash: 1) != nil)
    }
}
