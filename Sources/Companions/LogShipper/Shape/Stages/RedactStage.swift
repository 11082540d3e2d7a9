import Model

/// Replaces in values what looks like a secret.
///
/// Texts inside of JSON are looked at without their escapes and written anew where they change, so the
/// value stays valid; a number that is a card's becomes a text. Names are left alone.
final class RedactStage: RecordStage {
    /// Levels and bytes don't matter here: what is JSON was checked before.
    private let redactor: Redactor
    private let paths: [FieldPath]?
    private var text: [UInt8] = []
    private var out: [UInt8] = []
    private var inner: [UInt8] = []
    private var plain: [UInt8] = []

    init(_ options: RedactOptions, place: ConfigurationPlace) throws(LogConfigurationFailure) {
        redactor = try Redactor(options, place: place)
        paths = options.keys.map { $0.map(FieldPath.init) }
    }

    func apply(_ record: inout LogRecord) -> StageOutcome {
        if let paths {
            for path in paths {
                if let place = path.find(in: record) { redact(place, &record) }
            }
        } else {
            for index in record.fields.indices { redact(FieldPath.Place(field: index), &record) }
        }
        return .pass
    }

    private func redact(_ place: FieldPath.Place, _ record: inout LogRecord) {
        text.removeAll(keepingCapacity: true)
        let kind = FieldPath.appendValue(of: record, at: place, &text)
        out.removeAll(keepingCapacity: true)
        let value = text
        let hasChanged =
            kind == .text ? redactor.redact(value.span, &out) : redactJSON(value.span)
        guard hasChanged else { return }
        let changed = out
        FieldPath.replace(place, in: &record, with: changed.span, kind: kind)
    }

    /// Writes the value to `out` with its texts and numbers redacted; false where nothing changed.
    private func redactJSON(_ value: Span<UInt8>) -> Bool {
        var hasChanged = false
        var copied = 0
        var index = 0
        while index < value.count {
            let byte = value[index]
            let end: Int
            if byte == 0x22 {
                end = JSONCursor.stringEnd(value, index)
                let next = JSONCursor.skip(value, end)
                if next < value.count, value[next] == UInt8(ascii: ":") {
                    index = end
                    continue
                }
                guard redactString(value.extracting(index..<end)) else {
                    index = end
                    continue
                }
            } else if byte.isASCIIDigit || byte == 0x2d {
                end = JSONCursor.valueEnd(value, index)
                inner.removeAll(keepingCapacity: true)
                guard end - index >= 13,
                    redactor.redact(value.extracting(index..<end), &inner)
                else {
                    index = max(end, index + 1)
                    continue
                }
            } else {
                index += 1
                continue
            }
            hasChanged = true
            JSONWriter.append(value.extracting(copied..<index), &out)
            let inner = inner
            JSONWriter.appendString(inner.span, &out)
            index = end
            copied = end
        }
        guard hasChanged else { return false }
        JSONWriter.append(value.extracting(copied...), &out)
        return true
    }

    /// Leaves the text, redacted and without escapes, in `inner`.
    private func redactString(_ quoted: Span<UInt8>) -> Bool {
        guard quoted.count > 2 else { return false }
        inner.removeAll(keepingCapacity: true)
        let inside = quoted.extracting(1..<quoted.count - 1)
        if inside.firstIndex(of: 0x5c) == nil { return redactor.redact(inside, &inner) }
        plain.removeAll(keepingCapacity: true)
        JSONText.append(unescaping: inside, &plain)
        let plain = plain
        return redactor.redact(plain.span, &inner)
    }
}
