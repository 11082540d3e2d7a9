internal import Model
internal import SwiftProtobuf

/// `envoy.config.route.v3.RouteConfiguration`: virtual hosts, and the tables of their domains.
extension Compilation {
    func routeTable(
        _ table: Envoy_Config_Route_V3_RouteConfiguration,
        _ path: FieldPath
    ) -> RouteTable {
        let scope = RouteScope(
            validatesClusters: table.hasValidateClusters ? table.validateClusters.value : true,
            directBodyBytesMax: table.hasMaxDirectResponseBodySizeBytes
                ? Int(table.maxDirectResponseBodySizeBytes.value) : 4096
        )
        if table.virtualHosts.isEmpty {
            warn(
                path["virtual_hosts"],
                "is empty, so every request is answered with 404",
                "give at least one virtual host, for example with domains: [\"*\"]"
            )
        }
        var names: Set<String> = []
        var domains = DomainTables()
        var hosts: [VirtualHost] = []
        for (index, host) in table.virtualHosts.enumerated() {
            let path = path["virtual_hosts"][index]
            if host.name.isEmpty {
                refuse(path["name"], "is empty", "name the virtual host; explanations show it")
            } else if !names.insert(host.name).inserted {
                refuse(
                    path["name"],
                    "there is another virtual host \(quoted(host.name))",
                    "names of virtual hosts are unique in their table"
                )
            }
            add(host, index, path["domains"], to: &domains)
            hosts.append(virtualHost(host, path, scope))
        }
        return RouteTable(
            name: table.name,
            virtualHosts: hosts,
            exactDomains: domains.exact,
            suffixDomains: domains.suffixes.sorted { $0.suffix.count > $1.suffix.count },
            prefixDomains: domains.prefixes.sorted { $0.prefix.count > $1.prefix.count },
            defaultVirtualHost: domains.everything
        )
    }

    /// What holds for all routes of a table.
    struct RouteScope {
        let validatesClusters: Bool
        let directBodyBytesMax: Int
    }

    private struct DomainTables {
        var exact = ByteTable<Int>()
        var suffixes: [(suffix: ByteString, virtualHost: Int)] = []
        var prefixes: [(prefix: ByteString, virtualHost: Int)] = []
        var everything: Int?
        /// Every domain in lower case, to the name of its virtual host.
        var owners: [ByteString: String] = [:]
    }

    private func add(
        _ host: Envoy_Config_Route_V3_VirtualHost,
        _ index: Int,
        _ path: FieldPath,
        to tables: inout DomainTables
    ) {
        if host.domains.isEmpty {
            refuse(
                path,
                "is empty, so no request would reach the virtual host",
                "give at least one; \"*\" is every host"
            )
        }
        for (position, text) in host.domains.enumerated() {
            let path = path[position]
            guard checkDomain(text, path) else { continue }
            let domain = ByteString(text).lowercased
            if let owner = tables.owners[domain] {
                refuse(
                    path,
                    "\(quoted(text)) is already a domain of "
                        + (owner == host.name
                            ? "this virtual host" : "virtual host \(quoted(owner))"),
                    "a domain stands once in a table, whatever its case"
                )
                continue
            }
            tables.owners[domain] = host.name
            let star = UInt8(ascii: "*")
            if domain == "*" {
                tables.everything = index
            } else if domain.bytes.first == star {
                tables.suffixes.append((ByteString(Array(domain.bytes.dropFirst())), index))
            } else if domain.bytes.last == star {
                tables.prefixes.append((ByteString(Array(domain.bytes.dropLast())), index))
            } else {
                tables.exact.insert(domain, index)
            }
        }
    }

    private func checkDomain(_ domain: String, _ path: FieldPath) -> Bool {
        let bytes = Array(domain.utf8)
        let stars = bytes.count { $0 == UInt8(ascii: "*") }
        if bytes.isEmpty {
            refuse(path, "is empty", "give a host such as app.example.com; \"*\" is every host")
        } else if stars > 1
            || (stars == 1 && bytes.first != UInt8(ascii: "*") && bytes.last != UInt8(ascii: "*"))
        {
            refuse(
                path,
                "\(quoted(domain)) has a star in the wrong place",
                "one star, as the first or the last character: *.example.com or app.*"
            )
        } else if domain.contains("://") || bytes.contains(UInt8(ascii: "/")) {
            refuse(path, "\(quoted(domain)) is not a host", "leave the scheme and the path out")
        } else if bytes.contains(where: { $0 <= 0x20 || $0 == 0x7f }) {
            refuse(path, "\(quoted(domain)) is not a host", "leave the white space out")
        } else {
            return true
        }
        return false
    }

    private func virtualHost(
        _ host: Envoy_Config_Route_V3_VirtualHost,
        _ path: FieldPath,
        _ scope: RouteScope
    ) -> VirtualHost {
        let policy =
            host.hasRetryPolicy ? retryPolicy(host.retryPolicy, path["retry_policy"]) : nil
        let routes = host.routes.enumerated().compactMap { index, route in
            self.route(
                route,
                path["routes"][index],
                scope,
                number: index + 1,
                virtualHost: host.name,
                retryPolicy: policy
            )
        }
        warnOfShadowed(host, path["routes"])
        let requirement: VirtualHost.TLSRequirement
        switch known(host.requireTls, path["require_tls"]) {
        case .externalOnly: requirement = .externalOnly
        case .all: requirement = .all
        default: requirement = .none
        }
        return VirtualHost(
            name: host.name,
            domains: host.domains,
            routes: routes,
            tlsRequirement: requirement,
            includesAttemptCountInRequest: host.includeRequestAttemptCount,
            includesAttemptCountInResponse: host.includeAttemptCountInResponse
        )
    }

    /// Says so where a route stands behind one that takes everything: it is never reached.
    private func warnOfShadowed(_ host: Envoy_Config_Route_V3_VirtualHost, _ path: FieldPath) {
        let everything = host.routes.firstIndex { route in
            let match = route.match
            guard case .prefix(let prefix) = match.pathSpecifier else { return false }
            return (prefix.isEmpty || prefix == "/") && match.headers.isEmpty
                && match.queryParameters.isEmpty && !match.hasGrpc && !match.hasRuntimeFraction
        }
        guard let everything, everything + 1 < host.routes.count else { return }
        warn(
            path[everything + 1],
            "is never reached: route \(everything + 1) takes every request",
            "the first route that matches decides; move the general one to the end"
        )
    }
}
