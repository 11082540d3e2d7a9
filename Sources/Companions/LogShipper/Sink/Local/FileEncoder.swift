internal import Model

/// Writes records as lines for the files that their template names.
final class FileEncoder: RecordEncoder {
    let limits = ChunkLimits(overheadPerItem: 0)
    private let lines: LineEncoder
    private let path: SinkTemplate
    private var scratch: [UInt8] = []

    init(_ options: FileOptions, _ document: DocumentWriter, hostname: String) {
        path = SinkTemplate(options.path, hostname: hostname)
        lines = LineEncoder(options.form, document)
    }

    func key(of record: borrowing LogRecord, into key: inout [UInt8]) {
        path.append(record, &key)
    }

    func encode(
        _ record: borrowing LogRecord,
        of stream: StreamIdentity,
        into bytes: inout [UInt8],
        reason: inout String
    ) -> Bool {
        if !path.isConstant {
            scratch.removeAll(keepingCapacity: true)
            path.append(record, &scratch)
            guard Self.isSafe(scratch) else {
                reason =
                    "the path '\(String(decoding: scratch.prefix(200), as: UTF8.self))' that it makes "
                    + "is empty, has a control character, or leads upwards"
                return false
            }
        }
        return lines.encode(record, of: stream, into: &bytes, reason: &reason)
    }

    /// What a record says must not lead out of the folder that the template names.
    static func isSafe(_ path: [UInt8]) -> Bool {
        guard !path.isEmpty, path.last != 0x2f, path.count < 4096,
            path.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
        else { return false }
        return path.split(separator: 0x2f).allSatisfy { part in
            part.count <= 255 && !(part.count == 2 && part.allSatisfy { $0 == 0x2e })
        }
    }
}
