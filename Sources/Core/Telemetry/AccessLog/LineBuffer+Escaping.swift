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
            let end = appendPlain(bytes, from: start)
            if end == bytes.count { return }
            append("\\x")
            append(hexOf: bytes[end])
            start = end + 1
        }
    }

    /// Appends bytes as a part of a header's value.
    ///
    /// Control characters become spaces, as RFC 9110 section 5.5 has it for CR, LF and NUL: no line
    /// of a head can be forged. A tab stays.
    func append(headerValue bytes: Span<UInt8>) {
        var start = 0
        while true {
            let end = appendPlain(bytes, from: start)
            if end == bytes.count { return }
            let byte = bytes[end]
            append(byte: byte == 0x09 || byte > 0x20 && byte != 0x7f ? byte : 0x20)
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
            let end = appendPlain(bytes, from: start, stopsAtHighBytes: true)
            if end == bytes.count { return }
            let length = UTF8Sequence.length(bytes, at: end)
            // One byte is ASCII, which must be escaped here; none is no UTF-8.
            if length < 2 {
                append(jsonEscape: bytes[end])
                start = end + 1
            } else {
                append(bytes.extracting(end..<end + length))
                start = end + length
            }
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
