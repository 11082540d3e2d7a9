import Identity
import Model
import Policy
import Telemetry
import Wire

/// One request on an HTTP/2 connection to an endpoint: an exchange's upstream side.
final class HTTP2ClientStream: HTTP2Stream, UpstreamStream {
    let connection: HTTP2ClientConnection
    private(set) var exchange: Exchange?
    /// The head of the response proper has come.
    private(set) var hasHead = false
    private var requestFraming: BodyFraming = .none
    private var isUpgrade = false
    private var isFinished = false

    init(connection: HTTP2ClientConnection) {
        self.connection = connection
        super.init(session: connection.session)
    }

    override func recycle() {
        super.recycle()
        exchange = nil
        hasHead = false
        requestFraming = .none
        isUpgrade = false
        isFinished = false
    }

    var majorVersion: UInt8 { 2 }
    var connectionID: UInt64 { connection.connectionID }
    var address: SocketAddress { connection.address }
    var localAddress: SocketAddress { connection.localAddress }
    var tlsFacts: TLSFacts? { connection.tlsFacts }

    // MARK: - What the exchange asks for

    func attach(_ exchange: Exchange) { self.exchange = exchange }
    func hand(to next: Exchange) { exchange = next }

    func sendHead(_ head: Head, framing: BodyFraming) {
        guard let number = connection.nextStreamID() else {
            lose { $0.upstreamFailed(.refusedStream, isUnprocessed: true) }
            return
        }
        open(number)
        session.add(self)
        requestFraming = framing
        isUpgrade = !head.upgradeProtocol.isEmpty
        let isConnect = head.method == .connect
        if isUpgrade, !session.remote.enablesConnectProtocol, session.hasRemoteSettings {
            reset(.cancel)
            lose {
                $0.upstreamFailed(
                    .protocolError,
                    explanation: "it does not take extended CONNECT (RFC 8441)"
                )
            }
            return
        }
        let method = head.method
        let spelled = head.methodSlice
        if isUpgrade { head.method = .connect }
        let endStream = framing == .none && !isUpgrade && !isConnect || framing == .length(0)
        session.writeRequest(self, head, endStream: endStream)
        head.method = method
        head.methodSlice = spelled
        if endStream { hasSentEnd = true }
        // From HTTP/2 trailers may follow, whatever the length is.
        if case .length(let count) = framing, count > 0, head.majorVersion == 1 {
            sendRemaining = count
        }
    }

    func sendBody(_ bytes: Span<UInt8>) { send(bytes) }

    func switchProtocols() { receiveRemaining = nil }

    var backlogCount: Int { pending.count }
    var isReadingPaused: Bool { isReceivingPaused }
    func pauseReading() { pauseReceiving() }
    func resumeReading() { resumeReceiving() }

    override func drained() { exchange?.upstreamDrained() }

    func release() {
        exchange = nil
        finish()
    }

    func reset() {
        exchange = nil
        finish()
    }

    /// The exchange lets go: what is not over is cancelled.
    private func finish() {
        guard !isFinished else { return }
        isFinished = true
        if id != 0, !isReset {
            if isClosed {
                session.close(self)
            } else {
                connection.stats.increment(.upstreamRqTxReset)
                reset(hasReceivedEnd ? .noError : .cancel)
            }
        }
        connection.finished(self)
    }

    private func lose(_ tell: (Exchange) -> Void) {
        let lost = exchange
        exchange = nil
        guard !isFinished else { return }
        isFinished = true
        // Its place among the requests is free before others are offered this one's stream.
        lost?.releaseAttempt()
        connection.finished(self)
        if let lost { tell(lost) }
    }

    // MARK: - What comes back

    override func receivedHead(_ info: HTTP2HeadInfo, endStream: Bool) {
        guard let exchange else { return }
        if info.isInterim {
            _ = exchange.upstreamInterim()
            return
        }
        hasHead = true
        let response = exchange.response
        if isUpgrade, response.status / 100 == 2 {
            // The other side has switched; in HTTP/1.1's words (RFC 8441 section 5).
            response.status = 101
            response.upgradeProtocol = response.append(
                copyOf: exchange.request,
                exchange.request.upgradeProtocol
            )
        }
        let hasNoBody =
            exchange.sentMethod == .head || response.status == 204 || response.status == 304
        if !hasNoBody, !exchange.isAwaitingSwitch { receiveRemaining = info.contentLength }
        let framing: BodyFraming
        if endStream {
            if let left = receiveRemaining, left > 0 {
                let violation = HTTP2Violation(.contentLengthMismatch, streamID: id)
                violated(violation)
                return
            }
            hasReceivedEnd = true
            framing = hasNoBody ? .none : .length(0)
        } else {
            framing = hasNoBody ? .none : info.contentLength.map { .length($0) } ?? .chunked
        }
        let current = id
        exchange.upstreamHead(framing: framing)
        guard endStream, id == current, let now = self.exchange else { return }
        now.upstreamEnd(trailers: nil)
    }

    override func receivedData(_ bytes: Span<UInt8>) { exchange?.upstreamBody(bytes) }

    override func receivedEnd(hasTrailers: Bool) {
        guard let exchange else { return }
        guard hasHead else {
            violated(HTTP2Violation(.trailersWithoutEnd, streamID: id))
            return
        }
        exchange.upstreamEnd(trailers: hasTrailers ? exchange.trailers : nil)
    }

    override func receivedReset(_ code: HTTP2ErrorCode) {
        let stats = connection.stats
        switch code {
        case .refusedStream: lose { $0.upstreamFailed(.refusedStream, isUnprocessed: true) }
        case .connectError: lose { $0.upstreamFailed(.remoteReset, refusesConnect: true) }
        case .protocolError:
            stats.increment(.upstreamRqTxReset)
            lose {
                $0.upstreamFailed(
                    .protocolError,
                    explanation: "it reset the stream with PROTOCOL_ERROR"
                )
            }
        default:
            stats.increment(.upstreamRqRxReset)
            lose { $0.upstreamFailed(.remoteReset) }
        }
    }

    override func violated(_ violation: HTTP2Violation) {
        connection.stats.increment(.upstreamRqTxReset)
        if !isReset, id != 0 { reset(violation.code) }
        lose { $0.upstreamFailed(.protocolError, explanation: violation.explanation) }
    }

    override func connectionLost(_ reason: HTTP2ConnectionLoss) {
        switch reason {
        case .closed, .local:
            connection.stats.increment(.upstreamRqPendingFailureEject)
            lose { $0.upstreamFailed(.connectionTermination) }
        case .broken:
            connection.stats.increment(.upstreamRqPendingFailureEject)
            lose {
                $0.upstreamFailed(.connectionTermination, explanation: "reset the connection")
            }
        case .violation(let violation):
            connection.stats.increment(.upstreamRqTxReset)
            lose { $0.upstreamFailed(.protocolError, explanation: violation.explanation) }
        case .unprocessed: lose { $0.upstreamFailed(.refusedStream, isUnprocessed: true) }
        }
    }
}
