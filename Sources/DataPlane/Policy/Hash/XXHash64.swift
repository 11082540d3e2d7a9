/// The 64-bit xxHash: the hash of Envoy's ring, Maglev table and hash policies.
package enum XXHash64 {
    private static let prime1: UInt64 = 0x9e37_79b1_85eb_ca87
    private static let prime2: UInt64 = 0xc2b2_ae3d_27d4_eb4f
    private static let prime3: UInt64 = 0x1656_67b1_9e37_79f9
    private static let prime4: UInt64 = 0x85eb_ca77_c2b2_ae63
    private static let prime5: UInt64 = 0x27d4_eb2f_1656_67c5

    /// The hash of bytes, equal on every machine.
    package static func hash(_ span: Span<UInt8>, seed: UInt64 = 0) -> UInt64 {
        let count = span.count
        var index = 0
        var hash: UInt64
        if count >= 32 {
            var lanes = (
                seed &+ prime1 &+ prime2, seed &+ prime2, seed, seed &- prime1
            )
            while index <= count - 32 {
                lanes.0 = round(lanes.0, span.littleEndian64(at: index))
                lanes.1 = round(lanes.1, span.littleEndian64(at: index + 8))
                lanes.2 = round(lanes.2, span.littleEndian64(at: index + 16))
                lanes.3 = round(lanes.3, span.littleEndian64(at: index + 24))
                index += 32
            }
            hash = rotate(lanes.0, 1) &+ rotate(lanes.1, 7)
            hash = hash &+ rotate(lanes.2, 12) &+ rotate(lanes.3, 18)
            hash = merge(hash, lanes.0)
            hash = merge(hash, lanes.1)
            hash = merge(hash, lanes.2)
            hash = merge(hash, lanes.3)
        } else {
            hash = seed &+ prime5
        }
        hash = hash &+ UInt64(count)
        while index <= count - 8 {
            hash ^= round(0, span.littleEndian64(at: index))
            hash = rotate(hash, 27) &* prime1 &+ prime4
            index += 8
        }
        if index <= count - 4 {
            hash ^= UInt64(span.littleEndian32(at: index)) &* prime1
            hash = rotate(hash, 23) &* prime2 &+ prime3
            index += 4
        }
        while index < count {
            hash ^= UInt64(span[index]) &* prime5
            hash = rotate(hash, 11) &* prime1
            index += 1
        }
        hash ^= hash >> 33
        hash = hash &* prime2
        hash ^= hash >> 29
        hash = hash &* prime3
        return hash ^ hash >> 32
    }

    private static func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 {
        value << bits | value >> (64 &- bits)
    }

    private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
        rotate(lane &+ input &* prime2, 31) &* prime1
    }

    private static func merge(_ hash: UInt64, _ lane: UInt64) -> UInt64 {
        (hash ^ round(0, lane)) &* prime1 &+ prime4
    }
}

extension Span<UInt8> {
    /// Four bytes from `index` on, the lowest first.
    func littleEndian32(at index: Int) -> UInt32 {
        UInt32(self[index]) | UInt32(self[index + 1]) << 8 | UInt32(self[index + 2]) << 16
            | UInt32(self[index + 3]) << 24
    }

    /// Eight bytes from `index` on, the lowest first.
    func littleEndian64(at index: Int) -> UInt64 {
        UInt64(littleEndian32(at: index)) | UInt64(littleEndian32(at: index + 4)) << 32
    }
}
