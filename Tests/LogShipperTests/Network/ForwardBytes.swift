import Model

@testable import LogShipper

/// Writes MessagePack for tests, in the forms that clients use.
enum ForwardBytes {
    indirect enum Value {
        case null
        case bool(Bool)
        case integer(Int)
        case float(Double)
        case text(String)
        case binary([UInt8])
        case array([Value])
        case map([(Value, Value)])
        case raw([UInt8])
    }

    static func pack(_ value: Value) -> [UInt8] {
        switch value {
        case .null: [0xc0]
        case .bool(let value): [value ? 0xc3 : 0xc2]
        case .integer(let value): [0xd3] + big(UInt64(bitPattern: Int64(value)), 8)
        case .float(let value): [0xcb] + big(value.bitPattern, 8)
        case .text(let text): [0xdb] + big(UInt64(text.utf8.count), 4) + Array(text.utf8)
        case .binary(let bytes): [0xc6] + big(UInt64(bytes.count), 4) + bytes
        case .array(let values): [0xdd] + big(UInt64(values.count), 4) + values.flatMap(pack)
        case .map(let pairs):
            [0xdf] + big(UInt64(pairs.count), 4) + pairs.flatMap { pack($0.0) + pack($0.1) }
        case .raw(let bytes): bytes
        }
    }

    static func big(_ value: UInt64, _ width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (width - 1 - $0))) }
    }

    static func time(_ seconds: UInt32, _ nanoseconds: UInt32) -> Value {
        .raw([0xd7, 0x00] + big(UInt64(seconds), 4) + big(UInt64(nanoseconds), 4))
    }

    /// The records of a message as `time tag {…}`, or the words of what is wrong with it.
    static func records(_ bytes: [UInt8], bytesMax: Int = 1 << 20) -> [String] {
        var found: [String] = []
        let input = bytes
        let message: ReceivedMessage?
        do throws(ReceivedMessage.Fault) {
            message = try ReceivedMessage.read(input.span, bytesMax: bytesMax)
        } catch {
            return ["\(error)"]
        }
        guard let message else { return ["heartbeat"] }
        var entries = ReceivedEntries(message)
        var reader = MessagePackRecord()
        var record = LogRecord()
        while true {
            record.removeAll()
            switch entries.next(into: &record, reader: &reader, now: 7) {
            case .record:
                let object = String(decoding: JSONWriter.object(record), as: UTF8.self)
                found.append(
                    "\(record.time) \(String(decoding: message.tag.bytes, as: UTF8.self)) \(object)"
                )
            case .skipped(let why): found.append("skipped: \(why)")
            case .mark: found.append("mark")
            case .broken: found.append("broken")
            case .end: return found
            }
        }
    }
}
