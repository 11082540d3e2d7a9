import Glibc
import Model

extension SystemCall {
    /// This machine's address as others see it: the first of an interface that is up and no
    /// loopback; empty where there is none.
    ///
    /// Asked once for the process.
    static let ownAddress: ByteString = findOwnAddress()

    private static func findOwnAddress() -> ByteString {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard unsafe getifaddrs(&list) == 0 else { return "" }
        defer { unsafe freeifaddrs(list) }
        var next = unsafe list
        while let entry = unsafe next {
            unsafe next = entry.pointee.ifa_next
            let flags = unsafe Int32(bitPattern: entry.pointee.ifa_flags)
            guard flags & Int32(IFF_UP) != 0, flags & Int32(IFF_LOOPBACK) == 0,
                let address = unsafe entry.pointee.ifa_addr,
                unsafe Int32(address.pointee.sa_family) == AF_INET
            else { continue }
            let found = unsafe address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                unsafe SocketAddress.ipv4(UInt32(bigEndian: $0.pointee.sin_addr.s_addr), port: 0)
            }
            return ByteString(found.host)
        }
        return ""
    }
}
