internal import Model
internal import SwiftProtobuf

/// `envoy.config.core.v3.TransportSocket`: how the bytes of connections are wrapped.
extension Compilation {
    private typealias Socket = Envoy_Config_Core_V3_TransportSocket
    private typealias DownstreamTLS =
        Envoy_Extensions_TransportSockets_Tls_V3_DownstreamTlsContext
    private typealias UpstreamTLS = Envoy_Extensions_TransportSockets_Tls_V3_UpstreamTlsContext
    private typealias RawBuffer = Envoy_Extensions_TransportSockets_RawBuffer_V3_RawBuffer
    private typealias ProxyProtocol =
        Envoy_Extensions_TransportSockets_ProxyProtocol_V3_ProxyProtocolUpstreamTransport

    /// The transport of a filter chain for some names; nil: in clear, or a problem.
    func downstreamTransport(
        _ socket: Envoy_Config_Core_V3_TransportSocket,
        for serverNames: [String],
        _ path: FieldPath
    ) -> DownstreamTLSConfiguration? {
        guard let any = configuration(of: socket, path, DownstreamTLS.protoMessageName)
        else { return nil }
        let path = path["typed_config"]
        if any.isA(RawBuffer.self) { return nil }
        guard let context = unpack(any, as: DownstreamTLS.self, path) else { return nil }
        return downstreamTLS(context, for: serverNames, path)
    }

    /// The transport of a cluster, or of some of its endpoints.
    func upstreamTransport(
        _ socket: Envoy_Config_Core_V3_TransportSocket,
        _ path: FieldPath
    ) -> UpstreamTransport {
        guard let any = configuration(of: socket, path, UpstreamTLS.protoMessageName)
        else { return UpstreamTransport() }
        let path = path["typed_config"]
        if any.isA(RawBuffer.self) { return UpstreamTransport() }
        if any.isA(ProxyProtocol.self) {
            guard let outer = unpack(any, as: ProxyProtocol.self, path)
            else { return UpstreamTransport() }
            var transport = UpstreamTransport()
            if outer.hasTransportSocket {
                let inner = path["transport_socket"]
                if case .typedConfig(let any) = outer.transportSocket.configType,
                    any.isA(ProxyProtocol.self)
                {
                    refuse(
                        inner,
                        "is the PROXY protocol again",
                        "one header goes before the bytes; give tls or raw_buffer"
                    )
                } else {
                    transport = upstreamTransport(outer.transportSocket, inner)
                }
            } else {
                refuse(
                    path,
                    "has no transport_socket",
                    "say how the bytes after the header go: {name: raw_buffer, typed_config: …}"
                )
            }
            transport.proxyProtocol = proxyProtocolVersion(outer.config, path["config"])
            return transport
        }
        guard let context = unpack(any, as: UpstreamTLS.self, path)
        else { return UpstreamTransport() }
        return UpstreamTransport(tls: upstreamTLS(context, path))
    }

    /// How the header is written: Envoy's default is version 1.
    func proxyProtocolVersion(
        _ config: Envoy_Config_Core_V3_ProxyProtocolConfig,
        _ path: FieldPath
    ) -> ProxyProtocolVersion {
        known(config.version, path["version"]) == .v2 ? .v2 : .v1
    }

    /// The configuration of a socket; nil, and a problem, where it has none.
    private func configuration(
        of socket: Envoy_Config_Core_V3_TransportSocket,
        _ path: FieldPath,
        _ type: String
    ) -> Google_Protobuf_Any? {
        if socket.name.isEmpty {
            refuse(path["name"], "is empty", "write name: envoy.transport_sockets.tls")
        }
        if case .typedConfig(let any) = socket.configType { return any }
        if socket.name.isEmpty { return nil }
        let isInClear = socket.name == "envoy.transport_sockets.raw_buffer"
        refuse(
            path,
            "has no configuration",
            "give typed_config with @type: type.googleapis.com/"
                + (isInClear ? RawBuffer.protoMessageName : type)
        )
        return nil
    }

    /// `Cluster.TransportSocketMatch`.
    func transportMatches(
        _ matches: [Envoy_Config_Cluster_V3_Cluster.TransportSocketMatch],
        _ path: FieldPath
    ) -> [TransportMatch] {
        var isCovered = false
        return matches.enumerated().map { index, match in
            let path = path[index]
            if match.name.isEmpty {
                refuse(path["name"], "is empty", "name the match; statistics refer to it")
            }
            if isCovered {
                warn(path, "is never used: a match before it takes every endpoint", "remove it")
            }
            if match.match.fields.isEmpty { isCovered = true }
            var transport = UpstreamTransport()
            if match.hasTransportSocket {
                transport = upstreamTransport(match.transportSocket, path["transport_socket"])
            } else {
                refuse(path, "has no transport_socket", "say how the bytes are wrapped")
            }
            return TransportMatch(
                name: match.name,
                match: Self.metadataFields(match.match),
                transport: transport
            )
        }
    }
}
