import Model

/// Adds, removes and renames fields, in the order of fluentd's `record_transformer`: what is kept, what
/// is renamed, what is set, what is removed, and last the time.
///
/// Templates see the record as it came. A template that is one field keeps that value's type, and is
/// null where the field is missing; one that begins like JSON becomes JSON where it is valid.
final class TransformStage: RecordStage {
    private struct Setting {
        let name: [UInt8]
        let path: FieldPath
        let template: TemplateRenderer
    }

    private struct Made {
        var name: [UInt8]
        var value: Range<Int>
        var kind: LogRecord.ValueKind
    }

    private let settings: [Setting]
    private let removed: [FieldPath]
    private let renamed: [(from: FieldPath, to: [UInt8])]
    private let kept: [[UInt8]]?
    private let onlyMissing: Bool
    private let castsTypes: Bool
    private let timeKey: FieldPath?
    private let timeReader: TimeReader
    private var made: [Made] = []
    private var values: [UInt8] = []
    private var text: [UInt8] = []

    init(_ options: TransformOptions, place: ConfigurationPlace) throws(LogConfigurationFailure) {
        settings = options.set.map {
            Setting(
                name: Array($0.key.utf8),
                path: FieldPath($0.key),
                template: TemplateRenderer($0.value)
            )
        }
        removed = options.remove.map(FieldPath.init)
        renamed = options.rename.map { (FieldPath($0.from), Array($0.to.utf8)) }
        kept = options.keepOnly.map { $0.map { FieldPath($0).name } } ?? (options.renews ? [] : nil)
        onlyMissing = options.onlyMissing
        castsTypes = options.castsTypes
        timeKey = options.renewTimeKey.map(FieldPath.init)
        timeReader = try TimeReader(TimeOptions(), place: place)
    }

    func apply(_ record: inout LogRecord) -> StageOutcome {
        render(record)
        if let kept { record.removeFields { !Self.isKept($0.name(of: $0.fields[$1]), kept) } }
        for (from, to) in renamed { rename(from, to, &record) }
        let values = values
        for one in made {
            record.set(
                name: one.name.span,
                value: values.span.extracting(one.value),
                kind: one.kind
            )
        }
        for path in removed {
            if let place = path.find(in: record) { FieldPath.remove(place, from: &record) }
        }
        if let timeKey { renewTime(timeKey, &record) }
        return .pass
    }

    private static func isKept(_ name: Span<UInt8>, _ kept: [[UInt8]]) -> Bool {
        for one in kept where name.equals(one.span) { return true }
        return false
    }

    // MARK: - Setting

    /// Works out all new values before anything changes.
    private func render(_ record: borrowing LogRecord) {
        made.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        for setting in settings {
            if onlyMissing, setting.path.find(in: record) != nil { continue }
            let start = values.count
            let kind = append(setting.template, record)
            made.append(Made(name: setting.name, value: start..<values.count, kind: kind))
        }
    }

    private func append(
        _ template: TemplateRenderer,
        _ record: borrowing LogRecord
    ) -> LogRecord.ValueKind {
        let start = values.count
        if castsTypes, let path = template.onlyField {
            guard let place = path.find(in: record) else {
                JSONWriter.append("null", &values)
                return .json
            }
            return FieldPath.appendValue(of: record, at: place, &values)
        }
        if template.looksLikeJSON {
            template.appendEscaping(record, &values)
            if Self.isJSON(values, start) { return .json }
            values.removeLast(values.count - start)
        }
        template.append(record, &values)
        return .text
    }

    private static func isJSON(_ values: [UInt8], _ start: Int) -> Bool {
        JSONScanner.isValid(values.span.extracting(start...))
    }

    private func rename(_ from: FieldPath, _ to: [UInt8], _ record: inout LogRecord) {
        guard let place = from.find(in: record) else { return }
        if place.inside == nil {
            record.rename(at: place.field, to: to.span)
            return
        }
        text.removeAll(keepingCapacity: true)
        let kind = FieldPath.appendValue(of: record, at: place, &text)
        let text = text
        FieldPath.remove(place, from: &record)
        record.set(name: to.span, value: text.span, kind: kind)
    }

    private func renewTime(_ key: FieldPath, _ record: inout LogRecord) {
        text.removeAll(keepingCapacity: true)
        guard key.appendText(of: record, &text) else { return }
        let text = text
        if let time = timeReader.read(text.span, now: record.time) { record.time = time }
    }
}
