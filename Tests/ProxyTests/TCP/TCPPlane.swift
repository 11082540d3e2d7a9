import Glibc
import Model
import Policy
import Telemetry

@testable import Proxy

/// A data plane with one worker whose listener relays, on loopback ports that the system chooses.
final class TCPPlane {
    static let loopback = SocketAddress.ipv4(0x7f00_0001, port: 0)

    let registry = StatsRegistry()
    private let plane: DataPlane

    /// A listener for the chain, and one cluster, `app`.
    init(
        chain filter: NetworkFilter,
        filters: ListenerFilters = ListenerFilters(),
        discovery: ClusterConfiguration.Discovery = .static,
        endpoints: [SocketAddress],
        limits: CircuitBreakerThresholds = CircuitBreakerThresholds()
    ) throws {
        let listener = ListenerConfiguration(
            name: "test",
            addresses: [Self.loopback],
            statName: "test",
            filterChains: [FilterChainConfiguration(filter: filter)],
            filters: filters
        )
        let cluster = ClusterConfiguration(
            name: "app",
            discovery: discovery,
            endpoints: endpoints.map { EndpointConfiguration(location: .address($0)) },
            circuitBreakers: [limits, limits],
            fingerprint: [1]
        )
        plane = DataPlane(options: .init(), registry: registry, accessLog: AccessLogWriter()) { _ in
        }
        try plane.start(Snapshot(listeners: [listener], clusters: [cluster]))
    }

    /// One that relays to these endpoints.
    convenience init(
        to endpoints: [SocketAddress],
        cluster: String = "app",
        idleTimeout: Int64? = nil,
        durationMax: Int64? = nil,
        attemptsMax: UInt32 = 1,
        limits: CircuitBreakerThresholds = CircuitBreakerThresholds()
    ) throws {
        try self.init(
            chain: .tcp(
                TCPProxyConfiguration(
                    statPrefix: "test",
                    destination: .cluster(cluster),
                    idleTimeoutMilliseconds: idleTimeout,
                    durationMaxMilliseconds: durationMax,
                    connectAttemptsMax: attemptsMax
                )
            ),
            endpoints: endpoints,
            limits: limits
        )
    }

    deinit { plane.stop() }

    var address: SocketAddress { plane.listeners[0].boundAddresses[0] }

    func drain() { plane.drain {} }

    func client() throws -> LoopbackSocket { try LoopbackSocket(connectingTo: address) }

    /// Whether the worker gets there; ends the worker, after which nothing changes the counts.
    ///
    /// Between connections nothing may be counted as being under way.
    func leavesNothing() -> Bool {
        let isOver = eventually { value(.downstreamCxActive) == 0 }
        plane.stop()
        let limits = plane.clusters[0].limits[0]
        return isOver && value(.upstreamCxActive) == 0 && value(.upstreamRqActive) == 0
            && value(.upstreamRqPendingActive) == 0 && value(.downstreamCxRxBytesBuffered) == 0
            && value(.downstreamCxTxBytesBuffered) == 0
            && limits.count(.connections) == 0 && limits.count(.requests) == 0
            && limits.count(.pendingRequests) == 0
    }

    func value(_ stat: TCPStat) -> UInt64 { registry.value(tcpPrefix: "test", stat) }
    func value(_ stat: ClusterStat) -> UInt64 { registry.value(cluster: "app", stat) }
    func value(_ stat: ListenerStat) -> UInt64 { registry.value(listener: "test", stat) }

    /// Waits until the condition holds; false where it does not within five seconds.
    func eventually(_ condition: () -> Bool) -> Bool {
        let end = Resolver.now() + 5_000
        while !condition() {
            if Resolver.now() > end { return false }
            _ = sched_yield()
        }
        return true
    }

    /// An address where nobody listens.
    static func deadAddress() throws -> SocketAddress { try LoopbackListener().address }
}
