/// What the reader found at an offset; ranges are offsets into the span that it was given.
///
/// `next` is where the caller goes on reading.
package enum HTTP2FrameEvent: Equatable, Sendable {
    /// Everything before the offset is consumed; the rest is given again when more has come.
    case more(at: Int)
    case data(HTTP2DataPiece, next: Int)
    /// A complete header block, whose bytes are where `HTTP2HeadersFrame.block` says.
    case headers(HTTP2HeadersFrame, next: Int)
    /// The payload of SETTINGS, for `HTTP2Settings.apply`; empty for an acknowledgement.
    case settings(ack: Bool, payload: Range<Int>, next: Int)
    case ping(ack: Bool, opaque: UInt64, next: Int)
    case goAway(lastStreamID: UInt32, code: UInt32, debug: Range<Int>, next: Int)
    /// An increment from 1 on; the stream is 0 for the connection.
    case windowUpdate(streamID: UInt32, increment: UInt32, next: Int)
    /// RST_STREAM.
    case reset(streamID: UInt32, code: UInt32, next: Int)
    /// PRIORITY, which RFC 9113 deprecates: to be counted and otherwise ignored.
    case priority(streamID: UInt32, dependsOnItself: Bool, next: Int)
    /// A frame of another type, to be counted and otherwise ignored; its payload is skipped.
    case unknown(type: UInt8, streamID: UInt32, next: Int)
    /// A frame that ends its stream and not the connection; it is consumed.
    case streamViolation(HTTP2Violation, next: Int)
}

/// A piece of a DATA frame, as it arrived.
package struct HTTP2DataPiece: Equatable, Sendable {
    package var streamID: UInt32
    /// The data; may be empty.
    package var range: Range<Int>
    /// Bytes that count for flow control: data, padding and the length of the padding.
    ///
    /// The sum over all pieces of a frame is the length of its payload.
    package var flowControlled: Int
    /// Whether the frame ends here and has END_STREAM.
    package var endStream: Bool
    /// Whether the frame ends here, has no data at all and no END_STREAM.
    package var isEmptyFrame: Bool
}

/// A complete header block: one HEADERS frame with the CONTINUATION frames that follow it.
package struct HTTP2HeadersFrame: Equatable, Sendable {
    /// Where the block stands.
    package enum Block: Equatable, Sendable {
        /// In the span that was given to `next(in:from:)`.
        case input(Range<Int>)
        /// In the reader, until the next call of `next(in:from:)`.
        case assembled
    }

    package var streamID: UInt32
    package var endStream: Bool
    package var block: Block
    /// Frames of the block without any payload, which only a flood needs.
    package var emptyFrames: Int
    /// Whether the deprecated priority names the stream itself (RFC 7540 section 5.3.1).
    package var dependsOnItself: Bool
}
