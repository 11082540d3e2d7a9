import Model
import Policy
import Testing

@Suite("Subsets")
struct SubsetTests {
    private typealias Values = [String: MetadataValue]

    private func endpoint(_ values: Values, weight: UInt32 = 1) -> BalancerEndpoint {
        BalancerEndpoint(weight: weight, metadata: values)
    }

    private func configuration(
        _ subsets: SubsetConfiguration,
        rule: ClusterConfiguration.LoadBalancing = .roundRobin,
        localities: [LocalityConfiguration] = [LocalityConfiguration()],
        _ change: (inout BalancingOptions) -> Void = { _ in }
    ) -> ClusterConfiguration {
        cluster(rule, localities: localities) {
            $0.subsets = subsets
            change(&$0)
        }
    }

    private var fleet: [BalancerEndpoint] {
        [
            endpoint(["version": .string("1"), "stage": .string("prod")]),
            endpoint(["version": .string("1"), "stage": .string("canary")]),
            endpoint(["version": .string("2"), "stage": .string("prod")]),
            endpoint(["version": .number(2)]),
            endpoint([:]),
        ]
    }
    private let byVersion = SubsetConfiguration.Selector(keys: ["version"])
    private let byBoth = SubsetConfiguration.Selector(keys: ["stage", "version"])

    /// The endpoints that a request may reach.
    private func reached(_ chooser: inout Chooser, _ match: Values) -> Set<Int> {
        Set((0..<40).compactMap { _ in chooser.position(match) })
    }

    @Test("a request reaches exactly the endpoints that have its values")
    func selection() {
        var chooser = Chooser(
            configuration(SubsetConfiguration(selectors: [byVersion, byBoth])),
            fleet
        )
        #expect(chooser.balancer.subsetCount == 6)
        #expect(reached(&chooser, ["version": .string("1")]) == [0, 1])
        #expect(reached(&chooser, ["version": .string("2")]) == [2])
        #expect(reached(&chooser, ["version": .number(2)]) == [3])
        #expect(reached(&chooser, ["version": .string("1"), "stage": .string("prod")]) == [0])
        // No such value, no such selector, no values: without a fallback nothing is reached.
        #expect(reached(&chooser, ["version": .string("3")]) == [])
        #expect(reached(&chooser, ["stage": .string("prod")]) == [])
        #expect(reached(&chooser, [:]) == [])
        let request = BalancingRequest(metadataMatch: ["version": .string("1")])
        #expect(chooser.pick(request).events == .subsetSelected)
    }

    @Test("each fallback reaches its endpoints and is counted")
    func fallbacks() {
        var any = Chooser(
            configuration(SubsetConfiguration(fallback: .anyEndpoint, selectors: [byVersion])),
            fleet
        )
        let missing: Values = ["version": .string("3")]
        #expect(reached(&any, missing) == [0, 1, 2, 3, 4])
        #expect(any.pick(BalancingRequest(metadataMatch: missing)).events == .subsetFallback)
        #expect(reached(&any, [:]) == [0, 1, 2, 3, 4])
        var standard = Chooser(
            configuration(
                SubsetConfiguration(
                    fallback: .defaultSubset,
                    defaultSubset: ["stage": .string("prod")],
                    selectors: [byVersion]
                )
            ),
            fleet
        )
        #expect(reached(&standard, missing) == [0, 2])
        #expect(reached(&standard, [:]) == [0, 2])
        var empty = Chooser(
            configuration(SubsetConfiguration(fallback: .defaultSubset, selectors: [byVersion])),
            fleet
        )
        #expect(reached(&empty, missing) == [0, 1, 2, 3, 4])
    }

    @Test("a default subset without endpoints falls back to all where panic mode says so")
    func panicFallback() {
        for ignores in [false, true] {
            let subsets = SubsetConfiguration(
                fallback: .defaultSubset,
                defaultSubset: ["stage": .string("none")],
                selectors: [byVersion],
                ignoresSubsetsInPanic: ignores
            )
            var chooser = Chooser(configuration(subsets), fleet)
            let balancing = chooser.pick()
            #expect((balancing.position != nil) == ignores)
            #expect(balancing.events.contains(.subsetPanicFallback) == ignores)
        }
    }

    @Test("a selector's own fallback goes before the cluster's")
    func selectorFallbacks() {
        func chooser(_ fallback: SubsetConfiguration.SelectorFallback) -> Chooser {
            let selector = SubsetConfiguration.Selector(
                keys: ["stage", "version"],
                fallback: fallback
            )
            let subsets = SubsetConfiguration(
                fallback: .anyEndpoint,
                defaultSubset: ["stage": .string("canary")],
                selectors: [byVersion, selector]
            )
            return Chooser(configuration(subsets), fleet)
        }
        let missing: Values = ["stage": .string("dev"), "version": .string("2")]
        var undefined = chooser(.notDefined)
        #expect(reached(&undefined, missing) == [0, 1, 2, 3, 4])
        var none = chooser(.none)
        #expect(reached(&none, missing) == [])
        #expect(none.position([:]) != nil)
        var any = chooser(.anyEndpoint)
        #expect(reached(&any, missing) == [0, 1, 2, 3, 4])
        #expect(any.pick(BalancingRequest(metadataMatch: missing)).events == [])
        var standard = chooser(.defaultSubset)
        #expect(reached(&standard, missing) == [1])
        var keys = chooser(.keysSubset(["version"]))
        #expect(reached(&keys, missing) == [2])
        #expect(
            reached(&keys, ["stage": .string("x"), "version": .string("9")]) == [0, 1, 2, 3, 4]
        )
        // What does not reduce the keys ends nowhere instead of running in circles.
        var same = chooser(.keysSubset(["stage", "version"]))
        #expect(reached(&same, missing) == [])
    }

    @Test("Envoy forgets the fallback of a selector that begins an earlier one")
    func forgottenFallback() {
        let short = SubsetConfiguration.Selector(keys: ["stage"], fallback: .none)
        let missing: Values = ["stage": .string("dev")]
        var after = Chooser(
            configuration(
                SubsetConfiguration(fallback: .anyEndpoint, selectors: [byBoth, short])
            ),
            fleet
        )
        #expect(after.position(missing) != nil)
        var before = Chooser(
            configuration(
                SubsetConfiguration(fallback: .anyEndpoint, selectors: [short, byBoth])
            ),
            fleet
        )
        #expect(before.position(missing) == nil)
    }

    @Test("one endpoint per subset: the first of the first priority, whatever its health")
    func singleEndpoint() {
        let selector = SubsetConfiguration.Selector(keys: ["id"], hasOneEndpointPerSubset: true)
        var all = [
            BalancerEndpoint(locality: 1, metadata: ["id": .number(1)]),
            BalancerEndpoint(locality: 0, metadata: ["id": .number(1)]),
            BalancerEndpoint(locality: 0, metadata: ["id": .number(1)]),
            BalancerEndpoint(locality: 1, metadata: ["id": .number(2)]),
        ]
        all[1].health = .unhealthy
        var chooser = Chooser(
            configuration(
                SubsetConfiguration(selectors: [selector]),
                localities: priorities(2)
            ),
            all
        )
        #expect(chooser.balancer.subsetDuplicateCount == 1)
        let first = chooser.pick(BalancingRequest(metadataMatch: ["id": .number(1)]))
        #expect(first == Balancing(position: 1, priority: 0, events: .subsetSelected))
        let second = chooser.pick(BalancingRequest(metadataMatch: ["id": .number(2)]))
        #expect(second == Balancing(position: 3, priority: 1, events: .subsetSelected))
    }

    @Test("list_as_any: each element of a list is a value")
    func lists() {
        let stages: MetadataValue = .list([.string("a"), .string("b"), .string("a")])
        let all = [
            endpoint(["stage": stages, "version": .list([.number(1), .number(2)])]),
            endpoint(["stage": .string("b"), "version": .number(2)]),
            endpoint(["stage": .list([]), "version": .number(2)]),
        ]
        let subsets = SubsetConfiguration(
            fallback: .defaultSubset,
            defaultSubset: ["stage": .string("a")],
            selectors: [byBoth],
            splitsLists: true
        )
        var chooser = Chooser(configuration(subsets), all)
        #expect(chooser.balancer.subsetCount == 4)
        #expect(reached(&chooser, ["stage": .string("b"), "version": .number(2)]) == [0, 1])
        #expect(reached(&chooser, ["stage": .string("a"), "version": .number(1)]) == [0])
        #expect(reached(&chooser, [:]) == [0])
        var whole = subsets
        whole.splitsLists = false
        var exact = Chooser(configuration(whole), all)
        #expect(reached(&exact, ["stage": .list([]), "version": .number(2)]) == [2])
    }

    @Test("FALLBACK_LIST: the values of the list are tried one after another")
    func metadataFallbacks() {
        let subsets = SubsetConfiguration(
            selectors: [byVersion, byBoth],
            usesMetadataFallbackList: true
        )
        var chooser = Chooser(configuration(subsets), fleet)
        let list: MetadataValue = .list([
            .object(["version": .string("9")]), .object(["version": .string("2")]),
            .object(["version": .string("1")]),
        ])
        #expect(reached(&chooser, ["fallback_list": list]) == [2])
        #expect(
            reached(&chooser, ["fallback_list": list, "stage": .string("canary")]) == [1]
        )
        #expect(
            reached(&chooser, ["fallback_list": .list([]), "version": .string("1")]) == [0, 1]
        )
        #expect(reached(&chooser, ["fallback_list": .null, "version": .string("1")]) == [0, 1])
        // Without the policy it is a key like others.
        var plain = subsets
        plain.usesMetadataFallbackList = false
        var without = Chooser(configuration(plain), fleet)
        #expect(reached(&without, ["fallback_list": list]) == [])
    }

    @Test("a subset balances by the cluster's rule, health and priorities")
    func inner() {
        var all = fleet
        all[0].weight = 3
        var weighted = Chooser(
            configuration(SubsetConfiguration(selectors: [byVersion])),
            all
        )
        let request = BalancingRequest(metadataMatch: ["version": .string("1")])
        #expect(weighted.counts(of: 5, picks: 400, request) == [300, 100, 0, 0, 0])
        // One of the two is ill: half are healthy, and no panic.
        all[0].health = .unhealthy
        weighted.update(all)
        #expect(weighted.counts(of: 5, picks: 10, request) == [0, 10, 0, 0, 0])
        all[1].health = .unhealthy
        weighted.update(all)
        #expect(weighted.pick(request).events == [.subsetSelected, .healthyPanic])
        var hashed = Chooser(
            configuration(
                SubsetConfiguration(selectors: [byVersion]),
                rule: .maglev(tableSize: 31)
            ),
            fleet
        )
        var seen: Set<Int?> = []
        for hash in 0..<62 as Range<UInt64> {
            var keyed = request
            keyed.hash = hash
            let position = hashed.pick(keyed).position
            #expect(hashed.pick(keyed).position == position)
            seen.insert(position)
        }
        #expect(seen == [0, 1])
    }

    @Test("locality weights hold in subsets where they are told to, scaled where they are told to")
    func localityWeights() {
        let groups = [
            LocalityConfiguration(locality: zone("A"), weight: 50),
            LocalityConfiguration(locality: zone("B"), weight: 50),
        ]
        // A has one of its five endpoints in the subset, B has both.
        let all =
            (0..<5).map { index in
                BalancerEndpoint(locality: 0, metadata: ["v": .bool(index == 0)])
            } + (0..<2).map { _ in BalancerEndpoint(locality: 1, metadata: ["v": .bool(true)]) }
        func counts(aware: Bool, scaled: Bool) -> [Int] {
            let subsets = SubsetConfiguration(
                selectors: [.init(keys: ["v"])],
                isLocalityWeightAware: aware,
                scalesLocalityWeight: scaled
            )
            var chooser = Chooser(
                configuration(subsets, localities: groups) { $0.localities = .weighted },
                all
            )
            let request = BalancingRequest(metadataMatch: ["v": .bool(true)])
            let counts = chooser.counts(of: 7, picks: 1200, request)
            return [counts[0], counts[5], counts[6]]
        }
        #expect(counts(aware: false, scaled: false) == [400, 400, 400])
        #expect(counts(aware: true, scaled: false) == [600, 300, 300])
        // 10 and 50.
        #expect(counts(aware: true, scaled: true) == [200, 500, 500])
    }

    @Test("subsets that come and go are counted")
    func lifecycle() {
        var chooser = Chooser(configuration(SubsetConfiguration(selectors: [byVersion])), fleet)
        #expect(chooser.balancer.subsetsCreated == 3)
        chooser.update([endpoint(["version": .string("2")]), endpoint(["version": .string("7")])])
        #expect(chooser.balancer.subsetCount == 2)
        #expect(chooser.balancer.subsetsCreated == 4)
        #expect(chooser.balancer.subsetsRemoved == 2)
    }

    @Test("any metadata reach the endpoints that a walk over all of them finds")
    func oracle() {
        var random = Xoshiro256(seed: 5)
        for _ in 0..<100 {
            let selectors = (0..<1 + random.below(3)).map { _ in
                SubsetConfiguration.Selector(
                    keys: ["a", "b", "c"].filter { _ in random.below(2) == 0 }
                )
            }
            let all = (0..<random.below(12)).map { _ in
                var values: Values = [:]
                for key in ["a", "b", "c"] where random.below(3) > 0 {
                    values[key] = .number(Double(random.below(2)))
                }
                return endpoint(values)
            }
            var chooser = Chooser(
                configuration(SubsetConfiguration(selectors: selectors)),
                all
            )
            for _ in 0..<10 {
                var match: Values = [:]
                for key in ["a", "b", "c"] where random.below(2) == 0 {
                    match[key] = .number(Double(random.below(2)))
                }
                let isSelected = selectors.contains { Set($0.keys) == Set(match.keys) }
                let expected = all.indices.filter { position in
                    isSelected && !match.isEmpty
                        && match.allSatisfy { all[position].metadata[$0] == $1 }
                }
                #expect(reached(&chooser, match) == Set(expected))
            }
        }
    }
}
