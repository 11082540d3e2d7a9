import Model
import Policy
import Testing

/// What workers count, and when a row of failures is told.
@Suite("Outlier counts")
struct OutlierCountsTests {
    private static func counts(
        splits: Bool = false,
        _ change: (inout OutlierDetectionConfiguration) -> Void = { _ in }
    ) -> OutlierCounts {
        var configuration = OutlierDetectionConfiguration()
        configuration.consecutive5xx = 3
        configuration.consecutiveGatewayFailure = 2
        configuration.consecutiveLocalOriginFailure = 2
        configuration.splitsLocalOriginErrors = splits
        change(&configuration)
        return OutlierCounts(configuration)
    }

    struct Row: CustomTestStringConvertible {
        let testDescription: String
        let splits: Bool
        let results: [OutlierResult]
        /// One for each result.
        let told: [ConsecutiveFailure?]
    }

    static let rows = [
        Row(
            testDescription: "a row of 500s is told at its threshold, once",
            splits: false,
            results: Array(repeating: .response(status: 500), count: 5),
            told: [nil, nil, .serverError, nil, nil]
        ),
        Row(
            testDescription: "a success in between begins the row anew",
            splits: false,
            results: [500, 500, 200, 500, 500, 500].map { .response(status: $0) },
            told: [nil, nil, nil, nil, nil, .serverError]
        ),
        Row(
            testDescription: "404 and 600 are successes",
            splits: false,
            results: [500, 500, 404, 500, 500, 600, 500, 500].map { .response(status: $0) },
            told: Array(repeating: nil, count: 8)
        ),
        Row(
            testDescription: "502, 503 and 504 are gateway failures, and server errors too",
            splits: false,
            results: [502, 503, 504].map { .response(status: $0) },
            told: [nil, .gatewayFailure, .serverError]
        ),
        Row(
            testDescription: "another server error ends a row of gateway failures",
            splits: false,
            results: [502, 500, 502].map { .response(status: $0) },
            told: [nil, nil, .serverError]
        ),
        Row(
            testDescription: "without a split, lost connections and timeouts are gateway failures",
            splits: false,
            results: [.connectFailure, .timeout, .reset],
            told: [nil, .gatewayFailure, .serverError]
        ),
        Row(
            testDescription: "without a split, a connection that was made says nothing",
            splits: false,
            results: [.connectFailure, .connected, .timeout],
            told: [nil, nil, .gatewayFailure]
        ),
        Row(
            testDescription: "with a split, our own failures have their own row",
            splits: true,
            results: [.connectFailure, .response(status: 500), .timeout, .reset],
            told: [nil, nil, .localOrigin, nil]
        ),
        Row(
            testDescription: "with a split, a connection that was made ends that row",
            splits: true,
            results: [.timeout, .connected, .connectFailure, .reset],
            told: [nil, nil, nil, .localOrigin]
        ),
    ]

    @Test("rows are told as Envoy tells them", arguments: rows)
    func rowsAreTold(_ row: Row) {
        let counts = Self.counts(splits: row.splits)
        #expect(row.results.map { counts.record($0) } == row.told)
    }

    @Test("one response may reach both thresholds")
    func bothThresholds() {
        let counts = Self.counts { $0.consecutive5xx = 2 }
        #expect(counts.record(.response(status: 503)) == nil)
        #expect(counts.record(.response(status: 503)) == .gatewayFailureAndServerError)
    }

    @Test("a row that was begun anew is told again")
    func aRowBegunAnew() {
        let counts = Self.counts()
        for _ in 0..<3 { _ = counts.record(.response(status: 500)) }
        counts.resetConsecutive(.serverError)
        let told = (0..<3).map { _ in counts.record(.response(status: 500)) }
        #expect(told == [nil, nil, .serverError])
    }

    @Test("a window holds what came since the last one, and only that")
    func windows() {
        let counts = Self.counts(splits: true)
        for status: UInt16 in [200, 200, 500, 200] { _ = counts.record(.response(status: status)) }
        _ = counts.record(.connected)
        _ = counts.record(.timeout)
        let first = counts.nextWindow()
        #expect(first.external.successes == 3)
        #expect(first.external.failures == 1)
        #expect(first.external.successRate == 75)
        #expect(first.local.successRate == 50)
        _ = counts.record(.response(status: 500))
        let second = counts.nextWindow()
        #expect(second.external.total == 1)
        #expect(second.external.successRate == 0)
        #expect(second.local.successRate == nil)
        #expect(counts.nextWindow().external.total == 0)
        #expect(counts.nextWindow().external.total == 0)
    }

    @Test("rates are unknown until a detector has them")
    func unknownRates() {
        let counts = Self.counts()
        #expect(counts.successRate == -1)
        #expect(counts.localOriginSuccessRate == -1)
        #expect(counts.ofCluster == nil)
    }
}
