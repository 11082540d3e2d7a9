internal import Document
internal import Model
internal import SwiftProtobuf

/// Where the endpoints of a cluster come from, and how their names are looked up.
struct EndpointDiscovery {
    var discovery: ClusterConfiguration.Discovery = .static
    var family: ClusterConfiguration.DNSFamily = .auto
    var refreshMilliseconds: Int64 = 5_000
    var respectsTTL = false
    var options = DNSOptions()
}

/// `Cluster.type` and `Cluster.cluster_type`, with the fields of either that concern DNS.
extension Compilation {
    private typealias DNSCluster = Envoy_Extensions_Clusters_Dns_V3_DnsCluster

    func endpointDiscovery(
        _ cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath
    ) -> EndpointDiscovery {
        if case .clusterType(let type) = cluster.clusterDiscoveryType, type.hasTypedConfig {
            let path = path["cluster_type"]["typed_config"]
            guard let dns = unpack(type.typedConfig, as: DNSCluster.self, path) else {
                return EndpointDiscovery()
            }
            return discovery(dns, path)
        }
        var found = EndpointDiscovery()
        found.discovery = discovery(cluster, path)
        if !found.discovery.usesDNS { warnOfUnusedDNS(cluster, path, found.discovery) }
        if case .originalDestination = found.discovery {
        } else {
            warnOfUnusedDestination(cluster, path)
        }
        found.family = family(cluster, path["dns_lookup_family"])
        found.refreshMilliseconds = refresh(
            cluster.hasDnsRefreshRate ? cluster.dnsRefreshRate : nil,
            path["dns_refresh_rate"],
            unset: 5_000
        )
        found.respectsTTL = cluster.respectDnsTtl
        found.options =
            nameServers(of: cluster, path, otherwise: sharedByClusters.nameServers)
            .options
        found.options.jitterMilliseconds = duration(
            cluster.hasDnsJitter ? cluster.dnsJitter : nil,
            path["dns_jitter"],
            unset: 0
        )
        if cluster.hasDnsFailureRefreshRate {
            let rate = cluster.dnsFailureRefreshRate
            setFailureRefresh(
                rate.hasBaseInterval ? rate.baseInterval : nil,
                rate.hasMaxInterval ? rate.maxInterval : nil,
                path["dns_failure_refresh_rate"],
                &found.options
            )
        }
        return found
    }

    /// The kind of the cluster, by the enum or by the name of an extension without a configuration.
    private func discovery(
        _ cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath
    ) -> ClusterConfiguration.Discovery {
        guard case .clusterType(let type) = cluster.clusterDiscoveryType else {
            switch known(cluster.type, path["type"]) {
            case .strictDns: return .strictDNS
            case .logicalDns: return .logicalDNS
            case .originalDst: return .originalDestination(originalDestination(cluster, path))
            default: return .static
            }
        }
        let names = [
            "envoy.cluster.static", "envoy.cluster.strict_dns", "envoy.cluster.logical_dns",
            "envoy.cluster.original_dst",
        ]
        switch type.name {
        case names[0]: return .static
        case names[1]: return .strictDNS
        case names[2]: return .logicalDNS
        case names[3]: return .originalDestination(originalDestination(cluster, path))
        case "envoy.clusters.dns", "envoy.cluster.dns":
            refuse(
                path["cluster_type"],
                "has no configuration",
                "give typed_config with @type: type.googleapis.com/" + DNSCluster.protoMessageName
            )
        case "":
            refuse(path["cluster_type"]["name"], "is empty", "give type: STATIC instead")
        default:
            refuse(
                path["cluster_type"]["name"],
                "\(quoted(type.name)) is not supported yet",
                "supported: \(names.joined(separator: ", ")), envoy.clusters.dns"
            )
        }
        return .static
    }

    private func discovery(_ dns: DNSCluster, _ path: FieldPath) -> EndpointDiscovery {
        var found = EndpointDiscovery()
        found.discovery = dns.allAddressesInSingleEndpoint ? .logicalDNS : .strictDNS
        found.family =
            switch known(dns.dnsLookupFamily, path["dns_lookup_family"]) {
            case .v4Only: .v4Only
            case .v6Only: .v6Only
            case .v4Preferred: .v4Preferred
            case .all: .all
            default: .auto
            }
        found.refreshMilliseconds = refresh(
            dns.hasDnsRefreshRate ? dns.dnsRefreshRate : nil,
            path["dns_refresh_rate"],
            unset: 5_000
        )
        found.respectsTTL = dns.respectDnsTtl
        found.options =
            dns.hasTypedDnsResolverConfig
            ? nameServers(dns.typedDnsResolverConfig, path["typed_dns_resolver_config"]).options
            : sharedByClusters.nameServers.options
        found.options.jitterMilliseconds = duration(
            dns.hasDnsJitter ? dns.dnsJitter : nil,
            path["dns_jitter"],
            unset: 0
        )
        if dns.hasDnsFailureRefreshRate {
            let rate = dns.dnsFailureRefreshRate
            setFailureRefresh(
                rate.hasBaseInterval ? rate.baseInterval : nil,
                rate.hasMaxInterval ? rate.maxInterval : nil,
                path["dns_failure_refresh_rate"],
                &found.options
            )
        }
        return found
    }

    private func family(
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

    /// An interval between questions: longer than the millisecond that Envoy asks for, too.
    private func refresh(
        _ value: Google_Protobuf_Duration?,
        _ path: FieldPath,
        unset: Int64
    ) -> Int64 {
        let count = positive(value, path, unset: unset, "leave it out for 5 s")
        if let value, count == 1, value.seconds == 0, value.nanos > 0 {
            refuse(path, "must be longer than 1ms", "leave it out for 5 s")
        }
        return count
    }

    private func setFailureRefresh(
        _ base: Google_Protobuf_Duration?,
        _ longest: Google_Protobuf_Duration?,
        _ path: FieldPath,
        _ options: inout DNSOptions
    ) {
        guard let base else {
            refuse(path["base_interval"], "is missing", "give the first interval, for example 1s")
            return
        }
        let first = refresh(base, path["base_interval"], unset: 5_000)
        let (tenfold, overflows) = first.multipliedReportingOverflow(by: 10)
        let last = refresh(
            longest,
            path["max_interval"],
            unset: overflows ? first : tenfold
        )
        if last < first {
            refuse(
                path["max_interval"],
                "is shorter than base_interval",
                "the intervals grow from base_interval to max_interval"
            )
        }
        options.failureRefreshBaseMilliseconds = first
        options.failureRefreshMaxMilliseconds = last
    }

    /// Fields that concern DNS have no effect where no name is looked up.
    private func warnOfUnusedDNS(
        _ cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath,
        _ discovery: ClusterConfiguration.Discovery
    ) {
        let kind = discovery == .static ? "a STATIC" : "an ORIGINAL_DST"
        let given: [(StaticString, Bool)] = [
            ("dns_refresh_rate", cluster.hasDnsRefreshRate),
            ("dns_failure_refresh_rate", cluster.hasDnsFailureRefreshRate),
            ("dns_jitter", cluster.hasDnsJitter),
            ("respect_dns_ttl", cluster.respectDnsTtl),
            ("dns_lookup_family", cluster.dnsLookupFamily != .auto),
            ("dns_resolvers", !cluster.dnsResolvers.isEmpty),
            ("use_tcp_for_dns_lookups", cluster.useTcpForDnsLookups),
            ("dns_resolution_config", cluster.hasDnsResolutionConfig),
            ("typed_dns_resolver_config", cluster.hasTypedDnsResolverConfig),
        ]
        for (name, isGiven) in given where isGiven {
            warn(
                path[name],
                "has no effect in \(kind) cluster",
                "leave it out, or use type: STRICT_DNS for names"
            )
        }
    }
}
