import Glibc
import Model
import Telemetry

/// Taking over a new snapshot, between two events of the loop.
extension Worker {
    /// Takes over clusters and listeners: what did not change keeps its connections, what changed is
    /// replaced, and what is under way finishes on the old.
    func apply(_ change: WorkerChange) {
        let isElsewhere =
            snapshot.map {
                $0.locality != change.snapshot.locality
                    || $0.localClusterName != change.snapshot.localClusterName
            } ?? false
        snapshot = change.snapshot
        apply(change.clusters, keeps: !isElsewhere)
        apply(change.listeners, drainMilliseconds: change.drainMilliseconds)
    }

    /// Clusters that no request has asked for here are not looked at.
    ///
    /// - Parameter keeps: false where balancers were made for another place.
    private func apply(_ table: ClusterTable, keeps: Bool) {
        clusterTable = table
        forgetLastCluster()
        for (name, cluster) in clusters where !keeps || table[name] !== cluster.shared {
            clusters[name] = nil
            cluster.retire()
        }
    }

    /// Only where the worker uses the cluster: else it takes the endpoints at the first use.
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

    // MARK: - Listeners

    private func apply(_ changes: [ListenerChange], drainMilliseconds: Int64) {
        var next: [ListenerState] = []
        var gone = listeners
        var orphaned = acceptors
        acceptors = [:]
        for change in changes {
            var previous: ListenerState?
            if let position = gone.firstIndex(where: { $0.shared === change.previous }) {
                previous = gone.remove(at: position)
            }
            let state: ListenerState
            if let previous, change.previous === change.shared {
                state = previous
            } else {
                state = make(change, replacing: previous)
            }
            next.append(state)
            for socket in change.sockets { open(socket, for: state, &orphaned) }
        }
        listeners = next
        // Whoever connects in this very moment gets one answer yet: only those from before go now.
        let before = connections
        for acceptor in orphaned.values { acceptor.stop() }
        for state in gone { state.remove() }
        for connection in before.reversed() { connection.listenerChanged() }
        if !gone.isEmpty { ListenerDrain.start(of: gone, on: self, drainMilliseconds) }
    }

    private func make(
        _ change: ListenerChange,
        replacing previous: ListenerState?
    ) -> ListenerState {
        let configuration = change.shared.configuration
        let listenerStats = registry.listenerStats(address: configuration.statName, worker: index)
        let line = previous?.line ?? ListenerState.Line()
        var orphans = previous?.chains ?? []
        var chains: [FilterChainState] = []
        for (position, chain) in configuration.chains.enumerated() {
            let successorOf = Self.takePredecessor(of: chain, at: position, from: &orphans)
            let targets = position < change.logs.count ? change.logs[position] : []
            chains.append(
                make(
                    chain,
                    change.shared,
                    position,
                    listenerStats,
                    line,
                    channels(targets, chain.filter.accessLogs, of: successorOf),
                    replacing: successorOf
                )
            )
        }
        for orphan in orphans { orphan.remove() }
        return ListenerState(
            shared: change.shared,
            listenerStats: listenerStats,
            chains: chains,
            accessLogs: change.ownLogs.map {
                AccessLogChannel(format: $0.format, sink: $0.sink, writer: accessLog)
            },
            worker: self,
            line: line
        )
    }

    private func make(
        _ chain: FilterChainConfiguration,
        _ shared: ListenerShared,
        _ position: Int,
        _ listenerStats: ListenerStats,
        _ line: ListenerState.Line,
        _ logs: [AccessLogChannel],
        replacing previous: FilterChainState?
    ) -> FilterChainState {
        switch chain.filter {
        case .http(let http):
            HTTPChain(
                http,
                stats: registry.httpStats(prefix: http.statPrefix, worker: index),
                shared: shared,
                position: position,
                listenerStats: listenerStats,
                listenerLine: line,
                accessLogs: logs,
                worker: self,
                replacing: previous
            )
        case .tcp(let tcp):
            TCPChain(
                tcp,
                stats: registry.tcpStats(prefix: tcp.statPrefix, worker: index),
                shared: shared,
                position: position,
                listenerStats: listenerStats,
                listenerLine: line,
                accessLogs: logs,
                worker: self,
                replacing: previous
            )
        }
    }

    /// The chain whose connections go on with this one: of the same name, or where nobody gives
    /// names, at the same place; and of the same kind.
    private static func takePredecessor(
        of chain: FilterChainConfiguration,
        at position: Int,
        from orphans: inout [FilterChainState]
    ) -> FilterChainState? {
        let found = orphans.firstIndex { known in
            guard known.configuration.filter.isSameKind(as: chain.filter) else { return false }
            let name = known.configuration.name
            return name.isEmpty && chain.name.isEmpty
                ? known.position == position : name == chain.name
        }
        return found.map { orphans.remove(at: $0) }
    }

    /// Logs that are the same go on with the same buffer, so that their lines keep their order.
    private func channels(
        _ targets: [AccessLogTarget],
        _ configurations: [AccessLogConfiguration],
        of previous: FilterChainState?
    ) -> [AccessLogChannel] {
        let known = previous.map { zip($0.configuration.filter.accessLogs, $0.accessLogs) }
        return targets.map { log in
            if let same = known?.first(where: { $0.0 == log.configuration }) { return same.1 }
            return AccessLogChannel(format: log.format, sink: log.sink, writer: accessLog)
        }
    }

    /// Watches a new socket, or gives one that is kept to its listener.
    private func open(
        _ socket: SocketChange,
        for state: ListenerState,
        _ orphaned: inout [SocketKey: Acceptor]
    ) {
        if let kept = orphaned.removeValue(forKey: socket.key) {
            if kept.listener.configuration.backlog != socket.backlog {
                _ = Glibc.listen(kept.descriptor, socket.backlog)
            }
            kept.listener = state
            acceptors[socket.key] = kept
            return
        }
        guard index < socket.descriptors.count else { return }
        let acceptor = Acceptor(descriptor: socket.descriptors[index], listener: state)
        do {
            try loop.add(acceptor, interest: .level)
            acceptors[socket.key] = acceptor
        } catch {
            _ = Glibc.close(socket.descriptors[index])
            report(
                "cannot watch a listening socket: \(error)",
                listener: state.configuration.name
            )
        }
    }
}

/// Cuts the connections of listeners that are gone, when their time is over.
private final class ListenerDrain: TimerTarget {
    private let worker: Worker
    private let listeners: [ListenerState]
    private var timer = TimerHandle.none
    /// The wheel keeps no target alive: until it fires, this one does.
    private var itself: ListenerDrain?

    private init(_ listeners: [ListenerState], _ worker: Worker) {
        self.listeners = listeners
        self.worker = worker
        super.init()
    }

    static func start(of listeners: [ListenerState], on worker: Worker, _ milliseconds: Int64) {
        let drain = ListenerDrain(listeners, worker)
        drain.itself = drain
        worker.loop.timers.arm(
            &drain.timer,
            at: worker.loop.nowMilliseconds + milliseconds,
            target: drain,
            kind: 0
        )
    }

    override func timerFired(kind: UInt8) {
        timer = .none
        itself = nil
        let open = worker.connections
        for connection in open
        where listeners.contains(where: { $0.line === connection.listenerLine }) {
            connection.cut()
        }
    }
}
