package import Model
package import Policy
import Synchronization
package import Telemetry

/// One thread's share of the data plane: an event loop and everything that lives on it.
///
/// Nothing in here is shared but what is immutable or atomic: counters are read by others, limits
/// are shared by the workers. Other threads reach a worker through its loop's mailbox.
package final class Worker {
    package let index: Int
    package let loop: EventLoop
    package var random = Xoshiro256()
    var date = DateCache()
    private(set) lazy var routeStatistics = RouteStatistics(registry: registry, worker: index)
    let registry: StatsRegistry
    let accessLog: AccessLogWriter
    private let events: @Sendable (WorkerEvent) -> Void

    /// What the worker runs on; nil before the first configuration.
    package var snapshot: Snapshot?
    var clusterTable = ClusterTable([])
    /// The clusters that requests have asked for here.
    var clusters: [String: ClusterState] = [:]
    private var lastAction: ForwardAction?
    private var lastCluster: ClusterState?
    var listeners: [ListenerState] = []
    var acceptors: [SocketKey: Acceptor] = [:]

    private var freeExchanges: [Exchange] = []
    private static let freeExchangeCountMax = 256
    private(set) var connections: [any ClientConnection] = []
    private(set) lazy var listenerFilterStats = registry.listenerFilterStats(worker: index)
    private(set) lazy var http2Stats = registry.http2Stats(worker: index)
    private var refusals = RefusalLimit()
    private var connectionCounter: UInt64

    /// Filled anew for each line of an access log: making one costs more than overwriting one.
    var logRecord = ExchangeRecord()
    /// Access logs with lines that the writer has not been given.
    private var unflushedLogs: [AccessLogChannel] = []
    private var logTimer: LogTimer?

    package private(set) var isDraining = false
    /// The process says that it is not healthy: responses end their connection, and new ones come.
    var failsHealthCheck = false
    private var drained: (() -> Void)?

    package init(
        index: Int,
        registry: StatsRegistry,
        accessLog: AccessLogWriter,
        events: @escaping @Sendable (WorkerEvent) -> Void
    ) throws(SystemCallError) {
        self.index = index
        self.registry = registry
        self.accessLog = accessLog
        self.events = events
        // Connection ids of different workers do not collide.
        connectionCounter = UInt64(index) << 48
        loop = try EventLoop()
    }

    func report(_ message: String, listener: String) {
        guard let message = refusals.admit(message, now: loop.nowMilliseconds) else { return }
        events(WorkerEvent(worker: index, message: message, listener: listener))
    }

    func nextConnectionID() -> UInt64 {
        connectionCounter &+= 1
        return connectionCounter
    }

    // MARK: - Clusters

    /// Where this process is: zone-aware routing prefers it.
    var locality: Locality { snapshot?.locality ?? Locality() }

    /// The cluster that this process is one of; empty: none.
    var localClusterName: String { snapshot?.localClusterName ?? "" }

    /// The cluster of that name as it is configured now, or nil where there is none.
    ///
    /// Made at its first use. After a reload it may be another object than before: an exchange
    /// that lives through one asks again for its next attempt.
    func cluster(named name: String) -> ClusterState? {
        if let known = clusters[name] { return known }
        guard let shared = clusterTable[name] else { return nil }
        let state = ClusterState(
            shared: shared,
            stats: registry.clusterStats(name: shared.configuration.statName, worker: index),
            worker: self
        )
        state.update(shared.endpoints)
        clusters[name] = state
        return state
    }

    /// The cluster that the request before went to, where it took the same route.
    func lastCluster(for action: ForwardAction) -> ClusterState? {
        action === lastAction ? lastCluster : nil
    }

    func remember(_ cluster: ClusterState, for action: ForwardAction) {
        lastAction = action
        lastCluster = cluster
    }

    /// Forgets what the last request found: the clusters are others now.
    func forgetLastCluster() {
        lastAction = nil
        lastCluster = nil
    }

    /// The listener with this address, or with its port at any address of the same family.
    func listener(for address: SocketAddress, except own: ListenerState) -> ListenerState? {
        var anywhere: ListenerState?
        for listener in listeners where listener !== own {
            for bound in listener.shared.boundAddresses {
                if bound == address { return listener }
                if bound.port == address.port, bound.isUnspecified,
                    bound.isIPv4 == address.isIPv4
                {
                    anywhere = listener
                }
            }
        }
        return anywhere
    }

    // MARK: - Objects

    func takeExchange() -> Exchange { freeExchanges.popLast() ?? Exchange(worker: self) }

    func giveBack(_ exchange: Exchange) {
        exchange.reset()
        if freeExchanges.count < Self.freeExchangeCountMax { freeExchanges.append(exchange) }
    }

    func addConnection(_ connection: any ClientConnection) {
        connection.position = connections.count
        connections.append(connection)
    }

    func removeConnection(_ connection: any ClientConnection) {
        let last = connections.count - 1
        if connection.position != last {
            connections[last].position = connection.position
            connections[connection.position] = connections[last]
        }
        connections.removeLast()
        if isDraining, connections.isEmpty { finishDraining() }
    }

    // MARK: - Access logs

    /// The log is about to get its first line since the last flush.
    func willWrite(to log: AccessLogChannel) {
        if unflushedLogs.isEmpty {
            let timer = logTimer ?? LogTimer(worker: self)
            logTimer = timer
            timer.arm()
        }
        // One that was handed over because it was full is in the list already.
        if !unflushedLogs.contains(where: { $0 === log }) { unflushedLogs.append(log) }
    }

    func flushLogs() {
        for log in unflushedLogs { log.flush() }
        unflushedLogs.removeAll(keepingCapacity: true)
        logTimer?.cancel()
    }

    // MARK: - The end

    /// Stops accepting, without losing a connection that the kernel has completed.
    func stopListening() {
        for acceptor in acceptors.values { acceptor.stop() }
        acceptors = [:]
    }

    /// Stops accepting, closes what is idle and lets the rest finish; `done` is called on the loop
    /// when the last connection is gone.
    func drain(done: @escaping () -> Void) {
        stopListening()
        isDraining = true
        let earlier = drained
        drained = {
            earlier?()
            done()
        }
        for cluster in clusters.values {
            for endpoint in cluster.endpoints { endpoint.closeIdle() }
        }
        for connection in connections.reversed() { connection.drain() }
        if connections.isEmpty { finishDraining() }
    }

    /// The deadline has come: what is still open is cut.
    ///
    /// Returns how many connections were.
    func cutConnections() -> Int {
        let open = connections
        for connection in open { connection.cut() }
        return open.count
    }

    private func finishDraining() {
        flushLogs()
        let done = drained
        drained = nil
        done?()
    }
}

/// Something that the process's log should say.
package struct WorkerEvent: Sendable {
    package let worker: Int
    package let message: String
    package let listener: String
}
