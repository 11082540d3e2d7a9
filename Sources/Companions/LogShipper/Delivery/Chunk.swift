/// Encoded records that are sent together and acknowledged together.
///
/// It is filled by the engine's thread, sent by its sink's, and may wait in a file between. An item's
/// bytes are what its sink's encoder wrote for one record; the sender puts the frame around them.
package struct Chunk: Sendable {
    /// One record of it.
    package struct Item: Sendable {
        /// Where its bytes begin.
        package var start: UInt32
        /// After its last byte.
        package var end: UInt32
        package var origin: RecordOrigin
        /// Nanoseconds since 1970.
        package var time: Int64

        package init(start: UInt32, end: UInt32, origin: RecordOrigin, time: Int64) {
            self.start = start
            self.end = end
            self.origin = origin
            self.time = time
        }
    }

    /// Unique in the process; grows.
    package var number: UInt64
    /// What the records have in common, as the encoder wrote it: an index, a topic, labels.
    package var key: [UInt8]
    package var bytes: [UInt8]
    package var items: [Item]
    /// When its first record came, in nanoseconds since 1970.
    package var began: Int64
    /// How often it was sent without success.
    package var attempts: UInt32 = 0

    package init(number: UInt64, key: [UInt8], began: Int64) {
        self.number = number
        self.key = key
        self.began = began
        bytes = []
        items = []
    }

    /// What it counts for in the memory of its sink: its bytes, and what it costs that its key is its
    /// own.
    ///
    /// Peers choose tags: with a new one for each record, keys are larger than what they are of.
    var memory: Int { bytes.count + Self.cost(ofKey: key) }

    /// The part of ``memory`` that does not depend on its records.
    static func cost(ofKey key: [UInt8]) -> Int { key.isEmpty ? 0 : 2 * key.count + 256 }

    /// The bytes of one item.
    @_lifetime(borrow self)
    package func bytes(of item: Item) -> Span<UInt8> {
        bytes.span.extracting(Int(item.start)..<Int(item.end))
    }

    /// The streams that its records are of.
    package var streams: Set<UInt32> {
        var found: Set<UInt32> = []
        var last: UInt32 = .max
        for item in items where item.origin.stream != last {
            last = item.origin.stream
            found.insert(last)
        }
        return found
    }

    /// The chunk with some of its items only, in their order; the number stays.
    package func keeping(_ positions: [Int]) -> Chunk {
        var kept = Chunk(number: number, key: key, began: began)
        kept.attempts = attempts
        kept.items.reserveCapacity(positions.count)
        for position in positions {
            var item = items[position]
            let start = UInt32(kept.bytes.count)
            kept.bytes.append(contentsOf: bytes[Int(item.start)..<Int(item.end)])
            item.start = start
            item.end = UInt32(kept.bytes.count)
            kept.items.append(item)
        }
        return kept
    }
}
