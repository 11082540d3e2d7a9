import Model

/// Finds the field of a name in a record with many of them, in constant time.
///
/// Hashes are seeded for each process, so that names can't be chosen to collide.
struct NameTable {
    private var slots: [UInt32] = []
    private var count = 0

    /// Knows nothing any more, and has room for the fields of the record, which it takes.
    mutating func fill(from record: borrowing LogRecord) {
        slots.removeAll(keepingCapacity: slots.count <= 1 << 12)
        slots.append(contentsOf: repeatElement(0, count: 256))
        count = 0
        var index = 0
        while index < record.fields.count {
            insert(index, of: record)
            index += 1
        }
    }

    /// The position of the field with the name, or nil.
    func index(of name: Span<UInt8>, in record: borrowing LogRecord) -> Int? {
        var slot = Self.hash(name) & (slots.count - 1)
        while slots[slot] != 0 {
            let index = Int(slots[slot]) - 1
            if record.name(of: record.fields[index]).equals(name) { return index }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Takes the field at a position, whose name it does not know yet.
    mutating func insert(_ index: Int, of record: borrowing LogRecord) {
        if count * 2 >= slots.count { grow(record) }
        place(index, record)
        count += 1
    }

    private mutating func place(_ index: Int, _ record: borrowing LogRecord) {
        var slot = Self.hash(record.name(of: record.fields[index])) & (slots.count - 1)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = UInt32(truncatingIfNeeded: index + 1)
    }

    private mutating func grow(_ record: borrowing LogRecord) {
        let old = slots
        slots = Array(repeating: 0, count: old.count * 2)
        for value in old where value != 0 { place(Int(value) - 1, record) }
    }

    private static func hash(_ name: Span<UInt8>) -> Int {
        var hasher = Hasher()
        unsafe name.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return hasher.finalize()
    }
}
