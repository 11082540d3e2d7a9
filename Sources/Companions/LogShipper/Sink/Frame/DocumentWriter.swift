internal import Model

/// Writes records as JSON objects, with what a sink adds to them and leaves out.
///
/// What is added stands at the end, and replaces fields of the same name. Used by one thread.
final class DocumentWriter {
    private let tagName: [UInt8]?
    private let hostnameMember: [UInt8]?
    private let timeName: [UInt8]?
    private let timeValue: TimeValue
    /// Names that are not written: those of ``removing`` and of what is added.
    private let skipped: [[UInt8]]

    /// - Parameter removing: names of fields that are left out.
    init(_ inject: InjectOptions, hostname: String, removing: [String] = []) {
        tagName = inject.tagKey.map(Self.name)
        timeName = inject.timeKey.map(Self.name)
        timeValue = TimeValue(inject.timeForm)
        hostnameMember = inject.hostnameKey.map { key in
            var member = Self.name(key)
            JSONWriter.appendString(hostname, &member)
            return member
        }
        let added = [inject.tagKey, inject.timeKey, inject.hostnameKey].compactMap { $0 }
        skipped = (removing + added).map { Array($0.utf8) }
    }

    /// `"name":`.
    static func name(_ text: String) -> [UInt8] {
        var name: [UInt8] = []
        JSONWriter.appendString(text, &name)
        name.append(0x3a)
        return name
    }

    /// Appends members, with commas between and none around.
    func appendMembers(
        of record: borrowing LogRecord,
        isFirst: inout Bool,
        _ out: inout [UInt8],
        except one: [UInt8]? = nil,
        or other: [UInt8]? = nil
    ) {
        var index = 0
        while index < record.fields.count {
            let field = record.fields[index]
            index += 1
            if leavesOut(record.name(of: field), one, other) { continue }
            if !isFirst { out.append(0x2c) }
            isFirst = false
            if field.isMember {
                // Neighbours of one object are written as they stand there, in one piece.
                while record.isNeighbour(at: index),
                    !leavesOut(record.name(of: record.fields[index]), one, other)
                {
                    index += 1
                }
                JSONWriter.append(record.members(field, record.fields[index - 1]), &out)
                continue
            }
            JSONWriter.appendString(record.name(of: field), &out)
            out.append(0x3a)
            switch field.kind {
            case .text: JSONWriter.appendString(record.value(of: field), &out)
            case .json: JSONWriter.append(record.value(of: field), &out)
            }
        }
        if let tagName {
            begin(tagName, &isFirst, &out)
            let tag = record.tag.bytes
            JSONWriter.appendString(tag.span, &out)
        }
        if let timeName {
            begin(timeName, &isFirst, &out)
            timeValue.append(record.time, &out)
        }
        if let hostnameMember { begin(hostnameMember, &isFirst, &out) }
    }

    private func leavesOut(_ name: Span<UInt8>, _ one: [UInt8]?, _ other: [UInt8]?) -> Bool {
        if leavesOut(name) { return true }
        if let one, one.span.equals(name) { return true }
        if let other, other.span.equals(name) { return true }
        return false
    }

    private func begin(_ member: [UInt8], _ isFirst: inout Bool, _ out: inout [UInt8]) {
        if !isFirst { out.append(0x2c) }
        isFirst = false
        out.append(contentsOf: member)
    }

    /// True for a field that is not written, or written at the end.
    func leavesOut(_ name: Span<UInt8>) -> Bool {
        for index in skipped.indices where skipped[index].count == name.count {
            let known = skipped[index]
            if known.span.equals(name) { return true }
        }
        return false
    }

    /// Appends one object.
    func appendObject(_ record: borrowing LogRecord, _ out: inout [UInt8]) {
        out.append(0x7b)
        var isFirst = true
        appendMembers(of: record, isFirst: &isFirst, &out)
        out.append(0x7d)
    }
}

extension LogRecord {
    /// The position in `fields` of the name, or nil.
    func index(ofName name: [UInt8]) -> Int? { index(of: name.span) }

    /// Appends the value of a field as a text, without quotes and escapes; false where it is not
    /// there, or empty.
    func appendText(of name: [UInt8], _ out: inout [UInt8]) -> Bool {
        guard let index = index(of: name.span) else { return false }
        let field = fields[index]
        let start = out.count
        switch field.kind {
        case .text: JSONWriter.append(value(of: field), &out)
        case .json: JSONText.append(meaningOf: value(of: field), &out)
        }
        return out.count > start
    }
}
