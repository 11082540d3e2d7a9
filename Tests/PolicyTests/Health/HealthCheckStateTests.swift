import Model
import Policy
import Testing

/// Results of checks, and what becomes of an endpoint.
@Suite("Health check state")
struct HealthCheckStateTests {
    static func configuration(
        unhealthy: UInt32 = 2,
        healthy: UInt32 = 3,
        logsAll: Bool = false
    ) -> HealthCheckConfiguration {
        var configuration = HealthCheckConfiguration(
            kind: .tcp(send: [], receive: []),
            timeout: 1_000,
            interval: 5_000,
            unhealthyThreshold: unhealthy,
            healthyThreshold: healthy
        )
        configuration.logsEveryFailure = logsAll
        configuration.logsEverySuccess = logsAll
        return configuration
    }

    enum Result: String {
        case good = "g"
        case degraded = "d"
        case wrong = "w"
        case retriable = "r"
        case network = "n"
        case timeout = "t"
        case passive = "p"
    }

    /// The state after each result, as letters: `+` healthy, `-` failed; `d`, `t`, `x` for degraded,
    /// timed out and excluded.
    static func run(
        _ results: String,
        _ configuration: HealthCheckConfiguration,
        events: inout [HealthCheckEvent]
    ) -> [String] {
        var state = HealthCheckState()
        var seen: [String] = []
        for letter in results {
            var told: [HealthCheckEvent] = []
            switch Result(rawValue: String(letter)) {
            case .good: _ = state.succeed(isDegraded: false, configuration) { told.append($0) }
            case .degraded: _ = state.succeed(isDegraded: true, configuration) { told.append($0) }
            case .wrong:
                _ = state.fail(.active, status: 500, configuration) { told.append($0) }
            case .retriable:
                _ = state.fail(.active, isRetriable: true, status: 503, configuration) {
                    told.append($0)
                }
            case .network: _ = state.fail(.network, configuration) { told.append($0) }
            case .timeout: _ = state.fail(.networkTimeout, configuration) { told.append($0) }
            case .passive:
                _ = state.fail(.passive, excludes: true, configuration) { told.append($0) }
            case nil: Issue.record("no such result: \(letter)")
            }
            events += told
            seen.append(
                (state.isFailed ? "-" : "+") + (state.isDegraded ? "d" : "")
                    + (state.hasTimedOut ? "t" : "") + (state.isExcluded ? "x" : "")
            )
        }
        return seen
    }

    @Test(
        "thresholds count rows, the first result decides, a wrong status decides at once",
        arguments: [
            ("g", ["+"]),
            ("n", ["-"]),
            ("gng", ["+", "+", "+"]),
            ("gnn", ["+", "+", "-"]),
            ("gngn", ["+", "+", "+", "+"]),
            ("gw", ["+", "-"]),
            ("grr", ["+", "+", "-"]),
            ("grn", ["+", "+", "-"]),
            ("gt", ["+", "+"]),
            ("gtt", ["+", "+", "-t"]),
            ("gttn", ["+", "+", "-t", "-"]),
            ("tggg", ["-t", "-t", "-t", "+"]),
            ("ngng", ["-", "-", "-", "-"]),
            ("nggg", ["-", "-", "-", "+"]),
            ("dg", ["+d", "+"]),
            ("gd", ["+", "+d"]),
            ("gp", ["+", "-x"]),
            ("gpggg", ["+", "-x", "-x", "-x", "+"]),
        ]
    )
    func rows(_ results: String, _ expected: [String]) {
        var events: [HealthCheckEvent] = []
        #expect(Self.run(results, Self.configuration(), events: &events) == expected)
    }

    @Test(
        "events are those of Envoy's log",
        arguments: [
            ("g", [HealthCheckEvent.addHealthy(isFirst: true)]),
            ("n", [.failed(.network, isFirst: true, status: 0)]),
            (
                "gw",
                [.addHealthy(isFirst: true), .ejectUnhealthy(.active, status: 500)]
            ),
            (
                "tggg",
                [.failed(.networkTimeout, isFirst: true, status: 0), .addHealthy(isFirst: false)]
            ),
            ("gdg", [.addHealthy(isFirst: true), .degraded, .noLongerDegraded]),
        ]
    )
    func events(_ results: String, _ expected: [HealthCheckEvent]) {
        var events: [HealthCheckEvent] = []
        _ = Self.run(results, Self.configuration(), events: &events)
        #expect(events == expected)
    }

    @Test("every result is logged where the configuration says so")
    func everyResult() {
        var events: [HealthCheckEvent] = []
        _ = Self.run("ggnn", Self.configuration(logsAll: true), events: &events)
        #expect(
            events == [
                .addHealthy(isFirst: true), .succeeded,
                .failed(.network, isFirst: false, status: 0),
                .ejectUnhealthy(.network, status: 0),
                .failed(.network, isFirst: false, status: 0),
            ]
        )
    }

    @Test("a change on its way is pending, and the first result is always a change")
    func transitions() {
        let configuration = Self.configuration()
        var state = HealthCheckState()
        #expect(state.isPending)
        #expect(state.fail(.network, configuration) { _ in } == .changed)
        #expect(!state.isPending)
        #expect(state.fail(.network, configuration) { _ in } == .unchanged)
        #expect(state.succeed(isDegraded: false, configuration) { _ in } == .pending)
        #expect(state.succeed(isDegraded: false, configuration) { _ in } == .pending)
        #expect(state.succeed(isDegraded: false, configuration) { _ in } == .changed)
        #expect(state.succeed(isDegraded: false, configuration) { _ in } == .unchanged)
        #expect(state.fail(.network, configuration) { _ in } == .pending)
        #expect(state.fail(.network, configuration) { _ in } == .changed)
    }
}

@Suite("Health check schedule")
struct HealthCheckScheduleTests {
    private static let configuration: HealthCheckConfiguration = {
        var configuration = HealthCheckStateTests.configuration()
        configuration.interval = 1
        configuration.unhealthyInterval = 2
        configuration.unhealthyEdgeInterval = 3
        configuration.healthyEdgeInterval = 4
        configuration.noTrafficInterval = 5
        configuration.noTrafficHealthyInterval = 6
        return configuration
    }()

    private static func next(
        _ isHealthy: Bool,
        _ transition: HealthCheckState.Transition,
        traffic: Bool,
        _ configuration: HealthCheckConfiguration = configuration
    ) -> Int64 {
        var random = Xoshiro256(seed: 1)
        return HealthCheckSchedule.next(
            isHealthy: isHealthy,
            transition: transition,
            hasTraffic: traffic,
            configuration,
            random: &random
        )
    }

    @Test("each state has its interval")
    func intervals() {
        #expect(Self.next(true, .unchanged, traffic: true) == 1)
        #expect(Self.next(true, .changed, traffic: true) == 1)
        #expect(Self.next(true, .pending, traffic: true) == 4)
        #expect(Self.next(false, .unchanged, traffic: true) == 2)
        #expect(Self.next(false, .pending, traffic: true) == 3)
        #expect(Self.next(true, .changed, traffic: false) == 6)
        #expect(Self.next(true, .pending, traffic: false) == 5)
        #expect(Self.next(false, .unchanged, traffic: false) == 5)
    }

    @Test("what is not given falls back as in Envoy")
    func fallbacks() {
        var plain = HealthCheckStateTests.configuration()
        #expect(Self.next(false, .unchanged, traffic: true, plain) == 5_000)
        #expect(Self.next(true, .pending, traffic: true, plain) == 5_000)
        #expect(Self.next(true, .unchanged, traffic: false, plain) == 60_000)
        plain.unhealthyInterval = 7
        #expect(Self.next(false, .pending, traffic: true, plain) == 7)
        plain.interval = 0
        #expect(Self.next(true, .unchanged, traffic: true, plain) == 1)
    }

    @Test("jitter adds less than its bound, and absurd values overflow nothing")
    func jitter() {
        var configuration = HealthCheckStateTests.configuration()
        configuration.interval = 1_000
        configuration.intervalJitter = 100
        configuration.intervalJitterPercent = 50
        configuration.initialJitter = 40
        var random = Xoshiro256(seed: 3)
        var waits: Set<Int64> = []
        for _ in 0..<200 {
            waits.insert(
                HealthCheckSchedule.next(
                    isHealthy: true,
                    transition: .unchanged,
                    hasTraffic: true,
                    configuration,
                    random: &random
                )
            )
            let first = HealthCheckSchedule.first(configuration, random: &random)
            #expect((1..<40).contains(first))
        }
        #expect(waits.allSatisfy { (1_000..<1_600).contains($0) })
        #expect(waits.count > 50)
        configuration.interval = .max
        configuration.intervalJitter = .max
        configuration.intervalJitterPercent = .max
        #expect(Self.next(true, .unchanged, traffic: true, configuration) == .max)
    }
}
