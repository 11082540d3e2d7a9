/// Versions of the PROXY protocol.
package enum ProxyProtocolVersion: UInt8, Sendable { case v1 = 1, v2 = 2 }

/// How bytes to an endpoint are wrapped (`transport_socket` of a cluster).
package struct UpstreamTransport: Sendable {
    /// nil: in clear.
    package var tls: UpstreamTLSConfiguration?
    /// A PROXY header goes first, with the addresses of the client's connection.
    package var proxyProtocol: ProxyProtocolVersion?

    package init(tls: UpstreamTLSConfiguration? = nil, proxyProtocol: ProxyProtocolVersion? = nil) {
        self.tls = tls
        self.proxyProtocol = proxyProtocol
    }
}

/// `TransportSocketMatch`: the transport for endpoints with this metadata
/// (`envoy.transport_socket_match`); the first that matches is taken.
package struct TransportMatch: Sendable {
    package var name: String
    /// Every entry must be the endpoint's; empty: all endpoints match.
    package var match: [String: MetadataValue]
    package var transport: UpstreamTransport

    package init(name: String, match: [String: MetadataValue], transport: UpstreamTransport) {
        self.name = name
        self.match = match
        self.transport = transport
    }
}

/// Which versions of HTTP a cluster's endpoints speak.
package enum UpstreamProtocol: Sendable, Equatable {
    case http1
    case http2
    /// What the handshake's ALPN says (`auto_config`).
    case negotiated
    /// The same as the request came in (`use_downstream_protocol_config`).
    case asDownstream(allowsHTTP2: Bool)
}

/// ORIGINAL_DST: the endpoint is where the client wanted to go.
package struct OriginalDestination: Sendable, Equatable {
    /// A request's header may name the address, lower case; nil: none does.
    package var header: ByteString?
    package var portOverride: UInt16?
    /// An address that nobody wants is forgotten after this many milliseconds, at the latest after
    /// twice as many.
    package var cleanupMilliseconds: Int64

    package init(
        header: ByteString? = nil,
        portOverride: UInt16? = nil,
        cleanupMilliseconds: Int64 = 5_000
    ) {
        self.header = header
        self.portOverride = portOverride
        self.cleanupMilliseconds = cleanupMilliseconds
    }
}
