/// The head of one HTTP message, of any version: its bytes, and a table of offsets into them.
///
/// The codec fills it, policies read and change it, the codec of the other side writes it out. A
/// changed value is appended to the bytes and the table points there, so nothing is moved and no
/// field costs an allocation. An object is reused for message after message by the loop that owns
/// it. Not thread-safe, by design.
///
/// Limits: the codec refuses a message above its configured limits before it gets here; the ranges
/// are 32 bits wide and `append` refuses what would not fit.
@safe
package final class Head {
    /// One field line: ranges into `bytes`.
    package struct Field {
        package var name: Slice
        package var value: Slice
        package var known: KnownField
        /// A removed field stays in the table, so that indices stay valid, and is not written.
        package var isRemoved: Bool
        /// The peer marked it as a secret that no table of header compression may hold (RFC 7541
        /// section 6.2.3).
        package var isNeverIndexed: Bool

        @inlinable @inline(__always)
        package init(name: Slice, value: Slice, known: KnownField) {
            self.name = name
            self.value = value
            self.known = known
            self.isRemoved = false
            self.isNeverIndexed = false
        }
    }

    /// A range of the head's bytes.
    package struct Slice: Equatable, Sendable {
        package var start: UInt32
        package var count: UInt32
        package static let empty = Slice(start: 0, count: 0)
        @inlinable @inline(__always) package init(start: UInt32, count: UInt32) {
            self.start = start
            self.count = count
        }
        @inlinable @inline(__always) package init(_ start: Int, _ end: Int) {
            self.start = UInt32(truncatingIfNeeded: start)
            self.count = UInt32(truncatingIfNeeded: end - start)
        }
        @inlinable package var isEmpty: Bool { count == 0 }
    }

    @usableFromInline package private(set) var storage: UnsafeMutablePointer<UInt8>
    package private(set) var capacity: Int
    package private(set) var byteCount = 0

    @usableFromInline package private(set) var table: UnsafeMutablePointer<Field>
    package private(set) var fieldCapacity: Int
    package private(set) var fieldCount = 0
    /// For each known field the index of its first line, plus one; 0 where there is none.
    private var firstLine: UnsafeMutablePointer<UInt16>

    // The start line. `path` is the effective path with the query (`:path`), `authority` the
    // effective host (`:authority`); both may differ from what arrived.
    package var method: Method = .other
    package var methodSlice: Slice = .empty
    package var path: Slice = .empty
    /// The peer marked the path as a secret that no table of header compression may hold.
    package var isPathNeverIndexed = false
    package var authority: Slice = .empty
    package var isTLS = false
    /// `:scheme` as an HTTP/2 request has it; empty in HTTP/1.
    package var scheme: Slice = .empty
    /// The protocol that an upgrade asks for: `:protocol` (RFC 8441), or the first in `upgrade`.
    package var upgradeProtocol: Slice = .empty
    package var status: UInt16 = 0
    package var reason: Slice = .empty
    /// The major version of HTTP as received: 1 or 2.
    package var majorVersion: UInt8 = 1
    /// The minor version of HTTP/1 as received: 0 or 1; 1 in HTTP/2, whose peers know all of 1.1.
    package var minorVersion: UInt8 = 1

    package init(byteCapacity: Int = 1024, fieldCapacity: Int = 32) {
        capacity = byteCapacity
        unsafe storage = .allocate(capacity: byteCapacity)
        self.fieldCapacity = fieldCapacity
        unsafe table = .allocate(capacity: fieldCapacity)
        unsafe firstLine = .allocate(capacity: KnownField.slotCount)
        unsafe firstLine.initialize(repeating: 0, count: KnownField.slotCount)
    }

    deinit {
        unsafe storage.deallocate()
        unsafe table.deallocate()
        unsafe firstLine.deallocate()
    }

    // MARK: - Filling

    /// Forgets the message and keeps the memory, unless it grew beyond `keeping` bytes.
    package func reset(keeping limit: Int = 4096) {
        if capacity > limit {
            unsafe storage.deallocate()
            capacity = 1024
            unsafe storage = .allocate(capacity: capacity)
        }
        byteCount = 0
        fieldCount = 0
        unsafe firstLine.update(repeating: 0, count: KnownField.slotCount)
        method = .other
        methodSlice = .empty
        path = .empty
        isPathNeverIndexed = false
        authority = .empty
        isTLS = false
        scheme = .empty
        upgradeProtocol = .empty
        status = 0
        reason = .empty
        majorVersion = 1
        minorVersion = 1
    }

    /// Becomes the same message as another head; slices of that one mean the same here.
    package func copy(from other: Head) {
        byteCount = 0
        reserve(other.byteCount)
        unsafe storage.update(from: other.storage, count: other.byteCount)
        byteCount = other.byteCount
        if fieldCapacity < other.fieldCount {
            unsafe table.deallocate()
            unsafe table = .allocate(capacity: other.fieldCapacity)
            fieldCapacity = other.fieldCapacity
        }
        unsafe table.update(from: other.table, count: other.fieldCount)
        fieldCount = other.fieldCount
        unsafe firstLine.update(from: other.firstLine, count: KnownField.slotCount)
        method = other.method
        methodSlice = other.methodSlice
        path = other.path
        isPathNeverIndexed = other.isPathNeverIndexed
        authority = other.authority
        isTLS = other.isTLS
        scheme = other.scheme
        upgradeProtocol = other.upgradeProtocol
        status = other.status
        reason = other.reason
        majorVersion = other.majorVersion
        minorVersion = other.minorVersion
    }

    /// Appends bytes and returns where they stand.
    @discardableResult
    package func append(_ bytes: Span<UInt8>) -> Slice {
        let start = byteCount
        reserve(bytes.count)
        unsafe bytes.withUnsafeBufferPointer { source in
            guard let base = source.baseAddress else { return }
            unsafe (storage + start).update(from: base, count: source.count)
        }
        byteCount += bytes.count
        return Slice(start, byteCount)
    }

    @discardableResult
    package func append(_ text: StaticString) -> Slice {
        let start = byteCount
        let count = text.utf8CodeUnitCount
        reserve(count)
        unsafe (storage + start).update(from: text.utf8Start, count: count)
        byteCount += count
        return Slice(start, byteCount)
    }

    /// Appends bytes that already stand in this head.
    @discardableResult
    package func append(_ slice: Slice) -> Slice {
        let start = byteCount
        reserve(Int(slice.count))
        unsafe (storage + start).update(from: storage + Int(slice.start), count: Int(slice.count))
        byteCount += Int(slice.count)
        return Slice(start, byteCount)
    }

    /// Appends bytes of another head.
    @discardableResult
    package func append(copyOf other: Head, _ slice: Slice) -> Slice { append(other.span(slice)) }

    @discardableResult
    package func append(byte: UInt8) -> Slice {
        reserve(1)
        unsafe storage[byteCount] = byte
        byteCount += 1
        return Slice(byteCount - 1, byteCount)
    }

    @discardableResult
    package func append(decimal value: UInt64) -> Slice {
        reserve(20)
        let start = byteCount
        var digits = 1
        var rest = value / 10
        while rest > 0 {
            digits += 1
            rest /= 10
        }
        rest = value
        for position in stride(from: start + digits - 1, through: start, by: -1) {
            unsafe storage[position] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        byteCount += digits
        return Slice(start, byteCount)
    }

    /// Room for `count` more bytes that the caller writes through `writeTail`.
    private func reserve(_ count: Int) {
        let needed = byteCount + count
        if needed <= capacity { return }
        precondition(needed <= Int(UInt32.max), "a head beyond 4 GiB passed the codec's limits")
        var grown = capacity
        while grown < needed { grown *= 2 }
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: grown)
        unsafe moved.update(from: storage, count: byteCount)
        unsafe storage.deallocate()
        unsafe storage = unsafe moved
        capacity = grown
    }

    /// Adds a line to the table.
    ///
    /// Its slices must stand in this head's bytes.
    package func add(_ field: Field) {
        if fieldCount == fieldCapacity {
            let moved = UnsafeMutablePointer<Field>.allocate(capacity: fieldCapacity * 2)
            unsafe moved.update(from: table, count: fieldCount)
            unsafe table.deallocate()
            unsafe table = unsafe moved
            fieldCapacity *= 2
        }
        unsafe (table + fieldCount).initialize(to: field)
        fieldCount += 1
        let slot = Int(field.known.rawValue)
        if slot != 0, unsafe firstLine[slot] == 0 {
            unsafe firstLine[slot] = UInt16(clamping: fieldCount)
        }
    }

    // MARK: - Reading

    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let span = unsafe Span(_unsafeStart: UnsafePointer(storage), count: byteCount)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    @_lifetime(borrow self)
    package func span(_ slice: Slice) -> Span<UInt8> {
        precondition(Int(slice.start) + Int(slice.count) <= byteCount, "a slice of another head")
        let span = unsafe Span(
            _unsafeStart: UnsafePointer(storage + Int(slice.start)),
            count: Int(slice.count)
        )
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    package func field(at index: Int) -> Field {
        precondition(index >= 0 && index < fieldCount, "no such field")
        return unsafe table[index]
    }

    package func has(_ known: KnownField) -> Bool { first(known) != nil }

    /// The index of the first line of a known field that is not removed.
    package func firstIndex(_ known: KnownField) -> Int? {
        let line = Int(unsafe firstLine[Int(known.rawValue)])
        guard line != 0 else { return nil }
        var index = line - 1
        while index < fieldCount {
            if unsafe table[index].known == known, unsafe !table[index].isRemoved { return index }
            index += 1
        }
        return nil
    }

    /// The value of the first line of a known field.
    package func first(_ known: KnownField) -> Slice? {
        guard let index = firstIndex(known) else { return nil }
        return unsafe table[index].value
    }

    /// The value of the first line with this lower-case name.
    package func first(named name: Span<UInt8>) -> Slice? {
        var index = 0
        while let found = nextIndex(named: name, from: index) {
            if unsafe !table[found].isRemoved { return unsafe table[found].value }
            index = found + 1
        }
        return nil
    }

    /// The next line with this lower-case name at or after `start`, for fields on several lines.
    package func nextIndex(named name: Span<UInt8>, from start: Int) -> Int? {
        let count = name.count
        if count == 0 { return nil }
        // Names begin alike more often than they end alike.
        let last = unsafe name[unchecked: count &- 1]
        var index = start
        while index < fieldCount {
            if unsafe Int(table[index].name.count) == count, unsafe !table[index].isRemoved {
                let spelled = unsafe span(table[index].name)
                if unsafe spelled[unchecked: count &- 1].asciiLowercased == last,
                    spelled.equalsIgnoringCase(lowercase: name)
                {
                    return index
                }
            }
            index += 1
        }
        return nil
    }

    // MARK: - Changing

    /// Removes every line of a known field.
    package func remove(_ known: KnownField) {
        guard let first = firstIndex(known) else { return }
        for index in first..<fieldCount where unsafe table[index].known == known {
            unsafe table[index].isRemoved = true
        }
        unsafe firstLine[Int(known.rawValue)] = 0
    }

    /// Removes one line.
    package func remove(at index: Int) {
        precondition(index >= 0 && index < fieldCount, "no such field")
        unsafe table[index].isRemoved = true
    }

    /// Removes every line with this lower-case name.
    package func remove(named name: Span<UInt8>) {
        var start = 0
        while let index = nextIndex(named: name, from: start) {
            remove(at: index)
            start = index + 1
        }
    }

    /// Makes `value`, which stands in this head, the only line of a known field.
    package func set(_ known: KnownField, _ value: Slice) {
        if let index = firstIndex(known) {
            for other in index..<fieldCount where unsafe table[other].known == known {
                unsafe table[other].isRemoved = other != index
            }
            unsafe table[index].value = value
        } else {
            add(Field(name: append(known.name), value: value, known: known))
        }
    }

    /// Marks a field as a secret that no table of header compression may hold.
    package func neverIndex(_ known: KnownField) {
        guard let index = firstIndex(known) else { return }
        unsafe table[index].isNeverIndexed = true
    }

    /// Appends a line with a name and value that stand in this head.
    package func addLine(name: Slice, value: Slice) {
        let known = KnownFieldIndex.shared.field(named: span(name))
        add(Field(name: name, value: value, known: known))
    }

    /// The path without the query.
    package var pathWithoutQuery: Slice {
        let whole = span(path)
        guard let mark = whole.firstIndex(of: 0x3f) else { return path }
        return Slice(start: path.start, count: UInt32(mark))
    }

    /// What follows the first question mark; empty where there is none.
    package var query: Slice {
        let whole = span(path)
        guard let mark = whole.firstIndex(of: 0x3f) else { return .empty }
        return Slice(Int(path.start) + mark + 1, Int(path.start) + whole.count)
    }
}

@available(*, unavailable)
extension Head: Sendable {}
