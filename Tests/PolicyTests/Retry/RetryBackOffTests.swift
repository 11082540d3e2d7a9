import Model
import Policy
import Testing

@Suite("Back-off before a retry")
struct RetryBackOffTests {
    private func state(base: Int64, max: Int64) -> RetryState {
        RetryState(
            policy: RetryPolicy(
                conditions: [.serverError],
                backOffBaseMilliseconds: base,
                backOffMaxMilliseconds: max
            ),
            head: request()
        )
    }

    @Test(
        "the range doubles from the base and ends at the maximum",
        arguments: [
            (25, 250, [25, 50, 100, 200, 250, 250]), (1, 10, [1, 2, 4, 8, 10, 10]),
            (100, 100, [100, 100]), (100, 50, [100, 100]), (0, 0, [1, 1]), (-5, -5, [1]),
            (60, 125, [60, 120, 125]),
        ] as [(Int64, Int64, [Int64])]
    )
    func ranges(base: Int64, max: Int64, widths: [Int64]) {
        let state = state(base: base, max: max)
        for (index, width) in widths.enumerated() {
            let attempt = UInt32(index + 1)
            #expect(state.backOffMilliseconds(attempt: attempt, random: 0) == 0)
            #expect(
                state.backOffMilliseconds(attempt: attempt, random: UInt64(width - 1)) == width - 1
            )
            #expect(state.backOffMilliseconds(attempt: attempt, random: UInt64(width)) == 0)
        }
    }

    @Test("neither many attempts nor huge intervals overflow")
    func extremes() {
        let state = state(base: .max, max: .max)
        for attempt in [0, 1, 2, 64, 65, .max] as [UInt32] {
            #expect(state.backOffMilliseconds(attempt: attempt, random: .max) >= 0)
        }
        let wide = self.state(base: 1, max: .max)
        #expect(wide.backOffMilliseconds(attempt: .max, random: .max) >= 0)
        #expect(wide.backOffMilliseconds(attempt: 0, random: 5) == 0)
    }

    @Test("every part of the range is as likely as any other")
    func uniform() {
        let state = state(base: 25, max: 250)
        var random = Xoshiro256(seed: 3)
        var counts = [Int](repeating: 0, count: 10)
        for _ in 0..<20_000 {
            let wait = state.backOffMilliseconds(attempt: 3, random: random.next())
            counts[Int(wait) / 10] += 1
        }
        // Nine degrees of freedom: 27.88 is exceeded once in a thousand seeds.
        #expect(chiSquare(counts, shares: Array(repeating: 0.1, count: 10)) < 27.88)
    }
}
