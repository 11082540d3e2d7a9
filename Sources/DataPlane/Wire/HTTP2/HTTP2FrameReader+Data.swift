extension HTTP2FrameReader {
    /// Begins a DATA frame (RFC 9113 section 6.1).
    ///
    /// - Returns: the offset after its header and the length of its padding, or nil where that length
    ///   is still to come.
    @inline(__always)
    mutating func beginData(
        _ header: Header,
        in bytes: Span<UInt8>,
        at offset: Int
    ) throws(HTTP2Violation) -> Int? {
        var start = offset &+ HTTP2.frameHeaderByteCount
        var data = header.length
        var padding = 0
        unreported = 0
        if header.flags.has(.padded) {
            guard header.length > 0 else { throw HTTP2Violation(.frameSize) }
            guard start < bytes.count else { return nil }
            padding = unsafe Int(bytes[unchecked: start])
            guard padding < header.length else { throw HTTP2Violation(.padding) }
            start &+= 1
            unreported = 1
            data &-= 1 &+ padding
        }
        dataStreamID = header.streamID
        dataRemaining = data
        paddingRemaining = padding
        dataEndsStream = header.flags.has(.endStream)
        dataIsEmpty = data == 0 && !dataEndsStream
        rest = .data
        return start
    }

    /// What is there of the DATA frame that has begun, its padding included.
    @inline(__always)
    mutating func dataPiece(in bytes: Span<UInt8>, from offset: Int) -> HTTP2FrameEvent {
        let available = bytes.count &- offset
        let data = min(available, dataRemaining)
        let padding = min(available &- data, paddingRemaining)
        dataRemaining &-= data
        paddingRemaining &-= padding
        let isEnd = dataRemaining == 0 && paddingRemaining == 0
        if !isEnd, data &+ padding == 0 { return .more(at: offset) }
        let piece = HTTP2DataPiece(
            streamID: dataStreamID,
            range: offset..<(offset &+ data),
            flowControlled: data &+ padding &+ unreported,
            endStream: isEnd && dataEndsStream,
            isEmptyFrame: isEnd && dataIsEmpty
        )
        unreported = 0
        if isEnd { rest = .none }
        return .data(piece, next: offset &+ data &+ padding)
    }
}
