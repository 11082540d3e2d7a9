package import Model
package import Synchronization
package import Telemetry
import Wire

/// What the workers share of one listener.
package final class ListenerShared: Sendable {
    package let configuration: ListenerConfiguration
    /// The addresses that the sockets are bound to, ports chosen by the system filled in.
    package let boundAddresses: [SocketAddress]
    package let connections = Atomic<Int>(0)
    let connectionsMax: Int

    init(
        configuration: ListenerConfiguration,
        boundAddresses: [SocketAddress],
        connectionsMax: Int
    ) {
        self.configuration = configuration
        self.boundAddresses = boundAddresses
        self.connectionsMax = connectionsMax
    }

    /// Takes a place for a connection, or says that the listener is full.
    func tryOpen() -> Bool {
        if connections.add(1, ordering: .relaxed).newValue <= connectionsMax { return true }
        connections.subtract(1, ordering: .relaxed)
        return false
    }
}

/// One listener on one worker.
package final class ListenerState {
    package let shared: ListenerShared
    package var configuration: ListenerConfiguration { shared.configuration }
    package let stats: HTTPStats
    package let listenerStats: ListenerStats
    let accessLogs: [AccessLogChannel]
    let worker: Worker
    let headLimits: HeadLimits
    var acceptors: [Acceptor] = []

    init(
        shared: ListenerShared,
        stats: HTTPStats,
        listenerStats: ListenerStats,
        accessLogs: [AccessLogChannel],
        worker: Worker
    ) {
        self.shared = shared
        self.stats = stats
        self.listenerStats = listenerStats
        self.accessLogs = accessLogs
        self.worker = worker
        let http = shared.configuration.http
        headLimits = HeadLimits(
            headBytesMax: http.requestHeadBytesMax,
            headerCountMax: http.requestHeaderCountMax
        )
    }

    func connectionClosed() { shared.connections.subtract(1, ordering: .relaxed) }
}
