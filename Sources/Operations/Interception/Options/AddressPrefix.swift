package import Model

/// The two versions of the Internet Protocol, each with rules of its own.
package enum AddressFamily: Sendable, Hashable, CaseIterable {
    case ipv4, ipv6
}

/// A range of addresses, `10.0.0.0/8` or `fd00::/8`; bits after the prefix are zero.
package struct AddressPrefix: Sendable, Hashable, CustomStringConvertible {
    package let family: AddressFamily
    /// Host byte order; `high` is 0 for IPv4, whose address is the low 32 bits of `low`.
    let high: UInt64
    let low: UInt64
    package let length: Int

    /// Reads `ADDRESS/LENGTH`, or an address alone, which stands for itself; nil for anything else.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first,
            let address = SocketAddress(literal: String(first), port: 0)
        else { return nil }
        let bits: Int
        switch address {
        case .ipv4: bits = 32
        case .ipv6: bits = 128
        case .unix: return nil
        }
        var length = bits
        if parts.count == 2 {
            guard let value = Digits.value(parts[1], limit: UInt64(bits)) else { return nil }
            length = Int(value)
        }
        self.length = length
        switch address {
        case .ipv4(let value, _):
            family = .ipv4
            high = 0
            low = UInt64(value) & (Self.mask(length) >> 32)
        case .ipv6(let first, let second, _, _):
            family = .ipv6
            high = first & Self.mask(min(length, 64))
            low = second & Self.mask(max(length - 64, 0))
        case .unix: return nil
        }
    }

    /// True where an address of the range is a loopback address.
    package var isLoopback: Bool {
        switch family {
        case .ipv4: length >= 8 && low >> 24 == 127
        case .ipv6: length == 128 && high == 0 && low == 1
        }
    }

    /// True where every address of the other range is one of this.
    package func contains(_ other: AddressPrefix) -> Bool {
        guard family == other.family, length <= other.length else { return false }
        switch family {
        case .ipv4: return other.low & (Self.mask(length) >> 32) == low
        case .ipv6:
            return other.high & Self.mask(min(length, 64)) == high
                && other.low & Self.mask(max(length - 64, 0)) == low
        }
    }

    /// The first address of the range.
    package var first: SocketAddress {
        switch family {
        case .ipv4: .ipv4(UInt32(truncatingIfNeeded: low), port: 0)
        case .ipv6: .ipv6(high: high, low: low, port: 0, scope: 0)
        }
    }

    package var description: String { "\(first.host)/\(length)" }

    /// The first `length` of 64 bits.
    private static func mask(_ length: Int) -> UInt64 {
        length == 0 ? 0 : UInt64.max << UInt64(64 - length)
    }
}
