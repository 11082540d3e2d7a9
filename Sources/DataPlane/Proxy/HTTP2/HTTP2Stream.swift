import Model
import Telemetry
import Wire

/// One stream of an HTTP/2 connection, of either side: its windows, what waits to be sent, and how
/// much of it is over (RFC 9113 sections 5 and 6.9).
///
/// On the connection's loop. Subclasses pass on what comes.
class HTTP2Stream {
    unowned let session: HTTP2Session
    final var id: UInt32 = 0
    /// Bytes that the peer lets us send.
    final var sendWindow = 0
    /// Bytes that the peer may send.
    final var receiveWindow = ReceiveWindow()
    /// Nobody takes what comes: the window is not filled up.
    final var isReceivingPaused = false
    /// Bytes of the body to come, where the head says how many there are.
    final var receiveRemaining: UInt64?
    /// The peer has ended its side.
    final var hasReceivedEnd = false
    /// This side has been ended, or will be when what waits has been sent.
    final var hasSentEnd = false
    final var isReset = false
    /// On the loop's clock.
    final var openedAt: Int64 = 0
    /// The head of the response proper has been sent.
    final var hasSentHead = false
    /// When the last bytes of what waits went out.
    final var lastSentAt: Int64 = 0
    /// Bytes of the body to be sent, where no trailers can follow: the last of them ends the stream.
    final var sendRemaining: UInt64?
    /// What the windows, or a slow peer, do not let through.
    final var pending = ByteQueue()
    private final var endsAfterPending = false
    private final var trailersAfterPending: Head?
    /// The rest of what the peer sends is not wanted: the end of this side resets the stream.
    final var resetsAfterEnd = false
    /// Among the session's streams with something to send.
    final var isQueued = false

    init(session: HTTP2Session) { self.session = session }

    // MARK: - For subclasses

    func receivedHead(_ info: HTTP2HeadInfo, endStream: Bool) {}
    func receivedData(_ bytes: Span<UInt8>) {}
    /// The peer has ended its side; trailers, if any, have been decoded.
    func receivedEnd(hasTrailers: Bool) {}
    func receivedReset(_ code: HTTP2ErrorCode) {}
    /// This stream broke a rule and has been reset.
    func violated(_ violation: HTTP2Violation) {}
    /// The connection is gone.
    func connectionLost(_ reason: HTTP2ConnectionLoss) {}
    /// Everything that waited has been sent.
    func drained() {}
    /// Both sides have ended: the stream is not known to the session any more.
    func closed() {}

    // MARK: - Life

    final func open(_ id: UInt32) {
        self.id = id
        openedAt = session.socket.loop.nowMilliseconds
        sendWindow = Int(session.remote.initialWindowSize)
        receiveWindow = ReceiveWindow(session.initialStreamWindow)
    }

    /// Back to how it was made, for the next use.
    func recycle() {
        id = 0
        isReceivingPaused = false
        receiveRemaining = nil
        hasReceivedEnd = false
        hasSentEnd = false
        isReset = false
        hasSentHead = false
        sendRemaining = nil
        pending.removeAll()
        endsAfterPending = false
        trailersAfterPending = nil
        isQueued = false
        resetsAfterEnd = false
    }

    final var isClosed: Bool { isReset || hasReceivedEnd && hasSentEnd && !isWaitingToSend }
    final var isWaitingToSend: Bool { !pending.isEmpty || endsAfterPending }

    // MARK: - Sending

    /// What was written has not all gone out.
    final var hasBacklog: Bool { !pending.isEmpty }

    /// Sends a piece of the body, or keeps it until it may go.
    final func send(_ bytes: Span<UInt8>) {
        guard !isReset, !hasSentEnd, !bytes.isEmpty else { return }
        if !pending.isEmpty || session.isCongested {
            pending.append(bytes)
            session.queue(self)
            return
        }
        let sent = sendNow(bytes)
        if sent < bytes.count, !isReset {
            pending.append(bytes.extracting(sent...))
            session.queue(self)
        }
    }

    /// As much as the windows let through; returns how much that was.
    private final func sendNow(_ bytes: Span<UInt8>) -> Int {
        var offset = 0
        while offset < bytes.count {
            let room = min(sendWindow, session.sendWindow, session.frameBytesMax)
            if room <= 0 { break }
            let count = min(room, bytes.count - offset)
            var ends = false
            if let left = sendRemaining {
                let rest = left > UInt64(count) ? left - UInt64(count) : 0
                sendRemaining = rest
                ends = rest == 0
            }
            session.writeData(self, bytes.extracting(offset..<offset + count), endStream: ends)
            sendWindow -= count
            offset += count
            if ends {
                endedSending()
                return bytes.count
            }
        }
        return offset
    }

    /// Ends this side, after what waits.
    final func sendEnd(trailers: Head?) {
        guard !isReset, !hasSentEnd else { return }
        if !pending.isEmpty {
            endsAfterPending = true
            if let trailers {
                // The head is the exchange's, which will not wait.
                let kept = Head(byteCapacity: 256, fieldCapacity: 8)
                kept.copy(from: trailers)
                trailersAfterPending = kept
            }
            hasSentEnd = true
            session.queue(self)
            return
        }
        writeEnd(trailers)
    }

    private final func writeEnd(_ trailers: Head?) {
        if let trailers, trailers.fieldCount > 0 {
            session.writeTrailers(self, trailers)
        } else {
            session.writeData(self, Span<UInt8>(), endStream: true)
        }
        endedSending()
    }

    final func endedSending() {
        hasSentEnd = true
        endsAfterPending = false
        if isClosed {
            session.close(self)
        } else if resetsAfterEnd {
            reset(.noError)
        }
    }

    /// Sends one share of what waits; true where more is left and may go.
    final func pump() -> Bool {
        guard !isReset else { return false }
        if !pending.isEmpty {
            let count = min(pending.count, session.frameBytesMax)
            let sent = sendWaiting(count)
            if sent == 0 { return false }
            if isReset || pending.isEmpty && hasSentEnd && !endsAfterPending { return false }
            if !pending.isEmpty { return true }
        }
        if endsAfterPending {
            endsAfterPending = false
            let trailers = trailersAfterPending
            trailersAfterPending = nil
            writeEnd(trailers)
            return false
        }
        drained()
        return false
    }

    private final func sendWaiting(_ count: Int) -> Int {
        let room = min(sendWindow, session.sendWindow, count)
        guard room > 0 else { return 0 }
        var ends = false
        if let left = sendRemaining {
            let rest = left > UInt64(room) ? left - UInt64(room) : 0
            sendRemaining = rest
            ends = rest == 0
        }
        pending.show(0..<room) { session.writeData(self, $0, endStream: ends) }
        pending.removeFirst(room)
        sendWindow -= room
        lastSentAt = session.socket.loop.nowMilliseconds
        if ends {
            pending.removeAll()
            endedSending()
        }
        return room
    }

    /// Ends the stream at once, in both directions.
    final func reset(_ code: HTTP2ErrorCode) {
        guard !isReset else { return }
        isReset = true
        pending.removeAll()
        endsAfterPending = false
        session.writeReset(self, code)
        session.close(self)
    }

    // MARK: - Receiving

    final func pauseReceiving() { isReceivingPaused = true }

    final func resumeReceiving() {
        guard isReceivingPaused else { return }
        isReceivingPaused = false
        session.refill(self, wasPaused: true)
    }
}

/// Why the streams of a connection are over.
enum HTTP2ConnectionLoss {
    case closed
    case broken(Int32)
    /// The peer broke a rule of the connection.
    case violation(HTTP2Violation)
    /// The peer has said that it did not and will not process the stream (RFC 9113 section 6.8).
    case unprocessed
    /// This side gave the connection up.
    case local
}
