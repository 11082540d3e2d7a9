import Model

/// The static table of RFC 7541 appendix A, and what its names are to the data plane.
@safe
struct HPACKStaticTable: @unchecked Sendable {
    static let count = 61

    private static let fields: [(name: StaticString, value: StaticString)] = [
        (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"),
        (":path", "/index.html"), (":scheme", "http"), (":scheme", "https"), (":status", "200"),
        (":status", "204"), (":status", "206"), (":status", "304"), (":status", "400"),
        (":status", "404"), (":status", "500"), ("accept-charset", ""),
        ("accept-encoding", "gzip, deflate"), ("accept-language", ""), ("accept-ranges", ""),
        ("accept", ""), ("access-control-allow-origin", ""), ("age", ""), ("allow", ""),
        ("authorization", ""), ("cache-control", ""), ("content-disposition", ""),
        ("content-encoding", ""), ("content-language", ""), ("content-length", ""),
        ("content-location", ""), ("content-range", ""), ("content-type", ""), ("cookie", ""),
        ("date", ""), ("etag", ""), ("expect", ""), ("expires", ""), ("from", ""), ("host", ""),
        ("if-match", ""), ("if-modified-since", ""), ("if-none-match", ""), ("if-range", ""),
        ("if-unmodified-since", ""), ("last-modified", ""), ("link", ""), ("location", ""),
        ("max-forwards", ""), ("proxy-authenticate", ""), ("proxy-authorization", ""),
        ("range", ""), ("referer", ""), ("refresh", ""), ("retry-after", ""), ("server", ""),
        ("set-cookie", ""), ("strict-transport-security", ""), ("transfer-encoding", ""),
        ("user-agent", ""), ("vary", ""), ("via", ""), ("www-authenticate", ""),
    ]

    // Made once and never changed or freed, which is what makes them safe to share.

    /// Entry `index - 1`; positions are offsets into `lines`.
    private let entries: UnsafePointer<HPACKEntry>
    private let lines: UnsafePointer<UInt8>
    /// Candidates for a name by hash, four for each; 0 where there is none.
    private let candidates: UnsafePointer<UInt8>
    /// The index for each known field; 0 where there is none.
    private let known: UnsafePointer<UInt8>

    static let shared = HPACKStaticTable()

    private init() {
        let entries = UnsafeMutablePointer<HPACKEntry>.allocate(capacity: Self.count)
        var bytes: [UInt8] = []
        let candidates = UnsafeMutablePointer<UInt8>.allocate(capacity: 1_024)
        unsafe candidates.initialize(repeating: 0, count: 1_024)
        let known = UnsafeMutablePointer<UInt8>.allocate(capacity: KnownField.slotCount)
        unsafe known.initialize(repeating: 0, count: KnownField.slotCount)
        precondition(Self.fields.count == Self.count, "a static table of another size")
        for (index, field) in Self.fields.enumerated() {
            let name = Array("\(field.name)".utf8)
            let value = Array("\(field.value)".utf8)
            var entry = HPACKEntry(name: name.span)
            entry.setValue(value.span)
            entry.position = UInt32(bytes.count)
            unsafe (entries + index).initialize(to: entry)
            bytes += name + [0x3a, 0x20] + value + [0x0d, 0x0a]
            if name[0] == 0x3a { continue }
            if entry.known != .unknown {
                unsafe known[Int(entry.known.rawValue)] = UInt8(index + 1)
                continue
            }
            let first = Self.hash(name.span) * 4
            var slot = first
            while unsafe candidates[slot] != 0 { slot += 1 }
            precondition(slot < first + 4, "more names with one hash than there is room")
            unsafe candidates[slot] = UInt8(index + 1)
        }
        let lines = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count)
        for index in bytes.indices { unsafe lines[index] = bytes[index] }
        unsafe self.entries = UnsafePointer(entries)
        unsafe self.lines = UnsafePointer(lines)
        unsafe self.candidates = UnsafePointer(candidates)
        unsafe self.known = UnsafePointer(known)
    }

    /// The entry with an index from 1 on; nil where there is none.
    @inline(__always)
    func entry(_ index: Int) -> HPACKEntry? {
        guard index > 0, index <= Self.count else { return nil }
        return unsafe entries[index &- 1]
    }

    /// The line of an entry of this table.
    @inline(__always)
    @_lifetime(immortal)
    func line(_ entry: HPACKEntry) -> Span<UInt8> {
        let span = unsafe Span(
            _unsafeStart: lines + Int(entry.position),
            count: entry.lineCount
        )
        return unsafe _overrideLifetime(span, copying: ())
    }

    @inline(__always)
    private static func hash(_ name: Span<UInt8>) -> Int {
        let first = unsafe name[unchecked: 0] | 0x20
        let last = unsafe name[unchecked: name.count &- 1] | 0x20
        let middle = unsafe name[unchecked: name.count &>> 1] | 0x20
        return Int(
            (UInt8(truncatingIfNeeded: name.count) &* 37) &+ (first &* 11) &+ (last &* 71)
                &+ middle
        )
    }

    /// The index whose name a field has, in any case; 0 where there is none.
    @inline(__always)
    func index(named name: Span<UInt8>, _ field: KnownField) -> Int {
        if field.rawValue != 0 { return unsafe Int(known[Int(field.rawValue)]) }
        if name.isEmpty { return 0 }
        let slot = Self.hash(name) &* 4
        for offset in 0..<4 {
            let candidate = unsafe Int(candidates[slot &+ offset])
            if candidate == 0 { return 0 }
            let entry = unsafe entries[candidate &- 1]
            guard Int(entry.nameCount) == name.count else { continue }
            let spelled = line(entry).extracting(first: name.count)
            if name.equalsIgnoringCase(lowercase: spelled) { return candidate }
        }
        return 0
    }
}
