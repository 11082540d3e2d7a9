import Model

/// The syntax of a host with an optional port, narrower than RFC 3986 section 3.2.
///
/// A name is made of letters, digits and `-._~`; an address is IPv4, or IPv6 in brackets without a
/// zone. Userinfo, percent-encoding and sub-delims are refused: routing and policies compare hosts
/// as bytes, and each of these spells one host in more than one way. For the same reason a port has
/// no leading zero and is not empty.
enum Authority {
    static func isValid(_ bytes: Span<UInt8>, needsPort: Bool = false) -> Bool {
        var position = 0
        if bytes.isEmpty { return false }
        if bytes[0] == 0x5b {
            guard let close = bytes.firstIndex(of: 0x5d), isIPv6(bytes.extracting(1..<close)) else {
                return false
            }
            position = close + 1
        } else {
            while position < bytes.count, ByteSet.unreserved.contains(bytes[position]) {
                position += 1
            }
            if position == 0 { return false }
        }
        if position == bytes.count { return !needsPort }
        guard bytes[position] == 0x3a else { return false }
        return isPort(bytes.extracting((position + 1)..<bytes.count))
    }

    private static func isPort(_ digits: Span<UInt8>) -> Bool {
        guard digits.count <= 5, let port = digits.decimal(limit: 65_535) else { return false }
        return port > 0 && digits[0] != 0x30
    }

    /// Hexadecimal groups, colons, and dots for an embedded IPv4 address; at least two colons.
    private static func isIPv6(_ bytes: Span<UInt8>) -> Bool {
        var colons = 0
        guard bytes.count <= 45 else { return false }
        for index in bytes.indices {
            switch bytes[index] {
            case 0x3a: colons += 1
            case 0x2e, 0x30...0x39, 0x41...0x46, 0x61...0x66: break
            default: return false
            }
        }
        return colons >= 2
    }
}
