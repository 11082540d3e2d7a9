package import Model

/// One event on its way from a source to the sinks: a time, a tag and fields.
///
/// All names and values lie in one arena, so a record that is used again costs no allocation. A value
/// is either a text (any bytes) or a JSON value as it stood in the input, quotes and escapes included,
/// so that JSON which nobody touches is copied and never taken apart. Names are unique: setting one
/// that is there replaces its value and keeps its place. Used by one thread.
package struct LogRecord {
    /// What the bytes of a value are.
    package enum ValueKind: UInt8, Sendable {
        /// Bytes as they are; not necessarily UTF-8.
        case text
        /// One valid JSON value; strings have their quotes and escapes.
        case json
    }

    /// Where the name and the value of a field lie in the arena.
    package struct Field: Sendable {
        package var nameStart: UInt32
        package var nameCount: UInt32
        package var valueStart: UInt32
        package var valueCount: UInt32
        package var kind: ValueKind
        /// It stands in the arena as it did in an object, `"name":value` without white space between,
        /// and can be written as it is.
        fileprivate(set) package var isMember = false
    }

    /// Bytes that a record may hold: past it, a field is not added.
    package static let bytesMax = 64 << 20

    private var arena: [UInt8] = []
    package private(set) var fields: [Field] = []
    /// Nanoseconds since 1970, UTC.
    package var time: Int64 = 0
    /// What routing goes by; parts are separated by dots.
    package var tag: ByteString = ""
    /// Where it comes from.
    package var origin = RecordOrigin()

    package init() {}

    /// Forgets the fields and keeps the room; time, tag and origin stay.
    package mutating func removeAll() {
        arena.removeAll(keepingCapacity: true)
        fields.removeAll(keepingCapacity: true)
    }

    // MARK: - Reading

    /// The name's bytes.
    @_lifetime(borrow self)
    package func name(of field: Field) -> Span<UInt8> {
        arena.span.extracting(
            Int(field.nameStart)..<Int(field.nameStart) + Int(field.nameCount)
        )
    }

    /// The value's bytes, in the form that its kind says.
    @_lifetime(borrow self)
    package func value(of field: Field) -> Span<UInt8> {
        arena.span.extracting(
            Int(field.valueStart)..<Int(field.valueStart) + Int(field.valueCount)
        )
    }

    /// True where the field at a position and the one before it are members that stood side by side in
    /// one object, with a comma between.
    @inline(__always)
    package func isNeighbour(at index: Int) -> Bool {
        guard index > 0, index < fields.count else { return false }
        let field = fields[index], before = fields[index - 1]
        let end = Int(before.valueStart) + Int(before.valueCount)
        return field.isMember && before.isMember && Int(field.nameStart) == end + 2
            && arena[end] == UInt8(ascii: ",")
    }

    /// The bytes of members that are neighbours, `"name":value,"name":value`.
    @_lifetime(borrow self)
    package func members(_ first: Field, _ last: Field) -> Span<UInt8> {
        arena.span.extracting(
            Int(first.nameStart) - 1..<Int(last.valueStart) + Int(last.valueCount)
        )
    }

    /// The position in `fields` of the name, or nil.
    package func index(of name: Span<UInt8>) -> Int? {
        var index = 0
        while index < fields.count {
            if Int(fields[index].nameCount) == name.count, self.name(of: fields[index]).equals(name)
            {
                return index
            }
            index += 1
        }
        return nil
    }

    // MARK: - Writing

    /// Adds a field without looking whether its name is there; for parsers that know.
    package mutating func append(name: Span<UInt8>, value: Span<UInt8>, kind: ValueKind) {
        guard arena.count + name.count + value.count <= Self.bytesMax else { return }
        let nameStart = arena.count
        add(name)
        let valueStart = arena.count
        add(value)
        fields.append(
            Field(
                nameStart: UInt32(nameStart),
                nameCount: UInt32(name.count),
                valueStart: UInt32(valueStart),
                valueCount: UInt32(value.count),
                kind: kind
            )
        )
    }

    /// Copies bytes that fields will be parts of, and returns where they begin; nil where there is
    /// no room.
    package mutating func load(_ bytes: Span<UInt8>) -> Int? {
        guard arena.count + bytes.count <= Self.bytesMax else { return nil }
        let start = arena.count
        add(bytes)
        return start
    }

    /// Adds a field whose name and value lie in what was loaded, without looking whether its name is
    /// there.
    package mutating func append(name: Range<Int>, value: Range<Int>, kind: ValueKind) {
        guard name.lowerBound >= 0, name.upperBound <= arena.count, value.lowerBound >= 0,
            value.upperBound <= arena.count
        else { return }
        fields.append(
            Field(
                nameStart: UInt32(truncatingIfNeeded: name.lowerBound),
                nameCount: UInt32(truncatingIfNeeded: name.count),
                valueStart: UInt32(truncatingIfNeeded: value.lowerBound),
                valueCount: UInt32(truncatingIfNeeded: value.count),
                kind: kind
            )
        )
    }

    /// The same for a member of a JSON object whose name has no escapes: neighbours can be written in
    /// one piece.
    @inline(__always)
    package mutating func append(member name: Range<Int>, value: Range<Int>) {
        let before = fields.count
        append(name: name, value: value, kind: .json)
        guard fields.count > before else { return }
        fields[before].isMember = name.lowerBound > 0 && value.lowerBound == name.upperBound + 2
    }

    /// Writes spaces for the line ends in a part of what was loaded.
    package mutating func removeLineEnds(in part: Range<Int>) {
        for index in part.clamped(to: 0..<arena.count)
        where arena[index] == 0x0a || arena[index] == 0x0d {
            arena[index] = 0x20
        }
    }

    /// Lets the field at a position have a part of what was loaded as its value.
    package mutating func replaceValue(at index: Int, loaded value: Range<Int>, kind: ValueKind) {
        guard value.lowerBound >= 0, value.upperBound <= arena.count else { return }
        fields[index].valueStart = UInt32(truncatingIfNeeded: value.lowerBound)
        fields[index].valueCount = UInt32(truncatingIfNeeded: value.count)
        fields[index].kind = kind
        fields[index].isMember = false
    }

    /// Sets a field: replaces its value where the name is there, and adds it otherwise.
    package mutating func set(name: Span<UInt8>, value: Span<UInt8>, kind: ValueKind) {
        guard let index = index(of: name) else {
            append(name: name, value: value, kind: kind)
            return
        }
        replaceValue(at: index, value: value, kind: kind)
    }

    /// Replaces the value of the field at a position.
    package mutating func replaceValue(at index: Int, value: Span<UInt8>, kind: ValueKind) {
        guard arena.count + value.count <= Self.bytesMax else { return }
        let start = arena.count
        add(value)
        fields[index].valueStart = UInt32(start)
        fields[index].valueCount = UInt32(value.count)
        fields[index].kind = kind
        fields[index].isMember = false
    }

    /// Gives the field at a position another name; a field that had that name goes.
    package mutating func rename(at index: Int, to name: Span<UInt8>) {
        guard arena.count + name.count <= Self.bytesMax else { return }
        let start = arena.count
        let other = self.index(of: name)
        add(name)
        fields[index].nameStart = UInt32(start)
        fields[index].nameCount = UInt32(name.count)
        fields[index].isMember = false
        if let other, other != index { fields.remove(at: other) }
    }

    /// Takes away the field at a position.
    package mutating func remove(at index: Int) { fields.remove(at: index) }

    /// Takes away the fields for whose position in `fields` the closure says so.
    package mutating func removeFields(where isUnwanted: (borrowing LogRecord, Int) -> Bool) {
        var kept = 0
        var index = 0
        while index < fields.count {
            if !isUnwanted(self, index) {
                if kept != index { fields.swapAt(kept, index) }
                kept += 1
            }
            index += 1
        }
        if kept < fields.count { fields.removeLast(fields.count - kept) }
    }

    private mutating func add(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe arena.append(contentsOf: $0) }
    }
}
