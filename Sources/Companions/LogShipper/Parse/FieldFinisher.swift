import Model

/// What follows a line's taking apart: its time, types, and values that count as nothing.
final class FieldFinisher {
    private let timeKey: [UInt8]?
    private let keepsTimeKey: Bool
    private let estimatesTime: Bool
    private let timeReader: TimeReader
    private let types: [(name: [UInt8], type: ParserOptions.ValueType)]
    private let nullValues: [[UInt8]]
    private let nullEmptyString: Bool
    private var text: [UInt8] = []
    private var written: [UInt8] = []

    init(_ options: ParserOptions, place: ConfigurationPlace) throws(LogConfigurationFailure) {
        timeKey = (options.timeKey ?? Self.ownTimeKey(options)).map { Array($0.utf8) }
        keepsTimeKey = options.keepsTimeKey
        estimatesTime = options.estimatesTime
        timeReader = try TimeReader(Self.time(options), place: place)
        types = options.types.sorted { $0.key < $1.key }.map { (Array($0.key.utf8), $0.value) }
        nullValues = options.nullValues.map { Array($0.utf8) }
        nullEmptyString = options.nullEmptyString
    }

    /// Some formats always have a time.
    private static func ownTimeKey(_ options: ParserOptions) -> String? {
        switch options.kind {
        case .cri, .docker, .apache2, .nginx, .syslog: "time"
        default: nil
        }
    }

    /// Some formats have one way only to write a time.
    private static func time(_ options: ParserOptions) -> TimeOptions {
        var time = options.time
        guard time.form == .automatic else { return time }
        switch options.kind {
        case .cri, .docker: time.form = .iso8601
        case .apache2, .nginx: time.form = .format("%d/%b/%Y:%H:%M:%S %z")
        default: break
        }
        return time
    }

    func finish(_ record: inout LogRecord) -> ParseOutcome {
        if let key = timeKey {
            let outcome = takeTime(key.span, &record)
            guard outcome == .record else { return outcome }
        }
        if nullEmptyString || !nullValues.isEmpty { record.removeFields { isNothing($1, $0) } }
        if !types.isEmpty { cast(&record) }
        return .record
    }

    // MARK: - Time

    private func takeTime(_ key: Span<UInt8>, _ record: inout LogRecord) -> ParseOutcome {
        guard let index = record.index(of: key) else {
            return estimatesTime ? .record : .unmatched("it does not say its time")
        }
        guard let time = time(of: index, record) else {
            return estimatesTime ? .record : .unmatched("its time is not understood")
        }
        record.time = time
        if !keepsTimeKey { record.remove(at: index) }
        return .record
    }

    private func time(of index: Int, _ record: borrowing LogRecord) -> Int64? {
        let field = record.fields[index]
        let value = record.value(of: field)
        guard field.kind == .json, value.count >= 2, value[0] == 0x22 else {
            return timeReader.read(value, now: record.time)
        }
        let inside = value.extracting(1..<value.count - 1)
        if inside.firstIndex(of: 0x5c) == nil { return timeReader.read(inside, now: record.time) }
        text.removeAll(keepingCapacity: true)
        JSONText.append(unescaping: inside, &text)
        let text = text
        return timeReader.read(text.span, now: record.time)
    }

    // MARK: - Values

    private func isNothing(_ index: Int, _ record: borrowing LogRecord) -> Bool {
        let field = record.fields[index]
        var value = record.value(of: field)
        if field.kind == .json {
            guard value.count >= 2, value[0] == 0x22 else { return false }
            value = value.extracting(1..<value.count - 1)
        }
        if value.isEmpty { return nullEmptyString }
        for nothing in nullValues where value.equals(nothing.span) { return true }
        return false
    }

    private func cast(_ record: inout LogRecord) {
        for (name, type) in types {
            guard let index = record.index(of: name.span) else { continue }
            let field = record.fields[index]
            if field.kind == .json, JSONText.isNull(record.value(of: field)) { continue }
            text.removeAll(keepingCapacity: true)
            if field.kind == .json {
                JSONText.append(meaningOf: record.value(of: field), &text)
            } else {
                JSONWriter.append(record.value(of: field), &text)
            }
            let text = text
            written.removeAll(keepingCapacity: true)
            let kind = ValueCast.append(text.span, as: type, &written)
            let written = written
            record.replaceValue(at: index, value: written.span, kind: kind)
        }
    }
}
