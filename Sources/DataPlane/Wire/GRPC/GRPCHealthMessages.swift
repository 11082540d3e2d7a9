/// The two messages of `grpc.health.v1.Health/Check`, framed as they are sent.
package enum GRPCHealthMessages {
    /// Where the call goes.
    package static let path: StaticString = "/grpc.health.v1.Health/Check"
    /// The longest message that is read; a sound one has two bytes.
    package static let messageBytesMax = 4_096

    /// `HealthCheckResponse.ServingStatus`.
    package enum Status: Sendable, Equatable {
        case unknown
        case serving
        case notServing
        case serviceUnknown
        /// A number that the protocol does not define.
        case other(UInt64)
    }

    /// What is known of a response's body.
    package enum Response: Sendable, Equatable {
        case more
        case status(Status)
        /// Compressed, too long, followed by something, or no message.
        case malformed
    }

    /// `HealthCheckRequest` with the name of a service; empty asks for the server as a whole.
    package static func request(service: Span<UInt8>) -> [UInt8] {
        var message: [UInt8] = []
        if !service.isEmpty {
            message.append(0x0a)
            var length = UInt64(service.count)
            while length >= 0x80 {
                message.append(UInt8(truncatingIfNeeded: length) | 0x80)
                length >>= 7
            }
            message.append(UInt8(truncatingIfNeeded: length))
            for index in 0..<service.count { message.append(service[index]) }
        }
        let count = UInt32(clamping: message.count)
        var frame: [UInt8] = [0]
        for shift in [24, 16, 8, 0] as [UInt32] {
            frame.append(UInt8(truncatingIfNeeded: count >> shift))
        }
        return frame + message
    }

    /// Reads `HealthCheckResponse` from everything that the body had so far.
    package static func response(_ body: Span<UInt8>) -> Response {
        if body.count > 0, body[0] != 0 { return .malformed }
        if body.count < 5 { return .more }
        var count = 0
        for index in 1..<5 { count = count << 8 | Int(body[index]) }
        if count > messageBytesMax || body.count - 5 > count { return .malformed }
        if body.count - 5 < count { return .more }
        guard let status = status(body.extracting(5..<body.count)) else { return .malformed }
        switch status {
        case 0: return .status(.unknown)
        case 1: return .status(.serving)
        case 2: return .status(.notServing)
        case 3: return .status(.serviceUnknown)
        default: return .status(.other(status))
        }
    }

    /// The last value of field 1, others are skipped; nil where the message is malformed.
    private static func status(_ message: Span<UInt8>) -> UInt64? {
        var reader = ByteReader(message)
        var status: UInt64 = 0
        while !reader.isAtEnd {
            guard let tag = varint(&reader), tag >> 3 != 0, tag >> 3 < 1 << 29 else { return nil }
            switch tag & 7 {
            case 0:
                guard let value = varint(&reader) else { return nil }
                if tag >> 3 == 1 { status = value }
            case 1: if reader.take(8) == nil { return nil }
            case 2:
                guard let length = varint(&reader), length <= UInt64(reader.remaining),
                    reader.take(Int(length)) != nil
                else { return nil }
            case 5: if reader.take(4) == nil { return nil }
            // Groups are no part of this protocol.
            default: return nil
            }
        }
        return status
    }

    private static func varint(_ reader: inout ByteReader) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = reader.uint8() else { return nil }
            // The tenth byte has one bit left.
            if shift == 63, byte > 1 { return nil }
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }
}
