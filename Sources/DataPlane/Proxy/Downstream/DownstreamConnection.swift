import Model
import Policy
import Telemetry
import Wire

/// A client's HTTP/1.1 connection: the server's side of the codec.
///
/// One exchange at a time; a pipelined request waits, unread, until the response before it has been
/// written. An idle connection holds no buffer.
final class DownstreamConnection: StreamConnection, ClientConnection, DownstreamStream,
    Startable
{
    enum Phase {
        case head
        case body(remaining: UInt64)
        case chunked
        /// The request is complete, its response is not.
        case responding
        /// Both sides have switched to another protocol.
        case tunnel
        /// Closes when what waits is written.
        case closing
        /// Our side is finished; what the client still sends is thrown away.
        case lingering
        case closed
    }

    /// The version of the filter chain that the request under way began with.
    private(set) var chain: HTTPChain
    let peer: DownstreamPeer
    var exchange: Exchange?
    var keepsAlive = true
    var phase: Phase = .head
    /// No byte of a next request has come.
    var isBetweenRequests: Bool {
        if case .head = phase { return !hasPartialHead }
        return false
    }
    private var decoder = ChunkedDecoder()
    private var boundary = HeadBoundary()
    var hasPartialHead = false
    private var responseFraming: BodyFraming = .none
    private var clientMinorVersion: UInt8 = 1
    private var requestCount: UInt32 = 0
    /// `max_connection_duration` is over: the next response is the last.
    var hasOutlived = false
    let openedAt: Int64
    var lastActivity: Int64
    private var isProcessing = false
    var headTimer = TimerHandle.none
    var lifeTimer = TimerHandle.none
    private var countedReceived: UInt64 = 0
    private var countedSent: UInt64 = 0
    /// The position among the worker's connections.
    var position = 0

    static let headTimerKind: UInt8 = 0
    static let lifeTimerKind: UInt8 = 1
    static let lingerTimerKind: UInt8 = 2
    /// A body that nobody wants is read to its end up to here; after that the connection goes.
    private static let discardBytesMax: UInt64 = 64 * 1024
    /// Envoy's `drain_timeout`.
    static let outlivedMilliseconds: Int64 = 5_000

    init(descriptor: Int32, peer: DownstreamPeer, chain: HTTPChain) {
        self.chain = chain
        let worker = chain.worker
        self.peer = peer
        openedAt = worker.loop.nowMilliseconds
        lastActivity = openedAt
        super.init(descriptor: descriptor, loop: worker.loop)
    }

    var http: HTTPConnectionManager { chain.http }
    var stats: HTTPStats { chain.stats }

    lazy var localAddress: SocketAddress =
        peer.localAddress ?? SystemCall.localAddress(descriptor)

    /// The connection belongs to another version of its listener from now on.
    func move(to next: HTTPChain) {
        let previous = chain
        chain = next
        if previous.stats !== next.stats {
            previous.stats.decrement(.downstreamCxActive)
            previous.stats.decrement(.downstreamCxHttp1Active)
            next.stats.increment(.downstreamCxActive)
            next.stats.increment(.downstreamCxHttp1Active)
        }
        if previous.listenerStats !== next.listenerStats {
            previous.listenerStats.decrement(.downstreamCxActive)
            next.listenerStats.increment(.downstreamCxActive)
        }
        loop.timers.cancel(&lifeTimer)
        armLifeTimer()
    }

    func start() {
        stats.increment(.downstreamCxTotal)
        stats.increment(.downstreamCxActive)
        stats.increment(.downstreamCxHttp1Total)
        stats.increment(.downstreamCxHttp1Active)
        if peer.isTLS {
            stats.increment(.downstreamCxSslTotal)
            stats.increment(.downstreamCxSslActive)
        }
        armLifeTimer()
    }

    /// The connection turns out to speak another version of HTTP: it is none of ours.
    func retract() {
        phase = .closed
        stats.subtract(.downstreamCxTotal, 1)
        stats.decrement(.downstreamCxActive)
        stats.subtract(.downstreamCxHttp1Total, 1)
        stats.decrement(.downstreamCxHttp1Active)
        if peer.isTLS {
            stats.subtract(.downstreamCxSslTotal, 1)
            stats.decrement(.downstreamCxSslActive)
        }
        loop.timers.cancel(&lifeTimer)
        chain.worker.removeConnection(self)
    }

    // MARK: - The request

    override func received(_ bytes: Span<UInt8>) -> Int {
        lastActivity = loop.nowMilliseconds
        isProcessing = true
        defer { isProcessing = false }
        if exchange == nil { adoptSuccessor() }
        var offset = 0
        while offset < bytes.count, isOpen {
            switch phase {
            case .head:
                // A client that pipelines and does not read gets no further answers for now.
                if isReadingPaused { return offset }
                if requestCount == 0, bytes[offset] == 0x50, let taken = detectHTTP2(bytes) {
                    return taken
                }
                guard let next = receivedHead(bytes, from: offset) else { return offset }
                offset = next
            case .body(let remaining):
                if isReadingPaused { return offset }
                let count = Int(min(remaining, UInt64(bytes.count - offset)))
                let left = remaining - UInt64(count)
                phase = left == 0 ? .responding : .body(remaining: left)
                exchange?.requestBody(bytes.extracting(offset..<offset + count))
                offset += count
                if left == 0 { requestComplete(hasTrailers: false) }
            case .chunked:
                if isReadingPaused { return offset }
                guard let next = receivedChunk(bytes, from: offset) else { return offset }
                offset = next
            case .tunnel:
                exchange?.requestBody(bytes.extracting(offset...))
                return bytes.count
            case .responding, .closing:
                isReadingPaused = true
                return offset
            case .lingering, .closed:
                return bytes.count
            }
        }
        if case .responding = phase { isReadingPaused = true }
        return offset
    }

    private func receivedHead(_ bytes: Span<UInt8>, from offset: Int) -> Int? {
        let rest = bytes.extracting(offset..<bytes.count)
        if hasPartialHead, !boundary.isComplete(rest) { return nil }
        let worker = chain.worker
        let exchange = worker.takeExchange()
        do {
            let parsed = try RequestParser.parse(
                rest,
                into: exchange.request,
                limits: chain.headLimits
            )
            guard let parsed else {
                worker.giveBack(exchange)
                if !hasPartialHead { beginPartialHead(rest) }
                return nil
            }
            if hasPartialHead {
                hasPartialHead = false
                loop.timers.cancel(&headTimer)
            }
            requestCount &+= 1
            clientMinorVersion = exchange.request.minorVersion
            let limit = http.requestsPerConnectionMax
            keepsAlive = parsed.keepsAlive
            if limit != 0, requestCount >= limit {
                stats.increment(.downstreamCxMaxRequestsReached)
                keepsAlive = false
            }
            switch parsed.framing {
            case .none, .untilClose, .length(0): phase = .responding
            case .length(let count): phase = .body(remaining: count)
            case .chunked:
                decoder = ChunkedDecoder()
                phase = .chunked
            }
            if clientMinorVersion == 0, !http.acceptsHTTP10 {
                self.exchange = exchange
                refuseHTTP10(exchange)
                return bytes.count
            }
            self.exchange = exchange
            exchange.begin(chain, self, parsed)
            if self.exchange?.isAwaitingSwitch == true, case .body = phase {
                // No body comes before the other protocol: all that follows is the tunnel's.
                phase = .responding
            }
            return offset + parsed.consumed
        } catch {
            self.exchange = exchange
            refuse(error, exchange)
            return bytes.count
        }
    }

    /// The rest of a head is still on its way: from now on the clock runs.
    private func beginPartialHead(_ rest: Span<UInt8>) {
        hasPartialHead = true
        boundary = HeadBoundary(headBytesMax: http.requestHeadBytesMax)
        _ = boundary.isComplete(rest)
        if let limit = http.requestHeadersTimeoutMilliseconds {
            loop.timers.arm(
                &headTimer,
                at: loop.nowMilliseconds + limit,
                target: self,
                kind: Self.headTimerKind
            )
        }
    }

    private func receivedChunk(_ bytes: Span<UInt8>, from offset: Int) -> Int? {
        let trailers = exchange?.requestTrailerHead
        do {
            switch try decoder.next(in: bytes, from: offset, trailers: trailers) {
            case .data(let range):
                exchange?.requestBody(bytes.extracting(range))
                return range.upperBound
            case .more(let at):
                return at
            case .end(let at):
                phase = .responding
                requestComplete(hasTrailers: true)
                return at
            }
        } catch {
            keepsAlive = false
            if let exchange {
                exchange.requestMalformed(error)
            } else {
                closeWhenWritten()
            }
            return bytes.count
        }
    }

    private func requestComplete(hasTrailers: Bool) {
        if let exchange {
            exchange.requestEnd(hasTrailers: hasTrailers)
        } else {
            // The body of a request that was answered long ago: now the next one may come.
            phase = .head
        }
    }

    /// Answers a request that the codec refuses, and closes.
    private func refuse(_ failure: HeadFailure, _ exchange: Exchange) {
        closesUnfinished()
        phase = .responding
        stats.increment(.downstreamCxProtocolError)
        connectionFlags.insert(.downstreamProtocolError)
        stats.increment(.downstreamRqRxReset)
        stats.increment(.downstreamRqResponseBeforeRqComplete)
        if failure == .headTooLarge || failure == .tooManyHeaders {
            stats.increment(.downstreamRqTooLarge)
        }
        loop.timers.cancel(&headTimer)
        hasPartialHead = false
        exchange.beginRefused(chain, self)
        // Envoy's flag for what its codec refuses; a missing host is refused above the codec there.
        let flag: ResponseFlags = failure == .missingHost ? [] : .downstreamProtocolError
        exchange.reply(failure.status, flag, failure.details, "\(failure.explanation)")
    }

    private func refuseHTTP10(_ exchange: Exchange) {
        keepsAlive = false
        phase = .responding
        connectionFlags.insert(.downstreamProtocolError)
        exchange.beginRefused(chain, self)
        exchange.reply(
            426,
            .downstreamProtocolError,
            "low_version",
            "HTTP/1.0 is not accepted here: accept_http_10 of \(chain.listenerName) is off"
        )
    }

    /// The client has finished sending while a response is due.
    ///
    /// It may want the response still, or be gone altogether; the first byte that it does not want
    /// makes a reset that tells. An interim response is such a byte (RFC 9110 section 15.2: a
    /// client must be able to read one).
    override func peerFinished() {
        guard let exchange, case .responding = phase, !exchange.hasResponseStarted,
            clientMinorVersion == 1
        else { return }
        writeContinue()
    }

    /// A local reply comes before the request is complete: read the rest, if that is little.
    func prepareToDiscard(_ framing: BodyFraming) {
        if case .body(let remaining) = phase, remaining <= Self.discardBytesMax { return }
        closesUnfinished()
    }

    /// The connection ends with this response although the client may be sending still.
    func closesUnfinished() {
        keepsAlive = false
        isUnfinished = true
    }

    /// The exchange cannot take more of the body for now.
    var isBodyPaused = false {
        didSet {
            if case .responding = phase {
                isReadingPaused = true
            } else {
                isReadingPaused = isBodyPaused
            }
        }
    }

    // MARK: - The response

    func resumeBody() { resumeReadingLater() }

    func closesAfterResponse() { keepsAlive = false }

    func switchProtocols() {
        phase = .tunnel
        keepsAlive = false
        isReadingPaused = false
        if isReadable || !input.isEmpty { resumeReadingLater() }
    }

    func writeContinue() { write("HTTP/1.1 100 Continue\r\n\r\n") }

    func respondInterim(_ head: Head) {
        let size = HeadWriter.byteCount(response: head, framing: .none)
        unsafe write(upTo: size) {
            unsafe HeadWriter.write(response: head, framing: .none, keepsAlive: true, into: $0)
        }
    }

    func respondHead(_ head: Head, framing: BodyFraming) {
        var framing = framing
        if clientMinorVersion == 0 {
            if framing == .chunked { framing = .untilClose }
        } else if framing == .untilClose {
            framing = .chunked
        }
        if framing == .untilClose { keepsAlive = false }
        if chain.endsConnections || hasOutlived {
            if keepsAlive { stats.increment(.downstreamCxDrainClose) }
            keepsAlive = false
        }
        responseFraming = framing
        if exchange?.isLocalReply == false { stats.countResponse(status: head.status) }
        let size = HeadWriter.byteCount(response: head, framing: framing)
        unsafe write(upTo: size) {
            unsafe HeadWriter.write(
                response: head,
                framing: framing,
                keepsAlive: keepsAlive,
                clientMinorVersion: clientMinorVersion,
                into: $0
            )
        }
    }

    func respondBody(_ bytes: Span<UInt8>) {
        if case .tunnel = phase {
            write(bytes)
            return
        }
        switch responseFraming {
        case .none: return
        case .length, .untilClose: write(bytes)
        case .chunked:
            if bytes.isEmpty { return }
            unsafe write(upTo: ChunkedEncoder.headerBytesMax) {
                unsafe ChunkedEncoder.writeHeader(size: bytes.count, into: $0)
            }
            write(bytes)
            write("\r\n")
        }
    }

    func respondEnd(trailers: Head?) {
        guard responseFraming == .chunked else { return }
        unsafe write(upTo: ChunkedEncoder.byteCount(trailers: trailers)) {
            unsafe ChunkedEncoder.writeEnd(trailers: trailers, into: $0)
        }
    }

    /// The response broke off: the client must not take what it has for the whole.
    func abortResponse(_ reason: StreamAbort) {
        let ended = exchange
        exchange = nil
        // A tunnel's end is counted where it is known who began it.
        if ended?.isTunnel != true { stats.increment(.downstreamRqRxReset) }
        flush()
        // The end of the connection would look like the end of such a body; a reset does not.
        close(local: true, abruptly: responseFraming == .untilClose)
        if let ended { chain.worker.giveBack(ended) }
    }

    /// The response has been written; the exchange is done and goes back.
    func exchangeFinished(_ ended: Exchange) {
        guard exchange === ended else { return }
        exchange = nil
        if isBodyPaused { isBodyPaused = false }
        lastActivity = loop.nowMilliseconds
        chain.worker.giveBack(ended)
        guard isOpen else { return }
        countBytes()
        if !keepsAlive {
            closeWhenWritten()
            return
        }
        if case .responding = phase { phase = .head }
        isReadingPaused = hasBacklog
        if isReadingPaused { return }
        if !isProcessing, isReadable || !input.isEmpty { resumeReadingLater() }
    }

    override func drained() {
        if case .closing = phase {
            finishClosing()
            return
        }
        if let exchange {
            exchange.downstreamDrained()
        } else if isReadingPaused {
            isReadingPaused = false
            if isReadable || !input.isEmpty { resumeReadingLater() }
        }
    }

    // MARK: - The end

    func closeWhenWritten() {
        phase = .closing
        isReadingPaused = true
        if isDrained { finishClosing() }
    }

    private func finishClosing() {
        // With nothing unread, closing sends an orderly end. With bytes unread it would send a
        // reset, which may overtake the response: then read on for a while.
        if hasClientLeftTunnel {
            close(local: false, hadExchange: true)
            return
        }
        if input.isEmpty, !isReadable, exchange == nil, !isRequestUnfinished {
            close(local: true)
            return
        }
        phase = .lingering
        finishWriting()
        loop.timers.cancel(&headTimer)
        loop.timers.arm(
            &headTimer,
            at: loop.nowMilliseconds + http.delayedCloseTimeoutMilliseconds,
            target: self,
            kind: Self.lingerTimerKind
        )
        isUnfinished = false
        resumeReadingLater()
    }

    /// The request was cut short by its reply: the client may be sending still.
    private var isRequestUnfinished: Bool { isUnfinished }
    var isUnfinished = false
    /// The client has ended its side of a tunnel before the endpoint did.
    private var hasClientLeftTunnel = false
    /// What the end of this connection is counted as, next to its totals.
    var connectionFlags: ResponseFlags = []

    override func receivedEnd() {
        switch phase {
        case .tunnel:
            isReadingPaused = true
            hasClientLeftTunnel = true
            exchange?.requestEnd(hasTrailers: false)
        case .head where !hasPartialHead && !isDrained:
            // The client has finished sending and is still reading the last response.
            closeWhenWritten()
        case .head, .responding, .closing, .lingering, .closed:
            if hasPartialHead { stats.increment(.downstreamCxProtocolError) }
            lostClient()
        case .body, .chunked:
            lostClient()
        }
    }

    override func lost(_ code: Int32) { lostClient() }

    private func lostClient() {
        let ended = exchange
        exchange = nil
        ended?.downstreamLost()
        close(local: false, hadExchange: ended != nil)
        if let ended { chain.worker.giveBack(ended) }
    }

    func close(local: Bool, abruptly: Bool = false, hadExchange: Bool = false) {
        if case .closed = phase { return }
        phase = .closed
        loop.timers.cancel(&headTimer)
        loop.timers.cancel(&lifeTimer)
        countBytes()
        stats.decrement(.downstreamCxActive)
        stats.decrement(.downstreamCxHttp1Active)
        if peer.isTLS { stats.decrement(.downstreamCxSslActive) }
        stats.increment(.downstreamCxDestroy)
        stats.increment(local ? .downstreamCxDestroyLocal : .downstreamCxDestroyRemote)
        if hadExchange {
            stats.increment(.downstreamCxDestroyActiveRq)
            stats.increment(
                local ? .downstreamCxDestroyLocalActiveRq : .downstreamCxDestroyRemoteActiveRq
            )
        }
        stats.record(
            .downstreamCxLengthMs,
            milliseconds: UInt64(max(0, loop.nowMilliseconds - openedAt))
        )
        chain.listenerStats.record(
            .downstreamCxLengthMs,
            milliseconds: UInt64(max(0, loop.nowMilliseconds - openedAt))
        )
        chain.listenerStats.decrement(.downstreamCxActive)
        chain.listenerStats.increment(.downstreamCxDestroy)
        chain.writeConnectionLog(of: self, peer, openedAt: openedAt) {
            $0.flags = connectionFlags
            if requestCount > 0, connectionFlags.isEmpty {
                $0.connectionProtocol = clientMinorVersion == 0 ? .http10 : .http11
            }
        }
        closeNow(abruptly: abruptly)
        chain.worker.removeConnection(self)
        chain.connectionClosed()
    }

    private func countBytes() {
        stats.add(.downstreamCxRxBytesTotal, bytesReceived &- countedReceived)
        stats.add(.downstreamCxTxBytesTotal, bytesSent &- countedSent)
        countedReceived = bytesReceived
        countedSent = bytesSent
    }

    override func timerFired(kind: UInt8) {
        switch kind {
        case Self.headTimerKind:
            headTimer = .none
            stats.increment(.downstreamRqHeaderTimeout)
            timedOutHead()
        case Self.lingerTimerKind:
            headTimer = .none
            stats.increment(.downstreamCxDelayedCloseTimeout)
            close(local: true)
        default:
            lifeTimer = .none
            checkLife()
        }
    }
}
