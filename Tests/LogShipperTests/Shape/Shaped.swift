import LogShipper
import Model

/// A record that was made of JSON and went through filters.
struct Shaped {
    var record = LogRecord()
    var outcome = StageOutcome.pass

    init(_ json: String, tag: String = "app.web.prod") throws {
        let parser = try RecordParsers.make(
            ParserOptions(kind: .json),
            place: ParsedLine.place
        )
        record.time = ParsedLine.now
        record.tag = ByteString(tag)
        let line = Array(json.utf8)
        _ = parser.parse(line.span, into: &record)
    }

    init(_ json: String, tag: String = "app.web.prod", _ filters: RecordFilter...) throws {
        try self.init(json, tag: tag)
        for filter in filters {
            apply(try RecordStages.make(filter, place: ParsedLine.place))
        }
    }

    mutating func apply(_ stage: any RecordStage) { outcome = stage.apply(&record) }

    mutating func setText(_ name: String, _ value: [UInt8]) {
        let name = Array(name.utf8)
        record.set(name: name.span, value: value.span, kind: .text)
    }

    /// The record as one object.
    var json: String {
        var out: [UInt8] = []
        JSONWriter.appendObject(record, &out)
        return String(decoding: out, as: UTF8.self)
    }
}
