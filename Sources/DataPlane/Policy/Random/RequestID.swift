package import Model

/// Identifiers of requests: UUIDs of version 4 (RFC 9562 section 5.4).
package enum RequestID {
    /// Appends a new identifier to the bytes of a head, 36 bytes in lower case.
    package static func append(to head: Head, random: inout Xoshiro256) -> Head.Slice {
        let high = random.next() & ~0xf000 | 0x4000
        let low = random.next() & ~(0b11 << 62) | 0b10 << 62
        var text = InlineArray<36, UInt8>(repeating: 0x2d)
        var position = 0
        for group in 0..<4 {
            let half = group < 2 ? high : low
            var digits = hexadecimal(
                UInt32(truncatingIfNeeded: group & 1 == 0 ? half >> 32 : half)
            )
            for index in 0..<8 {
                // Dashes stand after 8, 12, 16 and 20 digits.
                if index & 3 == 0, group == 1 || group == 2 { position += 1 }
                text[position] = UInt8(truncatingIfNeeded: digits >> 56)
                digits <<= 8
                position += 1
            }
        }
        return head.append(text.span)
    }

    /// Eight digits, the first in the highest byte: all at once, in the bytes of one word.
    private static func hexadecimal(_ value: UInt32) -> UInt64 {
        var nibbles = UInt64(value)
        nibbles = (nibbles | nibbles << 16) & 0x0000_ffff_0000_ffff
        nibbles = (nibbles | nibbles << 8) & 0x00ff_00ff_00ff_00ff
        nibbles = (nibbles | nibbles << 4) & 0x0f0f_0f0f_0f0f_0f0f
        let isLetter = (nibbles &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return nibbles &+ 0x3030_3030_3030_3030 &+ isLetter &* 0x27
    }
}
