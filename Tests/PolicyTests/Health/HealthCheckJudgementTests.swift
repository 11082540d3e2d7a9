import Model
import Policy
import Testing

@Suite("Health check judgement")
struct HealthCheckJudgementTests {
    private static let healthy = HealthCheckVerdict.healthy(isDegraded: false)

    private static func judge(
        _ status: UInt16,
        _ fields: [(String, String)] = [],
        body: Bool = true,
        check change: (inout HealthCheckConfiguration.HTTP) -> Void = { _ in }
    ) -> (verdict: HealthCheckVerdict, verifies: Bool) {
        var check = HealthCheckConfiguration.HTTP(path: "/")
        change(&check)
        return HealthCheckJudgement(response(status, fields), check)
            .verdict(hasExpectedBody: body)
    }

    private static func unhealthy(
        retriable: Bool = false,
        excludes: Bool = false
    ) -> HealthCheckVerdict {
        .unhealthy(isRetriable: retriable, excludes: excludes)
    }

    @Test("only 200 is healthy where nothing else is expected")
    func statuses() {
        #expect(Self.judge(200).verdict == Self.healthy)
        for status: UInt16 in [201, 204, 302, 404, 500, 503] {
            #expect(Self.judge(status).verdict == Self.unhealthy())
        }
    }

    @Test("expected and retriable statuses are half-open ranges")
    func ranges() {
        let change: (inout HealthCheckConfiguration.HTTP) -> Void = {
            $0.expectedStatuses = [200..<202, 404..<405]
            $0.retriableStatuses = [500..<503]
        }
        for status: UInt16 in [200, 201, 404] {
            #expect(Self.judge(status, check: change).verdict == Self.healthy)
        }
        for status: UInt16 in [202, 403, 405, 503] {
            #expect(Self.judge(status, check: change).verdict == Self.unhealthy())
        }
        #expect(Self.judge(502, check: change).verdict == Self.unhealthy(retriable: true))
    }

    @Test("headers make an endpoint degraded or excluded")
    func headers() {
        let degraded = Self.judge(200, [("x-envoy-degraded", "")]).verdict
        #expect(degraded == .healthy(isDegraded: true))
        let header = [("x-envoy-immediate-health-check-fail", "true")]
        #expect(Self.judge(503, header).verdict == Self.unhealthy(excludes: true))
        // A healthy answer with the header stays healthy, as in Envoy.
        #expect(Self.judge(200, header).verdict == Self.healthy)
        #expect(Self.judge(200, header, body: false).verdict == Self.unhealthy(excludes: true))
    }

    @Test("the service's name is compared only for answers that are right otherwise")
    func serviceName() {
        let change: (inout HealthCheckConfiguration.HTTP) -> Void = {
            $0.serviceName = StringMatcher(.prefix("loc"))
        }
        let name = "x-envoy-upstream-healthchecked-cluster"
        let right = Self.judge(200, [(name, "locations")], check: change)
        #expect(right.verdict == Self.healthy)
        #expect(right.verifies)
        let wrong = Self.judge(200, [(name, "api")], check: change)
        #expect(wrong.verdict == Self.unhealthy())
        #expect(wrong.verifies)
        #expect(Self.judge(200, check: change).verdict == Self.unhealthy())
        #expect(!Self.judge(500, [(name, "locations")], check: change).verifies)
        #expect(!Self.judge(200, [(name, "locations")], body: false, check: change).verifies)
    }
}
