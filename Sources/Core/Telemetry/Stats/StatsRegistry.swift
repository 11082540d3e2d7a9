import Synchronization

/// All scopes of the process: workers ask for their cells, the admin interface scrapes them.
///
/// Thread-safe by one lock, which is taken when a scope is made or removed and, briefly, by a
/// scrape; never by a request. Scopes are known by their name as it is printed, so that no two of
/// them print the same sample.
package final class StatsRegistry: Sendable {
    /// The worker number for a thread that counts, too, and is no worker.
    ///
    /// Each such thread needs a number of its own, since cells have one writer: take this one and
    /// those below it.
    package static let controlWorker = -1

    struct State: Sendable {
        var clusters: [String: MergedScope<ClusterStat>] = [:]
        var clusterParts: [ScopeName: MergedScope<ClusterPartStat>] = [:]
        var routes: [ScopeName: MergedScope<RouteStat>] = [:]
        var http: [String: MergedScope<HTTPStat>] = [:]
        var listeners: [String: MergedScope<ListenerStat>] = [:]
        var transport = TransportScopes()
        var server = MergedScope<ServerStat>(ScopeName(""))
        var computed: [ServerStat: @Sendable () -> UInt64] = [:]
        /// What the computed counters said when the counters were reset.
        var computedBaseline: [ServerStat: UInt64] = [:]
        /// When `/stats` last began a new interval of the histograms.
        var intervalStart: ContinuousClock.Instant?
    }

    private let state: Mutex<State>

    /// The uptime counts from here.
    package init() {
        let start = ContinuousClock.now
        var first = State()
        first.computed[.uptime] = {
            UInt64(clamping: start.duration(to: .now).components.seconds)
        }
        state = Mutex(first)
    }

    // MARK: - Scopes

    /// The cells of a cluster at one worker, made at the first call.
    ///
    /// The worker that asks is the only one that may write them.
    package func clusterStats(name: String, worker: Int) -> ClusterStats {
        let name = StatName.sanitized(name)
        return state.withLock {
            $0.clusters[name, default: MergedScope(ScopeName(name))].block(of: worker)
        }
    }

    /// The cells of a part of a cluster's responses at one worker: `canary`, `internal`,
    /// `zone.<from>.<to>`, or an alternative name; see `ClusterParts`.
    package func clusterPartStats(
        cluster name: String,
        part: String,
        worker: Int
    ) -> ClusterPartStats {
        let key = ScopeName(StatName.sanitized(name), .part(StatName.sanitized(part)))
        return state.withLock {
            $0.clusterParts[key, default: MergedScope(key)].block(of: worker)
        }
    }

    /// The cells of a virtual cluster at one worker.
    package func virtualClusterStats(
        virtualHost: String,
        name: String,
        worker: Int
    ) -> RouteStats {
        routeStats(
            ScopeName(StatName.sanitized(virtualHost), .virtualCluster(StatName.sanitized(name))),
            worker
        )
    }

    /// The cells of the routes with a `stat_prefix` at one worker.
    package func routeStats(virtualHost: String, prefix: String, worker: Int) -> RouteStats {
        routeStats(
            ScopeName(StatName.sanitized(virtualHost), .route(StatName.sanitized(prefix))),
            worker
        )
    }

    private func routeStats(_ key: ScopeName, _ worker: Int) -> RouteStats {
        state.withLock { $0.routes[key, default: MergedScope(key)].block(of: worker) }
    }

    /// The cells of an HTTP connection manager at one worker, by its `stat_prefix`.
    package func httpStats(prefix: String, worker: Int) -> HTTPStats {
        let name = StatName.sanitized(prefix)
        return state.withLock {
            $0.http[name, default: MergedScope(ScopeName(name))].block(of: worker)
        }
    }

    /// The cells of a listener at one worker, by its address or `stat_prefix`.
    package func listenerStats(address: String, worker: Int) -> ListenerStats {
        let name = StatName.sanitized(address)
        return state.withLock {
            $0.listeners[name, default: MergedScope(ScopeName(name))].block(of: worker)
        }
    }

    /// The cells of the process at one worker.
    package func serverStats(worker: Int) -> ServerStats {
        state.withLock { $0.server.block(of: worker) }
    }

    /// Forgets a cluster: it leaves the exposition, and its cells go when the workers let go.
    package func remove(cluster name: String) {
        let name = StatName.sanitized(name)
        state.withLock {
            _ = $0.clusters.removeValue(forKey: name)
            $0.clusterParts = $0.clusterParts.filter { $0.key.name != name }
            $0.transport.remove(ClusterStat.scopeKind, name)
        }
    }

    /// Forgets the virtual clusters and routes of a virtual host.
    package func remove(virtualHost name: String) {
        let name = StatName.sanitized(name)
        state.withLock { $0.routes = $0.routes.filter { $0.key.name != name } }
    }

    /// Forgets an HTTP connection manager.
    package func remove(httpPrefix prefix: String) {
        state.withLock { _ = $0.http.removeValue(forKey: StatName.sanitized(prefix)) }
    }

    /// Forgets a listener.
    package func remove(listener address: String) {
        let name = StatName.sanitized(address)
        state.withLock {
            _ = $0.listeners.removeValue(forKey: name)
            $0.transport.remove(ListenerStat.scopeKind, name)
        }
    }

    /// Makes a stat of the process a value that is asked for at each scrape (memory, a backlog).
    ///
    /// The body is called on the thread that scrapes and must not call the registry.
    package func compute(_ stat: ServerStat, _ body: @escaping @Sendable () -> UInt64) {
        state.withLock { $0.computed[stat] = body }
    }

    // MARK: - Values

    /// The value of a cluster's stat over all workers, as `/stats` prints it.
    package func value(cluster name: String, _ stat: ClusterStat) -> UInt64 {
        state.withLock { $0.clusters[StatName.sanitized(name)]?.value(stat) ?? 0 }
    }

    /// The value of a stat of a part of a cluster's responses over all workers.
    package func value(cluster name: String, part: String, _ stat: ClusterPartStat) -> UInt64 {
        let key = ScopeName(StatName.sanitized(name), .part(StatName.sanitized(part)))
        return state.withLock { $0.clusterParts[key]?.value(stat) ?? 0 }
    }

    /// The value of a virtual cluster's stat over all workers.
    package func value(
        virtualHost: String,
        virtualCluster name: String,
        _ stat: RouteStat
    ) -> UInt64 {
        let shape = ScopeName.Shape.virtualCluster(StatName.sanitized(name))
        let key = ScopeName(StatName.sanitized(virtualHost), shape)
        return state.withLock { $0.routes[key]?.value(stat) ?? 0 }
    }

    /// The value of a stat of the routes with a `stat_prefix` over all workers.
    package func value(virtualHost: String, route prefix: String, _ stat: RouteStat) -> UInt64 {
        let shape = ScopeName.Shape.route(StatName.sanitized(prefix))
        let key = ScopeName(StatName.sanitized(virtualHost), shape)
        return state.withLock { $0.routes[key]?.value(stat) ?? 0 }
    }

    /// The value of a connection manager's stat over all workers.
    package func value(httpPrefix prefix: String, _ stat: HTTPStat) -> UInt64 {
        state.withLock { $0.http[StatName.sanitized(prefix)]?.value(stat) ?? 0 }
    }

    /// The value of a listener's stat over all workers.
    package func value(listener address: String, _ stat: ListenerStat) -> UInt64 {
        state.withLock { $0.listeners[StatName.sanitized(address)]?.value(stat) ?? 0 }
    }

    /// The value of a stat of the process over all workers.
    package func value(_ stat: ServerStat) -> UInt64 {
        state.withLock { $0 }.serverValue(stat)
    }

    /// Makes every counter print 0 again (`/reset_counters`); gauges and histograms stay.
    ///
    /// The cells have one writer, which is not this thread: what they count now is remembered and
    /// subtracted from then on.
    package func resetCounters() {
        let computed = state.withLock { $0.computed }
        let values = computed.filter { $0.key.description.kind == .counter }.mapValues { $0() }
        state.withLock { state in
            for name in state.clusters.keys { state.clusters[name]?.resetCounters() }
            for name in state.clusterParts.keys { state.clusterParts[name]?.resetCounters() }
            for name in state.routes.keys { state.routes[name]?.resetCounters() }
            for name in state.http.keys { state.http[name]?.resetCounters() }
            for name in state.listeners.keys { state.listeners[name]?.resetCounters() }
            state.transport.resetCounters()
            state.server.resetCounters()
            state.computedBaseline = values
        }
    }

    /// For the scopes that stand in other files; the same lock, as briefly.
    func withState<Result>(_ body: (inout State) -> Result) -> Result {
        state.withLock { body(&$0) }
    }

    // MARK: - Scrapes

    /// The scopes as they are now; the lock is held for a copy of references only.
    func scopes() -> State { state.withLock { $0 } }

    /// The scopes as they are now; begins a new interval of the histograms where the last one has
    /// run for `seconds` at least.
    ///
    /// There is no timer behind it: an interval reaches from one look at it to the next.
    func scopesBeginningInterval(after seconds: Int64 = 5) -> State {
        state.withLock { state in
            let seen = state
            let now = ContinuousClock.now
            if let start = state.intervalStart, start.duration(to: now) < .seconds(seconds) {
                return seen
            }
            for name in state.clusters.keys { state.clusters[name]?.beginInterval() }
            for name in state.clusterParts.keys { state.clusterParts[name]?.beginInterval() }
            for name in state.routes.keys { state.routes[name]?.beginInterval() }
            for name in state.http.keys { state.http[name]?.beginInterval() }
            for name in state.listeners.keys { state.listeners[name]?.beginInterval() }
            state.transport.beginInterval()
            state.intervalStart = now
            return seen
        }
    }
}

extension StatsRegistry.State {
    /// A stat of the process, asked for where it is computed.
    func serverValue(_ stat: ServerStat) -> UInt64 {
        guard let body = computed[stat] else { return server.value(stat) }
        let value = body()
        let base = computedBaseline[stat] ?? 0
        // The cells have what a process before this one counted.
        let carried = stat.description.kind == .counter ? server.value(stat) : 0
        return (value >= base ? value - base : 0) &+ carried
    }
}
