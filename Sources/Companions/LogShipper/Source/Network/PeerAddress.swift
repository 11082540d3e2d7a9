internal import CLinux
// For sockaddr_storage, which is of the module that the compiler happens to read first.
import CLinux
import Glibc

/// Who is at the other end, as numbers.
struct PeerAddress: Sendable, Equatable, CustomStringConvertible {
    /// `10.1.2.3`, `fe80::1`, or the path of a unix socket; IPv4 in IPv6 is IPv4 here.
    var host: String
    /// 0 for unix sockets.
    var port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads what the kernel wrote.
    init(_ storage: sockaddr_storage, length: socklen_t) {
        var storage = storage
        guard Int32(storage.ss_family) != AF_UNIX, length > 0 else {
            host = "unix"
            port = 0
            return
        }
        var name = [CChar](repeating: 0, count: 128)
        var service = [CChar](repeating: 0, count: 16)
        let code = unsafe withUnsafePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getnameinfo(
                    $0,
                    length,
                    &name,
                    socklen_t(name.count),
                    &service,
                    socklen_t(service.count),
                    NI_NUMERICHOST | NI_NUMERICSERV
                )
            }
        }
        guard code == 0 else {
            host = "unknown"
            port = 0
            return
        }
        var text = Self.text(name)
        if text.hasPrefix("::ffff:"), text.contains(".") { text = String(text.dropFirst(7)) }
        host = text
        port = Int(Self.text(service)) ?? 0
    }

    private static func text(_ buffer: [CChar]) -> String {
        let letters = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: letters, as: UTF8.self)
    }

    /// `10.1.2.3:514`, `[fe80::1]:514`, or the path.
    var description: String {
        if port == 0 { return host }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
