extension LineBuffer {
    /// The bytes as text, for messages and tests.
    package var text: String { String(decoding: copy(), as: UTF8.self) }

    /// Appends bytes that a peer chose so that they stay within their place in a text line.
    ///
    /// Control characters, quotes and backslashes become `\xNN`: neither a new line nor the end of
    /// a quoted value can be forged, and parsers that split at quotes keep working.
    func append(textEscaping bytes: Span<UInt8>) {
        var start = 0
        while true {
            let end = Self.endOfPlain(bytes, from: start)
            append(bytes.extracting(start..<end))
            if end == bytes.count { return }
            append("\\x")
            append(hexOf: bytes[end])
            start = end + 1
        }
    }

    /// Appends bytes inside of a JSON string (RFC 8259 section 7).
    ///
    /// What is no UTF-8 becomes the four characters `\xNN`: the line stays valid JSON, and the
    /// byte can still be read.
    func append(jsonEscaping bytes: Span<UInt8>) {
        var start = 0
        while true {
            var end = start
            while end < bytes.count {
                let stop = Self.endOfPlain(bytes, from: end, stopsAtHighBytes: true)
                let length = stop < bytes.count ? UTF8Sequence.length(bytes, at: stop) : 0
                end = stop
                // One byte is ASCII, which must be escaped here; none is no UTF-8.
                if length < 2 { break }
                end += length
            }
            append(bytes.extracting(start..<end))
            if end == bytes.count { return }
            append(jsonEscape: bytes[end])
            start = end + 1
        }
    }

    private func append(jsonEscape byte: UInt8) {
        switch byte {
        case 0x22: append("\\\"")
        case 0x5c: append("\\\\")
        case 0x0a: append("\\n")
        case 0x0d: append("\\r")
        case 0x09: append("\\t")
        case 0x80...:
            append("\\\\x")
            append(hexOf: byte)
        default:
            append("\\u00")
            append(hexOf: byte)
        }
    }

    private func append(hexOf byte: UInt8) {
        append(hex: UInt64(byte), digits: 2)
    }

    /// The position of the first byte at or after `start` that must be escaped, or the count.
    ///
    /// Eight bytes at a time: most values have none, and this is most of the work of a line.
    @inline(__always)
    private static func endOfPlain(
        _ bytes: Span<UInt8>, from start: Int, stopsAtHighBytes: Bool = false
    ) -> Int {
        let raw = unsafe bytes.bytes
        var index = start
        while index + 8 <= bytes.count {
            let word = unsafe raw.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
            var found = escapedBytes(word)
            if stopsAtHighBytes { found |= word & 0x8080_8080_8080_8080 }
            if found != 0 { return index + UInt64(littleEndian: found).trailingZeroBitCount / 8 }
            index += 8
        }
        while index < bytes.count {
            let byte = bytes[index]
            let isHigh = stopsAtHighBytes && byte >= 0x80
            if byte < 0x20 || byte == 0x7f || byte == 0x22 || byte == 0x5c || isHigh { break }
            index += 1
        }
        return index
    }

    /// The high bit of each byte below 0x20, or that is a quote, a backslash or 0x7f.
    ///
    /// Bits above the first may be wrong, since a subtraction borrows from the next byte; the first
    /// is always right.
    @inline(__always)
    private static func escapedBytes(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        func zeros(_ value: UInt64) -> UInt64 { (value &- ones) & ~value }
        let controls = (word &- ones &* 0x20) & ~word
        return (controls | zeros(word ^ ones &* 0x22) | zeros(word ^ ones &* 0x5c)
            | zeros(word ^ ones &* 0x7f)) & 0x8080_8080_8080_8080
    }
}

/// Well-formed UTF-8 (Unicode 15, table 3-7).
enum UTF8Sequence {
    /// The length of the sequence at `index`, 1 to 4; 0 where it is not well-formed.
    static func length(_ bytes: Span<UInt8>, at index: Int) -> Int {
        let first = bytes[index]
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xbf
        switch first {
        case 0x00...0x7f: return 1
        case 0xc2...0xdf: length = 2
        case 0xe0...0xef:
            length = 3
            if first == 0xe0 { second = 0xa0...0xbf }
            if first == 0xed { second = 0x80...0x9f }
        case 0xf0...0xf4:
            length = 4
            if first == 0xf0 { second = 0x90...0xbf }
            if first == 0xf4 { second = 0x80...0x8f }
        default: return 0
        }
        guard length <= bytes.count - index, second.contains(bytes[index + 1]) else { return 0 }
        for offset in 2..<max(2, length) where bytes[index + offset] & 0xc0 != 0x80 { return 0 }
        return length
    }
}
