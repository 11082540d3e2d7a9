internal import Model
internal import SwiftProtobuf

/// `RouteAction.RequestMirrorPolicy`: copies of requests for other clusters.
extension Compilation {
    private typealias PolicyMessage = Envoy_Config_Route_V3_RouteAction.RequestMirrorPolicy

    /// So many copies of one request; each costs a connection and the memory of its body.
    private static var mirrorsMax: Int { 16 }

    func mirrorPolicies(
        _ policies: [Envoy_Config_Route_V3_RouteAction.RequestMirrorPolicy],
        _ path: FieldPath,
        validatesClusters: Bool
    ) -> [MirrorPolicy] {
        if policies.count > Self.mirrorsMax {
            refuse(
                path,
                "makes \(policies.count) copies of each request",
                "at most \(Self.mirrorsMax) are allowed"
            )
            return []
        }
        return policies.enumerated().compactMap { index, policy in
            mirrorPolicy(policy, path[index], validatesClusters)
        }
    }

    private func mirrorPolicy(
        _ policy: PolicyMessage,
        _ path: FieldPath,
        _ validates: Bool
    ) -> MirrorPolicy? {
        let destination: WeightedClusters.Entry.Name?
        if !policy.cluster.isEmpty, !policy.clusterHeader.isEmpty {
            refuse(path["cluster_header"], "stands beside cluster", "keep one of the two")
            destination = nil
        } else if !policy.clusterHeader.isEmpty {
            destination = headerName(
                policy.clusterHeader,
                path["cluster_header"],
                allowsPseudo: true
            ).map { .header($0) }
        } else if policy.cluster.isEmpty {
            refuse(path, "names no cluster", "give cluster or cluster_header")
            destination = nil
        } else {
            checkCluster(policy.cluster, path["cluster"], validates: validates)
            destination = .literal(policy.cluster)
        }
        var share: Fraction?
        if policy.hasRuntimeFraction {
            share = fraction(policy.runtimeFraction, path["runtime_fraction"])
            if let share, share.numerator == 0 {
                warn(
                    path["runtime_fraction"],
                    "is 0, so no request is copied",
                    "remove the policy, or raise the share"
                )
            }
        }
        let host = policy.hostRewriteLiteral
        let rewrite =
            host.isEmpty
            ? nil : headText(host, path["host_rewrite_literal"], inRequestLine: true)
        let changes = headerOperations(
            policy.requestHeadersMutations,
            path["request_headers_mutations"]
        )
        return destination.map {
            MirrorPolicy(
                destination: $0,
                fraction: share,
                appendsShadow: !policy.disableShadowHostSuffixAppend,
                hostRewriteLiteral: rewrite,
                requestHeaders: changes
            )
        }
    }
}
