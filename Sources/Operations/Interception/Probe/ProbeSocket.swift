import Glibc
import Model

/// A TCP socket of the probe; closed with the last reference to it.
final class ProbeSocket {
    private let descriptor: Int32
    private let family: AddressFamily

    /// The socket belongs to the user that the process is at this moment.
    init(_ family: AddressFamily) throws(InterceptionProblem) {
        self.family = family
        descriptor = socket(
            family == .ipv4 ? AF_INET : AF_INET6,
            Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
                | Int32(SOCK_CLOEXEC.rawValue),
            0
        )
        guard descriptor >= 0 else {
            throw InterceptionProblem("no socket for the probe: \(errorText(errno))")
        }
    }

    private init(accepted: Int32, _ family: AddressFamily) {
        descriptor = accepted
        self.family = family
    }

    deinit { close(descriptor) }

    func listen(
        at address: SocketAddress,
        transparent: Bool
    ) throws(InterceptionProblem) {
        set(SOL_SOCKET, SO_REUSEADDR, 1)
        // IPV6_V6ONLY: the other family has a listener of its own.
        if family == .ipv6 { set(41, 26, 1) }
        if transparent {
            // IP_TRANSPARENT, IPV6_TRANSPARENT
            set(family == .ipv4 ? 0 : 41, family == .ipv4 ? 19 : 75, 1)
        }
        guard bind(address) == 0, Glibc.listen(descriptor, 8) == 0 else {
            let code = errno
            throw InterceptionProblem(
                "the probe can't listen on \(address): \(errorText(code))",
                hint: code == EADDRINUSE ? "does the sidecar run already? probe before it" : ""
            )
        }
    }

    func bind(_ address: SocketAddress) -> Int32 {
        unsafe Self.withRaw(address) { unsafe Glibc.bind(descriptor, $0, $1) }
    }

    /// Begins to connect; returns an errno, or 0 where it goes on.
    func connect(_ address: SocketAddress) -> Int32 {
        let result = unsafe Self.withRaw(address) { unsafe Glibc.connect(descriptor, $0, $1) }
        return result == 0 || errno == EINPROGRESS ? 0 : errno
    }

    /// The next connection, waiting for at most so long; nil where none came.
    func accept(milliseconds: Int32) -> ProbeSocket? {
        var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&wait, 1, milliseconds) > 0 else { return nil }
        let accepted = Glibc.accept(descriptor, nil, nil)
        return accepted < 0 ? nil : ProbeSocket(accepted: accepted, family)
    }

    /// Where the client wanted to go, before the rules.
    func originalDestination(transparent: Bool) -> SocketAddress? {
        unsafe Self.reading { raw, length in
            // What is handed over as it is keeps its address; SO_ORIGINAL_DST is 80 for both.
            transparent
                ? unsafe getsockname(descriptor, raw, length)
                : unsafe getsockopt(descriptor, family == .ipv4 ? 0 : 41, 80, raw, length)
        }
    }

    private func set(_ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func withRaw(
        _ address: SocketAddress,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        switch address {
        case .ipv4(let host, let port):
            var raw = sockaddr_in()
            raw.sin_family = sa_family_t(AF_INET)
            raw.sin_port = port.bigEndian
            raw.sin_addr.s_addr = host.bigEndian
            return unsafe withUnsafeBytes(of: raw) { unsafe call($0, body) }
        case .ipv6(let high, let low, let port, let scope):
            var raw = sockaddr_in6()
            raw.sin6_family = sa_family_t(AF_INET6)
            raw.sin6_port = port.bigEndian
            raw.sin6_scope_id = scope
            unsafe withUnsafeMutableBytes(of: &raw.sin6_addr) { bytes in
                unsafe bytes.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
                unsafe bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            return unsafe withUnsafeBytes(of: raw) { unsafe call($0, body) }
        case .unix: return -1
        }
    }

    private static func call(
        _ bytes: UnsafeRawBufferPointer,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        guard let base = bytes.baseAddress else { return -1 }
        return unsafe body(
            base.assumingMemoryBound(to: sockaddr.self),
            socklen_t(bytes.count)
        )
    }

    private static func reading(
        _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> SocketAddress? {
        var storage = [UInt8](repeating: 0, count: MemoryLayout<sockaddr_storage>.size)
        var length = socklen_t(storage.count)
        let result = unsafe storage.withUnsafeMutableBytes { bytes -> Int32 in
            guard let base = bytes.baseAddress else { return -1 }
            return unsafe body(base.assumingMemoryBound(to: sockaddr.self), &length)
        }
        guard result == 0, length >= 16 else { return nil }
        let port = UInt16(storage[2]) << 8 | UInt16(storage[3])
        func number(_ range: Range<Int>) -> UInt64 {
            storage[range].reduce(0) { $0 << 8 | UInt64($1) }
        }
        if storage[0] == UInt8(AF_INET) {
            return .ipv4(UInt32(truncatingIfNeeded: number(4..<8)), port: port)
        }
        guard storage[0] == UInt8(AF_INET6), length >= 24 else { return nil }
        return .ipv6(high: number(8..<16), low: number(16..<24), port: port, scope: 0)
    }
}
