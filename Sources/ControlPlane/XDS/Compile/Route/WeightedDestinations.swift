internal import Model
internal import SwiftProtobuf

/// `envoy.config.route.v3.WeightedCluster`: shares of the requests.
extension Compilation {
    private typealias ClusterWeight = Envoy_Config_Route_V3_WeightedCluster.ClusterWeight

    func weightedDestination(
        _ weighted: Envoy_Config_Route_V3_WeightedCluster,
        _ path: FieldPath,
        _ levels: HeaderLevels,
        _ matched: [String: MetadataValue],
        hasHash: Bool
    ) -> ForwardAction.Destination? {
        let clusters = path["clusters"]
        if weighted.clusters.isEmpty {
            refuse(clusters, "is empty", "give at least one cluster with its weight")
            return nil
        }
        var entries: [WeightedClusters.Entry] = []
        var total: UInt64 = 0
        for (index, cluster) in weighted.clusters.enumerated() {
            let path = clusters[index]
            let weight = weight(cluster, weighted.runtimeKeyPrefix, path)
            total += UInt64(weight)
            // A canary that is parked at 0 is in the file and takes nothing.
            if let entry = entry(cluster, path, levels, matched, weight), weight > 0 {
                entries.append(entry)
            }
        }
        checkTotal(weighted, total, path)
        var header: ByteString?
        var usesHash = false
        switch weighted.randomValueSpecifier {
        case .headerName(let name):
            header = headerName(name, path["header_name"], allowsPseudo: false)
        case .useHashPolicy(let isOn):
            usesHash = isOn.value
            if usesHash, !hasHash {
                warn(
                    path["use_hash_policy"],
                    "has no effect without a hash_policy",
                    "give the route a hash_policy, for example by a header"
                )
            }
        case nil: break
        }
        return .weighted(
            WeightedClusters(
                entries: entries,
                total: max(total, 1),
                randomHeader: header,
                usesHash: usesHash
            )
        )
    }

    private func weight(_ cluster: ClusterWeight, _ prefix: String, _ path: FieldPath) -> UInt32 {
        let known = prefix.isEmpty ? nil : runtimeCount("\(prefix).\(cluster.name)")
        if !cluster.hasWeight, known == nil {
            refuse(path, "has no weight", "give its share, for example weight: 10")
        }
        return known ?? cluster.weight.value
    }

    private func checkTotal(
        _ weighted: Envoy_Config_Route_V3_WeightedCluster,
        _ total: UInt64,
        _ path: FieldPath
    ) {
        let clusters = path["clusters"]
        if total > UInt64(UInt32.max) {
            refuse(
                clusters,
                "the weights add up to \(total)",
                "their sum is at most \(UInt32.max); 0 to 100 is usual"
            )
        } else if total == 0, weighted.clusters.allSatisfy(\.hasWeight) {
            refuse(
                clusters,
                "all weights are 0, so no request could be sent",
                "give at least one cluster a weight above 0"
            )
        }
        if weighted.hasTotalWeight, UInt64(weighted.totalWeight.value) != total {
            refuse(
                path["total_weight"],
                "says \(weighted.totalWeight.value), but the weights add up to \(total)",
                "leave it out: the sum is taken"
            )
        }
    }

    private func entry(
        _ cluster: ClusterWeight,
        _ path: FieldPath,
        _ levels: HeaderLevels,
        _ matched: [String: MetadataValue],
        _ weight: UInt32
    ) -> WeightedClusters.Entry? {
        let name = clusterName(
            cluster.name,
            header: cluster.clusterHeader,
            path,
            validates: levels.scope.validatesClusters
        )
        let changes = levels.flattened(
            filterChain,
            entry: HeaderChanges(
                request: headerOperations(
                    adding: cluster.requestHeadersToAdd,
                    path["request_headers_to_add"],
                    removing: cluster.requestHeadersToRemove,
                    path["request_headers_to_remove"]
                ),
                response: headerOperations(
                    adding: cluster.responseHeadersToAdd,
                    path["response_headers_to_add"],
                    removing: cluster.responseHeadersToRemove,
                    path["response_headers_to_remove"]
                )
            ),
            entryFilters: filterOverrides(
                cluster.typedPerFilterConfig,
                path["typed_per_filter_config"]
            )
        )
        var own = matched
        if cluster.hasMetadataMatch {
            let given = metadataMatch(cluster.metadataMatch, path["metadata_match"])
            own.merge(given) { _, ofCluster in ofCluster }
        }
        let host = cluster.hostRewriteLiteral
        let rewrite =
            host.isEmpty
            ? nil : headText(host, path["host_rewrite_literal"], inRequestLine: true)
        return name.map {
            WeightedClusters.Entry(
                name: $0,
                weight: weight,
                requestHeaders: changes.request,
                responseHeaders: changes.response,
                metadataMatch: own,
                hostRewriteLiteral: rewrite
            )
        }
    }

    /// A cluster that is named in place, or by a header of the request.
    private func clusterName(
        _ name: String,
        header: String,
        _ path: FieldPath,
        validates: Bool
    ) -> WeightedClusters.Entry.Name? {
        if !name.isEmpty, !header.isEmpty {
            refuse(path["cluster_header"], "stands beside the name", "keep one of the two")
            return nil
        }
        if !header.isEmpty {
            return headerName(header, path["cluster_header"], allowsPseudo: true)
                .map { .header($0) }
        }
        checkCluster(name, path["name"], validates: validates)
        return .literal(name)
    }
}
