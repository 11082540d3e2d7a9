import Identity
import Model
import Policy
import Telemetry
import Wire

/// An HTTP/2 connection to an endpoint: the client's side of the codec, shared by many exchanges
/// (RFC 9113).
final class HTTP2ClientConnection: UpstreamSocket {
    let pool: ConnectionPool
    private(set) lazy var session = HTTP2Session(
        socket: self,
        owner: self,
        isServer: false,
        options: configuration.http2,
        stats: endpoint.cluster.http2Stats,
        headBytesMax: configuration.responseHeadBytesMax
    )
    private var free: [HTTP2ClientStream] = []
    /// Streams that were given to exchanges and not closed.
    private var streamCount = 0
    private var requestCount: UInt32 = 0
    /// No further stream is begun here.
    private var isRetired = false
    private var timer = TimerHandle.none
    private var keepAlive = KeepAlivePing()
    private var lastReceivedAt: Int64 = 0
    private var idleSince: Int64 = 0

    private static let idleTimer: UInt8 = 0
    private static let freeStreamCountMax = 128
    /// The last number that a stream may have.
    private static let streamIDMax: UInt32 = 0x7fff_ffff

    init(continuing socket: ConnectingSocket, pool: ConnectionPool) {
        self.pool = pool
        super.init(continuing: socket)
    }

    func start() {
        idleSince = loop.nowMilliseconds
        lastReceivedAt = idleSince
        session.start(headBytesMax: configuration.responseHeadBytesMax)
        armIdleTimer()
        keepAlive.rest(session, random: endpoint.cluster.worker.random.next())
    }

    // MARK: - Streams

    /// How many streams the connection takes at the same time.
    var streamsMax: Int {
        let ours = Int(configuration.http2.concurrentStreamsMax)
        return session.remote.maxConcurrentStreams.map { min(ours, Int($0)) } ?? ours
    }

    var hasRoom: Bool { !isRetired && isOpen && streamCount < streamsMax }
    var isIdle: Bool { streamCount == 0 }

    /// A stream for an exchange, which sends its head next.
    func makeStream() -> HTTP2ClientStream {
        keepAlive.ask(session, lastHeardAt: lastReceivedAt)
        streamCount += 1
        requestCount &+= 1
        let limit = configuration.requestsPerConnectionMax
        if limit != 0, requestCount >= limit {
            stats.increment(.upstreamCxMaxRequests)
            retire()
        }
        return free.popLast() ?? HTTP2ClientStream(connection: self)
    }

    /// The next number; nil where there is none.
    func nextStreamID() -> UInt32? {
        let next = session.lastOwnStreamID == 0 ? 1 : session.lastOwnStreamID + 2
        guard next <= Self.streamIDMax else { return nil }
        session.lastOwnStreamID = next
        if next >= Self.streamIDMax - 1 { retire() }
        return next
    }

    /// The stream is of no use any more, to its exchange or to the peer.
    func finished(_ stream: HTTP2ClientStream) {
        streamCount -= 1
        stream.recycle()
        guard isOpen else { return }
        if free.count < Self.freeStreamCountMax { free.append(stream) }
        if streamCount == 0 {
            idleSince = loop.nowMilliseconds
            countBytes()
            if isRetired || closesAfterUse || loop.nowMilliseconds >= endOfLife {
                closeIdle()
                return
            }
            if !timer.isArmed { armIdleTimer() }
        }
        if !isRetired { pool.offerStreams(self) }
    }

    /// No further stream: those that are open are finished.
    private func retire() {
        guard !isRetired else { return }
        isRetired = true
        pool.retire(self)
    }

    func closeIdle() {
        if !session.hasFailed, isOpen { session.writeGoAway(0, .noError) }
        flush()
        close(local: true)
    }

    // MARK: - Bytes

    override func received(_ bytes: Span<UInt8>) -> Int {
        lastReceivedAt = loop.nowMilliseconds
        return session.receive(bytes)
    }

    override func drained() { session.drained() }
    override var readsBeforeLoss: Bool { streamCount > 0 }
    override func receivedEnd() { ended(.closed) }
    override func lost(_ code: Int32) { ended(.broken(code)) }

    private func ended(_ reason: HTTP2ConnectionLoss) {
        guard !isDone else { return }
        let hadRequest = streamCount > 0
        retire()
        finish(local: false, hadRequest: hadRequest)
        session.loseStreams(reason)
    }

    private func close(local: Bool) {
        guard !isDone else { return }
        retire()
        finish(local: local, hadRequest: streamCount > 0)
        session.loseStreams(.local)
    }

    private func finish(local: Bool, hadRequest: Bool) {
        isDone = true
        loop.timers.cancel(&timer)
        keepAlive.cancel(session)
        countClose(local: local, hadRequest: hadRequest)
        free = []
        closeNow()
        pool.closed(priority)
    }

    // MARK: - Time

    private func armIdleTimer() {
        let idle = idleSince + (configuration.idleTimeoutMilliseconds ?? Self.never)
        let due = min(idle, endOfLife)
        guard due < Self.never else { return }
        loop.timers.arm(&timer, at: due, target: self, kind: Self.idleTimer)
    }

    override func timerFired(kind: UInt8) {
        if kind == KeepAlivePing.timerKind {
            keepAliveIsDue()
            return
        }
        timer = .none
        let now = loop.nowMilliseconds
        if now >= endOfLife {
            stats.increment(.upstreamCxMaxDurationReached)
            retire()
            if isIdle { closeIdle() }
            return
        }
        guard isIdle else {
            if configuration.connectionDurationMaxMilliseconds != nil {
                loop.timers.arm(&timer, at: endOfLife, target: self, kind: Self.idleTimer)
            }
            return
        }
        if now >= idleSince + (configuration.idleTimeoutMilliseconds ?? Self.never) {
            stats.increment(.upstreamCxIdleTimeout)
            closeIdle()
            return
        }
        armIdleTimer()
    }

    private func keepAliveIsDue() {
        guard !isDone, keepAlive.isUnanswered(session) else { return }
        session.writeGoAway(0, .noError, debug: "keepalive timeout")
        ended(.broken(0))
    }
}

extension HTTP2ClientConnection: HTTP2SessionOwner {
    func received(_ frame: HTTP2HeadersFrame, block: Span<UInt8>) throws(HTTP2Violation) {
        let id = frame.streamID
        guard let stream = session.streams[id] as? HTTP2ClientStream, let exchange = stream.exchange
        else {
            try session.skip(block, as: .trailers, id)
            try session.receivedOnClosed(id)
            return
        }
        if stream.hasReceivedEnd {
            try session.skip(block, as: .trailers, id)
            try session.end(HTTP2Violation(.streamClosed, streamID: id))
            return
        }
        let limits = HeadLimits(
            headBytesMax: configuration.responseHeadBytesMax,
            headerCountMax: configuration.responseHeaderCountMax
        )
        do throws(HTTP2Violation) {
            if stream.hasHead {
                _ = try session.decoder.decode(
                    block,
                    into: exchange.trailers,
                    as: .trailers,
                    limits: limits,
                    streamID: id
                )
                guard frame.endStream else {
                    throw HTTP2Violation(.trailersWithoutEnd, streamID: id)
                }
                if let left = stream.receiveRemaining, left > 0 {
                    throw HTTP2Violation(.contentLengthMismatch, streamID: id)
                }
                session.ended(stream, hasTrailers: true)
                return
            }
            let info = try session.decoder.decode(
                block,
                into: exchange.response,
                as: .response,
                limits: limits,
                streamID: id
            )
            if info.isInterim, frame.endStream {
                throw HTTP2Violation(.trailersWithoutEnd, streamID: id)
            }
            stream.receivedHead(info, endStream: frame.endStream)
        } catch {
            if error.isHeaderListTooLarge {
                // Well formed and only too large for us: others have no part in it.
                session.stats.increment(.headerOverflow)
                stream.violated(error)
                return
            }
            try session.end(error)
            // A malformed response ends the connection, unless the configuration says otherwise.
            if !error.endsConnection, !configuration.http2.endsOnlyStreamOnInvalidMessage {
                throw HTTP2Violation(ofConnection: error)
            }
        }
    }

    func goAwayReceived(lastStreamID: UInt32, code: HTTP2ErrorCode) {
        stats.increment(.upstreamCxCloseNotify)
        retire()
        // What the endpoint did not look at may be sent elsewhere.
        let unprocessed = session.streams.values.filter { $0.id > lastStreamID }
        // One that is told may end another, which is then of no connection any more.
        for stream in unprocessed where stream.id != 0 && !stream.isReset {
            stream.isReset = true
            session.close(stream)
            stream.connectionLost(.unprocessed)
        }
        if isIdle, isOpen { closeIdle() }
    }

    func settingsChanged() {
        if !isRetired { pool.offerStreams(self) }
    }

    func streamClosed(_ stream: HTTP2Stream) {}

    func pingAnswered(_ opaque: UInt64) {
        keepAlive.answered(
            opaque,
            session,
            random: endpoint.cluster.worker.random.next()
        )
    }

    func sessionFailed(_ violation: HTTP2Violation) {
        stats.increment(.upstreamCxProtocolError)
        retire()
        flush()
        // As in Envoy, requests that a broken rule ends are not of a connection that was lost.
        finish(local: true, hadRequest: false)
        session.loseStreams(.violation(violation))
    }
}
