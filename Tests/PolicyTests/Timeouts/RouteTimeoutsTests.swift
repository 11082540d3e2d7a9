import Model
import Policy
import Testing

@Suite("Timeouts of a route")
struct RouteTimeoutsTests {
    private static let rows:
        [(route: Int64?, perTry: Int64?, String?, String?, global: Int64?, perTryResult: Int64?)] =
            [
                (15_000, nil, nil, nil, 15_000, nil), (nil, nil, nil, nil, nil, nil),
                (0, nil, nil, nil, nil, nil), (15_000, 1_000, nil, nil, 15_000, 1_000),
                (1_000, 1_000, nil, nil, 1_000, nil), (1_000, 2_000, nil, nil, 1_000, nil),
                (nil, 2_000, nil, nil, nil, 2_000), (15_000, nil, "500", nil, 500, nil),
                (15_000, 1_000, "500", nil, 500, nil), (15_000, nil, "0", nil, nil, nil),
                (15_000, 1_000, "0", nil, nil, 1_000), (15_000, nil, nil, "70", 15_000, 70),
                (15_000, 1_000, nil, "70", 15_000, 70), (15_000, 1_000, nil, "0", 15_000, nil),
                (100, nil, nil, "100", 100, nil), (15_000, nil, "-1", nil, 15_000, nil),
                (15_000, nil, "+5", nil, 15_000, nil), (15_000, nil, "5 ", nil, 15_000, nil),
                (15_000, nil, "1e3", nil, 15_000, nil), (15_000, nil, "", nil, 15_000, nil),
                (15_000, nil, "99999999999999999999", nil, 15_000, nil),
                (15_000, nil, "9223372036854775807", nil, 31_622_400_000, nil),
                (15_000, nil, "٥", nil, 15_000, nil), (15_000, nil, nil, "x", 15_000, nil),
            ]

    @Test(
        "the request's headers go before the route where they are digits",
        arguments: rows.indices
    )
    func timeouts(index: Int) {
        let row = Self.rows[index]
        let policy = row.perTry.map {
            RetryPolicy(conditions: [.serverError], perTryTimeoutMilliseconds: $0)
        }
        var fields: [(String, String)] = []
        if let value = row.2 { fields.append(("x-envoy-upstream-rq-timeout-ms", value)) }
        if let value = row.3 { fields.append(("x-envoy-upstream-rq-per-try-timeout-ms", value)) }
        let head = request("GET", "/", fields)
        let timeouts = RouteTimeouts(
            action: forward(timeout: row.route, retryPolicy: policy),
            head: head
        )
        #expect(timeouts.globalMilliseconds == row.global, "\(row)")
        #expect(timeouts.perTryMilliseconds == row.perTryResult, "\(row)")
        #expect(values("x-envoy-upstream-rq-timeout-ms", of: head) == nil)
        #expect(values("x-envoy-upstream-rq-per-try-timeout-ms", of: head) == nil)
    }

    @Test("the upstream hears the limit of an attempt, else the global one, else nothing")
    func expected() {
        func header(_ global: Int64?, _ perTry: Int64?) -> String? {
            let policy = RetryPolicy(conditions: [], perTryTimeoutMilliseconds: perTry)
            let head = request("GET", "/", [("x-envoy-expected-rq-timeout-ms", "7")])
            head.remove(.xEnvoyExpectedRqTimeoutMs)
            RouteTimeouts(action: forward(timeout: global, retryPolicy: policy), head: head)
                .setExpectedHeader(in: head)
            return values("x-envoy-expected-rq-timeout-ms", of: head)
        }
        #expect(header(15_000, 100) == "100")
        #expect(header(15_000, nil) == "15000")
        #expect(header(nil, nil) == nil)
    }

    @Test("the idle limit of an attempt is the policy's")
    func perTryIdle() {
        let policy = RetryPolicy(conditions: [], perTryIdleTimeoutMilliseconds: 40)
        let timeouts = RouteTimeouts(action: forward(retryPolicy: policy), head: request())
        #expect(timeouts.perTryIdleMilliseconds == 40)
    }
}
