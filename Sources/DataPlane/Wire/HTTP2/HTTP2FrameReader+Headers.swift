extension HTTP2FrameReader {
    /// The block that was reported as assembled; empty after the next call of `next(in:from:)`.
    package var assembledBlock: [UInt8] { assembled }

    /// Reads HEADERS (RFC 9113 section 6.2); nil where CONTINUATION must follow.
    mutating func headers(
        _ header: Header,
        _ payload: Range<Int>,
        in bytes: Span<UInt8>
    ) throws(HTTP2Violation) -> HTTP2FrameEvent? {
        var start = payload.lowerBound
        var end = payload.upperBound
        var dependsOnItself = false
        if header.flags.has(.padded) {
            guard start < end else { throw HTTP2Violation(.frameSize) }
            let padding = unsafe Int(bytes[unchecked: start])
            start &+= 1
            guard padding <= end &- start else { throw HTTP2Violation(.padding) }
            end &-= padding
        }
        if header.flags.has(.priority) {
            guard end &- start >= 5 else { throw HTTP2Violation(.frameSize) }
            dependsOnItself = bytes.bigEndian32(at: start) & 0x7fff_ffff == header.streamID
            start &+= 5
        }
        let endStream = header.flags.has(.endStream)
        var frame = HTTP2HeadersFrame(
            streamID: header.streamID,
            endStream: endStream,
            block: .input(start..<end),
            emptyFrames: start == end && !endStream ? 1 : 0,
            dependsOnItself: dependsOnItself
        )
        if header.flags.has(.endHeaders) { return .headers(frame, next: payload.upperBound) }
        frame.block = .assembled
        pending = frame
        continuations = 0
        try assemble(bytes.extracting(start..<end))
        return nil
    }

    /// Reads CONTINUATION (RFC 9113 section 6.10); nil where another must follow.
    mutating func continuation(
        _ header: Header,
        _ payload: Range<Int>,
        in bytes: Span<UInt8>
    ) throws(HTTP2Violation) -> HTTP2FrameEvent? {
        guard pending.streamID != 0, pending.streamID == header.streamID else {
            throw HTTP2Violation(.continuationUnexpected)
        }
        continuations += 1
        guard continuations <= continuationsMax else {
            throw HTTP2Violation(.tooManyContinuations)
        }
        if payload.isEmpty, !pending.endStream { pending.emptyFrames += 1 }
        try assemble(bytes.extracting(payload))
        guard header.flags.has(.endHeaders) else { return nil }
        let frame = pending
        pending.streamID = 0
        isAssembledDone = true
        return .headers(frame, next: payload.upperBound)
    }

    private mutating func assemble(_ fragment: Span<UInt8>) throws(HTTP2Violation) {
        guard fragment.count <= headerBlockBytesMax - assembled.count else {
            throw HTTP2Violation(.headerBlockTooLarge)
        }
        unsafe fragment.withUnsafeBufferPointer { unsafe assembled.append(contentsOf: unsafe $0) }
    }
}
