internal import Model

/// Writes records for Azure Monitor's Logs Ingestion.
///
/// Used by the engine's thread.
final class AzureEncoder: RecordEncoder {
    // 1 MB of a whole request, before it is compressed.
    let limits = ChunkLimits(
        bytesMax: 1_000_000 - 2,
        itemBytesMax: 1_000_000 - 2,
        overheadPerItem: 1
    )
    private let document: DocumentWriter
    private let timeName: [UInt8]
    private let timeMember: [UInt8]

    init(_ options: AzureOptions, _ inject: InjectOptions, hostname: String) {
        document = DocumentWriter(inject, hostname: hostname)
        timeName = Array(options.timeKey.utf8)
        timeMember = DocumentWriter.name(options.timeKey)
    }

    func key(of record: borrowing LogRecord, into key: inout [UInt8]) {}

    func encode(
        _ record: borrowing LogRecord,
        of stream: StreamIdentity,
        into bytes: inout [UInt8],
        reason: inout String
    ) -> Bool {
        bytes.append(0x7b)
        var isFirst = true
        if !timeName.isEmpty, record.index(ofName: timeName) == nil {
            bytes.append(contentsOf: timeMember)
            bytes.append(0x22)
            LogTime.appendISO8601(record.time, digits: 6, &bytes)
            bytes.append(0x22)
            isFirst = false
        }
        document.appendMembers(of: record, isFirst: &isFirst, &bytes)
        bytes.append(0x7d)
        return true
    }
}
