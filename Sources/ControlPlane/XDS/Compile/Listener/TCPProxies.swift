internal import Document
internal import Model
internal import SwiftProtobuf

/// `TcpProxy`: connections are relayed byte for byte.
extension Compilation {
    private typealias ProxyMessage = Envoy_Extensions_Filters_Network_TcpProxy_V3_TcpProxy

    func tcpProxy(
        _ proxy: Envoy_Extensions_Filters_Network_TcpProxy_V3_TcpProxy,
        _ path: FieldPath
    ) -> TCPProxyConfiguration? {
        if proxy.statPrefix.isEmpty {
            refuse(path["stat_prefix"], "is empty", "name it; statistics are tcp.<stat_prefix>.…")
        }
        let destination = destination(proxy, path)
        let idle = timeout(
            proxy.hasIdleTimeout ? proxy.idleTimeout : nil,
            path["idle_timeout"],
            unset: 3_600_000
        )
        let duration = positiveIfGiven(
            proxy.hasMaxDownstreamConnectionDuration ? proxy.maxDownstreamConnectionDuration : nil,
            path["max_downstream_connection_duration"],
            "leave it out for no limit"
        )
        var attempts: UInt32 = 1
        if proxy.hasMaxConnectAttempts {
            attempts = proxy.maxConnectAttempts.value
            if attempts == 0 {
                refuse(
                    path["max_connect_attempts"],
                    "is 0, so no endpoint would be tried",
                    "leave it out for 1"
                )
            }
        }
        let hashes = hashesAddress(proxy, path["hash_policy"])
        let logs = accessLogs(proxy.accessLog, path["access_log"])
        let filters = accessLogFilters(proxy.accessLog, path["access_log"])
        let matched =
            proxy.hasMetadataMatch
            ? metadataMatch(proxy.metadataMatch, path["metadata_match"]) : [:]
        guard let destination else { return nil }
        return TCPProxyConfiguration(
            statPrefix: proxy.statPrefix,
            destination: destination,
            idleTimeoutMilliseconds: idle,
            durationMaxMilliseconds: duration,
            connectAttemptsMax: attempts,
            accessLogs: logs,
            accessLogFilters: filters,
            hashesSourceAddress: hashes,
            metadataMatch: matched,
            logTimes: logTimes(proxy, path)
        )
    }

    // MARK: - Where to

    private func destination(
        _ proxy: ProxyMessage,
        _ path: FieldPath
    ) -> TCPProxyConfiguration.Destination? {
        switch proxy.clusterSpecifier {
        case .cluster(let name):
            checkRelayCluster(name, path["cluster"])
            return .cluster(name)
        case .weightedClusters(let weighted):
            return shares(weighted, path["weighted_clusters"]["clusters"])
        case nil:
            refuse(path, "names no cluster", "give cluster or weighted_clusters")
            return nil
        }
    }

    private func shares(
        _ weighted: ProxyMessage.WeightedCluster,
        _ path: FieldPath
    ) -> TCPProxyConfiguration.Destination? {
        if weighted.clusters.isEmpty {
            refuse(path, "is empty", "give at least one cluster with its weight")
            return nil
        }
        var total: UInt64 = 0
        for (index, cluster) in weighted.clusters.enumerated() {
            checkRelayCluster(cluster.name, path[index]["name"])
            if cluster.weight == 0 {
                refuse(
                    path[index]["weight"],
                    "is not at least 1",
                    "remove a cluster without a share"
                )
            }
            total += UInt64(cluster.weight)
        }
        if total > UInt64(UInt32.max) {
            refuse(
                path,
                "the weights add up to \(total)",
                "their sum is at most \(UInt32.max); 0 to 100 is usual"
            )
        }
        return .weighted(weighted.clusters.map { (name: $0.name, weight: $0.weight) })
    }

    /// A cluster that is not there closes the connections, as in Envoy; it is no problem of the
    /// listener.
    private func checkRelayCluster(_ name: String, _ path: FieldPath) {
        if name.isEmpty {
            refuse(path, "is empty", "give the name of a cluster")
        } else if !clusterNameSet.contains(name) {
            warn(
                path,
                "there is no cluster \(quoted(name)), so its connections are closed",
                didYouMean(
                    name,
                    among: clusterNames,
                    otherwise: "add it to static_resources.clusters"
                )
            )
        }
    }

    private func hashesAddress(_ proxy: ProxyMessage, _ path: FieldPath) -> Bool {
        if proxy.hashPolicy.count > 1 {
            refuse(path[1], "is a second policy", "a connection is hashed by one")
        }
        guard let policy = proxy.hashPolicy.first else { return false }
        guard case .sourceIp = policy.policySpecifier else {
            refuse(path[0], "says nothing to hash", "give source_ip: {}")
            return false
        }
        return true
    }

    // MARK: - Logs

    private func logTimes(
        _ proxy: ProxyMessage,
        _ path: FieldPath
    ) -> TCPProxyConfiguration.LogTimes {
        var times = TCPProxyConfiguration.LogTimes()
        let given = proxy.accessLogOptions
        let options = path["access_log_options"]
        if proxy.hasAccessLogOptions,
            proxy.hasAccessLogFlushInterval || proxy.flushAccessLogOnConnected
        {
            refuse(
                proxy.flushAccessLogOnConnected
                    ? path["flush_access_log_on_connected"] : path["access_log_flush_interval"],
                "stands beside access_log_options",
                "say all of it in access_log_options"
            )
        }
        times.atStart = given.flushAccessLogOnStart
        times.onConnected = given.flushAccessLogOnConnected || proxy.flushAccessLogOnConnected
        let isOlder = proxy.hasAccessLogFlushInterval
        if isOlder || given.hasAccessLogFlushInterval {
            times.everyMilliseconds = positiveIfGiven(
                isOlder ? proxy.accessLogFlushInterval : given.accessLogFlushInterval,
                isOlder
                    ? path["access_log_flush_interval"] : options["access_log_flush_interval"],
                "leave it out for lines at the end alone"
            )
        }
        return times
    }
}
