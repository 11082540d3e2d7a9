internal import Model

/// Writes records as values of Loki's streams; a chunk holds records with the same labels.
///
/// Used by the engine's thread.
final class LokiEncoder: RecordEncoder {
    // Loki takes 4 MiB compressed or not, and lines of 256 KiB, unless it is told otherwise.
    let limits = ChunkLimits(bytesMax: 3 << 20, itemBytesMax: 3 << 20)
    private let labels: [(member: [UInt8], value: SinkTemplate)]
    private let metadata: [(member: [UInt8], value: SinkTemplate)]
    private let writer: RecordFormWriter
    private var scratch: [UInt8] = []
    private var line: [UInt8] = []

    init(_ options: LokiOptions, _ inject: InjectOptions, hostname: String) {
        var labels = options.labels
        // A stream without any label is refused.
        if labels.isEmpty { labels = [("job", RecordTemplate(literal: "pillion"))] }
        func ready(
            _ pairs: [(name: String, value: RecordTemplate)]
        ) -> [(member: [UInt8], value: SinkTemplate)] {
            pairs.map { pair in
                (
                    DocumentWriter.name(Self.label(pair.name)),
                    SinkTemplate(pair.value, hostname: hostname)
                )
            }
        }
        self.labels = ready(labels)
        metadata = ready(options.metadata)
        let document = DocumentWriter(inject, hostname: hostname, removing: options.removeKeys)
        writer = RecordFormWriter(options.form, document)
    }

    /// A name as Prometheus allows it: letters, digits and underscores.
    static func label(_ name: String) -> String {
        var text = String(
            name.unicodeScalars.map { scalar in
                let isPlain =
                    scalar.isASCII
                    && (scalar.properties.isAlphabetic || scalar == "_"
                        || ("0"..."9").contains(scalar))
                return isPlain ? Character(scalar) : "_"
            }
        )
        if let first = text.first, first.isNumber { text = "_" + text }
        return text.isEmpty ? "_" : text
    }

    func key(of record: borrowing LogRecord, into key: inout [UInt8]) {
        appendObject(labels, record, &key)
        // Each record has some label: a field that is missing everywhere must not lose it.
        if key.count == 2 { key = Array(#"{"job":"pillion"}"#.utf8) }
    }

    func encode(
        _ record: borrowing LogRecord,
        of stream: StreamIdentity,
        into bytes: inout [UInt8],
        reason: inout String
    ) -> Bool {
        bytes.append(0x5b)
        bytes.append(0x22)
        LogTime.appendNumber(Int(max(record.time, 0)), width: 1, &bytes)
        bytes.append(0x22)
        bytes.append(0x2c)
        line.removeAll(keepingCapacity: true)
        writer.append(record, &line)
        let text = line
        JSONWriter.appendString(text.span, &bytes)
        if !metadata.isEmpty {
            let start = bytes.count
            bytes.append(0x2c)
            appendObject(metadata, record, &bytes)
            // Without any value the object is left out.
            if bytes.count == start + 3 { bytes.removeLast(3) }
        }
        bytes.append(0x5d)
        return true
    }

    /// `{"name":"value"}`; a value that is empty is left out with its name.
    private func appendObject(
        _ pairs: [(member: [UInt8], value: SinkTemplate)],
        _ record: borrowing LogRecord,
        _ out: inout [UInt8]
    ) {
        out.append(0x7b)
        var isFirst = true
        for pair in pairs {
            scratch.removeAll(keepingCapacity: true)
            pair.value.append(record, &scratch)
            if scratch.isEmpty { continue }
            if !isFirst { out.append(0x2c) }
            isFirst = false
            out.append(contentsOf: pair.member)
            let value = scratch
            JSONWriter.appendString(value.span, &out)
        }
        out.append(0x7d)
    }
}
