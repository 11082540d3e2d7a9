internal import Model
internal import SwiftProtobuf

/// `load_balancing_policy`: balancers as extensions.
extension Compilation {
    private typealias RoundRobin = Envoy_Extensions_LoadBalancingPolicies_RoundRobin_V3_RoundRobin
    private typealias LeastRequest =
        Envoy_Extensions_LoadBalancingPolicies_LeastRequest_V3_LeastRequest
    private typealias RandomChoice = Envoy_Extensions_LoadBalancingPolicies_Random_V3_Random
    private typealias Ring = Envoy_Extensions_LoadBalancingPolicies_RingHash_V3_RingHash
    private typealias Maglev = Envoy_Extensions_LoadBalancingPolicies_Maglev_V3_Maglev
    private typealias Subset = Envoy_Extensions_LoadBalancingPolicies_Subset_V3_Subset
    private typealias WrrLocality =
        Envoy_Extensions_LoadBalancingPolicies_WrrLocality_V3_WrrLocality
    private typealias PeakEwma =
        Envoy_Extensions_LoadBalancingPolicies_PeakEwma_V3alpha_PeakEwma

    /// What stands beside it and would contradict it, then the policy itself.
    func readExtensions(
        _ cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath,
        _ balance: inout Balance
    ) {
        if !cluster.hasLoadBalancingPolicy {
            refuse(
                path["lb_policy"],
                "there is no load_balancing_policy",
                "add it, or name a policy such as ROUND_ROBIN here"
            )
            return
        }
        if cluster.hasLbSubsetConfig {
            refuse(
                path["lb_subset_config"],
                "can't stand beside load_balancing_policy",
                "use the policy envoy.extensions.load_balancing_policies.subset.v3.Subset"
            )
        }
        let common = cluster.commonLbConfig
        if common.localityConfigSpecifier != nil || common.hasConsistentHashingLbConfig {
            refuse(
                path["common_lb_config"],
                "zone_aware_lb_config, locality_weighted_lb_config and "
                    + "consistent_hashing_lb_config can't stand beside load_balancing_policy",
                "move them into the policy"
            )
        }
        if cluster.lbConfig != nil
            || cluster.lbPolicy != .roundRobin && cluster.lbPolicy != .loadBalancingPolicyConfig
        {
            warn(
                path["load_balancing_policy"],
                "stands in place of lb_policy and its options",
                "leave those out"
            )
        }
        readPolicies(
            cluster.loadBalancingPolicy,
            path["load_balancing_policy"],
            isInside: false,
            &balance
        )
    }

    /// The first of the list; that of a policy that holds others, too.
    private func readPolicies(
        _ list: Envoy_Config_Cluster_V3_LoadBalancingPolicy,
        _ path: FieldPath,
        isInside: Bool,
        _ balance: inout Balance
    ) {
        let path = path["policies"]
        guard let first = list.policies.first else {
            refuse(path, "is empty", "name a policy, such as round_robin.v3.RoundRobin")
            return
        }
        if list.policies.count > 1 {
            warn(path[1], "has no effect: the first policy is supported", "leave it out")
        }
        let place = path[0]["typed_extension_config"]
        if !first.hasTypedExtensionConfig || !first.typedExtensionConfig.hasTypedConfig {
            refuse(place, "has no typed_config", "give typed_config with @type")
            return
        }
        readPolicy(
            first.typedExtensionConfig.typedConfig,
            place["typed_config"],
            isInside: isInside,
            &balance
        )
    }

    private func readPolicy(
        _ any: Google_Protobuf_Any,
        _ path: FieldPath,
        isInside: Bool,
        _ balance: inout Balance
    ) {
        if any.isA(RoundRobin.self), let config = unpack(any, as: RoundRobin.self, path) {
            balance.rule = .roundRobin
            readSlowStart(config.hasSlowStartConfig ? config.slowStartConfig : nil, path, &balance)
            readLocalities(config.localityLbConfig, path["locality_lb_config"], &balance)
        } else if any.isA(LeastRequest.self),
            let config = unpack(any, as: LeastRequest.self, path)
        {
            readLeastRequest(config, path, &balance)
        } else if any.isA(RandomChoice.self),
            let config = unpack(any, as: RandomChoice.self, path)
        {
            balance.rule = .random
            readLocalities(config.localityLbConfig, path["locality_lb_config"], &balance)
        } else if any.isA(Ring.self), let config = unpack(any, as: Ring.self, path) {
            readRing(config, path, &balance)
        } else if any.isA(Maglev.self), let config = unpack(any, as: Maglev.self, path) {
            balance.rule = maglev(
                config.hasTableSize ? config.tableSize.value : nil,
                path["table_size"]
            )
            readHashing(config.consistentHashingLbConfig, path, &balance)
            if config.hasLocalityWeightedLbConfig { balance.options.localities = .weighted }
        } else if any.isA(PeakEwma.self), let config = unpack(any, as: PeakEwma.self, path) {
            readPeakEWMA(config, path, &balance)
        } else if any.isA(WrrLocality.self), let config = unpack(any, as: WrrLocality.self, path) {
            readPolicies(
                config.endpointPickingPolicy,
                path["endpoint_picking_policy"],
                isInside: isInside,
                &balance
            )
            balance.options.localities = .weighted
        } else if any.isA(Subset.self), let config = unpack(any, as: Subset.self, path) {
            if isInside {
                refuse(path, "stands within another subset", "give all selectors to one")
                return
            }
            balance.options.subsets = subsets(config, path)
            if config.allowRedundantKeys {
                refuse(path["allow_redundant_keys"], "is not supported yet", "leave it out")
            }
            readPolicies(
                config.subsetLbPolicy,
                path["subset_lb_policy"],
                isInside: true,
                &balance
            )
        } else {
            refuse(path, "\(typeName(any)) is not supported here", "such as RoundRobin")
        }
    }

    private func readLeastRequest(
        _ config: LeastRequest,
        _ path: FieldPath,
        _ balance: inout Balance
    ) {
        balance.rule = .leastRequest(
            choices: choices(
                config.hasChoiceCount ? config.choiceCount.value : nil,
                path["choice_count"]
            )
        )
        _ = known(config.selectionMethod, path["selection_method"])
        if config.hasEnableFullScan, config.enableFullScan.value {
            refuse(path["enable_full_scan"], "is not supported yet", "leave it out")
        }
        if config.hasActiveRequestBias {
            balance.options.activeRequestBias = bias(
                config.activeRequestBias,
                path["active_request_bias"]
            )
        }
        readSlowStart(config.hasSlowStartConfig ? config.slowStartConfig : nil, path, &balance)
        readLocalities(config.localityLbConfig, path["locality_lb_config"], &balance)
    }

    private func readRing(_ config: Ring, _ path: FieldPath, _ balance: inout Balance) {
        var ring = ring(
            config.hasMinimumRingSize ? config.minimumRingSize.value : nil,
            config.hasMaximumRingSize ? config.maximumRingSize.value : nil,
            path
        )
        if known(config.hashFunction, path["hash_function"]) == .murmurHash2 {
            ring.function = .murmurHash2
        }
        balance.rule = .ringHash(ring)
        if config.hasConsistentHashingLbConfig {
            readHashing(config.consistentHashingLbConfig, path, &balance)
        } else {
            balance.options.consistentHashing = consistentHashing(
                usesHostname: config.useHostnameForHashing,
                factor: config.hasHashBalanceFactor ? config.hashBalanceFactor.value : nil,
                path["hash_balance_factor"]
            )
        }
        if config.hasLocalityWeightedLbConfig { balance.options.localities = .weighted }
    }

    private func readPeakEWMA(_ config: PeakEwma, _ path: FieldPath, _ balance: inout Balance) {
        balance.rule = .peakEWMA(
            decayMilliseconds: positive(
                config.hasDecayTime ? config.decayTime : nil,
                path["decay_time"],
                unset: 10_000,
                "leave it out for 10 s"
            ),
            defaultMilliseconds: positive(
                config.hasDefaultRtt ? config.defaultRtt : nil,
                path["default_rtt"],
                unset: 10,
                "leave it out for 10 ms"
            )
        )
    }

    private func readHashing(
        _ config: Envoy_Extensions_LoadBalancingPolicies_Common_V3_ConsistentHashingLbConfig,
        _ path: FieldPath,
        _ balance: inout Balance
    ) {
        balance.options.consistentHashing = consistentHashing(
            usesHostname: config.useHostnameForHashing,
            factor: config.hasHashBalanceFactor ? config.hashBalanceFactor.value : nil,
            path["consistent_hashing_lb_config"]["hash_balance_factor"]
        )
    }

    private func readSlowStart(
        _ config: Envoy_Extensions_LoadBalancingPolicies_Common_V3_SlowStartConfig?,
        _ path: FieldPath,
        _ balance: inout Balance
    ) {
        guard let config else { return }
        balance.options.slowStart = slowStart(config, path["slow_start_config"])
    }

    private func readLocalities(
        _ config: Envoy_Extensions_LoadBalancingPolicies_Common_V3_LocalityLbConfig,
        _ path: FieldPath,
        _ balance: inout Balance
    ) {
        switch config.localityConfigSpecifier {
        case .zoneAwareLbConfig(let zones):
            var old = Envoy_Config_Cluster_V3_Cluster.CommonLbConfig.ZoneAwareLbConfig()
            if zones.hasRoutingEnabled { old.routingEnabled = zones.routingEnabled }
            if zones.hasMinClusterSize { old.minClusterSize = zones.minClusterSize }
            old.failTrafficOnPanic = zones.failTrafficOnPanic
            balance.options.localities = .zoneAware(
                zoneAware(old, path["zone_aware_lb_config"])
            )
        case .localityWeightedLbConfig: balance.options.localities = .weighted
        case nil: break
        }
    }
}
