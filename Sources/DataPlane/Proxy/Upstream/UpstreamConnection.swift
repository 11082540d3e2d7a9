import CLinux
import Glibc
import Model
import Policy
import Synchronization
import Telemetry
import Wire

/// An HTTP/1.1 connection to an endpoint: the client's side of the codec.
///
/// It carries one exchange at a time (no pipelining: a failure would not say which request it hit).
final class UpstreamConnection: UpstreamSocket, UpstreamStream {
    private enum Phase {
        case idle
        /// Waiting for the head of a response.
        case head
        case body(remaining: UInt64)
        case chunked
        case untilClose
        /// Both sides have switched to another protocol.
        case tunnel
        /// The response is whole.
        case finished
    }

    let pool: ConnectionPool
    private(set) var exchange: Exchange?
    private var phase: Phase = .idle
    private var decoder = ChunkedDecoder()
    private var boundary = HeadBoundary()
    private var hasPartialHead = false
    private var requestFraming: BodyFraming = .none
    /// Bytes follow the response that has just ended.
    ///
    /// They belong to no request, so they must never be there when the next one takes the connection.
    private var hasLeftover = false
    /// The connection can carry another request when this one is done.
    private var keepsAlive = true
    private var timer = TimerHandle.none
    private var idleSince: Int64 = 0
    private(set) var requestCount: UInt32 = 0
    private var hasResponseBytes = false

    init(continuing socket: ConnectingSocket, pool: ConnectionPool) {
        self.pool = pool
        super.init(continuing: socket)
    }

    var backlogCount: Int { output.count }

    /// Failed on a connection that had carried a request before and gave no byte for this one: the
    /// endpoint may have closed it for being idle, just as we wrote.
    var isStaleSuspect: Bool { requestCount > 1 && !hasResponseBytes }

    // MARK: - Time

    override func timerFired(kind: UInt8) {
        timer = .none
        guard case .idle = phase, isOpen else { return }
        let now = loop.nowMilliseconds
        if now >= endOfLife {
            stats.increment(.upstreamCxMaxDurationReached)
        } else if now >= idleSince + (configuration.idleTimeoutMilliseconds ?? Self.never) {
            stats.increment(.upstreamCxIdleTimeout)
        } else {
            armIdleTimer()
            return
        }
        pool.removeIdle(self)
        closeIdle()
    }

    private func armIdleTimer() {
        let idle = idleSince + (configuration.idleTimeoutMilliseconds ?? Self.never)
        let due = min(idle, endOfLife)
        guard due < Self.never else { return }
        loop.timers.arm(&timer, at: due, target: self, kind: 0)
    }

    // MARK: - Requests

    /// Gives the connection to an exchange, which writes its request now.
    func attach(_ exchange: Exchange) {
        self.exchange = exchange
        requestCount &+= 1
        hasResponseBytes = false
        keepsAlive = true
        hasPartialHead = false
        hasLeftover = false
        phase = .head
        isReadingPaused = false
    }

    /// Another exchange takes over the attempt, in the middle of its response's head.
    func hand(to next: Exchange) { exchange = next }

    /// The request could not be finished or its response is not wanted: the connection goes.
    func reset() {
        close(local: true)
        exchange = nil
    }

    /// Both directions of the exchange are complete.
    func release() {
        exchange = nil
        let limit = configuration.requestsPerConnectionMax
        let isSpent = limit != 0 && requestCount >= limit
        if isSpent { stats.increment(.upstreamCxMaxRequests) }
        let isOld = loop.nowMilliseconds >= endOfLife
        if isOld { stats.increment(.upstreamCxMaxDurationReached) }
        if keepsAlive, !isSpent, !isOld, !sawReadHangup, !sawHangup, !hasLeftover, writeError == 0 {
            phase = .idle
            pool.offer(self)
        } else {
            if !keepsAlive { stats.increment(.upstreamCxCloseNotify) }
            close(local: true)
        }
    }

    func becameIdle() {
        phase = .idle
        idleSince = loop.nowMilliseconds
        countBytes()
        isReadingPaused = false
        if isReadable { resumeReadingLater() }
        if !timer.isArmed { armIdleTimer() }
    }

    func closeIdle() { close(local: true) }

    private func close(local: Bool) {
        if isDone { return }
        isDone = true
        loop.timers.cancel(&timer)
        countClose(local: local, hadRequest: exchange != nil)
        closeNow()
        pool.closed(priority)
    }

    // MARK: - The request

    func sendHead(_ head: Head, framing: BodyFraming) {
        requestFraming = framing
        let size = HeadWriter.byteCount(request: head, framing: framing)
        unsafe write(upTo: size) { buffer in
            unsafe HeadWriter.write(request: head, framing: framing, into: buffer)
        }
    }

    func sendBody(_ bytes: Span<UInt8>) {
        if bytes.isEmpty { return }
        guard requestFraming == .chunked else {
            write(bytes)
            return
        }
        unsafe write(upTo: ChunkedEncoder.headerBytesMax) {
            unsafe ChunkedEncoder.writeHeader(size: bytes.count, into: $0)
        }
        write(bytes)
        write("\r\n")
    }

    func sendEnd(trailers: Head?) {
        if case .tunnel = phase {
            flush()
            finishWriting()
            return
        }
        guard requestFraming == .chunked else { return }
        unsafe write(upTo: ChunkedEncoder.byteCount(trailers: trailers)) {
            unsafe ChunkedEncoder.writeEnd(trailers: trailers, into: $0)
        }
    }

    func switchProtocols() {
        phase = .tunnel
        keepsAlive = false
    }

    func pauseReading() { isReadingPaused = true }
    func resumeReading() { resumeReadingLater() }

    // MARK: - Bytes

    override func drained() { exchange?.upstreamDrained() }

    override func received(_ bytes: Span<UInt8>) -> Int {
        var offset = 0
        while offset < bytes.count {
            guard let exchange, isOpen else {
                // Bytes that nobody asked for: the connection cannot be trusted any more.
                if isOpen { unexpectedBytes() }
                return bytes.count
            }
            switch phase {
            case .idle, .finished:
                unexpectedBytes()
                return bytes.count
            case .head:
                hasResponseBytes = true
                guard let next = receivedHead(bytes, from: offset, exchange) else { return offset }
                offset = next
            case .body(let remaining):
                let count = Int(min(remaining, UInt64(bytes.count - offset)))
                let left = remaining - UInt64(count)
                phase = left == 0 ? .finished : .body(remaining: left)
                exchange.upstreamBody(bytes.extracting(offset..<offset + count))
                offset += count
                if left == 0, self.exchange === exchange {
                    hasLeftover = offset < bytes.count
                    exchange.upstreamEnd(trailers: nil)
                }
            case .untilClose, .tunnel:
                exchange.upstreamBody(bytes.extracting(offset..<bytes.count))
                offset = bytes.count
            case .chunked:
                guard let next = receivedChunk(bytes, from: offset, exchange) else { return offset }
                offset = next
            }
        }
        return offset
    }

    private func receivedHead(_ bytes: Span<UInt8>, from offset: Int, _ exchange: Exchange) -> Int?
    {
        let rest = bytes.extracting(offset..<bytes.count)
        let limits = HeadLimits(
            headBytesMax: configuration.responseHeadBytesMax,
            headerCountMax: configuration.responseHeaderCountMax
        )
        if hasPartialHead, !boundary.isComplete(rest) { return nil }
        do {
            guard
                let parsed = try ResponseParser.parse(
                    rest,
                    into: exchange.response,
                    requestMethod: exchange.sentMethod,
                    limits: limits
                )
            else {
                if !hasPartialHead {
                    hasPartialHead = true
                    boundary = HeadBoundary(headBytesMax: limits.headBytesMax)
                    _ = boundary.isComplete(rest)
                }
                return nil
            }
            hasPartialHead = false
            if parsed.isInterim, exchange.response.status != 101 || !exchange.isAwaitingSwitch {
                if !exchange.upstreamInterim() { return bytes.count }
                return offset + parsed.consumed
            }
            keepsAlive = parsed.keepsAlive
            switch parsed.framing {
            case .none: phase = .finished
            case .length(let count): phase = count == 0 ? .finished : .body(remaining: count)
            case .chunked:
                decoder = ChunkedDecoder()
                phase = .chunked
            case .untilClose:
                phase = .untilClose
                keepsAlive = false
            }
            exchange.upstreamHead(framing: parsed.framing)
            if case .tunnel = phase { return offset + parsed.consumed }
            // A hedged attempt may have been handed to another exchange by now.
            if case .finished = phase, let current = self.exchange,
                current === exchange || current.hasAdopted(self)
            {
                hasLeftover = offset + parsed.consumed < bytes.count
                current.upstreamEnd(trailers: nil)
            }
            return offset + parsed.consumed
        } catch {
            protocolError(exchange, error.explanation)
            return bytes.count
        }
    }

    private func receivedChunk(_ bytes: Span<UInt8>, from offset: Int, _ exchange: Exchange) -> Int?
    {
        do {
            switch try decoder.next(in: bytes, from: offset, trailers: exchange.trailers) {
            case .data(let range):
                exchange.upstreamBody(bytes.extracting(range))
                return range.upperBound
            case .more(let at):
                return at
            case .end(let at):
                phase = .finished
                hasLeftover = at < bytes.count
                exchange.upstreamEnd(trailers: exchange.trailers)
                return at
            }
        } catch {
            protocolError(exchange, error.explanation)
            return bytes.count
        }
    }

    private func protocolError(_ exchange: Exchange, _ what: StaticString) {
        stats.increment(.upstreamCxProtocolError)
        close(local: true)
        self.exchange = nil
        exchange.upstreamFailed(.protocolError, explanation: what)
    }

    private func unexpectedBytes() {
        stats.increment(.upstreamCxProtocolError)
        if case .idle = phase { pool.removeIdle(self) }
        close(local: true)
    }

    /// An endpoint may refuse a request early and close: its answer comes before the failure.
    override var readsBeforeLoss: Bool { exchange != nil }
    override func receivedEnd() { ended(code: 0) }
    override func lost(_ code: Int32) { ended(code: code == 0 ? ECONNRESET : code) }

    private func ended(code: Int32) {
        switch phase {
        case .idle:
            pool.removeIdle(self)
            close(local: false)
        case .tunnel where code == 0:
            let ending = exchange
            // Where the client went first, this end is what it asked for.
            close(local: ending?.isRequestComplete ?? true)
            exchange = nil
            ending?.tunnelEnded()
        case .untilClose where code == 0:
            phase = .finished
            keepsAlive = false
            exchange?.upstreamEnd(trailers: nil)
        case .finished where exchange != nil:
            // The response is whole, only our request is still on its way.
            keepsAlive = false
        case .head, .body, .chunked, .untilClose, .tunnel, .finished:
            let failed = exchange
            let wasSuspect = isStaleSuspect
            close(local: false)
            exchange = nil
            if code == 0, failed?.hasResponseStarted == true {
                // An orderly end before the announced one is a malformed message (RFC 9112
                // section 8), and Envoy's flag says so.
                stats.increment(.upstreamCxProtocolError)
                failed?.upstreamFailed(.protocolError)
            } else {
                failed?.upstreamFailed(
                    .connectionTermination,
                    wasStale: wasSuspect,
                    explanation: code == 0 ? nil : "reset the connection"
                )
            }
        }
    }
}
