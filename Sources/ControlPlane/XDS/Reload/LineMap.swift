/// The lines of a file as keyed hashes: enough to see which lines changed, at an eighth of the size.
///
/// The keys are the process's own (`Hasher`), so nobody can write two lines that count as one.
struct LineMap: Sendable {
    private(set) var hashes: [Int] = []
    /// Where each line begins, and the end of the last one.
    private(set) var starts: [Int] = [0]

    init(_ bytes: [UInt8]) {
        hashes.reserveCapacity(bytes.count / 32)
        starts.reserveCapacity(bytes.count / 32)
        unsafe bytes.withUnsafeBytes { raw in
            var start = 0
            var index = 0
            while index < raw.count {
                let byte = unsafe raw[index]
                index += 1
                if byte != 0x0a, index < raw.count { continue }
                var hasher = Hasher()
                unsafe hasher.combine(
                    bytes: UnsafeRawBufferPointer(rebasing: raw[start..<index])
                )
                hashes.append(hasher.finalize())
                starts.append(index)
                start = index
            }
        }
    }

    var count: Int { hashes.count }

    /// Without the places: what is kept to compare with a later version.
    mutating func forgetPlaces() { starts = [] }

    /// The lines that differ: so many are the same before them and after them in both.
    func difference(from old: LineMap) -> (old: Range<Int>, new: Range<Int>) {
        var before = 0
        let shorter = min(count, old.count)
        while before < shorter, hashes[before] == old.hashes[before] { before += 1 }
        var after = 0
        while after < shorter - before,
            hashes[count - 1 - after] == old.hashes[old.count - 1 - after]
        {
            after += 1
        }
        return (before..<(old.count - after), before..<(count - after))
    }
}
