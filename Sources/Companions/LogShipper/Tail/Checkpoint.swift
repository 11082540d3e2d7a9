internal import CompanionKit
import Model

/// What is remembered of one file's content from one run to the next.
struct CheckpointEntry: Sendable, Equatable {
    var identity: StreamIdentity
    var node: FileNode
    /// Where it was seen last.
    var path: String
    var fingerprint: Fingerprint
    /// Everything before it is delivered to every sink.
    var offset: UInt64
    /// The bytes before ``offset``.
    var marker: Marker
    /// By the names of the sinks, where they are further.
    var sinkOffsets: [String: UInt64] = [:]
}

/// A checkpoint as it lies on disk: one line for each file, then a line with a checksum.
///
/// `pillion-checkpoint 1`, then lines of fields with tabs between, in which tab, line feed, backslash
/// and carriage return are escaped, then `crc32` and the checksum of all before as hexadecimal digits.
enum Checkpoint {
    static let bytesMax = 64 << 20
    private static let head = "pillion-checkpoint 1"

    /// Why a file is no checkpoint.
    struct Fault: Error, Equatable {
        var what: String
    }

    static func encode(_ entries: [CheckpointEntry]) -> [UInt8] {
        var out: [UInt8] = Array(head.utf8)
        out.append(0x0a)
        for entry in entries {
            append(entry.identity.description, &out)
            append("\(entry.node.device)", &out)
            append("\(entry.node.inode)", &out)
            append("\(entry.fingerprint.length)", &out)
            append("\(entry.fingerprint.sum)", &out)
            append("\(entry.offset)", &out)
            append("\(entry.marker.length)", &out)
            append("\(entry.marker.sum)", &out)
            append(entry.path, &out)
            for (name, offset) in entry.sinkOffsets.sorted(by: { $0.key < $1.key }) {
                append(name, &out)
                append("\(offset)", &out)
            }
            out[out.count - 1] = 0x0a
        }
        let sum = Checksum.crc32(out.span)
        out.append(contentsOf: "crc32 \(String(sum, radix: 16))\n".utf8)
        return out
    }

    private static func append(_ field: String, _ out: inout [UInt8]) {
        for byte in field.utf8 {
            switch byte {
            case 0x09: out.append(contentsOf: "\\t".utf8)
            case 0x0a: out.append(contentsOf: "\\n".utf8)
            case 0x0d: out.append(contentsOf: "\\r".utf8)
            case 0x5c: out.append(contentsOf: "\\\\".utf8)
            default: out.append(byte)
            }
        }
        out.append(0x09)
    }

    static func decode(_ bytes: [UInt8]) throws(Fault) -> [CheckpointEntry] {
        guard bytes.last == 0x0a,
            let start = bytes.dropLast().lastIndex(of: 0x0a).map({ $0 + 1 })
        else { throw Fault(what: "it has no last line") }
        let last = String(decoding: bytes[start..<bytes.count - 1], as: UTF8.self)
        guard last.hasPrefix("crc32 "), let sum = UInt32(last.dropFirst(6), radix: 16) else {
            throw Fault(what: "it has no checksum at its end")
        }
        guard Checksum.crc32(bytes.span.extracting(..<start)) == sum else {
            throw Fault(what: "its checksum is wrong")
        }
        let lines = bytes[..<start].split(separator: 0x0a)
        guard let first = lines.first, Array(first) == Array(head.utf8) else {
            throw Fault(what: "it is no checkpoint of this version")
        }
        var entries: [CheckpointEntry] = []
        for line in lines.dropFirst() {
            guard let entry = entry(line) else { throw Fault(what: "a line is not as it must be") }
            entries.append(entry)
        }
        return entries
    }

    private static func entry(_ line: ArraySlice<UInt8>) -> CheckpointEntry? {
        let fields = line.split(separator: 0x09, omittingEmptySubsequences: false).map(unescaped)
        guard fields.count >= 9, fields.count % 2 == 1,
            let identity = StreamIdentity(fields[0]), let device = UInt64(fields[1]),
            let inode = UInt64(fields[2]), let length = Int(fields[3]),
            let sum = UInt32(fields[4]), let offset = UInt64(fields[5]),
            let markerLength = Int(fields[6]), let markerSum = UInt32(fields[7]),
            (0...Fingerprint.bytesMax).contains(length),
            (0...Marker.bytesMax).contains(markerLength), offset <= UInt64(Int64.max)
        else { return nil }
        var entry = CheckpointEntry(
            identity: identity,
            node: FileNode(device: device, inode: inode),
            path: fields[8],
            fingerprint: Fingerprint(length: length, sum: sum),
            offset: offset,
            marker: Marker(length: markerLength, sum: markerSum)
        )
        var index = 9
        while index + 1 < fields.count {
            guard let offset = UInt64(fields[index + 1]), offset <= UInt64(Int64.max) else {
                return nil
            }
            entry.sinkOffsets[fields[index]] = offset
            index += 2
        }
        return entry
    }

    private static func unescaped(_ field: ArraySlice<UInt8>) -> String {
        var out: [UInt8] = []
        var isEscaped = false
        for byte in field {
            if isEscaped {
                switch byte {
                case UInt8(ascii: "t"): out.append(0x09)
                case UInt8(ascii: "n"): out.append(0x0a)
                case UInt8(ascii: "r"): out.append(0x0d)
                default: out.append(byte)
                }
                isEscaped = false
            } else if byte == 0x5c {
                isEscaped = true
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
