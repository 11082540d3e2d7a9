import Model
import Wire

/// A head as it was decoded, or what was wrong.
enum DecodedHead: Equatable {
    case refused(details: String, streamID: UInt32)
    case message(HTTP2HeadInfo, Understood, scheme: String, upgradeProtocol: String)

    var understood: Understood? {
        if case .message(_, let understood, _, _) = self { understood } else { nil }
    }
    var info: HTTP2HeadInfo? {
        if case .message(let info, _, _, _) = self { info } else { nil }
    }
    var details: String? {
        if case .refused(let details, _) = self { details } else { nil }
    }
}

extension HPACKDecoder {
    /// Decodes a block on stream 1.
    mutating func read(
        _ block: [UInt8],
        as kind: HTTP2HeadKind = .request,
        into head: Head = Head(),
        limits: HeadLimits = HeadLimits()
    ) -> DecodedHead {
        do throws(HTTP2Violation) {
            let info = try decode(block.span, into: head, as: kind, limits: limits, streamID: 1)
            return .message(
                info,
                Understood(head, framing: .none),
                scheme: Understood.text(head, head.scheme),
                upgradeProtocol: Understood.text(head, head.upgradeProtocol)
            )
        } catch {
            return .refused(details: "\(error.details)", streamID: error.streamID)
        }
    }
}

extension HPACKEncoder {
    /// The block of a head; checks the bound.
    mutating func block(_ head: Head, as kind: HTTP2HeadKind) -> [UInt8] {
        let bound = HPACKEncoder.byteCountMax(head)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bound, alignment: 1)
        defer { unsafe memory.deallocate() }
        let count =
            switch kind {
            case .request: unsafe encode(request: head, into: memory)
            case .response: unsafe encode(response: head, into: memory)
            case .trailers: unsafe encode(trailers: head, into: memory)
            }
        return unsafe [UInt8](memory.prefix(count))
    }
}

/// Puts header blocks together by hand.
enum Block {
    /// How a literal is to be treated by tables.
    enum Indexing: UInt8 { case without = 0x00, never = 0x10, incremental = 0x40 }

    static func literal(
        _ name: String,
        _ value: String,
        _ indexing: Indexing = .without
    ) -> [UInt8] {
        [indexing.rawValue] + string(Array(name.utf8)) + string(Array(value.utf8))
    }

    static func string(_ bytes: [UInt8]) -> [UInt8] { number(bytes.count, 7, 0) + bytes }

    static func number(_ number: Int, _ prefix: Int, _ pattern: UInt8) -> [UInt8] {
        let mask = (1 << prefix) - 1
        if number < mask { return [pattern | UInt8(number)] }
        var bytes = [pattern | UInt8(mask)]
        var rest = number - mask
        while rest >= 128 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    /// A block of literals.
    static func of(_ fields: [(String, String)]) -> [UInt8] {
        fields.flatMap { literal($0.0, $0.1) }
    }

    /// A GET of `/` with more fields.
    static func get(_ fields: [(String, String)]) -> [UInt8] {
        [0x82, 0x84, 0x86] + literal(":authority", "a.example") + of(fields)
    }
}

/// Bytes from hexadecimal digits; anything else is skipped.
func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map {
        UInt8(digits[$0] << 4 | digits[$0 + 1])
    }
}
