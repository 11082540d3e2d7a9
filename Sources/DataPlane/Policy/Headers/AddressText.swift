package import Model

/// Reads IP addresses in the text of header fields, without allocating.
package enum AddressText {
    /// The address of an IPv4 or IPv6 literal, without a port; nil where the text is none.
    package static func address(of text: Span<UInt8>) -> SocketAddress? {
        if let address = ipv4(text) { return .ipv4(address, port: 0) }
        guard let groups = ipv6(text) else { return nil }
        return .ipv6(high: groups.high, low: groups.low, port: 0, scope: 0)
    }

    private static func ipv4(_ text: Span<UInt8>) -> UInt32? {
        guard text.count >= 7, text.count <= 15 else { return nil }
        var address: UInt32 = 0
        var start = 0
        for part in 0..<4 {
            let end = part == 3 ? text.count : (text.firstIndex(of: 0x2e, from: start) ?? -1)
            guard end > start, end - start <= 3 else { return nil }
            let digits = text.extracting(start..<end)
            guard let value = digits.decimal(limit: 255), digits.count == 1 || digits[0] != 0x30
            else { return nil }
            address = address << 8 | UInt32(value)
            start = end + 1
        }
        return address
    }

    private static func ipv6(_ text: Span<UInt8>) -> (high: UInt64, low: UInt64)? {
        guard text.count >= 2, text.count <= 45 else { return nil }
        var groups = InlineArray<8, UInt16>(repeating: 0)
        var count = 0
        var gap = -1
        var index = 0
        if text[0] == 0x3a {
            guard text[1] == 0x3a else { return nil }
            gap = 0
            index = 2
        }
        while index < text.count {
            guard count < 8 else { return nil }
            let end = text.firstIndex(of: 0x3a, from: index) ?? text.count
            let part = text.extracting(index..<end)
            if part.firstIndex(of: 0x2e) != nil {
                guard end == text.count, count <= 6, let address = ipv4(part) else { return nil }
                groups[count] = UInt16(truncatingIfNeeded: address >> 16)
                groups[count + 1] = UInt16(truncatingIfNeeded: address)
                count += 2
                break
            }
            guard let value = hexadecimal(part) else { return nil }
            groups[count] = value
            count += 1
            index = end
            if index < text.count {
                index += 1
                guard index < text.count else { return nil }
                if text[index] == 0x3a {
                    guard gap < 0 else { return nil }
                    gap = count
                    index += 1
                }
            }
        }
        guard gap < 0 ? count == 8 : count < 8 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for position in 0..<8 {
            var value: UInt16 = 0
            if gap < 0 || position < gap {
                value = groups[position]
            } else if position >= gap + 8 - count {
                value = groups[position - (8 - count)]
            }
            if position < 4 {
                high = high << 16 | UInt64(value)
            } else {
                low = low << 16 | UInt64(value)
            }
        }
        return (high, low)
    }

    private static func hexadecimal(_ text: Span<UInt8>) -> UInt16? {
        guard text.count >= 1, text.count <= 4 else { return nil }
        var value: UInt16 = 0
        for index in text.indices {
            let byte = text[index].asciiLowercased
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt16(byte &- 0x30)
            case 0x61...0x66: value = value << 4 | UInt16(byte &- 0x57)
            default: return nil
            }
        }
        return value
    }
}
