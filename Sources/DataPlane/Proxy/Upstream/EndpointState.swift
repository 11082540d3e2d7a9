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
    var weight: UInt32
    var isNew = true
    private(set) var isRetired = false
    /// Requests under way from this worker.
    var activeRequests = 0

    /// The connection used last is taken first: the others get to their idle timeout.
    private var idle: [UpstreamConnection] = []
    private var waiting: [Exchange] = []
    private var connectingCount = 0
    private var openCount = 0

    init(_ shared: EndpointShared, cluster: ClusterState) {
        let endpoint = shared.endpoint
        self.address = endpoint.address
        self.hostname = endpoint.hostname
        self.text = endpoint.address.description
        self.weight = endpoint.weight
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

    // MARK: - Connections

    private func connect(priority: RoutingPriority) throws(SystemCallError) {
        let limits = cluster.limits(priority)
        if !limits.tryAcquire(.connections) {
            cluster.stats.increment(.upstreamCxOverflow)
            // With one connection on its way or open, the exchange waits for that one.
            if openCount > 0 { return }
            limits.acquire(.connections)
        }
        do {
            let connection = try UpstreamConnection(endpoint: self, priority: priority)
            openCount += 1
            connectingCount += 1
            connection.start()
        } catch {
            limits.release(.connections)
            cluster.stats.increment(.upstreamCxConnectFail)
            throw error
        }
    }

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
        if isRetired || cluster.worker.isDraining {
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
        for exchange in failing { exchange.connectFailed(reason, code: code) }
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
