import Model
import Telemetry
import Wire

/// One request of a client's HTTP/2 connection: an exchange's downstream side.
final class HTTP2ServerStream: HTTP2Stream, DownstreamStream {
    let connection: HTTP2ServerConnection
    private var exchange: Exchange?
    private(set) var chain: HTTPChain
    private var parsed: ParsedRequest?
    /// The request has arrived and not begun.
    private(set) var awaitsBeginning = false
    private var respondsUnfinished = false
    private var isSwitched = false
    /// How long the client may take nothing of an answer that is complete; `max`: for ever.
    private(set) var flushTimeout: Int64 = .max

    init(connection: HTTP2ServerConnection) {
        self.connection = connection
        chain = connection.chain
        super.init(session: connection.session)
    }

    override func recycle() {
        super.recycle()
        exchange = nil
        parsed = nil
        awaitsBeginning = false
        respondsUnfinished = false
        isSwitched = false
        flushTimeout = .max
    }

    /// The answer is complete, and waits for the client.
    var awaitsFlush: Bool { exchange == nil && flushTimeout != .max && isWaitingToSend }

    var peer: DownstreamPeer { connection.peer }
    var localAddress: SocketAddress { connection.localAddress }

    /// The head that trailers of the request are decoded into.
    var trailerHead: Head {
        if awaitsBeginning { begin() }
        return exchange?.requestTrailerHead ?? Head(byteCapacity: 256, fieldCapacity: 8)
    }

    // MARK: - The request

    func arrived(
        _ exchange: Exchange,
        _ info: HTTP2HeadInfo,
        _ chain: HTTPChain,
        endStream: Bool
    ) {
        self.exchange = exchange
        self.chain = chain
        hasReceivedEnd = endStream
        awaitsBeginning = true
        receiveRemaining = info.contentLength
        let request = exchange.request
        if info.hasUpgradeProtocol {
            // From here on an upgrade is an upgrade, whatever version asked for it (RFC 8441
            // section 5).
            request.method = .get
            request.methodSlice = request.append("GET")
            receiveRemaining = nil
        }
        let framing: BodyFraming =
            endStream ? .none : info.contentLength.map { .length($0) } ?? .chunked
        parsed = ParsedRequest(
            consumed: 0,
            framing: framing,
            keepsAlive: true,
            expectsContinue: info.expectsContinue && !endStream,
            requestsUpgrade: false
        )
    }

    func begin() {
        awaitsBeginning = false
        guard let exchange, let parsed else { return }
        if hasReceivedEnd, let left = receiveRemaining, left > 0 {
            awaitsBeginning = true
            session.endOrFail(HTTP2Violation(.contentLengthMismatch, streamID: id))
            return
        }
        if exchange.request.method == .connect || !exchange.request.upgradeProtocol.isEmpty {
            receiveRemaining = nil
        }
        exchange.begin(chain, self, parsed)
    }

    /// Answers a request that the codec refuses.
    func refuse(
        _ exchange: Exchange,
        _ chain: HTTPChain,
        _ status: UInt16,
        _ flag: ResponseFlags,
        _ details: StaticString,
        _ words: String
    ) {
        self.exchange = exchange
        self.chain = chain
        respondsUnfinished = !hasReceivedEnd
        exchange.beginRefused(chain, self)
        exchange.reply(status, flag, details, words)
    }

    /// A request whose head is not to be understood: counted and logged, and never answered.
    ///
    /// What was read of the head is forgotten, since the rules that it breaks are those that others
    /// rely on.
    func refuseUnread(_ exchange: Exchange, _ chain: HTTPChain, _ violation: HTTP2Violation) {
        self.chain = chain
        exchange.request.reset()
        exchange.request.majorVersion = 2
        exchange.beginRefused(chain, self)
        exchange.downstreamLost(.downstreamProtocolError, violation.details)
        connection.worker.giveBack(exchange)
    }

    override func receivedData(_ bytes: Span<UInt8>) {
        if awaitsBeginning { begin() }
        exchange?.requestBody(bytes)
    }

    override func receivedEnd(hasTrailers: Bool) {
        if awaitsBeginning { begin() }
        exchange?.requestEnd(hasTrailers: hasTrailers)
    }

    override func receivedReset(_ code: HTTP2ErrorCode) {
        lose(.downstreamRemoteReset, "http2.remote_reset")
    }

    override func violated(_ violation: HTTP2Violation) {
        lose(.downstreamProtocolError, violation.details)
    }

    override func connectionLost(_ reason: HTTP2ConnectionLoss) {
        switch reason {
        case .violation(let violation): lose(.downstreamProtocolError, violation.details)
        default: lose(.downstreamConnectionTermination, "downstream_remote_disconnect")
        }
    }

    private func lose(_ flag: ResponseFlags, _ details: StaticString) {
        let ended = exchange
        exchange = nil
        guard let ended else { return }
        let worker = connection.worker
        if awaitsBeginning, flag == .downstreamProtocolError {
            awaitsBeginning = false
            ended.beginRefused(chain, self)
            ended.downstreamLost(flag, details)
        } else if awaitsBeginning {
            // Nobody has seen the request: it is counted and given back.
            awaitsBeginning = false
            chain.stats.increment(.downstreamRqTotal)
            chain.stats.increment(.downstreamRqHttp2Total)
            chain.stats.increment(.downstreamRqRxReset)
        } else {
            ended.downstreamLost(flag, details)
        }
        worker.giveBack(ended)
        if isReset { connection.recycle(self) }
    }

    override func closed() {
        if exchange == nil { connection.recycle(self) }
    }

    // MARK: - What the exchange asks for

    var isBodyPaused = false {
        didSet {
            if isBodyPaused { pauseReceiving() }
        }
    }

    func resumeBody() { resumeReceiving() }

    override func drained() { exchange?.downstreamDrained() }

    func writeContinue() {
        let head = Head(byteCapacity: 64, fieldCapacity: 2)
        head.status = 100
        respondInterim(head)
    }

    func respondInterim(_ head: Head) {
        guard !isReset, id != 0 else { return }
        session.writeResponse(self, head, endStream: false)
    }

    func respondHead(_ head: Head, framing: BodyFraming) {
        guard !isReset, id != 0 else { return }
        if chain.endsConnections { connection.drain() }
        if exchange?.isLocalReply == false {
            chain.stats.countResponse(status: head.status)
        } else if framing == .length(0) {
            // A stream that ends with its head needs no length.
            head.remove(.contentLength)
        }
        if head.status == 101 {
            // RFC 8441 section 4: extended CONNECT is answered as CONNECT is.
            head.status = 200
            session.writeResponse(self, head, endStream: false)
            head.status = 101
            return
        }
        var endStream = false
        switch framing {
        case .none: endStream = exchange?.isTunnel != true
        case .length(0): endStream = true
        // From HTTP/2 trailers may follow, whatever the length is.
        case .length(let count): if !mayHaveTrailers { sendRemaining = count }
        case .chunked, .untilClose: break
        }
        session.writeResponse(self, head, endStream: endStream)
        if endStream { hasSentEnd = true }
    }

    private var mayHaveTrailers: Bool {
        guard let exchange else { return false }
        return !exchange.isLocalReply && exchange.upstreamMajorVersion == 2
    }

    func respondBody(_ bytes: Span<UInt8>) { send(bytes) }

    func respondEnd(trailers: Head?) {
        if hasSentEnd { return }
        sendEnd(trailers: trailers)
    }

    func abortResponse(_ reason: StreamAbort) {
        let ended = exchange
        exchange = nil
        chain.stats.increment(.downstreamRqRxReset)
        switch reason {
        // RFC 9113 section 8.5: what is at the other end of a tunnel broke, not this connection.
        case .upstreamReset: reset(isSwitched ? .connectError : .internalError)
        case .local: reset(.internalError)
        case .protocolError: reset(.protocolError)
        }
        if let ended { connection.worker.giveBack(ended) }
    }

    func exchangeFinished(_ ended: Exchange) {
        guard exchange === ended else { return }
        exchange = nil
        flushTimeout = ended.streamIdleTimeout
        let worker = connection.worker
        worker.giveBack(ended)
        if isReset || id == 0 {
            connection.recycle(self)
            return
        }
        if isWaitingToSend { connection.awaitFlush(self) }
        if !hasReceivedEnd, respondsUnfinished || isSwitched, hasSentEnd {
            // The rest of the request is not wanted (RFC 9113 section 8.1).
            isReceivingPaused = true
            chain.stats.increment(.downstreamRqRxReset)
            if isWaitingToSend { resetsAfterEnd = true } else { reset(.noError) }
            return
        }
        if isClosed {
            if session.streams[id] === self {
                session.close(self)
            } else {
                connection.recycle(self)
            }
        } else if !hasReceivedEnd {
            // What comes yet is thrown away, within the window that is left.
            isReceivingPaused = true
        }
    }

    func prepareToDiscard(_ framing: BodyFraming) { respondsUnfinished = true }
    func closesUnfinished() { respondsUnfinished = true }
    func closesAfterResponse() {}
    func switchProtocols() { isSwitched = true }
}
