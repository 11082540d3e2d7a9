// For sockaddr_storage, which is of the module that the compiler happens to read first.
import CAres
import CLinux
import Glibc
package import Model

/// A system call that failed: which one, and errno.
package struct SystemCallError: Error, Equatable, CustomStringConvertible {
    package let call: StaticString
    package let code: Int32

    package init(_ call: StaticString, code: Int32 = errno) {
        self.call = call
        self.code = code
    }

    package var description: String { "\(call): \(Self.text(code))" }

    /// What errno means, in the words of the C library.
    package static func text(_ code: Int32) -> String {
        guard let text = unsafe strerror(code) else { return "errno \(code)" }
        return unsafe String(cString: text)
    }

    package static func == (left: SystemCallError, right: SystemCallError) -> Bool {
        left.code == right.code && left.call.description == right.call.description
    }
}

/// The sockets API with Swift's types: no policy, no state.
///
/// Every descriptor it makes is non-blocking and closed on exec.
package enum SystemCall {
    package static func socket(_ address: SocketAddress) throws(SystemCallError) -> Int32 {
        let family: Int32 =
            switch address {
            case .ipv4: AF_INET
            case .ipv6: AF_INET6
            case .unix: AF_UNIX
            }
        let descriptor = pillion_socket(family)
        if descriptor < 0 { throw SystemCallError("socket") }
        return descriptor
    }

    package static func set(
        _ descriptor: Int32,
        level: Int32,
        option: Int32,
        _ value: Int32
    ) throws(SystemCallError) {
        var value = value
        let result = unsafe setsockopt(
            descriptor,
            level,
            option,
            &value,
            socklen_t(MemoryLayout<Int32>.size)
        )
        if result != 0 { throw SystemCallError("setsockopt") }
    }

    package static func bind(_ descriptor: Int32, to address: SocketAddress) throws(SystemCallError)
    {
        var storage = sockaddr_storage()
        let length = try write(address, to: &storage)
        let result = unsafe withUnsafePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.bind(descriptor, $0, length)
            }
        }
        if result != 0 { throw SystemCallError("bind") }
    }

    package static func listen(_ descriptor: Int32, backlog: Int32) throws(SystemCallError) {
        if Glibc.listen(descriptor, backlog) != 0 { throw SystemCallError("listen") }
    }

    /// Starts to connect.
    ///
    /// True where it is done already (Unix sockets).
    package static func connect(
        _ descriptor: Int32,
        to address: SocketAddress
    ) throws(SystemCallError) -> Bool {
        var storage = sockaddr_storage()
        let length = try write(address, to: &storage)
        let result = unsafe withUnsafePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(descriptor, $0, length)
            }
        }
        if result == 0 { return true }
        if errno == EINPROGRESS || errno == EINTR { return false }
        throw SystemCallError("connect")
    }

    /// A new connection and its peer, or nil where none waits.
    package static func accept(
        _ descriptor: Int32
    ) throws(SystemCallError) -> (descriptor: Int32, peer: SocketAddress)? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        while true {
            let accepted = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe pillion_accept(descriptor, $0, &length)
                }
            }
            if accepted >= 0 { return (accepted, read(storage, length: length)) }
            switch errno {
            case EINTR, ECONNABORTED: continue
            case EAGAIN: return nil
            default: throw SystemCallError("accept4")
            }
        }
    }

    package static func localAddress(_ descriptor: Int32) -> SocketAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        _ = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length)
            }
        }
        return read(storage, length: length)
    }

    /// Where a redirected connection wanted to go (SO_ORIGINAL_DST); nil where nothing redirected it.
    static func originalDestination(
        _ descriptor: Int32,
        of local: SocketAddress
    ) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let level: Int32
        switch local {
        case .ipv4: level = Int32(IPPROTO_IP)
        case .ipv6: level = Int32(IPPROTO_IPV6)
        case .unix: return nil
        }
        // SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST are both 80.
        let result = unsafe getsockopt(descriptor, level, 80, &storage, &length)
        guard result == 0 else { return nil }
        let found = read(storage, length: length)
        return found == local ? nil : found
    }

    /// The error that waits on a socket, 0 where there is none.
    package static func pendingError(_ descriptor: Int32) -> Int32 {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        let result = unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &value, &length)
        return result == 0 ? value : errno
    }

    /// Whether the kernel holds bytes of this socket that were not read.
    static func hasUnreadBytes(_ descriptor: Int32) -> Bool {
        var byte: UInt8 = 0
        let flags = Int32(truncatingIfNeeded: Int(MSG_PEEK) | Int(MSG_DONTWAIT))
        return unsafe recv(descriptor, &byte, 1, flags) > 0
    }

    /// Closes so that the peer sees a reset instead of an orderly end.
    package static func abort(_ descriptor: Int32) {
        var value = Glibc.linger(l_onoff: 1, l_linger: 0)
        _ = unsafe setsockopt(
            descriptor,
            SOL_SOCKET,
            SO_LINGER,
            &value,
            socklen_t(MemoryLayout<linger>.size)
        )
        _ = Glibc.close(descriptor)
    }

    // MARK: - Addresses

    static func write(
        _ address: SocketAddress,
        to storage: inout sockaddr_storage
    ) throws(SystemCallError) -> socklen_t {
        switch address {
        case .ipv4(let host, let port):
            var value = sockaddr_in()
            value.sin_family = sa_family_t(AF_INET)
            value.sin_port = port.bigEndian
            value.sin_addr.s_addr = host.bigEndian
            unsafe withUnsafeMutableBytes(of: &storage) {
                unsafe $0.storeBytes(of: value, as: sockaddr_in.self)
            }
            return socklen_t(MemoryLayout<sockaddr_in>.size)
        case .ipv6(let high, let low, let port, let scope):
            var value = sockaddr_in6()
            value.sin6_family = sa_family_t(AF_INET6)
            value.sin6_port = port.bigEndian
            value.sin6_scope_id = scope
            unsafe withUnsafeMutableBytes(of: &value.sin6_addr) {
                unsafe $0.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
                unsafe $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            unsafe withUnsafeMutableBytes(of: &storage) {
                unsafe $0.storeBytes(of: value, as: sockaddr_in6.self)
            }
            return socklen_t(MemoryLayout<sockaddr_in6>.size)
        case .unix(let path):
            let bytes = Array(path.utf8)
            guard !bytes.isEmpty, bytes.count < 108 else {
                throw SystemCallError("sockaddr_un", code: ENAMETOOLONG)
            }
            let isAbstract = bytes[0] == UInt8(ascii: "@")
            unsafe withUnsafeMutableBytes(of: &storage) { raw in
                unsafe raw.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
                for (index, byte) in bytes.enumerated() {
                    unsafe raw[2 + index] = index == 0 && isAbstract ? 0 : byte
                }
                unsafe raw[2 + bytes.count] = 0
            }
            return socklen_t(2 + bytes.count + (isAbstract ? 0 : 1))
        }
    }

    static func read(_ storage: sockaddr_storage, length: socklen_t) -> SocketAddress {
        let family = Int32(storage.ss_family)
        return unsafe withUnsafeBytes(of: storage) { raw in
            switch family {
            case AF_INET:
                let value = unsafe raw.load(as: sockaddr_in.self)
                return .ipv4(
                    UInt32(bigEndian: value.sin_addr.s_addr),
                    port: UInt16(bigEndian: value.sin_port)
                )
            case AF_INET6:
                let value = unsafe raw.load(as: sockaddr_in6.self)
                let high = unsafe raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
                let low = unsafe raw.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
                return .ipv6(
                    high: UInt64(bigEndian: high),
                    low: UInt64(bigEndian: low),
                    port: UInt16(bigEndian: value.sin6_port),
                    scope: value.sin6_scope_id
                )
            default:
                var path: [UInt8] = []
                let end = min(Int(length), raw.count)
                if end > 2 {
                    for index in 2..<end {
                        let byte = unsafe raw[index]
                        if byte == 0, index > 2 { break }
                        path.append(byte == 0 ? UInt8(ascii: "@") : byte)
                    }
                }
                return .unix(path: String(decoding: path, as: UTF8.self))
            }
        }
    }
}
