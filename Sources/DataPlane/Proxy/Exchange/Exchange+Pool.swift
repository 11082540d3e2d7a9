import Model
import Policy
import Wire

/// What of a request decides about the connections that it may use.
extension Exchange {
    /// The name that its connection's handshake asks for (`auto_sni`); empty: the configured one.
    func serverName(for cluster: ClusterConfiguration) -> ByteString {
        guard cluster.takesServerNameFromHost || cluster.serverNameHeader != nil else { return "" }
        let head = request
        var slice = head.authority
        if let name = cluster.serverNameHeader {
            let bytes = name.bytes
            slice = head.first(named: bytes.span) ?? .empty
        }
        let whole = head.span(slice)
        var end = whole.count
        if let colon = whole.firstIndex(of: 0x3a) { end = colon }
        let host = whole.extracting(..<end)
        // An address is no server's name (RFC 6066 section 3).
        if host.isEmpty || host[0] == 0x5b || AddressText.address(of: host) != nil { return "" }
        return ByteString(copying: host)
    }
}

/// The PROXY header that goes before an endpoint's first byte.
enum ProxyHeader {
    static func bytes(_ version: ProxyProtocolVersion, for exchange: Exchange) -> [UInt8] {
        let source = exchange.original ?? exchange
        guard let downstream = source.downstream else { return bytes(version, nil, nil) }
        return bytes(version, downstream.peer.remoteAddress, downstream.localAddress)
    }

    static func bytes(
        _ version: ProxyProtocolVersion,
        _ source: SocketAddress?,
        _ destination: SocketAddress?
    ) -> [UInt8] {
        var header: [UInt8] = []
        switch version {
        case .v1:
            ProxyProtocolWriter.appendV1(source: source, destination: destination, to: &header)
        case .v2:
            _ = ProxyProtocolWriter.appendV2(
                source: source,
                destination: destination,
                to: &header
            )
        }
        return header
    }
}
