internal import FoundationEssentials
internal import SwiftProtobuf

/// A bootstrap as bytes, one piece for each listener and cluster.
///
/// Large messages are made from the inside out. The library asks a message for its size again at
/// each level around it, and an `Any` answers by serializing all that it holds, so 10,000 routes
/// would be written some forty times.
struct SerializedResources: Sendable {
    /// Everything but the listeners and clusters.
    private let frame: [UInt8]
    /// In the order of the file, as `clusters` are.
    let listeners: [[UInt8]]
    private(set) var clusters: [[UInt8]]
    /// The fingerprint of each filter chain by itself, by listener; the default chain is the last.
    let filterChains: [[[UInt8]]]

    init(_ bootstrap: Envoy_Config_Bootstrap_V3_Bootstrap) {
        let sealed = bootstrap.staticResources.listeners.map(Self.sealed)
        listeners = sealed.map { Self.serialize($0) }
        filterChains = sealed.map { listener in
            let standard = listener.hasDefaultFilterChain ? [listener.defaultFilterChain] : []
            return (listener.filterChains + standard).map { Fingerprint.bytes(of: $0) }
        }
        clusters = bootstrap.staticResources.clusters.map { Self.serialize($0) }
        var frame = bootstrap
        // Setting a field of `static_resources` would make them where there are none.
        if frame.hasStaticResources {
            frame.staticResources.listeners = []
            frame.staticResources.clusters = []
        }
        self.frame = Self.serialize(frame)
    }

    /// The messages again.
    var bootstrap: Envoy_Config_Bootstrap_V3_Bootstrap {
        var whole = Envoy_Config_Bootstrap_V3_Bootstrap()
        // What was serialized by this process can be read by it.
        if let read = try? Envoy_Config_Bootstrap_V3_Bootstrap(serializedBytes: frame) {
            whole = read
        }
        if !listeners.isEmpty {
            whole.staticResources.listeners = listeners.map {
                (try? Envoy_Config_Listener_V3_Listener(serializedBytes: $0)) ?? .init()
            }
        }
        if !clusters.isEmpty {
            whole.staticResources.clusters = clusters.map {
                (try? Envoy_Config_Cluster_V3_Cluster(serializedBytes: $0)) ?? .init()
            }
        }
        return whole
    }

    /// Puts other clusters in the place of those from this position on.
    mutating func replace(_ messages: [Envoy_Config_Cluster_V3_Cluster], from first: Int) {
        for (offset, message) in messages.enumerated() where first + offset < clusters.count {
            clusters[first + offset] = Self.serialize(message)
        }
    }

    // MARK: - From the inside out

    /// Equal messages have equal bytes: maps are written in the order of their keys.
    static func serialize(_ message: some Message) -> [UInt8] {
        var options = BinaryEncodingOptions()
        options.useDeterministicOrdering = true
        // Encoding fails only for messages with missing required fields, which proto3 has not.
        return (try? message.serializedBytes(partial: true, options: options)) ?? []
    }

    static func bytes(of listener: Envoy_Config_Listener_V3_Listener) -> [UInt8] {
        serialize(sealed(listener))
    }

    /// The listener with its connection managers as bytes.
    private static func sealed(
        _ listener: Envoy_Config_Listener_V3_Listener
    ) -> Envoy_Config_Listener_V3_Listener {
        var listener = listener
        for index in listener.filterChains.indices { seal(&listener.filterChains[index].filters) }
        if listener.hasDefaultFilterChain { seal(&listener.defaultFilterChain.filters) }
        return listener
    }

    private static func seal(_ filters: inout [Envoy_Config_Listener_V3_Filter]) {
        for index in filters.indices {
            guard case .typedConfig(let any) = filters[index].configType,
                any.isA(Compilation.ManagerMessage.self),
                let manager = try? Compilation.ManagerMessage(unpackingAny: any)
            else { continue }
            var sealed = Google_Protobuf_Any()
            sealed.typeURL = any.typeURL
            sealed.value = Data(bytes(of: manager))
            filters[index].typedConfig = sealed
        }
    }

    private static func bytes(of manager: Compilation.ManagerMessage) -> [UInt8] {
        guard case .routeConfig(let table) = manager.routeSpecifier else {
            return serialize(manager)
        }
        var frame = manager
        frame.routeSpecifier = nil
        var bytes = serialize(frame)
        append(self.bytes(of: table), asField: 4, to: &bytes)
        return bytes
    }

    private static func bytes(
        of table: Envoy_Config_Route_V3_RouteConfiguration
    ) -> [UInt8] {
        var frame = table
        frame.virtualHosts = []
        var bytes = serialize(frame)
        for host in table.virtualHosts {
            var frame = host
            frame.routes = []
            var inner = serialize(frame)
            for route in host.routes { append(serialize(route), asField: 3, to: &inner) }
            append(inner, asField: 2, to: &bytes)
        }
        return bytes
    }

    /// Appends a message inside a message: its number and wire type 2, its length, its bytes.
    private static func append(
        _ message: [UInt8],
        asField number: UInt8,
        to bytes: inout [UInt8]
    ) {
        bytes.append(number << 3 | 2)
        var length = message.count
        while length >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: length) | 0x80)
            length >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: length))
        bytes.append(contentsOf: message)
    }
}
