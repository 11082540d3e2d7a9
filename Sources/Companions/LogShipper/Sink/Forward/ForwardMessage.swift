internal import CompanionKit

/// One message of the forward protocol: a chunk's records, packed, with the options.
enum ForwardMessage {
    /// `[tag, entries, {"size": n, "compressed": "gzip", "chunk": id}]`, the entries as bytes.
    ///
    /// - Parameters:
    ///   - id: asks for an acknowledgement; nil: none.
    ///   - deflater: compresses the entries; nil: they stay as they are.
    static func packed(
        _ chunk: borrowing Chunk,
        id: String?,
        timeAsInteger: Bool,
        deflater: Deflater?
    ) -> [UInt8] {
        var entries = entries(chunk, timeAsInteger: timeAsInteger)
        var isCompressed = false
        if let deflater {
            let plain = entries
            if let packed = deflater.gzip(plain.span) {
                entries = packed
                isCompressed = true
            }
        }
        var out: [UInt8] = []
        out.reserveCapacity(entries.count + chunk.key.count + 100)
        MessagePackWriter.appendArrayHead(3, &out)
        let tag = Array(String(decoding: chunk.key, as: UTF8.self).utf8)
        MessagePackWriter.append(text: tag.span, &out)
        MessagePackWriter.appendBinaryHead(entries.count, &out)
        out.append(contentsOf: entries)
        MessagePackWriter.appendMapHead(1 + (isCompressed ? 1 : 0) + (id == nil ? 0 : 1), &out)
        MessagePackWriter.append("size", &out)
        MessagePackWriter.append(UInt64(chunk.items.count), &out)
        if isCompressed {
            MessagePackWriter.append("compressed", &out)
            MessagePackWriter.append("gzip", &out)
        }
        if let id {
            MessagePackWriter.append("chunk", &out)
            MessagePackWriter.append(id, &out)
        }
        return out
    }

    /// The records as `[time, record]`, one after the other.
    static func entries(_ chunk: borrowing Chunk, timeAsInteger: Bool) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(chunk.bytes.count + chunk.items.count * 4)
        for item in chunk.items {
            MessagePackWriter.appendArrayHead(2, &out)
            append(time: item.time, asInteger: timeAsInteger, &out)
            MessagePackJSON.append(chunk.bytes(of: item), &out)
        }
        return out
    }

    /// Seconds and nanoseconds as the extension of type 0; seconds alone where that is asked for, or
    /// where they don't fit in its 32 bits.
    static func append(time: Int64, asInteger: Bool, _ out: inout [UInt8]) {
        let perSecond: Int64 = 1_000_000_000
        var seconds = time / perSecond
        var rest = time % perSecond
        if rest < 0 {
            rest += perSecond
            seconds -= 1
        }
        guard !asInteger, seconds >= 0, seconds <= Int64(UInt32.max) else {
            MessagePackWriter.append(seconds, &out)
            return
        }
        out.append(0xd7)
        out.append(0)
        MessagePackWriter.appendNumber(seconds, bytes: 4, &out)
        MessagePackWriter.appendNumber(rest, bytes: 4, &out)
    }
}
