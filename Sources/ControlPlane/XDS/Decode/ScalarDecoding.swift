internal import Document

/// Scalars by the JSON mapping of protobuf, as strict as Envoy reads them.
///
/// Each function gives nil after it has reported why the node does not fit.
struct ScalarDecoding {
    let decoding: Decoding
    let place: SourceMap.Place
    let node: Node

    private func refuse(_ what: String, hint: String? = nil) {
        decoding.refuse(place, node.position, what, hint: hint)
    }

    private func wrongKind(_ expected: String) {
        refuse("\(expected) is expected, \(node.kindInWords) was found")
    }

    func string() -> String? {
        guard case .scalar(let text, let isPlain) = node.content else {
            wrongKind("a text")
            return nil
        }
        // Envoy refuses these too: to YAML they are numbers and booleans.
        guard isPlain, text == "true" || text == "false" || ScalarText.isNumber(text) else {
            return text
        }
        refuse(
            "a text is expected, \(node.kindInWords) was found",
            hint: "put it in quotes: \"\(text)\""
        )
        return nil
    }

    func bool() -> Bool? {
        guard case .scalar(let text, let isPlain) = node.content else {
            wrongKind("true or false")
            return nil
        }
        if isPlain, text == "true" { return true }
        if isPlain, text == "false" { return false }
        var hint: String?
        switch text.lowercased() {
        case "true", "yes", "on", "y": hint = "write true"
        case "false", "no", "off", "n": hint = "write false"
        default: break
        }
        refuse("\(quoted(text)) is not a boolean", hint: hint ?? "write true or false")
        return nil
    }

    func integer<I: FixedWidthInteger>(_ type: I.Type) -> I? {
        guard case .scalar(let text, let isPlain) = node.content, !node.isNull else {
            wrongKind("a whole number")
            return nil
        }
        let digits = text.hasPrefix("-") ? text.dropFirst() : Substring(text)
        if ScalarText.isDigits(digits), digits == "0" || !digits.hasPrefix("0") {
            if let value = I(text) { return value }
            refuseRange(I.self, text)
            return nil
        }
        if let value = ScalarText.double(text) {
            // 1e3 and 5.0 are whole numbers to protobuf; beyond 2^53 a double is not exact.
            if value.rounded() == value, value.magnitude <= 9_007_199_254_740_992 {
                if let exact = I(exactly: value) { return exact }
                refuseRange(I.self, text)
            } else {
                refuse("\(text) is not a whole number")
            }
            return nil
        }
        guard isPlain || !text.isEmpty else {
            wrongKind("a whole number")
            return nil
        }
        refuse("\(quoted(text)) is not a whole number", hint: Self.hint(forNumber: text))
        return nil
    }

    private func refuseRange<I: FixedWidthInteger>(_ type: I.Type, _ text: String) {
        refuse("\(text) is out of range", hint: "from \(I.min) to \(I.max)")
    }

    private static func hint(forNumber text: String) -> String {
        let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : Substring(text)
        if ScalarText.isDigits(digits), digits.hasPrefix("0") {
            return "write it without zeros in front"
        }
        if digits.lowercased().hasPrefix("0x") || digits.lowercased().hasPrefix("0o") {
            return "write it in decimal"
        }
        return "write digits only"
    }

    func double() -> Double? {
        guard case .scalar(let text, let isPlain) = node.content, !node.isNull else {
            wrongKind("a number")
            return nil
        }
        switch text {
        case "NaN" where !isPlain: return .nan
        case "Infinity" where !isPlain: return .infinity
        case "-Infinity" where !isPlain: return -.infinity
        default: break
        }
        if let value = ScalarText.double(text) { return value }
        refuse("\(quoted(text)) is not a number")
        return nil
    }

    func float() -> Float? {
        guard let wide = double() else { return nil }
        let value = Float(wide)
        if wide.isFinite, !value.isFinite {
            refuse("\(wide) is out of range")
            return nil
        }
        return value
    }

    func bytes() -> [UInt8]? {
        guard case .scalar(let text, _) = node.content else {
            wrongKind("a text in base64")
            return nil
        }
        if let bytes = Base64.decode(text) { return bytes }
        refuse("\(quoted(text)) is not base64")
        return nil
    }

    /// The number of an enum's value, given by name or number.
    func enumNumber(_ typeName: String?) -> Int? {
        guard let type = typeName.flatMap({ APIDescription.shared.enums[$0] }) else {
            // A field of an enum always has a description: the table is made from the same files.
            refuse("is not described")
            return nil
        }
        guard case .scalar(let text, let isPlain) = node.content, !node.isNull else {
            wrongKind("a name")
            return nil
        }
        if let number = type.number(of: text) { return number }
        let names = type.values.map(\.name)
        if type.unsupported.contains(text) {
            refuse(
                "\(text) is not supported yet",
                hint: "supported: \(names.joined(separator: ", "))"
            )
            return nil
        }
        if isPlain, let number = Int(text), type.values.contains(where: { $0.number == number }) {
            return number
        }
        refuse(
            "\(quoted(text)) is not a known value",
            hint: didYouMean(
                text,
                among: names,
                otherwise: "known values: \(names.joined(separator: ", "))"
            )
        )
        return nil
    }
}

/// Base64 of RFC 4648, in the alphabet of section 4 or 5, with or without padding.
enum Base64 {
    static func decode(_ text: String) -> [UInt8]? {
        var digits = Array(text.utf8)[...]
        var padding = 0
        while digits.last == 0x3d, padding < 2 {
            digits.removeLast()
            padding += 1
        }
        guard digits.count % 4 != 1, padding == 0 || (digits.count + padding) % 4 == 0 else {
            return nil
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 4 * 3 + 2)
        var bits: UInt32 = 0
        var count = 0
        for digit in digits {
            guard let value = value(of: digit) else { return nil }
            bits = bits << 6 | value
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }

    /// The bytes in the alphabet of section 4, with padding, as JSON has them.
    static func encode(_ bytes: [UInt8]) -> String {
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
        )
        var digits: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let group = bytes[index..<min(index + 3, bytes.count)]
            var bits: UInt32 = 0
            for byte in group { bits = bits << 8 | UInt32(byte) }
            bits <<= UInt32(8 * (3 - group.count))
            for place in 0..<4 {
                let isPadding = place > group.count
                digits.append(
                    isPadding
                        ? UInt8(ascii: "=") : alphabet[Int(bits >> UInt32(18 - 6 * place) & 63)]
                )
            }
            index += 3
        }
        return String(decoding: digits, as: UTF8.self)
    }

    private static func value(of digit: UInt8) -> UInt32? {
        switch digit {
        case 0x41...0x5a: UInt32(digit - 0x41)
        case 0x61...0x7a: UInt32(digit - 0x61) + 26
        case 0x30...0x39: UInt32(digit - 0x30) + 52
        case 0x2b, 0x2d: 62
        case 0x2f, 0x5f: 63
        default: nil
        }
    }
}
