import LogShipper
import Model

/// What a parser makes of one line, in words.
struct ParsedLine {
    /// Names and values; what is JSON stands as it is, and texts have `'` around.
    var fields: [String: String] = [:]
    var names: [String] = []
    var time: Int64 = 0
    var problem: String?

    static let place = ConfigurationPlace(file: "test", line: 1)
    /// 2026-11-21T12:00:00Z.
    static let now: Int64 = 1_795_262_400_000_000_000

    init(_ record: borrowing LogRecord) {
        time = record.time
        for field in record.fields {
            let name = Self.text(record.name(of: field))
            let value = Self.text(record.value(of: field))
            fields[name] = field.kind == .text ? "'\(value)'" : value
            names.append(name)
        }
    }

    init(_ parser: any RecordParser, _ line: [UInt8]) {
        var record = LogRecord()
        record.time = Self.now
        let outcome = parser.parse(line.span, into: &record)
        self.init(record)
        if case .unmatched(let why) = outcome { problem = why }
    }

    init(_ options: ParserOptions, _ line: String) throws {
        self.init(
            try RecordParsers.make(options, place: Self.place),
            Array(line.utf8)
        )
    }

    init(_ kind: ParserOptions.Kind, _ line: String) throws {
        try self.init(ParserOptions(kind: kind), line)
    }

    static func text(_ bytes: Span<UInt8>) -> String {
        var copy: [UInt8] = []
        for index in bytes.indices { copy.append(bytes[index]) }
        return String(decoding: copy, as: UTF8.self)
    }
}
