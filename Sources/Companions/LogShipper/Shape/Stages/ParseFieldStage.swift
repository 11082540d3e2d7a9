import Model

/// Parses a field in its turn, as fluentd's `parser` filter does.
final class ParseFieldStage: RecordStage {
    private let options: ParseFieldOptions
    private let path: FieldPath
    private let parser: any RecordParser
    private let prefix: [UInt8]
    private let hashField: [UInt8]?
    private var found = LogRecord()
    private var text: [UInt8] = []
    private var name: [UInt8] = []
    private var adder = FieldAdder()

    init(_ options: ParseFieldOptions, place: ConfigurationPlace) throws(LogConfigurationFailure) {
        self.options = options
        path = FieldPath(options.key)
        parser = try RecordParsers.make(options.parser, place: place)
        prefix = Array(options.prefix.utf8)
        hashField = options.hashField.map { Array($0.utf8) }
    }

    func apply(_ record: inout LogRecord) -> StageOutcome {
        guard let place = path.find(in: record) else {
            return unmatched("there is no field \(options.key)")
        }
        text.removeAll(keepingCapacity: true)
        FieldPath.appendText(of: record, at: place, &text)
        found.removeAll()
        found.time = record.time
        let text = text
        if case .unmatched(let why) = parser.parse(text.span, into: &found) {
            return unmatched("the field \(options.key) could not be parsed: \(why)")
        }
        if !options.reservesTime { record.time = found.time }
        if !options.reservesData {
            record.removeAll()
        } else if options.removesKey {
            FieldPath.remove(place, from: &record)
        }
        // Taken out, so that its parts can be lent while this object changes.
        var taken = LogRecord()
        swap(&taken, &found)
        if let hashField {
            putObject(taken, hashField, &record)
        } else {
            putFields(taken, &record)
        }
        swap(&taken, &found)
        return .pass
    }

    private func unmatched(_ why: String) -> StageOutcome {
        options.keepsUnmatched ? .pass : .refused(why)
    }

    /// Puts what was found into one object.
    private func putObject(
        _ found: borrowing LogRecord,
        _ field: [UInt8],
        _ record: inout LogRecord
    ) {
        name.removeAll(keepingCapacity: true)
        name.append(UInt8(ascii: "{"))
        for index in found.fields.indices {
            let field = found.fields[index]
            if index > 0 { name.append(UInt8(ascii: ",")) }
            name.append(0x22)
            Self.appendEscaped(prefix, &name)
            JSONWriter.appendEscaped(found.name(of: field), &name)
            name.append(0x22)
            name.append(UInt8(ascii: ":"))
            if field.kind == .json {
                JSONWriter.append(found.value(of: field), &name)
            } else {
                JSONWriter.appendString(found.value(of: field), &name)
            }
        }
        name.append(UInt8(ascii: "}"))
        let object = name
        record.set(name: field.span, value: object.span, kind: .json)
    }

    private static func appendEscaped(_ bytes: [UInt8], _ out: inout [UInt8]) {
        JSONWriter.appendEscaped(bytes.span, &out)
    }

    private func putFields(_ found: borrowing LogRecord, _ record: inout LogRecord) {
        adder.begin(record)
        for index in found.fields.indices {
            let field = found.fields[index]
            guard let start = record.load(found.value(of: field)) else { return }
            let value = start..<start + Int(field.valueCount)
            if prefix.isEmpty {
                adder.add(found.name(of: field), value: value, kind: field.kind, to: &record)
            } else {
                name.removeAll(keepingCapacity: true)
                name += prefix
                JSONWriter.append(found.name(of: field), &name)
                let name = name
                adder.add(name.span, value: value, kind: field.kind, to: &record)
            }
        }
    }
}
