/// The texts inside of JSON.
package enum JSONText {
    /// The number that four hexadecimal digits stand for, or nil.
    package static func hexadecimal(_ bytes: Span<UInt8>, _ start: Int) -> UInt32? {
        guard start >= 0, bytes.count - start >= 4 else { return nil }
        var value: UInt32 = 0
        for index in start..<start + 4 {
            let digit: UInt32
            switch bytes[index] {
            case 0x30...0x39: digit = UInt32(bytes[index]) - 0x30
            case 0x41...0x46: digit = UInt32(bytes[index]) - 0x37
            case 0x61...0x66: digit = UInt32(bytes[index]) - 0x57
            default: return nil
            }
            value = value << 4 | digit
        }
        return value
    }

    /// Appends what a JSON value means as a text: a string without quotes and escapes, `null` as
    /// nothing, anything else as it stands.
    package static func append(meaningOf value: Span<UInt8>, _ out: inout [UInt8]) {
        if value.count >= 2, value[0] == 0x22 {
            append(unescaping: value.extracting(1..<value.count - 1), &out)
        } else if !isNull(value) {
            JSONWriter.append(value, &out)
        }
    }

    /// True for `null`.
    package static func isNull(_ value: Span<UInt8>) -> Bool {
        value.count == 4 && value[0] == UInt8(ascii: "n") && value[1] == UInt8(ascii: "u")
    }

    /// Appends the inside of a string with its escapes resolved; half of a pair becomes U+FFFD.
    package static func append(unescaping inside: Span<UInt8>, _ out: inout [UInt8]) {
        var start = 0
        var index = 0
        while index < inside.count {
            guard inside[index] == 0x5c else {
                index += 1
                continue
            }
            JSONWriter.append(inside.extracting(start..<index), &out)
            index = appendEscape(inside, index, &out)
            start = index
        }
        JSONWriter.append(inside.extracting(start..<index), &out)
    }

    /// Appends what the escape at `index` stands for; returns the position after it.
    private static func appendEscape(
        _ inside: Span<UInt8>,
        _ index: Int,
        _ out: inout [UInt8]
    ) -> Int {
        guard index + 1 < inside.count else { return inside.count }
        switch inside[index + 1] {
        case UInt8(ascii: "b"): out.append(0x08)
        case UInt8(ascii: "f"): out.append(0x0c)
        case UInt8(ascii: "n"): out.append(0x0a)
        case UInt8(ascii: "r"): out.append(0x0d)
        case UInt8(ascii: "t"): out.append(0x09)
        case UInt8(ascii: "u"):
            guard var scalar = hexadecimal(inside, index + 2) else { return index + 2 }
            var end = index + 6
            if scalar & 0xfc00 == 0xd800, end + 6 <= inside.count, inside[end] == 0x5c,
                inside[end + 1] == UInt8(ascii: "u"), let low = hexadecimal(inside, end + 2),
                low & 0xfc00 == 0xdc00
            {
                scalar = 0x10000 + (scalar & 0x3ff) << 10 + (low & 0x3ff)
                end += 6
            }
            appendScalar(scalar & 0xfffff800 == 0xd800 ? 0xfffd : scalar, &out)
            return end
        default: out.append(inside[index + 1])
        }
        return index + 2
    }

    private static func appendScalar(_ scalar: UInt32, _ out: inout [UInt8]) {
        switch scalar {
        case ..<0x80: out.append(UInt8(truncatingIfNeeded: scalar))
        case ..<0x800:
            out.append(UInt8(truncatingIfNeeded: 0xc0 | scalar >> 6))
            out.append(UInt8(truncatingIfNeeded: 0x80 | (scalar & 0x3f)))
        case ..<0x10000:
            out.append(UInt8(truncatingIfNeeded: 0xe0 | scalar >> 12))
            out.append(UInt8(truncatingIfNeeded: 0x80 | (scalar >> 6 & 0x3f)))
            out.append(UInt8(truncatingIfNeeded: 0x80 | (scalar & 0x3f)))
        default:
            out.append(UInt8(truncatingIfNeeded: 0xf0 | scalar >> 18))
            out.append(UInt8(truncatingIfNeeded: 0x80 | (scalar >> 12 & 0x3f)))
            out.append(UInt8(truncatingIfNeeded: 0x80 | (scalar >> 6 & 0x3f)))
            out.append(UInt8(truncatingIfNeeded: 0x80 | (scalar & 0x3f)))
        }
    }
}
