internal import Model

/// Writes records as CloudWatch's log events; a chunk is for one group and stream.
///
/// Used by the engine's thread.
final class CloudWatchEncoder: RecordEncoder {
    // An event counts its message's bytes and 26 more: its JSON is always longer than that.
    let limits = ChunkLimits(
        bytesMax: 1_048_576,
        itemsMax: 10_000,
        itemBytesMax: 1_000_000,
        overheadPerItem: 1
    )
    private let group: SinkTemplate
    private let stream: SinkTemplate
    private let document: DocumentWriter
    private let messageKey: [UInt8]?
    private var scratch: [UInt8] = []

    init(_ options: CloudWatchOptions, _ inject: InjectOptions, hostname: String) {
        group = SinkTemplate(options.group, hostname: hostname)
        stream = SinkTemplate(options.stream, hostname: hostname)
        document = DocumentWriter(inject, hostname: hostname)
        messageKey = options.messageKey.map { Array($0.utf8) }
    }

    /// The group's name, a zero byte, and the stream's.
    func key(of record: borrowing LogRecord, into key: inout [UInt8]) {
        group.append(record, &key)
        key.append(0)
        stream.append(record, &key)
    }

    func encode(
        _ record: borrowing LogRecord,
        of stream: StreamIdentity,
        into bytes: inout [UInt8],
        reason: inout String
    ) -> Bool {
        scratch.removeAll(keepingCapacity: true)
        if let messageKey {
            _ = record.appendText(of: messageKey, &scratch)
        } else {
            document.appendObject(record, &scratch)
        }
        if scratch.isEmpty {
            reason = "the message that CloudWatch would get is empty"
            return false
        }
        JSONWriter.append(#"{"timestamp":"#, &bytes)
        TimeValue.appendWhole(max(record.time, 0), perUnit: 1_000_000, &bytes)
        JSONWriter.append(#","message":"#, &bytes)
        let message = scratch
        JSONWriter.appendString(message.span, &bytes)
        bytes.append(0x7d)
        return true
    }
}
