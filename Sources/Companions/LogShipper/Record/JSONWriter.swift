/// Writes JSON by hand, for records and requests.
package enum JSONWriter {
    /// Appends text as it is.
    package static func append(_ text: String, _ out: inout [UInt8]) {
        out.append(contentsOf: text.utf8)
    }

    /// Appends bytes as they are.
    package static func append(_ bytes: Span<UInt8>, _ out: inout [UInt8]) {
        unsafe bytes.withUnsafeBufferPointer { unsafe out.append(contentsOf: $0) }
    }

    /// Appends a text in quotes.
    package static func appendString(_ text: String, _ out: inout [UInt8]) {
        let bytes = Array(text.utf8)
        appendString(bytes.span, &out)
    }

    /// Appends bytes as a text in quotes: what is no UTF-8 becomes U+FFFD.
    package static func appendString(_ bytes: Span<UInt8>, _ out: inout [UInt8]) {
        out.append(0x22)
        appendEscaped(bytes, &out)
        out.append(0x22)
    }

    /// Appends a number in hexadecimal digits, without zeros before it.
    package static func appendHexadecimal(_ value: UInt64, _ out: inout [UInt8]) {
        let count = value == 0 ? 1 : (67 - value.leadingZeroBitCount) / 4
        out.append(addingCapacity: count) { digits in
            var shift = UInt64(4 * (count - 1))
            for _ in 0..<count {
                digits.append(hexDigit(UInt8(truncatingIfNeeded: value &>> shift) & 15))
                shift &-= 4
            }
        }
    }

    /// Appends bytes as the inside of a JSON text (RFC 8259 section 7).
    package static func appendEscaped(_ bytes: Span<UInt8>, _ out: inout [UInt8]) {
        var start = 0
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte >= 0x20, byte < 0x80, byte != 0x22, byte != 0x5c {
                index += 1
                continue
            }
            if byte >= 0x80 {
                let length = UTF8Scan.length(bytes, at: index)
                if length > 0 {
                    index += length
                    continue
                }
            }
            append(bytes.extracting(start..<index), &out)
            if byte >= 0x80 {
                append("\u{fffd}", &out)
            } else {
                appendEscape(byte, &out)
            }
            index += 1
            start = index
        }
        append(bytes.extracting(start..<index), &out)
    }

    private static func appendEscape(_ byte: UInt8, _ out: inout [UInt8]) {
        out.append(0x5c)
        switch byte {
        case 0x22, 0x5c: out.append(byte)
        case 0x08: out.append(UInt8(ascii: "b"))
        case 0x09: out.append(UInt8(ascii: "t"))
        case 0x0a: out.append(UInt8(ascii: "n"))
        case 0x0c: out.append(UInt8(ascii: "f"))
        case 0x0d: out.append(UInt8(ascii: "r"))
        default:
            append("u00", &out)
            out.append(hexDigit(byte >> 4))
            out.append(hexDigit(byte & 15))
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 + value : 0x57 + value
    }

    /// Appends a record's fields as members, with commas between and none around.
    ///
    /// - Parameter isFirst: no comma before the first; false afterwards where one was written.
    package static func appendMembers(
        of record: borrowing LogRecord,
        isFirst: inout Bool,
        _ out: inout [UInt8]
    ) {
        var index = 0
        while index < record.fields.count {
            let field = record.fields[index]
            if !isFirst { out.append(0x2c) }
            isFirst = false
            if field.isMember {
                while record.isNeighbour(at: index + 1) { index += 1 }
                append(record.members(field, record.fields[index]), &out)
                index += 1
                continue
            }
            appendString(record.name(of: field), &out)
            out.append(0x3a)
            switch field.kind {
            case .text: appendString(record.value(of: field), &out)
            case .json: append(record.value(of: field), &out)
            }
            index += 1
        }
    }

    /// A record as one object.
    package static func object(_ record: borrowing LogRecord) -> [UInt8] {
        var out: [UInt8] = []
        appendObject(record, &out)
        return out
    }

    /// Appends a record as one object.
    package static func appendObject(_ record: borrowing LogRecord, _ out: inout [UInt8]) {
        out.append(0x7b)
        var isFirst = true
        appendMembers(of: record, isFirst: &isFirst, &out)
        out.append(0x7d)
    }
}

/// Tells well-formed UTF-8 from other bytes (RFC 3629).
package enum UTF8Scan {
    /// The length of the character that begins there, or 0 where none does.
    package static func length(_ bytes: Span<UInt8>, at index: Int) -> Int {
        let first = bytes[index]
        let count: Int
        var least: UInt8 = 0x80
        var most: UInt8 = 0xbf
        switch first {
        case 0..<0x80: return 1
        case 0xc2...0xdf: count = 2
        case 0xe0:
            count = 3
            least = 0xa0
        case 0xed:
            count = 3
            most = 0x9f
        case 0xe1...0xef: count = 3
        case 0xf0:
            count = 4
            least = 0x90
        case 0xf4:
            count = 4
            most = 0x8f
        case 0xf1...0xf3: count = 4
        default: return 0
        }
        guard bytes.count - index >= count else { return 0 }
        let second = bytes[index + 1]
        guard second >= least, second <= most else { return 0 }
        var next = 2
        while next < count {
            if bytes[index + next] & 0xc0 != 0x80 { return 0 }
            next += 1
        }
        return count
    }
}
