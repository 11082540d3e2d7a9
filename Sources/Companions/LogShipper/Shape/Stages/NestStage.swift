import Model

/// Puts fields into an object; the prefix goes from their names.
///
/// An object of that name that is there already keeps its other members.
final class NestStage: RecordStage {
    private let exact: [[UInt8]]
    private let prefixes: [[UInt8]]
    private let under: [UInt8]
    private let prefix: [UInt8]
    private var members: [UInt8] = []
    private var object: [UInt8] = []
    private var added = LogRecord()

    init(_ options: NestOptions) {
        exact = options.keys.filter { !$0.hasSuffix("*") }.map { Array($0.utf8) }
        prefixes = options.keys.filter { $0.hasSuffix("*") }.map { Array($0.dropLast().utf8) }
        under = Array(options.under.utf8)
        prefix = Array(options.prefix.utf8)
    }

    func apply(_ record: inout LogRecord) -> StageOutcome {
        members.removeAll(keepingCapacity: true)
        added.removeAll()
        for index in record.fields.indices where isWanted(record, index) {
            appendMember(record, index)
        }
        guard !members.isEmpty else { return .pass }
        object.removeAll(keepingCapacity: true)
        object.append(UInt8(ascii: "{"))
        appendOld(record)
        object += members
        object.append(UInt8(ascii: "}"))
        record.removeFields { isWanted($0, $1) }
        let (object, under) = (object, under)
        record.set(name: under.span, value: object.span, kind: .json)
        return .pass
    }

    private func isWanted(_ record: borrowing LogRecord, _ index: Int) -> Bool {
        let name = record.name(of: record.fields[index])
        let under = under
        if name.equals(under.span) { return false }
        for one in exact where name.equals(one.span) { return true }
        for one in prefixes where name.hasPrefix(one.span) { return true }
        return false
    }

    private func appendMember(_ record: borrowing LogRecord, _ index: Int) {
        let field = record.fields[index]
        var name = record.name(of: field)
        let prefix = prefix
        if !prefix.isEmpty, name.count > prefix.count, name.hasPrefix(prefix.span) {
            name = name.extracting(prefix.count...)
        }
        if !members.isEmpty { members.append(UInt8(ascii: ",")) }
        JSONWriter.appendString(name, &members)
        members.append(UInt8(ascii: ":"))
        if field.kind == .json {
            JSONWriter.append(record.value(of: field), &members)
        } else {
            JSONWriter.appendString(record.value(of: field), &members)
        }
        added.append(name: name, value: name.extracting(0..<0), kind: .text)
    }

    /// The members that are there and have no new value.
    private func appendOld(_ record: borrowing LogRecord) {
        let under = under
        guard let index = record.index(of: under.span) else { return }
        let value = record.value(of: record.fields[index])
        guard record.fields[index].kind == .json, var cursor = JSONCursor(value) else { return }
        var table = NameTable()
        table.fill(from: added)
        while let member = cursor.next(value) {
            var name: [UInt8] = []
            JSONText.append(unescaping: value.extracting(member.name), &name)
            if isAdded(name, table) { continue }
            JSONWriter.append(
                value.extracting(member.name.lowerBound - 1..<member.value.upperBound),
                &object
            )
            object.append(UInt8(ascii: ","))
        }
    }

    private func isAdded(_ name: [UInt8], _ table: NameTable) -> Bool {
        table.index(of: name.span, in: added) != nil
    }
}

/// Takes the members of an object to the top, with a prefix.
final class LiftStage: RecordStage {
    private let under: FieldPath
    private let prefix: [UInt8]
    private var object: [UInt8] = []
    private var name: [UInt8] = []
    private var adder = FieldAdder()

    init(_ options: NestOptions) {
        under = FieldPath(options.under)
        prefix = Array(options.prefix.utf8)
    }

    func apply(_ record: inout LogRecord) -> StageOutcome {
        guard let place = under.find(in: record) else { return .pass }
        object.removeAll(keepingCapacity: true)
        guard FieldPath.appendValue(of: record, at: place, &object) == .json else { return .pass }
        let object = object
        lift(object, place, &record)
        return .pass
    }

    private func lift(_ object: [UInt8], _ place: FieldPath.Place, _ record: inout LogRecord) {
        guard var cursor = JSONCursor(object.span) else { return }
        FieldPath.remove(place, from: &record)
        guard let base = record.load(object.span) else { return }
        adder.begin(record)
        while let member = cursor.next(object.span) {
            name.removeAll(keepingCapacity: true)
            name += prefix
            JSONText.append(unescaping: object.span.extracting(member.name), &name)
            let name = name
            let value = base + member.value.lowerBound..<base + member.value.upperBound
            adder.add(name.span, value: value, kind: .json, to: &record)
        }
    }
}
