/// Lines and columns of byte offsets, for messages.
package enum TextPosition {
    /// Where the byte at `offset` stands; the end of the text for offsets beyond it.
    package static func of(offset: Int, in bytes: [UInt8]) -> Node.Position {
        var position = Node.Position(line: 1, column: 1)
        for byte in bytes.prefix(max(0, offset)) {
            if byte == 0x0a {
                position.line += 1
                position.column = 1
            } else if byte & 0xc0 != 0x80 {
                position.column += 1
            }
        }
        return position
    }

    /// The first byte of the character number `index`, counted from 0; nil beyond the end.
    package static func character(at index: Int, in bytes: [UInt8]) -> UInt8? {
        var remaining = index
        for byte in bytes where byte & 0xc0 != 0x80 {
            if remaining == 0 { return byte }
            remaining -= 1
        }
        return nil
    }

    /// The text of a line, counted from 1; empty beyond the end.
    package static func line(_ number: Int, of bytes: [UInt8]) -> String {
        var remaining = number - 1
        var rest = bytes[...]
        while remaining > 0, let end = rest.firstIndex(of: 0x0a) {
            rest = rest[(end + 1)...]
            remaining -= 1
        }
        guard remaining == 0 else { return "" }
        return String(decoding: rest.prefix { $0 != 0x0a }.prefix(10_000), as: UTF8.self)
    }
}
