internal import Model

/// Which rule for localities holds in the end, and what contradicts it.
extension Compilation {
    /// Zones are preferred where this process knows its own, even without `zone_aware_lb_config`,
    /// as in Envoy; the balancers that hash have no zones.
    func chooseZones(
        _ cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath,
        _ balance: inout Balance
    ) {
        let hashes =
            switch balance.rule {
            case .ringHash, .maglev: true
            default: false
            }
        switch balance.options.localities {
        case .weighted: break
        case .none:
            if !hashes, sharedByClusters.knowsItsZone {
                balance.options.localities = .zoneAware(BalancingOptions.ZoneAware())
            }
        case .zoneAware(let zones):
            // What happens in panic counts without zones, too.
            if sharedByClusters.knowsItsZone || zones.failsTrafficOnPanic, !hashes { break }
            balance.options.localities = .none
            warn(
                path,
                hashes
                    ? "zones are not preferred by a balancer that hashes"
                    : "zones are not preferred, as this proxy does not know its own",
                hashes
                    ? "leave zone_aware_lb_config out"
                    : "give node.locality.zone and cluster_manager.local_cluster_name"
            )
        }
    }

    /// Weights of localities count only where the rule says so, and then every place needs one.
    func checkLocalityUse(
        _ cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath,
        _ balance: Balance
    ) {
        let places = cluster.loadAssignment.endpoints
        let isWeighted = balance.options.localities == .weighted
        if cluster.lbSubsetConfig.localityWeightAware, !isWeighted {
            refuse(
                path["lb_subset_config"]["locality_weight_aware"],
                "localities are not weighed",
                "add common_lb_config: {locality_weighted_lb_config: {}}"
            )
        } else if let subsets = balance.options.subsets, subsets.isLocalityWeightAware,
            !isWeighted
        {
            warn(
                path["load_balancing_policy"],
                "localities are not weighed, so locality_weight_aware has no effect",
                "weigh them with wrr_locality.v3.WrrLocality around the subsets' policy"
            )
        }
        let path = path["load_assignment"]["endpoints"]
        for (index, place) in places.enumerated() {
            let path = path[index]
            if place.hasLoadBalancingWeight, !isWeighted {
                warn(
                    path["load_balancing_weight"],
                    "it has no effect",
                    "it counts only with common_lb_config: {locality_weighted_lb_config: {}}"
                )
                return
            }
            if !place.hasLoadBalancingWeight, isWeighted, !place.lbEndpoints.isEmpty {
                warn(
                    path,
                    "has no load_balancing_weight, so its endpoints get no requests",
                    "give one, as localities are weighed"
                )
            }
        }
    }
}
