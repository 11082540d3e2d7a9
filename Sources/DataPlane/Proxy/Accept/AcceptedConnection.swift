import Glibc
import Identity
import Model
import Policy
import Telemetry
import Wire

/// A connection whose filter chain is not known yet: the listener filters look at where it wanted to
/// go and at its first bytes, then the chain's handshake follows, then another object goes on.
///
/// What is looked at is kept in `input` and given on unchanged. Server-first protocols need no byte
/// of the client where the chain is decided without one.
final class AcceptedConnection: StreamConnection, ClientConnection {
    private enum Stage {
        case proxyProtocol
        case inspection
        case handshake
        case done
    }

    private(set) var listener: ListenerState
    var position = 0
    private var stage: Stage
    private var remote: SocketAddress
    private let directRemote: SocketAddress
    private var local: SocketAddress
    private var originalDestination: SocketAddress?
    private var serverName: ByteString = ""
    private var applicationProtocols: [ByteString] = []
    private var transportProtocol: ByteString = "raw_buffer"
    private var chain: FilterChainState?
    /// Enough is known to choose a chain.
    private var isDecided = false
    /// The first bytes are not those of TLS.
    private var isClear = false
    private var timer = TimerHandle.none
    private let acceptedAt: Int64
    private let connectionID: UInt64

    private static let filterTimer: UInt8 = 0
    private static let handshakeTimer: UInt8 = 1
    /// Milliseconds that a handshake may take where the chain says nothing.
    private static let handshakeMilliseconds: Int64 = 10_000
    /// No inspection keeps more bytes than these.
    private static let inspectedBytesMax = 16 * 1024

    private var worker: Worker { listener.worker }
    private var filters: ListenerFilters { listener.configuration.filters }
    var listenerLine: ListenerState.Line { listener.line }

    init(descriptor: Int32, remote: SocketAddress, listener: ListenerState) {
        self.listener = listener
        self.remote = remote
        directRemote = remote
        local = SystemCall.localAddress(descriptor)
        acceptedAt = listener.worker.loop.nowMilliseconds
        connectionID = listener.worker.nextConnectionID()
        stage = listener.configuration.filters.proxyProtocol == nil ? .inspection : .proxyProtocol
        super.init(descriptor: descriptor, loop: listener.worker.loop)
    }

    func start() {
        listener.listenerStats.increment(.downstreamPreCxActive)
        let isTransparent = listener.configuration.isTransparent
        if isTransparent || filters.originalDestination
            || listener.configuration.handsOffOriginalDestination
        {
            originalDestination = SystemCall.originalDestination(descriptor, of: local)
        }
        // TPROXY: the socket's own address is where the client wanted to go. What is redirected may
        // come to a transparent listener too.
        if isTransparent, originalDestination == nil { originalDestination = local }
        if let originalDestination { local = originalDestination }
        if listener.configuration.handsOffOriginalDestination { handOffToOwner() }
        if filters.inspects, let limit = filters.timeoutMilliseconds {
            arm(at: acceptedAt + limit, Self.filterTimer)
        }
        if stage == .inspection {
            inspect(Span<UInt8>())
            settled()
        }
    }

    private func arm(at due: Int64, _ kind: UInt8) {
        loop.timers.arm(&timer, at: due, target: self, kind: kind)
    }

    /// The listener of the address that the client wanted, where there is one (`use_original_dst`).
    private func handOffToOwner() {
        guard let wanted = originalDestination,
            let owner = worker.listener(for: wanted, except: listener)
        else { return }
        listener.listenerStats.decrement(.downstreamPreCxActive)
        listener.connectionClosed()
        listener = owner
        listener.shared.openUnconditionally()
        listener.listenerStats.increment(.downstreamPreCxActive)
        stage = filters.proxyProtocol == nil ? .inspection : .proxyProtocol
    }

    // MARK: - Listener filters

    override func received(_ bytes: Span<UInt8>) -> Int {
        switch stage {
        case .proxyProtocol:
            let consumed = readProxyHeader(bytes)
            if isOpen, stage == .inspection { inspect(bytes.extracting(consumed...)) }
            return isOpen ? consumed : bytes.count
        case .inspection:
            inspect(bytes)
            return isOpen ? 0 : bytes.count
        case .handshake, .done:
            return 0
        }
    }

    /// What was looked at is in `input` now, so it can go on with the connection.
    override func settled() {
        if isDecided, isOpen, stage == .inspection { choose() }
    }

    private func readProxyHeader(_ bytes: Span<UInt8>) -> Int {
        guard let options = filters.proxyProtocol else { return 0 }
        let stats = worker.listenerFilterStats
        switch ProxyProtocolParser.parse(bytes) {
        case .more:
            return 0
        case .none:
            guard options.allowsMissing else {
                stats.increment(.proxyProtoNotFoundDisallowed)
                stats.increment(.proxyProtoError)
                refuse("the connection has no PROXY header, and the listener asks for one")
                return bytes.count
            }
            stats.increment(.proxyProtoNotFoundAllowed)
            stage = .inspection
            return 0
        case .malformed(let why):
            stats.increment(.proxyProtoError)
            // The first byte tells the version.
            stats.increment(bytes[0] == 0x0d ? .proxyProtoV2Error : .proxyProtoV1Error)
            refuse("the PROXY header is malformed: \(why)")
            return bytes.count
        case .header(let header):
            stats.increment(header.version == .v1 ? .proxyProtoV1Found : .proxyProtoV2Found)
            let isAccepted = header.version == .v1 ? options.acceptsV1 : options.acceptsV2
            guard isAccepted else {
                stats.increment(
                    header.version == .v1 ? .proxyProtoV1Disallowed : .proxyProtoV2Disallowed
                )
                refuse("the PROXY header's version is not accepted here")
                return bytes.count
            }
            if !header.isLocal {
                if let source = header.source { remote = source }
                if let destination = header.destination {
                    local = destination
                    originalDestination = destination
                }
            }
            stage = .inspection
            // The header is gone; what follows is what the client says.
            bytesReceived &-= UInt64(header.consumed)
            return header.consumed
        }
    }

    /// Looks at the first bytes, as far as the choice of a chain depends on them.
    private func inspect(_ bytes: Span<UInt8>) {
        let needsBytes =
            (filters.inspectsTLS(to: local.port) || filters.inspectsHTTP(to: local.port))
            && listener.shared.needsInspection(local.port)
        guard needsBytes else {
            isDecided = true
            return
        }
        let stats = worker.listenerFilterStats
        if !isClear, filters.inspectsTLS(to: local.port) {
            switch ClientHelloParser.parse(bytes, maxBytes: Self.inspectedBytesMax) {
            case .more: return
            case .clientHello(let hello):
                stats.increment(.tlsInspectorTlsFound)
                transportProtocol = "tls"
                serverName = hello.serverName ?? ""
                applicationProtocols = hello.applicationProtocols
                stats.increment(
                    serverName.isEmpty ? .tlsInspectorSniNotFound : .tlsInspectorSniFound
                )
                stats.increment(
                    applicationProtocols.isEmpty
                        ? .tlsInspectorAlpnNotFound : .tlsInspectorAlpnFound
                )
                isDecided = true
                return
            case .malformed(.tooLarge):
                stats.increment(.tlsInspectorClientHelloTooLarge)
                refuse("the ClientHello is larger than \(Self.inspectedBytesMax) bytes")
                return
            case .notTLS, .malformed:
                isClear = true
                stats.increment(.tlsInspectorTlsNotFound)
            }
        }
        if filters.inspectsHTTP(to: local.port) {
            switch ProtocolDetection.detect(bytes) {
            case .more: return
            case .http10:
                stats.increment(.httpInspectorHttp10Found)
                applicationProtocols = ["http/1.0"]
            case .http11:
                stats.increment(.httpInspectorHttp11Found)
                applicationProtocols = ["http/1.1"]
            case .http2:
                stats.increment(.httpInspectorHttp2Found)
                applicationProtocols = ["h2c"]
            case .unknown, .tooLong: stats.increment(.httpInspectorHttpNotFound)
            }
        }
        isDecided = true
    }

    private var facts: ConnectionFacts {
        ConnectionFacts(
            destination: local,
            serverName: serverName.isEmpty ? nil : serverName,
            transportProtocol: transportProtocol,
            applicationProtocols: applicationProtocols,
            directRemote: directRemote,
            remote: remote
        )
    }

    // MARK: - The chain

    private func choose() {
        loop.timers.cancel(&timer)
        let chosen = listener.shared.selection.select(facts) ?? listener.defaultPosition
        guard let position = chosen, position < listener.chains.count else {
            listener.listenerStats.increment(.noFilterChainMatch)
            log { record in
                record.flags = .noRouteFound
                record.responseCodeDetails = "filter_chain_not_found"
            }
            close(local: true)
            return
        }
        let chain = listener.chains[position]
        self.chain = chain
        // From here on it is a connection of the listener.
        listener.listenerStats.decrement(.downstreamPreCxActive)
        listener.listenerStats.increment(.downstreamCxTotal)
        listener.listenerStats.increment(.downstreamCxActive)
        guard let slot = chain.context else {
            proceed()
            return
        }
        guard let context = slot.current else {
            refuse("the listener's certificate has not come yet")
            return
        }
        stage = .handshake
        let limit =
            chain.configuration.transportConnectTimeoutMilliseconds ?? Self.handshakeMilliseconds
        arm(at: loop.nowMilliseconds + limit, Self.handshakeTimer)
        // What is counted is what the client says, not how it is sealed.
        bytesReceived = 0
        let session = TLSSession(server: context, io: loop.tls)
        startHandshake(session)
    }

    override func secured() {
        guard let tls, let chain else { return }
        loop.timers.cancel(&timer)
        let facts = tls.session.facts
        chain.tlsStats.count(tls.session)
        tls.stats = chain.tlsStats
        if !facts.serverName.isEmpty { serverName = facts.serverName }
        proceed()
    }

    override func handshakeFailed(_ failure: TLSFailure) {
        loop.timers.cancel(&timer)
        chain?.tlsStats.count(failure)
        worker.report(
            "connection from \(directRemote) refused: TLS: \(failure.explanation)",
            listener: listener.configuration.name
        )
        log(transportFailure: failure)
        close(local: true)
    }

    /// Gives the connection to what the chain ends in.
    private func proceed() {
        guard let chain else { return }
        stage = .done
        let peer = DownstreamPeer(
            connectionID: connectionID,
            remoteAddress: remote,
            directRemoteAddress: directRemote,
            localAddress: local,
            originalDestination: originalDestination,
            session: tls?.session,
            requestedServerName: serverName,
            imitated: filters.originalSource.flatMap { ImitatedSource(of: remote, $0) }
        )
        switch chain {
        case let http as HTTPChain:
            let negotiated = tls?.session.applicationProtocol ?? []
            let isHTTP2 =
                http.http.codec == .http2 || http.http.codec == .auto && negotiated == [0x68, 0x32]
            if isHTTP2 {
                begin(HTTP2ServerConnection(descriptor: -1, peer: peer, chain: http))
            } else {
                begin(DownstreamConnection(descriptor: -1, peer: peer, chain: http))
            }
        case let tcp as TCPChain:
            begin(TCPClientConnection(descriptor: -1, peer: peer, chain: tcp))
        default:
            break
        }
    }

    private func begin(_ next: some StreamConnection & ClientConnection & Startable) {
        handOver(to: next)
        // In this order: a worker that drains ends with its last connection.
        worker.addConnection(next)
        worker.removeConnection(self)
        next.start()
        if chain?.isDraining == true { (next as? HTTP2ServerConnection)?.drain() }
    }

    // MARK: - The end

    override func timerFired(kind: UInt8) {
        timer = .none
        if kind == Self.handshakeTimer {
            listener.listenerStats.increment(.downstreamCxTransportSocketConnectTimeout)
            worker.report(
                "connection from \(directRemote) closed: its TLS handshake took too long",
                listener: listener.configuration.name
            )
            log { $0.connectionTerminationDetails = "transport socket timeout was reached" }
            close(local: true)
            return
        }
        listener.listenerStats.increment(.downstreamPreCxTimeout)
        if filters.continuesOnTimeout, stage == .inspection {
            choose()
            return
        }
        log { _ in }
        close(local: true)
    }

    private func refuse(_ why: String) {
        worker.report(
            "connection from \(directRemote) refused: \(why)",
            listener: listener.configuration.name
        )
        log { _ in }
        close(local: true)
    }

    override func receivedEnd() {
        if stage == .inspection, !input.isEmpty {
            // All that the client will say has come: what is known must do.
            choose()
            if !isOpen || stage == .done { return }
        }
        if chain == nil {
            listener.listenerStats.increment(.downstreamListenerFilterRemoteClose)
        }
        log { _ in }
        close(local: false)
    }

    override func lost(_ code: Int32) {
        if let chain {
            chain.tlsStats.increment(.connectionError)
        } else {
            listener.listenerStats.increment(.downstreamListenerFilterError)
        }
        log { _ in }
        close(local: false)
    }

    /// What the client has begun to say is heard to its end, which has a deadline of its own, and
    /// its first request is answered.
    func drain() {
        if stage == .handshake || !input.isEmpty { return }
        close(local: true)
    }

    func cut() { close(local: true) }

    func listenerChanged() {
        if listener.line.isRemoved { drain() }
    }

    private func close(local isLocal: Bool) {
        guard isOpen else { return }
        loop.timers.cancel(&timer)
        if chain == nil {
            listener.listenerStats.decrement(.downstreamPreCxActive)
        } else {
            listener.listenerStats.decrement(.downstreamCxActive)
            listener.listenerStats.increment(.downstreamCxDestroy)
            listener.listenerStats.record(
                .downstreamCxLengthMs,
                milliseconds: UInt64(max(0, loop.nowMilliseconds - acceptedAt))
            )
        }
        // What the client said has reached nobody, and the end says so.
        closeNow(abruptly: chain == nil && isLocal && bytesReceived > 0)
        worker.removeConnection(self)
        listener.connectionClosed()
    }

    // MARK: - The listener's own log

    private func log(transportFailure failure: TLSFailure) {
        log { $0.downstreamTransportFailureReason = failure.envoyText }
    }

    private func log(_ change: (inout ExchangeRecord) -> Void) {
        guard !listener.accessLogs.isEmpty else { return }
        var record = ExchangeRecord()
        record.isConnection = true
        record.requestStartUnixMicroseconds = acceptedAt * 1000 &+ loop.unixOffsetMicroseconds
        record.durationMicroseconds = (loop.nowMilliseconds - acceptedAt) * 1000
        record.downstreamRemoteAddress = remote
        record.downstreamDirectRemoteAddress = directRemote
        record.downstreamLocalAddress = local
        record.connectionID = connectionID
        record.listenerName = listener.configuration.name
        record.requestedServerName = serverName
        record.filterChainName = chain?.configuration.name ?? ""
        record.isTLS = tls != nil
        record.downstreamTLS = tls?.session.facts
        change(&record)
        worker.writeConnectionLines(record, of: listener)
    }
}

/// A connection that goes on where the choice of its chain has ended.
protocol Startable {
    func start()
}
