internal import CompanionKit

/// Frames of lumberjack, version 2: numbers are big-endian.
enum LumberjackFrame {
    /// The window that says how many documents follow, and the documents, numbered from 1.
    static func window(_ chunk: borrowing Chunk, from first: Int = 0) -> [UInt8] {
        let count = chunk.items.count - first
        var out: [UInt8] = []
        out.reserveCapacity(6 + chunk.bytes.count + count * BeatsEncoder.frameBytes)
        appendWindow(count, &out)
        appendDocuments(chunk, from: first, &out)
        return out
    }

    static func appendWindow(_ count: Int, _ out: inout [UInt8]) {
        append(UInt8(ascii: "W"), &out)
        append(UInt32(clamping: count), &out)
    }

    static func appendDocuments(
        _ chunk: borrowing Chunk,
        from first: Int = 0,
        _ out: inout [UInt8]
    ) {
        var index = first
        while index < chunk.items.count {
            let item = chunk.items[index]
            append(UInt8(ascii: "J"), &out)
            append(UInt32(clamping: index - first + 1), &out)
            append(item.end - item.start, &out)
            JSONWriter.append(chunk.bytes(of: item), &out)
            index += 1
        }
    }

    /// The window, and its documents in one compressed frame; nil where zlib has no memory.
    static func compressedWindow(_ chunk: borrowing Chunk, _ deflater: Deflater) -> [UInt8]? {
        var documents: [UInt8] = []
        appendDocuments(chunk, &documents)
        var packed: [UInt8] = []
        let plain = documents
        guard deflater.compress(plain.span, into: &packed) else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(packed.count + 12)
        appendWindow(chunk.items.count, &out)
        append(UInt8(ascii: "C"), &out)
        append(UInt32(clamping: packed.count), &out)
        out.append(contentsOf: packed)
        return out
    }

    /// The version and the type of a frame.
    private static func append(_ type: UInt8, _ out: inout [UInt8]) {
        out.append(UInt8(ascii: "2"))
        out.append(type)
    }

    private static func append(_ value: UInt32, _ out: inout [UInt8]) {
        for shift in [24, 16, 8, 0] as [UInt32] {
            out.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    /// How many documents the peer says it has taken; nil for what is no acknowledgement.
    static func acknowledged(_ frame: [UInt8]) -> Int? {
        guard frame.count == 6, frame[0] == UInt8(ascii: "2"), frame[1] == UInt8(ascii: "A") else {
            return nil
        }
        return frame[2...].reduce(0) { $0 << 8 | Int($1) }
    }
}
