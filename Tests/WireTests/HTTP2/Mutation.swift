/// Changes bytes at random, the same way in each run.
struct Mutation {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state ^ state >> 29) >> 8
    }

    mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[below(elements.count)]
    }

    /// Changes, removes, adds and copies a few bytes.
    mutating func mutate(_ bytes: inout [UInt8]) {
        for _ in 0...below(3) {
            if bytes.isEmpty { bytes = [UInt8(truncatingIfNeeded: next())] }
            let position = below(bytes.count)
            switch below(6) {
            case 0: bytes[position] ^= 1 << UInt8(below(8))
            case 1: bytes[position] = UInt8(truncatingIfNeeded: next())
            case 2: bytes.remove(at: position)
            case 3: bytes.insert(UInt8(truncatingIfNeeded: next()), at: position)
            case 4: bytes.removeLast(below(bytes.count))
            default:
                let end = min(bytes.count, position + 1 + below(12))
                bytes.insert(contentsOf: bytes[position..<end], at: below(bytes.count))
            }
        }
    }
}
