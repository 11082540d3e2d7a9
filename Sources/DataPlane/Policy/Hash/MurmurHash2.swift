/// The 64-bit MurmurHash2 as libstdc++ has it for strings: the other hash of Envoy's ring.
package enum MurmurHash2 {
    /// The seed of libstdc++.
    package static let standardSeed: UInt64 = 0xc70f_6907
    private static let multiplier: UInt64 = 0xc6a4_a793_5bd1_e995

    /// The hash of bytes, equal on every machine.
    package static func hash(_ span: Span<UInt8>, seed: UInt64 = standardSeed) -> UInt64 {
        let count = span.count
        var hash = seed ^ (UInt64(count) &* multiplier)
        var index = 0
        while index <= count - 8 {
            let word = mix(span.littleEndian64(at: index) &* multiplier) &* multiplier
            hash = (hash ^ word) &* multiplier
            index += 8
        }
        if index < count {
            var tail: UInt64 = 0
            var last = count
            while last > index {
                last -= 1
                tail = tail << 8 | UInt64(span[last])
            }
            hash = (hash ^ tail) &* multiplier
        }
        return mix(mix(hash) &* multiplier)
    }

    private static func mix(_ value: UInt64) -> UInt64 { value ^ value >> 47 }
}
