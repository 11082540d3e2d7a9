package import Model

/// Encodes heads into the header blocks of one direction of a connection (RFC 7541).
///
/// Blocks must be sent in the order in which they were encoded, each at once: the peer's table
/// follows. Names are written in lower case; removed lines, fields of one connection (RFC 9113
/// section 8.2.2) and `host` are left out. Fields that repeat are sent as an index into a table of at
/// most 4096 bytes; credentials never are.
package struct HPACKEncoder: ~Copyable {
    /// The most bytes of a table, whatever the peer allows.
    package static let tableSizeMax = 4_096

    private var table = HPACKTable(sizeMax: HPACKEncoder.tableSizeMax)
    private var indexing = HPACKIndexing()
    /// The sizes that the next block must begin with: the lowest in between, and the last.
    private var lowestUpdate: Int?
    private var lastUpdate: Int?

    package init() {}

    /// Bytes of the dynamic table, each entry with 32 more.
    package var tableSize: Int { table.size }

    /// Takes over the peer's SETTINGS_HEADER_TABLE_SIZE.
    ///
    /// Where one SETTINGS frame names several sizes, it is called with the lowest first (RFC 7541
    /// section 4.2).
    package mutating func limitTable(to peerSize: UInt32) {
        let size = min(Int(peerSize), Self.tableSizeMax)
        if size == lastUpdate ?? table.sizeMax { return }
        lowestUpdate = min(lowestUpdate ?? size, size)
        lastUpdate = size
    }

    // MARK: - Bounds

    /// An upper bound for what one of the `encode` functions writes for a head.
    package static func byteCountMax(_ head: Head) -> Int {
        // Each string with a length of at most 5 bytes, each field with an index of one; the
        // pseudo-headers, their names and two updates of the table's size.
        var count = 160
        count += Int(head.methodSlice.count) + Int(head.path.count) + Int(head.authority.count)
        count += Int(head.scheme.count) + Int(head.upgradeProtocol.count)
        for index in 0..<head.fieldCount {
            let field = head.field(at: index)
            count += Int(field.name.count) + Int(field.value.count) + 12
        }
        return count
    }

    // MARK: - Heads

    /// Encodes a request.
    ///
    /// `:scheme` is the head's, or else follows from `isTLS`. CONNECT is written with the authority
    /// alone, or as an extended CONNECT (RFC 8441) where the head has an `upgradeProtocol`.
    ///
    /// - Parameter buffer: at least `byteCountMax` bytes; traps where it is too small.
    /// - Returns: the number of bytes written.
    package mutating func encode(
        request head: Head,
        into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        var out = unsafe HPACKOutput(buffer)
        writeUpdates(&out)
        var isConnect = false
        switch head.method {
        case .get: out.write(byte: 0x82)
        case .post: out.write(byte: 0x83)
        case .connect:
            isConnect = true
            writeNamed(2, &out)
            out.write(string: "CONNECT")
        default:
            writeNamed(2, &out)
            out.write(string: head.span(head.methodSlice))
        }
        if !isConnect || !head.upgradeProtocol.isEmpty {
            writeScheme(head, &out)
            writePath(head, &out)
        }
        if !head.authority.isEmpty {
            let name = Self.authorityName.immortalSpan
            write(name, .unknown, head.span(head.authority), 1, .indexed, &out)
        }
        if isConnect, !head.upgradeProtocol.isEmpty {
            out.write(byte: 0)
            out.write(string: ":protocol")
            out.write(string: head.span(head.upgradeProtocol))
        }
        writeFields(head, &out)
        return out.count
    }

    /// Encodes a response, an interim one too.
    ///
    /// - Parameter buffer: at least `byteCountMax` bytes; traps where it is too small.
    /// - Returns: the number of bytes written.
    package mutating func encode(
        response head: Head,
        into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        precondition(head.status >= 100 && head.status <= 999, "no such status")
        var out = unsafe HPACKOutput(buffer)
        writeUpdates(&out)
        switch head.status {
        case 200: out.write(byte: 0x88)
        case 204: out.write(byte: 0x89)
        case 206: out.write(byte: 0x8a)
        case 304: out.write(byte: 0x8b)
        case 400: out.write(byte: 0x8c)
        case 404: out.write(byte: 0x8d)
        case 500: out.write(byte: 0x8e)
        default:
            writeNamed(8, &out)
            out.write(status: head.status)
        }
        writeFields(head, &out)
        return out.count
    }

    /// Encodes a trailer section.
    ///
    /// - Parameter buffer: at least `byteCountMax` bytes; traps where it is too small.
    /// - Returns: the number of bytes written.
    package mutating func encode(
        trailers head: Head,
        into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        var out = unsafe HPACKOutput(buffer)
        writeUpdates(&out)
        writeFields(head, &out)
        return out.count
    }

    private static let authorityName: StaticString = ":authority"
    private static let pathName: StaticString = ":path"
    /// Longer paths are seldom asked for again.
    private static let indexedPathBytesMax = 96

    // MARK: - Parts

    @inline(__always)
    private mutating func writeUpdates(_ out: inout HPACKOutput) {
        if let last = lastUpdate { writeUpdates(last, &out) }
    }

    private mutating func writeUpdates(_ last: Int, _ out: inout HPACKOutput) {
        if let lowest = lowestUpdate, lowest < last {
            out.write(lowest, prefix: 5, pattern: 0x20)
            table.setSizeMax(lowest)
        }
        out.write(last, prefix: 5, pattern: 0x20)
        table.setSizeMax(last)
        lowestUpdate = nil
        lastUpdate = nil
    }

    /// The beginning of a literal with a name of the static table that is not indexed.
    @inline(__always)
    private func writeNamed(_ index: Int, _ out: inout HPACKOutput) {
        out.write(index, prefix: 4, pattern: 0)
    }

    private func writeScheme(_ head: Head, _ out: inout HPACKOutput) {
        // HTTP/1.1 names no scheme, but the proxy before this one may have said which it was.
        let named = head.scheme.isEmpty ? head.first(.xForwardedProto) ?? .empty : head.scheme
        let scheme = head.span(named)
        if scheme.equalsIgnoringCase("http") {
            out.write(byte: 0x86)
        } else if scheme.equalsIgnoringCase("https") {
            out.write(byte: 0x87)
        } else {
            out.write(byte: head.isTLS ? 0x87 : 0x86)
        }
    }

    private mutating func writePath(_ head: Head, _ out: inout HPACKOutput) {
        let path = head.span(head.path)
        if path.count == 1, path[0] == 0x2f {
            out.write(byte: 0x84)
        } else if head.isPathNeverIndexed {
            out.write(4, prefix: 4, pattern: 0x10)
            out.write(string: path)
        } else if path.count <= Self.indexedPathBytesMax {
            write(Self.pathName.immortalSpan, .unknown, path, 4, .indexed, &out)
        } else {
            writeNamed(4, &out)
            out.write(string: path)
        }
    }

    private mutating func writeFields(_ head: Head, _ out: inout HPACKOutput) {
        let constant = HPACKStaticTable.shared
        var index = 0
        while index < head.fieldCount {
            let field = head.field(at: index)
            index &+= 1
            if field.isRemoved { continue }
            let name = head.span(field.name)
            let value = head.span(field.value).trimmed
            var policy = HPACKPolicy(field.known, value: value)
            if case .skipped = policy { continue }
            if name.isEmpty || name[0] == 0x3a { continue }
            let place = constant.index(named: name, field.known)
            if field.known.rawValue == 0, place != 0 { policy = .forStatic(place) }
            if field.isNeverIndexed { policy = .never }
            write(name, field.known, value, place, policy, &out)
        }
    }

    /// Writes a field.
    ///
    /// - Parameter place: the index of the name in the static table, or 0.
    @inline(__always)
    private mutating func write(
        _ name: Span<UInt8>,
        _ known: KnownField,
        _ value: Span<UInt8>,
        _ place: Int,
        _ policy: HPACKPolicy,
        _ out: inout HPACKOutput
    ) {
        var prefix = 4
        var pattern: UInt8 = 0
        if case .never = policy {
            pattern = 0x10
        } else if case .indexed = policy,
            name.count &+ value.count &+ 32 <= min(HPACKPolicy.indexedSizeMax, table.sizeMax)
        {
            let hash = HPACKIndexing.hash(name: name, known, value: value)
            switch indexing.advise(hash: hash, table, name: name, known, value: value) {
            case .found(let number):
                let age = Int(table.next &- number)
                out.write(HPACKStaticTable.count &+ age, prefix: 7, pattern: 0x80)
                return
            case .insert:
                indexing.insert(hash: hash, number: table.next)
                insert(name, known, value)
                prefix = 6
                pattern = 0x40
            case .plain:
                break
            }
        }
        out.write(place, prefix: prefix, pattern: pattern)
        if place == 0 { out.write(lowercasing: name) }
        out.write(string: value)
    }

    private mutating func insert(
        _ name: Span<UInt8>,
        _ known: KnownField,
        _ value: Span<UInt8>
    ) {
        var entry = HPACKEntry(nameCount: name.count, known: known, role: .regular)
        entry.valueCount = UInt32(truncatingIfNeeded: value.count)
        guard let line = unsafe table.insert(entry) else { return }
        unsafe name.copyLowercased(to: line)
        unsafe value.withUnsafeBufferPointer { source in
            guard let from = source.baseAddress else { return }
            unsafe (line + name.count + 2).update(from: from, count: source.count)
        }
    }
}

extension StaticString {
    fileprivate var immortalSpan: Span<UInt8> {
        @_lifetime(immortal)
        get {
            let span = unsafe Span(_unsafeStart: utf8Start, count: utf8CodeUnitCount)
            return unsafe _overrideLifetime(span, copying: ())
        }
    }
}

extension Span<UInt8> {
    /// The bytes without white space at both ends.
    @inline(__always)
    fileprivate var trimmed: Span<UInt8> {
        @_lifetime(copy self)
        get {
            var start = 0
            var end = count
            while start < end, unsafe Self.isBlank(self[unchecked: start]) { start &+= 1 }
            while end > start, unsafe Self.isBlank(self[unchecked: end &- 1]) { end &-= 1 }
            return unsafe extracting(unchecked: start..<end)
        }
    }

    @inline(__always)
    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
