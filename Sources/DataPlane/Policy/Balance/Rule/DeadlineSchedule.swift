/// Picks positions in proportion to weights, spread as evenly as possible: the one with the
/// earliest deadline is next, and its deadline moves on by the inverse of its weight.
///
/// A pick costs O(log n) and allocates nothing. Equal deadlines go in the order in which they were
/// set, so equal weights make a plain round.
struct DeadlineSchedule: Sendable {
    private struct Entry {
        var deadline: Double
        var order: UInt64
        var position: Int

        func isBefore(_ other: Entry) -> Bool {
            deadline == other.deadline ? order < other.order : deadline < other.deadline
        }
    }

    private var heap: [Entry] = []
    private var nextOrder: UInt64 = 0

    /// `weight` must be positive; what is not counts as the smallest weight.
    init(count: Int, weight: (Int) -> Double) {
        heap.reserveCapacity(count)
        for position in 0..<count {
            heap.append(
                Entry(deadline: Self.step(weight(position)), order: nextOrder, position: position)
            )
            nextOrder += 1
        }
        for index in stride(from: count / 2 - 1, through: 0, by: -1) { sink(from: index) }
    }

    /// The schedule of endpoints with these weights after some picks; nil where a plain round does
    /// the same: there are fewer than two endpoints, or all weights are equal and not forced.
    init?(weights: [UInt32], isForced: Bool, skipped: Int) {
        guard weights.count > 1, let first = weights.first else { return nil }
        guard isForced || weights.contains(where: { $0 != first }) else { return nil }
        self.init(count: weights.count) { Double(weights[$0]) }
        for _ in 0..<skipped { _ = pick { Double(weights[$0]) } }
    }

    /// The next position; its weight is asked for again when it is picked.
    mutating func pick(weight: (Int) -> Double) -> Int? {
        guard var entry = heap.first else { return nil }
        let position = entry.position
        entry.deadline += Self.step(weight(position))
        entry.order = nextOrder
        nextOrder &+= 1
        heap[0] = entry
        sink(from: 0)
        return position
    }

    private static func step(_ weight: Double) -> Double { 1 / max(weight, 1e-9) }

    private mutating func sink(from start: Int) {
        var index = start
        while true {
            var least = index
            let left = 2 * index + 1
            if left < heap.count, heap[left].isBefore(heap[least]) { least = left }
            if left + 1 < heap.count, heap[left + 1].isBefore(heap[least]) { least = left + 1 }
            if least == index { return }
            heap.swapAt(index, least)
            index = least
        }
    }
}
