/// `envoy.config.core.v3.CidrRange`: addresses that begin with the same bits.
package struct AddressRange: Sendable, Hashable {
    /// 4 or 16 bytes.
    package let prefix: [UInt8]
    package let length: UInt8

    /// nil where there are neither 4 nor 16 bytes, or the length is more than they have bits.
    package init?(prefix: [UInt8], length: UInt8) {
        guard prefix.count == 4 || prefix.count == 16, Int(length) <= prefix.count * 8 else {
            return nil
        }
        self.prefix = prefix
        self.length = length
    }

    /// True where the address, in network order, is one of the range.
    package func contains(_ address: Span<UInt8>) -> Bool {
        guard address.count == prefix.count else { return false }
        let whole = Int(length / 8)
        for index in 0..<whole where address[index] != prefix[index] { return false }
        let rest = length % 8
        if rest == 0 { return true }
        let mask = UInt8(truncatingIfNeeded: 0xff00 >> UInt16(rest))
        return address[whole] & mask == prefix[whole] & mask
    }
}
