internal import Document
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
        outside = []
        let names = endpointDiscovery(cluster, path)
        let transport =
            cluster.hasTransportSocket
            ? upstreamTransport(cluster.transportSocket, path["transport_socket"])
            : UpstreamTransport()
        let matches = transportMatches(
            cluster.transportSocketMatches,
            path["transport_socket_matches"]
        )
        let typed = typedOptions(of: cluster, path)
        let http = upstreamHTTP(cluster, path, typed, [transport] + matches.map(\.transport))
        let limits = commonLimits(of: cluster, path, typed)
        let balance = balance(cluster, path, names.discovery)
        let members = members(cluster, path["load_assignment"], names.discovery)
        let breakers = path["circuit_breakers"]
        return ClusterConfiguration(
            name: cluster.name,
            statName: cluster.altStatName.isEmpty ? nil : cluster.altStatName,
            discovery: names.discovery,
            loadBalancing: balance.rule,
            balancing: balance.options,
            connectTimeoutMilliseconds: positive(
                cluster.hasConnectTimeout ? cluster.connectTimeout : nil,
                path["connect_timeout"],
                unset: 5_000,
                "leave it out for 5 s"
            ),
            endpoints: members.endpoints,
            localities: members.localities,
            healthChecks: healthChecks(cluster, path, http),
            outlierDetection: cluster.hasOutlierDetection
                ? outlierDetection(cluster.outlierDetection, path["outlier_detection"]) : nil,
            metadata: metadata(cluster.metadata),
            dnsFamily: names.family,
            dnsRefreshMilliseconds: names.refreshMilliseconds,
            respectsDNSTTL: names.respectsTTL,
            dns: names.options,
            circuitBreakers: circuitBreakers(cluster.circuitBreakers, breakers["thresholds"]),
            connectionsPerEndpointMax: connectionsPerEndpoint(
                cluster.circuitBreakers,
                breakers["per_host_thresholds"]
            ),
            requestsPerConnectionMax: cluster.hasMaxRequestsPerConnection
                ? cluster.maxRequestsPerConnection.value : limits.requestsPerConnectionMax,
            idleTimeoutMilliseconds: limits.idleTimeoutMilliseconds,
            connectionDurationMaxMilliseconds: limits.connectionDurationMaxMilliseconds,
            streamDurationMaxMilliseconds: limits.streamDurationMaxMilliseconds,
            preconnect: preconnect(cluster.preconnectPolicy, path["preconnect_policy"]),
            connection: connection(cluster, path, members.endpoints),
            closesConnectionsOnHealthFailure: cluster.closeConnectionsOnHostHealthFailure,
            ignoresHealthOnRemoval: cluster.ignoreHealthOnHostRemoval,
            tracksTimeoutBudgets: cluster.trackTimeoutBudgets
                || cluster.trackClusterStats.timeoutBudgets,
            tracksRequestSizes: cluster.trackClusterStats.requestResponseSizes,
            bufferLimitBytes: bufferLimit(
                cluster.hasPerConnectionBufferLimitBytes
                    ? cluster.perConnectionBufferLimitBytes : nil,
                path["per_connection_buffer_limit_bytes"]
            ),
            responseHeadBytesMax: limits.responseHeadBytesMax,
            responseHeaderCountMax: limits.headerCountMax,
            transport: transport,
            transportMatches: matches,
            upstreamProtocol: http.upstreamProtocol,
            http2: http.http2,
            takesServerNameFromHost: http.takesServerNameFromHost,
            serverNameHeader: http.serverNameHeader,
            verifiesServerNameOfHost: http.verifiesServerNameOfHost,
            fingerprint: Fingerprint.bytes(
                of: cluster,
                inherited: sharedByClusters.fingerprint + outside
            )
        )
    }

    /// Bytes that one side of an exchange may hold: Envoy's default is 1 MiB.
    func bufferLimit(_ value: Google_Protobuf_UInt32Value?, _ path: FieldPath) -> Int {
        guard let value else { return 1 << 20 }
        // 0 sets no limit in Envoy; here there always is one.
        return value.value == 0 ? 1 << 20 : Int(value.value)
    }
}
