/// The rules of RFC 9113, RFC 7541 and RFC 8441 that the codec checks, and its limits.
package enum HTTP2Fault: UInt8, Error, Equatable, Sendable, CaseIterable {
    // Frames
    case invalidPreface, settingsExpected, frameTooLarge, frameSize, streamIDZero, streamIDNotZero
    case padding, zeroIncrement, continuationExpected, continuationUnexpected, pushPromise
    case settingsSize, settingsAckNotEmpty, invalidSetting, initialWindowTooLarge
    case headerBlockTooLarge, tooManyContinuations
    // Compression
    case hpackInteger, hpackIndex, hpackHuffman, hpackTruncated, hpackTableSize
    // Messages
    case headerListTooLarge, invalidHeaderName, invalidHeaderValue
    case pseudoAfterRegular, pseudoInTrailers, unknownPseudo, repeatedPseudo, missingPseudo
    case unexpectedPseudo, invalidMethod, invalidPath, invalidScheme, invalidAuthority
    case invalidProtocol, invalidStatus, multipleHosts, hostDiffers, connectionSpecific
    case invalidContentLength, differentContentLengths
    // Floods
    case resetFlood, streamErrorFlood, pingFlood, settingsFlood, priorityFlood
    case windowUpdateFlood, emptyFrameFlood, unknownFrameFlood

    /// The error code, the response code details and a sentence.
    var meaning: (code: HTTP2ErrorCode, details: StaticString, explanation: StaticString) {
        switch rawValue {
        case ...Self.tooManyContinuations.rawValue: frameMeaning
        case ...Self.hpackTableSize.rawValue: compressionMeaning
        case ...Self.differentContentLengths.rawValue:
            (
                // The message is no error of protocol when it is only too large.
                self == .headerListTooLarge ? .enhanceYourCalm : .protocolError,
                messageDetails, messageExplanation
            )
        default: floodMeaning
        }
    }

    private var frameMeaning: (HTTP2ErrorCode, StaticString, StaticString) {
        switch self {
        case .invalidPreface:
            (
                .protocolError, "http2.invalid_preface",
                "The connection does not begin with the HTTP/2 preface."
            )
        case .settingsExpected:
            (
                .protocolError, "http2.settings_expected",
                "The first frame of a connection must be SETTINGS."
            )
        case .frameTooLarge:
            (
                .frameSizeError, "http2.frame_too_large",
                "A frame is larger than SETTINGS_MAX_FRAME_SIZE."
            )
        case .streamIDZero:
            (
                .protocolError, "http2.stream_id_zero",
                "A frame that belongs to a stream has the stream identifier 0."
            )
        case .streamIDNotZero:
            (
                .protocolError, "http2.stream_id_not_zero",
                "A frame that belongs to the connection has a stream identifier."
            )
        case .padding:
            (
                .protocolError, "http2.invalid_padding",
                "The padding is longer than the frame."
            )
        case .zeroIncrement:
            (
                .protocolError, "http2.zero_window_increment",
                "WINDOW_UPDATE has an increment of 0."
            )
        case .continuationExpected:
            (
                .protocolError, "http2.continuation_expected",
                "A header block without its end must be followed by CONTINUATION."
            )
        case .continuationUnexpected:
            (
                .protocolError, "http2.unexpected_continuation",
                "CONTINUATION does not follow an unfinished header block of its stream."
            )
        case .pushPromise:
            (
                .protocolError, "http2.push_promise_not_allowed",
                "PUSH_PROMISE came although server push is disabled."
            )
        case .settingsSize:
            (
                .frameSizeError, "http2.settings_size_error",
                "The size of SETTINGS is not a multiple of 6."
            )
        case .settingsAckNotEmpty:
            (
                .frameSizeError, "http2.settings_ack_not_empty",
                "An acknowledgement of SETTINGS has a payload."
            )
        case .invalidSetting:
            (
                .protocolError, "http2.invalid_setting",
                "A setting has a value that RFC 9113 does not allow."
            )
        case .initialWindowTooLarge:
            (
                .flowControlError, "http2.initial_window_too_large",
                "SETTINGS_INITIAL_WINDOW_SIZE is above 2^31-1."
            )
        case .headerBlockTooLarge:
            (
                .enhanceYourCalm, "http2.header_block_too_large",
                "A header block is larger, compressed, than any allowed head could be."
            )
        case .tooManyContinuations:
            (
                .enhanceYourCalm, "http2.too_many_continuations",
                "A header block is spread over more CONTINUATION frames than needed."
            )
        default:
            (
                .frameSizeError, "http2.frame_size_error",
                "A frame does not have the size that its type demands."
            )
        }
    }

    private var compressionMeaning: (HTTP2ErrorCode, StaticString, StaticString) {
        let explanation: StaticString =
            switch self {
            case .hpackInteger: "A number in a header block is too large."
            case .hpackIndex: "A header block refers to an entry that is not in the table."
            case .hpackHuffman: "A Huffman-coded string has an invalid code or padding."
            case .hpackTableSize: "A table size update is misplaced or above the setting."
            default: "A header block ends inside a field."
            }
        return (.compressionError, "http2.compression_error", explanation)
    }

    private var floodMeaning: (HTTP2ErrorCode, StaticString, StaticString) {
        let (details, explanation): (StaticString, StaticString) =
            switch self {
            case .resetFlood:
                ("http2.inbound_reset_flood", "Too many streams were opened and reset.")
            case .streamErrorFlood:
                ("http2.stream_error_flood", "Too many streams had to be reset for errors.")
            case .pingFlood:
                ("http2.inbound_ping_flood", "There were too many PING frames.")
            case .settingsFlood:
                ("http2.inbound_settings_flood", "There were too many SETTINGS frames.")
            case .priorityFlood:
                (
                    "http2.inbound_priority_frames_flood",
                    "There were too many PRIORITY frames for the number of streams."
                )
            case .windowUpdateFlood:
                (
                    "http2.inbound_window_update_frames_flood",
                    "There were too many WINDOW_UPDATE frames for the data sent."
                )
            case .emptyFrameFlood:
                (
                    "http2.inbound_empty_frames_flood",
                    "There were too many frames in a row without payload."
                )
            default:
                ("http2.inbound_unknown_frames_flood", "There were too many unknown frames.")
            }
        return (.enhanceYourCalm, details, explanation)
    }
}
