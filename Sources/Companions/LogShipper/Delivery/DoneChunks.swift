/// Which chunks of a sink are done, by their growing numbers: one number, and the few beyond it.
struct DoneChunks {
    /// All up to it are done.
    private(set) var upTo: UInt64 = 0
    private var beyond: Set<UInt64> = []

    /// Notes that a chunk is done.
    mutating func insert(_ number: UInt64) {
        guard number > upTo else { return }
        beyond.insert(number)
        while beyond.remove(upTo + 1) != nil { upTo += 1 }
    }

    func contains(_ number: UInt64) -> Bool { number <= upTo || beyond.contains(number) }
}
