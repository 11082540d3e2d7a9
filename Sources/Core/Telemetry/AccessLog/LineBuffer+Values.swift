import Model

extension LineBuffer {
    /// What stands for a value that is not there.
    func appendAbsent(_ style: FormatInstruction.Style) {
        switch style {
        case .text, .jsonPart, .body: append(byte: 0x2d)
        case .jsonValue: append("null")
        case .header: break
        }
    }

    /// Bytes that somebody else chose; none are an absent value.
    func append(
        _ bytes: Span<UInt8>,
        _ style: FormatInstruction.Style,
        limit: Int32 = -1
    ) {
        if bytes.isEmpty { return appendAbsent(style) }
        let kept = limit < 0 ? bytes.count : min(bytes.count, Int(limit))
        let value = bytes.extracting(0..<kept)
        switch style {
        case .text: append(textEscaping: value)
        case .header: append(headerValue: value)
        case .body: append(value)
        case .jsonPart: append(jsonEscaping: value)
        case .jsonValue:
            append(byte: 0x22)
            append(jsonEscaping: value)
            append(byte: 0x22)
        }
    }

    func append(_ text: borrowing String, _ style: FormatInstruction.Style) {
        let bytes = text.utf8.span
        append(bytes, style)
    }

    /// A text of our own that needs no escaping.
    func append(_ text: StaticString, _ style: FormatInstruction.Style) {
        if text.utf8CodeUnitCount == 0 { return appendAbsent(style) }
        if style == .jsonValue { append(byte: 0x22) }
        append(text)
        if style == .jsonValue { append(byte: 0x22) }
    }

    func append(_ value: UInt64?, _ style: FormatInstruction.Style) {
        guard let value else { return appendAbsent(style) }
        append(decimal: value)
    }

    /// Whole milliseconds of an offset in microseconds.
    func append(milliseconds microseconds: Int64?, _ style: FormatInstruction.Style) {
        guard let microseconds else { return appendAbsent(style) }
        append(decimal: max(0, microseconds) / 1000)
    }

    /// An address, with or without its port; IPv4 without an allocation.
    func append(
        _ address: SocketAddress?,
        port: Bool,
        _ style: FormatInstruction.Style
    ) {
        switch address {
        case nil: appendAbsent(style)
        case .ipv4(let host, let number):
            if style == .jsonValue { append(byte: 0x22) }
            append(ipv4: host)
            if port {
                append(byte: 0x3a)
                append(decimal: UInt64(number))
            }
            if style == .jsonValue { append(byte: 0x22) }
        case .some(let other):
            append(port ? other.description : other.host, style)
        }
    }

    private func append(ipv4 host: UInt32) {
        append(decimal: UInt64(host >> 24))
        append(byte: 0x2e)
        append(decimal: UInt64(host >> 16 & 255))
        append(byte: 0x2e)
        append(decimal: UInt64(host >> 8 & 255))
        append(byte: 0x2e)
        append(decimal: UInt64(host & 255))
    }

    /// A version 4 UUID (RFC 9562 section 5.4).
    func appendUniqueID(_ style: FormatInstruction.Style) {
        if style == .jsonValue { append(byte: 0x22) }
        let high = UInt64.random(in: 0 ... .max) & ~0xf000 | 0x4000
        let low = UInt64.random(in: 0 ... .max) & ~(3 << 62) | 2 << 62
        append(hex: high >> 32, digits: 8)
        append(byte: 0x2d)
        append(hex: high >> 16, digits: 4)
        append(byte: 0x2d)
        append(hex: high, digits: 4)
        append(byte: 0x2d)
        append(hex: low >> 48, digits: 4)
        append(byte: 0x2d)
        append(hex: low, digits: 12)
        if style == .jsonValue { append(byte: 0x22) }
    }

    func append(hex value: UInt64, digits: UInt64) {
        for position in (0..<digits).reversed() {
            let digit = UInt8(truncatingIfNeeded: value >> (position * 4) & 15)
            append(byte: digit < 10 ? 0x30 + digit : 0x61 + digit - 10)
        }
    }
}
