// For sockaddr_storage, which is of the module that the compiler happens to read first.
import CAres
import CLinux
import Glibc
import Model

extension Worker {
    /// The listener that a connection to this address would come back to; nil where it goes elsewhere.
    ///
    /// Asked once for each new destination.
    func listener(reachedAt address: SocketAddress) -> ListenerState? {
        for listener in listeners where listener.configuration.accepts {
            for bound in listener.shared.boundAddresses {
                if bound == address { return listener }
                if bound.port == address.port, bound.isUnspecified, SystemCall.isOwn(address) {
                    return listener
                }
            }
        }
        return nil
    }
}

extension SystemCall {
    /// Whether an interface of this machine has the address; the port does not matter.
    static func isOwn(_ address: SocketAddress) -> Bool {
        if address.isLoopback || address.isUnspecified { return true }
        let wanted = address.unmapped.with(port: 0)
        var list: UnsafeMutablePointer<ifaddrs>?
        guard unsafe getifaddrs(&list) == 0 else { return false }
        defer { unsafe freeifaddrs(list) }
        var next = unsafe list
        while let entry = unsafe next {
            unsafe next = entry.pointee.ifa_next
            guard let found = unsafe entry.pointee.ifa_addr else { continue }
            var storage = sockaddr_storage()
            var length = 0
            switch unsafe Int32(found.pointee.sa_family) {
            case AF_INET: length = MemoryLayout<sockaddr_in>.size
            case AF_INET6: length = MemoryLayout<sockaddr_in6>.size
            default: continue
            }
            unsafe withUnsafeMutableBytes(of: &storage) {
                unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: found, count: length))
            }
            let own = read(storage, length: socklen_t(length))
            switch (own, wanted) {
            case (.ipv4(let left, _), .ipv4(let right, _)) where left == right: return true
            case (.ipv6(let high, let low, _, _), .ipv6(let otherHigh, let otherLow, _, _))
            where high == otherHigh && low == otherLow: return true
            default: continue
            }
        }
        return false
    }
}

extension SocketAddress {
    /// An IPv4 address that is written as an IPv6 one (RFC 4291 section 2.5.5.2), as itself.
    var unmapped: SocketAddress {
        guard case .ipv6(0, let low, let port, _) = self, low >> 32 == 0xffff else { return self }
        return .ipv4(UInt32(truncatingIfNeeded: low), port: port)
    }
}
