import Glibc
package import Model
import Policy
import Synchronization
package import Telemetry

/// Why the data plane did not start.
///
/// Nothing is listening then.
package enum StartFailure: Error, CustomStringConvertible {
    case bind(BindFailure)
    case accessLog(String)
    case system(SystemCallError)

    package var description: String {
        switch self {
        case .bind(let failure): failure.description
        case .accessLog(let text): text
        case .system(let error): error.description
        }
    }
}

/// The workers, and what is done to all of them: configuration in, statistics out, draining.
///
/// Thread-safe; used from the main thread and the resolver's.
package final class DataPlane: Sendable {
    package struct Options: Sendable {
        package var workerCount: Int
        /// The most for each listener, whatever the configuration says: what descriptors allow.
        package var connectionsMaxDefault: Int

        package init(workerCount: Int = 1, connectionsMaxDefault: Int = 50_000) {
            self.workerCount = max(1, workerCount)
            self.connectionsMaxDefault = connectionsMaxDefault
        }
    }

    private struct State {
        var snapshot: Snapshot?
        var mailboxes: [EventLoop.Mailbox] = []
        var threads: [WorkerThread] = []
        var listeners: [ListenerShared] = []
        var clusters: [ClusterShared] = []
        var isDraining = false
    }

    package let options: Options
    package let registry: StatsRegistry
    package let accessLog: AccessLogWriter
    private let state = Mutex(State())
    private let report: @Sendable (WorkerEvent) -> Void

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

    // MARK: - Starting

    /// Binds every listener, then starts the workers.
    ///
    /// All or nothing.
    ///
    /// - Parameter beforeAccepting: called when the ports are bound and the clusters known, before
    ///   the first connection is taken: for what requests need, such as names to be looked up.
    ///   Connections that come meanwhile wait in the kernel.
    package func start(
        _ snapshot: Snapshot,
        beforeAccepting: () throws(SystemCallError) -> Void = {}
    ) throws(StartFailure) {
        var bound: [(ListenerShared, [[Int32]], [AccessLogTarget])] = []
        do throws(StartFailure) {
            for listener in snapshot.listeners where listener.accepts {
                bound.append(try bind(listener))
            }
            try startWorkers()
        } catch {
            for (_, sets, _) in bound {
                for descriptor in sets.joined() { _ = Glibc.close(descriptor) }
            }
            throw error
        }
        apply(clusters: snapshot.clusters)
        do throws(SystemCallError) {
            try beforeAccepting()
        } catch {
            for (_, sets, _) in bound {
                for descriptor in sets.joined() { _ = Glibc.close(descriptor) }
            }
            stop()
            throw .system(error)
        }
        let prepared = bound
        state.withLock { state in
            state.snapshot = snapshot
            state.listeners = prepared.map { $0.0 }
        }
        let server = registry.serverStats(worker: StatsRegistry.controlWorker - 1)
        server.add(.listenerManagerListenerAdded, UInt64(prepared.count))
        server.add(.clusterManagerClusterAdded, UInt64(snapshot.clusters.count))
        let mailboxes = state.withLock { $0.mailboxes }
        server.add(
            .listenerManagerListenerCreateSuccess,
            UInt64(prepared.count * mailboxes.count)
        )
        for (index, mailbox) in mailboxes.enumerated() {
            for (shared, descriptors, sinks) in prepared {
                let own = descriptors.map { $0[index] }
                mailbox.post { loop in
                    (loop.owner as? Worker)?.listen(shared, descriptors: own, sinks: sinks)
                }
            }
        }
        waitForWorkers()
    }

    private func bind(
        _ listener: ListenerConfiguration
    ) throws(StartFailure) -> (ListenerShared, [[Int32]], [AccessLogTarget]) {
        var descriptors: [[Int32]] = []
        var addresses: [SocketAddress] = []
        var sinks: [AccessLogTarget] = []
        do throws(StartFailure) {
            for log in listener.http.accessLogs { sinks.append(try open(log)) }
            for address in listener.addresses {
                do throws(BindFailure) {
                    let (own, bound) = try ListenSocket.bind(
                        listener,
                        address,
                        workers: options.workerCount
                    )
                    descriptors.append(own)
                    addresses.append(bound)
                } catch {
                    throw StartFailure.bind(error)
                }
            }
        } catch {
            for descriptor in descriptors.joined() { _ = Glibc.close(descriptor) }
            throw error
        }
        // More than the descriptors allow would take those of the admin interface and the logs.
        let limit = min(
            listener.connectionsMax.map(Int.init) ?? .max,
            options.connectionsMaxDefault
        )
        let shared = ListenerShared(
            configuration: listener,
            boundAddresses: addresses,
            connectionsMax: limit
        )
        return (shared, descriptors, sinks)
    }

    private func open(_ log: AccessLogConfiguration) throws(StartFailure) -> AccessLogTarget {
        let format: AccessLogFormat
        do throws(AccessLogFormatFailure) {
            switch log.format {
            case .standard: format = .standard
            case .text(let text): format = try AccessLogFormat(text: text)
            case .json(let shape): format = try AccessLogFormat(json: shape)
            }
        } catch {
            throw .accessLog("access log format: \(error)")
        }
        do throws(AccessLogOpenFailure) {
            return AccessLogTarget(format: format, sink: try accessLog.open(log.sink))
        } catch {
            throw .accessLog(error.description)
        }
    }

    private func startWorkers() throws(StartFailure) {
        do throws(SystemCallError) {
            for index in 0..<options.workerCount {
                let cell = WorkerStart(
                    index: index,
                    registry: registry,
                    accessLog: accessLog,
                    report: report
                )
                let thread = try WorkerThread(name: "worker-\(index)") { cell.run() }
                let mailbox = try cell.waitForMailbox()
                state.withLock { state in
                    state.threads.append(thread)
                    state.mailboxes.append(mailbox)
                }
            }
        } catch {
            throw .system(error)
        }
    }

    // MARK: - Configuration

    /// Publishes a set of clusters to the workers; equal ones are kept as they are.
    private func apply(clusters: [ClusterConfiguration]) {
        let (shared, mailboxes) = state.withLock { state in
            var known: [String: ClusterShared] = [:]
            for cluster in state.clusters { known[cluster.configuration.name] = cluster }
            state.clusters = clusters.map { configuration in
                if let same = known[configuration.name],
                    same.configuration.fingerprint == configuration.fingerprint
                {
                    return same
                }
                return ClusterShared(configuration: configuration)
            }
            return (state.clusters, state.mailboxes)
        }
        for mailbox in mailboxes {
            mailbox.post { loop in (loop.owner as? Worker)?.apply(clusters: shared) }
        }
        for cluster in shared where cluster.configuration.discovery == .static {
            let endpoints = cluster.configuration.endpoints.compactMap { endpoint in
                if case .address(let address) = endpoint.location {
                    return ResolvedEndpoint(
                        address: address,
                        additionalAddresses: endpoint.additionalAddresses,
                        hostname: endpoint.hostname,
                        weight: endpoint.weight,
                        locality: endpoint.locality,
                        attributes: endpoint.attributes
                    )
                }
                return nil
            }
            publish(endpoints: endpoints, to: cluster)
        }
    }

    /// Gives the workers a cluster's endpoints.
    ///
    /// From any thread.
    package func publish(endpoints: [ResolvedEndpoint], to cluster: ClusterShared) {
        let set = cluster.update(endpoints)
        for mailbox in state.withLock({ $0.mailboxes }) {
            mailbox.post { loop in (loop.owner as? Worker)?.apply(endpoints: set, to: cluster) }
        }
    }

    /// Tells the workers that the health of an endpoint of this cluster has changed.
    ///
    /// From any thread.
    package func healthChanged(of cluster: ClusterShared) {
        for mailbox in state.withLock({ $0.mailboxes }) {
            mailbox.post { loop in (loop.owner as? Worker)?.healthChanged(of: cluster) }
        }
    }

    /// The clusters whose names a resolver must look up.
    package var resolvedClusters: [ClusterShared] {
        state.withLock { state in
            state.clusters.filter { $0.configuration.discovery != .static }
        }
    }

    // MARK: - What the admin interface shows

    /// Sets the gauges that are known by looking: whether a circuit breaker is open.
    ///
    /// Called by the main thread alone, before a scrape.
    package func refreshGauges() {
        for cluster in clusters {
            let stats = registry.clusterStats(
                name: cluster.configuration.statName,
                worker: StatsRegistry.controlWorker - 1
            )
            let normal = cluster.limits[RoutingPriority.normal.rawValue]
            let high = cluster.limits[RoutingPriority.high.rawValue]
            func set(_ stat: ClusterStat, _ limits: ResourceLimits, _ what: ResourceLimits.Resource)
            {
                stats.set(stat, limits.isOpen(what) ? 1 : 0)
            }
            set(.circuitBreakersDefaultCxOpen, normal, .connections)
            set(.circuitBreakersDefaultRqPendingOpen, normal, .pendingRequests)
            set(.circuitBreakersDefaultRqOpen, normal, .requests)
            set(.circuitBreakersDefaultRqRetryOpen, normal, .retries)
            set(.circuitBreakersHighCxOpen, high, .connections)
            set(.circuitBreakersHighRqPendingOpen, high, .pendingRequests)
            set(.circuitBreakersHighRqOpen, high, .requests)
            set(.circuitBreakersHighRqRetryOpen, high, .retries)
        }
    }

    package var listeners: [ListenerShared] { state.withLock { $0.listeners } }
    package var clusters: [ClusterShared] { state.withLock { $0.clusters } }
    package var snapshot: Snapshot? { state.withLock { $0.snapshot } }
    package var isDraining: Bool { state.withLock { $0.isDraining } }

    // MARK: - The end

    /// Stops accepting; connections live on (`/drain_listeners`).
    package func stopListening() {
        for mailbox in state.withLock({ $0.mailboxes }) {
            mailbox.post { loop in (loop.owner as? Worker)?.stopListening() }
        }
    }

    /// Hands what is buffered of the access logs to the writer.
    package func flushLogs() {
        for mailbox in state.withLock({ $0.mailboxes }) {
            mailbox.post { loop in (loop.owner as? Worker)?.flushLogs() }
        }
    }

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
        let (mailboxes, threads) = state.withLock { ($0.mailboxes, $0.threads) }
        for mailbox in mailboxes {
            mailbox.post { loop in
                (loop.owner as? Worker)?.flushLogs()
                loop.stop()
            }
        }
        for thread in threads { thread.join() }
    }

    private func waitForWorkers() { runOnWorkers { _ in } }

    /// Runs a closure on each worker and waits until all have.
    private func runOnWorkers(_ body: @escaping @Sendable (Worker) -> Void) {
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
