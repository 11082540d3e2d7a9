package import Model
import Policy
import Synchronization
package import Telemetry
import Wire

/// What the workers share of one listener, in one version of its configuration.
package final class ListenerShared: Sendable {
    package let configuration: ListenerConfiguration
    /// The addresses that the sockets are bound to, ports chosen by the system filled in.
    package let boundAddresses: [SocketAddress]
    /// Open connections over all workers and all versions of the listener.
    package var connectionCount: Int { open.count.load(ordering: .relaxed) }
    let connectionsMax: Int
    private let open: OpenConnections

    /// A count that outlives a change of the listener's configuration.
    private final class OpenConnections: Sendable {
        let count = Atomic<Int>(0)
    }

    /// - Parameter previous: what this one takes the place of: its connections become ours.
    init(
        configuration: ListenerConfiguration,
        boundAddresses: [SocketAddress],
        connectionsMax: Int,
        replacing previous: ListenerShared? = nil
    ) {
        self.configuration = configuration
        self.boundAddresses = boundAddresses
        self.connectionsMax = connectionsMax
        open = previous?.open ?? OpenConnections()
    }

    /// Takes a place for a connection, or says that the listener is full.
    func tryOpen() -> Bool {
        if open.count.add(1, ordering: .relaxed).newValue <= connectionsMax { return true }
        open.count.subtract(1, ordering: .relaxed)
        return false
    }

    func closeOne() { open.count.subtract(1, ordering: .relaxed) }
}

/// One listener on one worker, in one version of its configuration.
///
/// A reload makes another one. Connections hold the version that their request began with, and move
/// to `successor` between two requests.
package final class ListenerState {
    /// What all versions of a listener point to, so that a connection finds the newest without
    /// keeping those between alive.
    final class Line {
        fileprivate(set) var current: ListenerState?
        fileprivate(set) var isRemoved = false
    }

    package let shared: ListenerShared
    package var configuration: ListenerConfiguration { shared.configuration }
    package let stats: HTTPStats
    package let listenerStats: ListenerStats
    let accessLogs: [AccessLogChannel]
    /// Which exchanges each of them has a line of; empty: all.
    private let accessLogFilters: [ExchangeFilter?]
    let worker: Worker
    let headLimits: HeadLimits
    let line: Line

    /// - Parameter previous: the version that this one takes the place of; logs that are the same
    ///   go on with the same buffer, so that their lines keep their order.
    init(
        shared: ListenerShared,
        stats: HTTPStats,
        listenerStats: ListenerStats,
        accessLogs: [AccessLogChannel],
        worker: Worker,
        replacing previous: ListenerState? = nil
    ) {
        self.shared = shared
        self.stats = stats
        self.listenerStats = listenerStats
        self.accessLogs = accessLogs
        self.worker = worker
        let http = shared.configuration.http
        accessLogFilters = http.accessLogFilters
        headLimits = HeadLimits(
            headBytesMax: http.requestHeadBytesMax,
            headerCountMax: http.requestHeaderCountMax
        )
        line = previous?.line ?? Line()
        line.current = self
    }

    /// The version that has taken this one's place; nil where this one is the newest, or where the
    /// listener is gone.
    ///
    /// A connection asks before each request.
    var successor: ListenerState? {
        guard let current = line.current, current !== self else { return nil }
        return current
    }

    /// The listener, or the whole worker, drains: responses end their connection.
    var isDraining: Bool { worker.isDraining || line.isRemoved }

    /// The configuration has this listener no more.
    func remove() {
        line.isRemoved = true
        line.current = nil
    }

    func connectionClosed() { shared.closeOne() }

    /// Writes one line to each access log that wants it, from `worker.logRecord`.
    func writeAccessLogs() {
        if !accessLogFilters.isEmpty { return writeFilteredAccessLogs() }
        for log in accessLogs {
            if !log.hasLines { worker.willWrite(to: log) }
            log.log(worker.logRecord)
        }
    }

    private func writeFilteredAccessLogs() {
        for (index, log) in accessLogs.enumerated() {
            if index < accessLogFilters.count, let filter = accessLogFilters[index] {
                let isWanted = filter.matches(worker.logRecord) { worker.random.next() }
                if !isWanted { continue }
            }
            if !log.hasLines { worker.willWrite(to: log) }
            log.log(worker.logRecord)
        }
    }
}
