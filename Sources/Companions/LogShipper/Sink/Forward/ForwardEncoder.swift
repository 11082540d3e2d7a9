internal import Model

/// Writes records as JSON objects, in chunks by their tag.
///
/// They become MessagePack when they are sent, on the sink's thread: so the engine has less to do, and
/// people can read them in the dead letters. Used by the engine's thread.
final class ForwardEncoder: RecordEncoder {
    let limits = ChunkLimits(overheadPerItem: 10)
    private let document: DocumentWriter

    init(_ inject: InjectOptions, hostname: String) {
        document = DocumentWriter(inject, hostname: hostname)
    }

    func key(of record: borrowing LogRecord, into key: inout [UInt8]) {
        key.append(contentsOf: record.tag.bytes)
    }

    func encode(
        _ record: borrowing LogRecord,
        of stream: StreamIdentity,
        into bytes: inout [UInt8],
        reason: inout String
    ) -> Bool {
        document.appendObject(record, &bytes)
        return true
    }
}
