/// MT19937, the generator whose sequence for a seed is the same everywhere (`std::mt19937`).
///
/// Only for orders that must be those of Envoy; `Xoshiro256` is faster and smaller.
struct MersenneTwister {
    private var state: [UInt32]
    private var index = 624

    init(seed: UInt32) {
        state = [seed]
        state.reserveCapacity(624)
        var last = seed
        for number in 1..<624 as Range<UInt32> {
            last = 1_812_433_253 &* (last ^ last >> 30) &+ number
            state.append(last)
        }
    }

    mutating func next() -> UInt32 {
        if index == 624 { refill() }
        var value = state[index]
        index += 1
        value ^= value >> 11
        value ^= value << 7 & 0x9d2c_5680
        value ^= value << 15 & 0xefc6_0000
        return value ^ value >> 18
    }

    /// A number in `0..<bound`; the bound is positive.
    mutating func below(_ bound: Int) -> Int {
        let width = (UInt64(1) << 32) / UInt64(max(1, bound))
        while true {
            let number = UInt64(next()) / width
            if number < UInt64(bound) { return Int(number) }
        }
    }

    private mutating func refill() {
        for number in 0..<624 {
            let bits = state[number] & 0x8000_0000 | state[(number + 1) % 624] & 0x7fff_ffff
            let odd: UInt32 = bits & 1 == 0 ? 0 : 0x9908_b0df
            state[number] = state[(number + 397) % 624] ^ bits >> 1 ^ odd
        }
        index = 0
    }
}
