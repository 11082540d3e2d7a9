/// Fragments about balancers, and what is said of them.
extension BadCluster {
    static let moreBalancers: [BadCluster] = [
        BadCluster(
            "zones above all percent",
            "common_lb_config: {zone_aware_lb_config: {routing_enabled: {value: -1}}}",
            says: [
                """
                4:68: static_resources.clusters[0].common_lb_config.zone_aware_lb_config.\
                routing_enabled.value: refused, -1.0 is no percentage: give 0 to 100, as in \
                {value: 50}
                """
            ]
        ),
        BadCluster(
            "weights of localities without weighing",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{load_balancing_weight: 3, \
                lb_endpoints: [{ endpoint: {address: {socket_address: {address: 10.0.0.1, \
                port_value: 80}}}}]}]}
                """,
            says: [
                """
                3:65: static_resources.clusters[0].load_assignment.endpoints[0].\
                load_balancing_weight: it has no effect: it counts only with common_lb_config: \
                {locality_weighted_lb_config: {}}
                """
            ]
        ),
        BadCluster(
            "weighing without weights",
            "common_lb_config: {locality_weighted_lb_config: {}}",
            says: [
                """
                3:64: static_resources.clusters[0].load_assignment.endpoints[0]: has no \
                load_balancing_weight, so its endpoints get no requests: give one, as \
                localities are weighed
                """
            ]
        ),
        BadCluster(
            "an unknown policy",
            "lb_policy: RINGHASH",
            says: [
                """
                4:19: static_resources.clusters[0].lb_policy: refused, "RINGHASH" is not a \
                known value: did you mean "RING_HASH"?
                """
            ]
        ),
        BadCluster(
            "a policy that is promised elsewhere",
            "lb_policy: LOAD_BALANCING_POLICY_CONFIG",
            says: [
                """
                4:8: static_resources.clusters[0].lb_policy: refused, there is no \
                load_balancing_policy: add it, or name a policy such as ROUND_ROBIN here
                """
            ]
        ),
        BadCluster(
            "an empty list of policies",
            "load_balancing_policy: {policies: []}",
            says: [
                """
                4:32: static_resources.clusters[0].load_balancing_policy.policies: refused, is \
                empty: name a policy, such as round_robin.v3.RoundRobin
                """
            ]
        ),
        BadCluster(
            "a policy without a configuration",
            "load_balancing_policy: {policies: [{typed_extension_config: {name: x}}]}",
            says: [
                """
                4:44: static_resources.clusters[0].load_balancing_policy.policies[0].\
                typed_extension_config: refused, has no typed_config: give typed_config with \
                @type
                """
            ]
        ),
        BadCluster(
            "an unknown extension",
            """
            load_balancing_policy: {policies: [{typed_extension_config: {name: x, typed_config: \
            {"@type": type.googleapis.com/envoy.extensions.load_balancing_policies.pick_first.\
            v3.PickFirst}}}]}
            """,
            says: [
                """
                4:102: static_resources.clusters[0].load_balancing_policy.policies[0].\
                typed_extension_config.typed_config: refused, the type \
                envoy.extensions.load_balancing_policies.pick_first.v3.PickFirst is not \
                supported yet: supported here: \
                envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin, \
                envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest, \
                envoy.extensions.load_balancing_policies.random.v3.Random, \
                envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash, \
                envoy.extensions.load_balancing_policies.maglev.v3.Maglev, \
                envoy.extensions.load_balancing_policies.subset.v3.Subset, \
                envoy.extensions.load_balancing_policies.wrr_locality.v3.WrrLocality, \
                envoy.extensions.load_balancing_policies.peak_ewma.v3alpha.PeakEwma
                """
            ]
        ),
        BadCluster(
            "two ways to name a policy",
            """
            lb_policy: RANDOM, load_balancing_policy: {policies: [{typed_extension_config: \
            {name: x, typed_config: {"@type": \
            type.googleapis.com/envoy.extensions.load_balancing_policies.random.v3.Random}}}]}
            """,
            says: [
                """
                4:27: static_resources.clusters[0].load_balancing_policy: stands in place of \
                lb_policy and its options: leave those out
                """
            ]
        ),
        BadCluster(
            "subsets beside an extension",
            """
            lb_subset_config: {}, load_balancing_policy: {policies: [{typed_extension_config: \
            {name: x, typed_config: {"@type": \
            type.googleapis.com/envoy.extensions.load_balancing_policies.random.v3.Random}}}]}
            """,
            says: [
                """
                4:8: static_resources.clusters[0].lb_subset_config: refused, can't stand beside \
                load_balancing_policy: use the policy \
                envoy.extensions.load_balancing_policies.subset.v3.Subset
                """
            ]
        ),
        BadCluster(
            "common options beside an extension",
            """
            common_lb_config: {locality_weighted_lb_config: {}}, load_balancing_policy: \
            {policies: [{typed_extension_config: {name: x, typed_config: {"@type": \
            type.googleapis.com/envoy.extensions.load_balancing_policies.random.v3.Random}}}]}
            """,
            says: [
                """
                4:8: static_resources.clusters[0].common_lb_config: refused, \
                zone_aware_lb_config, locality_weighted_lb_config and \
                consistent_hashing_lb_config can't stand beside load_balancing_policy: move \
                them into the policy
                """
            ]
        ),
        BadCluster(
            "a second policy",
            """
            load_balancing_policy: {policies: [{typed_extension_config: {name: x, typed_config: \
            {"@type": type.googleapis.com/envoy.extensions.load_balancing_policies.random.v3.\
            Random}}}, {}]}
            """,
            says: [
                """
                4:184: static_resources.clusters[0].load_balancing_policy.policies[1]: has no \
                effect: the first policy is supported: leave it out
                """
            ]
        ),
        BadCluster(
            "a table of an extension that is no prime",
            """
            load_balancing_policy: {policies: [{typed_extension_config: {name: x, typed_config: \
            {"@type": type.googleapis.com/envoy.extensions.load_balancing_policies.maglev.v3.\
            Maglev, table_size: 4}}}]}
            """,
            says: [
                """
                4:181: static_resources.clusters[0].load_balancing_policy.policies[0].\
                typed_extension_config.typed_config.table_size: refused, 4 is no prime: the \
                next is 5; leave it out for 65537
                """
            ]
        ),
        BadCluster(
            "a full scan",
            """
            load_balancing_policy: {policies: [{typed_extension_config: {name: x, typed_config: \
            {"@type": type.googleapis.com/envoy.extensions.load_balancing_policies.\
            least_request.v3.LeastRequest, enable_full_scan: true}}}]}
            """,
            says: [
                """
                4:212: static_resources.clusters[0].load_balancing_policy.policies[0].\
                typed_extension_config.typed_config.enable_full_scan: refused, "true" is not \
                supported yet: only false is
                """
            ]
        ),
        BadCluster(
            "an extension within another that is missing",
            """
            load_balancing_policy: {policies: [{typed_extension_config: {name: x, typed_config: \
            {"@type": type.googleapis.com/envoy.extensions.load_balancing_policies.wrr_locality.\
            v3.WrrLocality}}}]}
            """,
            says: [
                """
                4:78: static_resources.clusters[0].load_balancing_policy.policies[0].\
                typed_extension_config.typed_config.endpoint_picking_policy.policies: refused, \
                is empty: name a policy, such as round_robin.v3.RoundRobin
                """
            ]
        ),
        BadCluster(
            "a decay of no time",
            """
            load_balancing_policy: {policies: [{typed_extension_config: {name: x, typed_config: \
            {"@type": type.googleapis.com/envoy.extensions.load_balancing_policies.peak_ewma.\
            v3alpha.PeakEwma, decay_time: 0s}}}]}
            """,
            says: [
                """
                4:191: static_resources.clusters[0].load_balancing_policy.policies[0].\
                typed_extension_config.typed_config.decay_time: refused, must be longer than \
                0s: leave it out for 10 s
                """
            ]
        ),
        BadCluster(
            "no load that can be carried",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{ lb_endpoints: [{ endpoint: \
                {address: {socket_address: {address: 10.0.0.1, port_value: 80}}}}]}], policy: \
                {overprovisioning_factor: 0}}
                """,
            says: [
                """
                3:172: static_resources.clusters[0].load_assignment.policy.\
                overprovisioning_factor: refused, is 0, so that no endpoint could carry \
                anything: give at least 1, or leave it out for 140
                """
            ]
        ),
        BadCluster(
            "several drops",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{ lb_endpoints: [{ endpoint: \
                {address: {socket_address: {address: 10.0.0.1, port_value: 80}}}}]}], policy: \
                {drop_overloads: [{category: a}, {category: b}]}}
                """,
            says: [
                """
                3:172: static_resources.clusters[0].load_assignment.policy.drop_overloads: \
                refused, has 2 categories: one is supported, as in Envoy
                """
            ]
        ),
        BadCluster(
            "a drop without a name",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{ lb_endpoints: [{ endpoint: \
                {address: {socket_address: {address: 10.0.0.1, port_value: 80}}}}]}], policy: \
                {drop_overloads: [{drop_percentage: {numerator: 1}}]}}
                """,
            says: [
                """
                3:189: static_resources.clusters[0].load_assignment.policy.drop_overloads[0].\
                category: refused, is empty: name why the requests are dropped
                """
            ]
        ),
        BadCluster(
            "a drop above all",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{ lb_endpoints: [{ endpoint: \
                {address: {socket_address: {address: 10.0.0.1, port_value: 80}}}}]}], policy: \
                {drop_overloads: [{category: a, drop_percentage: {numerator: 101}}]}}
                """,
            says: [
                """
                3:221: static_resources.clusters[0].load_assignment.policy.drop_overloads[0].\
                drop_percentage.numerator: refused, 101 of 100 is more than everything: make it \
                at most 100, or choose another denominator
                """
            ]
        ),
    ]
}
