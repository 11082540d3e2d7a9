import Model

/// A dynamic table (RFC 7541 section 2.3.2): its lines in one piece of memory, the oldest first.
///
/// Memory is taken with the first entry, and grows with what is in the table; no entry has memory of
/// its own. Entries are numbered as they come, so that a number stays right while others leave.
@safe
struct HPACKTable: ~Copyable {
    /// The most that the entries may take together, each with 32 bytes more.
    private(set) var sizeMax: Int
    /// What the entries take.
    private(set) var size = 0
    private(set) var count = 0
    /// The number of the oldest entry, or of the next where there is none.
    private(set) var oldest: UInt32 = 0

    private var entries: UnsafeMutablePointer<HPACKEntry>?
    /// A power of two, or 0.
    private var entryCapacity = 0
    private var lines: UnsafeMutablePointer<UInt8>?
    private var lineCapacity = 0
    /// Where the oldest line begins, and where the newest ends.
    private var lineStart = 0
    private var lineEnd = 0
    /// The position of the first byte of memory, in the numbering of the entries.
    private var base: UInt32 = 0

    init(sizeMax: Int) { self.sizeMax = sizeMax }

    deinit {
        unsafe entries?.deallocate()
        unsafe lines?.deallocate()
    }

    /// The number that the next entry will have.
    var next: UInt32 { oldest &+ UInt32(truncatingIfNeeded: count) }

    /// Whether the entry with this number is still there.
    @inline(__always)
    func contains(_ number: UInt32) -> Bool {
        number &- oldest < UInt32(truncatingIfNeeded: count)
    }

    /// The entry with a number; nil where there is none.
    @inline(__always)
    func entry(_ number: UInt32) -> HPACKEntry? {
        guard contains(number), let entries = unsafe entries else { return nil }
        return unsafe entries[Int(number) & (entryCapacity &- 1)]
    }

    /// The line of an entry of this table.
    @inline(__always)
    @_lifetime(borrow self)
    func line(_ entry: HPACKEntry) -> Span<UInt8> {
        let start = Int(entry.position &- base)
        precondition(
            start >= lineStart && start &+ entry.lineCount <= lineEnd,
            "an entry of another table"
        )
        let span = unsafe Span(
            _unsafeStart: UnsafePointer(lines.unsafelyUnwrapped + start),
            count: entry.lineCount
        )
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// Changes the size; entries leave until the others fit.
    mutating func setSizeMax(_ bytes: Int) {
        sizeMax = bytes
        evict(downTo: bytes)
        if bytes == 0 { release() }
    }

    /// Adds a field; entries leave until it fits, all of them where it never does.
    ///
    /// - Parameter line: not of this table, whose memory may move.
    @inline(__always)
    mutating func insert(_ entry: HPACKEntry, line: Span<UInt8>) {
        precondition(line.count == entry.lineCount, "an entry with another's line")
        let place = unsafe insert(entry)
        unsafe line.withUnsafeBufferPointer { source in
            guard let from = source.baseAddress, let place = unsafe place else { return }
            unsafe place.update(from: from, count: source.count)
        }
    }

    /// Adds a field whose line the caller writes at once; nil where it does not fit.
    mutating func insert(_ entry: HPACKEntry) -> UnsafeMutablePointer<UInt8>? {
        guard entry.size <= sizeMax else {
            evict(downTo: 0)
            return nil
        }
        evict(downTo: sizeMax &- entry.size)
        makeRoom(line: entry.lineCount)
        guard let lines = unsafe lines, let entries = unsafe entries else { return nil }
        var entry = entry
        entry.position = base &+ UInt32(truncatingIfNeeded: lineEnd)
        unsafe (entries + (Int(next) & (entryCapacity &- 1))).initialize(to: entry)
        let place = unsafe lines + lineEnd
        lineEnd &+= entry.lineCount
        count &+= 1
        size &+= entry.size
        return unsafe place
    }

    private mutating func evict(downTo limit: Int) {
        while size > limit, let entry = entry(oldest) {
            size &-= entry.size
            lineStart &+= entry.lineCount
            oldest &+= 1
            count &-= 1
        }
        if count == 0 {
            lineStart = 0
            lineEnd = 0
        }
    }

    /// Sees to memory for one more entry.
    private mutating func makeRoom(line needed: Int) {
        if lineEnd &+ needed > lineCapacity {
            let live = lineEnd &- lineStart
            var capacity = max(lineCapacity, 512)
            // A quarter stays free, so that lines aren't moved for each entry.
            while (live &+ needed) &* 4 > capacity &* 3 { capacity &*= 2 }
            moveLines(to: capacity, live: live)
        }
        if count == entryCapacity { growEntries() }
    }

    private mutating func moveLines(to capacity: Int, live: Int) {
        if capacity == lineCapacity, let lines = unsafe lines {
            unsafe lines.update(from: lines + lineStart, count: live)
        } else {
            let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
            if let lines = unsafe lines {
                unsafe moved.update(from: lines + lineStart, count: live)
                unsafe lines.deallocate()
            }
            unsafe lines = moved
            lineCapacity = capacity
        }
        base = base &+ UInt32(truncatingIfNeeded: lineStart)
        lineStart = 0
        lineEnd = live
    }

    private mutating func growEntries() {
        let capacity = max(8, entryCapacity &* 2)
        let moved = UnsafeMutablePointer<HPACKEntry>.allocate(capacity: capacity)
        if let entries = unsafe entries {
            var index = 0
            while index < count {
                let number = Int(oldest &+ UInt32(truncatingIfNeeded: index))
                unsafe (moved + (number & (capacity &- 1))).initialize(
                    to: entries[number & (entryCapacity &- 1)]
                )
                index &+= 1
            }
            unsafe entries.deallocate()
        }
        unsafe entries = moved
        entryCapacity = capacity
    }

    /// Gives the memory back; only where there are no entries.
    private mutating func release() {
        unsafe entries?.deallocate()
        unsafe lines?.deallocate()
        unsafe entries = nil
        unsafe lines = nil
        entryCapacity = 0
        lineCapacity = 0
    }
}
