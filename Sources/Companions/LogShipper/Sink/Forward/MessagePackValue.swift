/// A MessagePack value that a server answers with.
///
/// Reading stays within bounds for whatever the peer sends: depth and number of values are limited, and
/// lengths are compared with what is there.
enum MessagePackValue: Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case double(Double)
    /// A text or bytes: servers of this protocol mix them.
    case bytes([UInt8])
    case array([MessagePackValue])
    case map([(key: MessagePackValue, value: MessagePackValue)])
    /// An extension, or a number that does not fit.
    case other

    /// Why there is no value.
    enum Fault: Error, Equatable {
        /// The rest may still come.
        case incomplete
        case malformed
    }

    static let depthMax = 8
    static let countMax = 1024

    static func == (left: MessagePackValue, right: MessagePackValue) -> Bool {
        switch (left, right) {
        case (.null, .null), (.other, .other): true
        case (.bool(let one), .bool(let two)): one == two
        case (.integer(let one), .integer(let two)): one == two
        case (.double(let one), .double(let two)): one == two
        case (.bytes(let one), .bytes(let two)): one == two
        case (.array(let one), .array(let two)): one == two
        case (.map(let one), .map(let two)):
            one.elementsEqual(two) { $0.key == $1.key && $0.value == $1.value }
        default: false
        }
    }

    /// Reads one value that begins at `index`, which is moved behind it.
    static func read(_ bytes: [UInt8], _ index: inout Int) throws(Fault) -> MessagePackValue {
        var reader = Reader(bytes: bytes, index: index)
        let value = try reader.value(depth: 0)
        index = reader.index
        return value
    }

    /// The value under a text; nil where there is none, or where this is no map.
    subscript(_ name: String) -> MessagePackValue? {
        guard case .map(let members) = self else { return nil }
        return members.first { $0.key == .bytes(Array(name.utf8)) }?.value
    }

    var bytes: [UInt8]? {
        if case .bytes(let bytes) = self { return bytes }
        return nil
    }

    var text: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

    private struct Reader {
        let bytes: [UInt8]
        var index: Int
        var count = 0

        mutating func value(depth: Int) throws(Fault) -> MessagePackValue {
            count += 1
            guard depth <= MessagePackValue.depthMax, count <= MessagePackValue.countMax else {
                throw .malformed
            }
            let type = try UInt8(truncatingIfNeeded: number(1))
            switch type {
            case 0x00...0x7f: return .integer(Int64(type))
            case 0x80...0x8f: return try map(UInt64(type & 15), depth)
            case 0x90...0x9f: return try array(UInt64(type & 15), depth)
            case 0xa0...0xbf: return try .bytes(part(UInt64(type & 31)))
            case 0xc0: return .null
            case 0xc1: throw .malformed
            case 0xc2, 0xc3: return .bool(type == 0xc3)
            case 0xc4, 0xd9: return try .bytes(part(number(1)))
            case 0xc5, 0xda: return try .bytes(part(number(2)))
            case 0xc6, 0xdb: return try .bytes(part(number(4)))
            case 0xc7: return try other(number(1))
            case 0xc8: return try other(number(2))
            case 0xc9: return try other(number(4))
            case 0xca: return try .double(Double(Float(bitPattern: UInt32(number(4)))))
            case 0xcb: return try .double(Double(bitPattern: number(8)))
            case 0xcc: return try .integer(Int64(number(1)))
            case 0xcd: return try .integer(Int64(number(2)))
            case 0xce: return try .integer(Int64(number(4)))
            case 0xcf: return try Int64(exactly: number(8)).map { .integer($0) } ?? .other
            case 0xd0: return try .integer(Int64(Int8(truncatingIfNeeded: number(1))))
            case 0xd1: return try .integer(Int64(Int16(truncatingIfNeeded: number(2))))
            case 0xd2: return try .integer(Int64(Int32(truncatingIfNeeded: number(4))))
            case 0xd3: return try .integer(Int64(bitPattern: number(8)))
            case 0xd4...0xd8: return try other(1 << UInt64(type - 0xd4))
            case 0xdc: return try array(number(2), depth)
            case 0xdd: return try array(number(4), depth)
            case 0xde: return try map(number(2), depth)
            case 0xdf: return try map(number(4), depth)
            default: return .integer(Int64(Int8(bitPattern: type)))
            }
        }

        /// A number of so many bytes, big-endian; it fits for up to eight.
        private mutating func number(_ size: Int) throws(Fault) -> UInt64 {
            guard bytes.count - index >= size else { throw .incomplete }
            var value: UInt64 = 0
            for byte in bytes[index..<index + size] { value = value << 8 | UInt64(byte) }
            index += size
            return value
        }

        private mutating func part(_ size: UInt64) throws(Fault) -> [UInt8] {
            guard UInt64(bytes.count - index) >= size else { throw .incomplete }
            let end = index + Int(size)
            defer { index = end }
            return Array(bytes[index..<end])
        }

        /// An extension: its type and its bytes.
        private mutating func other(_ size: UInt64) throws(Fault) -> MessagePackValue {
            _ = try part(size + 1)
            return .other
        }

        private mutating func array(
            _ size: UInt64,
            _ depth: Int
        ) throws(Fault) -> MessagePackValue {
            guard size <= MessagePackValue.countMax else { throw .malformed }
            var values: [MessagePackValue] = []
            for _ in 0..<size { values.append(try value(depth: depth + 1)) }
            return .array(values)
        }

        private mutating func map(_ size: UInt64, _ depth: Int) throws(Fault) -> MessagePackValue {
            guard size <= MessagePackValue.countMax else { throw .malformed }
            var members: [(key: MessagePackValue, value: MessagePackValue)] = []
            for _ in 0..<size {
                let key = try value(depth: depth + 1)
                members.append((key, try value(depth: depth + 1)))
            }
            return .map(members)
        }
    }
}
