/// The grammar of numbers in JSON (RFC 8259 section 6), on the text of scalars.
package enum ScalarText {
    /// Whether the text is a number of JSON.
    package static func isNumber(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count <= 400 else { return false }
        var rest = bytes[...]
        if rest.first == 0x2d { rest.removeFirst() }
        let whole = takeDigits(&rest)
        guard whole > 0, whole == 1 || bytes[bytes[0] == 0x2d ? 1 : 0] != 0x30 else { return false }
        if rest.first == 0x2e {
            rest.removeFirst()
            guard takeDigits(&rest) > 0 else { return false }
        }
        if rest.first == 0x65 || rest.first == 0x45 {
            rest.removeFirst()
            if rest.first == 0x2b || rest.first == 0x2d { rest.removeFirst() }
            guard takeDigits(&rest) > 0 else { return false }
        }
        return rest.isEmpty
    }

    /// Whether the text consists of one or more decimal digits.
    package static func isDigits(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    }

    /// The number, where the text is a number of JSON that a double can hold.
    package static func double(_ text: String) -> Double? {
        guard isNumber(text), let value = Double(text), value.isFinite else { return nil }
        return value
    }

    private static func takeDigits(_ rest: inout ArraySlice<UInt8>) -> Int {
        let before = rest.count
        rest = rest.drop { $0 >= 0x30 && $0 <= 0x39 }
        return before - rest.count
    }
}
