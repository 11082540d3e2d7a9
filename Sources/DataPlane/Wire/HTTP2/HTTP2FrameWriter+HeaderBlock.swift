extension HTTP2FrameWriter {
    /// The bytes that a header block takes with the headers of its frames.
    package static func headerBlockByteCount(block: Int, maxFrameSize: Int) -> Int {
        block + headerByteCount * (block / maxFrameSize + 1)
    }

    /// Puts a header block that stands in the memory, after room for one frame header, into HEADERS
    /// and as many CONTINUATION frames as needed.
    ///
    ///     let count = encoder.encode(response: head, into: buffer from 9 on)
    ///     let total = HTTP2FrameWriter.frameHeaderBlock(count, in: buffer, …)
    ///
    /// - Parameters:
    ///   - count: bytes of the block, which begins at offset 9.
    ///   - buffer: at least `headerBlockByteCount(block:maxFrameSize:)` bytes.
    ///   - maxFrameSize: the peer's SETTINGS_MAX_FRAME_SIZE.
    /// - Returns: the bytes of all frames.
    package static func frameHeaderBlock(
        _ count: Int,
        in buffer: UnsafeMutableRawBufferPointer,
        streamID: UInt32,
        endStream: Bool,
        maxFrameSize: Int
    ) -> Int {
        precondition(maxFrameSize > 0 && count >= 0, "no such frame size")
        let stream: HTTP2Flags = endStream ? .endStream : []
        if count <= maxFrameSize {
            unsafe writeHeader(
                length: count,
                type: .headers,
                flags: HTTP2Flags(rawValue: stream.rawValue | HTTP2Flags.endHeaders.rawValue),
                streamID: streamID,
                into: buffer
            )
            return headerByteCount + count
        }
        let frames = (count + maxFrameSize - 1) / maxFrameSize
        let total = count + frames * headerByteCount
        precondition(buffer.count >= total, "no room for a header block")
        // From the last fragment to the first, so that none is overwritten before it is moved.
        var frame = frames - 1
        while frame >= 0 {
            let length = min(maxFrameSize, count - frame * maxFrameSize)
            let from = headerByteCount + frame * maxFrameSize
            let start = frame * (maxFrameSize + headerByteCount)
            let place = unsafe UnsafeMutableRawBufferPointer(
                rebasing: buffer[start..<(start + headerByteCount + length)]
            )
            unsafe UnsafeMutableRawBufferPointer(rebasing: place[headerByteCount...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[from..<(from + length)]))
            unsafe writeHeader(
                length: length,
                type: frame == 0 ? .headers : .continuation,
                flags: frame == 0 ? stream : frame == frames - 1 ? .endHeaders : [],
                streamID: streamID,
                into: place
            )
            frame -= 1
        }
        return total
    }
}
