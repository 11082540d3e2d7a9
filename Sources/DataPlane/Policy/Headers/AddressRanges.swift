package import Model

extension [AddressRange] {
    /// True where one of the ranges holds the address.
    ///
    /// An IPv4 address in an IPv6 one (`::ffff:10.0.0.1`) is looked up as both. A Unix socket is in
    /// none.
    package func hold(_ address: SocketAddress) -> Bool {
        if isEmpty { return false }
        switch address {
        case .unix: return false
        case .ipv4(let host, _): return hold(ipv4: host)
        case .ipv6(let high, let low, _, _):
            if high == 0, low >> 32 == 0xffff, hold(ipv4: UInt32(truncatingIfNeeded: low)) {
                return true
            }
            var bytes = InlineArray<16, UInt8>(repeating: 0)
            for index in 0..<8 {
                bytes[index] = UInt8(truncatingIfNeeded: high >> UInt64(56 - index * 8))
                bytes[index + 8] = UInt8(truncatingIfNeeded: low >> UInt64(56 - index * 8))
            }
            let span = bytes.span
            for index in indices where self[index].contains(span) { return true }
            return false
        }
    }

    private func hold(ipv4 host: UInt32) -> Bool {
        var bytes = InlineArray<4, UInt8>(repeating: 0)
        for index in 0..<4 {
            bytes[index] = UInt8(truncatingIfNeeded: host >> UInt32(24 - index * 8))
        }
        let span = bytes.span
        for index in indices where self[index].contains(span) { return true }
        return false
    }
}
