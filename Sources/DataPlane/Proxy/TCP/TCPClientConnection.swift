import Glibc
import Model
import Policy
import Telemetry

/// A client's connection that is relayed byte for byte (`envoy.filters.network.tcp_proxy`).
///
/// The endpoint is connected at once, without waiting for a byte of the client: a server may speak
/// first. Until then nothing is read from the client. Afterwards each side is read only as fast as
/// the other one takes it, so that at most one read of each direction waits in memory. The end of
/// one direction is passed on after what waits before it; the connection is over when both have
/// ended.
final class TCPClientConnection: StreamConnection, ClientConnection, Startable {
    enum Phase {
        case connecting
        case relaying
        /// The client is gone; the endpoint still gets what it had sent.
        case flushingUpstream
        /// The endpoint is gone; the client still gets what it had sent.
        case flushingClient
        case closed
    }

    let chain: TCPChain
    let peer: DownstreamPeer
    var position = 0
    var phase: Phase = .connecting

    // MARK: The endpoint's side
    /// The cluster that was drawn; attempts stay with it.
    var clusterName = ""
    var cluster: ClusterState?
    var endpoint: EndpointState?
    var attempt: TCPAttempt?
    var upstream: TCPUpstreamConnection?
    var attemptCount: UInt32 = 0

    // MARK: The directions
    var hasClientEnded = false
    var hasUpstreamEnded = false
    /// The endpoint finished before the client did: then this side ends its connection.
    var didUpstreamEndFirst = false
    var isFlushCounted = false

    // MARK: What the log says
    var flags: ResponseFlags = []
    var reason = ""
    var transportFailure = ""
    var upstreamFacts = UpstreamFacts()
    let startedAt: Int64
    private var receivedBefore: UInt64 = 0
    private var countedReceived: UInt64 = 0
    private var countedSent: UInt64 = 0
    private var bufferedForUpstream: UInt64 = 0
    private var bufferedForClient: UInt64 = 0

    // MARK: Time
    /// Milliseconds.
    var lastActivity: Int64
    private var timer = TimerHandle.none
    private var logTimer = TimerHandle.none
    private static let endTimer: UInt8 = 0
    private static let lineTimer: UInt8 = 1

    init(descriptor: Int32, peer: DownstreamPeer, chain: TCPChain) {
        self.chain = chain
        self.peer = peer
        startedAt = chain.worker.loop.nowMicroseconds
        lastActivity = chain.worker.loop.nowMilliseconds
        super.init(descriptor: descriptor, loop: chain.worker.loop)
    }

    var tcp: TCPProxyConfiguration { chain.tcp }
    var stats: TCPStats { chain.stats }
    var worker: Worker { chain.worker }
    var listenerLine: ListenerState.Line { chain.listenerLine }

    lazy var localAddress: SocketAddress =
        peer.localAddress ?? SystemCall.localAddress(descriptor)

    func start() {
        // What came before is the first of the payload; the PROXY header was none of it.
        receivedBefore = bytesReceived &- UInt64(input.count)
        countedReceived = receivedBefore
        countedSent = bytesSent
        isReadingPaused = true
        stats.increment(.downstreamCxTotal)
        if peer.session == nil { setNoDelay() }
        armTimer()
        armLogTimer()
        if tcp.logTimes.atStart { writeLineMeanwhile() }
        connect()
    }

    /// Small messages are not held back until the client has acknowledged those before.
    private func setNoDelay() {
        if case .unix = localAddress { return }
        try? SystemCall.set(descriptor, level: Int32(IPPROTO_TCP), option: TCP_NODELAY, 1)
    }

    // MARK: - Events of the client's side

    override func received(_ bytes: Span<UInt8>) -> Int {
        relayToUpstream(bytes)
        return bytes.count
    }

    override func receivedEnd() { clientEnded() }
    override func lost(_ code: Int32) { clientLost() }
    override func drained() { clientDrained() }
    /// While there is an endpoint, it gets everything that the client has sent.
    override var readsBeforeLoss: Bool { phase == .relaying && upstream?.writeError == 0 }

    // MARK: - Time

    func armTimer() {
        var due = Int64.max
        if let longest = tcp.durationMaxMilliseconds { due = startedAt / 1000 + longest }
        if phase != .connecting, let idle = tcp.idleTimeoutMilliseconds {
            due = min(due, lastActivity + idle)
        }
        loop.timers.cancel(&timer)
        if due == .max { return }
        loop.timers.arm(&timer, at: due, target: self, kind: Self.endTimer)
    }

    private func armLogTimer() {
        guard let interval = tcp.logTimes.everyMilliseconds else { return }
        let due = loop.nowMilliseconds + interval
        loop.timers.arm(&logTimer, at: due, target: self, kind: Self.lineTimer)
    }

    override func timerFired(kind: UInt8) {
        if kind == Self.lineTimer {
            logTimer = .none
            writeLineMeanwhile()
            armLogTimer()
            return
        }
        timer = .none
        let now = loop.nowMilliseconds
        if let longest = tcp.durationMaxMilliseconds, now >= startedAt / 1000 + longest {
            stats.increment(.maxDownstreamConnectionDuration)
            flags.insert(.durationTimeout)
            reason = "max_downstream_connection_duration (\(longest) ms) is over"
            finish()
            return
        }
        if phase != .connecting, let idle = tcp.idleTimeoutMilliseconds,
            now >= lastActivity + idle
        {
            stats.increment(.idleTimeout)
            reason = "no byte came in either direction for idle_timeout (\(idle) ms)"
            finish()
            return
        }
        armTimer()
    }

    // MARK: - What its worker tells

    /// Nobody can say when such a connection is between two uses, so it goes on until the deadline.
    func drain() {}

    func cut() {
        reason = "the drain's deadline has come"
        finish(client: .reset, upstream: .reset)
    }

    /// A connection stays with the configuration that it began with.
    func listenerChanged() {}

    // MARK: - The end

    enum Ending { case orderly, reset }

    /// Ends both sides, counts and logs.
    ///
    /// - Parameter isLocal: this side ended the endpoint's connection.
    func finish(client: Ending = .orderly, upstream ending: Ending = .orderly, isLocal: Bool = true)
    {
        guard phase != .closed else { return }
        cancelAttempt()
        countBytes()
        if phase == .flushingUpstream { stats.decrement(.upstreamFlushActive) }
        setBuffered(forUpstream: 0, forClient: 0)
        phase = .closed
        loop.timers.cancel(&timer)
        loop.timers.cancel(&logTimer)
        writeAccessLogs()
        releaseUpstream(local: isLocal, abruptly: ending == .reset)
        let length = UInt64(max(0, loop.nowMicroseconds - startedAt) / 1000)
        chain.listenerStats.record(.downstreamCxLengthMs, milliseconds: length)
        chain.listenerStats.decrement(.downstreamCxActive)
        chain.listenerStats.increment(.downstreamCxDestroy)
        closeNow(abruptly: client == .reset)
        worker.removeConnection(self)
        chain.connectionClosed()
    }

    // MARK: - Counting

    /// Payload of the client, of the endpoint.
    var payload: (received: UInt64, sent: UInt64) {
        (bytesReceived &- receivedBefore, bytesSent)
    }

    func countBytes() {
        if bytesReceived != countedReceived {
            stats.add(.downstreamCxRxBytesTotal, bytesReceived &- countedReceived)
            countedReceived = bytesReceived
        }
        if bytesSent != countedSent {
            stats.add(.downstreamCxTxBytesTotal, bytesSent &- countedSent)
            countedSent = bytesSent
        }
        upstream?.countBytes()
    }

    /// Keeps the gauges of waiting bytes.
    func countBuffered() {
        let forUpstream = UInt64(upstream?.waitingBytes ?? 0)
        let forClient = UInt64(waitingBytes)
        if forUpstream == bufferedForUpstream, forClient == bufferedForClient { return }
        setBuffered(forUpstream: forUpstream, forClient: forClient)
    }

    private func setBuffered(forUpstream: UInt64, forClient: UInt64) {
        move(.downstreamCxRxBytesBuffered, from: bufferedForUpstream, to: forUpstream)
        move(.downstreamCxTxBytesBuffered, from: bufferedForClient, to: forClient)
        bufferedForUpstream = forUpstream
        bufferedForClient = forClient
    }

    private func move(_ gauge: TCPStat, from before: UInt64, to now: UInt64) {
        if now > before {
            stats.add(gauge, now - before)
        } else if now < before {
            stats.subtract(gauge, before - now)
        }
    }
}

extension StreamConnection {
    /// What was written and not taken by the kernel, sealed or not.
    final var waitingBytes: Int { output.count + (tls?.sealed.count ?? 0) }
}
