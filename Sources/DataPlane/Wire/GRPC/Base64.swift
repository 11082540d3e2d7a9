/// The alphabet of RFC 4648 section 4.
enum Base64 {
    /// The six bits of a character; nil for what is not in the alphabet.
    @inline(__always)
    static func value(of character: UInt8) -> UInt32? {
        switch character {
        case 0x41...0x5a: UInt32(character - 0x41)
        case 0x61...0x7a: UInt32(character - 0x61 + 26)
        case 0x30...0x39: UInt32(character - 0x30 + 52)
        case 0x2b: 62
        case 0x2f: 63
        default: nil
        }
    }

    /// The character of the low six bits.
    @inline(__always)
    static func character(of bits: UInt32) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: bits & 63)
        return switch value {
        case 0..<26: value + 0x41
        case 26..<52: value - 26 + 0x61
        case 52..<62: value - 52 + 0x30
        case 62: 0x2b
        default: 0x2f
        }
    }
}

/// Encodes bytes that arrive in pieces; only what does not fill a group is kept.
struct Base64Encoder: Sendable, Equatable {
    private var bits: UInt32 = 0
    private var byteCount: UInt8 = 0

    mutating func encode(_ bytes: Span<UInt8>, into output: inout [UInt8]) {
        output.reserveCapacity(output.count + bytes.count / 3 * 4 + 8)
        for index in 0..<bytes.count {
            bits = bits << 8 | UInt32(bytes[index])
            byteCount += 1
            if byteCount == 3 { write(into: &output) }
        }
    }

    /// Ends a segment: writes what is kept, with padding.
    mutating func pad(into output: inout [UInt8]) {
        if byteCount > 0 { write(into: &output) }
    }

    private mutating func write(into output: inout [UInt8]) {
        let group = bits << (8 * (3 - UInt32(byteCount)))
        output.append(Base64.character(of: group >> 18))
        output.append(Base64.character(of: group >> 12))
        output.append(byteCount > 1 ? Base64.character(of: group >> 6) : UInt8(ascii: "="))
        output.append(byteCount > 2 ? Base64.character(of: group) : UInt8(ascii: "="))
        bits = 0
        byteCount = 0
    }
}
