import Model
import Policy
import Synchronization
import Telemetry
import Testing

@testable import Admin
@testable import Proxy

/// `/clusters` with health, localities, rates and budgets, as Envoy 1.40 prints them.
struct ClustersPageTests {
    /// An admin interface over two groups of endpoints with everything that the page can show.
    private final class Setting {
        let plane: DataPlane
        let admin: AdminInterface

        init() throws {
            let registry = StatsRegistry()
            plane = DataPlane(
                options: .init(workerCount: 1),
                registry: registry,
                accessLog: AccessLogWriter(),
                report: { _ in }
            )
            try plane.start(Snapshot(listeners: [], clusters: [Self.cluster()]))
            admin = AdminInterface(
                plane: plane,
                registry: registry,
                process: ProcessInformation(version: "1"),
                onQuit: {}
            )
        }

        deinit { plane.stop() }

        private static func cluster() -> ClusterConfiguration {
            func endpoint(
                _ port: UInt16,
                _ health: EndpointAttributes.Health = .unknown,
                isCanary: Bool = false,
                locality: UInt16 = 0
            ) -> EndpointConfiguration {
                EndpointConfiguration(
                    location: .address(.ipv4(0x7f00_0001, port: port)),
                    attributes: EndpointAttributes(health: health, isCanary: isCanary),
                    locality: locality
                )
            }
            let place = Locality(region: "eu", zone: "z1", subZone: "s\n1")
            return ClusterConfiguration(
                name: "app",
                discovery: .static,
                endpoints: [
                    endpoint(5, locality: 1), endpoint(1, isCanary: true), endpoint(2, .unhealthy),
                    endpoint(3, .draining), endpoint(4, .degraded),
                ],
                localities: [
                    LocalityConfiguration(locality: place),
                    LocalityConfiguration(priority: 1),
                ],
                outlierDetection: OutlierDetectionConfiguration(),
                circuitBreakers: [
                    .init(retryBudget: RetryBudget(percent: 12.5), tracksRemaining: true), .init(),
                ],
                fingerprint: [1]
            )
        }

        func member(_ port: UInt16) throws -> EndpointShared {
            try #require(
                plane.clusters[0].endpoints.members.first { $0.endpoint.address.port == port }
            )
        }

        func page(_ query: [(name: String, value: String)] = []) -> String {
            admin.handle(
                LocalRequest(
                    method: "GET",
                    path: "/clusters",
                    query: query,
                    headers: [("Host", "127.0.0.1:9901")],
                    body: [],
                    bodyCount: 0,
                    peer: .ipv4(0x7f00_0001, port: 40000),
                    minorVersion: 1
                )
            ).text
        }

        func json() throws -> JSON {
            let all = try JSON(page([("format", "json")]))
            return try #require(all["cluster_statuses"]?[0])
        }

        /// An interval with so many successes and failures at one endpoint.
        func measure(_ port: UInt16, successes: Int, failures: Int) throws {
            var configuration = OutlierDetectionConfiguration()
            configuration.successRateMinimumHosts = 1
            configuration.successRateRequestVolume = 1
            configuration.enforcingSuccessRate = 0
            var detector = OutlierDetector(configuration)
            let members = plane.clusters[0].endpoints.members
            detector.setHosts(members.compactMap(\.outlier))
            let counts = try #require(try member(port).outlier)
            for _ in 0..<successes { _ = counts.record(.response(status: 200)) }
            for _ in 0..<failures { _ = counts.record(.response(status: 500)) }
            var random = Xoshiro256(seed: 1)
            _ = detector.intervalEnded(now: 10_000, random: &random)
        }
    }

    @Test func healthFlagsStandInEnvoysOrder() throws {
        let setting = try Setting()
        _ = try setting.member(1).change(
            set: [
                .failedActiveCheck, .failedOutlierCheck, .degradedActiveCheck, .pendingActiveCheck,
                .excludedByImmediateFailure, .activeCheckTimedOut,
            ],
            clear: []
        )
        let lines = Set(setting.page().split(separator: "\n").map(String.init))
        let all =
            "/failed_active_hc/failed_outlier_check/degraded_active_hc/pending_active_hc"
            + "/excluded_via_immediate_hc_fail/active_hc_timeout"
        for (port, flags) in [
            (1, all), (2, "/failed_eds_health"), (3, "/eds_status_draining"),
            (4, "/degraded_eds_health"), (5, "healthy"),
        ] {
            #expect(lines.contains("app::127.0.0.1:\(port)::health_flags::\(flags)"))
        }
    }

    @Test func healthIsTrueMembersInJSON() throws {
        let setting = try Setting()
        _ = try setting.member(1).change(
            set: [.failedActiveCheck, .activeCheckTimedOut],
            clear: []
        )
        let hosts = try #require(try setting.json()["host_statuses"]?.elements)
        let health = hosts.map { $0["health_status"] }
        #expect(
            health[0]
                == .object([
                    "failed_active_health_check": .boolean(true),
                    "active_hc_timeout": .boolean(true), "eds_health_status": .string("HEALTHY"),
                ])
        )
        #expect(
            health.dropFirst().map { $0?["eds_health_status"]?.string } == [
                "UNHEALTHY", "DRAINING", "DEGRADED", "HEALTHY",
            ]
        )
    }

    @Test func endpointsStandByPriorityWithTheirLocality() throws {
        let setting = try Setting()
        let hosts = try #require(try setting.json()["host_statuses"]?.elements)
        #expect(hosts.map { $0["priority"]?.number } == [0, 0, 0, 0, 1])
        #expect(
            hosts.map { $0["address"]?["socket_address"]?["port_value"]?.number } == [
                1, 2, 3, 4, 5,
            ]
        )
        #expect(
            hosts[0]["locality"]
                == .object([
                    "region": .string("eu"), "zone": .string("z1"), "sub_zone": .string("s\n1"),
                ])
        )
        #expect(hosts[4]["locality"] == .object([:]))
        let text = setting.page()
        #expect(text.contains("app::127.0.0.1:1::region::eu\n"))
        #expect(text.contains("app::127.0.0.1:1::sub_zone::s_1\n"))
        #expect(text.contains("app::127.0.0.1:1::canary::true\n"))
        #expect(text.contains("app::127.0.0.1:5::priority::1\n"))
    }

    @Test func ratesAreShownWhereTheyAreKnown() throws {
        let setting = try Setting()
        var text = setting.page()
        for what in ["success_rate_average", "local_origin_success_rate_ejection_threshold"] {
            #expect(text.contains("app::outlier::\(what)::-1\n"))
        }
        #expect(try setting.json()["success_rate_ejection_threshold"] == nil)
        try setting.measure(1, successes: 2, failures: 1)
        text = setting.page()
        #expect(text.contains("app::outlier::success_rate_average::66.6667\n"))
        #expect(text.contains("app::outlier::success_rate_ejection_threshold::66.6667\n"))
        #expect(text.contains("app::outlier::local_origin_success_rate_average::-1\n"))
        #expect(text.contains("app::127.0.0.1:1::success_rate::66.66666666666667\n"))
        #expect(text.contains("app::127.0.0.1:2::success_rate::-1\n"))
        let json = try setting.json()
        let threshold = try #require(json["success_rate_ejection_threshold"]?["value"]?.number)
        #expect(abs(threshold - 66.66666666666667) < 1e-9)
        let hosts = try #require(json["host_statuses"]?.elements)
        #expect(hosts[0]["success_rate"]?["value"]?.number == 66.66666666666667)
        #expect(hosts[0]["local_origin_success_rate"] == nil)
        #expect(hosts[1]["success_rate"] == nil)
    }

    @Test func aRetryBudgetIsShown() throws {
        let setting = try Setting()
        let thresholds = try #require(try setting.json()["circuit_breakers"]?["thresholds"])
        let budget = thresholds[0]?["retry_budget"]
        #expect(budget?["budget_percent"]?["value"]?.number == 12.5)
        #expect(budget?["min_retry_concurrency"]?.number == 3)
        #expect(thresholds[0]?["track_remaining"] == .boolean(true))
        #expect(thresholds[1]?["retry_budget"] == nil)
    }

    @Test(
        "numbers are rounded as printf does",
        arguments: [
            (0.0, "0"), (-1, "-1"), (100, "100"), (16.666666666666668, "16.6667"),
            (-28.11684, "-28.1168"), (99.99999999, "100"), (0.1, "0.1"),
        ]
    )
    func rounding(_ value: Double, _ text: String) {
        #expect(PlainText.rounded(value) == text)
    }
}
