import Glibc
import Model
import Policy
import Telemetry

@testable import Proxy

/// A data plane with one worker, one listener and one endpoint, all on loopback ports that the
/// system chooses.
final class LivePlane {
    let upstream: LoopbackListener
    let registry = StatsRegistry()
    private let plane: DataPlane

    init(
        upstream address: SocketAddress = .ipv4(0x7f00_0001, port: 0),
        connectionsMax: UInt32 = 1024,
        retryPolicy: RetryPolicy? = nil,
        localReplies: LocalReplies? = nil
    ) throws {
        upstream = try LoopbackListener(address)
        let action = ForwardAction(destination: .cluster("app"), retryPolicy: retryPolicy)
        let route = Route(
            name: "",
            explanation: "route 1",
            match: RouteMatch(path: .prefix("/")),
            action: .forward(action)
        )
        let refusal = Route(
            name: "",
            explanation: "route 0",
            match: RouteMatch(path: .prefix("/direct")),
            action: .directResponse(DirectResponseAction(status: 200, body: Array("direct".utf8)))
        )
        let host = VirtualHost(name: "local", domains: ["*"], routes: [refusal, route])
        let table = RouteTable(
            name: "local",
            virtualHosts: [host],
            exactDomains: ByteTable(),
            suffixDomains: [],
            prefixDomains: [],
            defaultVirtualHost: 0
        )
        let listener = ListenerConfiguration(
            name: "test",
            addresses: [.ipv4(0x7f00_0001, port: 0)],
            statName: "test",
            http: HTTPConnectionManager(
                statPrefix: "test",
                routes: table,
                localReplies: localReplies
            )
        )
        let thresholds = CircuitBreakerThresholds(connectionsMax: connectionsMax)
        let cluster = ClusterConfiguration(
            name: "app",
            discovery: .static,
            endpoints: [EndpointConfiguration(location: .address(upstream.address))],
            circuitBreakers: [thresholds, thresholds],
            fingerprint: [1]
        )
        plane = DataPlane(options: .init(), registry: registry, accessLog: AccessLogWriter()) { _ in
        }
        try plane.start(Snapshot(listeners: [listener], clusters: [cluster]))
    }

    deinit { plane.stop() }

    /// A new client's connection.
    func client() throws -> LoopbackSocket {
        try LoopbackSocket(connectingTo: plane.listeners[0].boundAddresses[0])
    }

    /// Ends the worker, after which nothing changes the counts any more.
    func stop() { plane.stop() }

    func drain(done: @escaping @Sendable () -> Void) { plane.drain(done: done) }

    /// Waits until the condition holds; false where it does not within five seconds.
    func eventually(_ condition: () -> Bool) -> Bool {
        let end = Resolver.now() + 5_000
        while !condition() {
            if Resolver.now() > end { return false }
            _ = sched_yield()
        }
        return true
    }

    /// What must be 0 whenever no request is under way.
    func activeCounts() -> [UInt64] {
        [
            registry.value(cluster: "app", .upstreamRqActive),
            registry.value(cluster: "app", .upstreamRqPendingActive),
            registry.value(httpPrefix: "test", .downstreamRqActive),
        ]
            + plane.clusters[0].limits.flatMap { limits in
                [limits.count(.pendingRequests), limits.count(.requests), limits.count(.retries)]
                    .map { UInt64(bitPattern: Int64($0)) }
            }
    }
}
