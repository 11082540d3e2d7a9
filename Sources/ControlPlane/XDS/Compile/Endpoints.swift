internal import Model
internal import SwiftProtobuf

/// `envoy.config.endpoint.v3.ClusterLoadAssignment`: the endpoints of a cluster.
extension Compilation {
    func endpoints(
        _ cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath,
        _ discovery: ClusterConfiguration.Discovery
    ) -> [EndpointConfiguration] {
        let start = problemCount
        let assignment = cluster.loadAssignment
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
        var endpoints: [EndpointConfiguration] = []
        var total: UInt64 = 0
        for (place, locality) in assignment.endpoints.enumerated() {
            let path = path["endpoints"][place]
            if locality.priority > 0 {
                refuse(
                    path["priority"],
                    "priorities of endpoints are not supported yet",
                    "leave it out, or remove these endpoints"
                )
            }
            for (index, endpoint) in locality.lbEndpoints.enumerated() {
                let path = path["lb_endpoints"][index]
                guard let compiled = self.endpoint(endpoint, path, discovery) else { continue }
                total += UInt64(compiled.weight)
                endpoints.append(compiled)
            }
        }
        if total > UInt64(UInt32.max) {
            refuse(
                path["endpoints"],
                "the weights add up to \(total)",
                "their sum is at most \(UInt32.max)"
            )
        }
        let isComplete = problemCount == start
        if isComplete, discovery == .logicalDNS, endpoints.count != 1 {
            refuse(
                path["endpoints"],
                "a LOGICAL_DNS cluster has exactly one endpoint, not \(endpoints.count)",
                "use STRICT_DNS for several names"
            )
        } else if isComplete, endpoints.isEmpty {
            warn(
                path,
                "cluster \(quoted(cluster.name)) has no endpoints, so its requests get 503",
                "add lb_endpoints"
            )
        }
        return endpoints
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
        _ = known(endpoint.healthStatus, path["health_status"])
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
        return EndpointConfiguration(location: location, hostname: hostname, weight: weight)
    }
}
