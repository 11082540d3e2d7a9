/// The head of one value of MessagePack: its kind, and where its content lies.
///
/// Of arrays and maps the elements follow the head; everything else lies within `content`.
struct MessagePackHead {
    enum Kind: Equatable {
        case null
        case boolean(Bool)
        case unsigned(UInt64)
        case signed(Int64)
        case float(Double)
        case text
        case binary
        case array(Int)
        /// So many pairs.
        case map(Int)
        case `extension`(Int8)
    }

    var kind: Kind
    /// The bytes of a text, binary or extension; empty for others.
    var content: Range<Int>
    /// After the head, and after the content where there is one.
    var end: Int
}

/// Why bytes are no value of MessagePack.
enum MessagePackFault: Error, Equatable {
    /// The bytes end in the value.
    case short
    /// A byte that no value begins with.
    case unknown
    /// Deeper than any log record is.
    case deep
}

/// Reads MessagePack from untrusted bytes: nothing is allocated for what a length announces.
enum MessagePackReader {
    static let depthMax = 64

    /// The head of the value that begins at an index.
    static func head(
        _ bytes: Span<UInt8>,
        at index: Int
    ) throws(MessagePackFault) -> MessagePackHead {
        guard index < bytes.count else { throw .short }
        let first = bytes[index]
        let next = index + 1
        switch first {
        case 0x00...0x7f: return plain(.unsigned(UInt64(first)), next)
        case 0x80...0x8f: return plain(.map(Int(first & 15)), next)
        case 0x90...0x9f: return plain(.array(Int(first & 15)), next)
        case 0xa0...0xbf: return try content(.text, bytes, next, Int(first & 31))
        case 0xc0: return plain(.null, next)
        case 0xc2: return plain(.boolean(false), next)
        case 0xc3: return plain(.boolean(true), next)
        case 0xc4, 0xc5, 0xc6: return try sized(.binary, bytes, next, 1 << Int(first - 0xc4))
        case 0xc7, 0xc8, 0xc9:
            let width = 1 << Int(first - 0xc7)
            let count = Int(try number(bytes, next, width))
            return try `extension`(bytes, next + width, count)
        case 0xca:
            let bits = UInt32(truncatingIfNeeded: try number(bytes, next, 4))
            return plain(.float(Double(Float(bitPattern: bits))), next + 4)
        case 0xcb: return plain(.float(Double(bitPattern: try number(bytes, next, 8))), next + 8)
        case 0xcc, 0xcd, 0xce, 0xcf:
            let width = 1 << Int(first - 0xcc)
            return plain(.unsigned(try number(bytes, next, width)), next + width)
        case 0xd0, 0xd1, 0xd2, 0xd3:
            let width = 1 << Int(first - 0xd0)
            let unused = 64 - width * 8
            let value = Int64(bitPattern: try number(bytes, next, width) << UInt64(unused))
            return plain(.signed(value >> Int64(unused)), next + width)
        case 0xd4...0xd8: return try `extension`(bytes, next, 1 << Int(first - 0xd4))
        case 0xd9, 0xda, 0xdb: return try sized(.text, bytes, next, 1 << Int(first - 0xd9))
        case 0xdc: return plain(.array(Int(try number(bytes, next, 2))), next + 2)
        case 0xdd: return plain(.array(Int(try number(bytes, next, 4))), next + 4)
        case 0xde: return plain(.map(Int(try number(bytes, next, 2))), next + 2)
        case 0xdf: return plain(.map(Int(try number(bytes, next, 4))), next + 4)
        case 0xe0...0xff: return plain(.signed(Int64(Int8(bitPattern: first))), next)
        default: throw .unknown
        }
    }

    /// After the value that begins at an index, with all that is in it.
    ///
    /// No recursion: an array adds its elements to those that are still to come.
    static func skip(_ bytes: Span<UInt8>, at index: Int) throws(MessagePackFault) -> Int {
        var position = index
        var left = 1
        while left > 0 {
            let head = try head(bytes, at: position)
            left -= 1
            switch head.kind {
            case .array(let count): left += count
            case .map(let count): left += count * 2
            default: break
            }
            // Each value takes a byte at least.
            guard left <= bytes.count - head.end else { throw .short }
            position = head.end
        }
        return position
    }

    private static func plain(_ kind: MessagePackHead.Kind, _ end: Int) -> MessagePackHead {
        MessagePackHead(kind: kind, content: end..<end, end: end)
    }

    private static func content(
        _ kind: MessagePackHead.Kind,
        _ bytes: Span<UInt8>,
        _ start: Int,
        _ count: Int
    ) throws(MessagePackFault) -> MessagePackHead {
        guard count <= bytes.count - start else { throw .short }
        return MessagePackHead(kind: kind, content: start..<start + count, end: start + count)
    }

    private static func sized(
        _ kind: MessagePackHead.Kind,
        _ bytes: Span<UInt8>,
        _ start: Int,
        _ width: Int
    ) throws(MessagePackFault) -> MessagePackHead {
        let count = Int(try number(bytes, start, width))
        return try content(kind, bytes, start + width, count)
    }

    private static func `extension`(
        _ bytes: Span<UInt8>,
        _ start: Int,
        _ count: Int
    ) throws(MessagePackFault) -> MessagePackHead {
        guard start < bytes.count else { throw .short }
        return try content(.extension(Int8(bitPattern: bytes[start])), bytes, start + 1, count)
    }

    /// Big-endian, of 1 to 8 bytes.
    static func number(
        _ bytes: Span<UInt8>,
        _ start: Int,
        _ width: Int
    ) throws(MessagePackFault) -> UInt64 {
        guard start <= bytes.count, width <= bytes.count - start else { throw .short }
        var value: UInt64 = 0
        var index = start
        while index < start + width {
            value = value << 8 | UInt64(bytes[index])
            index += 1
        }
        return value
    }
}
