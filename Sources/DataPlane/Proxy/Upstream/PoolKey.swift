import Model

/// What connections of one pool have in common, beside their endpoint.
struct PoolKey: Hashable {
    enum Mode: Hashable {
        case http1, http2, negotiated
        /// Bytes as they are, for one exchange (CONNECT that ends here).
        case raw
    }

    var mode: Mode
    /// `auto_sni`: the request's host.
    var serverName: ByteString = ""
    /// `auto_san_validation`: the request's host, which may be an address; nil: none is demanded.
    var verifiedHost: ByteString?
    /// The PROXY header that goes first: one client's connections are no other's.
    var proxyHeader: [UInt8] = []
    /// The client whose address is imitated.
    var source: ImitatedSource?

    var options: ConnectOptions {
        ConnectOptions(
            serverName: serverName,
            verifiedHost: verifiedHost,
            alpn: mode.alpn,
            proxyHeader: proxyHeader,
            source: source
        )
    }
}

extension PoolKey.Mode {
    private static let h2: [UInt8] = [0x68, 0x32]
    private static let http11 = Array("http/1.1".utf8)

    fileprivate var alpn: [[UInt8]] {
        switch self {
        case .http1: [Self.http11]
        case .http2: [Self.h2]
        case .negotiated: [Self.h2, Self.http11]
        case .raw: []
        }
    }
}
