import Telemetry
import Wire

/// What a peer does wrong with the state of a connection or a stream.
enum SessionFault {
    case flowControl, windowOverflow, streamClosed, idleStream, contentLengthMismatch
    case outboundFlood, outboundControlFlood, streamID, trailersWithoutEnd, slowHead
}

extension HTTP2Violation {
    init(_ fault: SessionFault, streamID: UInt32 = 0) {
        let (code, details, explanation): (HTTP2ErrorCode, StaticString, StaticString) =
            switch fault {
            case .flowControl:
                (
                    .flowControlError, "http2.flow_control_violation",
                    "The peer sent more than its window lets it."
                )
            case .windowOverflow:
                (
                    .flowControlError, "http2.window_overflow",
                    "WINDOW_UPDATE makes a window larger than 2^31-1."
                )
            case .streamClosed:
                (
                    .streamClosed, "http2.stream_closed",
                    "A frame came for a stream that is closed."
                )
            case .idleStream:
                (
                    .protocolError, "http2.idle_stream",
                    "A frame came for a stream that was never opened."
                )
            case .contentLengthMismatch:
                (
                    .protocolError, "http2.violation.of.messaging.rule",
                    "The body is not as long as content-length says."
                )
            case .outboundFlood:
                (
                    .enhanceYourCalm, "http2.outbound_frames_flood",
                    "The peer does not read, and more than max_outbound_frames wait for it."
                )
            case .outboundControlFlood:
                (
                    .enhanceYourCalm, "http2.outbound_control_flood",
                    "The peer asks for answers and does not read them."
                )
            case .streamID:
                (
                    .protocolError, "http2.stream_id",
                    "A stream was opened with a number that may not be."
                )
            case .trailersWithoutEnd:
                (
                    .protocolError, "http2.violation.of.messaging.rule",
                    "A second header block does not end the stream."
                )
            case .slowHead:
                (
                    .enhanceYourCalm, "http2.request_header_timeout",
                    "The preface or a header block was not complete after request_headers_timeout."
                )
            }
        self.init(code: code, streamID: streamID, details: details, explanation: explanation)
    }

    /// A header block went on for longer than any head that is allowed.
    var isContinuationFlood: Bool {
        self == HTTP2Violation(.tooManyContinuations)
            || self == HTTP2Violation(.headerBlockTooLarge)
    }
}

extension HTTP2Stats {
    /// Counts a flood that ends the connection, by its kind.
    func countFlood(_ what: HTTP2FloodCounters.Event) {
        switch what {
        case .reset: increment(.inboundResetFlood)
        case .streamError: increment(.inboundErrorFlood)
        case .ping: increment(.inboundPingFlood)
        case .settings: increment(.inboundSettingsFlood)
        case .priority: increment(.inboundPriorityFramesFlood)
        case .windowUpdate: increment(.inboundWindowUpdateFramesFlood)
        case .emptyFrame, .unknownFrame: increment(.inboundEmptyFramesFlood)
        }
    }
}
