internal import Model
internal import SwiftProtobuf

/// `ORIGINAL_DST` clusters, whose endpoint is where the client wanted to go.
extension Compilation {
    private static let defaultHeader: ByteString = "x-envoy-original-dst-host"

    func originalDestination(
        _ cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath
    ) -> OriginalDestination {
        if cluster.hasLoadAssignment {
            refuse(
                path["load_assignment"],
                "an ORIGINAL_DST cluster has no endpoints of its own",
                "leave it out"
            )
        }
        let policy = cluster.lbPolicy
        if policy != .clusterProvided, policy != .roundRobin || isGiven("lb_policy", path) {
            refuse(
                path["lb_policy"],
                "an ORIGINAL_DST cluster chooses nothing",
                "write lb_policy: CLUSTER_PROVIDED"
            )
        } else if policy == .roundRobin {
            refuse(path, "has no lb_policy", "an ORIGINAL_DST cluster has CLUSTER_PROVIDED")
        }
        if cluster.hasLbSubsetConfig {
            refuse(
                path["lb_subset_config"],
                "an ORIGINAL_DST cluster has nothing to divide",
                "leave it out"
            )
        }
        var found = OriginalDestination()
        if cluster.hasCleanupInterval,
            let interval = positiveIfGiven(
                cluster.cleanupInterval,
                path["cleanup_interval"],
                "leave it out for 5s"
            )
        {
            found.cleanupMilliseconds = interval
        }
        guard case .originalDstLbConfig(let config) = cluster.lbConfig else { return found }
        let path = path["original_dst_lb_config"]
        if config.useHTTPHeader {
            found.header =
                config.httpHeaderName.isEmpty
                ? Self.defaultHeader
                : headerName(config.httpHeaderName, path["http_header_name"], allowsPseudo: false)
        } else if !config.httpHeaderName.isEmpty {
            refuse(
                path["http_header_name"],
                "has no effect without use_http_header",
                "write use_http_header: true, or leave it out"
            )
        }
        if config.hasUpstreamPortOverride {
            found.portOverride = port(
                config.upstreamPortOverride.value,
                path["upstream_port_override"]
            )
        }
        return found
    }

    /// What only ORIGINAL_DST has.
    func warnOfUnusedDestination(_ cluster: Envoy_Config_Cluster_V3_Cluster, _ path: FieldPath) {
        if cluster.hasCleanupInterval {
            warn(
                path["cleanup_interval"],
                "has no effect without type: ORIGINAL_DST",
                "leave it out"
            )
        }
        if cluster.lbPolicy == .clusterProvided {
            refuse(
                path["lb_policy"],
                "CLUSTER_PROVIDED is for clusters of type ORIGINAL_DST",
                "leave it out for ROUND_ROBIN"
            )
        }
        if case .originalDstLbConfig = cluster.lbConfig {
            warn(
                path["original_dst_lb_config"],
                "has no effect without type: ORIGINAL_DST",
                "leave it out"
            )
        }
    }

    private func isGiven(_ name: StaticString, _ path: FieldPath) -> Bool {
        sources.contains(path[name].description)
    }
}
