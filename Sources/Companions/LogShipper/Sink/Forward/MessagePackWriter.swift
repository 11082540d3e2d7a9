internal import Model

/// Writes MessagePack: each value in its shortest form.
enum MessagePackWriter {
    static func appendNil(_ out: inout [UInt8]) { out.append(0xc0) }

    static func append(_ value: Bool, _ out: inout [UInt8]) { out.append(value ? 0xc3 : 0xc2) }

    static func append(_ value: Int64, _ out: inout [UInt8]) {
        if value >= 0 {
            append(UInt64(value), &out)
        } else if value >= -32 {
            out.append(UInt8(truncatingIfNeeded: value))
        } else if value >= Int64(Int8.min) {
            append(0xd0, value, bytes: 1, &out)
        } else if value >= Int64(Int16.min) {
            append(0xd1, value, bytes: 2, &out)
        } else if value >= Int64(Int32.min) {
            append(0xd2, value, bytes: 4, &out)
        } else {
            append(0xd3, value, bytes: 8, &out)
        }
    }

    static func append(_ value: UInt64, _ out: inout [UInt8]) {
        let bits = Int64(bitPattern: value)
        if value < 0x80 {
            out.append(UInt8(truncatingIfNeeded: value))
        } else if value <= UInt64(UInt8.max) {
            append(0xcc, bits, bytes: 1, &out)
        } else if value <= UInt64(UInt16.max) {
            append(0xcd, bits, bytes: 2, &out)
        } else if value <= UInt64(UInt32.max) {
            append(0xce, bits, bytes: 4, &out)
        } else {
            append(0xcf, bits, bytes: 8, &out)
        }
    }

    static func append(_ value: Double, _ out: inout [UInt8]) {
        append(0xcb, Int64(bitPattern: value.bitPattern), bytes: 8, &out)
    }

    /// Appends a text, which the caller knows to be UTF-8.
    static func append(text: Span<UInt8>, _ out: inout [UInt8]) {
        if text.count < 32 {
            out.append(0xa0 | UInt8(truncatingIfNeeded: text.count))
        } else {
            appendLength(text.count, 0xd9, 0xda, 0xdb, &out)
        }
        JSONWriter.append(text, &out)
    }

    static func append(_ text: String, _ out: inout [UInt8]) {
        let bytes = Array(text.utf8)
        append(text: bytes.span, &out)
    }

    /// The head of so many bytes that follow.
    static func appendBinaryHead(_ count: Int, _ out: inout [UInt8]) {
        appendLength(count, 0xc4, 0xc5, 0xc6, &out)
    }

    static func appendArrayHead(_ count: Int, _ out: inout [UInt8]) {
        appendHead(count, short: 0x90, 0xdc, 0xdd, &out)
    }

    static func appendMapHead(_ count: Int, _ out: inout [UInt8]) {
        appendHead(count, short: 0x80, 0xde, 0xdf, &out)
    }

    /// The head of an array or a map in its shortest form; `short` is the one for up to 15.
    static func appendHead(
        _ count: Int,
        short: UInt8,
        _ two: UInt8,
        _ four: UInt8,
        _ out: inout [UInt8]
    ) {
        if count < 16 {
            out.append(short | UInt8(truncatingIfNeeded: count))
        } else if count <= Int(UInt16.max) {
            append(two, Int64(count), bytes: 2, &out)
        } else {
            append(four, Int64(count), bytes: 4, &out)
        }
    }

    private static func appendLength(
        _ count: Int,
        _ one: UInt8,
        _ two: UInt8,
        _ four: UInt8,
        _ out: inout [UInt8]
    ) {
        if count <= Int(UInt8.max) {
            append(one, Int64(count), bytes: 1, &out)
        } else if count <= Int(UInt16.max) {
            append(two, Int64(count), bytes: 2, &out)
        } else {
            append(four, Int64(count), bytes: 4, &out)
        }
    }

    /// A type's byte and the lowest bytes of a number, big-endian.
    static func append(_ type: UInt8, _ value: Int64, bytes: Int64, _ out: inout [UInt8]) {
        out.append(type)
        appendNumber(value, bytes: bytes, &out)
    }

    static func appendNumber(_ value: Int64, bytes: Int64, _ out: inout [UInt8]) {
        var shift = (bytes - 1) * 8
        while shift >= 0 {
            out.append(UInt8(truncatingIfNeeded: value >> shift))
            shift -= 8
        }
    }
}
