import Model
import Policy
import Telemetry
import Wire

/// A client's HTTP/2 connection: the server's side of the codec (RFC 9113).
///
/// Each stream feeds an exchange of its own. An idle connection holds no buffer.
final class HTTP2ServerConnection: StreamConnection, ClientConnection, Startable {
    /// The version of the filter chain that new streams begin with.
    private(set) var chain: HTTPChain
    let peer: DownstreamPeer
    var position = 0
    private(set) lazy var session = HTTP2Session(
        socket: self,
        owner: self,
        isServer: true,
        options: chain.http.http2,
        stats: chain.worker.http2Stats,
        headBytesMax: chain.http.requestHeadBytesMax
    )
    lazy var localAddress: SocketAddress =
        peer.localAddress ?? SystemCall.localAddress(descriptor)
    var hasPreface = false
    /// Streams whose request is complete enough to begin, in this read.
    var arrived: [HTTP2ServerStream] = []
    /// Those whose turn it is; it trades places with `arrived`, so that neither is copied.
    var beginning: [HTTP2ServerStream] = []
    var free: [HTTP2ServerStream] = []
    private var requestCount: UInt32 = 0
    let openedAt: Int64
    var lastActivity: Int64
    var lifeTimer = TimerHandle.none
    var keepAlive = KeepAlivePing()
    var headTimer = TimerHandle.none
    /// Stands where the first of the answers that are not taken would have waited too long.
    var flushTimer = TimerHandle.none
    var flushDue: Int64 = 0
    /// Since when the preface, a frame or a header block waits for its rest; `never` where none does.
    var unfinishedSince: Int64
    var countedReceived: UInt64 = 0
    var countedSent: UInt64 = 0
    var isClosing = false
    var bytesSentBeforeLinger: UInt64 = 0

    /// GOAWAY is sent in two steps: first no number is named, so that what is on its way is served.
    enum Farewell { case none, announced, final }
    var farewell: Farewell = .none

    static let lifeTimerKind: UInt8 = 0
    static let farewellTimerKind: UInt8 = 1
    static let lingerTimerKind: UInt8 = 2
    static let headTimerKind: UInt8 = 3
    static let flushTimerKind: UInt8 = 4
    static let never = Int64.max
    static let farewellPing: UInt64 = 0x7069_6c6c_696f_6e01
    private static let freeStreamCountMax = 32
    /// Where so much waits for the client, nothing more is read of it: every request makes answers.
    private static let unreadOutputMax = 1 << 20

    init(descriptor: Int32, peer: DownstreamPeer, chain: HTTPChain) {
        self.chain = chain
        self.peer = peer
        openedAt = chain.worker.loop.nowMilliseconds
        lastActivity = openedAt
        unfinishedSince = openedAt
        super.init(descriptor: descriptor, loop: chain.worker.loop)
    }

    var http: HTTPConnectionManager { chain.http }
    var stats: HTTPStats { chain.stats }
    var worker: Worker { chain.worker }
    var listenerLine: ListenerState.Line { chain.listenerLine }

    func start() {
        stats.increment(.downstreamCxTotal)
        stats.increment(.downstreamCxActive)
        stats.increment(.downstreamCxHttp2Total)
        stats.increment(.downstreamCxHttp2Active)
        if peer.isTLS {
            stats.increment(.downstreamCxSslTotal)
            stats.increment(.downstreamCxSslActive)
        }
        session.start(headBytesMax: http.requestHeadBytesMax)
        armLifeTimer()
        keepAlive.rest(session, random: worker.random.next())
        armHeadTimer()
        // The drain may have begun while the handshake was on its way.
        if chain.isDraining { sayFarewell() }
    }

    // MARK: - Bytes

    override func received(_ bytes: Span<UInt8>) -> Int {
        if isClosing { return bytes.count }
        lastActivity = loop.nowMilliseconds
        var offset = 0
        if !hasPreface {
            switch HTTP2.matchPreface(bytes) {
            case .incomplete: return 0
            case .different:
                session.fail(HTTP2Violation(.invalidPreface))
                return bytes.count
            case .complete:
                hasPreface = true
                offset = HTTP2.prefaceByteCount
            }
        }
        let understood = session.receive(bytes.extracting(offset...))
        noteUnfinished(rest: bytes.count - offset - understood, understood: understood)
        return offset + understood
    }

    /// The clock runs while the rest of a frame or header block is on its way, however it drips.
    private func noteUnfinished(rest: Int, understood: Int) {
        guard isOpen, !isClosing, !session.hasFailed else { return }
        let isInsideBlock = session.isInsideHeaderBlock
        guard rest > 0 || isInsideBlock || !session.hasRemoteSettings else {
            unfinishedSince = Self.never
            return
        }
        // What was understood ends what was waited for, but in the middle of a block.
        let isNew = understood > 0 && !isInsideBlock && session.hasRemoteSettings
        if isNew || unfinishedSince == Self.never { unfinishedSince = loop.nowMilliseconds }
        armHeadTimer()
    }

    override func settled() {
        if !arrived.isEmpty { beginArrived() }
        guard isOpen, output.count > Self.unreadOutputMax else { return }
        flush()
        guard isOpen, hasBacklog, output.count > Self.unreadOutputMax else { return }
        session.failIfFlooded()
        isReadingPaused = true
    }

    /// Requests begin when the whole read has been looked at: those that were reset in it never do.
    private func beginArrived() {
        swap(&arrived, &beginning)
        var index = 0
        while index < beginning.count {
            let stream = beginning[index]
            index += 1
            if stream.awaitsBeginning { stream.begin() }
        }
        beginning.removeAll(keepingCapacity: true)
    }

    override func drained() {
        if isClosing {
            finishClosing()
            return
        }
        session.drained()
        if isReadingPaused { resumeReadingLater() }
    }

    // MARK: - Streams

    private func takeStream() -> HTTP2ServerStream {
        free.popLast() ?? HTTP2ServerStream(connection: self)
    }

    /// The stream's exchange and frames are done.
    func recycle(_ stream: HTTP2ServerStream) {
        guard free.count < Self.freeStreamCountMax, isOpen else { return }
        stream.recycle()
        free.append(stream)
    }

    private func open(
        _ frame: HTTP2HeadersFrame,
        _ block: Span<UInt8>
    ) throws(HTTP2Violation) {
        let id = frame.streamID
        guard id & 1 == 1 else { throw HTTP2Violation(.streamID) }
        session.lastPeerStreamID = id
        if chain.successor != nil { adoptSuccessor() }
        let exchange = worker.takeExchange()
        let info: HTTP2HeadInfo
        do throws(HTTP2Violation) {
            info = try session.decoder.decode(
                block,
                into: exchange.request,
                as: .request,
                limits: chain.headLimits,
                streamID: id
            )
        } catch {
            if error.isHeaderListTooLarge {
                session.stats.increment(.headerOverflow)
                stats.increment(.downstreamRqTooLarge)
                refuse(
                    exchange,
                    frame,
                    431,
                    error.details,
                    "the request's head is larger than max_request_headers_kb or has more than max_headers_count fields"
                )
                return
            }
            let stream = takeStream()
            stream.refuseUnread(exchange, chain, error)
            recycle(stream)
            if error.endsConnection { throw error }
            try session.end(error)
            if !http.http2.endsOnlyStreamOnInvalidMessage {
                throw HTTP2Violation(ofConnection: error)
            }
            return
        }
        if farewell == .final || session.streams.count >= Int(http.http2.concurrentStreamsMax) {
            worker.giveBack(exchange)
            session.stats.increment(.streamRefusedErrors)
            session.writeReset(id: id, .refusedStream)
            // A client that opens more than it may is not to be kept busy with answers.
            if farewell != .final { try session.count(.streamError) }
            return
        }
        requestCount &+= 1
        if info.hasUnsupportedExpectation {
            refuse(
                exchange,
                frame,
                417,
                "http2.unsupported_expectation",
                "the only expectation that can be met is 100-continue"
            )
        } else {
            let stream = takeStream()
            stream.open(id)
            session.add(stream)
            stream.arrived(exchange, info, chain, endStream: frame.endStream)
            arrived.append(stream)
        }
        let limit = http.requestsPerConnectionMax
        if limit != 0, requestCount >= limit, farewell == .none {
            stats.increment(.downstreamCxMaxRequestsReached)
            sayFarewell()
        }
    }

    private func refuse(
        _ exchange: Exchange,
        _ frame: HTTP2HeadersFrame,
        _ status: UInt16,
        _ details: StaticString,
        _ words: String
    ) {
        let stream = takeStream()
        stream.open(frame.streamID)
        session.add(stream)
        stream.hasReceivedEnd = frame.endStream
        exchange.request.majorVersion = 2
        stream.refuse(exchange, chain, status, .downstreamProtocolError, details, words)
    }

    // MARK: - Configuration

    func listenerChanged() {
        if chain.line.isRemoved {
            drain()
        } else if chain.successor != nil {
            adoptSuccessor()
        }
    }

    private func adoptSuccessor() {
        guard let next = chain.successor as? HTTPChain else { return }
        let previous = chain
        chain = next
        if previous.stats !== next.stats {
            previous.stats.decrement(.downstreamCxActive)
            previous.stats.decrement(.downstreamCxHttp2Active)
            next.stats.increment(.downstreamCxActive)
            next.stats.increment(.downstreamCxHttp2Active)
        }
        if previous.listenerStats !== next.listenerStats {
            previous.listenerStats.decrement(.downstreamCxActive)
            next.listenerStats.increment(.downstreamCxActive)
        }
    }

    // MARK: - The end

    override func receivedEnd() {
        let hadStreams = !session.streams.isEmpty
        session.loseStreams(.closed)
        close(local: false, hadStreams: hadStreams)
    }

    override func lost(_ code: Int32) {
        let hadStreams = !session.streams.isEmpty
        session.loseStreams(.broken(code))
        close(local: false, hadStreams: hadStreams)
    }

    // MARK: - Time

    override func timerFired(kind: UInt8) {
        switch kind {
        case KeepAlivePing.timerKind:
            keepAliveIsDue()
        case Self.flushTimerKind:
            flushTimer = .none
            flushIsDue()
        case Self.headTimerKind:
            headTimer = .none
            headIsDue()
        case Self.farewellTimerKind:
            lifeTimer = .none
            finishFarewell()
        case Self.lingerTimerKind:
            lifeTimer = .none
            lingerIsOver()
        default:
            lifeTimer = .none
            checkLife()
        }
    }
}

extension HTTP2ServerConnection: HTTP2SessionOwner {
    func received(_ frame: HTTP2HeadersFrame, block: Span<UInt8>) throws(HTTP2Violation) {
        let id = frame.streamID
        unfinishedSince = Self.never
        guard let stream = session.streams[id] as? HTTP2ServerStream else {
            if id > session.lastPeerStreamID {
                try open(frame, block)
                return
            }
            // The table must follow, whatever becomes of the stream.
            try session.skip(block, as: .trailers, id)
            try session.receivedOnClosed(id)
            return
        }
        if stream.hasReceivedEnd {
            try session.skip(block, as: .trailers, id)
            try session.end(HTTP2Violation(.streamClosed, streamID: id))
            return
        }
        session.stats.increment(.trailers)
        do throws(HTTP2Violation) {
            _ = try session.decoder.decode(
                block,
                into: stream.trailerHead,
                as: .trailers,
                limits: chain.headLimits,
                streamID: id
            )
            guard frame.endStream else { throw HTTP2Violation(.trailersWithoutEnd, streamID: id) }
        } catch {
            try session.end(error, isMalformed: error.code == .protocolError)
            return
        }
        if let left = stream.receiveRemaining, left > 0 {
            try session.end(HTTP2Violation(.contentLengthMismatch, streamID: id))
            return
        }
        session.ended(stream, hasTrailers: true)
    }

    func goAwayReceived(lastStreamID: UInt32, code: HTTP2ErrorCode) {
        // The client opens no stream any more; those that are open are served.
        if session.streams.isEmpty { closeWhenWritten() }
    }

    func settingsChanged() {}

    func streamClosed(_ stream: HTTP2Stream) {
        lastActivity = loop.nowMilliseconds
        countBytes()
        if farewell == .final, session.streams.isEmpty { closeWhenWritten() }
    }

    func pingAnswered(_ opaque: UInt64) {
        if opaque == Self.farewellPing { finishFarewell() }
        keepAlive.answered(opaque, session, random: worker.random.next())
    }

    func sessionFailed(_ violation: HTTP2Violation) {
        // A flood breaks no rule of the protocol, and has a counter of its own.
        if violation.code != .enhanceYourCalm { stats.increment(.downstreamCxProtocolError) }
        worker.report(
            "HTTP/2 connection from \(peer.directRemoteAddress) ended: \(violation.explanation) (\(violation.details))",
            listener: chain.listenerName
        )
        session.loseStreams(.violation(violation))
        closeWhenWritten()
    }
}
