internal import CompanionKit

/// How a chunk lies in a spool's file: a head with length and checksum, then the chunk.
///
/// All numbers are little-endian. Head: `PLCH`, the body's length (4 bytes), its CRC-32 (4). Body: when
/// it began (8), attempts (4), lengths of key (4) and bytes (4), number of items (4), then key, items
/// (end 4, start 8, end 8, time 8) and bytes. The numbers of streams mean nothing after a restart
/// and are left out.
enum SpoolRecord {
    static let headBytes = 12
    static let bodyBytesMax = 256 << 20
    private static let magic: UInt32 = 0x4843_4c50
    private static let itemBytes = 28

    /// Why bytes are no record.
    enum Fault: Error, Equatable {
        /// The file ends in it.
        case torn
        /// Not a head, or a length that can't be.
        case noHead
        /// Whole, but not what was written; the next record begins `length` bytes later.
        case rotten(length: Int)
    }

    static func encode(_ chunk: borrowing Chunk) -> [UInt8] {
        var out: [UInt8] = []
        let body =
            24 + chunk.key.count + chunk.items.count * itemBytes + chunk.bytes.count
        out.reserveCapacity(headBytes + body)
        append(magic, &out)
        append(UInt32(truncatingIfNeeded: body), &out)
        append(UInt32(0), &out)
        append(UInt64(bitPattern: chunk.began), &out)
        append(chunk.attempts, &out)
        append(UInt32(truncatingIfNeeded: chunk.key.count), &out)
        append(UInt32(truncatingIfNeeded: chunk.bytes.count), &out)
        append(UInt32(truncatingIfNeeded: chunk.items.count), &out)
        out.append(contentsOf: chunk.key)
        for item in chunk.items {
            append(item.end, &out)
            append(item.origin.start, &out)
            append(item.origin.end, &out)
            append(UInt64(bitPattern: item.time), &out)
        }
        out.append(contentsOf: chunk.bytes)
        let sum = Checksum.crc32(out.span.extracting(headBytes...))
        var sumBytes: [UInt8] = []
        append(sum, &sumBytes)
        for (offset, byte) in sumBytes.enumerated() { out[8 + offset] = byte }
        return out
    }

    /// Length of the body, from a head of `headBytes`.
    static func bodyLength(_ head: Span<UInt8>) throws(Fault) -> (length: Int, sum: UInt32) {
        guard head.count >= headBytes else { throw .torn }
        var reader = LittleEndianReader(position: 0)
        guard reader.four(head) == magic, let length = reader.four(head),
            let sum = reader.four(head), length >= 24, length <= bodyBytesMax
        else { throw .noHead }
        return (Int(length), sum)
    }

    /// The chunk of a body; its number is 0, for nobody waits for it by number.
    static func decode(_ body: Span<UInt8>, sum: UInt32) throws(Fault) -> Chunk {
        let rotten = Fault.rotten(length: headBytes + body.count)
        guard Checksum.crc32(body) == sum else { throw rotten }
        var reader = LittleEndianReader(position: 0)
        guard let began = reader.eight(body), let attempts = reader.four(body),
            let keyCount = reader.four(body), let bytesCount = reader.four(body),
            let itemCount = reader.four(body),
            24 + Int(keyCount) + Int(itemCount) * itemBytes + Int(bytesCount) == body.count
        else { throw rotten }
        var chunk = Chunk(number: 0, key: [], began: Int64(bitPattern: began))
        chunk.attempts = attempts
        var position = reader.position
        var index = position
        while index < position + Int(keyCount) {
            chunk.key.append(body[index])
            index += 1
        }
        reader.position = index
        chunk.items.reserveCapacity(Int(itemCount))
        var start: UInt32 = 0
        while chunk.items.count < Int(itemCount) {
            guard let end = reader.four(body), let from = reader.eight(body),
                let upTo = reader.eight(body), let time = reader.eight(body),
                end >= start, end <= bytesCount
            else { throw rotten }
            chunk.items.append(
                Chunk.Item(
                    start: start,
                    end: end,
                    origin: RecordOrigin(stream: .max, start: from, end: upTo),
                    time: Int64(bitPattern: time)
                )
            )
            start = end
        }
        position = reader.position
        let bytes = body.extracting(position...)
        chunk.bytes = unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
        return chunk
    }

    private static func append(_ value: some FixedWidthInteger, _ out: inout [UInt8]) {
        var value = value
        for _ in 0..<MemoryLayout.size(ofValue: value) {
            out.append(UInt8(truncatingIfNeeded: value))
            value >>= 8
        }
    }
}

/// Reads little-endian numbers; nil at the end.
private struct LittleEndianReader {
    var position: Int

    mutating func four(_ bytes: Span<UInt8>) -> UInt32? {
        number(bytes, 4).map { UInt32(truncatingIfNeeded: $0) }
    }

    mutating func eight(_ bytes: Span<UInt8>) -> UInt64? { number(bytes, 8) }

    private mutating func number(_ bytes: Span<UInt8>, _ count: Int) -> UInt64? {
        guard bytes.count - position >= count else { return nil }
        var value: UInt64 = 0
        var index = count - 1
        while index >= 0 {
            value = value << 8 | UInt64(bytes[position + index])
            index -= 1
        }
        position += count
        return value
    }
}
