import Model
import Policy
import Wire

/// What of a request decides about the connections that it may use.
extension Exchange {
    /// Which host its connection's handshake asks for (`auto_sni`), and whose certificate it has to
    /// see (`auto_san_validation`).
    func nameHost(in key: inout PoolKey, _ cluster: ClusterConfiguration) {
        let asks = cluster.takesServerNameFromHost || cluster.serverNameHeader != nil
        guard asks || cluster.verifiesServerNameOfHost else { return }
        let head = request
        var slice = head.authority
        if let name = cluster.serverNameHeader {
            let bytes = name.bytes
            if let found = head.first(named: bytes.span), !found.isEmpty { slice = found }
        }
        let host = NamedHost(of: head.span(slice))
        // An address is no server's name (RFC 6066 section 3), but a certificate may be for one.
        if asks, !host.isAddress { key.serverName = host.text }
        if cluster.verifiesServerNameOfHost { key.verifiedHost = host.text }
    }
}

/// The host of an authority, without a port and an address's brackets.
struct NamedHost {
    /// An address is written as certificates' addresses are; empty: there is no host.
    let text: ByteString
    let isAddress: Bool

    init(of authority: Span<UInt8>) {
        var host = authority
        if !host.isEmpty, host[0] == 0x5b {
            host = host.extracting(1..<(host.firstIndex(of: 0x5d) ?? 1))
        } else if AddressText.address(of: host) == nil, let colon = host.firstIndex(of: 0x3a) {
            host = host.extracting(..<colon)
        }
        let address = AddressText.address(of: host)
        isAddress = address != nil
        text = address.map { ByteString($0.host) } ?? ByteString(copying: host)
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
