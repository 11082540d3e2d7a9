/// Fragments about balancers, and what is said of them.
extension BadCluster {
    static let balancers: [BadCluster] = [
        BadCluster(
            "a ring above all",
            "lb_policy: RING_HASH, ring_hash_lb_config: {minimum_ring_size: 8388609}",
            says: [
                """
                4:52: static_resources.clusters[0].ring_hash_lb_config.minimum_ring_size: \
                refused, 8388609 points are too many: give at most 8388608
                """
            ]
        ),
        BadCluster(
            "a ring whose minimum is above its maximum",
            """
            lb_policy: RING_HASH, ring_hash_lb_config: {minimum_ring_size: 20, \
            maximum_ring_size: 10}
            """,
            says: [
                """
                4:52: static_resources.clusters[0].ring_hash_lb_config.minimum_ring_size: \
                refused, the ring has at least 20 points, but at most 10: the default of \
                minimum_ring_size is 1024, that of maximum_ring_size 8388608
                """
            ]
        ),
        BadCluster(
            "a ring whose maximum is below the default minimum",
            "lb_policy: RING_HASH, ring_hash_lb_config: {maximum_ring_size: 10}",
            says: [
                """
                4:52: static_resources.clusters[0].ring_hash_lb_config.maximum_ring_size: \
                refused, the ring has at least 1024 points, but at most 10: the default of \
                minimum_ring_size is 1024, that of maximum_ring_size 8388608
                """
            ]
        ),
        BadCluster(
            "an unknown hash",
            "lb_policy: RING_HASH, ring_hash_lb_config: {hash_function: XXHASH}",
            says: [
                """
                4:67: static_resources.clusters[0].ring_hash_lb_config.hash_function: refused, \
                "XXHASH" is not a known value: did you mean "XX_HASH"?
                """
            ]
        ),
        BadCluster(
            "a table that is no prime",
            "lb_policy: MAGLEV, maglev_lb_config: {table_size: 65536}",
            says: [
                """
                4:46: static_resources.clusters[0].maglev_lb_config.table_size: refused, 65536 \
                is no prime: the next is 65537; leave it out for 65537
                """
            ]
        ),
        BadCluster(
            "a table of zero",
            "lb_policy: MAGLEV, maglev_lb_config: {table_size: 0}",
            says: [
                """
                4:46: static_resources.clusters[0].maglev_lb_config.table_size: refused, 0 is \
                no prime: the next is 2; leave it out for 65537
                """
            ]
        ),
        BadCluster(
            "a table above all",
            "lb_policy: MAGLEV, maglev_lb_config: {table_size: 5000081}",
            says: [
                """
                4:46: static_resources.clusters[0].maglev_lb_config.table_size: refused, \
                5000081 places are too many: give a prime up to 5000011
                """
            ]
        ),
        BadCluster(
            "options of another policy",
            "lb_policy: MAGLEV, ring_hash_lb_config: {}",
            says: [
                """
                4:27: static_resources.clusters[0].ring_hash_lb_config: has no effect with \
                MAGLEV: leave it out, or write lb_policy: RING_HASH
                """
            ]
        ),
        BadCluster(
            "slow start with a balancer that hashes",
            """
            lb_policy: RING_HASH, round_robin_lb_config: {slow_start_config: \
            {slow_start_window: 30s}}
            """,
            says: [
                """
                4:30: static_resources.clusters[0].round_robin_lb_config: has no effect with \
                RING_HASH, which knows no slow start: leave it out, or write lb_policy: \
                ROUND_ROBIN
                """
            ]
        ),
        BadCluster(
            "slow start without a window",
            "round_robin_lb_config: {slow_start_config: {}}",
            says: [
                """
                4:32: static_resources.clusters[0].round_robin_lb_config.slow_start_config: has \
                no effect without slow_start_window: give slow_start_window: 30s
                """
            ]
        ),
        BadCluster(
            "a negative window",
            "round_robin_lb_config: {slow_start_config: {slow_start_window: -1s}}",
            says: [
                """
                4:52: static_resources.clusters[0].round_robin_lb_config.slow_start_config.\
                slow_start_window: refused, is negative: a duration is at least 0s
                """
            ]
        ),
        BadCluster(
            "an aggression of zero",
            """
            round_robin_lb_config: {slow_start_config: {slow_start_window: 1s, aggression: \
            {default_value: 0, runtime_key: a}}}
            """,
            says: [
                """
                4:88: static_resources.clusters[0].round_robin_lb_config.slow_start_config.\
                aggression.default_value: refused, 0.0 is not above 0: 1.0 grows evenly, more \
                grows faster at first
                """
            ]
        ),
        BadCluster(
            "a least weight above all",
            """
            round_robin_lb_config: {slow_start_config: {slow_start_window: 1s, \
            min_weight_percent: {value: 101}}}
            """,
            says: [
                """
                4:96: static_resources.clusters[0].round_robin_lb_config.slow_start_config.\
                min_weight_percent.value: refused, 101.0 is no percentage: give 0 to 100, as in \
                {value: 50}
                """
            ]
        ),
        BadCluster(
            "a negative bias",
            """
            lb_policy: LEAST_REQUEST, least_request_lb_config: {active_request_bias: \
            {default_value: -1, runtime_key: a}}
            """,
            says: [
                """
                4:82: static_resources.clusters[0].least_request_lb_config.active_request_bias.\
                default_value: refused, -1.0 is no exponent: give 0.0, which leaves requests in \
                flight out, or more
                """
            ]
        ),
        BadCluster(
            "many choices",
            "lb_policy: LEAST_REQUEST, least_request_lb_config: {choice_count: 5000}",
            says: [
                """
                4:60: static_resources.clusters[0].least_request_lb_config.choice_count: 5000 \
                are more than is drawn for a request, 1000: 2 are nearly as good and much cheaper
                """
            ]
        ),
        BadCluster(
            "a panic threshold above all",
            "common_lb_config: {healthy_panic_threshold: {value: 150}}",
            says: [
                """
                4:53: static_resources.clusters[0].common_lb_config.healthy_panic_threshold.\
                value: refused, 150.0 is no percentage: give 0 to 100, as in {value: 50}
                """
            ]
        ),
        BadCluster(
            "a bound below the mean",
            """
            lb_policy: MAGLEV, common_lb_config: {consistent_hashing_lb_config: \
            {hash_balance_factor: 99}}
            """,
            says: [
                """
                4:77: static_resources.clusters[0].common_lb_config.\
                consistent_hashing_lb_config.hash_balance_factor: refused, 99 is below the mean \
                load of 100 percent: give at least 100, or leave it out for no bound
                """
            ]
        ),
        BadCluster(
            "hashing options without hashing",
            "common_lb_config: {consistent_hashing_lb_config: {hash_balance_factor: 150}}",
            says: [
                """
                4:27: static_resources.clusters[0].common_lb_config.\
                consistent_hashing_lb_config: has no effect with ROUND_ROBIN: only RING_HASH \
                and MAGLEV hash
                """
            ]
        ),
        BadCluster(
            "hashing by names that are not asked for",
            """
            lb_policy: MAGLEV, common_lb_config: {consistent_hashing_lb_config: \
            {use_hostname_for_hashing: true}}
            """,
            says: [
                """
                4:77: static_resources.clusters[0].common_lb_config.\
                consistent_hashing_lb_config.use_hostname_for_hashing: refused, is for clusters \
                of type STRICT_DNS: leave it out: the endpoints are placed by their addresses
                """
            ]
        ),
        BadCluster(
            "zones without a zone",
            "common_lb_config: {zone_aware_lb_config: {}}",
            says: [
                """
                3:7: static_resources.clusters[0]: zones are not preferred, as this proxy does \
                not know its own: give node.locality.zone and cluster_manager.local_cluster_name
                """
            ]
        ),
        BadCluster(
            "zones and weights at once",
            "common_lb_config: {zone_aware_lb_config: {}, locality_weighted_lb_config: {}}",
            says: [
                """
                4:53: static_resources.clusters[0].common_lb_config.\
                locality_weighted_lb_config: refused, it can't stand beside \
                zone_aware_lb_config: give only one
                """
            ]
        ),
    ]
}
