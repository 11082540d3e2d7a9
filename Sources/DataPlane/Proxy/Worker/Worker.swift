import Model
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
    let registry: StatsRegistry
    private let accessLog: AccessLogWriter
    private let events: @Sendable (WorkerEvent) -> Void

    private(set) var clusters: [String: ClusterState] = [:]
    private var lastAction: ForwardAction?
    private var lastCluster: ClusterState?
    private(set) var listeners: [ListenerState] = []

    private var freeExchanges: [Exchange] = []
    private static let freeExchangeCountMax = 256
    private var connections: [DownstreamConnection] = []
    private var connectionCounter: UInt64

    /// Filled anew for each line of an access log: making one costs more than overwriting one.
    var logRecord = ExchangeRecord()

    package private(set) var isDraining = false
    private var drained: (() -> Void)?
    private var logTimer: LogTimer?

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
        events(WorkerEvent(worker: index, message: message, listener: listener))
    }

    func nextConnectionID() -> UInt64 {
        connectionCounter &+= 1
        return connectionCounter
    }

    // MARK: - Configuration

    /// Takes over a new set of clusters: those whose configuration did not change keep their
    /// connections, the others are replaced, and what they carry finishes.
    func apply(clusters shared: [ClusterShared]) {
        var next: [String: ClusterState] = [:]
        next.reserveCapacity(shared.count)
        for cluster in shared {
            let name = cluster.configuration.name
            if let known = clusters[name], known.shared === cluster {
                next[name] = known
                clusters[name] = nil
            } else {
                next[name] = ClusterState(
                    shared: cluster,
                    stats: registry.clusterStats(
                        name: cluster.configuration.statName,
                        worker: index
                    ),
                    worker: self
                )
            }
        }
        for gone in clusters.values { gone.retire() }
        clusters = next
        lastAction = nil
        lastCluster = nil
    }

    func apply(endpoints: EndpointSet, to cluster: ClusterShared) {
        guard let state = clusters[cluster.configuration.name], state.shared === cluster else {
            return
        }
        state.update(endpoints)
    }

    func healthChanged(of cluster: ClusterShared) {
        guard let state = clusters[cluster.configuration.name], state.shared === cluster else {
            return
        }
        state.healthChanged()
    }

    func listen(_ shared: ListenerShared, descriptors: [Int32], sinks: [AccessLogTarget]) {
        let http = shared.configuration.http
        let state = ListenerState(
            shared: shared,
            stats: registry.httpStats(prefix: http.statPrefix, worker: index),
            listenerStats: registry.listenerStats(
                address: shared.configuration.statName,
                worker: index
            ),
            accessLogs: sinks.map {
                AccessLogChannel(format: $0.format, sink: $0.sink, writer: accessLog)
            },
            worker: self
        )
        listeners.append(state)
        for descriptor in descriptors {
            let acceptor = Acceptor(descriptor: descriptor, listener: state)
            do {
                try loop.add(acceptor, interest: .level)
                state.acceptors.append(acceptor)
            } catch {
                report(
                    "cannot watch a listening socket: \(error)",
                    listener: shared.configuration.name
                )
            }
        }
        if !sinks.isEmpty, logTimer == nil {
            let timer = LogTimer(worker: self)
            timer.start()
            logTimer = timer
        }
    }

    /// The cluster that a request goes to; most requests take the same route as the one before.
    func cluster(for action: ForwardAction, _ head: Head, random: UInt64) -> ClusterState? {
        if action === lastAction { return lastCluster }
        let name = action.choose(for: head, random: random).name
        let found = clusters[name]
        if case .cluster = action.destination {
            lastAction = action
            lastCluster = found
        }
        return found
    }

    // MARK: - Objects

    func takeExchange() -> Exchange { freeExchanges.popLast() ?? Exchange(worker: self) }

    func giveBack(_ exchange: Exchange) {
        exchange.reset()
        if freeExchanges.count < Self.freeExchangeCountMax { freeExchanges.append(exchange) }
    }

    func addConnection(_ connection: DownstreamConnection) {
        connection.position = connections.count
        connections.append(connection)
    }

    func removeConnection(_ connection: DownstreamConnection) {
        let last = connections.count - 1
        if connection.position != last {
            connections[last].position = connection.position
            connections[connection.position] = connections[last]
        }
        connections.removeLast()
        if isDraining, connections.isEmpty { finishDraining() }
    }

    func flushLogs() {
        for listener in listeners {
            for log in listener.accessLogs { log.flush() }
        }
    }

    // MARK: - The end

    /// Stops accepting, without losing a connection that the kernel has completed.
    func stopListening() {
        for listener in listeners {
            for acceptor in listener.acceptors { acceptor.stop() }
            listener.acceptors = []
        }
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

/// Where one access log of a listener goes, formats compiled and files open.
package struct AccessLogTarget: Sendable {
    package let format: AccessLogFormat
    package let sink: SinkID
}

/// Hands access log lines to the writer a few times a second, so that they are seen soon.
private final class LogTimer: TimerTarget {
    private let worker: Worker
    private var timer = TimerHandle.none
    private static let intervalMilliseconds: Int64 = 250

    init(worker: Worker) {
        self.worker = worker
        super.init()
    }

    func start() {
        worker.loop.timers.arm(
            &timer,
            at: worker.loop.nowMilliseconds + Self.intervalMilliseconds,
            target: self,
            kind: 0
        )
    }

    override func timerFired(kind: UInt8) {
        timer = .none
        worker.flushLogs()
        start()
    }
}
