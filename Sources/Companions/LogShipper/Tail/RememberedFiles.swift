/// Entries of the checkpoint that no file was found for yet, by what a file can be known by.
///
/// A restart with many files asks it once for each of them.
struct RememberedFiles {
    private var entries: [Int: CheckpointEntry] = [:]
    private var next = 0
    private var byNode: [FileNode: [Int]] = [:]
    private var byPath: [String: [Int]] = [:]
    private var byPrint: [Fingerprint: [Int]] = [:]
    /// How many fingerprints there are of each length.
    private var lengths: [Int: Int] = [:]

    init(_ entries: [CheckpointEntry] = []) {
        for entry in entries { insert(entry) }
    }

    var isEmpty: Bool { entries.isEmpty }
    /// In the order in which they came.
    var all: [CheckpointEntry] { entries.keys.sorted().compactMap { entries[$0] } }

    subscript(number: Int) -> CheckpointEntry? { entries[number] }

    mutating func insert(_ entry: CheckpointEntry) {
        let number = next
        next += 1
        entries[number] = entry
        byNode[entry.node, default: []].append(number)
        byPath[entry.path, default: []].append(number)
        byPrint[entry.fingerprint, default: []].append(number)
        lengths[entry.fingerprint.length, default: 0] += 1
    }

    @discardableResult
    mutating func remove(_ number: Int) -> CheckpointEntry? {
        guard let entry = entries.removeValue(forKey: number) else { return nil }
        byNode[entry.node]?.removeAll { $0 == number }
        if byNode[entry.node]?.isEmpty == true { byNode[entry.node] = nil }
        byPath[entry.path]?.removeAll { $0 == number }
        if byPath[entry.path]?.isEmpty == true { byPath[entry.path] = nil }
        byPrint[entry.fingerprint]?.removeAll { $0 == number }
        if byPrint[entry.fingerprint]?.isEmpty == true { byPrint[entry.fingerprint] = nil }
        let left = (lengths[entry.fingerprint.length] ?? 1) - 1
        lengths[entry.fingerprint.length] = left > 0 ? left : nil
        return entry
    }

    /// Keeps the newest of them.
    mutating func keep(atMost count: Int) {
        guard entries.count > count else { return }
        for number in entries.keys.sorted().dropLast(count) { remove(number) }
    }

    func contains(_ node: FileNode) -> Bool { byNode[node] != nil }

    /// Those of a file, by its node; devices get other numbers when they are mounted again.
    func numbers(of node: FileNode, at path: String) -> [Int] {
        if let found = byNode[node] { return found }
        return (byPath[path] ?? []).filter { entries[$0]?.node.inode == node.inode }
    }

    /// Those whose content began as these bytes do, the most telling first.
    func numbers(beginningLike begin: Span<UInt8>) -> [Int] {
        var found: [Int] = []
        for length in lengths.keys.sorted(by: >) where length > 0 && length <= begin.count {
            found += byPrint[Fingerprint(begin.extracting(..<length))] ?? []
        }
        return found
    }
}
