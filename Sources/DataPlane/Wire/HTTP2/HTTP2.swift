/// Constants of HTTP/2 as a whole (RFC 9113).
package enum HTTP2 {
    /// What a client sends before its first frame (RFC 9113 section 3.4).
    package static let preface: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    /// The bytes of the preface.
    package static let prefaceByteCount = 24
    /// The bytes of the header that each frame begins with.
    package static let frameHeaderByteCount = 9
    /// The largest flow-control window, and the largest stream identifier.
    package static let windowMax: UInt32 = 0x7fff_ffff

    /// What the first bytes of a connection are.
    package enum PrefaceMatch: Equatable, Sendable {
        /// The whole preface stands there.
        case complete
        /// All bytes so far are those of the preface; more must come.
        case incomplete
        /// Something else.
        case different
    }

    /// Compares the first bytes of a connection with the preface.
    package static func matchPreface(_ bytes: Span<UInt8>) -> PrefaceMatch {
        let count = min(bytes.count, prefaceByteCount)
        let expected = unsafe Span(_unsafeStart: preface.utf8Start, count: prefaceByteCount)
        for index in 0..<count where bytes[index] != expected[index] { return .different }
        return count == prefaceByteCount ? .complete : .incomplete
    }
}

/// The types of frames (RFC 9113 section 6); others are ignored.
package enum HTTP2FrameType: UInt8, Sendable, CaseIterable {
    case data = 0
    case headers = 1
    case priority = 2
    case reset = 3
    case settings = 4
    case pushPromise = 5
    case ping = 6
    case goAway = 7
    case windowUpdate = 8
    case continuation = 9
}

/// The flags of a frame; their meaning depends on its type (RFC 9113 section 6).
package struct HTTP2Flags: OptionSet, Sendable {
    package let rawValue: UInt8
    @inlinable package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let endStream = HTTP2Flags(rawValue: 0x01)
    /// Of SETTINGS and PING.
    package static let ack = HTTP2Flags(rawValue: 0x01)
    package static let endHeaders = HTTP2Flags(rawValue: 0x04)
    package static let padded = HTTP2Flags(rawValue: 0x08)
    package static let priority = HTTP2Flags(rawValue: 0x20)

    /// Membership by bits: the generic operations of sets are slow across modules.
    @inline(__always)
    func has(_ flag: HTTP2Flags) -> Bool { rawValue & flag.rawValue != 0 }
}

/// Why a stream or a connection is ended (RFC 9113 section 7).
package enum HTTP2ErrorCode: UInt32, Sendable, CaseIterable {
    case noError = 0x0
    case protocolError = 0x1
    case internalError = 0x2
    case flowControlError = 0x3
    case settingsTimeout = 0x4
    case streamClosed = 0x5
    case frameSizeError = 0x6
    case refusedStream = 0x7
    case cancel = 0x8
    case compressionError = 0x9
    case connectError = 0xa
    case enhanceYourCalm = 0xb
    case inadequateSecurity = 0xc
    case http11Required = 0xd

    /// A code as received: unknown ones mean `internalError` (RFC 9113 section 7).
    package init(received code: UInt32) { self = HTTP2ErrorCode(rawValue: code) ?? .internalError }

    /// The name in the RFC, for logs and metrics.
    package var name: StaticString {
        switch self {
        case .noError: "NO_ERROR"
        case .protocolError: "PROTOCOL_ERROR"
        case .internalError: "INTERNAL_ERROR"
        case .flowControlError: "FLOW_CONTROL_ERROR"
        case .settingsTimeout: "SETTINGS_TIMEOUT"
        case .streamClosed: "STREAM_CLOSED"
        case .frameSizeError: "FRAME_SIZE_ERROR"
        case .refusedStream: "REFUSED_STREAM"
        case .cancel: "CANCEL"
        case .compressionError: "COMPRESSION_ERROR"
        case .connectError: "CONNECT_ERROR"
        case .enhanceYourCalm: "ENHANCE_YOUR_CALM"
        case .inadequateSecurity: "INADEQUATE_SECURITY"
        case .http11Required: "HTTP_1_1_REQUIRED"
        }
    }
}
