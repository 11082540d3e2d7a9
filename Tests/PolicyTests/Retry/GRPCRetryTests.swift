import Model
import Policy
import Testing

@Suite("Retries of gRPC, reset headers and strict checks")
struct GRPCRetryTests {
    @Test(
        "a status in the head is retried where its condition is set",
        arguments: [
            ("cancelled", "1"), ("deadline-exceeded", "4"), ("resource-exhausted", "8"),
            ("internal", "13"), ("unavailable", "14"),
        ]
    )
    func conditions(name: String, status: String) {
        let policy = RetryState(policy: .on(name), head: request())
        #expect(
            policy.decide(onStatus: 200, response: response(200, [("grpc-status", status)])) == .yes
        )
        #expect(
            policy.decide(onStatus: 200, response: response(200, [("grpc-status", "2")])) == .no
        )
        #expect(policy.decide(onStatus: 200, response: response(200)) == .no)
        let asked = RetryState(
            policy: nil,
            head: request("GET", "/", [("x-envoy-retry-grpc-on", name)])
        )
        #expect(
            asked.decide(onStatus: 200, response: response(200, [("grpc-status", status)])) == .yes
        )
        let wrong = RetryState(policy: nil, head: request("GET", "/", [("x-envoy-retry-on", name)]))
        #expect(wrong.conditions.rawValue == 0)
    }

    @Test("a hedge needs retries that are left and no condition")
    func hedge() {
        var state = RetryState(policy: .on("connect-failure", retries: 1), head: request())
        #expect(state.decideOnHedge() == .yes)
        state.consume()
        #expect(state.decideOnHedge() == .limitExceeded)
    }

    private func wait(
        _ fields: [(String, String)],
        max: Int64 = 300_000,
        random: UInt64 = 0
    ) -> Int64? {
        var policy = RetryPolicy.on("5xx")
        policy.rateLimitedBackOff = .init(
            maxIntervalMilliseconds: max,
            resetHeaders: [("retry-after", .seconds), ("x-reset", .unixTimestamp)]
        )
        return RetryState(policy: policy, head: request()).rateLimitedBackOffMilliseconds(
            response: response(503, fields),
            nowUnix: 1_000,
            random: random
        )
    }

    @Test("the endpoint says when to come again, and up to a half is added")
    func resetHeaders() {
        #expect(wait([("Retry-After", "2")]) == 2_000)
        #expect(wait([("Retry-After", "2")], random: 999) == 2_999)
        #expect(wait([("Retry-After", "2")], random: 1_000) == 2_000)
        #expect(wait([("x-reset", "1003")]) == 3_000)
        #expect(wait([("x-reset", "1003"), ("retry-after", "1")]) == 1_000)
        #expect(wait([("retry-after", "soon"), ("x-reset", "1003")]) == 3_000)
        #expect(wait([("retry-after", "400"), ("x-reset", "1003")]) == 3_000)
        #expect(wait([("retry-after", "400")]) == nil)
        #expect(wait([("retry-after", "400")], max: 400_000) == 400_000)
        #expect(wait([("x-reset", "999")]) == nil)
        #expect(wait([("x-reset", "1000")]) == nil)
        #expect(wait([("retry-after", "0")]) == nil)
        #expect(wait([("retry-after", "-1")]) == nil)
        #expect(wait([("retry-after", "9223372036854775807")], max: .max) == nil)
        #expect(wait([]) == nil)
        #expect(
            RetryState(policy: .on("5xx"), head: request()).rateLimitedBackOffMilliseconds(
                response: response(503, [("retry-after", "1")]),
                nowUnix: 0,
                random: 0
            ) == nil
        )
    }

    private static let strict: [(String, String, KnownField?)] = [
        ("x-envoy-upstream-rq-timeout-ms", "10", nil),
        ("x-envoy-upstream-rq-timeout-ms", "10.0", .xEnvoyUpstreamRqTimeoutMs),
        ("x-envoy-upstream-rq-per-try-timeout-ms", "x", .xEnvoyUpstreamRqPerTryTimeoutMs),
        ("x-envoy-max-retries", "2.0", .xEnvoyMaxRetries), ("x-envoy-max-retries", "2", nil),
        ("x-envoy-retry-on", "5xx, reset", nil),
        ("x-envoy-retry-on", "5xx,cancelled", .xEnvoyRetryOn),
        ("x-envoy-retry-grpc-on", "cancelled , internal", nil),
        ("x-envoy-retry-grpc-on", "5xx", .xEnvoyRetryGrpcOn), ("other", "x", nil),
    ]

    @Test("checked headers must be well-formed", arguments: strict.indices)
    func strictHeaders(index: Int) {
        let (name, value, expected) = Self.strict[index]
        let fields: [KnownField] = [
            .xEnvoyUpstreamRqTimeoutMs, .xEnvoyUpstreamRqPerTryTimeoutMs, .xEnvoyMaxRetries,
            .xEnvoyRetryOn, .xEnvoyRetryGrpcOn,
        ]
        let head = request("GET", "/", [(name, value)])
        #expect(StrictHeaders.firstInvalid(head, fields) == expected)
        #expect(StrictHeaders.firstInvalid(head, []) == nil)
    }
}
