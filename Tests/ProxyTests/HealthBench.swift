import Glibc
import Model
import Policy
import Telemetry

@testable import Proxy

/// A monitor over one cluster whose endpoints are sockets that the test scripts.
final class HealthBench {
    let registry = StatsRegistry()
    let accessLog = AccessLogWriter()
    let plane: DataPlane
    let monitor: HealthMonitor
    let cluster: ClusterShared

    init(
        _ endpoints: [ResolvedEndpoint],
        checks: [HealthCheckConfiguration] = [],
        outlier: OutlierDetectionConfiguration? = nil,
        headBytesMax: Int = 4096
    ) throws {
        plane = DataPlane(options: .init(), registry: registry, accessLog: accessLog) { _ in }
        monitor = HealthMonitor(plane: plane)
        cluster = ClusterShared(
            configuration: ClusterConfiguration(
                name: "app",
                discovery: .static,
                endpoints: [],
                localities: [
                    LocalityConfiguration(locality: Locality(region: "eu", zone: "z\"1"))
                ],
                healthChecks: checks,
                outlierDetection: outlier,
                responseHeadBytesMax: headBytesMax,
                fingerprint: [1]
            )
        )
        _ = cluster.update(endpoints)
        try monitor.start()
        monitor.apply(clusters: [cluster])
    }

    deinit { monitor.stop() }

    static func endpoint(
        _ address: SocketAddress,
        _ attributes: EndpointAttributes? = nil
    ) -> ResolvedEndpoint {
        ResolvedEndpoint(address: address, hostname: "", weight: 1, attributes: attributes)
    }

    /// A check every 10 ms, whether or not there is traffic.
    static func http(
        timeout: Int64 = 5_000,
        interval: Int64 = 10,
        _ change: (inout HealthCheckConfiguration.HTTP) -> Void = { _ in }
    ) -> HealthCheckConfiguration {
        var http = HealthCheckConfiguration.HTTP(path: "/healthz")
        change(&http)
        return check(.http(http), timeout, interval)
    }

    static func tcp(
        send: String = "",
        receive: [String] = [],
        timeout: Int64 = 5_000,
        interval: Int64 = 10
    ) -> HealthCheckConfiguration {
        let kind = HealthCheckConfiguration.Kind.tcp(
            send: Array(send.utf8),
            receive: receive.map { Array($0.utf8) }
        )
        return check(kind, timeout, interval)
    }

    private static func check(
        _ kind: HealthCheckConfiguration.Kind,
        _ timeout: Int64,
        _ interval: Int64
    ) -> HealthCheckConfiguration {
        var check = HealthCheckConfiguration(
            kind: kind,
            timeout: timeout,
            interval: interval,
            unhealthyThreshold: 2,
            healthyThreshold: 2
        )
        check.noTrafficInterval = interval
        return check
    }

    func flags(_ index: Int = 0) -> HealthFlags { cluster.endpoints.members[index].healthFlags }

    func value(_ stat: ClusterStat) -> UInt64 { registry.value(cluster: "app", stat) }

    /// Waits until the condition holds; false where it does not within five seconds.
    func eventually(_ condition: () -> Bool) -> Bool {
        let end = Resolver.now() + 5_000
        while !condition() {
            if Resolver.now() > end { return false }
            _ = sched_yield()
        }
        return true
    }
}
