import Glibc
import Model
import Policy
import Telemetry
import Wire

/// A CONNECT tunnel that ends here: the exchange's bytes go to the endpoint as they are
/// (`connect_config`).
///
/// The connection is made for one exchange. That it stands is the response: its head is 200, and no
/// byte of the request's head goes out.
final class TCPTunnelStream: RawUpstreamSocket, UpstreamStream {
    private let pool: ConnectionPool
    private var exchange: Exchange?
    /// The exchange has said everything; what waits is still sent.
    private var isReleased = false
    private var endsAfterBacklog = false
    /// The endpoint has ended its side.
    private var hasEnded = false

    init(continuing socket: ConnectingSocket, pool: ConnectionPool) {
        self.pool = pool
        super.init(continuing: socket)
    }

    var backlogCount: Int { waitingBytes }
    /// No HTTP at all.
    var majorVersion: UInt8 { 0 }

    // MARK: - What the exchange asks for

    func attach(_ exchange: Exchange) { self.exchange = exchange }
    func hand(to next: Exchange) { exchange = next }
    func switchProtocols() {}

    func sendHead(_ head: Head, framing: BodyFraming) {
        guard let exchange else { return }
        begin()
        exchange.response.reset()
        exchange.response.status = 200
        // A tunnel's response has no body; one to POST lasts as long as the endpoint sends.
        exchange.upstreamHead(framing: exchange.upgrade == nil ? .untilClose : .none)
    }

    func sendBody(_ bytes: Span<UInt8>) { relay(bytes) }

    func sendEnd(trailers: Head?) {
        if isDrained { finishWriting() } else { endsAfterBacklog = true }
    }

    func pauseReading() { isReadingPaused = true }
    func resumeReading() { resumeReadingLater() }

    func release() {
        exchange = nil
        if isDrained { close(local: !hasEnded) } else { isReleased = true }
    }

    func reset() {
        close(local: true)
        exchange = nil
    }

    private func close(local: Bool) {
        guard !isDone else { return }
        isDone = true
        countClose(local: local, hadRequest: exchange != nil)
        closeNow()
        pool.closed(priority)
    }

    // MARK: - What comes back

    override func take(_ bytes: Span<UInt8>) {
        exchange?.upstreamBody(bytes)
        countBytes()
    }

    override func drained() {
        if isReleased {
            close(local: !hasEnded)
            return
        }
        if endsAfterBacklog {
            endsAfterBacklog = false
            finishWriting()
        }
        exchange?.upstreamDrained()
    }

    override func receivedEnd() {
        hasEnded = true
        exchange?.upstreamEnd(trailers: nil)
    }

    override func lost(_ code: Int32) {
        let failed = exchange
        close(local: false)
        exchange = nil
        failed?.upstreamFailed(
            .connectionTermination,
            explanation: code == ECONNRESET ? "reset the connection" : nil
        )
    }
}

extension Exchange {
    /// How this request's tunnel ends here; nil where the request is passed on as HTTP.
    var connectTermination: ConnectTermination? {
        if let upgrade {
            let isConnect = request.method == .connect && request.upgradeProtocol.isEmpty
            return isConnect ? upgrade.connect : nil
        }
        guard let forward, !forward.upgrades.isEmpty, request.method == .post else { return nil }
        for upgrade in forward.upgrades where upgrade.type == "connect" && upgrade.isEnabled {
            if let found = upgrade.connect, found.allowsPOST { return found }
        }
        return nil
    }
}
