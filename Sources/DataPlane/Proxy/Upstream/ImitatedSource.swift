import Glibc
import Model

/// The client's address, which a connection to an endpoint takes for its own (`original_src`).
///
/// Needs CAP_NET_ADMIN, and routes that bring the answers back, which find them by the mark.
struct ImitatedSource: Hashable {
    /// Port 0: any, so that one connection serves all of one client's.
    let address: SocketAddress
    /// SO_MARK; 0: none.
    let mark: UInt32

    /// Nil where the client has no address to take.
    init?(of client: SocketAddress, _ options: ListenerFilters.OriginalSource) {
        if case .unix = client { return nil }
        address = options.bindsPort ? client : client.with(port: 0)
        mark = options.mark
    }

    /// Marks the socket and binds it; an endpoint of the other family is reached as ever.
    func apply(to descriptor: Int32, for endpoint: SocketAddress) throws(SystemCallError) {
        let (level, transparent): (Int32, Int32)
        switch (address, endpoint) {
        case (.ipv4, .ipv4): (level, transparent) = (Int32(IPPROTO_IP), IP_TRANSPARENT)
        // IPV6_TRANSPARENT, which the C library's module does not show.
        case (.ipv6, .ipv6): (level, transparent) = (Int32(IPPROTO_IPV6), 75)
        default: return
        }
        if mark != 0 {
            try SystemCall.set(
                descriptor,
                level: SOL_SOCKET,
                option: SO_MARK,
                Int32(bitPattern: mark)
            )
        }
        try SystemCall.set(descriptor, level: level, option: transparent, 1)
        if address.port == 0 {
            try SystemCall.set(
                descriptor,
                level: Int32(IPPROTO_IP),
                option: IP_BIND_ADDRESS_NO_PORT,
                1
            )
        }
        try SystemCall.bind(descriptor, to: address)
    }
}
