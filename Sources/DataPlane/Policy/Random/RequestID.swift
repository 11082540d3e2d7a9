package import Model

/// Identifiers of requests: UUIDs of version 4 (RFC 9562 section 5.4).
package enum RequestID {
    /// Appends a new identifier to the bytes of a head, 36 bytes in lower case.
    package static func append(to head: Head, random: inout Xoshiro256) -> Head.Slice {
        let high = random.next() & ~0xf000 | 0x4000
        let low = random.next() & ~(0b11 << 62) | 0b10 << 62
        var text = InlineArray<36, UInt8>(repeating: 0x2d)
        var position = 0
        for index in 0..<32 {
            if index == 8 || index == 12 || index == 16 || index == 20 { position += 1 }
            let half = index < 16 ? high : low
            let digit = UInt8(truncatingIfNeeded: half >> UInt64(60 - 4 * (index & 15))) & 15
            text[position] = digit < 10 ? 0x30 + digit : 0x57 + digit
            position += 1
        }
        return head.append(text.span)
    }
}
