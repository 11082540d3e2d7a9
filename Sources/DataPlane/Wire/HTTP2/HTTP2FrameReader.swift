/// Takes the bytes of a connection apart into frames as they arrive (RFC 9113 sections 4 to 6).
///
/// The caller feeds each span from an offset until it gets `.more`:
///
///     switch try reader.next(in: span, from: offset) {
///     case .more(let offset): keep the bytes from there, read more, and call again
///     case .data(let piece, let next): relay(piece.range); offset = next
///     ...
///     }
///
/// DATA is handed on as it comes; of any other frame the caller holds the bytes until it is whole,
/// which is at most `maxFrameSize` and 9 bytes. Header blocks over several frames are put together
/// here, within the limits given. All rules that a frame can break by itself are checked; what
/// depends on the state of a stream is not.
package struct HTTP2FrameReader: Sendable {
    /// The largest payload of a frame: our SETTINGS_MAX_FRAME_SIZE.
    package var maxFrameSize: Int
    /// The most bytes of a header block over several frames.
    package let headerBlockBytesMax: Int
    /// The most CONTINUATION frames of a header block.
    package let continuationsMax: Int

    /// What of a frame's payload is still to come without being held.
    enum Rest: UInt8 { case none, data, skipped }
    var rest = Rest.none
    private var expectsSettings: Bool

    /// The DATA frame being read: its stream, data and padding to come.
    var dataStreamID: UInt32 = 0
    var dataRemaining = 0
    var paddingRemaining = 0
    /// Bytes that were consumed and not yet reported: the length of the padding.
    var unreported = 0
    var dataEndsStream = false
    var dataIsEmpty = false
    /// Bytes of an ignored frame's payload to come.
    var skipRemaining = 0

    /// The header block being put together; its stream is 0 while there is none.
    var pending = HTTP2HeadersFrame(
        streamID: 0,
        endStream: false,
        block: .assembled,
        emptyFrames: 0,
        dependsOnItself: false
    )
    var continuations = 0
    var assembled: [UInt8] = []
    /// Whether the assembled block has been handed out, and is freed with the next call.
    var isAssembledDone = false

    /// - Parameters:
    ///   - maxFrameSize: our SETTINGS_MAX_FRAME_SIZE.
    ///   - headerBlockBytesMax: the most bytes of a header block, compressed; above it the
    ///     connection ends with ENHANCE_YOUR_CALM. Larger than the head's limit, so that a head that
    ///     is a little too large can be answered.
    ///   - continuationsMax: the most CONTINUATION frames of a header block.
    ///   - startsWithSettings: whether the first frame must be SETTINGS, as on any connection.
    package init(
        maxFrameSize: Int = 16_384,
        headerBlockBytesMax: Int = 131_072,
        continuationsMax: Int = 8,
        startsWithSettings: Bool = true
    ) {
        self.maxFrameSize = maxFrameSize
        self.headerBlockBytesMax = headerBlockBytesMax
        self.continuationsMax = continuationsMax
        expectsSettings = startsWithSettings
    }

    /// Whether bytes of an unfinished frame or header block have been consumed: the peer may not
    /// close here.
    package var isInsideFrame: Bool { rest != .none || pending.streamID != 0 }

    /// Whether a header block has begun that CONTINUATION must go on with.
    package var isInsideHeaderBlock: Bool { pending.streamID != 0 }

    /// The header of a frame.
    struct Header {
        var length: Int
        var type: UInt8
        var flags: HTTP2Flags
        var streamID: UInt32

        @inline(__always)
        init(_ bytes: Span<UInt8>, at offset: Int) {
            let first = bytes.bigEndian32(at: offset)
            length = Int(first &>> 8)
            type = UInt8(truncatingIfNeeded: first)
            flags = unsafe HTTP2Flags(rawValue: bytes[unchecked: offset &+ 4])
            // The first bit is reserved and ignored.
            streamID = bytes.bigEndian32(at: offset &+ 5) & 0x7fff_ffff
        }
    }

    /// The next event at or after `offset`.
    ///
    /// - Throws: a violation that ends the connection; the reader is not used again then.
    package mutating func next(
        in bytes: Span<UInt8>,
        from offset: Int
    ) throws(HTTP2Violation) -> HTTP2FrameEvent {
        precondition(offset >= 0 && offset <= bytes.count, "an offset outside the span")
        if isAssembledDone {
            assembled = []
            isAssembledDone = false
        }
        var position = offset
        while true {
            switch rest {
            case .data:
                return dataPiece(in: bytes, from: position)
            case .skipped:
                let step = min(skipRemaining, bytes.count &- position)
                position &+= step
                skipRemaining &-= step
                if skipRemaining > 0 { return .more(at: position) }
                rest = .none
            case .none:
                break
            }
            guard bytes.count &- position >= HTTP2.frameHeaderByteCount else {
                return .more(at: position)
            }
            let header = Header(bytes, at: position)
            try check(header)
            // A frame that is passed on in pieces, or skipped, is begun with its header.
            if header.type == HTTP2FrameType.data.rawValue {
                guard let start = try beginData(header, in: bytes, at: position) else {
                    return .more(at: position)
                }
                position = start
                continue
            }
            let start = position &+ HTTP2.frameHeaderByteCount
            guard let type = HTTP2FrameType(rawValue: header.type) else {
                rest = .skipped
                skipRemaining = header.length
                return .unknown(type: header.type, streamID: header.streamID, next: start)
            }
            guard bytes.count &- start >= header.length else { return .more(at: position) }
            let payload = start..<(start &+ header.length)
            expectsSettings = false
            if let event = try event(type, header, payload, in: bytes) { return event }
            position = payload.upperBound
        }
    }

    /// What can be told from the header alone, so that a wrong frame isn't waited for.
    @inline(__always)
    private func check(_ header: Header) throws(HTTP2Violation) {
        if header.length > maxFrameSize { throw HTTP2Violation(.frameTooLarge) }
        let type = HTTP2FrameType(rawValue: header.type)
        if expectsSettings {
            guard case .settings = type, !header.flags.has(.ack) else {
                throw HTTP2Violation(.settingsExpected)
            }
        }
        if pending.streamID != 0 {
            guard case .continuation = type else { throw HTTP2Violation(.continuationExpected) }
        }
        guard let type else { return }
        switch type {
        case .data, .headers, .priority, .reset, .continuation, .pushPromise:
            if header.streamID == 0 { throw HTTP2Violation(.streamIDZero) }
        case .settings, .ping, .goAway:
            if header.streamID != 0 { throw HTTP2Violation(.streamIDNotZero) }
        case .windowUpdate: break
        }
        let isRightSize =
            switch type {
            case .reset, .windowUpdate: header.length == 4
            case .ping: header.length == 8
            case .goAway: header.length >= 8
            // PRIORITY of another size ends its stream only (RFC 9113 section 6.3).
            case .data, .headers, .priority, .settings, .pushPromise, .continuation: true
            }
        if !isRightSize { throw HTTP2Violation(.frameSize) }
        if case .pushPromise = type { throw HTTP2Violation(.pushPromise) }
        if case .settings = type {
            if header.flags.has(.ack) {
                if header.length != 0 { throw HTTP2Violation(.settingsAckNotEmpty) }
            } else if header.length % 6 != 0 {
                throw HTTP2Violation(.settingsSize)
            }
        }
    }

    /// The event of a whole frame; nil where it is a part of a header block only.
    private mutating func event(
        _ type: HTTP2FrameType,
        _ header: Header,
        _ payload: Range<Int>,
        in bytes: Span<UInt8>
    ) throws(HTTP2Violation) -> HTTP2FrameEvent? {
        let next = payload.upperBound
        switch type {
        case .headers:
            return try headers(header, payload, in: bytes)
        case .continuation:
            return try continuation(header, payload, in: bytes)
        case .settings:
            return .settings(ack: header.flags.has(.ack), payload: payload, next: next)
        case .ping:
            let high = UInt64(bytes.bigEndian32(at: payload.lowerBound))
            let low = UInt64(bytes.bigEndian32(at: payload.lowerBound &+ 4))
            return .ping(ack: header.flags.has(.ack), opaque: high &<< 32 | low, next: next)
        case .goAway:
            return .goAway(
                lastStreamID: bytes.bigEndian32(at: payload.lowerBound) & 0x7fff_ffff,
                code: bytes.bigEndian32(at: payload.lowerBound &+ 4),
                debug: (payload.lowerBound &+ 8)..<next,
                next: next
            )
        case .windowUpdate:
            let increment = bytes.bigEndian32(at: payload.lowerBound) & 0x7fff_ffff
            if increment == 0 {
                let violation = HTTP2Violation(.zeroIncrement, streamID: header.streamID)
                if header.streamID == 0 { throw violation }
                return .streamViolation(violation, next: next)
            }
            return .windowUpdate(streamID: header.streamID, increment: increment, next: next)
        case .reset:
            let code = bytes.bigEndian32(at: payload.lowerBound)
            return .reset(streamID: header.streamID, code: code, next: next)
        case .priority:
            guard header.length == 5 else {
                let violation = HTTP2Violation(.frameSize, streamID: header.streamID)
                return .streamViolation(violation, next: next)
            }
            let dependency = bytes.bigEndian32(at: payload.lowerBound) & 0x7fff_ffff
            return .priority(
                streamID: header.streamID,
                dependsOnItself: dependency == header.streamID,
                next: next
            )
        case .data, .pushPromise:
            return nil
        }
    }
}
