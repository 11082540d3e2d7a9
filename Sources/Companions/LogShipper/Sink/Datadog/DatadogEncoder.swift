internal import Model

/// Writes records for Datadog's intake.
///
/// Used by the engine's thread.
final class DatadogEncoder: RecordEncoder {
    let limits = ChunkLimits(
        bytesMax: 5_000_000 - 2,
        itemsMax: 1000,
        itemBytesMax: 1_000_000,
        overheadPerItem: 1
    )
    private let members: [(name: [UInt8], value: SinkTemplate)]
    private let document: DocumentWriter
    private let messageKey: [UInt8]
    private let removed: [UInt8]?
    private var scratch: [UInt8] = []

    private static let message = Array("message".utf8)
    private static let timestamp = Array("timestamp".utf8)

    init(_ options: DatadogOptions, _ inject: InjectOptions, hostname: String) {
        let all: [(String, RecordTemplate?)] = [
            ("ddsource", options.source), ("ddtags", options.tags),
            ("hostname", options.hostname ?? RecordTemplate(literal: hostname)),
            ("service", options.service),
        ]
        members = all.compactMap { name, template in
            template.map { (DocumentWriter.name(name), SinkTemplate($0, hostname: hostname)) }
        }
        document = DocumentWriter(
            inject,
            hostname: hostname,
            removing: all.filter { $0.1 != nil }.map(\.0)
        )
        messageKey = Array(options.messageKey.utf8)
        removed = options.messageKey == "message" ? nil : messageKey
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
        for member in members {
            scratch.removeAll(keepingCapacity: true)
            member.value.append(record, &scratch)
            if scratch.isEmpty { continue }
            if !isFirst { bytes.append(0x2c) }
            isFirst = false
            bytes.append(contentsOf: member.name)
            let value = scratch
            JSONWriter.appendString(value.span, &bytes)
        }
        if record.index(of: Self.timestamp.span) == nil {
            JSONWriter.append(isFirst ? #""timestamp":"# : #","timestamp":"#, &bytes)
            isFirst = false
            TimeValue.appendWhole(max(record.time, 0), perUnit: 1_000_000, &bytes)
        }
        var moved: [UInt8]?
        if let removed, record.index(of: Self.message.span) == nil {
            scratch.removeAll(keepingCapacity: true)
            if record.appendText(of: removed, &scratch) {
                JSONWriter.append(isFirst ? #""message":"# : #","message":"#, &bytes)
                isFirst = false
                let value = scratch
                JSONWriter.appendString(value.span, &bytes)
                moved = removed
            }
        }
        document.appendMembers(of: record, isFirst: &isFirst, &bytes, except: moved)
        bytes.append(0x7d)
        return true
    }
}
