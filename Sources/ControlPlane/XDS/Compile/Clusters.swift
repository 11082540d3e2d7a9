internal import Model
internal import SwiftProtobuf

/// `envoy.config.cluster.v3.Cluster`.
extension Compilation {
    func clusters(
        _ clusters: [Envoy_Config_Cluster_V3_Cluster],
        _ path: FieldPath
    ) -> [ClusterConfiguration] {
        clusters.enumerated().map { index, cluster in
            self.cluster(cluster, path[index])
        }
    }

    /// Notes the names first, since routes are compiled against all of them.
    func collectClusterNames(_ clusters: [Envoy_Config_Cluster_V3_Cluster], _ path: FieldPath) {
        for (index, cluster) in clusters.enumerated() {
            let path = path[index]["name"]
            if cluster.name.isEmpty {
                refuse(path, "is empty", "name the cluster; routes and statistics refer to it")
            } else if clusterNameSet.insert(cluster.name).inserted {
                clusterNames.append(cluster.name)
            } else {
                refuse(
                    path,
                    "there is another cluster \(quoted(cluster.name))",
                    "names of clusters are unique"
                )
            }
        }
    }

    private func cluster(
        _ cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath
    ) -> ClusterConfiguration {
        let discovery: ClusterConfiguration.Discovery
        switch known(cluster.type, path["type"]) {
        case .strictDns: discovery = .strictDNS
        case .logicalDns: discovery = .logicalDNS
        default: discovery = .static
        }
        let protocolOptions = httpOptions(of: cluster, path)
        let common = protocolOptions.options
        let limits = messageLimits(common, protocolOptions.path)
        return ClusterConfiguration(
            name: cluster.name,
            statName: cluster.altStatName.isEmpty ? nil : cluster.altStatName,
            discovery: discovery,
            loadBalancing: loadBalancing(cluster, path),
            connectTimeoutMilliseconds: positive(
                cluster.hasConnectTimeout ? cluster.connectTimeout : nil,
                path["connect_timeout"],
                unset: 5_000,
                "leave it out for 5 s"
            ),
            endpoints: endpoints(cluster, path["load_assignment"], discovery),
            dnsFamily: dnsFamily(cluster, path["dns_lookup_family"]),
            dnsRefreshMilliseconds: dnsRefresh(cluster, path["dns_refresh_rate"]),
            respectsDNSTTL: cluster.respectDnsTtl,
            circuitBreakers: circuitBreakers(
                cluster.circuitBreakers,
                path["circuit_breakers"]["thresholds"]
            ),
            requestsPerConnectionMax: cluster.hasMaxRequestsPerConnection
                ? cluster.maxRequestsPerConnection.value : limits.requestsPerConnectionMax,
            idleTimeoutMilliseconds: limits.idleTimeoutMilliseconds,
            connectionDurationMaxMilliseconds: limits.connectionDurationMaxMilliseconds,
            bufferLimitBytes: bufferLimit(
                cluster.hasPerConnectionBufferLimitBytes
                    ? cluster.perConnectionBufferLimitBytes : nil,
                path["per_connection_buffer_limit_bytes"]
            ),
            responseHeadBytesMax: limits.responseHeadBytesMax,
            responseHeaderCountMax: limits.headerCountMax,
            fingerprint: fingerprint(cluster)
        )
    }

    /// Bytes that one side of an exchange may hold: Envoy's default is 1 MiB.
    func bufferLimit(_ value: Google_Protobuf_UInt32Value?, _ path: FieldPath) -> Int {
        guard let value else { return 1 << 20 }
        if value.value < 4096 {
            refuse(
                path,
                "\(value.value) bytes are too few to relay anything",
                "give at least 4096, or leave it out for 1048576"
            )
        }
        return Int(value.value)
    }

    private func loadBalancing(
        _ cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath
    ) -> ClusterConfiguration.LoadBalancing {
        var choices: UInt32 = 2
        if case .leastRequestLbConfig(let config) = cluster.lbConfig, config.hasChoiceCount {
            choices = config.choiceCount.value
            if choices < 2 {
                refuse(
                    path["least_request_lb_config"]["choice_count"],
                    "\(choices) leaves nothing to choose from",
                    "give at least 2"
                )
            }
        }
        switch known(cluster.lbPolicy, path["lb_policy"]) {
        case .leastRequest: return .leastRequest(choices: choices)
        case .random: return .random
        default: return .roundRobin
        }
    }

    private func dnsFamily(
        _ cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath
    ) -> ClusterConfiguration.DNSFamily {
        switch known(cluster.dnsLookupFamily, path) {
        case .v4Only: .v4Only
        case .v6Only: .v6Only
        case .v4Preferred: .v4Preferred
        case .all: .all
        default: .auto
        }
    }

    private func dnsRefresh(
        _ cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath
    ) -> Int64 {
        positive(
            cluster.hasDnsRefreshRate ? cluster.dnsRefreshRate : nil,
            path,
            unset: 5_000,
            "leave it out for 5 s"
        )
    }

    private func circuitBreakers(
        _ breakers: Envoy_Config_Cluster_V3_CircuitBreakers,
        _ path: FieldPath
    ) -> [CircuitBreakerThresholds] {
        var compiled = [CircuitBreakerThresholds(), CircuitBreakerThresholds()]
        var isGiven = [false, false]
        for (index, given) in breakers.thresholds.enumerated() {
            let priority = priority(given.priority, path[index]["priority"])
            if isGiven[priority.rawValue] {
                refuse(
                    path[index]["priority"],
                    "there are two sets of thresholds for this priority",
                    "give one set for DEFAULT and one for HIGH"
                )
            }
            isGiven[priority.rawValue] = true
            var limits = CircuitBreakerThresholds()
            if given.hasMaxConnections { limits.connectionsMax = given.maxConnections.value }
            if given.hasMaxPendingRequests {
                limits.pendingRequestsMax = given.maxPendingRequests.value
            }
            if given.hasMaxRequests { limits.requestsMax = given.maxRequests.value }
            if given.hasMaxRetries { limits.retriesMax = given.maxRetries.value }
            compiled[priority.rawValue] = limits
        }
        return compiled
    }

    /// The set of circuit breakers that a priority names.
    func priority(
        _ value: Envoy_Config_Core_V3_RoutingPriority,
        _ path: FieldPath
    ) -> RoutingPriority {
        known(value, path) == .high ? .high : .normal
    }

    /// The resource itself, serialized: equal where every field is equal, without the chance that a
    /// hash would leave.
    private func fingerprint(_ cluster: Envoy_Config_Cluster_V3_Cluster) -> [UInt8] {
        var options = BinaryEncodingOptions()
        options.useDeterministicOrdering = true
        return (try? cluster.serializedBytes(partial: true, options: options)) ?? []
    }
}
