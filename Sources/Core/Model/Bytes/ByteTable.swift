/// A table keyed by bytes that is looked up with a span, without making a key first.
///
/// Built once per configuration; a lookup costs one hash of the key and, usually, one comparison.
package struct ByteTable<Value: Sendable>: Sendable {
    private var slots: [Int32]
    private var entries: [(key: ByteString, value: Value)] = []
    private var mask: Int

    package init() {
        slots = Array(repeating: -1, count: 8)
        mask = 7
    }

    package var count: Int { entries.count }

    /// Adds an entry; false, and no change, where the key is already there.
    @discardableResult
    package mutating func insert(_ key: ByteString, _ value: Value) -> Bool {
        let bytes = key.bytes
        if self[bytes.span] != nil { return false }
        entries.append((key, value))
        if entries.count * 2 > slots.count {
            slots = Array(repeating: -1, count: slots.count * 2)
            mask = slots.count - 1
            for index in entries.indices { place(index) }
        } else {
            place(entries.count - 1)
        }
        return true
    }

    package subscript(_ key: Span<UInt8>) -> Value? {
        var slot = Self.hash(key) & mask
        while true {
            let index = Int(slots[slot])
            if index < 0 { return nil }
            let known = entries[index].key.bytes
            if known.span.equals(key) { return entries[index].value }
            slot = (slot + 1) & mask
        }
    }

    private mutating func place(_ index: Int) {
        let key = entries[index].key.bytes
        var slot = Self.hash(key.span) & mask
        while slots[slot] >= 0 { slot = (slot + 1) & mask }
        slots[slot] = Int32(truncatingIfNeeded: index)
    }

    private static func hash(_ key: Span<UInt8>) -> Int {
        // FNV-1a: keys come from the configuration, a peer cannot choose colliding ones.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for index in key.indices {
            hash = (hash ^ UInt64(key[index])) &* 0x100_0000_01b3
        }
        return Int(truncatingIfNeeded: hash ^ (hash >> 32))
    }
}
