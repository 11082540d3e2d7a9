import Model

/// Names a field, or a value inside of one: `a.b.c`.
///
/// A name may have dots itself: at each level the longest name that is there counts. Values inside of
/// objects are found by going over their text; nothing is built.
package struct FieldPath: Sendable, Equatable {
    private let bytes: [UInt8]
    private let hasDots: Bool

    /// Where a value is.
    package struct Place: Sendable, Equatable {
        /// The position in the record's `fields`.
        package var field: Int
        /// Where in the field's value it is; nil for the whole.
        package var inside: Inside?
    }

    package struct Inside: Sendable, Equatable {
        /// From the name's quote to the value's end.
        package var member: Range<Int>
        package var value: Range<Int>
    }

    /// `$.a.b` is the same as `a.b`.
    package init(_ text: String) {
        var rest = Substring(text)
        if rest.hasPrefix("$.") { rest = rest.dropFirst(2) }
        bytes = Array(rest.utf8)
        hasDots = bytes.contains(UInt8(ascii: "."))
    }

    /// The whole path as one name.
    package var name: [UInt8] { bytes }

    // MARK: - Reading

    /// Where the value is, or nil.
    package func find(in record: borrowing LogRecord) -> Place? {
        let bytes = bytes
        let path = bytes.span
        if let field = record.index(of: path) { return Place(field: field) }
        guard hasDots else { return nil }
        var best: (field: Int, count: Int)?
        var index = 0
        while index < record.fields.count {
            let field = record.fields[index]
            let count = Int(field.nameCount)
            if field.kind == .json, count > best?.count ?? -1,
                Self.leads(record.name(of: field), path)
            {
                best = (index, count)
            }
            index += 1
        }
        guard let best else { return nil }
        let value = record.value(of: record.fields[best.field])
        guard let inside = Self.find(path.extracting((best.count + 1)...), in: value) else {
            return nil
        }
        return Place(field: best.field, inside: inside)
    }

    /// True where the name and a dot are the path's begin.
    private static func leads(_ name: Span<UInt8>, _ path: Span<UInt8>) -> Bool {
        name.count < path.count && path[name.count] == UInt8(ascii: ".") && path.hasPrefix(name)
    }

    /// Where a value is inside of an object.
    package static func find(_ path: Span<UInt8>, in object: Span<UInt8>) -> Inside? {
        var from = 0
        var start = 0
        var end = object.count
        while true {
            let level = object.extracting(start..<end)
            let rest = path.extracting(from...)
            guard var cursor = JSONCursor(level) else { return nil }
            var best: (member: JSONCursor.Member, count: Int)?
            while let member = cursor.next(level) {
                guard let count = consumed(level.extracting(member.name), of: rest),
                    count >= best?.count ?? 0
                else { continue }
                best = (member, count)
            }
            guard let best else { return nil }
            let value = start + best.member.value.lowerBound..<start + best.member.value.upperBound
            if best.count == rest.count {
                let member = start + best.member.name.lowerBound - 1..<value.upperBound
                return Inside(member: member, value: value)
            }
            from += best.count + 1
            (start, end) = (value.lowerBound, value.upperBound)
        }
    }

    /// How much of the path a member's name takes: all, or up to a dot.
    private static func consumed(_ written: Span<UInt8>, of path: Span<UInt8>) -> Int? {
        if written.firstIndex(of: 0x5c) == nil {
            if written.equals(path) || leads(written, path) { return written.count }
            return nil
        }
        var plain: [UInt8] = []
        JSONText.append(unescaping: written, &plain)
        return consumedPlain(plain, path)
    }

    private static func consumedPlain(_ name: [UInt8], _ path: Span<UInt8>) -> Int? {
        name.span.equals(path) || leads(name.span, path) ? name.count : nil
    }

    /// Appends the value as a text (see ``JSONText``); false where there is none.
    @discardableResult
    package func appendText(of record: borrowing LogRecord, _ out: inout [UInt8]) -> Bool {
        guard let place = find(in: record) else { return false }
        Self.appendText(of: record, at: place, &out)
        return true
    }

    package static func appendText(
        of record: borrowing LogRecord,
        at place: Place,
        _ out: inout [UInt8]
    ) {
        let field = record.fields[place.field]
        let value = record.value(of: field)
        if let inside = place.inside {
            JSONText.append(meaningOf: value.extracting(inside.value), &out)
        } else if field.kind == .json {
            JSONText.append(meaningOf: value, &out)
        } else {
            JSONWriter.append(value, &out)
        }
    }

    /// Appends the value as it stands, and says of what kind it is.
    package static func appendValue(
        of record: borrowing LogRecord,
        at place: Place,
        _ out: inout [UInt8]
    ) -> LogRecord.ValueKind {
        let field = record.fields[place.field]
        let value = record.value(of: field)
        guard let inside = place.inside else {
            JSONWriter.append(value, &out)
            return field.kind
        }
        JSONWriter.append(value.extracting(inside.value), &out)
        return .json
    }

    // MARK: - Changing

    /// Replaces the value at a place.
    package static func replace(
        _ place: Place,
        in record: inout LogRecord,
        with value: Span<UInt8>,
        kind: LogRecord.ValueKind
    ) {
        guard let inside = place.inside else {
            record.replaceValue(at: place.field, value: value, kind: kind)
            return
        }
        var whole: [UInt8] = []
        let count = record.value(of: record.fields[place.field]).count
        appendPart(of: record, place.field, 0..<inside.value.lowerBound, &whole)
        if kind == .text {
            JSONWriter.appendString(value, &whole)
        } else {
            JSONWriter.append(value, &whole)
        }
        appendPart(of: record, place.field, inside.value.upperBound..<count, &whole)
        put(whole, place.field, &record)
    }

    /// Takes the value at a place away, with its name.
    package static func remove(_ place: Place, from record: inout LogRecord) {
        guard let inside = place.inside else {
            record.remove(at: place.field)
            return
        }
        var whole: [UInt8] = []
        let cut = range(withoutCommaAround: inside.member, record, place.field)
        let count = record.value(of: record.fields[place.field]).count
        appendPart(of: record, place.field, 0..<cut.lowerBound, &whole)
        appendPart(of: record, place.field, cut.upperBound..<count, &whole)
        put(whole, place.field, &record)
    }

    private static func appendPart(
        of record: borrowing LogRecord,
        _ field: Int,
        _ range: Range<Int>,
        _ out: inout [UInt8]
    ) { JSONWriter.append(record.value(of: record.fields[field]).extracting(range), &out) }

    private static func put(_ whole: [UInt8], _ field: Int, _ record: inout LogRecord) {
        record.replaceValue(at: field, value: whole.span, kind: .json)
    }

    /// A member with the comma after it, or the one before it.
    private static func range(
        withoutCommaAround member: Range<Int>,
        _ record: borrowing LogRecord,
        _ field: Int
    ) -> Range<Int> {
        let bytes = record.value(of: record.fields[field])
        let next = JSONCursor.skip(bytes, member.upperBound)
        if next < bytes.count, bytes[next] == UInt8(ascii: ",") {
            return member.lowerBound..<JSONCursor.skip(bytes, next + 1)
        }
        var before = member.lowerBound
        while before > 0, bytes[before - 1] <= 0x20 { before -= 1 }
        if before > 0, bytes[before - 1] == UInt8(ascii: ",") { before -= 1 }
        return before..<member.upperBound
    }
}
