/// What values mean: as their program reads them, where that is what everybody would expect.
///
/// What fluentd would read in a way that nobody expects is refused with what it would have read.
enum FluentValues {
    typealias Dialect = FluentParameters.Dialect

    static func text(of entry: FluentEntry) throws(LogConfigurationFailure) -> String {
        switch entry.value {
        case .text(let text): return text
        case .nothing, .standard: return ""
        case .list(let values):
            var words: [String] = []
            for value in values {
                words.append(
                    try text(of: FluentEntry(key: entry.key, value: value, place: entry.place))
                )
            }
            return words.joined(separator: ",")
        case .map: throw failure(entry, "is a map; a text was expected")
        }
    }

    private static func failure(
        _ entry: FluentEntry,
        _ what: String,
        hint: String? = nil
    ) -> LogConfigurationFailure {
        LogConfigurationFailure(place: entry.place, what: "\(entry.key) \(what)", hint: hint)
    }

    // MARK: - Booleans and numbers

    static func bool(
        of entry: FluentEntry,
        dialect: Dialect
    ) throws(LogConfigurationFailure) -> Bool {
        let text = try text(of: entry)
        if dialect == .fluentd {
            switch text {
            case "true", "yes", "": return true
            case "false", "no": return false
            // fluentd takes a comment right after the name for the value, and this value for true.
            case _ where text.hasPrefix("#"): return true
            default:
                throw failure(
                    entry,
                    "is \(fluentQuoted(text)), which is neither true nor false",
                    hint: "fluentd knows true, yes, false and no, and takes all else for not set"
                )
            }
        }
        switch text.lowercased() {
        case "true", "on", "yes": return true
        case "false", "off", "no": return false
        default:
            throw failure(
                entry,
                "is \(fluentQuoted(text)), which is neither true nor false",
                hint: "write on or off"
            )
        }
    }

    static func integer(
        of entry: FluentEntry,
        in range: ClosedRange<Int>
    ) throws(LogConfigurationFailure) -> Int {
        let text = try text(of: entry)
        guard let value = Int(text), !text.hasPrefix("+") else {
            throw failure(entry, "is \(fluentQuoted(text)), which is not a whole number")
        }
        guard range.contains(value) else {
            throw failure(
                entry,
                "is \(value), outside of \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return value
    }

    static func number(of entry: FluentEntry) throws(LogConfigurationFailure) -> Double {
        let text = try text(of: entry)
        guard let value = decimal(text) else {
            throw failure(entry, "is \(fluentQuoted(text)), which is not a number")
        }
        return value
    }

    /// Digits with a fraction or without.
    private static func decimal(_ text: String) -> Double? {
        guard !text.isEmpty, text.utf8.count <= 30,
            text.utf8.allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || $0 == UInt8(ascii: ".") }),
            let first = text.utf8.first, first != UInt8(ascii: "."), !text.hasSuffix(".")
        else { return nil }
        return Double(text)
    }

    // MARK: - Times

    /// Milliseconds.
    static func time(
        of entry: FluentEntry,
        dialect: Dialect
    ) throws(LogConfigurationFailure) -> Int64 {
        let text = try text(of: entry)
        if let seconds = decimal(text) { return milliseconds(seconds) }
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        if let last = text.last {
            let unit = dialect == .fluentd ? last : Character(last.lowercased())
            let digits = text.dropLast()
            if let factor = units[unit], !digits.contains("."), let value = decimal(String(digits))
            {
                return milliseconds(value * factor)
            }
        }
        guard dialect == .fluentd else {
            throw failure(
                entry,
                "is \(fluentQuoted(text)), which is not a time",
                hint: "write whole seconds, or a number with s, m, h or d"
            )
        }
        throw failure(
            entry,
            "is \(fluentQuoted(text)), which fluentd reads as \(surprise(text))",
            hint: "write seconds, with a fraction where needed, or a whole number with s, m, h or d"
                + (better(text).map { ": \($0)" } ?? "")
        )
    }

    private static func milliseconds(_ seconds: Double) -> Int64 {
        Int64(min(seconds * 1000, 1e15))
    }

    /// What fluentd makes of a time that is not one: the first number right before an s, m, h or d,
    /// looked for in this order, or the number at the begin.
    private static func surprise(_ text: String) -> String {
        let words: [(Character, String, Double)] = [
            ("s", "seconds", 1), ("m", "minutes", 60), ("h", "hours", 3600), ("d", "days", 86400),
        ]
        let characters = Array(text.prefix(100))
        for (unit, word, factor) in words {
            for index in characters.indices where characters[index] == unit {
                var start = index
                while start > 0, isDigit(characters[start - 1]) { start -= 1 }
                guard start < index else { continue }
                let digits = String(characters[start..<index])
                let shown = "\(digits) \(word)"
                guard factor > 1, let value = Int(digits), value < 1_000_000_000 else {
                    return shown
                }
                return "\(shown) (\(value * Int(factor)) seconds)"
            }
        }
        let begin = characters.prefix { isDigit($0) || $0 == "." }
        return begin.isEmpty ? "0 seconds" : "\(String(begin)) seconds"
    }

    private static func isDigit(_ character: Character) -> Bool { "0"..."9" ~= character }

    /// What was probably meant, in words that fluentd reads the same way.
    private static func better(_ text: String) -> String? {
        let units: [(String, Double)] = [
            ("ms", 0.001), ("sec", 1), ("min", 60), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400),
        ]
        for (unit, factor) in units where text.lowercased().hasSuffix(unit) {
            guard let value = decimal(String(text.dropLast(unit.count))) else { continue }
            let seconds = value * factor
            return seconds == seconds.rounded() && seconds < 1e9
                ? "\(Int(seconds))s" : "\(seconds)"
        }
        return nil
    }

    // MARK: - Sizes

    /// Bytes.
    static func size(
        of entry: FluentEntry,
        dialect: Dialect
    ) throws(LogConfigurationFailure) -> Int {
        let text = try text(of: entry)
        let lower = text.lowercased()
        if dialect == .fluentBit, lower == "false" || lower == "off" { return 0 }
        var digits = Substring(lower)
        if digits.hasSuffix("b") { digits = digits.dropLast() }
        var factor = 1
        if let last = digits.last, let power = "kmgt".firstIndex(of: last) {
            let count = "kmgt".distance(from: "kmgt".startIndex, to: power) + 1
            let step = dialect == .fluentd ? 1024 : 1000
            for _ in 0..<count { factor *= step }
            digits = digits.dropLast()
        }
        if let value = Int(digits), value >= 0, !digits.hasPrefix("+") {
            let (product, overflow) = value.multipliedReportingOverflow(by: factor)
            if !overflow { return product }
        }
        throw failure(
            entry,
            "is \(fluentQuoted(text)), which is not a size",
            hint: dialect == .fluentd && digits.contains(".")
                ? "fluentd drops what is before the point: write a whole number with k, m, g or t"
                : "write a whole number, with k, m, g or t after it"
        )
    }

    // MARK: - Lists and maps

    /// JSON, or words with commas between.
    static func list(of entry: FluentEntry) throws(LogConfigurationFailure) -> [String] {
        if case .list(let values) = entry.value {
            var words: [String] = []
            for value in values {
                words.append(
                    try text(of: FluentEntry(key: entry.key, value: value, place: entry.place))
                )
            }
            return words
        }
        let text = try text(of: entry)
        if text.hasPrefix("[") {
            guard case .array(let values) = FluentJSON(text) else {
                throw failure(entry, "is not a valid list in JSON")
            }
            return values.map(\.plain)
        }
        return words(text)
    }

    /// Words between commas, without the spaces around them.
    static func words(_ text: String, separator: Character = ",") -> [String] {
        text.split(separator: separator, omittingEmptySubsequences: true)
            .map { trimmed($0) }.filter { !$0.isEmpty }
    }

    static func trimmed(_ text: Substring) -> String {
        var text = text
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }

    /// JSON, or `a:b` with commas between.
    static func map(
        of entry: FluentEntry
    ) throws(LogConfigurationFailure) -> [(name: String, value: String)] {
        if case .map(let entries) = entry.value {
            var pairs: [(name: String, value: String)] = []
            for entry in entries { pairs.append((entry.key, try text(of: entry))) }
            return pairs
        }
        let text = try text(of: entry)
        if text.hasPrefix("{") {
            guard case .object(let members) = FluentJSON(text) else {
                throw failure(entry, "is not a valid object in JSON")
            }
            return members.map { ($0.key, $0.value.plain) }
        }
        var pairs: [(name: String, value: String)] = []
        for word in words(text) {
            guard let colon = word.firstIndex(of: ":") else {
                throw failure(entry, "has \(fluentQuoted(word)) where name:value was expected")
            }
            pairs.append(
                (trimmed(word[..<colon]), trimmed(word[word.index(after: colon)...]))
            )
        }
        return pairs
    }
}
