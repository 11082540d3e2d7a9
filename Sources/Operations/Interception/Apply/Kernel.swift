import Glibc

/// What this process may do, and what the kernel has.
package enum Kernel {
    /// True where the process may change rules of its network namespace.
    package static var mayChangeNetwork: Bool {
        // CAP_NET_ADMIN is bit 12 of the effective set.
        guard let line = lines(of: "/proc/self/status").first(where: { $0.hasPrefix("CapEff:") }),
            let bits = UInt64(line.dropFirst(7).drop { $0 == "\t" || $0 == " " }, radix: 16)
        else { return false }
        return bits & (1 << 12) != 0
    }

    /// True where the kernel knows IPv6 at all.
    package static var hasIPv6: Bool { unsafe access("/proc/net/if_inet6", F_OK) == 0 }

    /// True where an interface other than `lo` has an IPv6 address that others can reach.
    static var usesIPv6: Bool {
        // Address, index, prefix length, scope, flags, name; scope 0 is global.
        lines(of: "/proc/net/if_inet6").contains { line in
            let words = line.split(separator: " ")
            return words.count == 6 && words[3] == "00" && words[5] != "lo"
        }
    }

    /// True where `lo` may have IPv6 addresses.
    static var loopbackHasIPv6: Bool {
        hasIPv6 && lines(of: "/proc/sys/net/ipv6/conf/lo/disable_ipv6").first == "0"
    }

    /// True where the older tables of iptables are in use in this network namespace.
    static var hasLegacyTables: Bool {
        !lines(of: "/proc/net/ip_tables_names").isEmpty
            || !lines(of: "/proc/net/ip6_tables_names").isEmpty
    }

    private static func lines(of path: String) -> [Substring] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let capacity = bytes.count
        var count = 0
        while count < capacity {
            let read = unsafe bytes.withUnsafeMutableBytes { all in
                unsafe Glibc.read(
                    descriptor,
                    all.baseAddress.map { unsafe $0 + count },
                    capacity - count
                )
            }
            if read <= 0 { break }
            count += read
        }
        return String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
    }
}
