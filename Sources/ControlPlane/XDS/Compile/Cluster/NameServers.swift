internal import Model
internal import SwiftProtobuf

/// Which name servers are asked, and how; without the intervals.
struct NameServers {
    var options = DNSOptions()
}

/// What both a cluster and the bootstrap say of DNS, in the three ways that the API has had.
protocol NameServerFields {
    var useTcpForDnsLookups: Bool { get }
    var hasDnsResolutionConfig: Bool { get }
    var dnsResolutionConfig: Envoy_Config_Core_V3_DnsResolutionConfig { get }
    var hasTypedDnsResolverConfig: Bool { get }
    var typedDnsResolverConfig: Envoy_Config_Core_V3_TypedExtensionConfig { get }
    var dnsResolvers: [Envoy_Config_Core_V3_Address] { get }
}

extension Envoy_Config_Cluster_V3_Cluster: NameServerFields {}

extension Envoy_Config_Bootstrap_V3_Bootstrap: NameServerFields {
    var dnsResolvers: [Envoy_Config_Core_V3_Address] { [] }
}

extension Compilation {
    private typealias CAres = Envoy_Extensions_Network_DnsResolver_Cares_V3_CaresDnsResolverConfig

    /// The newest of the three ways counts; `otherwise` where none is used.
    func nameServers(
        of fields: some NameServerFields,
        _ path: FieldPath,
        otherwise: NameServers
    ) -> NameServers {
        let given: [(name: StaticString, isGiven: Bool)] = [
            ("typed_dns_resolver_config", fields.hasTypedDnsResolverConfig),
            ("dns_resolution_config", fields.hasDnsResolutionConfig),
            ("dns_resolvers", !fields.dnsResolvers.isEmpty),
            ("use_tcp_for_dns_lookups", fields.useTcpForDnsLookups),
        ]
        let used = given.filter(\.isGiven)
        guard let first = used.first else { return otherwise }
        // The last two are one way together.
        for other in used.dropFirst() where used.first?.name.description != "dns_resolvers" {
            warn(
                path[other.name],
                "has no effect beside \(first.name)",
                "leave it out"
            )
        }
        if fields.hasTypedDnsResolverConfig {
            return nameServers(fields.typedDnsResolverConfig, path["typed_dns_resolver_config"])
        }
        if fields.hasDnsResolutionConfig {
            let config = fields.dnsResolutionConfig
            let path = path["dns_resolution_config"]
            if config.resolvers.isEmpty {
                refuse(path["resolvers"], "is empty", "give the addresses of name servers")
            }
            return nameServers(
                config.resolvers,
                path["resolvers"],
                config.dnsResolverOptions
            )
        }
        var options = Envoy_Config_Core_V3_DnsResolverOptions()
        options.useTcpForDnsLookups = fields.useTcpForDnsLookups
        var found = nameServers(fields.dnsResolvers, path["dns_resolvers"], options)
        if fields.dnsResolvers.isEmpty {
            found.options.servers = otherwise.options.servers
            found.options.skipsSearchDomains = otherwise.options.skipsSearchDomains
        }
        return found
    }

    /// An extension of `envoy.extensions.network.dns_resolver`.
    func nameServers(
        _ extensionConfig: Envoy_Config_Core_V3_TypedExtensionConfig,
        _ path: FieldPath
    ) -> NameServers {
        let path = path["typed_config"]
        guard let config = unpack(extensionConfig.typedConfig, as: CAres.self, path) else {
            return NameServers()
        }
        return nameServers(config.resolvers, path["resolvers"], config.dnsResolverOptions)
    }

    private func nameServers(
        _ addresses: [Envoy_Config_Core_V3_Address],
        _ path: FieldPath,
        _ options: Envoy_Config_Core_V3_DnsResolverOptions
    ) -> NameServers {
        var found = NameServers()
        found.options.usesTCP = options.useTcpForDnsLookups
        found.options.skipsSearchDomains = options.noDefaultSearchDomain
        var texts: [String] = []
        for (index, address) in addresses.enumerated() {
            guard
                case .address(let server) = location(address, path[index], for: .nameServer)
            else { continue }
            if case .unix = server {
                refuse(path[index]["pipe"], "is no name server", "give an IP address")
                continue
            }
            texts.append(server.port == 0 ? server.host : server.description)
        }
        if !texts.isEmpty { found.options.servers = texts.joined(separator: ",") }
        return found
    }
}
