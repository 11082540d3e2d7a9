internal import Model
internal import SwiftProtobuf

/// `envoy.config.listener.v3.Listener`.
extension Compilation {
    /// Open connections of a listener at the same time, where the runtime names no limit.
    ///
    /// A listener without a limit fills the memory of the pod that it shares with the app; at less
    /// than 8 kB for an idle connection this many stay below 160 MB.
    static let connectionsMax: UInt32 = 20_000

    func listeners(
        _ listeners: [Envoy_Config_Listener_V3_Listener],
        _ path: FieldPath
    ) -> [ListenerConfiguration] {
        var names: Set<String> = []
        var owners: [SocketAddress: String] = [:]
        return listeners.enumerated().compactMap { index, listener in
            let path = path[index]
            if !listener.name.isEmpty, !names.insert(listener.name).inserted {
                refuse(
                    path["name"],
                    "there is another listener \(quoted(listener.name))",
                    "names of listeners are unique"
                )
            }
            return self.listener(listener, at: index, path, &owners)
        }
    }

    private func listener(
        _ listener: Envoy_Config_Listener_V3_Listener,
        at index: Int,
        _ path: FieldPath,
        _ owners: inout [SocketAddress: String]
    ) -> ListenerConfiguration? {
        let accepts = listener.hasBindToPort ? listener.bindToPort.value : true
        let bound = addresses(of: listener, path)
        let name = listener.name.isEmpty ? bound.first.map { "\($0.address)" } : listener.name
        for (address, _, path) in bound where accepts && address.port != 0 {
            if let owner = owners[address] {
                refuse(
                    path,
                    "\(address) is already taken by listener \(quoted(owner))",
                    "an address belongs to one listener"
                )
            }
            owners[address] = name
        }
        if !accepts {
            warn(
                path["bind_to_port"],
                "the listener opens no socket, so nothing reaches it",
                "leave bind_to_port out"
            )
        }
        outside = []
        checkListenerFilters(listener.listenerFilters, path["listener_filters"])
        let manager = manager(of: listener, path)
        guard let first = bound.first, let manager else { return nil }
        return ListenerConfiguration(
            name: name ?? "",
            addresses: bound.map(\.address),
            statName: listener.statPrefix.isEmpty ? "\(first.address)" : listener.statPrefix,
            backlog: backlog(listener, path["tcp_backlog_size"]),
            connectionsMax: connectionLimits[listener.name]?.limit ?? Self.connectionsMax,
            bufferLimitBytes: bufferLimit(
                listener.hasPerConnectionBufferLimitBytes
                    ? listener.perConnectionBufferLimitBytes : nil,
                path["per_connection_buffer_limit_bytes"]
            ),
            unixMode: bound.compactMap(\.mode).first,
            accepts: accepts,
            filterChains: [FilterChainConfiguration(filter: .http(manager))],
            fingerprint: fingerprint(of: listener, at: index)
        )
    }

    /// The listener's bytes, with what it took from elsewhere: two with equal bytes are the same.
    private func fingerprint(
        of listener: Envoy_Config_Listener_V3_Listener,
        at index: Int
    ) -> [UInt8] {
        var inherited = outside
        let limit = connectionLimits[listener.name]?.limit ?? Self.connectionsMax
        inherited.append(contentsOf: Array("\(limit) \(options.explainsLocalReplies)".utf8))
        inherited.append(contentsOf: Array(" \(options.allowsUnconfiguredFilters)".utf8))
        return Fingerprint.bytes(of: serialized.listeners[index], inherited: inherited)
    }

    private func addresses(
        of listener: Envoy_Config_Listener_V3_Listener,
        _ path: FieldPath
    ) -> [(address: SocketAddress, mode: UInt32?, path: FieldPath)] {
        var bound: [(address: SocketAddress, mode: UInt32?, path: FieldPath)] = []
        if listener.hasAddress {
            if let first = bindAddress(listener.address, path["address"]) {
                bound.append((first.address, first.mode, path["address"]))
            }
        } else {
            refuse(
                path,
                "has no address",
                "give address: {socket_address: {address: 0.0.0.0, port_value: 15001}}"
            )
        }
        for (index, additional) in listener.additionalAddresses.enumerated() {
            let path = path["additional_addresses"][index]
            if !additional.hasAddress {
                refuse(path, "has no address", "give address: {socket_address: …}")
            } else if let next = bindAddress(additional.address, path["address"]) {
                bound.append((next.address, next.mode, path["address"]))
            }
        }
        return bound
    }

    private func backlog(
        _ listener: Envoy_Config_Listener_V3_Listener,
        _ path: FieldPath
    ) -> Int32 {
        guard listener.hasTcpBacklogSize else { return 4096 }
        if listener.tcpBacklogSize.value == 0 {
            refuse(path, "is 0, so no connection could wait", "leave it out for 4096")
        }
        return Int32(clamping: listener.tcpBacklogSize.value)
    }

    // MARK: - Filters

    private func checkListenerFilters(
        _ filters: [Envoy_Config_Listener_V3_ListenerFilter],
        _ path: FieldPath
    ) {
        typealias HTTP = Envoy_Extensions_Filters_Listener_HttpInspector_V3_HttpInspector
        typealias TLS = Envoy_Extensions_Filters_Listener_TlsInspector_V3_TlsInspector
        let inspectors = [
            "envoy.filters.listener.http_inspector", "envoy.filters.listener.tls_inspector",
        ]
        for (index, filter) in filters.enumerated() {
            let isInspector: Bool
            if case .typedConfig(let any) = filter.configType {
                isInspector = any.isA(HTTP.self) || any.isA(TLS.self)
            } else {
                isInspector = inspectors.contains(filter.name)
            }
            if !isInspector {
                refuse(
                    path[index],
                    "listener filter \(quoted(filter.name)) is not supported yet",
                    "known are " + inspectors.joined(separator: " and ")
                )
            }
        }
    }

    private func manager(
        of listener: Envoy_Config_Listener_V3_Listener,
        _ path: FieldPath
    ) -> HTTPConnectionManager? {
        if listener.filterChains.count > 1 {
            refuse(
                path["filter_chains"][1],
                "a second filter chain is not supported yet",
                "make it a listener of its own"
            )
        }
        if let chain = listener.filterChains.first {
            if listener.hasDefaultFilterChain {
                warn(
                    path["default_filter_chain"],
                    "is never used: the other chain takes everything",
                    "remove it"
                )
            }
            return manager(of: chain, path["filter_chains"][0])
        }
        if listener.hasDefaultFilterChain {
            return manager(of: listener.defaultFilterChain, path["default_filter_chain"])
        }
        refuse(
            path,
            "has no filter chain",
            "give filter_chains with a filter \(KnownFilters.connectionManager)"
        )
        return nil
    }

    private func manager(
        of chain: Envoy_Config_Listener_V3_FilterChain,
        _ path: FieldPath
    ) -> HTTPConnectionManager? {
        let filters = path["filters"]
        guard let filter = chain.filters.first else {
            refuse(filters, "is empty", "give one filter, \(KnownFilters.connectionManager)")
            return nil
        }
        if chain.filters.count > 1 {
            refuse(
                filters[1],
                "a second network filter is not supported yet",
                "keep \(KnownFilters.connectionManager) alone"
            )
        }
        let path = filters[0]
        guard case .typedConfig(let any) = filter.configType else {
            refuseUnconfigured(filter, path)
            return nil
        }
        guard any.isA(ManagerMessage.self) else {
            refuse(
                path,
                "network filter \(quoted(filter.name)) (\(typeName(any))) is not supported"
                    + " yet",
                "only \(KnownFilters.connectionManager) is"
            )
            return nil
        }
        guard let manager = unpack(any, as: ManagerMessage.self, path["typed_config"]) else {
            return nil
        }
        return connectionManager(manager, path["typed_config"])
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
        } else if KnownFilters.networkNames.contains(filter.name) {
            refuse(
                path,
                "network filter \(quoted(filter.name)) is not supported yet",
                "only \(KnownFilters.connectionManager) is"
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
