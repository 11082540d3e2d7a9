import Synchronization

/// All scopes of the process: workers ask for their cells, the admin interface scrapes them.
///
/// Thread-safe by one lock, which is taken when a scope is made or removed and, briefly, by a
/// scrape; never by a request.
package final class StatsRegistry: Sendable {
    /// The name under which a thread that is no worker asks for cells of its own.
    package static let controlWorker = -1

    struct State: Sendable {
        var clusters: [String: MergedScope<ClusterStat>] = [:]
        var http: [String: MergedScope<HTTPStat>] = [:]
        var listeners: [String: MergedScope<ListenerStat>] = [:]
        var server: [String: MergedScope<ServerStat>] = [:]
        var computed: [ServerStat: @Sendable () -> UInt64] = [:]
        /// When `/stats` last began a new interval of the histograms, in seconds.
        var intervalStart: Int64 = .min
    }

    let state: Mutex<State>

    package init() { state = Mutex(State()) }

    // MARK: - Scopes

    /// The cells of a cluster at one worker, made at the first call.
    ///
    /// The worker that asks is the only one that may write them.
    package func clusterStats(name: String, worker: Int) -> ClusterStats {
        state.withLock { $0.clusters[name, default: MergedScope(name: name)].block(of: worker) }
    }

    /// The cells of an HTTP connection manager at one worker, by its `stat_prefix`.
    package func httpStats(prefix: String, worker: Int) -> HTTPStats {
        state.withLock { $0.http[prefix, default: MergedScope(name: prefix)].block(of: worker) }
    }

    /// The cells of a listener at one worker, by its address or `stat_prefix`.
    package func listenerStats(address: String, worker: Int) -> ListenerStats {
        state.withLock {
            $0.listeners[address, default: MergedScope(name: address)].block(of: worker)
        }
    }

    /// The cells of the process at one worker.
    package func serverStats(worker: Int) -> ServerStats {
        state.withLock { $0.server["", default: MergedScope(name: "")].block(of: worker) }
    }

    /// Forgets a cluster: it leaves the exposition, and its cells go when the workers let go.
    package func remove(cluster name: String) {
        state.withLock { _ = $0.clusters.removeValue(forKey: name) }
    }

    /// Forgets an HTTP connection manager.
    package func remove(httpPrefix prefix: String) {
        state.withLock { _ = $0.http.removeValue(forKey: prefix) }
    }

    /// Forgets a listener.
    package func remove(listener address: String) {
        state.withLock { _ = $0.listeners.removeValue(forKey: address) }
    }

    /// Makes a stat of the process a value that is asked for at each scrape (uptime, memory).
    package func compute(_ stat: ServerStat, _ body: @escaping @Sendable () -> UInt64) {
        state.withLock { $0.computed[stat] = body }
    }

    // MARK: - Values

    /// The value of a cluster's stat over all workers, as `/stats` prints it.
    package func value(cluster name: String, _ stat: ClusterStat) -> UInt64 {
        state.withLock { $0.clusters[name]?.value(stat) ?? 0 }
    }

    /// The value of a connection manager's stat over all workers.
    package func value(httpPrefix prefix: String, _ stat: HTTPStat) -> UInt64 {
        state.withLock { $0.http[prefix]?.value(stat) ?? 0 }
    }

    /// The value of a listener's stat over all workers.
    package func value(listener address: String, _ stat: ListenerStat) -> UInt64 {
        state.withLock { $0.listeners[address]?.value(stat) ?? 0 }
    }

    /// The value of a stat of the process over all workers.
    package func value(_ stat: ServerStat) -> UInt64 {
        let computed = state.withLock { $0.computed[stat] }
        if let computed { return computed() }
        return state.withLock { $0.server[""]?.value(stat) ?? 0 }
    }

    /// Makes every counter print 0 again (`/reset_counters`); gauges and histograms stay.
    ///
    /// The cells have one writer, which is not this thread: what they count now is remembered and
    /// subtracted from then on.
    package func resetCounters() {
        state.withLock { state in
            for name in state.clusters.keys { state.clusters[name]?.resetCounters() }
            for name in state.http.keys { state.http[name]?.resetCounters() }
            for name in state.listeners.keys { state.listeners[name]?.resetCounters() }
            for name in state.server.keys { state.server[name]?.resetCounters() }
        }
    }
}
