/// Writes the few values of MessagePack that a server of the forward protocol sends.
enum MessagePackBytes {
    static func appendArray(_ count: Int, _ out: inout [UInt8]) {
        out.append(0x90 | UInt8(truncatingIfNeeded: count & 15))
    }

    static func appendMap(_ count: Int, _ out: inout [UInt8]) {
        out.append(0x80 | UInt8(truncatingIfNeeded: count & 15))
    }

    static func append(_ value: Bool, _ out: inout [UInt8]) { out.append(value ? 0xc3 : 0xc2) }

    static func append(_ text: String, _ out: inout [UInt8]) { appendText(Array(text.utf8), &out) }

    /// A text of up to 65,535 bytes; what is more is left out.
    static func appendText(_ bytes: [UInt8], _ out: inout [UInt8]) {
        let count = min(bytes.count, 65_535)
        if count < 32 {
            out.append(0xa0 | UInt8(count))
        } else if count < 256 {
            out.append(0xd9)
            out.append(UInt8(count))
        } else {
            out.append(0xda)
            out.append(UInt8(count >> 8))
            out.append(UInt8(count & 255))
        }
        out.append(contentsOf: bytes.prefix(count))
    }

    /// Up to 255 bytes.
    static func appendBinary(_ bytes: [UInt8], _ out: inout [UInt8]) {
        out.append(0xc4)
        out.append(UInt8(min(bytes.count, 255)))
        out.append(contentsOf: bytes.prefix(255))
    }
}
