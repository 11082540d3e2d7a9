import CLinux
import Glibc
import Identity
import Model
import Policy
import Telemetry

/// Who waits for a connection to be made.
protocol ConnectionReceiver: AnyObject {
    /// The connection stands, its handshake done: whoever it is for takes it over.
    func connected(_ socket: ConnectingSocket)
    func connectFailed(_ socket: ConnectingSocket, _ failure: ConnectFailure)
    /// Another address of the endpoint is tried beside the first.
    func openedAnother(_ priority: RoutingPriority)
    /// An attempt is over, and others of the same race go on or have won.
    func closedWithoutLoss(_ socket: ConnectingSocket)
}

/// Why no connection came to be.
struct ConnectFailure {
    var reason: ResetReason
    /// errno.
    var code: Int32
    /// nil where the connection failed before its handshake.
    var tls: TLSFailure?
}

/// What distinguishes the connections to one endpoint.
struct ConnectOptions {
    /// Instead of the one that the transport has; empty: the transport's.
    var serverName: ByteString = ""
    /// The host whose certificate it must be; empty: there is none, and no certificate will do.
    var verifiedHost: ByteString?
    /// What the handshake offers, where the transport does not say.
    var alpn: [[UInt8]] = []
    /// Goes first, in clear.
    var proxyHeader: [UInt8] = []
    /// The client, where its address is imitated.
    var source: ImitatedSource?
}

/// A connection on its way: TCP, the PROXY header, the TLS handshake, all within `connect_timeout`.
final class ConnectingSocket: UpstreamSocket {
    private let options: ConnectOptions
    private let receiver: any ConnectionReceiver
    private let race: AddressRace?
    private var timer = TimerHandle.none
    private var hasTCP = false

    init(
        endpoint: EndpointState,
        priority: RoutingPriority,
        address: SocketAddress,
        options: ConnectOptions,
        receiver: any ConnectionReceiver,
        race: AddressRace? = nil
    ) throws(SystemCallError) {
        self.options = options
        self.receiver = receiver
        self.race = race
        super.init(
            descriptor: try SystemCall.socket(address),
            endpoint: endpoint,
            priority: priority,
            address: address
        )
        do {
            if case .unix = address {
            } else {
                try SystemCall.set(
                    descriptor,
                    level: Int32(IPPROTO_TCP),
                    option: TCP_NODELAY,
                    1
                )
                try configuration.connection.apply(
                    to: descriptor,
                    for: address,
                    bindsSource: options.source == nil
                )
                try options.source?.apply(to: descriptor, for: address)
            }
            _ = try SystemCall.connect(descriptor, to: address)
            isWritable = false
            try loop.add(self, interest: .edges)
        } catch {
            _ = Glibc.close(descriptor)
            throw error
        }
    }

    func start() {
        countOpen()
        endpoint.opened(self)
        loop.timers.arm(
            &timer,
            at: loop.nowMilliseconds + configuration.connectTimeoutMilliseconds,
            target: self,
            kind: 0
        )
    }

    // MARK: - TCP

    override func becameWritable() {
        guard !hasTCP else { return }
        let code = SystemCall.pendingError(descriptor)
        if code != 0 {
            fail(ConnectFailure(reason: .connectFailure, code: code))
            return
        }
        if sawHangup { return }
        hasTCP = true
        if !options.proxyHeader.isEmpty { sendProxyHeader() }
        guard isOpen else { return }
        guard let transport = endpoint.transport, let slot = transport.context else {
            established()
            return
        }
        guard let context = slot.current else {
            fail(ConnectFailure(reason: .connectFailure, code: EKEYREJECTED))
            return
        }
        if let host = options.verifiedHost, host.isEmpty {
            handshakeFailed(.nothingToVerify)
            return
        }
        startHandshake(
            TLSSession(
                client: context,
                io: loop.tls,
                serverName: transport.serverName(options.serverName, endpoint.hostname),
                verifyName: transport.verifiedName(
                    options.serverName,
                    endpoint.hostname,
                    host: options.verifiedHost
                ),
                alpn: transport.alpn(options.alpn)
            )
        )
    }

    /// In clear, before a handshake: few bytes into an empty socket buffer.
    private func sendProxyHeader() {
        let header = options.proxyHeader
        let sent = unsafe header.withUnsafeBytes {
            unsafe pillion_send(descriptor, $0.baseAddress, $0.count)
        }
        if sent != header.count {
            fail(ConnectFailure(reason: .connectFailure, code: sent < 0 ? errno : EAGAIN))
        }
    }

    // MARK: - TLS

    override func secured() {
        guard let tls else { return }
        endpoint.cluster.tlsStats.count(tls.session)
        tls.stats = endpoint.cluster.tlsStats
        established()
    }

    override func handshakeFailed(_ failure: TLSFailure) {
        count(failure)
        fail(ConnectFailure(reason: .connectFailure, code: EPROTO, tls: failure))
    }

    private func established() {
        loop.timers.cancel(&timer)
        stats.record(
            .upstreamCxConnectMs,
            milliseconds: UInt64(max(0, loop.nowMilliseconds - openedAt))
        )
        endpoint.forget(self)
        isDone = true
        if let race { race.connected(self) } else { receiver.connected(self) }
    }

    // MARK: - The end

    override func timerFired(kind: UInt8) {
        timer = .none
        fail(ConnectFailure(reason: .connectTimeout, code: ETIMEDOUT))
    }

    override func receivedEnd() { lost(hasTCP ? ECONNRESET : ECONNREFUSED) }

    override func lost(_ code: Int32) {
        var failure = tls?.failure
        if let tls, tls.isHandshaking {
            let end = failure ?? tls.session.failureOfEnd()
            count(end)
            failure = end
        }
        fail(
            ConnectFailure(
                reason: .connectFailure,
                code: code == 0 ? ECONNREFUSED : code,
                tls: failure
            )
        )
    }

    /// Says in a counter and in a line which check failed, and for whom.
    private func count(_ failure: TLSFailure) {
        endpoint.cluster.tlsStats.count(failure)
        endpoint.cluster.worker.report(
            "connection to \(address) of cluster \(configuration.name) refused: TLS: "
                + failure.explanation,
            listener: ""
        )
    }

    private func fail(_ failure: ConnectFailure) {
        guard !isDone else { return }
        loop.timers.cancel(&timer)
        stats.increment(.upstreamCxConnectFail)
        if failure.reason == .connectTimeout { stats.increment(.upstreamCxConnectTimeout) }
        isDone = true
        countClose(local: failure.reason == .connectTimeout, hadRequest: false)
        closeNow()
        if let race {
            race.failed(self, failure)
        } else {
            receiver.connectFailed(self, failure)
        }
    }

    /// Another address has won, or nobody waits any more: this attempt is of no use.
    func abandon() {
        guard !isDone else { return }
        loop.timers.cancel(&timer)
        isDone = true
        countClose(local: true, hadRequest: false)
        closeNow()
        receiver.closedWithoutLoss(self)
    }
}
