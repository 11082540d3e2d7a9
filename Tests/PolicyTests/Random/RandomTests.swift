import Model
import Policy
import Testing

@Suite("Randomness")
struct RandomTests {
    @Test("the same seed gives the same numbers, another seed others")
    func seeds() {
        var first = Xoshiro256(seed: 1)
        var second = Xoshiro256(seed: 1)
        var third = Xoshiro256(seed: 2)
        let numbers = (0..<100).map { _ in first.next() }
        #expect((0..<100).map { _ in second.next() } == numbers)
        #expect((0..<100).map { _ in third.next() } != numbers)
        #expect(Set(numbers).count == 100)
    }

    @Test("two generators of the system's seed differ")
    func systemSeed() {
        var first = Xoshiro256()
        var second = Xoshiro256()
        #expect(first.next() != second.next())
    }

    @Test("numbers below a bound are below it and uniform", arguments: [1, 2, 3, 10, 100])
    func bounded(bound: Int) {
        var random = Xoshiro256(seed: UInt64(bound))
        var counts = [Int](repeating: 0, count: bound)
        for _ in 0..<(bound * 500) { counts[random.below(bound)] += 1 }
        let shares = Array(repeating: 1 / Double(bound), count: bound)
        // Far above the critical value of the largest table here (148 at 99 degrees of freedom).
        #expect(chiSquare(counts, shares: shares) < 149)
        #expect(random.below(0) == 0)
        #expect(random.below(-1) == 0)
    }

    @Test("every bit is set in half of the numbers")
    func bits() {
        var random = Xoshiro256(seed: 99)
        var counts = [Int](repeating: 0, count: 64)
        for _ in 0..<4_000 {
            let number = random.next()
            for bit in 0..<64 where number >> UInt64(bit) & 1 == 1 { counts[bit] += 1 }
        }
        for count in counts { #expect(abs(count - 2_000) < 160) }
    }

    @Test("a request identifier is a UUID of version 4")
    func uuid() {
        var random = Xoshiro256(seed: 5)
        var seen: Set<String> = []
        let pattern = regex(
            "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
        )
        for _ in 0..<500 {
            let head = Head()
            let slice = RequestID.append(to: head, random: &random)
            #expect(slice.count == 36)
            let isUUID = pattern.matchesWhole(head.span(slice))
            #expect(isUUID, "\(text(slice, of: head))")
            seen.insert(text(slice, of: head))
        }
        #expect(seen.count == 500)
    }

    @Test("every digit of an identifier takes every value it may")
    func uuidDigits() {
        var random = Xoshiro256(seed: 6)
        var values = [Set<UInt8>](repeating: [], count: 36)
        for _ in 0..<1_000 {
            let head = Head()
            let slice = RequestID.append(to: head, random: &random)
            let bytes = head.span(slice)
            for index in bytes.indices { values[index].insert(bytes[index]) }
        }
        for (index, found) in values.enumerated() {
            let expected = [8, 13, 14, 18, 23].contains(index) ? 1 : index == 19 ? 4 : 16
            #expect(found.count == expected, "place \(index)")
        }
    }
}
