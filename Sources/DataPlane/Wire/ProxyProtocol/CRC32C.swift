/// CRC-32C (Castagnoli), as RFC 3720 section 12.1 describes it.
enum CRC32C {
    private static let table: [UInt32] = (0..<256).map { index in
        var value = UInt32(index)
        for _ in 0..<8 { value = value & 1 == 0 ? value >> 1 : value >> 1 ^ 0x82f6_3b78 }
        return value
    }

    /// The checksum of the bytes, with those of `zeroed` taken for zeros.
    static func checksum(_ bytes: Span<UInt8>, zeroed: Range<Int> = 0..<0) -> UInt32 {
        let table = Self.table
        var value = UInt32.max
        for index in 0..<bytes.count {
            let byte = zeroed.contains(index) ? 0 : bytes[index]
            value = value >> 8 ^ table[Int(UInt8(truncatingIfNeeded: value) ^ byte)]
        }
        return ~value
    }
}
