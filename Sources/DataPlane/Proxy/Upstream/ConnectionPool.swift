import Identity
import Model
import Policy
import Synchronization
import Telemetry

/// The connections to one endpoint that have the same key: those that are free, those that carry
/// several streams, and the exchanges that wait for one.
final class ConnectionPool: ConnectionReceiver {
    unowned let endpoint: EndpointState
    let key: PoolKey
    /// The connection used last is taken first: the others get to their idle timeout.
    private var idle: [UpstreamConnection] = []
    /// HTTP/2 connections that take requests.
    private var multiplexed: [HTTP2ClientConnection] = []
    private var waiting: [Exchange] = []
    private(set) var connectingCount = 0
    private(set) var openCount = 0
    /// What the endpoint has agreed to before, where it is asked.
    private var speaksHTTP2: Bool
    /// Streams that a connection has taken so far at the same time.
    private var streamsMax: Int

    private var cluster: ClusterState { endpoint.cluster }

    init(endpoint: EndpointState, key: PoolKey) {
        self.endpoint = endpoint
        self.key = key
        speaksHTTP2 = key.mode == .http2
        streamsMax = Int(endpoint.cluster.configuration.http2.concurrentStreamsMax)
    }

    var waitingCount: Int { waiting.count }
    var idleCount: Int { idle.count }
    var isEmpty: Bool { openCount == 0 && waiting.isEmpty && connectingCount == 0 }

    // MARK: - Requests

    /// Gives a connection that is free, or makes the exchange wait for one (circuit_breaker.proto:
    /// requests, pending requests and connections are limited, but there may always be one).
    func acquire(
        for exchange: Exchange,
        priority: RoutingPriority,
        fresh: Bool
    ) -> EndpointState.Acquisition {
        let limits = cluster.limits(priority)
        if !fresh {
            if let connection = multiplexed.first(where: \.hasRoom) {
                guard limits.tryAcquire(.requests) else { return .overflow(.requests) }
                return .connection(connection.makeStream())
            }
            if let connection = idle.popLast() {
                guard limits.tryAcquire(.requests) else {
                    idle.append(connection)
                    return .overflow(.requests)
                }
                if cluster.configuration.preconnect.perUpstreamRatio > 1 {
                    preconnect(priority: priority)
                }
                return .connection(connection)
            }
        }
        guard limits.tryAcquire(.pendingRequests) else { return .overflow(.pendingRequests) }
        cluster.stats.increment(.upstreamRqPendingTotal)
        cluster.stats.increment(.upstreamRqPendingActive)
        waiting.append(exchange)
        guard needsConnection else { return .waiting }
        let before = connectingCount
        do {
            try connect(priority: priority)
        } catch {
            stopWaiting(exchange, priority: priority)
            return .failed(error)
        }
        // No fresh connection is allowed: an idle one is better than none.
        if connectingCount == before, let connection = idle.popLast() { offer(connection) }
        if cluster.configuration.preconnect.perUpstreamRatio > 1 { preconnect(priority: priority) }
        return .waiting
    }

    /// Those that are on their way will not do for all that wait.
    private var needsConnection: Bool {
        let each = speaksHTTP2 ? max(1, streamsMax) : 1
        return connectingCount * each < waiting.count
    }

    /// Takes an exchange off the queue: it was cancelled or has been served.
    func stopWaiting(_ exchange: Exchange, priority: RoutingPriority) {
        guard let position = waiting.firstIndex(where: { $0 === exchange }) else { return }
        waiting.remove(at: position)
        leftQueue(priority: priority)
    }

    private func leftQueue(priority: RoutingPriority) {
        cluster.limits(priority).release(.pendingRequests)
        cluster.stats.decrement(.upstreamRqPendingActive)
    }

    /// The next that waits, with its place among the requests; nil where nobody waits.
    private func takeWaiting() -> Exchange? {
        while let exchange = waiting.first {
            waiting.removeFirst()
            let priority = exchange.priority
            leftQueue(priority: priority)
            if cluster.limits(priority).tryAcquire(.requests) { return exchange }
            exchange.overflowed(.requests)
        }
        return nil
    }

    // MARK: - Connections

    private func connect(priority: RoutingPriority) throws(SystemCallError) {
        let limits = cluster.limits(priority)
        if let most = cluster.configuration.connectionsPerEndpointMax,
            endpoint.shared.connectionsActive.load(ordering: .relaxed) >= Int(most), openCount > 0
        {
            cluster.stats.increment(.upstreamCxOverflow)
            return
        }
        if !limits.tryAcquire(.connections) {
            cluster.stats.increment(.upstreamCxOverflow)
            // With one connection on its way or open, the exchange waits for that one.
            if openCount > 0 { return }
            limits.acquire(.connections)
        }
        do {
            if endpoint.shared.endpoint.additionalAddresses.isEmpty {
                let connection = try ConnectingSocket(
                    endpoint: endpoint,
                    priority: priority,
                    address: endpoint.address,
                    options: key.options,
                    receiver: self
                )
                openCount += 1
                connectingCount += 1
                connection.start()
            } else {
                let race = AddressRace(
                    endpoint: endpoint,
                    priority: priority,
                    options: key.options,
                    receiver: self
                )
                try race.start()
                openCount += 1
                connectingCount += 1
            }
        } catch {
            limits.release(.connections)
            cluster.stats.increment(.upstreamCxConnectFail)
            throw error
        }
        switch key.mode {
        case .http1: cluster.stats.increment(.upstreamCxHttp1Total)
        case .http2: cluster.stats.increment(.upstreamCxHttp2Total)
        case .negotiated, .raw: break
        }
    }

    func openedAnother(_ priority: RoutingPriority) {
        cluster.limits(priority).acquire(.connections)
        openCount += 1
    }

    func closedWithoutLoss(_ socket: ConnectingSocket) {
        openCount -= 1
        cluster.limits(socket.priority).release(.connections)
    }

    /// Connects to this endpoint before anybody asks (`preconnect_policy`).
    func preconnect(priority: RoutingPriority) {
        let ratio = cluster.configuration.preconnect.perUpstreamRatio
        guard ratio > 1, !endpoint.isRetired, !endpoint.shared.isFailing, !speaksHTTP2,
            key.mode != .raw
        else { return }
        let active = endpoint.activeRequests
        let wanted = Int((Double(active + waiting.count) * ratio).rounded(.up))
        var rest = 3
        while rest > 0, active + connectingCount + idle.count < wanted {
            let before = connectingCount
            do throws(SystemCallError) {
                try connect(priority: priority)
            } catch {
                return
            }
            if connectingCount == before { return }
            rest -= 1
        }
    }

    /// Makes a first connection, where there is none (`predictive_preconnect_ratio`).
    func preconnectFirst(priority: RoutingPriority) {
        guard openCount == 0, !endpoint.isRetired else { return }
        try? connect(priority: priority)
    }

    func connected(_ socket: ConnectingSocket) {
        connectingCount -= 1
        if key.mode == .raw {
            let tunnel = TCPTunnelStream(continuing: socket, pool: self)
            socket.handOver(to: tunnel)
            endpoint.opened(tunnel)
            if let exchange = takeWaiting() {
                exchange.attached(to: tunnel)
            } else {
                tunnel.reset()
            }
            connectForWaiting()
            return
        }
        let negotiated = socket.tls?.session.applicationProtocol ?? []
        let isHTTP2 =
            key.mode == .http2 || key.mode == .negotiated && negotiated == [0x68, 0x32]
        if key.mode == .negotiated {
            speaksHTTP2 = isHTTP2
            cluster.stats.increment(isHTTP2 ? .upstreamCxHttp2Total : .upstreamCxHttp1Total)
        }
        if isHTTP2 {
            let connection = HTTP2ClientConnection(continuing: socket, pool: self)
            socket.handOver(to: connection)
            endpoint.opened(connection)
            multiplexed.append(connection)
            connection.start()
            offerStreams(connection)
        } else {
            let connection = UpstreamConnection(continuing: socket, pool: self)
            socket.handOver(to: connection)
            endpoint.opened(connection)
            offer(connection)
            connectForWaiting()
        }
    }

    /// A connection is free: the first exchange that waits takes it.
    func offer(_ connection: UpstreamConnection) {
        while let exchange = takeWaiting() {
            exchange.attached(to: connection)
            return
        }
        if !connection.isOpen { return }
        if endpoint.isRetired || cluster.worker.isDraining || connection.closesAfterUse {
            connection.closeIdle()
        } else {
            connection.becameIdle()
            idle.append(connection)
        }
    }

    /// A connection has room for streams: those that wait take them.
    func offerStreams(_ connection: HTTP2ClientConnection) {
        streamsMax = connection.streamsMax
        while connection.hasRoom, let exchange = takeWaiting() {
            exchange.attached(to: connection.makeStream())
        }
        connectForWaiting()
        if connection.isIdle, connection.isOpen,
            connection.closesAfterUse || endpoint.isRetired || cluster.worker.isDraining
        {
            connection.closeIdle()
        }
    }

    func connectFailed(_ socket: ConnectingSocket, _ failure: ConnectFailure) {
        connectingCount -= 1
        endpoint.shared.connectFailures.add(1, ordering: .relaxed)
        // All that wait fail now rather than one connect timeout after the other; each may retry.
        let failing = waiting
        waiting.removeAll(keepingCapacity: true)
        for exchange in failing {
            leftQueue(priority: exchange.priority)
            cluster.stats.increment(.upstreamRqPendingFailureEject)
        }
        closed(socket.priority)
        // One that failed before may have ended another of them.
        for exchange in failing where exchange.stage == .waiting && exchange.endpoint === endpoint {
            exchange.connectFailed(failure)
        }
    }

    func removeIdle(_ connection: UpstreamConnection) {
        if let position = idle.lastIndex(where: { $0 === connection }) { idle.remove(at: position) }
    }

    /// The connection takes no further streams: it goes away, or its streams are used up.
    func retire(_ connection: HTTP2ClientConnection) {
        if let position = multiplexed.firstIndex(where: { $0 === connection }) {
            multiplexed.remove(at: position)
        }
    }

    /// A connection is gone; whoever waits gets another one if there is none on its way.
    func closed(_ priority: RoutingPriority) {
        openCount -= 1
        cluster.limits(priority).release(.connections)
        connectForWaiting()
    }

    /// The place of a connection is free, also where others are open: those may be busy for long.
    ///
    /// Where no connection can be made, all are told, because no other event would.
    private func connectForWaiting() {
        while needsConnection {
            let exchange = waiting[0]
            let before = connectingCount
            do {
                try connect(priority: exchange.priority)
            } catch {
                stopWaiting(exchange, priority: exchange.priority)
                exchange.connectFailed(ConnectFailure(reason: .connectFailure, code: error.code))
                continue
            }
            if connectingCount == before { return }
        }
    }

    func closeIdle() {
        let closing = idle
        idle.removeAll()
        for connection in closing { connection.closeIdle() }
        for connection in multiplexed where connection.isIdle { connection.closeIdle() }
    }
}
