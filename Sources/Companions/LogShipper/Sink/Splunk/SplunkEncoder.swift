internal import Model

/// Writes records as events of Splunk's HTTP event collector.
///
/// Used by the engine's thread.
final class SplunkEncoder: RecordEncoder {
    // The collector takes 800 MB unless it is told otherwise, Splunk's cloud 1 MB.
    let limits = ChunkLimits(bytesMax: 1_000_000, itemBytesMax: 1_000_000, overheadPerItem: 0)
    private let members: [(name: [UInt8], value: SinkTemplate)]
    private let document: DocumentWriter
    private var scratch: [UInt8] = []

    init(_ options: SplunkOptions, _ inject: InjectOptions, hostname: String) {
        document = DocumentWriter(inject, hostname: hostname)
        let host = options.host ?? RecordTemplate(literal: hostname)
        members = [
            ("host", host), ("source", options.source), ("sourcetype", options.sourcetype),
            ("index", options.index),
        ].compactMap { name, template in
            template.map { (DocumentWriter.name(name), SinkTemplate($0, hostname: hostname)) }
        }
    }

    func key(of record: borrowing LogRecord, into key: inout [UInt8]) {}

    func encode(
        _ record: borrowing LogRecord,
        of stream: StreamIdentity,
        into bytes: inout [UInt8],
        reason: inout String
    ) -> Bool {
        guard !record.fields.isEmpty else {
            reason = "Splunk takes no event without a field"
            return false
        }
        JSONWriter.append(#"{"time":"#, &bytes)
        TimeValue.appendDecimal(record.time, digits: 9, &bytes)
        for member in members {
            scratch.removeAll(keepingCapacity: true)
            member.value.append(record, &scratch)
            if scratch.isEmpty { continue }
            bytes.append(0x2c)
            bytes.append(contentsOf: member.name)
            let value = scratch
            JSONWriter.appendString(value.span, &bytes)
        }
        JSONWriter.append(#","event":"#, &bytes)
        document.appendObject(record, &bytes)
        bytes.append(0x7d)
        bytes.append(0x0a)
        return true
    }
}
