internal import Model

/// Writes records as documents for Logstash's beats input, one JSON object each.
///
/// `@metadata` and `@timestamp` are what each beat sends: the first says who sends and is kept out of
/// the event by Logstash, the second is the event's time. A record that has a `@timestamp` keeps it.
/// Used by the engine's thread.
final class BeatsEncoder: RecordEncoder {
    /// Of a frame with a document: version, type, number and length.
    static let frameBytes = 10
    let limits = ChunkLimits(
        bytesMax: 16 << 20,
        itemsMax: 2048,
        overheadPerItem: BeatsEncoder.frameBytes
    )
    private let document: DocumentWriter
    private let timestamp = Array("@timestamp".utf8)
    private let metadata: [UInt8]

    init(_ inject: InjectOptions, hostname: String) {
        document = DocumentWriter(inject, hostname: hostname, removing: ["@metadata"])
        metadata = Array(
            #"{"@metadata":{"beat":"pillion","type":"_doc","version":"8.0.0"}"#.utf8
        )
    }

    func key(of record: borrowing LogRecord, into key: inout [UInt8]) {}

    func encode(
        _ record: borrowing LogRecord,
        of stream: StreamIdentity,
        into bytes: inout [UInt8],
        reason: inout String
    ) -> Bool {
        bytes.append(contentsOf: metadata)
        let name = timestamp
        if record.index(of: name.span) == nil {
            JSONWriter.append(#","@timestamp":""#, &bytes)
            // Java's clock, which Logstash keeps time with, is read with milliseconds everywhere.
            LogTime.appendISO8601(record.time, digits: 3, &bytes)
            bytes.append(0x22)
        }
        var isFirst = false
        document.appendMembers(of: record, isFirst: &isFirst, &bytes)
        bytes.append(0x7d)
        return true
    }
}
