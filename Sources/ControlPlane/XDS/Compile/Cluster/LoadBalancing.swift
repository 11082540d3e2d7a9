internal import Model
internal import SwiftProtobuf

/// How a cluster shares out its requests: the rule, and what stands around it.
struct Balance {
    var rule: ClusterConfiguration.LoadBalancing = .roundRobin
    var options = BalancingOptions()
}

/// `lb_policy`, its options, and `common_lb_config`.
extension Compilation {
    private typealias Cluster = Envoy_Config_Cluster_V3_Cluster

    func balance(
        _ cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath,
        _ discovery: ClusterConfiguration.Discovery
    ) -> Balance {
        var balance = Balance()
        readCommon(cluster, path["common_lb_config"], discovery, &balance)
        readPolicy(of: cluster.loadAssignment, path["load_assignment"]["policy"], &balance)
        let isByExtension =
            cluster.hasLoadBalancingPolicy || cluster.lbPolicy == .loadBalancingPolicyConfig
        if isByExtension {
            readExtensions(cluster, path, &balance)
        } else {
            readRule(cluster, path, &balance)
            if cluster.hasLbSubsetConfig {
                balance.options.subsets = subsets(
                    cluster.lbSubsetConfig,
                    path["lb_subset_config"]
                )
            }
        }
        chooseZones(cluster, path, &balance)
        checkLocalityUse(cluster, path, balance)
        return balance
    }

    private func readRule(
        _ cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath,
        _ balance: inout Balance
    ) {
        let policy = known(cluster.lbPolicy, path["lb_policy"])
        var used = false
        switch policy {
        case .leastRequest:
            balance.rule = .leastRequest(choices: 2)
            if case .leastRequestLbConfig(let config) = cluster.lbConfig {
                used = true
                readLeastRequest(config, path["least_request_lb_config"], &balance)
            }
        case .random: balance.rule = .random
        case .ringHash:
            var ring = RingHash()
            if case .ringHashLbConfig(let config) = cluster.lbConfig {
                used = true
                ring = self.ring(
                    config.hasMinimumRingSize ? config.minimumRingSize.value : nil,
                    config.hasMaximumRingSize ? config.maximumRingSize.value : nil,
                    path["ring_hash_lb_config"]
                )
                if known(
                    config.hashFunction,
                    path["ring_hash_lb_config"]["hash_function"]
                ) == .murmurHash2 {
                    ring.function = .murmurHash2
                }
            }
            balance.rule = .ringHash(ring)
        case .maglev:
            var size: UInt64?
            if case .maglevLbConfig(let config) = cluster.lbConfig {
                used = true
                size = config.hasTableSize ? config.tableSize.value : nil
            }
            balance.rule = maglev(size, path["maglev_lb_config"]["table_size"])
        // Said where the kind of the cluster is read.
        case .clusterProvided: used = true
        default:
            balance.rule = .roundRobin
            if case .roundRobinLbConfig(let config) = cluster.lbConfig {
                used = true
                if config.hasSlowStartConfig {
                    balance.options.slowStart = slowStart(
                        config.slowStartConfig,
                        path["round_robin_lb_config"]["slow_start_config"]
                    )
                }
            }
        }
        if !used { warnOfUnusedOptions(cluster, path) }
    }

    /// Options of a rule that is not in use have no effect, in Envoy either; slow start does not
    /// exist with the others.
    private func warnOfUnusedOptions(
        _ cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath
    ) {
        let name: StaticString
        let policy: String
        var startsSlowly = false
        switch cluster.lbConfig {
        case nil: return
        case .leastRequestLbConfig(let config):
            (name, policy) = ("least_request_lb_config", "LEAST_REQUEST")
            startsSlowly = config.hasSlowStartConfig
        case .roundRobinLbConfig(let config):
            (name, policy) = ("round_robin_lb_config", "ROUND_ROBIN")
            startsSlowly = config.hasSlowStartConfig
        case .ringHashLbConfig: (name, policy) = ("ring_hash_lb_config", "RING_HASH")
        case .maglevLbConfig: (name, policy) = ("maglev_lb_config", "MAGLEV")
        case .originalDstLbConfig: return
        }
        let inUse = Self.name(of: cluster.lbPolicy)
        warn(
            path[name],
            startsSlowly
                ? "has no effect with \(inUse), which knows no slow start"
                : "has no effect with \(inUse)",
            "leave it out, or write lb_policy: \(policy)"
        )
    }

    private static func name(of policy: Envoy_Config_Cluster_V3_Cluster.LbPolicy) -> String {
        switch policy {
        case .leastRequest: "LEAST_REQUEST"
        case .random: "RANDOM"
        case .ringHash: "RING_HASH"
        case .maglev: "MAGLEV"
        case .loadBalancingPolicyConfig: "load_balancing_policy"
        default: "ROUND_ROBIN"
        }
    }

    private func readLeastRequest(
        _ config: Envoy_Config_Cluster_V3_Cluster.LeastRequestLbConfig,
        _ path: FieldPath,
        _ balance: inout Balance
    ) {
        balance.rule = .leastRequest(
            choices: choices(
                config.hasChoiceCount ? config.choiceCount.value : nil,
                path["choice_count"]
            )
        )
        if config.hasActiveRequestBias {
            balance.options.activeRequestBias = bias(
                config.activeRequestBias,
                path["active_request_bias"]
            )
        }
        if config.hasSlowStartConfig {
            balance.options.slowStart = slowStart(
                config.slowStartConfig,
                path["slow_start_config"]
            )
        }
    }

    private func readCommon(
        _ cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath,
        _ discovery: ClusterConfiguration.Discovery,
        _ balance: inout Balance
    ) {
        let common = cluster.commonLbConfig
        balance.options.panicThresholdPercent = percent(
            common.hasHealthyPanicThreshold ? common.healthyPanicThreshold : nil,
            path["healthy_panic_threshold"]["value"],
            unset: 50
        )
        switch common.localityConfigSpecifier {
        case .zoneAwareLbConfig(let config):
            balance.options.localities = .zoneAware(
                zoneAware(config, path["zone_aware_lb_config"])
            )
        case .localityWeightedLbConfig: balance.options.localities = .weighted
        case nil: break
        }
        if common.hasConsistentHashingLbConfig {
            let config = common.consistentHashingLbConfig
            let path = path["consistent_hashing_lb_config"]
            balance.options.consistentHashing = consistentHashing(
                usesHostname: config.useHostnameForHashing,
                factor: config.hasHashBalanceFactor ? config.hashBalanceFactor.value : nil,
                path["hash_balance_factor"]
            )
            if config.useHostnameForHashing, discovery != .strictDNS,
                !cluster.hasLoadBalancingPolicy
            {
                refuse(
                    path["use_hostname_for_hashing"],
                    "is for clusters of type STRICT_DNS",
                    "leave it out: the endpoints are placed by their addresses"
                )
            } else if cluster.lbPolicy != .ringHash, cluster.lbPolicy != .maglev,
                !cluster.hasLoadBalancingPolicy
            {
                warn(
                    path,
                    "has no effect with \(Self.name(of: cluster.lbPolicy))",
                    "only RING_HASH and MAGLEV hash"
                )
            }
        }
        balance.options.closesConnectionsOnChange = common.closeConnectionsOnHostSetChange
        balance.options.ignoresNewEndpointsUntilFirstCheck = common.ignoreNewHostsUntilFirstHc
        if common.ignoreNewHostsUntilFirstHc, cluster.healthChecks.isEmpty {
            warn(
                path["ignore_new_hosts_until_first_hc"],
                "has no effect without health checks",
                "add health_checks, or leave it out"
            )
        }
    }

    private func readPolicy(
        of assignment: Envoy_Config_Endpoint_V3_ClusterLoadAssignment,
        _ path: FieldPath,
        _ balance: inout Balance
    ) {
        let policy = assignment.policy
        if policy.hasOverprovisioningFactor {
            balance.options.overprovisioningFactor = policy.overprovisioningFactor.value
            if policy.overprovisioningFactor.value == 0 {
                refuse(
                    path["overprovisioning_factor"],
                    "is 0, so that no endpoint could carry anything",
                    "give at least 1, or leave it out for 140"
                )
            }
        }
        balance.options.weightsPrioritiesByHealth = policy.weightedPriorityHealth
        if policy.dropOverloads.count > 1 {
            refuse(
                path["drop_overloads"],
                "has \(policy.dropOverloads.count) categories",
                "one is supported, as in Envoy"
            )
        }
        balance.options.dropOverloads = policy.dropOverloads.enumerated().map { index, overload in
            let path = path["drop_overloads"][index]
            if overload.category.isEmpty {
                refuse(path["category"], "is empty", "name why the requests are dropped")
            }
            return .init(
                category: overload.category,
                perMillion: perMillion(overload.dropPercentage, path["drop_percentage"])
            )
        }
    }
}
