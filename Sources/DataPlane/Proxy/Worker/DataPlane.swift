import Glibc
package import Model
import Policy
import Synchronization
package import Telemetry

/// Why the data plane did not start, or did not take over a configuration.
///
/// Nothing has been changed then.
package enum StartFailure: Error, CustomStringConvertible {
    case bind(BindFailure)
    case accessLog(String)
    case tls(String)
    case system(SystemCallError)

    package var description: String {
        switch self {
        case .bind(let failure): failure.description
        case .accessLog(let text), .tls(let text): text
        case .system(let error): error.description
        }
    }
}

/// The workers, and what is done to all of them: configuration in, statistics out, draining.
///
/// Reading and publishing are thread-safe; starting, applying and draining are the main thread's.
package final class DataPlane: Sendable {
    package struct Options: Sendable {
        package var workerCount: Int
        /// The most for each listener, whatever the configuration says: what descriptors allow.
        package var connectionsMaxDefault: Int
        /// Milliseconds that the connections of a listener that is gone have to finish.
        package var drainMilliseconds: Int64
        /// Sockets of a process whose place this one takes: used instead of binding.
        package var inherited: InheritedSockets?

        package init(
            workerCount: Int = 1,
            connectionsMaxDefault: Int = 50_000,
            drainMilliseconds: Int64 = 30_000,
            inherited: InheritedSockets? = nil
        ) {
            self.workerCount = max(1, workerCount)
            self.connectionsMaxDefault = connectionsMaxDefault
            self.drainMilliseconds = max(0, drainMilliseconds)
            self.inherited = inherited
        }
    }

    struct State {
        var snapshot: Snapshot?
        var mailboxes: [EventLoop.Mailbox] = []
        var threads: [WorkerThread] = []
        var listeners: [ListenerShared] = []
        /// Listeners that are gone, with connections that are not.
        var drainingListeners: [ListenerShared] = []
        /// Every listening socket, and the address that it got.
        var sockets: [SocketKey: SocketAddress] = [:]
        var clusters = ClusterTable([])
        var isDraining = false
        var hasStoppedListening = false
        var endpointObserver: (@Sendable (ClusterShared) -> Void)?
    }

    package let options: Options
    package let registry: StatsRegistry
    package let accessLog: AccessLogWriter
    let state = Mutex(State())
    /// The cells of the control plane's threads: whoever holds the lock writes them.
    let gauges = Mutex(())
    let report: @Sendable (WorkerEvent) -> Void

    package init(
        options: Options,
        registry: StatsRegistry,
        accessLog: AccessLogWriter,
        report: @escaping @Sendable (WorkerEvent) -> Void
    ) {
        self.options = options
        self.registry = registry
        self.accessLog = accessLog
        self.report = report
    }

    /// The number under which the main thread counts.
    static let mainThreadNumber = StatsRegistry.controlWorker - 1

    // MARK: - Endpoints

    /// Gives the workers a cluster's endpoints.
    ///
    /// From any thread.
    package func publish(endpoints: [ResolvedEndpoint], to cluster: ClusterShared) {
        let before = cluster.endpoints
        let set = cluster.update(endpoints)
        countMembershipChange(of: cluster, from: before, to: set)
        post { $0.apply(endpoints: set, to: cluster) }
        state.withLock { $0.endpointObserver }?(cluster)
    }

    /// Calls the closure after each `publish`, on the thread that published.
    package func observeEndpoints(_ body: @escaping @Sendable (ClusterShared) -> Void) {
        state.withLock { $0.endpointObserver = body }
    }

    /// Tells the workers that the health of an endpoint of this cluster has changed.
    ///
    /// From any thread.
    package func healthChanged(of cluster: ClusterShared) {
        post { $0.healthChanged(of: cluster) }
    }

    // MARK: - What the admin interface shows

    package var listeners: [ListenerShared] { state.withLock { $0.listeners } }
    package var clusters: [ClusterShared] { state.withLock { $0.clusters.all } }
    package var snapshot: Snapshot? { state.withLock { $0.snapshot } }
    package var isDraining: Bool { state.withLock { $0.isDraining } }
    /// Nothing is accepted any more, and no configuration is taken over.
    package var hasStoppedListening: Bool {
        state.withLock { $0.isDraining || $0.hasStoppedListening }
    }

    /// Listeners that a reload took away, as long as connections of theirs are open.
    package var drainingListeners: [ListenerShared] {
        state.withLock { $0.drainingListeners.filter { $0.connectionCount > 0 } }
    }

    // MARK: - The end

    /// Stops accepting; connections live on (`/drain_listeners`).
    package func stopListening() {
        state.withLock { $0.hasStoppedListening = true }
        post { $0.stopListening() }
    }

    /// Hands what is buffered of the access logs to the writer.
    package func flushLogs() { post { $0.flushLogs() } }

    /// Starts to drain: no new connections, idle ones closed, responses say `connection: close`.
    ///
    /// `done` is called, on a worker's thread, when the last connection of the last worker is gone.
    package func drain(done: @escaping @Sendable () -> Void) {
        let mailboxes = state.withLock { state in
            state.isDraining = true
            return state.mailboxes
        }
        let rest = Countdown(mailboxes.count, done)
        for mailbox in mailboxes {
            mailbox.post { loop in
                guard let worker = loop.owner as? Worker else { return }
                worker.drain { rest.step() }
            }
        }
        if mailboxes.isEmpty { done() }
    }

    /// Cuts what is still open at the deadline; returns how many connections there were.
    package func cutConnections() -> Int {
        let total = Counter()
        runOnWorkers { worker in total.add(worker.cutConnections()) }
        return total.value
    }

    /// Ends the workers' threads.
    package func stop() {
        let (mailboxes, threads) = state.withLock { state in
            defer {
                state.mailboxes = []
                state.threads = []
            }
            return (state.mailboxes, state.threads)
        }
        for mailbox in mailboxes {
            mailbox.post { loop in
                (loop.owner as? Worker)?.flushLogs()
                loop.stop()
            }
        }
        for thread in threads { thread.join() }
    }

    // MARK: - Reaching the workers

    /// Runs a closure on each worker, soon.
    func post(_ body: @escaping @Sendable (Worker) -> Void) {
        for mailbox in state.withLock({ $0.mailboxes }) {
            mailbox.post { loop in
                if let worker = loop.owner as? Worker { body(worker) }
            }
        }
    }

    /// Runs a closure on each worker and waits until all have.
    func runOnWorkers(_ body: @escaping @Sendable (Worker) -> Void) {
        let mailboxes = state.withLock { $0.mailboxes }
        let finished = Semaphore()
        for mailbox in mailboxes {
            mailbox.post { loop in
                if let worker = loop.owner as? Worker { body(worker) }
                finished.signal()
            }
        }
        for _ in mailboxes { finished.wait() }
    }
}
