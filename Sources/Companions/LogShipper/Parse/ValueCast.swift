import Model

/// Makes numbers and truth values of texts, as Ruby's `to_i` and `to_f` do: what does not belong to a
/// number ends it, and a text without one is zero.
enum ValueCast {
    /// Digits of a number; longer ones stay texts.
    private static let digitsMax = 300

    /// Appends the value and says of what kind it is.
    static func append(
        _ text: Span<UInt8>,
        as type: ParserOptions.ValueType,
        _ out: inout [UInt8]
    ) -> LogRecord.ValueKind {
        switch type {
        case .string:
            JSONWriter.append(text, &out)
            return .text
        case .boolean:
            JSONWriter.append(isTrue(text) ? "true" : "false", &out)
            return .json
        case .integer, .float:
            guard appendNumber(text, isFloat: type == .float, &out) else {
                out.removeAll(keepingCapacity: true)
                JSONWriter.append(text, &out)
                return .text
            }
            return .json
        }
    }

    private static func isTrue(_ text: Span<UInt8>) -> Bool {
        let yes = Array("yes".utf8)
        let word = Array("true".utf8)
        return text.equalsIgnoringCase(lowercase: word.span)
            || text.equalsIgnoringCase(lowercase: yes.span)
            || text.count == 1 && text[0] == UInt8(ascii: "1")
    }

    private static func appendNumber(
        _ text: Span<UInt8>,
        isFloat: Bool,
        _ out: inout [UInt8]
    ) -> Bool {
        var index = 0
        while index < text.count, text[index] == 0x20 || (0x09...0x0d).contains(text[index]) {
            index += 1
        }
        var isNegative = false
        if index < text.count, text[index] == 0x2d || text[index] == 0x2b {
            isNegative = text[index] == 0x2d
            index += 1
        }
        let begin = index
        while index < text.count, text[index] == 0x30 { index += 1 }
        let first = index
        while index < text.count, text[index].isASCIIDigit { index += 1 }
        guard index - first <= digitsMax else { return false }
        if isNegative, index > begin { out.append(0x2d) }
        if index == first { out.append(0x30) }
        JSONWriter.append(text.extracting(first..<index), &out)
        guard isFloat else { return true }
        var end = index
        if index > begin, end + 1 < text.count, text[end] == UInt8(ascii: "."),
            text[end + 1].isASCIIDigit
        {
            end += 1
            while end < text.count, text[end].isASCIIDigit { end += 1 }
            guard end - index <= digitsMax else { return false }
            JSONWriter.append(text.extracting(index..<end), &out)
        } else {
            JSONWriter.append(".0", &out)
        }
        appendExponent(text, end, isNumber: index > begin, &out)
        return true
    }

    private static func appendExponent(
        _ text: Span<UInt8>,
        _ start: Int,
        isNumber: Bool,
        _ out: inout [UInt8]
    ) {
        guard isNumber, start < text.count, text[start] | 0x20 == UInt8(ascii: "e") else { return }
        var index = start + 1
        if index < text.count, text[index] == 0x2d || text[index] == 0x2b { index += 1 }
        let digits = index
        while index < text.count, text[index].isASCIIDigit { index += 1 }
        guard index > digits, index - digits <= 3 else { return }
        JSONWriter.append(text.extracting(start..<index), &out)
    }
}
