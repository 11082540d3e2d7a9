import Identity
package import Model
import Policy
package import Telemetry
import Wire

/// A filter chain of a listener on one worker, in one version of the listener's configuration.
///
/// Connections hold the version that their request began with, and move to `successor` between two
/// requests.
package class FilterChainState {
    /// What all versions of a chain point to, so that a connection finds the newest without keeping
    /// those between alive.
    final class Line {
        fileprivate(set) var current: FilterChainState?
        fileprivate(set) var isRemoved = false
    }

    package let shared: ListenerShared
    package let configuration: FilterChainConfiguration
    package let listenerStats: ListenerStats
    /// The listener's line: whose connections drain together.
    let listenerLine: ListenerState.Line
    let context: TLSContextSlot?
    let accessLogs: [AccessLogChannel]
    /// Which exchanges each of them has a line of; empty: all.
    private let accessLogFilters: [ExchangeFilter?]
    let worker: Worker
    let line: Line
    let position: Int
    let bufferLimitBytes: Int
    private(set) lazy var tlsStats = worker.registry.listenerTLSStats(
        address: shared.configuration.statName,
        worker: worker.index
    )

    /// - Parameter previous: the version that this one takes the place of; logs that are the same
    ///   go on with the same buffer, so that their lines keep their order.
    init(
        shared: ListenerShared,
        position: Int,
        listenerStats: ListenerStats,
        listenerLine: ListenerState.Line,
        accessLogs: [AccessLogChannel],
        accessLogFilters: [ExchangeFilter?],
        worker: Worker,
        replacing previous: FilterChainState? = nil
    ) {
        self.shared = shared
        self.position = position
        configuration = shared.configuration.chains[position]
        self.listenerStats = listenerStats
        self.listenerLine = listenerLine
        context = position < shared.contexts.count ? shared.contexts[position]?.slot : nil
        self.accessLogs = accessLogs
        self.accessLogFilters = accessLogFilters
        self.worker = worker
        bufferLimitBytes = shared.configuration.bufferLimitBytes
        line = previous?.line ?? Line()
        line.current = self
    }

    var listenerName: String { shared.configuration.name }

    /// The version that has taken this one's place; nil where this one is the newest, or where the
    /// chain is gone.
    ///
    /// A connection asks before each request.
    final var successor: FilterChainState? {
        guard let current = line.current, current !== self else { return nil }
        return current
    }

    /// The chain, its listener, or the whole worker drains: responses end their connection.
    final var isDraining: Bool { worker.isDraining || line.isRemoved }

    /// The configuration has this chain no more.
    func remove() {
        line.isRemoved = true
        line.current = nil
    }

    final func connectionClosed() { shared.closeOne() }

    /// Writes one line to each access log that wants it, from `worker.logRecord`.
    final func writeAccessLogs() { worker.writeLines(to: accessLogs, accessLogFilters) }
}

/// A chain that ends in an HTTP connection manager.
package final class HTTPChain: FilterChainState {
    let http: HTTPConnectionManager
    package let stats: HTTPStats
    let headLimits: HeadLimits

    init(
        _ http: HTTPConnectionManager,
        stats: HTTPStats,
        shared: ListenerShared,
        position: Int,
        listenerStats: ListenerStats,
        listenerLine: ListenerState.Line,
        accessLogs: [AccessLogChannel],
        worker: Worker,
        replacing previous: FilterChainState?
    ) {
        self.http = http
        self.stats = stats
        headLimits = HeadLimits(
            headBytesMax: http.requestHeadBytesMax,
            headerCountMax: http.requestHeaderCountMax
        )
        super.init(
            shared: shared,
            position: position,
            listenerStats: listenerStats,
            listenerLine: listenerLine,
            accessLogs: accessLogs,
            accessLogFilters: http.accessLogFilters,
            worker: worker,
            replacing: previous
        )
    }
}

/// A chain that relays bytes.
package final class TCPChain: FilterChainState {
    let tcp: TCPProxyConfiguration
    package let stats: TCPStats

    init(
        _ tcp: TCPProxyConfiguration,
        stats: TCPStats,
        shared: ListenerShared,
        position: Int,
        listenerStats: ListenerStats,
        listenerLine: ListenerState.Line,
        accessLogs: [AccessLogChannel],
        worker: Worker,
        replacing previous: FilterChainState?
    ) {
        self.tcp = tcp
        self.stats = stats
        super.init(
            shared: shared,
            position: position,
            listenerStats: listenerStats,
            listenerLine: listenerLine,
            accessLogs: accessLogs,
            accessLogFilters: tcp.accessLogFilters,
            worker: worker,
            replacing: previous
        )
    }
}
