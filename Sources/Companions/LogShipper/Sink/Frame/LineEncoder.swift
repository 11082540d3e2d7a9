/// Writes records as lines, each with its line end, in chunks by a template; one for all where there is
/// none.
final class LineEncoder: RecordEncoder {
    let limits: ChunkLimits
    private let writer: RecordFormWriter
    private let template: SinkTemplate?

    init(
        _ form: RecordForm,
        _ document: DocumentWriter,
        key template: SinkTemplate? = nil,
        limits: ChunkLimits = ChunkLimits(overheadPerItem: 0)
    ) {
        self.limits = limits
        self.template = template
        writer = RecordFormWriter(form, document)
    }

    func key(of record: borrowing LogRecord, into key: inout [UInt8]) {
        template?.append(record, &key)
    }

    func encode(
        _ record: borrowing LogRecord,
        of stream: StreamIdentity,
        into bytes: inout [UInt8],
        reason: inout String
    ) -> Bool {
        writer.append(record, &bytes)
        bytes.append(0x0a)
        return true
    }
}
