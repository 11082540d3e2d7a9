import Model

/// Adds fields whose names may come twice: the last value of a name counts.
///
/// Few names are compared, many are found by their hash, so the time is linear in the line.
struct FieldAdder {
    private static let comparedMax = 64
    private var table = NameTable()

    /// Before fields are added to a record that has some.
    mutating func begin(_ record: borrowing LogRecord) {
        if record.fields.count > Self.comparedMax { table.fill(from: record) }
    }

    /// Adds a field whose name and value lie in what the record loaded; `name` are the name's bytes.
    @inline(__always)
    mutating func add(
        _ name: Span<UInt8>,
        at place: Range<Int>,
        value: Range<Int>,
        kind: LogRecord.ValueKind,
        to record: inout LogRecord
    ) {
        if let known = known(name, record) {
            record.replaceValue(at: known, loaded: value, kind: kind)
            return
        }
        record.append(name: place, value: value, kind: kind)
        note(record)
    }

    /// Adds a member of an object that the record loaded; `name` are the name's bytes, which have no
    /// escapes.
    @inline(__always)
    mutating func add(
        member name: Span<UInt8>,
        at place: Range<Int>,
        value: Range<Int>,
        to record: inout LogRecord
    ) {
        if let known = known(name, record) {
            record.replaceValue(at: known, loaded: value, kind: .json)
            return
        }
        record.append(member: place, value: value)
        note(record)
    }

    /// Adds a field whose value lies in what the record loaded.
    mutating func add(
        _ name: Span<UInt8>,
        value: Range<Int>,
        kind: LogRecord.ValueKind,
        to record: inout LogRecord
    ) {
        if let known = known(name, record) {
            record.replaceValue(at: known, loaded: value, kind: kind)
        } else if let start = record.load(name) {
            record.append(name: start..<start + name.count, value: value, kind: kind)
            note(record)
        }
    }

    @inline(__always)
    private func known(_ name: Span<UInt8>, _ record: borrowing LogRecord) -> Int? {
        record.fields.count <= Self.comparedMax
            ? record.index(of: name) : table.index(of: name, in: record)
    }

    @inline(__always)
    private mutating func note(_ record: borrowing LogRecord) {
        let count = record.fields.count
        if count <= Self.comparedMax { return }
        if count == Self.comparedMax + 1 {
            table.fill(from: record)
        } else {
            table.insert(count - 1, of: record)
        }
    }
}
