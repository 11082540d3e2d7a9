/// Writes fields in the wire format of protocol buffers.
enum ProtobufWriter {
    /// A number in base 128.
    static func appendVarint(_ value: UInt64, _ out: inout [UInt8]) {
        var left = value
        while left >= 0x80 {
            out.append(UInt8(truncatingIfNeeded: left) | 0x80)
            left >>= 7
        }
        out.append(UInt8(truncatingIfNeeded: left))
    }

    /// The bytes that a number takes.
    static func varintCount(_ value: UInt64) -> Int {
        max(1, (70 - value.leadingZeroBitCount) / 7)
    }

    static func append(_ field: Int, varint value: UInt64, _ out: inout [UInt8]) {
        appendVarint(UInt64(field) << 3, &out)
        appendVarint(value, &out)
    }

    static func append(_ field: Int, fixed64 value: UInt64, _ out: inout [UInt8]) {
        appendVarint(UInt64(field) << 3 | 1, &out)
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            out.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    static func append(_ field: Int, fixed32 value: UInt32, _ out: inout [UInt8]) {
        appendVarint(UInt64(field) << 3 | 5, &out)
        for shift in stride(from: UInt32(0), to: 32, by: 8) {
            out.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    static func append(_ field: Int, bytes: Span<UInt8>, _ out: inout [UInt8]) {
        appendVarint(UInt64(field) << 3 | 2, &out)
        appendVarint(UInt64(bytes.count), &out)
        JSONWriter.append(bytes, &out)
    }

    /// Text that must be UTF-8; what is not becomes U+FFFD.
    static func append(_ field: Int, text: Span<UInt8>, _ out: inout [UInt8]) {
        if isUTF8(text) {
            append(field, bytes: text, &out)
        } else {
            let mended = unsafe text.withUnsafeBufferPointer {
                unsafe Array(String(decoding: $0, as: UTF8.self).utf8)
            }
            append(field, bytes: mended.span, &out)
        }
    }

    private static func isUTF8(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        while index < bytes.count {
            if bytes[index] < 0x80 {
                index += 1
                continue
            }
            let length = UTF8Scan.length(bytes, at: index)
            if length == 0 { return false }
            index += length
        }
        return true
    }

    /// Begins a message whose length is not known yet; see ``end(_:_:)``.
    static func begin(_ field: Int, _ out: inout [UInt8]) -> Int {
        appendVarint(UInt64(field) << 3 | 2, &out)
        out.append(0)
        return out.count
    }

    /// Ends the message that began there: its length goes before it.
    static func end(_ start: Int, _ out: inout [UInt8]) {
        let length = UInt64(out.count - start)
        let count = varintCount(length)
        if count > 1 {
            out.insert(contentsOf: repeatElement(0, count: count - 1), at: start)
        }
        var left = length
        for place in 0..<count {
            out[start - 1 + place] =
                UInt8(truncatingIfNeeded: left & 0x7f) | (place + 1 < count ? 0x80 : 0)
            left >>= 7
        }
    }
}
