/// Where a socket listens or connects: what `sockaddr` says, as a value.
package enum SocketAddress: Sendable, Hashable, CustomStringConvertible {
    /// Host byte order.
    case ipv4(UInt32, port: UInt16)
    /// High and low half, host byte order. `scope` is the interface index of a link-local address.
    case ipv6(high: UInt64, low: UInt64, port: UInt16, scope: UInt32)
    /// A path; `@name` is the abstract namespace.
    case unix(path: String)

    package var port: UInt16? {
        switch self {
        case .ipv4(_, let port), .ipv6(_, _, let port, _): port
        case .unix: nil
        }
    }

    package func with(port: UInt16) -> SocketAddress {
        switch self {
        case .ipv4(let address, _): .ipv4(address, port: port)
        case .ipv6(let high, let low, _, let scope):
            .ipv6(high: high, low: low, port: port, scope: scope)
        case .unix: self
        }
    }

    /// `127.0.0.1:80`, `[::1]:80`, or the path.
    package var description: String {
        switch self {
        case .ipv4(_, let port): "\(host):\(port)"
        case .ipv6(_, _, let port, _): "[\(host)]:\(port)"
        case .unix(let path): path
        }
    }

    /// The address without the port, as `%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%` prints it.
    package var host: String {
        switch self {
        case .ipv4(let address, _):
            return "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"
        case .ipv6(let high, let low, _, _):
            return Self.text(high: high, low: low)
        case .unix(let path): return path
        }
    }

    package var isLoopback: Bool {
        switch self {
        case .ipv4(let address, _): address >> 24 == 127
        case .ipv6(let high, let low, _, _):
            (high == 0 && low == 1) || (high == 0 && low >> 32 == 0xffff && low >> 24 & 255 == 127)
        case .unix: true
        }
    }

    /// RFC 5952: lower case, the longest run of zero groups (two or more) shortened.
    private static func text(high: UInt64, low: UInt64) -> String {
        if high == 0, low >> 32 == 0xffff {
            let v4 = UInt32(truncatingIfNeeded: low)
            return "::ffff:" + SocketAddress.ipv4(v4, port: 0).host
        }
        let groups = (0..<8).map { index -> UInt64 in
            let half = index < 4 ? high : low
            return half >> UInt64(48 - 16 * (index & 3)) & 0xffff
        }
        var best = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > max(best.count, 1) { best = start..<end }
            start = max(end, start + 1)
        }
        func joined(_ part: ArraySlice<UInt64>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        if best.isEmpty { return joined(groups[...]) }
        return joined(groups[..<best.lowerBound]) + "::" + joined(groups[best.upperBound...])
    }
}

extension SocketAddress {
    /// Reads an IPv4 or IPv6 literal (RFC 4291, without a zone); nil for anything else.
    package init?(literal text: String, port: UInt16) {
        let bytes = Array(text.utf8)
        if let v4 = Self.parseIPv4(bytes[...]) {
            self = .ipv4(v4, port: port)
        } else if let (high, low) = Self.parseIPv6(bytes) {
            self = .ipv6(high: high, low: low, port: port, scope: 0)
        } else {
            return nil
        }
    }

    private static func parseIPv4(_ bytes: ArraySlice<UInt8>) -> UInt32? {
        let parts = bytes.split(separator: 0x2e, omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            let digits = Array(part)
            guard digits.count <= 3, let value = digits.span.decimal(limit: 255),
                digits.count == 1 || digits[0] != 0x30
            else { return nil }
            address = address << 8 | UInt32(value)
        }
        return address
    }

    private static func parseIPv6(_ bytes: [UInt8]) -> (UInt64, UInt64)? {
        guard bytes.count >= 2, bytes.count <= 45 else { return nil }
        var groups: [UInt64] = []
        var gap: Int?
        var index = 0
        if bytes[0] == 0x3a {
            guard bytes[1] == 0x3a else { return nil }
            gap = 0
            index = 2
        }
        while index < bytes.count {
            guard groups.count < 8 else { return nil }
            let end = bytes[index...].firstIndex(of: 0x3a) ?? bytes.count
            if bytes[index..<end].contains(0x2e) {
                guard end == bytes.count, groups.count <= 6,
                    let v4 = parseIPv4(bytes[index..<end])
                else { return nil }
                groups.append(UInt64(v4 >> 16))
                groups.append(UInt64(v4 & 0xffff))
                index = end
                break
            }
            var value: UInt64 = 0
            guard end > index, end - index <= 4 else { return nil }
            for byte in bytes[index..<end] {
                guard let digit = hexDigit(byte) else { return nil }
                value = value << 4 | digit
            }
            groups.append(value)
            index = end
            if index < bytes.count {
                index += 1
                if index == bytes.count { return nil }
                if bytes[index] == 0x3a {
                    guard gap == nil else { return nil }
                    gap = groups.count
                    index += 1
                }
            }
        }
        if let gap {
            guard groups.count < 8 else { return nil }
            groups.insert(contentsOf: Array(repeating: 0, count: 8 - groups.count), at: gap)
        }
        guard groups.count == 8 else { return nil }
        let high = groups[0] << 48 | groups[1] << 32 | groups[2] << 16 | groups[3]
        let low = groups[4] << 48 | groups[5] << 32 | groups[6] << 16 | groups[7]
        return (high, low)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt64? {
        switch byte.asciiLowercased {
        case 0x30...0x39: UInt64(byte - 0x30)
        case 0x61...0x66: UInt64(byte.asciiLowercased - 0x61 + 10)
        default: nil
        }
    }
}

extension SocketAddress {
    /// Every address of this machine: 0.0.0.0 or `::`.
    package var isUnspecified: Bool {
        switch self {
        case .ipv4(let host, _): host == 0
        case .ipv6(let high, let low, _, _): high == 0 && low == 0
        case .unix: false
        }
    }
}
