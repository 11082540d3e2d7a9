internal import Model

/// Writes records as lines for the files that their template names.
final class FileEncoder: RecordEncoder {
    let limits = ChunkLimits(overheadPerItem: 0)
    private let lines: LineEncoder
    private let path: SinkTemplate
    /// Parts between slashes that are nothing or `.` where records fill all that is theirs.
    private let voids: Int
    private var scratch: [UInt8] = []
    /// The last path that was looked at and is good.
    private var safe: [UInt8] = []

    init(_ options: FileOptions, _ document: DocumentWriter, hostname: String) {
        path = SinkTemplate(options.path, hostname: hostname)
        voids = Self.voids(Self.filled(options.path))
        lines = LineEncoder(options.form, document)
    }

    /// The template with a letter for each thing that comes from a record.
    private static func filled(_ template: RecordTemplate) -> [UInt8] {
        var text = ""
        for part in template.parts {
            switch part {
            case .literal(let literal), .time(let literal): text += literal
            default: text += "x"
            }
        }
        return Array(text.utf8)
    }

    func key(of record: borrowing LogRecord, into key: inout [UInt8]) {
        path.appendPath(record, &key)
    }

    func encode(
        _ record: borrowing LogRecord,
        of stream: StreamIdentity,
        into bytes: inout [UInt8],
        reason: inout String
    ) -> Bool {
        if !path.isConstant {
            scratch.removeAll(keepingCapacity: true)
            path.appendPath(record, &scratch)
            if scratch != safe {
                guard Self.isSafe(scratch, voids: voids) else {
                    reason =
                        "the path '\(String(decoding: scratch.prefix(200), as: UTF8.self))' that it "
                        + "makes is empty, too long, has a control character, or leads to another folder"
                    return false
                }
                safe = scratch
            }
        }
        return lines.encode(record, of: stream, into: &bytes, reason: &reason)
    }

    /// What a record says must not lead to another folder than the one that the template names, nor be
    /// what no file can be named: that would be tried for ever.
    private static func isSafe(_ path: [UInt8], voids: Int) -> Bool {
        // What is no UTF-8 becomes longer where it is replaced.
        let path = Array(String(decoding: path, as: UTF8.self).utf8)
        guard !path.isEmpty, path.last != 0x2f, path.count < 4096,
            path.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }), Self.voids(path) <= voids
        else { return false }
        return path.split(separator: 0x2f).allSatisfy { part in
            part.count <= 255 && !(part.count == 2 && part.allSatisfy { $0 == 0x2e })
        }
    }

    /// How many parts between slashes are nothing or `.`: one more than in the template, and a folder
    /// of it would be left out.
    private static func voids(_ path: [UInt8]) -> Int {
        path.split(separator: 0x2f, omittingEmptySubsequences: false).count { part in
            part.isEmpty || (part.count == 1 && part.first == 0x2e)
        }
    }
}
