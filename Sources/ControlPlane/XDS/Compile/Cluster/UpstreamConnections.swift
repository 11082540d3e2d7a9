internal import Model
internal import SwiftProtobuf

/// `upstream_bind_config`, `upstream_connection_options` and `preconnect_policy`.
extension Compilation {
    /// What the system takes for keepalive: seconds and probes (tcp(7)).
    private static let keepAliveSecondsMax = 32_767
    private static let keepAliveProbesMax = 127

    func connection(
        _ cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath,
        _ endpoints: [EndpointConfiguration]
    ) -> UpstreamConnectionOptions {
        let sources =
            cluster.hasUpstreamBindConfig
            ? upstreamSources(cluster.upstreamBindConfig, path["upstream_bind_config"])
            : sharedByClusters.sources
        var connection = UpstreamConnectionOptions()
        connection.sources = sources.addresses
        connection.usesFreebind = sources.usesFreebind
        connection.options = sources.options
        let options = cluster.upstreamConnectionOptions
        let path = path["upstream_connection_options"]
        if options.hasTcpKeepalive {
            connection.keepAlive = keepAlive(options.tcpKeepalive, path["tcp_keepalive"])
        }
        connection.prefersIPv4First = Self.startsWithIPv4(endpoints)
        if options.hasHappyEyeballsConfig {
            readHappyEyeballs(
                options.happyEyeballsConfig,
                path["happy_eyeballs_config"],
                endpoints,
                &connection
            )
        }
        return connection
    }

    /// Whether the endpoints with several addresses begin with IPv4.
    private static func startsWithIPv4(_ endpoints: [EndpointConfiguration]) -> Bool {
        guard let endpoint = endpoints.first(where: { !$0.additionalAddresses.isEmpty }),
            case .address(let address) = endpoint.location
        else { return false }
        return isIPv4(address)
    }

    private func keepAlive(
        _ given: Envoy_Config_Core_V3_TcpKeepalive,
        _ path: FieldPath
    ) -> UpstreamConnectionOptions.KeepAlive {
        var keepAlive = UpstreamConnectionOptions.KeepAlive()
        if given.hasKeepaliveProbes {
            keepAlive.probes = UInt32(
                count(
                    given.keepaliveProbes.value,
                    path["keepalive_probes"],
                    1...Self.keepAliveProbesMax
                )
            )
        }
        if given.hasKeepaliveTime {
            keepAlive.idleSeconds = UInt32(
                count(
                    given.keepaliveTime.value,
                    path["keepalive_time"],
                    1...Self.keepAliveSecondsMax
                )
            )
        }
        if given.hasKeepaliveInterval {
            keepAlive.intervalSeconds = UInt32(
                count(
                    given.keepaliveInterval.value,
                    path["keepalive_interval"],
                    1...Self.keepAliveSecondsMax
                )
            )
        }
        return keepAlive
    }

    private func readHappyEyeballs(
        _ config: Envoy_Config_Cluster_V3_UpstreamConnectionOptions.HappyEyeballsConfig,
        _ path: FieldPath,
        _ endpoints: [EndpointConfiguration],
        _ connection: inout UpstreamConnectionOptions
    ) {
        switch known(config.firstAddressFamilyVersion, path["first_address_family_version"]) {
        case .v4: connection.prefersIPv4First = true
        case .v6: connection.prefersIPv4First = false
        default: break
        }
        guard config.hasFirstAddressFamilyCount else { return }
        let wanted = config.firstAddressFamilyCount.value
        let place = path["first_address_family_count"]
        if wanted == 0 {
            refuse(place, "is 0", "give at least 1: so many addresses before the other version")
            return
        }
        connection.firstFamilyCount = wanted
        let most = endpoints.map { $0.additionalAddresses.count + 1 }.max() ?? 0
        let asksDNS = endpoints.contains {
            if case .name = $0.location { return true }
            return false
        }
        if !asksDNS, most > 0, Int(wanted) > most {
            warn(
                place,
                "\(wanted) is more than any endpoint has addresses, which is \(most)",
                "give at most \(most)"
            )
        }
    }

    func preconnect(
        _ policy: Envoy_Config_Cluster_V3_Cluster.PreconnectPolicy,
        _ path: FieldPath
    ) -> Preconnect {
        var preconnect = Preconnect()
        if policy.hasPerUpstreamPreconnectRatio {
            preconnect.perUpstreamRatio = ratio(
                policy.perUpstreamPreconnectRatio.value,
                path["per_upstream_preconnect_ratio"]
            )
        }
        if policy.hasPredictivePreconnectRatio {
            preconnect.predictiveRatio = ratio(
                policy.predictivePreconnectRatio.value,
                path["predictive_preconnect_ratio"]
            )
        }
        return preconnect
    }

    private func ratio(_ value: Double, _ path: FieldPath) -> Double {
        if (1...3).contains(value) { return value }
        refuse(
            path,
            "\(value) is out of range",
            "give 1.0, which opens no connection early, to 3.0"
        )
        return 1
    }
}
