import Model

/// Finds what looks like a secret in a text, and writes the text without it.
///
/// Time is linear in the text, but for expressions of the configuration: after so many matches of one
/// the rest of the text goes whole.
final class Redactor {
    private enum Finder {
        case creditCard, token, email
        case pattern(LinePattern)
    }

    private static let matchesMax = 256
    private let finders: [Finder]
    private let replacement: [UInt8]
    private var between: [UInt8] = []

    init(_ options: RedactOptions, place: ConfigurationPlace) throws(LogConfigurationFailure) {
        var finders: [Finder] = []
        for pattern in options.patterns {
            switch pattern {
            case .creditCard: finders.append(.creditCard)
            case .token: finders.append(.token)
            case .email: finders.append(.email)
            case .regexp(let text):
                let pattern = try LinePattern(text, place: place)
                guard !Self.matchesNothing(pattern) else {
                    throw LogConfigurationFailure(
                        place: place,
                        what: "the expression \"\(text)\" matches an empty text"
                    )
                }
                finders.append(.pattern(pattern))
            }
        }
        self.finders = finders
        replacement = Array(options.replacement.utf8)
    }

    private static func matchesNothing(_ pattern: LinePattern) -> Bool {
        for text in ["", "a 1"] {
            let bytes = Array(text.utf8)
            if pattern.find(bytes.span), pattern.range(0)?.isEmpty == true { return true }
        }
        return false
    }

    /// Appends the redacted text; appends nothing and returns false where nothing is to be done.
    func redact(_ text: Span<UInt8>, _ out: inout [UInt8]) -> Bool {
        let start = out.count
        var hasChanged = false
        for finder in finders {
            if !hasChanged {
                hasChanged = run(finder, text, &out)
                continue
            }
            between.removeAll(keepingCapacity: true)
            between += out[start...]
            let before = between
            out.removeLast(out.count - start)
            if !run(finder, before.span, &out) { out += before }
        }
        return hasChanged
    }

    private func run(_ finder: Finder, _ text: Span<UInt8>, _ out: inout [UInt8]) -> Bool {
        var from = 0
        var count = 0
        while from < text.count, let found = next(finder, text, from) {
            if found.isEmpty { break }
            JSONWriter.append(text.extracting(from..<found.lowerBound), &out)
            out += replacement
            from = found.upperBound
            count += 1
            if case .pattern = finder, count == Self.matchesMax { return true }
        }
        if count > 0, from < text.count { JSONWriter.append(text.extracting(from...), &out) }
        return count > 0
    }

    private func next(_ finder: Finder, _ text: Span<UInt8>, _ from: Int) -> Range<Int>? {
        switch finder {
        case .creditCard: CardScan.next(text, from)
        case .token: TokenScan.next(text, from)
        case .email: EmailScan.next(text, from)
        case .pattern(let pattern): pattern.find(text, from: from) ? pattern.range(0) : nil
        }
    }
}

/// Numbers of payment cards.
enum CardScan {
    /// 13 to 19 digits, in groups with a space or a dash between, that begin as cards do (2 to 6) and
    /// whose Luhn sum is right.
    static func next(_ text: Span<UInt8>, _ from: Int) -> Range<Int>? {
        var index = from
        while index < text.count {
            guard text[index].isASCIIDigit else {
                index += 1
                continue
            }
            // Only at the begin of a group of digits.
            let isBegin = index == 0 || !text[index - 1].isASCIIDigit
            if isBegin, text[index] >= 0x32, text[index] <= 0x36, let end = card(text, index) {
                return index..<end
            }
            while index < text.count, text[index].isASCIIDigit { index += 1 }
        }
        return nil
    }

    private static func card(_ text: Span<UInt8>, _ start: Int) -> Int? {
        var digits: InlineArray<19, UInt8> = InlineArray(repeating: 0)
        var count = 0
        var index = start
        var found: Int?
        while index < text.count {
            if text[index].isASCIIDigit {
                guard count < 19 else { return found }
                digits[count] = text[index] - 0x30
                count += 1
                index += 1
                let isEnd = index == text.count || !text[index].isASCIIDigit
                if isEnd, count >= 13, isLuhn(digits, count) { found = index }
            } else if text[index] == 0x20 || text[index] == 0x2d, index + 1 < text.count,
                text[index + 1].isASCIIDigit
            {
                index += 1
            } else {
                break
            }
        }
        return found
    }

    private static func isLuhn(_ digits: InlineArray<19, UInt8>, _ count: Int) -> Bool {
        var sum = 0
        for index in 0..<count {
            let digit = Int(digits[count - 1 - index])
            let doubled = digit * 2
            sum += index % 2 == 0 ? digit : doubled > 9 ? doubled - 9 : doubled
        }
        return sum % 10 == 0
    }
}

/// Addresses of e-mail.
enum EmailScan {
    static func next(_ text: Span<UInt8>, _ from: Int) -> Range<Int>? {
        var least = from
        var index = from
        while let at = text.firstIndex(of: UInt8(ascii: "@"), from: index) {
            var start = at
            while start > least, at - start < 64, isLocal(text[start - 1]) { start -= 1 }
            while start < at, text[start] == UInt8(ascii: ".") { start += 1 }
            if start < at, let end = domain(text, at + 1) { return start..<end }
            index = at + 1
            least = at + 1
        }
        return nil
    }

    private static func isLocal(_ byte: UInt8) -> Bool {
        isDomain(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "%")
            || byte == UInt8(ascii: "+") || byte >= 0x80
    }

    private static func isDomain(_ byte: UInt8) -> Bool {
        byte.isASCIIDigit || byte.asciiLowercased &- 0x61 < 26 || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: "-")
    }

    /// After a domain with a dot in it and letters at its end.
    private static func domain(_ text: Span<UInt8>, _ start: Int) -> Int? {
        var end = start
        while end < text.count, end - start < 255, isDomain(text[end]) { end += 1 }
        while end > start, !(text[end - 1].asciiLowercased &- 0x61 < 26) { end -= 1 }
        var letters = 0
        while end - letters > start, text[end - letters - 1].asciiLowercased &- 0x61 < 26 {
            letters += 1
        }
        let dot = end - letters - 1
        guard letters >= 2, dot > start, text[dot] == UInt8(ascii: ".") else { return nil }
        return end
    }
}
