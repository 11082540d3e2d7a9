internal import Model

/// Writes records as lines of objects; before each stands what names it for ever, for the object's key.
///
/// Used by the engine's thread.
final class S3Encoder: RecordEncoder {
    let limits = ChunkLimits(
        bytesMax: 64 << 20,
        itemsMax: 1_000_000,
        overheadPerItem: 0
    )
    private let writer: RecordFormWriter
    private let key: SinkTemplate
    private var lastIdentity: StreamIdentity?
    private var prefix: [UInt8] = []

    /// 32 digits of the stream's identity and a space.
    static let prefixCount = 33

    init(_ options: S3Options, _ inject: InjectOptions, hostname: String) {
        writer = RecordFormWriter(options.form, DocumentWriter(inject, hostname: hostname))
        key = SinkTemplate(options.objectKey, hostname: hostname)
    }

    func key(of record: borrowing LogRecord, into key: inout [UInt8]) {
        self.key.append(record, &key)
    }

    func encode(
        _ record: borrowing LogRecord,
        of stream: StreamIdentity,
        into bytes: inout [UInt8],
        reason: inout String
    ) -> Bool {
        if lastIdentity != stream {
            prefix = Array(stream.description.utf8) + [0x20]
            lastIdentity = stream
        }
        bytes.append(contentsOf: prefix)
        writer.append(record, &bytes)
        bytes.append(0x0a)
        return true
    }
}
