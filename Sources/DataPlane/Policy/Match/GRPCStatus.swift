package import Model

/// What a local reply says to a gRPC client, which reads `grpc-status` and not the status of HTTP.
package enum GRPCStatus {
    package static let deadlineExceeded: UInt64 = 4

    /// The status for one of HTTP, as gRPC's `http-grpc-status-mapping` has it for proxies.
    package static func code(forHTTP status: UInt16) -> UInt64 {
        switch status {
        case 400: 13  // INTERNAL
        case 401: 16  // UNAUTHENTICATED
        case 403: 7  // PERMISSION_DENIED
        case 404: 12  // UNIMPLEMENTED
        case 429, 502, 503, 504: 14  // UNAVAILABLE
        default: 2  // UNKNOWN
        }
    }

    /// Appends a text as `grpc-message` has it: what is no printable ASCII, `%` and `~` are written
    /// as `%NN`.
    package static func appendMessage(_ text: Span<UInt8>, to head: Head) -> Head.Slice {
        let start = head.byteCount
        for index in 0..<text.count {
            let byte = text[index]
            if byte >= 0x20, byte < 0x7e, byte != 0x25 {
                head.append(byte: byte)
            } else {
                head.append(byte: 0x25)
                head.append(byte: hexDigit(byte >> 4))
                head.append(byte: hexDigit(byte & 15))
            }
        }
        return Head.Slice(start, head.byteCount)
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 + value : 0x37 + value
    }
}
