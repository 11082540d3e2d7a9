package import Model

/// Decodes the header blocks of one direction of a connection into heads (RFC 7541).
///
/// Each block of the connection must pass through, in order and whole, also those of streams that are
/// refused or gone: the table is shared by all. Memory is that of the table, which is taken when the
/// peer first uses it; what a block can make a head hold is limited by the limits for heads.
package struct HPACKDecoder: ~Copyable {
    private var table: HPACKTable
    private let tableSizeMax: Int
    /// Whether we have said with SETTINGS_ENABLE_CONNECT_PROTOCOL that `:protocol` is known.
    package var allowsConnectProtocol: Bool

    /// - Parameters:
    ///   - tableSizeMax: our SETTINGS_HEADER_TABLE_SIZE; above it no update may go. The table begins
    ///     with 4096 bytes, as the peer's does.
    ///   - allowsConnectProtocol: whether extended CONNECT (RFC 8441) is accepted.
    package init(tableSizeMax: Int = 4_096, allowsConnectProtocol: Bool = false) {
        self.tableSizeMax = tableSizeMax
        self.allowsConnectProtocol = allowsConnectProtocol
        table = HPACKTable(sizeMax: 4_096)
    }

    /// Bytes of the dynamic table, each entry with 32 more.
    package var tableSize: Int { table.size }

    /// Decodes a block into a head, which is reset first.
    ///
    /// - Parameters:
    ///   - block: all of the block.
    ///   - head: filled as the parsers of HTTP/1 do; `majorVersion` is 2. `authority` comes from
    ///     `:authority` or, without it, from `host`, which is never a line of the table; it is empty
    ///     where there is neither. Cookies are one line.
    ///   - limits: `headBytesMax` counts names, values and 32 bytes for each field; `headerCountMax`
    ///     counts fields, a cookie in several only once and no pseudo-headers.
    ///   - streamID: the stream, for violations.
    /// - Throws: a connection error where the compression is wrong; else an error of the stream, with
    ///   the block decoded and the table right. The head is then not complete.
    package mutating func decode(
        _ block: Span<UInt8>,
        into head: Head,
        as kind: HTTP2HeadKind,
        limits: HeadLimits,
        streamID: UInt32
    ) throws(HTTP2Violation) -> HTTP2HeadInfo {
        head.reset()
        head.majorVersion = 2
        var assembly = HTTP2HeadAssembly(
            head,
            kind: kind,
            limits: limits,
            allowsConnectProtocol: allowsConnectProtocol
        )
        let fault: HTTP2Fault? = unsafe withUnsafeTemporaryAllocation(
            of: UInt8.self,
            capacity: 1_024
        ) { memory in
            var scratch = unsafe HPACKScratch(memory)
            do throws(HTTP2Fault) {
                try decodeFields(block, &scratch, &assembly)
                return nil
            } catch {
                return error
            }
        }
        if let fault { throw HTTP2Violation(fault) }
        do throws(HTTP2Fault) {
            return try assembly.finish()
        } catch {
            throw HTTP2Violation(error, streamID: streamID)
        }
    }

    private mutating func decodeFields(
        _ block: Span<UInt8>,
        _ scratch: inout HPACKScratch,
        _ assembly: inout HTTP2HeadAssembly
    ) throws(HTTP2Fault) {
        let constant = HPACKStaticTable.shared
        var input = HPACKInput(block)
        var allowsUpdate = true
        while let first = input.peek {
            if first & 0x80 != 0 {
                let index = try input.integer(prefix: 7)
                if let entry = constant.entry(index) {
                    assembly.add(entry, line: constant.line(entry))
                } else {
                    let entry = try dynamicEntry(index)
                    assembly.add(entry, line: table.line(entry))
                }
            } else if first & 0xe0 == 0x20 {
                // RFC 7541 section 4.2: only before the first field.
                let size = try input.integer(prefix: 5)
                guard allowsUpdate, size <= tableSizeMax else { throw .hpackTableSize }
                table.setSizeMax(size)
                continue
            } else {
                let isIndexed = first & 0x40 != 0
                let index = try input.integer(prefix: isIndexed ? 6 : 4)
                var entry = try literal(index, constant, &input, &scratch)
                entry.isNeverIndexed = first & 0xf0 == 0x10
                assembly.add(entry, line: scratch.bytes)
                if isIndexed { table.insert(entry, line: scratch.bytes) }
            }
            allowsUpdate = false
        }
    }

    /// The entry of the dynamic table with an index, which is above those of the static table.
    @inline(__always)
    private func dynamicEntry(_ index: Int) throws(HTTP2Fault) -> HPACKEntry {
        let age = index &- HPACKStaticTable.count
        guard age > 0, age <= table.count else { throw .hpackIndex }
        guard let entry = table.entry(table.next &- UInt32(truncatingIfNeeded: age)) else {
            throw .hpackIndex
        }
        return entry
    }

    /// Reads what follows the name's index of a literal; the line then stands in `scratch`.
    @inline(__always)
    private func literal(
        _ index: Int,
        _ constant: HPACKStaticTable,
        _ input: inout HPACKInput,
        _ scratch: inout HPACKScratch
    ) throws(HTTP2Fault) -> HPACKEntry {
        scratch.removeAll()
        var entry: HPACKEntry
        if index == 0 {
            try input.string(into: &scratch)
            entry = HPACKEntry(name: scratch.bytes)
        } else if let found = constant.entry(index) {
            entry = found
            scratch.append(constant.line(found).extracting(first: Int(found.nameCount)))
        } else {
            entry = try dynamicEntry(index)
            scratch.append(table.line(entry).extracting(first: Int(entry.nameCount)))
        }
        scratch.append(0x3a, 0x20)
        let start = scratch.count
        try input.string(into: &scratch)
        entry.setValue(scratch.bytes.extracting(droppingFirst: start))
        scratch.append(0x0d, 0x0a)
        return entry
    }
}
