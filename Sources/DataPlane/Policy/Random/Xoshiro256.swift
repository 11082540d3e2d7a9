/// A fast source of random numbers for balancing, jitter and identifiers: xoshiro256**.
///
/// Each worker has its own, seeded from the system. Not for secrets: who sees enough of its output
/// can tell what comes next.
package struct Xoshiro256: RandomNumberGenerator, Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    /// Seeded from the system's generator.
    package init() {
        var system = SystemRandomNumberGenerator()
        self.init(seed: system.next())
        state.0 ^= system.next()
        state.1 ^= system.next()
        state.2 ^= system.next()
        // All zeros is the one state that the generator never leaves.
        state.3 |= 1
    }

    /// The same sequence for the same seed: for tests.
    package init(seed: UInt64) {
        var seed = seed
        // SplitMix64 spreads the seed over the state, as the generator's authors advise.
        func next() -> UInt64 {
            seed &+= 0x9e37_79b9_7f4a_7c15
            var mixed = seed
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
        state = (next(), next(), next(), next())
    }

    package mutating func next() -> UInt64 {
        let product = state.1 &* 5
        let result = (product << 7 | product >> 57) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = state.3 << 45 | state.3 >> 19
        return result
    }

    /// A number in `0..<bound`, or 0 where the bound is not positive.
    ///
    /// The bias is below `bound` / 2^64, which no statistic can see.
    package mutating func below(_ bound: Int) -> Int {
        guard bound > 0 else { return 0 }
        return Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
    }
}
