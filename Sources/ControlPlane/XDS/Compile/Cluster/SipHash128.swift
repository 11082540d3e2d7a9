/// SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, and their reference code).
enum SipHash128 {
    private struct State {
        var v0: UInt64
        var v1: UInt64
        var v2: UInt64
        var v3: UInt64

        mutating func round() {
            v0 &+= v1
            v1 = v1 << 13 | v1 >> 51
            v1 ^= v0
            v0 = v0 << 32 | v0 >> 32
            v2 &+= v3
            v3 = v3 << 16 | v3 >> 48
            v3 ^= v2
            v0 &+= v3
            v3 = v3 << 21 | v3 >> 43
            v3 ^= v0
            v2 &+= v1
            v1 = v1 << 17 | v1 >> 47
            v1 ^= v2
            v2 = v2 << 32 | v2 >> 32
        }

        mutating func absorb(_ word: UInt64) {
            v3 ^= word
            round()
            round()
            v0 ^= word
        }

        mutating func finish() -> UInt64 {
            for _ in 0..<4 { round() }
            return v0 ^ v1 ^ v2 ^ v3
        }
    }

    /// Both halves of the hash, the first eight bytes of the output first.
    static func hash(_ bytes: Span<UInt8>, key: (UInt64, UInt64)) -> (UInt64, UInt64) {
        var state = State(
            v0: 0x736f_6d65_7073_6575 ^ key.0,
            v1: 0x646f_7261_6e64_6f6d ^ key.1 ^ 0xee,
            v2: 0x6c79_6765_6e65_7261 ^ key.0,
            v3: 0x7465_6462_7974_6573 ^ key.1
        )
        var word: UInt64 = 0
        for index in bytes.indices {
            word |= UInt64(bytes[index]) << UInt64(8 * (index & 7))
            if index & 7 == 7 {
                state.absorb(word)
                word = 0
            }
        }
        state.absorb(word | UInt64(bytes.count & 0xff) << 56)
        state.v2 ^= 0xee
        let low = state.finish()
        state.v1 ^= 0xdd
        return (low, state.finish())
    }
}
