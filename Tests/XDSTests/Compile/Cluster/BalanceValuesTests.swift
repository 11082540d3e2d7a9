import Model
import Testing

@testable import XDS

/// What the fields about balancing become, in both ways to write them.
struct BalanceValuesTests {
    private static func policy(_ type: String, _ fields: String = "") -> String {
        """
        load_balancing_policy: {policies: [{typed_extension_config: {name: x, typed_config: {"@type":
          type.googleapis.com/envoy.extensions.load_balancing_policies.\(type)\(fields)}}}]}
        """
    }

    @Test(
        arguments: [
            ("lb_policy: RANDOM", .random),
            ("lb_policy: LEAST_REQUEST", .leastRequest(choices: 2)),
            ("lb_policy: RING_HASH", .ringHash(RingHash())),
            (
                """
                lb_policy: RING_HASH, ring_hash_lb_config: {minimum_ring_size: 10,
                  maximum_ring_size: 20, hash_function: MURMUR_HASH_2}
                """,
                .ringHash(RingHash(minimumSize: 10, maximumSize: 20, function: .murmurHash2))
            ),
            ("lb_policy: MAGLEV", .maglev(tableSize: 65_537)),
            ("lb_policy: MAGLEV, maglev_lb_config: {table_size: 5}", .maglev(tableSize: 5)),
            (policy("random.v3.Random"), .random),
            (policy("round_robin.v3.RoundRobin"), .roundRobin),
            (
                policy("least_request.v3.LeastRequest", ", choice_count: 3"),
                .leastRequest(choices: 3)
            ),
            (
                policy("ring_hash.v3.RingHash", ", hash_function: MURMUR_HASH_2"),
                .ringHash(RingHash(function: .murmurHash2))
            ),
            (policy("maglev.v3.Maglev", ", table_size: 7"), .maglev(tableSize: 7)),
            (
                policy("peak_ewma.v3alpha.PeakEwma", ", decay_time: 5s"),
                .peakEWMA(decayMilliseconds: 5_000, defaultMilliseconds: 10)
            ),
        ] as [(String, ClusterConfiguration.LoadBalancing)]
    )
    func thePolicyIsTheRule(_ fields: String, _ rule: ClusterConfiguration.LoadBalancing) throws {
        #expect(try ClusterFixture.cluster(fields).loadBalancing == rule)
    }

    @Test func commonOptionsAreTaken() throws {
        let options = try ClusterFixture.cluster(
            """
            type: STRICT_DNS, lb_policy: RING_HASH,
            common_lb_config: {healthy_panic_threshold: {value: 0},
              close_connections_on_host_set_change: true,
              consistent_hashing_lb_config: {use_hostname_for_hashing: true,
                                             hash_balance_factor: 150}}
            """
        ).balancing
        #expect(options.panicThresholdPercent == 0)
        #expect(options.closesConnectionsOnChange)
        #expect(options.consistentHashing.usesHostname)
        #expect(options.consistentHashing.balanceFactorPercent == 150)
    }

    @Test(
        arguments: [
            """
            round_robin_lb_config: {slow_start_config: {slow_start_window: 60s,
              aggression: {default_value: 2.0, runtime_key: k}, min_weight_percent: {value: 5}}}
            """,
            """
            lb_policy: LEAST_REQUEST, least_request_lb_config: {slow_start_config: {
              slow_start_window: 60s, aggression: {default_value: 2.0, runtime_key: k},
              min_weight_percent: {value: 5}}}
            """,
            policy(
                "round_robin.v3.RoundRobin",
                """
                , slow_start_config: {slow_start_window: 60s, min_weight_percent: {value: 5},
                  aggression: {default_value: 2.0, runtime_key: k}}
                """
            ),
        ]
    )
    func newEndpointsMayStartSlowly(_ fields: String) throws {
        #expect(
            try ClusterFixture.cluster(fields).balancing.slowStart
                == SlowStart(windowMilliseconds: 60_000, aggression: 2, minWeightPercent: 5)
        )
    }

    @Test func requestsInFlightMayCountMore() throws {
        let cluster = try ClusterFixture.cluster(
            """
            lb_policy: LEAST_REQUEST, least_request_lb_config: {
              active_request_bias: {default_value: 0.5, runtime_key: k}}
            """
        )
        #expect(cluster.balancing.activeRequestBias == 0.5)
    }

    @Test func theAssignmentHasAPolicy() throws {
        let options = try ClusterFixture.cluster(
            "",
            endpoints: ClusterFixture.endpoints.dropLast()
                + """
                , policy: {overprovisioning_factor: 200, weighted_priority_health: true,
                  drop_overloads: [{category: lb, drop_percentage: {numerator: 5,
                    denominator: TEN_THOUSAND}}]}}
                """
        ).balancing
        #expect(options.overprovisioningFactor == 200)
        #expect(options.weightsPrioritiesByHealth)
        #expect(options.dropOverloads == [.init(category: "lb", perMillion: 500)])
    }

    @Test func subsetsAreTakenInBothWays() throws {
        let fields = """
            fallback_policy: DEFAULT_SUBSET, default_subset: {stage: prod}, panic_mode_any: true,
            list_as_any: true, metadata_fallback_policy: FALLBACK_LIST, subset_selectors: [
              {keys: [version, stage], fallback_policy: KEYS_SUBSET, fallback_keys_subset: [stage]},
              {keys: [id], single_host_per_subset: true, fallback_policy: NO_FALLBACK}]
            """
        let expected = SubsetConfiguration(
            fallback: .defaultSubset,
            defaultSubset: ["stage": .string("prod")],
            selectors: [
                .init(keys: ["stage", "version"], fallback: .keysSubset(["stage"])),
                .init(keys: ["id"], fallback: .none, hasOneEndpointPerSubset: true),
            ],
            ignoresSubsetsInPanic: true,
            splitsLists: true,
            usesMetadataFallbackList: true
        )
        let old = try ClusterFixture.cluster("lb_policy: RANDOM, lb_subset_config: {\(fields)}")
        #expect(old.balancing.subsets == expected)
        #expect(old.loadBalancing == .random)
        let inner = Self.policy("random.v3.Random")
            .dropFirst("load_balancing_policy: ".count)
        let new = try ClusterFixture.cluster(
            Self.policy("subset.v3.Subset", ", \(fields), subset_lb_policy: \(inner)")
        )
        #expect(new.balancing.subsets == expected)
        #expect(new.loadBalancing == .random)
    }

    @Test func localitiesAreWeighedByExtensionToo() throws {
        let inner = Self.policy("random.v3.Random")
            .dropFirst("load_balancing_policy: ".count)
        let cluster = try ClusterFixture.cluster(
            Self.policy("wrr_locality.v3.WrrLocality", ", endpoint_picking_policy: \(inner)")
        )
        #expect(cluster.balancing.localities == .weighted)
        #expect(cluster.loadBalancing == .random)
    }

    @Test func zonesArePreferredAsTheClusterSays() throws {
        let cluster = try ClusterFixture.cluster(
            """
            common_lb_config: {zone_aware_lb_config: {routing_enabled: {value: 25},
              min_cluster_size: 3, fail_traffic_on_panic: true}}
            """,
            bootstrap: "node: {locality: {zone: z}}\ncluster_manager: {local_cluster_name: c}\n"
        )
        var zones = BalancingOptions.ZoneAware()
        zones.enabledPercent = 25
        zones.minClusterSize = 3
        zones.failsTrafficOnPanic = true
        #expect(cluster.balancing.localities == .zoneAware(zones))
    }
}
