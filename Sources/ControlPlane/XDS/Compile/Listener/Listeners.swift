internal import Document
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
            let isHandedConnections = listeners.indices.contains {
                $0 != index && listeners[$0].useOriginalDst.value
            }
            if listener.hasBindToPort, !listener.bindToPort.value, !isHandedConnections {
                warn(
                    path["bind_to_port"],
                    "the listener opens no socket, so nothing reaches it",
                    "leave bind_to_port out, or give another listener use_original_dst: true"
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
        outside = []
        let chains = filterChains(of: listener, at: index, path)
        let filters = listenerFilters(listener, path)
        warnOfMissingInspectors(filters, listener, path)
        let logs = accessLogs(listener.accessLog, path["access_log"])
        let logFilters = accessLogFilters(listener.accessLog, path["access_log"])
        guard let first = bound.first, !chains.isEmpty else { return nil }
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
            filterChains: chains.chains,
            defaultFilterChain: chains.standard,
            filters: filters,
            handsOffOriginalDestination: listener.useOriginalDst.value,
            isTransparent: listener.transparent.value,
            isFreebind: listener.freebind.value,
            accessLogs: logs,
            accessLogFilters: logFilters,
            fingerprint: fingerprint(of: listener, at: index)
        )
    }

    /// The listener's bytes, with what it took from elsewhere: two with equal bytes are the same.
    private func fingerprint(
        of listener: Envoy_Config_Listener_V3_Listener,
        at index: Int
    ) -> [UInt8] {
        let limit = connectionLimits[listener.name]?.limit ?? Self.connectionsMax
        let inherited = outside + Array("\(limit) ".utf8) + inheritedByChains
        return Fingerprint.bytes(of: serialized.listeners[index], inherited: inherited)
    }

    /// What every filter chain takes from the command line.
    var inheritedByChains: [UInt8] {
        Array("\(options.explainsLocalReplies) \(options.allowsUnconfiguredFilters)".utf8)
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
}
