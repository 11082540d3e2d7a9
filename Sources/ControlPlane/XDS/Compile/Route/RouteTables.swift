internal import Document
internal import Model
internal import SwiftProtobuf

/// `envoy.config.route.v3.RouteConfiguration`: virtual hosts, and the tables of their domains.
extension Compilation {
    func routeTable(
        _ table: Envoy_Config_Route_V3_RouteConfiguration,
        _ path: FieldPath
    ) -> RouteTable {
        refuseUnsupported(table, path)
        let validates = table.hasValidateClusters ? table.validateClusters.value : true
        let headers = HeaderChanges(
            request: headerOperations(
                adding: table.requestHeadersToAdd,
                path["request_headers_to_add"],
                removing: table.requestHeadersToRemove,
                path["request_headers_to_remove"]
            ),
            response: headerOperations(
                adding: table.responseHeadersToAdd,
                path["response_headers_to_add"],
                removing: table.responseHeadersToRemove,
                path["response_headers_to_remove"]
            )
        )
        let scope = RouteScope(
            validatesClusters: validates,
            directBodyBytesMax: directBodyBytesMax(table, path),
            mostSpecificHeadersLast: table.mostSpecificHeaderMutationsWins,
            headers: headers,
            mirrors: mirrorPolicies(
                table.requestMirrorPolicies,
                path["request_mirror_policies"],
                validatesClusters: validates
            ),
            filters: filterOverrides(table.typedPerFilterConfig, path["typed_per_filter_config"])
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
            addDomains(of: host, index, path["domains"], to: &domains)
            hosts.append(virtualHost(host, path, scope))
        }
        let internalOnly = table.internalOnlyHeaders.enumerated().compactMap { index, name in
            headerName(name, path["internal_only_headers"][index], allowsPseudo: false)
        }
        return RouteTable(
            name: table.name,
            virtualHosts: hosts,
            exactDomains: domains.exact,
            suffixDomains: domains.suffixes.sorted { $0.suffix.count > $1.suffix.count },
            prefixDomains: domains.prefixes.sorted { $0.prefix.count > $1.prefix.count },
            defaultVirtualHost: domains.everything,
            ignoresPort: table.ignorePortInHostMatching,
            internalOnlyHeaders: internalOnly,
            responseHeaders: filterChain.changes([scope.filters]).response
        )
    }

    private func refuseUnsupported(
        _ table: Envoy_Config_Route_V3_RouteConfiguration,
        _ path: FieldPath
    ) {
        if table.ignorePathParametersInPathMatching {
            refuse(
                path["ignore_path_parameters_in_path_matching"],
                "it is not supported yet",
                "match the parameters with safe_regex"
            )
        }
        if !table.vhostHeader.isEmpty {
            refuse(path["vhost_header"], "it is not supported yet", "the host is in :authority")
        }
        if table.hasMetadata {
            warn(path["metadata"], "has no effect: only metadata of routes are read", "remove it")
        }
    }

    private func directBodyBytesMax(
        _ table: Envoy_Config_Route_V3_RouteConfiguration,
        _ path: FieldPath
    ) -> Int {
        guard table.hasMaxDirectResponseBodySizeBytes else { return 4096 }
        let most = 16 << 20
        let given = table.maxDirectResponseBodySizeBytes.value
        if given > UInt32(most) {
            refuse(
                path["max_direct_response_body_size_bytes"],
                "\(given) bytes would be kept in memory for each response",
                "give at most \(most)"
            )
            return most
        }
        return Int(given)
    }

    private func virtualHost(
        _ host: Envoy_Config_Route_V3_VirtualHost,
        _ path: FieldPath,
        _ scope: RouteScope
    ) -> VirtualHost {
        let hostScope = hostScope(host, path, scope)
        let routes = host.routes.enumerated().compactMap { index, route in
            self.route(route, path["routes"][index], scope, hostScope, number: index + 1)
        }
        warnOfShadowed(host, path["routes"])
        if host.hasMetadata {
            warn(path["metadata"], "has no effect: only metadata of routes are read", "remove it")
        }
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
            includesAttemptCountInResponse: host.includeAttemptCountInResponse,
            includesIsTimeoutRetry: host.includeIsTimeoutRetryHeader,
            virtualClusters: virtualClusters(host.virtualClusters, path["virtual_clusters"])
        )
    }

    private func hostScope(
        _ host: Envoy_Config_Route_V3_VirtualHost,
        _ path: FieldPath,
        _ scope: RouteScope
    ) -> HostScope {
        let policy =
            host.hasRetryPolicy ? retryPolicy(host.retryPolicy, path["retry_policy"]) : nil
        let mirrors =
            host.requestMirrorPolicies.isEmpty
            ? scope.mirrors
            : mirrorPolicies(
                host.requestMirrorPolicies,
                path["request_mirror_policies"],
                validatesClusters: scope.validatesClusters
            )
        return HostScope(
            name: host.name,
            retryPolicy: policy,
            hedges: host.hedgePolicy.hedgeOnPerTryTimeout,
            headers: HeaderChanges(
                request: headerOperations(
                    adding: host.requestHeadersToAdd,
                    path["request_headers_to_add"],
                    removing: host.requestHeadersToRemove,
                    path["request_headers_to_remove"]
                ),
                response: headerOperations(
                    adding: host.responseHeadersToAdd,
                    path["response_headers_to_add"],
                    removing: host.responseHeadersToRemove,
                    path["response_headers_to_remove"]
                )
            ),
            mirrors: mirrors,
            filters: filterOverrides(host.typedPerFilterConfig, path["typed_per_filter_config"]),
            bufferLimitBytes: requestBufferLimit(
                host.hasRequestBodyBufferLimit ? host.requestBodyBufferLimit.value : nil,
                old: host.hasPerRequestBufferLimitBytes
                    ? host.perRequestBufferLimitBytes.value : nil,
                path
            )
        )
    }

    /// `request_body_buffer_limit`, or `per_request_buffer_limit_bytes` as it was called before.
    func requestBufferLimit(_ given: UInt64?, old: UInt32?, _ path: FieldPath) -> Int? {
        let most: UInt64 = 1 << 30
        if given != nil, old != nil {
            warn(
                path["per_request_buffer_limit_bytes"],
                "has no effect beside request_body_buffer_limit",
                "it is the older name of the same; remove it"
            )
        }
        guard let bytes = given ?? old.map(UInt64.init) else { return nil }
        if bytes > most {
            refuse(
                given == nil
                    ? path["per_request_buffer_limit_bytes"] : path["request_body_buffer_limit"],
                "\(bytes) bytes of one request would be kept in memory",
                "give at most \(most)"
            )
            return nil
        }
        return Int(bytes)
    }

    private func virtualClusters(
        _ clusters: [Envoy_Config_Route_V3_VirtualCluster],
        _ path: FieldPath
    ) -> [VirtualCluster] {
        var names: Set<String> = []
        return clusters.enumerated().map { index, cluster in
            let path = path[index]
            if cluster.name.isEmpty {
                refuse(path["name"], "is empty", "name it; statistics are …vcluster.<name>.…")
            } else if !names.insert(cluster.name).inserted {
                warn(
                    path["name"],
                    "there is another virtual cluster \(quoted(cluster.name))",
                    "their statistics are counted together"
                )
            }
            if cluster.headers.isEmpty {
                refuse(
                    path,
                    "has no headers",
                    "say which requests it counts, for example headers: [{name: \":method\","
                        + " string_match: {exact: GET}}]"
                )
            }
            return VirtualCluster(
                name: cluster.name,
                headers: headerMatchers(cluster.headers, path["headers"])
            )
        }
    }

    /// Says so where a route stands behind one that takes everything: it is never reached.
    private func warnOfShadowed(_ host: Envoy_Config_Route_V3_VirtualHost, _ path: FieldPath) {
        let everything = host.routes.firstIndex { route in
            let match = route.match
            guard case .prefix(let prefix) = match.pathSpecifier else { return false }
            return (prefix.isEmpty || prefix == "/") && match.headers.isEmpty
                && match.queryParameters.isEmpty && !match.hasGrpc && !match.hasRuntimeFraction
                && match.cookies.isEmpty
        }
        // A CONNECT request has no path, so no prefix takes it.
        let later = host.routes.indices.first { index in
            guard let everything, index > everything else { return false }
            if case .connectMatcher = host.routes[index].match.pathSpecifier { return false }
            return true
        }
        guard let everything, let later else { return }
        warn(
            path[later],
            "is never reached: route \(everything + 1) takes every request",
            "the first route that matches decides; move the general one to the end"
        )
    }
}
