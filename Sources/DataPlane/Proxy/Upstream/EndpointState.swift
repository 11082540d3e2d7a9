package import Model
import Policy
import Synchronization
import Telemetry

/// One endpoint on one worker: its idle connections, and the exchanges that wait for one.
package final class EndpointState {
    package let address: SocketAddress
    package let hostname: String
    /// `address` as the access log prints it.
    package let text: String
    package let shared: EndpointShared
    package let cluster: ClusterState
    private(set) var isRetired = false
    /// At the last change of health: connections are closed once.
    var wasFailing = false
    /// Requests under way from this worker.
    var activeRequests = 0

    /// The connection used last is taken first: the others get to their idle timeout.
    private var idle: [UpstreamConnection] = []
    private var waiting: [Exchange] = []
    private var connectingCount = 0
    private var openCount = 0
    private var latency = PeakLatency()
    /// Every connection that is not closed; kept only where the cluster may close them for a reason
    /// of its own.
    private var open: [UpstreamConnection] = []

    init(_ shared: EndpointShared, cluster: ClusterState) {
        let endpoint = shared.endpoint
        self.address = endpoint.address
        self.hostname = endpoint.hostname
        self.text = endpoint.address.description
        self.shared = shared
        self.cluster = cluster
    }

    enum Acquisition {
        case connection(UpstreamConnection)
        case waiting
        case overflow(ResourceLimits.Resource)
        case failed(SystemCallError)
    }

    /// Gives an idle connection, or makes the exchange wait for one (circuit_breaker.proto: requests,
    /// pending requests and connections are limited, but an endpoint may always have one connection).
    func acquire(for exchange: Exchange, priority: RoutingPriority, fresh: Bool) -> Acquisition {
        let limits = cluster.limits(priority)
        if !fresh, let connection = idle.popLast() {
            guard limits.tryAcquire(.requests) else {
                idle.append(connection)
                return .overflow(.requests)
            }
            if cluster.configuration.preconnect.perUpstreamRatio > 1 {
                preconnect(priority: priority)
            }
            return .connection(connection)
        }
        guard limits.tryAcquire(.pendingRequests) else { return .overflow(.pendingRequests) }
        cluster.stats.increment(.upstreamRqPendingTotal)
        cluster.stats.increment(.upstreamRqPendingActive)
        waiting.append(exchange)
        guard connectingCount < waiting.count else { return .waiting }
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

    // MARK: - Load

    /// What balancers compare: requests under way, or the cost of one more.
    func load(now: Int64) -> Double {
        guard cluster.measuresLatency,
            case .peakEWMA(let decay, let unknown) = cluster.configuration.loadBalancing
        else { return Double(activeRequests) }
        return latency.cost(
            activeRequests: activeRequests,
            now: now,
            decayMilliseconds: decay,
            defaultMilliseconds: unknown
        )
    }

    /// A response has begun so long after its request.
    func measured(milliseconds: Double) {
        guard case .peakEWMA(let decay, _) = cluster.configuration.loadBalancing else { return }
        latency.record(
            milliseconds,
            now: cluster.worker.loop.nowMilliseconds,
            decayMilliseconds: decay
        )
    }

    // MARK: - Connections

    private func connect(priority: RoutingPriority) throws(SystemCallError) {
        let limits = cluster.limits(priority)
        if let most = cluster.configuration.connectionsPerEndpointMax,
            shared.connectionsActive.load(ordering: .relaxed) >= Int(most), openCount > 0
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
            if shared.endpoint.additionalAddresses.isEmpty {
                let connection = try UpstreamConnection(
                    endpoint: self,
                    priority: priority,
                    address: address
                )
                openCount += 1
                connectingCount += 1
                connection.start()
            } else {
                try AddressRace(endpoint: self, priority: priority).start()
                openCount += 1
                connectingCount += 1
            }
        } catch {
            limits.release(.connections)
            cluster.stats.increment(.upstreamCxConnectFail)
            throw error
        }
    }

    /// Another address of the endpoint is tried beside the first.
    func openedAnother(_ priority: RoutingPriority) {
        cluster.limits(priority).acquire(.connections)
        openCount += 1
    }

    /// A connection attempt is over, and others of the same race go on or have won.
    func closedWithoutLoss(_ connection: UpstreamConnection) {
        openCount -= 1
        cluster.limits(connection.priority).release(.connections)
    }

    /// Connects to this endpoint before anybody asks (`preconnect_policy`).
    ///
    /// - Parameter wanted: connections that should be there, idle and connecting ones included.
    func preconnect(priority: RoutingPriority) {
        let ratio = cluster.configuration.preconnect.perUpstreamRatio
        guard ratio > 1, !isRetired, !shared.isFailing else { return }
        let wanted = Int((Double(activeRequests + waiting.count) * ratio).rounded(.up))
        var rest = 3
        while rest > 0, activeRequests + connectingCount + idle.count < wanted {
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
        guard openCount == 0, !isRetired else { return }
        try? connect(priority: priority)
    }

    var connectionCount: Int { openCount }

    func connected(_ connection: UpstreamConnection) {
        connectingCount -= 1
        offer(connection)
    }

    /// A connection is free: the first exchange that waits takes it.
    func offer(_ connection: UpstreamConnection) {
        while let exchange = waiting.first {
            waiting.removeFirst()
            let priority = exchange.priority
            leftQueue(priority: priority)
            if cluster.limits(priority).tryAcquire(.requests) {
                exchange.attached(to: connection)
                return
            }
            exchange.overflowed(.requests)
            if !connection.isOpen { return }
        }
        if isRetired || cluster.worker.isDraining || connection.closesAfterUse {
            connection.closeIdle()
        } else {
            connection.becameIdle()
            idle.append(connection)
        }
    }

    func connectFailed(_ connection: UpstreamConnection, reason: ResetReason, code: Int32) {
        connectingCount -= 1
        shared.connectFailures.add(1, ordering: .relaxed)
        // All that wait fail now rather than one connect timeout after the other; each may retry.
        let failing = waiting
        waiting.removeAll(keepingCapacity: true)
        for exchange in failing {
            leftQueue(priority: exchange.priority)
            cluster.stats.increment(.upstreamRqPendingFailureEject)
        }
        closed(connection)
        // One that failed before may have ended another of them.
        for exchange in failing where exchange.stage == .waiting && exchange.endpoint === self {
            exchange.connectFailed(reason, code: code)
        }
    }

    func removeIdle(_ connection: UpstreamConnection) {
        if let position = idle.lastIndex(where: { $0 === connection }) { idle.remove(at: position) }
    }

    /// A connection is gone; whoever waits gets another one if there is none on its way.
    func closed(_ connection: UpstreamConnection) {
        openCount -= 1
        cluster.limits(connection.priority).release(.connections)
        // The place of this connection is free, also where others are open: those may be busy for
        // long. Where no connection can be made, all are told, because no other event would.
        while connectingCount < waiting.count {
            let exchange = waiting[0]
            let before = connectingCount
            do {
                try connect(priority: exchange.priority)
            } catch {
                stopWaiting(exchange, priority: exchange.priority)
                exchange.connectFailed(.connectFailure, code: error.code)
                continue
            }
            if connectingCount == before { return }
        }
    }

    func opened(_ connection: UpstreamConnection) {
        if cluster.configuration.closesConnectionsOnHealthFailure
            || cluster.configuration.balancing.closesConnectionsOnChange
        {
            open.append(connection)
        }
    }

    func forget(_ connection: UpstreamConnection) {
        if let position = open.firstIndex(where: { $0 === connection }) {
            open.swapAt(position, open.count - 1)
            open.removeLast()
        }
    }

    /// Closes idle connections, and the others when they are free
    /// (`close_connections_on_host_health_failure`, `close_connections_on_host_set_change`).
    func closeAllAfterUse() {
        closeIdle()
        for connection in open { connection.closesAfterUse = true }
    }

    func retire() {
        isRetired = true
        closeIdle()
    }

    func closeIdle() {
        let closing = idle
        idle.removeAll()
        for connection in closing { connection.closeIdle() }
    }
}
