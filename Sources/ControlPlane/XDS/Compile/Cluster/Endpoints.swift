internal import Document
internal import Model
internal import SwiftProtobuf

/// The endpoints of a cluster and the groups that they belong to.
struct ClusterMembers {
    var endpoints: [EndpointConfiguration] = []
    /// Never empty where the members are done.
    var localities: [LocalityConfiguration] = []
}

/// `envoy.config.endpoint.v3.ClusterLoadAssignment`: the endpoints of a cluster.
extension Compilation {
    func members(
        _ cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath,
        _ discovery: ClusterConfiguration.Discovery
    ) -> ClusterMembers {
        let start = problemCount
        let assignment = cluster.loadAssignment
        checkName(of: assignment, cluster, path)
        var groups = LocalityGroups()
        var endpoints: [EndpointConfiguration] = []
        endpoints.reserveCapacity(assignment.endpoints.reduce(0) { $0 + $1.lbEndpoints.count })
        var weights: [UInt64] = []
        for (place, locality) in assignment.endpoints.enumerated() {
            let path = path["endpoints"][place]
            guard let group = group(of: locality, path, &groups, cluster.name) else { continue }
            while weights.count < groups.all.count { weights.append(0) }
            for (index, endpoint) in locality.lbEndpoints.enumerated() {
                let path = path["lb_endpoints"][index]
                guard var compiled = self.endpoint(endpoint, path, discovery) else { continue }
                compiled.locality = group
                weights[Int(group)] += UInt64(compiled.weight)
                endpoints.append(compiled)
            }
        }
        for (group, weight) in weights.enumerated() where weight > UInt64(UInt32.max) {
            refuse(
                path["endpoints"],
                "the weights of \(words(for: groups.all[group])) add up to \(weight)",
                "their sum is at most \(UInt32.max)"
            )
        }
        checkLocalityWeights(groups, path["endpoints"])
        fillPriorities(&groups, path["endpoints"])
        if problemCount == start {
            checkCount(endpoints.count, assignment, path, discovery, cluster)
        }
        return ClusterMembers(endpoints: endpoints, localities: groups.all)
    }

    private func checkName(
        of assignment: Envoy_Config_Endpoint_V3_ClusterLoadAssignment,
        _ cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath
    ) {
        if cluster.hasLoadAssignment, assignment.clusterName.isEmpty {
            refuse(
                path["cluster_name"],
                "is empty",
                "repeat the cluster's name, "
                    + quoted(cluster.name)
            )
        } else if cluster.hasLoadAssignment, assignment.clusterName != cluster.name {
            warn(
                path["cluster_name"],
                "\(quoted(assignment.clusterName)) is not the cluster's name",
                "write \(quoted(cluster.name)): the endpoints are this cluster's in any case"
            )
        }
    }

    private func checkCount(
        _ count: Int,
        _ assignment: Envoy_Config_Endpoint_V3_ClusterLoadAssignment,
        _ path: FieldPath,
        _ discovery: ClusterConfiguration.Discovery,
        _ cluster: Envoy_Config_Cluster_V3_Cluster
    ) {
        if discovery == .logicalDNS, count != 1 || assignment.endpoints.count != 1 {
            refuse(
                path["endpoints"],
                "a LOGICAL_DNS cluster has exactly one endpoint, not \(count)",
                count == 1
                    ? "remove the localities without endpoints" : "use STRICT_DNS for several names"
            )
        } else if case .originalDestination = discovery {
            return
        } else if count == 0 {
            warn(
                path,
                "cluster \(quoted(cluster.name)) has no endpoints, so its requests get 503",
                cluster.healthChecks.isEmpty
                    ? "add lb_endpoints" : "add lb_endpoints; its health checks check nothing"
            )
        }
    }

    private func endpoint(
        _ endpoint: Envoy_Config_Endpoint_V3_LbEndpoint,
        _ path: FieldPath,
        _ discovery: ClusterConfiguration.Discovery
    ) -> EndpointConfiguration? {
        guard case .endpoint(let host) = endpoint.hostIdentifier else {
            refuse(path, "has no endpoint", "give endpoint: {address: …}")
            return nil
        }
        let weight = endpoint.hasLoadBalancingWeight ? endpoint.loadBalancingWeight.value : 1
        if weight == 0 {
            refuse(
                path["load_balancing_weight"],
                "is 0",
                "a weight is at least 1; remove the endpoint to send it nothing"
            )
        }
        let attributes = attributes(of: endpoint, host, path)
        let path = path["endpoint"]
        if !host.hasAddress {
            refuse(path, "has no address", "give address: {socket_address: …}")
            return nil
        }
        let use: AddressUse = discovery == .static ? .literal : .resolvable
        guard let location = location(host.address, path["address"], for: use) else { return nil }
        if case .address(.unix) = location, discovery != .static {
            refuse(
                path["address"]["pipe"],
                "a Unix socket is not found through DNS",
                "use type: STATIC"
            )
            return nil
        }
        if !host.hostname.isEmpty,
            headText(host.hostname, path["hostname"], inRequestLine: true) == nil
        {
            return nil
        }
        var hostname = host.hostname
        // What a name was asked for is what auto_host_rewrite sends, as in Envoy.
        if hostname.isEmpty, case .name(let name, _) = location { hostname = name }
        return EndpointConfiguration(
            location: location,
            additionalAddresses: additionalAddresses(host, path, location, discovery),
            hostname: hostname,
            weight: weight,
            attributes: attributes
        )
    }

    private func additionalAddresses(
        _ host: Envoy_Config_Endpoint_V3_Endpoint,
        _ path: FieldPath,
        _ first: EndpointConfiguration.Location,
        _ discovery: ClusterConfiguration.Discovery
    ) -> [SocketAddress] {
        if host.additionalAddresses.isEmpty { return [] }
        let path = path["additional_addresses"]
        if discovery != .static {
            warn(
                path,
                "has no effect in a cluster that asks DNS",
                "every address of the name is used; for fixed addresses use type: STATIC"
            )
            return []
        }
        var seen: Set<EndpointConfiguration.Location> = [first]
        return host.additionalAddresses.enumerated().compactMap { index, additional in
            let path = path[index]["address"]
            if !additional.hasAddress {
                refuse(path, "is missing", "give address: {socket_address: …}")
                return nil
            }
            guard let location = location(additional.address, path, for: .literal),
                case .address(let address) = location
            else { return nil }
            if !seen.insert(location).inserted {
                warn(path, "\(address) is there already", "leave it out")
                return nil
            }
            return address
        }
    }
}
