import Model
import Telemetry
import Wire

/// What goes out: windows, turns, and frames.
extension HTTP2Session {
    /// Resets that are remembered one by one.
    private static let recentResetCount = 128

    // MARK: - Windows

    /// Lets the peer send again what was taken, in steps of half a window.
    func refill(_ stream: HTTP2Stream, wasPaused: Bool) {
        guard !stream.isReceivingPaused, !stream.hasReceivedEnd, !stream.isReset, stream.id != 0
        else { return }
        let grows = !wasPaused && options.growsStreamWindow
        if let increment = stream.receiveWindow.refill(grows: grows) {
            writeWindowUpdate(stream.id, increment)
        }
    }

    func refillConnection() {
        guard unacknowledged * 2 >= Int(options.connectionWindowBytes), !hasFailed else { return }
        receiveWindow += unacknowledged
        writeWindowUpdate(0, unacknowledged)
        unacknowledged = 0
    }

    func queue(_ stream: HTTP2Stream) {
        guard !stream.isQueued else { return }
        stream.isQueued = true
        queued.append(stream)
    }

    /// The peer has taken all that was in the socket's queue.
    func drained() {
        outbound = OutboundFrames()
        pump()
    }

    /// Sends what waits, one frame of each stream in turn, as far as windows and socket let it.
    func pump() {
        guard !isPumping, !queued.isEmpty else { return }
        isPumping = true
        defer { isPumping = false }
        var idleTurns = 0
        while !queued.isEmpty, sendWindow > 0 || hasEndsOnly, !isCongested, socket.isOpen,
            idleTurns < queued.count
        {
            let stream = queued.removeFirst()
            stream.isQueued = false
            let before = stream.pending.count
            if stream.pump() {
                idleTurns = 0
                queue(stream)
            } else if !stream.pending.isEmpty, !stream.isReset {
                idleTurns = stream.pending.count == before ? idleTurns + 1 : 0
                queue(stream)
            } else {
                idleTurns = 0
            }
        }
    }

    /// Something waits that needs no window of the connection.
    private var hasEndsOnly: Bool { queued.contains { $0.pending.isEmpty } }

    // MARK: - Writing

    func writeData(_ stream: HTTP2Stream, _ bytes: Span<UInt8>, endStream: Bool) {
        unsafe socket.write(upTo: HTTP2FrameWriter.headerByteCount) {
            unsafe HTTP2FrameWriter.writeHeader(
                length: bytes.count,
                type: .data,
                flags: endStream ? .endStream : [],
                streamID: stream.id,
                into: $0
            )
        }
        socket.write(bytes)
        wrote(HTTP2FrameWriter.headerByteCount + bytes.count)
        sendWindow -= bytes.count
        floods.dataFrameSent()
    }

    func writeTrailers(_ stream: HTTP2Stream, _ trailers: Head) {
        unsafe writeBlock(stream.id, endStream: true, HPACKEncoder.byteCountMax(trailers)) {
            unsafe encoder.encode(trailers: trailers, into: $0)
        }
    }

    /// Writes HEADERS around a block that the closure encodes.
    func writeBlock(
        _ id: UInt32,
        endStream: Bool,
        _ sizeMax: Int,
        _ encode: (UnsafeMutableRawBufferPointer) -> Int
    ) {
        floods.headersSent()
        let frameMax = frameBytesMax
        let room = HTTP2FrameWriter.headerBlockByteCount(block: sizeMax, maxFrameSize: frameMax)
        unsafe write(upTo: room) { buffer in
            let start = HTTP2FrameWriter.headerByteCount
            let count = unsafe encode(UnsafeMutableRawBufferPointer(rebasing: buffer[start...]))
            return unsafe HTTP2FrameWriter.frameHeaderBlock(
                count,
                in: buffer,
                streamID: id,
                endStream: endStream,
                maxFrameSize: frameMax
            )
        }
    }

    /// Writes a frame, and counts it among those that wait.
    func write(
        upTo count: Int,
        isControl: Bool = false,
        _ fill: (UnsafeMutableRawBufferPointer) -> Int
    ) {
        var size = 0
        unsafe socket.write(upTo: count) { buffer in
            size = unsafe fill(buffer)
            return size
        }
        wrote(size, isControl: isControl)
    }

    private func wrote(_ bytes: Int, isControl: Bool = false) {
        outbound.wrote(bytes, isControl: isControl, waiting: socket.output.count)
    }

    func writeReset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        writeReset(id: stream.id, code)
    }

    func writeReset(id: UInt32, _ code: HTTP2ErrorCode) {
        guard id != 0, !hasFailed else { return }
        stats.increment(.txReset)
        if recentResets.count < Self.recentResetCount {
            recentResets.append(id)
        } else {
            forgottenResetMax = max(forgottenResetMax, recentResets[recentResetPosition])
            recentResets[recentResetPosition] = id
            recentResetPosition = (recentResetPosition + 1) % Self.recentResetCount
        }
        unsafe write(upTo: HTTP2FrameWriter.resetByteCount, isControl: true) {
            unsafe HTTP2FrameWriter.writeReset(streamID: id, code: code, into: $0)
        }
    }

    func writeWindowUpdate(_ id: UInt32, _ increment: Int) {
        unsafe write(upTo: HTTP2FrameWriter.windowUpdateByteCount) {
            unsafe HTTP2FrameWriter.writeWindowUpdate(
                streamID: id,
                increment: UInt32(clamping: increment),
                into: $0
            )
        }
    }

    func writeGoAway(_ last: UInt32, _ code: HTTP2ErrorCode, debug: StaticString = "") {
        stats.increment(.goawaySent)
        announcedLastStreamID = min(last, announcedLastStreamID)
        let announced = announcedLastStreamID
        unsafe write(upTo: HTTP2FrameWriter.goAwayByteCount(debug: debug)) {
            unsafe HTTP2FrameWriter.writeGoAway(
                lastStreamID: announced,
                code: code,
                debug: debug,
                into: $0
            )
        }
    }

    func writePing(_ opaque: UInt64) {
        unsafe write(upTo: HTTP2FrameWriter.pingByteCount) {
            unsafe HTTP2FrameWriter.writePing(opaque: opaque, ack: false, into: $0)
        }
    }
}
