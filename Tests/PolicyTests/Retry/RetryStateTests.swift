import Model
import Policy
import Testing

@Suite("Retries")
struct RetryStateTests {
    private func state(_ names: String, _ fields: [(String, String)] = []) -> RetryState {
        RetryState(policy: .on(names), head: request("GET", "/", fields))
    }

    @Test(
        "each condition retries its own statuses and no others",
        arguments: [
            ("5xx", Array(500...599)),
            ("gateway-error", [502, 503, 504]), ("retriable-4xx", [409]), ("reset", []),
            ("reset-before-request", []), ("connect-failure", []), ("refused-stream", []),
            ("envoy-ratelimited", []), ("retriable-status-codes", []), ("retriable-headers", []),
            ("http3-post-connect-failure", []), ("", []),
            ("gateway-error,retriable-4xx", [409, 502, 503, 504]),
        ] as [(String, [UInt16])]
    )
    func statuses(names: String, retried: [UInt16]) {
        let state = state(names)
        for status in UInt16(100)...599 {
            let verdict = state.decide(onStatus: status, response: response(status))
            #expect(
                (verdict == .yes) == retried.contains(status),
                "\(names) \(status) \(verdict)"
            )
        }
    }

    private static let always: Set<ResetReason> = [
        .connectFailure, .connectTimeout, .connectionTermination, .remoteReset, .refusedStream,
        .localReset, .protocolError, .perTryTimeout,
    ]

    @Test(
        "each condition retries its own resets, once the request was begun",
        arguments: [
            ("5xx", always), ("gateway-error", always), ("reset", always),
            ("connect-failure", [.connectFailure, .connectTimeout]),
            ("refused-stream", [.refusedStream]), ("reset-before-request", []),
            ("retriable-4xx", []), ("retriable-status-codes", []), ("retriable-headers", []),
            ("envoy-ratelimited", []), ("", []),
        ] as [(String, Set<ResetReason>)]
    )
    func resets(names: String, retried: Set<ResetReason>) {
        let state = state(names)
        for reason in ResetReason.allCases {
            let verdict = state.decide(
                onReset: reason,
                responseStarted: false,
                requestStarted: true
            )
            #expect((verdict == .yes) == retried.contains(reason), "\(names) \(reason)")
        }
    }

    @Test("reset-before-request retries whatever went wrong before a byte was sent")
    func resetBeforeRequest() {
        let state = state("reset-before-request")
        for reason in ResetReason.allCases {
            let verdict = state.decide(
                onReset: reason,
                responseStarted: false,
                requestStarted: false
            )
            #expect((verdict == .yes) == Self.always.contains(reason), "\(reason)")
        }
    }

    @Test("nothing is retried once a response has started, nor an overflow, nor after the deadline")
    func never() {
        let names = "5xx,gateway-error,reset,reset-before-request,connect-failure,refused-stream"
        let state = state(names)
        for reason in ResetReason.allCases {
            #expect(
                state.decide(onReset: reason, responseStarted: true, requestStarted: false) == .no
            )
        }
        for reason in [ResetReason.overflow, .globalTimeout] {
            #expect(
                state.decide(onReset: reason, responseStarted: false, requestStarted: false) == .no
            )
        }
    }

    @Test("a rate-limited response is retried by its own condition only")
    func rateLimited() {
        let limited = response(503, [("x-envoy-ratelimited", "true")])
        #expect(state("5xx,gateway-error").decide(onStatus: 503, response: limited) == .no)
        #expect(state("envoy-ratelimited").decide(onStatus: 503, response: limited) == .yes)
        let other = response(429, [("X-Envoy-Ratelimited", "")])
        #expect(state("envoy-ratelimited").decide(onStatus: 429, response: other) == .yes)
        #expect(state("envoy-ratelimited").decide(onStatus: 429, response: response(429)) == .no)
    }

    @Test("retriable-status-codes are the policy's and the request's")
    func statusCodes() {
        var policy = RetryPolicy.on("retriable-status-codes")
        policy.retriableStatusCodes = [418]
        let head = request(
            "GET",
            "/",
            [("x-envoy-retriable-status-codes", "500, 425,abc,,-1,70000, 409 ")]
        )
        let state = RetryState(policy: policy, head: head)
        for status in UInt16(200)...599 {
            let verdict = state.decide(onStatus: status, response: response(status))
            #expect((verdict == .yes) == [409, 418, 425, 500].contains(status), "\(status)")
        }
        let without = RetryState(
            policy: .on("5xx"),
            head: request("GET", "/", [("x-envoy-retriable-status-codes", "404")])
        )
        #expect(without.decide(onStatus: 404, response: response(404)) == .no)
    }

    @Test("a client that sent early data hears of a 425 itself")
    func earlyData() {
        var policy = RetryPolicy.on("retriable-status-codes")
        policy.retriableStatusCodes = [425, 503]
        let early = RetryState(policy: policy, head: request("GET", "/", [("Early-Data", "1")]))
        #expect(early.decide(onStatus: 425, response: response(425)) == .no)
        #expect(early.decide(onStatus: 503, response: response(503)) == .yes)
        let late = RetryState(policy: policy, head: request())
        #expect(late.decide(onStatus: 425, response: response(425)) == .yes)
    }

    @Test("retriable-headers are the policy's matchers and the request's names")
    func headers() {
        var policy = RetryPolicy.on("retriable-headers")
        policy.retriableHeaders = [
            HeaderMatcher(name: "x-retry", condition: .string(StringMatcher(.exact("please"))))
        ]
        let head = request("GET", "/", [("x-envoy-retriable-header-names", " X-Again ,x-more,")])
        let state = RetryState(policy: policy, head: head)
        func verdict(_ fields: [(String, String)]) -> RetryVerdict {
            state.decide(onStatus: 200, response: response(200, fields))
        }
        #expect(verdict([("X-Retry", "please")]) == .yes)
        #expect(verdict([("X-Retry", "no")]) == .no)
        #expect(verdict([("x-again", "")]) == .yes)
        #expect(verdict([("X-More", "1")]) == .yes)
        #expect(verdict([("x-mor", "1")]) == .no)
        #expect(verdict([]) == .no)
    }

    @Test("only requests with a retriable header are retried, where the policy names some")
    func requestHeaders() {
        var policy = RetryPolicy.on("5xx", retries: 3)
        policy.retriableRequestHeaders = [
            HeaderMatcher(name: ":method", condition: .string(StringMatcher(.exact("GET")))),
            HeaderMatcher(name: "idempotency-key", condition: .present),
        ]
        func verdict(_ head: Head) -> RetryVerdict {
            RetryState(policy: policy, head: head).decide(onStatus: 500, response: response(500))
        }
        #expect(verdict(request("GET")) == .yes)
        #expect(verdict(request("POST", "/", [("Idempotency-Key", "1")])) == .yes)
        #expect(verdict(request("POST")) == .no)
        #expect(verdict(request("POST", "/", [("x-envoy-retry-on", "5xx")])) == .no)
    }

    @Test("the request may add conditions, and set the number of retries")
    func requestControls() {
        let head = request(
            "GET",
            "/",
            [("x-envoy-retry-on", "retriable-4xx"), ("x-envoy-max-retries", "3")]
        )
        var state = RetryState(policy: .on("5xx", retries: 1), head: head)
        #expect(state.remaining == 3)
        #expect(state.decide(onStatus: 409, response: response(409)) == .yes)
        #expect(state.decide(onStatus: 500, response: response(500)) == .yes)
        for _ in 0..<3 {
            #expect(state.mayRetry)
            state.consume()
        }
        #expect(!state.mayRetry)
        #expect(state.retryCount == 3)
        #expect(state.decide(onStatus: 500, response: response(500)) == .limitExceeded)
        #expect(state.decide(onStatus: 200, response: response(200)) == .no)
        #expect(
            state.decide(onReset: .connectFailure, responseStarted: false, requestStarted: false)
                == .limitExceeded
        )
        state.consume()
        #expect(state.remaining == 0)
    }

    @Test("without a policy, a request's conditions allow one retry")
    func noPolicy() {
        let head = request("GET", "/", [("x-envoy-retry-on", "5xx")])
        let state = RetryState(policy: nil, head: head)
        #expect(state.remaining == 1)
        #expect(state.decide(onStatus: 500, response: response(500)) == .yes)
        let none = RetryState(policy: nil, head: request())
        #expect(!none.mayRetry)
        #expect(none.decide(onStatus: 500, response: response(500)) == .no)
        #expect(
            none.decide(onReset: .connectFailure, responseStarted: false, requestStarted: false)
                == .no
        )
    }

    @Test(
        "a number of retries that is not digits, or too large, leaves the policy's",
        arguments: [
            ("0", 0), ("7", 7), ("4294967295", 4_294_967_295), ("4294967296", 2), ("-1", 2),
            ("+1", 2), ("", 2), ("1.5", 2), ("0x1", 2),
        ] as [(String, UInt32)]
    )
    func maxRetries(value: String, remaining: UInt32) {
        let head = request("GET", "/", [("x-envoy-max-retries", value)])
        #expect(RetryState(policy: .on("5xx", retries: 2), head: head).remaining == remaining)
    }

    @Test("the headers that steer retries do not travel on")
    func headersAreConsumed() {
        let names = [
            "x-envoy-retry-on", "x-envoy-retry-grpc-on", "x-envoy-max-retries",
            "x-envoy-retriable-status-codes", "x-envoy-retriable-header-names",
        ]
        let head = request("GET", "/", names.map { ($0, "1") } + names.map { ($0, "2") })
        _ = RetryState(policy: nil, head: head)
        for name in names { #expect(values(name, of: head) == nil) }
    }

    @Test(
        "retry_on is a list of names; what is unknown is left out and told",
        arguments: [
            ("5xx", [.serverError], true), ("5xx,reset", [.serverError, .reset], true),
            (" 5xx ,\treset", [.serverError, .reset], true), ("", [], true), (",,", [], true),
            ("5XX", [], false), ("5xx,bogus", [.serverError], false), ("5xx;reset", [], false),
            ("gateway-errors", [], false),
            (
                "gateway-error,connect-failure,refused-stream,retriable-4xx,envoy-ratelimited",
                [.gatewayError, .connectFailure, .refusedStream, .retriable4xx, .envoyRatelimited],
                true
            ),
            (
                "retriable-status-codes,retriable-headers,reset-before-request",
                [.retriableStatusCodes, .retriableHeaders, .resetBeforeRequest], true
            ),
            ("http3-post-connect-failure", [.http3PostConnectFailure], true),
        ] as [(String, RetryPolicy.Conditions, Bool)]
    )
    func parse(names: String, conditions: RetryPolicy.Conditions, isWhole: Bool) {
        let bytes = Array(names.utf8)
        let parsed = RetryPolicy.Conditions.parse(bytes.span)
        #expect(parsed.conditions == conditions)
        #expect(parsed.isWhole == isWhole)
    }
}
