internal import Document
internal import Model
internal import Policy
internal import SwiftProtobuf

/// The filter chains of one listener.
struct CompiledChains {
    var chains: [FilterChainConfiguration] = []
    /// `default_filter_chain`, or the only chain where it alone is given.
    var standard: FilterChainConfiguration?

    /// No chain could be made of what is there.
    var isEmpty: Bool { chains.isEmpty && standard == nil }
}

/// `envoy.config.listener.v3.FilterChain`: which connections, how their bytes are wrapped, and what
/// happens to them.
extension Compilation {
    private typealias ChainMessage = Envoy_Config_Listener_V3_FilterChain
    private typealias TCPMessage = Envoy_Extensions_Filters_Network_TcpProxy_V3_TcpProxy

    /// Chains of one listener at most: each pair of them is compared.
    private static var chainsMax: Int { 4096 }

    func filterChains(
        of listener: Envoy_Config_Listener_V3_Listener,
        at position: Int,
        _ path: FieldPath
    ) -> CompiledChains {
        var compiled = CompiledChains()
        let chains = path["filter_chains"]
        if listener.filterChains.count > Self.chainsMax {
            refuse(
                chains,
                "has \(listener.filterChains.count) chains",
                "at most \(Self.chainsMax) are allowed"
            )
            return compiled
        }
        let start = problemCount
        checkChainNames(listener, path)
        var isComplete = true
        for (index, chain) in listener.filterChains.enumerated() {
            let found = filterChain(
                chain,
                chains[index],
                resource: serialized.filterChains[position][index]
            )
            if let found { compiled.chains.append(found) } else { isComplete = false }
        }
        if listener.hasDefaultFilterChain {
            let place = path["default_filter_chain"]
            compiled.standard = filterChain(
                listener.defaultFilterChain,
                place,
                resource: serialized.filterChains[position].last ?? []
            )
            if listener.defaultFilterChain.hasFilterChainMatch {
                warn(
                    place["filter_chain_match"],
                    "has no effect: the default chain takes what no other takes",
                    "remove it"
                )
            }
            if compiled.chains.contains(where: \.match.isEmpty) {
                warn(place, "is never used: another chain takes everything", "remove it")
            }
        }
        if listener.filterChains.isEmpty, !listener.hasDefaultFilterChain {
            refuse(
                path,
                "has no filter chain",
                "give filter_chains with a filter \(KnownFilters.connectionManager)"
            )
        }
        if isComplete, problemCount == start { checkOverlap(compiled.chains, chains) }
        return compiled
    }

    /// Says so where two chains have the same name: what is counted and logged by it is of both.
    private func checkChainNames(
        _ listener: Envoy_Config_Listener_V3_Listener,
        _ path: FieldPath
    ) {
        var named = listener.filterChains.enumerated().map { index, chain in
            (name: chain.name, path: path["filter_chains"][index])
        }
        if listener.hasDefaultFilterChain {
            named.append((listener.defaultFilterChain.name, path["default_filter_chain"]))
        }
        var names: Set<String> = []
        for (name, place) in named where !name.isEmpty && !names.insert(name).inserted {
            warn(
                place["name"],
                "there is another filter chain \(quoted(name))",
                "logs and statistics tell chains apart by their names"
            )
        }
    }

    /// Refuses chains of which a connection could not say which one takes it, as Envoy does.
    private func checkOverlap(_ chains: [FilterChainConfiguration], _ path: FieldPath) {
        guard let (first, second) = FilterChainSelection.firstOverlap(chains.map(\.match))
        else { return }
        let name = chains[first].name
        let other = name.isEmpty ? "filter_chains[\(first)]" : "filter chain \(quoted(name))"
        refuse(
            path[second]["filter_chain_match"],
            chains[second].match.isEmpty
                ? "takes every connection, as \(other) does"
                : "takes connections that \(other) takes as well",
            "chains may share a value of a condition only where another condition differs"
        )
    }

    private func filterChain(
        _ chain: ChainMessage,
        _ path: FieldPath,
        resource: [UInt8]
    ) -> FilterChainConfiguration? {
        let before = outside
        outside = []
        defer { outside = before + outside }
        let match = filterChainMatch(chain.filterChainMatch, path["filter_chain_match"])
        var tls: DownstreamTLSConfiguration?
        if chain.hasTransportSocket {
            tls = downstreamTransport(
                chain.transportSocket,
                for: chain.filterChainMatch.serverNames,
                path["transport_socket"]
            )
        }
        let timeout = path["transport_socket_connect_timeout"]
        var connectTimeout: Int64?
        if chain.hasTransportSocketConnectTimeout {
            let given = milliseconds(chain.transportSocketConnectTimeout, timeout)
            connectTimeout = given == 0 ? Self.neverMilliseconds : given
            if !chain.hasTransportSocket {
                warn(timeout, "has no effect without TLS", "give transport_socket, or remove it")
            }
        }
        guard let filter = networkFilter(of: chain, path["filters"]) else { return nil }
        warnOfProtocols(tls, filter, path)
        return FilterChainConfiguration(
            name: chain.name,
            match: match,
            tls: tls,
            transportConnectTimeoutMilliseconds: connectTimeout,
            filter: filter,
            fingerprint: Fingerprint.bytes(of: resource, inherited: outside + inheritedByChains)
        )
    }

    /// Says so where a handshake cannot agree on the version of HTTP that the chain speaks.
    private func warnOfProtocols(
        _ tls: DownstreamTLSConfiguration?,
        _ filter: NetworkFilter,
        _ path: FieldPath
    ) {
        guard case .http(let manager) = filter, let tls else { return }
        let offered = tls.common.alpn
        let place = path["transport_socket"]["typed_config"]["common_tls_context"]["alpn_protocols"]
        if manager.codec == .http2, !offered.contains(Array("h2".utf8)) {
            warn(
                offered.isEmpty ? path["transport_socket"] : place,
                "clients are not told of HTTP/2, which this chain speaks",
                "give alpn_protocols: [h2] in common_tls_context"
            )
        } else if manager.codec == .http1, offered.contains(Array("h2".utf8)) {
            warn(
                place,
                "clients are offered h2, but codec_type is HTTP1",
                "leave h2 out, or write codec_type: AUTO"
            )
        }
    }

    // MARK: - Network filters

    private func networkFilter(of chain: ChainMessage, _ path: FieldPath) -> NetworkFilter? {
        guard let first = chain.filters.first else {
            refuse(
                path,
                "is empty",
                "give one filter, \(KnownFilters.connectionManager) or \(KnownFilters.tcpProxy)"
            )
            return nil
        }
        let filter = networkFilter(first, path[0])
        for (index, other) in chain.filters.enumerated().dropFirst() {
            if index == 1, filter != nil {
                refuse(
                    path[index],
                    "a second network filter is not supported yet",
                    "keep \(quoted(first.name)) alone"
                )
            } else {
                _ = networkFilter(other, path[index])
            }
        }
        return filter
    }

    private func networkFilter(
        _ filter: Envoy_Config_Listener_V3_Filter,
        _ path: FieldPath
    ) -> NetworkFilter? {
        guard case .typedConfig(let any) = filter.configType else {
            refuseUnconfigured(filter, path)
            return nil
        }
        let place = path["typed_config"]
        if any.isA(ManagerMessage.self) {
            guard let manager = unpack(any, as: ManagerMessage.self, place) else { return nil }
            return .http(connectionManager(manager, place))
        }
        if any.isA(TCPMessage.self) {
            guard let proxy = unpack(any, as: TCPMessage.self, place) else { return nil }
            return tcpProxy(proxy, place).map { .tcp($0) }
        }
        refuse(
            path,
            "network filter \(quoted(filter.name)) (\(typeName(any))) is not supported yet",
            Self.supportedFilters
        )
        return nil
    }

    private static var supportedFilters: String {
        "only \(KnownFilters.connectionManager) and \(KnownFilters.tcpProxy) are"
    }

    private func refuseUnconfigured(
        _ filter: Envoy_Config_Listener_V3_Filter,
        _ path: FieldPath
    ) {
        if filter.name == KnownFilters.connectionManager {
            refuse(
                path,
                "has no typed_config",
                "give the HttpConnectionManager: its stat_prefix, routes and filters"
            )
        } else if filter.name == KnownFilters.tcpProxy {
            refuse(
                path,
                "has no typed_config",
                "give the TcpProxy: its stat_prefix and cluster"
            )
        } else if KnownFilters.networkNames.contains(filter.name) {
            refuse(
                path,
                "network filter \(quoted(filter.name)) is not supported yet",
                Self.supportedFilters
            )
        } else {
            refuse(
                path["name"],
                "there is no network filter \(quoted(filter.name))",
                Self.filterHint(
                    filter.name,
                    prefix: "envoy.filters.network.",
                    KnownFilters.networkNames
                )
            )
        }
    }
}
