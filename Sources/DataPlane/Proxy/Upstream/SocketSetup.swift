import CLinux
import Glibc
import Model

extension UpstreamConnectionOptions {
    /// Prepares a socket: its own address, options, keep-alive probes.
    ///
    /// An address that is imitated is stronger than the cluster's own: then this binds none.
    func apply(
        to descriptor: Int32,
        for address: SocketAddress,
        bindsSource: Bool = true
    ) throws(SystemCallError) {
        if let keepAlive { try apply(keepAlive, to: descriptor) }
        for option in options { try apply(option, to: descriptor) }
        guard bindsSource, let source = sources.first(where: { $0.isIPv4 == address.isIPv4 })
        else { return }
        if usesFreebind {
            try SystemCall.set(descriptor, level: Int32(IPPROTO_IP), option: IP_FREEBIND, 1)
        }
        if source.port == 0 {
            // The port is chosen when the socket connects: then one port serves many peers.
            try SystemCall.set(
                descriptor,
                level: Int32(IPPROTO_IP),
                option: IP_BIND_ADDRESS_NO_PORT,
                1
            )
        }
        try SystemCall.bind(descriptor, to: source)
    }

    private func apply(_ keepAlive: KeepAlive, to descriptor: Int32) throws(SystemCallError) {
        try SystemCall.set(descriptor, level: SOL_SOCKET, option: SO_KEEPALIVE, 1)
        let level = Int32(IPPROTO_TCP)
        if let probes = keepAlive.probes {
            try SystemCall.set(
                descriptor,
                level: level,
                option: TCP_KEEPCNT,
                Int32(clamping: probes)
            )
        }
        if let idle = keepAlive.idleSeconds {
            try SystemCall.set(
                descriptor,
                level: level,
                option: TCP_KEEPIDLE,
                Int32(clamping: idle)
            )
        }
        if let interval = keepAlive.intervalSeconds {
            try SystemCall.set(
                descriptor,
                level: level,
                option: TCP_KEEPINTVL,
                Int32(clamping: interval)
            )
        }
    }

    private func apply(_ option: Option, to descriptor: Int32) throws(SystemCallError) {
        let result = unsafe option.value.withUnsafeBytes { value in
            unsafe setsockopt(
                descriptor,
                option.level,
                option.name,
                value.baseAddress,
                socklen_t(value.count)
            )
        }
        if result != 0 { throw SystemCallError("setsockopt") }
    }
}
