import Model

/// Writes one word for what loggers spell in their own ways.
///
/// The words are trace, debug, info, notice, warn, error, critical, alert, emergency and fatal. Numbers
/// of syslog (0…7) and of pino and bunyan (10…60) are known. What is not known stays as it is.
final class SeverityStage: RecordStage {
    private let paths: [FieldPath]
    private let target: FieldPath
    private var words: [[UInt8]: [UInt8]] = [:]
    private var text: [UInt8] = []

    private static let known: [(String, [String])] = [
        ("trace", ["trace", "trc", "t", "finest", "finer", "verbose", "silly", "10"]),
        ("debug", ["debug", "dbg", "d", "fine", "config", "20", "7"]),
        ("info", ["info", "information", "informational", "inf", "i", "30", "6", "log"]),
        ("notice", ["notice", "note", "n", "5"]),
        ("warn", ["warn", "warning", "wrn", "w", "40", "4"]),
        ("error", ["error", "err", "e", "severe", "50", "3"]),
        ("critical", ["critical", "crit", "c", "2", "dpanic"]),
        ("alert", ["alert", "a", "1"]),
        ("emergency", ["emergency", "emerg", "0"]),
        ("fatal", ["fatal", "ftl", "f", "panic", "60"]),
    ]

    init(_ options: SeverityOptions) {
        paths = options.keys.map(FieldPath.init)
        target = FieldPath(options.target)
        for (word, spellings) in Self.known {
            for spelling in spellings { words[Array(spelling.utf8)] = Array(word.utf8) }
        }
        for (spelling, word) in options.words {
            words[spelling.utf8.map(\.asciiLowercased)] = Array(word.utf8)
        }
    }

    func apply(_ record: inout LogRecord) -> StageOutcome {
        for path in paths {
            guard let place = path.find(in: record) else { continue }
            text.removeAll(keepingCapacity: true)
            FieldPath.appendText(of: record, at: place, &text)
            guard let word = words[normalized()] else { return .pass }
            if path == target {
                FieldPath.replace(place, in: &record, with: word.span, kind: .text)
            } else if let other = target.find(in: record) {
                FieldPath.replace(other, in: &record, with: word.span, kind: .text)
            } else {
                let name = target.name
                record.set(name: name.span, value: word.span, kind: .text)
            }
            return .pass
        }
        return .pass
    }

    /// Lower case, without spaces and brackets around.
    private func normalized() -> [UInt8] {
        guard text.count <= 64 else { return [] }
        var first = 0
        var end = text.count
        while first < end, Self.isAround(text[first]) { first += 1 }
        while end > first, Self.isAround(text[end - 1]) { end -= 1 }
        for index in first..<end { text[index] = text[index].asciiLowercased }
        if first > 0 || end < text.count { text = Array(text[first..<end]) }
        return text
    }

    private static func isAround(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == UInt8(ascii: "[") || byte == UInt8(ascii: "]")
            || byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">") || byte == UInt8(ascii: ":")
    }
}
