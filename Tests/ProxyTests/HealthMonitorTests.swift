import Glibc
import Model
import Policy
import Synchronization
import Telemetry
import Testing

@testable import Proxy

private let okay = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

/// The monitor's life: clusters and endpoints that come and go, ejections, event logs.
@Suite("Health monitor")
struct HealthMonitorTests {
    private func lines(_ path: String) -> [String] {
        guard let file = unsafe fopen(path, "r") else { return [] }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var byte = unsafe fgetc(file)
        while byte != EOF {
            bytes.append(UInt8(truncatingIfNeeded: byte))
            byte = unsafe fgetc(file)
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private func temporaryPath() -> String {
        "/tmp/pillion-health-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).log"
    }

    @Test("endpoints that come are checked, those that stay keep their connection")
    func endpointsChange() throws {
        let first = try LoopbackListener()
        let second = try LoopbackListener()
        let bench = try HealthBench(
            [HealthBench.endpoint(first.address)],
            checks: [HealthBench.http()]
        )
        let peer = try #require(try first.accept())
        #expect(peer.read(upTo: "\r\n\r\n").hasPrefix("GET"))
        peer.send(okay)
        _ = bench.cluster.update([
            HealthBench.endpoint(first.address), HealthBench.endpoint(second.address),
        ])
        bench.monitor.endpointsChanged(of: bench.cluster)
        let other = try #require(try second.accept())
        #expect(other.read(upTo: "\r\n\r\n").hasPrefix("GET"))
        other.send(okay)
        #expect(bench.eventually { bench.flags(1) == [] })
        // Still on the first connection.
        #expect(peer.read(upTo: "\r\n\r\n").hasPrefix("GET"))
        peer.send(okay)
        _ = bench.cluster.update([HealthBench.endpoint(second.address)])
        bench.monitor.endpointsChanged(of: bench.cluster)
        while peer.read(upTo: "\r\n\r\n").hasPrefix("GET") { peer.send(okay) }
        #expect(bench.eventually { bench.value(.healthCheckHealthy) == 1 })
    }

    @Test("a cluster that is the same object goes on, one that is gone ends")
    func clustersChange() throws {
        let listener = try LoopbackListener()
        let bench = try HealthBench(
            [HealthBench.endpoint(listener.address)],
            checks: [HealthBench.http()]
        )
        let peer = try #require(try listener.accept())
        #expect(peer.read(upTo: "\r\n\r\n").hasPrefix("GET"))
        peer.send(okay)
        bench.monitor.apply(clusters: [bench.cluster])
        #expect(peer.read(upTo: "\r\n\r\n").hasPrefix("GET"))
        peer.send(okay)
        #expect(bench.eventually { bench.flags() == [] })
        bench.monitor.apply(clusters: [])
        while peer.read(upTo: "\r\n\r\n").hasPrefix("GET") { peer.send(okay) }
        #expect(bench.eventually { bench.value(.healthCheckHealthy) == 0 })
    }

    @Test(
        "what was known of an endpoint before its cluster changed holds until checks say otherwise"
    )
    func inheritedHealth() throws {
        let bench = try HealthBench(
            [HealthBench.endpoint(.ipv4(0x7f00_0001, port: 1))],
            checks: [HealthBench.tcp(interval: 20)]
        )
        bench.monitor.stop()
        let endpoint = bench.cluster.endpoints.members[0]
        _ = endpoint.change(set: [], clear: [.failedActiveCheck, .pendingActiveCheck])
        let before = bench.value(.healthCheckFailure)
        try bench.monitor.start()
        // The connection is refused, which must happen twice to make the endpoint unhealthy.
        #expect(bench.eventually { bench.flags() == .failedActiveCheck })
        #expect(bench.eventually { bench.value(.healthCheckFailure) >= before + 2 })
    }

    @Test("an endpoint must pass all checks of its cluster")
    func severalChecks() throws {
        let listener = try LoopbackListener()
        var tcp = HealthBench.tcp(interval: 60_000)
        tcp.altPort = 1
        let bench = try HealthBench(
            [HealthBench.endpoint(listener.address)],
            checks: [HealthBench.http(interval: 60_000), tcp]
        )
        let peer = try #require(try listener.accept())
        _ = peer.read(upTo: "\r\n\r\n")
        #expect(bench.flags() == [.failedActiveCheck, .pendingActiveCheck])
        peer.send(okay)
        bench.monitor.waitForFirstChecks(milliseconds: 5_000)
        #expect(bench.flags() == .failedActiveCheck)
        #expect(bench.value(.healthCheckSuccess) == 1)
        #expect(bench.value(.healthCheckFailure) == 1)
        #expect(bench.value(.healthCheckHealthy) == 0)
    }

    @Test("the wait for first checks ends when the time is over")
    func waitEnds() throws {
        let listener = try LoopbackListener()
        let bench = try HealthBench(
            [HealthBench.endpoint(listener.address)],
            checks: [HealthBench.http()]
        )
        let begin = Resolver.now()
        bench.monitor.waitForFirstChecks(milliseconds: 50)
        #expect(Resolver.now() - begin >= 50)
        #expect(bench.flags().contains(.pendingActiveCheck))
    }

    @Test("a cluster without checks needs no thread, and stopping twice is harmless")
    func nothingToDo() throws {
        let bench = try HealthBench([HealthBench.endpoint(.ipv4(0x7f00_0001, port: 1))])
        bench.monitor.waitForFirstChecks(milliseconds: 60_000)
        #expect(bench.flags() == [])
        bench.monitor.stop()
        bench.monitor.stop()
    }

    @Test("an immediate failure that a worker saw takes the endpoint out until a check succeeds")
    func immediateFailure() throws {
        let listener = try LoopbackListener()
        let bench = try HealthBench(
            [HealthBench.endpoint(listener.address)],
            checks: [HealthBench.tcp(interval: 200)]
        )
        #expect(bench.eventually { bench.flags() == [] })
        let endpoint = bench.cluster.endpoints.members[0]
        bench.cluster.onImmediateFailure.withLock { $0 }?(endpoint)
        #expect(
            bench.eventually {
                bench.flags() == [.failedActiveCheck, .excludedByImmediateFailure]
            }
        )
        #expect(bench.value(.healthCheckPassiveFailure) == 1)
        #expect(bench.eventually { bench.flags() == [] })
    }

    @Test("events are written as lines of JSON, with names that may hold anything")
    func eventLog() throws {
        let path = temporaryPath()
        defer { _ = unsafe unlink(path) }
        let listener = try LoopbackListener()
        let port = try #require(listener.address.port)
        var check = HealthBench.http(interval: 60_000)
        check.eventLogPath = path
        let bench = try HealthBench([HealthBench.endpoint(listener.address)], checks: [check])
        let peer = try #require(try listener.accept())
        _ = peer.read(upTo: "\r\n\r\n")
        peer.send(okay)
        #expect(bench.eventually { lines(path).count == 1 })
        let line = try #require(lines(path).first)
        #expect(
            line.hasPrefix(
                "{\"health_checker_type\":\"HTTP\",\"host\":{\"socket_address\":{\"protocol\":\"TCP\","
                    + "\"address\":\"127.0.0.1\",\"port_value\":\(port)}},\"cluster_name\":\"app\","
                    + "\"timestamp\":\"20"
            )
        )
        #expect(
            line.hasSuffix(
                "Z\",\"add_healthy_event\":{\"first_check\":true},"
                    + "\"locality\":{\"region\":\"eu\",\"zone\":\"z\\\"1\",\"sub_zone\":\"\"}}"
            )
        )
    }

    // MARK: - Outliers

    private static func outlier() -> OutlierDetectionConfiguration {
        var configuration = OutlierDetectionConfiguration()
        configuration.consecutive5xx = 2
        configuration.interval = 20
        configuration.baseEjectionTime = 200
        configuration.alwaysEjectsOneHost = true
        return configuration
    }

    @Test("a row of failures that a worker counted ejects, and the time brings the endpoint back")
    func ejection() throws {
        let bench = try HealthBench(
            [
                HealthBench.endpoint(.ipv4(0x7f00_0001, port: 1)),
                HealthBench.endpoint(.ipv4(0x7f00_0001, port: 2)),
            ],
            outlier: Self.outlier()
        )
        let cluster = bench.cluster
        let endpoint = cluster.endpoints.members[0]
        #expect(bench.eventually { cluster.onConsecutiveFailure.withLock { $0 != nil } })
        let told = (0..<2).compactMap { _ in endpoint.outlier?.record(.response(status: 500)) }
        #expect(told == [.serverError])
        cluster.onConsecutiveFailure.withLock { $0 }?(endpoint, .serverError)
        #expect(bench.eventually { bench.flags(0) == .failedOutlierCheck })
        #expect(bench.eventually { bench.value(.outlierDetectionEjectionsActive) == 1 })
        #expect(bench.value(.outlierDetectionEjectionsEnforcedConsecutive5xx) == 1)
        #expect(bench.value(.outlierDetectionEjectionsDetectedConsecutive5xx) == 1)
        #expect(bench.value(.outlierDetectionEjectionsConsecutive5xx) == 1)
        #expect(bench.value(.outlierDetectionEjectionsTotal) == 1)
        #expect(bench.value(.outlierDetectionEjectionsEnforcedTotal) == 1)
        let second = cluster.endpoints.members[1]
        cluster.onConsecutiveFailure.withLock { $0 }?(second, .serverError)
        #expect(bench.eventually { bench.value(.outlierDetectionEjectionsOverflow) == 1 })
        #expect(bench.flags(1) == [])
        #expect(bench.eventually { bench.flags(0) == [] })
        #expect(bench.eventually { bench.value(.outlierDetectionEjectionsActive) == 0 })
        bench.monitor.apply(clusters: [])
        #expect(bench.eventually { cluster.onConsecutiveFailure.withLock { $0 == nil } })
    }

    @Test("a check that succeeds brings an ejected endpoint back")
    func checkEndsEjection() throws {
        let listener = try LoopbackListener()
        var configuration = Self.outlier()
        configuration.baseEjectionTime = 300_000
        let bench = try HealthBench(
            [HealthBench.endpoint(listener.address)],
            checks: [HealthBench.http(interval: 100)],
            outlier: configuration
        )
        let cluster = bench.cluster
        let peer = try #require(try listener.accept())
        _ = peer.read(upTo: "\r\n\r\n")
        peer.send(okay)
        #expect(bench.eventually { bench.flags() == [] })
        let endpoint = cluster.endpoints.members[0]
        cluster.onConsecutiveFailure.withLock { $0 }?(endpoint, .serverError)
        #expect(bench.eventually { bench.flags() == .failedOutlierCheck })
        _ = peer.read(upTo: "\r\n\r\n")
        peer.send(okay)
        #expect(bench.eventually { bench.flags() == [] })
        #expect(bench.eventually { bench.value(.outlierDetectionEjectionsActive) == 0 })
    }
}
