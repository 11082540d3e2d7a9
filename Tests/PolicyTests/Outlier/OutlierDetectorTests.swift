import Model
import Policy
import Testing

/// Ejections and their ends, on a clock that the tests move.
@Suite("Outlier detector")
struct OutlierDetectorTests {
    /// A detector with endpoints, and events as short words.
    struct Bench {
        var detector: OutlierDetector
        let hosts: [OutlierCounts]
        var random = Xoshiro256(seed: 7)

        init(
            hosts count: Int,
            _ change: (inout OutlierDetectionConfiguration) -> Void = { _ in }
        ) {
            var configuration = OutlierDetectionConfiguration()
            configuration.maxEjectionPercent = 100
            change(&configuration)
            detector = OutlierDetector(configuration)
            hosts = (0..<count).map { _ in OutlierCounts(configuration) }
            detector.setHosts(hosts)
        }

        mutating func fail(_ host: Int, _ failure: ConsecutiveFailure, at now: Int64) -> [String] {
            words(
                detector.consecutive(failure, of: hosts[host], now: now, random: &random)
            )
        }

        mutating func interval(at now: Int64) -> [String] {
            words(detector.intervalEnded(now: now, random: &random))
        }

        /// Successes and failures of one endpoint in the window that is open.
        func count(_ host: Int, successes: Int, failures: Int) {
            for _ in 0..<successes { _ = hosts[host].record(.response(status: 200)) }
            for _ in 0..<failures { _ = hosts[host].record(.response(status: 500)) }
        }

        func words(_ events: [OutlierEvent]) -> [String] {
            func number(_ counts: OutlierCounts) -> Int {
                hosts.firstIndex { $0 === counts } ?? -1
            }
            return events.map { event in
                switch event {
                case .detected(let kind): "detected \(kind)"
                case .overflow: "overflow"
                case .ejected(let ejection): "ejected \(number(ejection.counts))"
                case .spared(let ejection): "spared \(number(ejection.counts))"
                case .unejected(let counts, _, _): "back \(number(counts))"
                }
            }
        }
    }

    // MARK: - Thresholds

    @Test(
        "the mean less a multiple of the standard deviation is the threshold",
        arguments: [
            ([50.0, 100, 100, 100, 100], UInt32(1900), 90.0, 52.0),
            ([100, 100, 100], 1900, 100, 100),
            ([0, 100], 1000, 50, 0),
            ([80], 500, 80, 80),
        ]
    )
    func threshold(_ rates: [Double], _ factor: UInt32, _ mean: Double, _ ejection: Double) {
        let threshold = SuccessRateThreshold(rates, factorThousandths: factor)
        #expect(threshold.mean == mean)
        #expect(abs(threshold.ejection - ejection) < 1e-9)
    }

    // MARK: - Rows of failures

    @Test("a row of failures ejects at once, and a second one of an ejected endpoint does nothing")
    func aRowEjects() {
        var bench = Bench(hosts: 3)
        #expect(
            bench.fail(1, .serverError, at: 0) == ["detected consecutive5xx", "ejected 1"]
        )
        #expect(bench.detector.isEjected(bench.hosts[1]))
        #expect(bench.fail(1, .serverError, at: 1) == [])
        #expect(bench.detector.ejectedCount == 1)
    }

    @Test("gateway failures are only told by default, and the server errors still eject")
    func gatewayByDefault() {
        var bench = Bench(hosts: 3)
        #expect(
            bench.fail(0, .gatewayFailureAndServerError, at: 0) == [
                "detected consecutiveGatewayFailure", "spared 0", "detected consecutive5xx",
                "ejected 0",
            ]
        )
    }

    @Test("an endpoint that left the cluster is not ejected")
    func unknownEndpoint() {
        var bench = Bench(hosts: 2)
        bench.detector.setHosts([bench.hosts[1]])
        #expect(bench.fail(0, .serverError, at: 0) == [])
    }

    // MARK: - How many

    @Test(
        "no more than the share is ejected, with one more counted in",
        arguments: [
            // endpoints, percent, always one, so many of them are ejected
            (10, UInt32(10), false, 1), (9, 10, false, 0), (9, 10, true, 1), (4, 50, false, 2),
            (3, 50, false, 1), (3, 0, false, 0), (3, 0, true, 1), (3, 100, false, 3),
            (2, 400, false, 2),
        ]
    )
    func share(_ hosts: Int, _ percent: UInt32, _ always: Bool, _ expected: Int) {
        var bench = Bench(hosts: hosts) {
            $0.maxEjectionPercent = percent
            $0.alwaysEjectsOneHost = always
        }
        var overflows = 0
        for host in 0..<hosts where bench.fail(host, .serverError, at: 0).last == "overflow" {
            overflows += 1
        }
        #expect(bench.detector.ejectedCount == expected)
        #expect(overflows == hosts - expected)
    }

    @Test("a share of the ejections is only told where enforcing says so")
    func enforcing() {
        var enforced = 0
        for seed in 0..<400 {
            var bench = Bench(hosts: 1) { $0.enforcingConsecutive5xx = 30 }
            bench.random = Xoshiro256(seed: UInt64(seed))
            if bench.fail(0, .serverError, at: 0).last == "ejected 0" { enforced += 1 }
        }
        // 400 draws at 30 %: mean 120, deviation 9; five deviations on either side.
        #expect((74...166).contains(enforced))
    }

    // MARK: - Time

    @Test("the time grows with each ejection, up to the maximum, and falls in peace")
    func ejectionTime() {
        var bench = Bench(hosts: 1) {
            $0.baseEjectionTime = 30_000
            $0.maxEjectionTime = 80_000
            $0.interval = 10_000
        }
        var now: Int64 = 0
        for length: Int64 in [30_000, 60_000, 80_000, 80_000] {
            #expect(bench.fail(0, .serverError, at: now).last == "ejected 0")
            #expect(bench.interval(at: now + length - 1) == [])
            #expect(bench.interval(at: now + length) == ["back 0"])
            now += length
        }
        // In peace the multiplier falls from 4 by one each interval: to 3, 2, 1.
        for _ in 0..<3 {
            now += 10_000
            #expect(bench.interval(at: now) == [])
        }
        #expect(bench.fail(0, .serverError, at: now).last == "ejected 0")
        #expect(bench.interval(at: now + 59_999) == [])
        #expect(bench.interval(at: now + 60_000) == ["back 0"])
    }

    @Test("jitter lengthens an ejection by its maximum at most")
    func jitter() {
        var lengths: Set<Int64> = []
        for seed in 0..<50 {
            var configuration = OutlierDetectionConfiguration()
            configuration.maxEjectionTimeJitter = 100
            var state = EjectionState()
            var random = Xoshiro256(seed: UInt64(seed))
            state.eject(now: 0, jitter: Int64(random.below(101)), configuration)
            lengths.insert(state.duration(configuration))
        }
        #expect(lengths.allSatisfy { (30_000...30_100).contains($0) })
        #expect(lengths.count > 10)
    }

    @Test("absurd times overflow nothing")
    func absurdTimes() {
        var bench = Bench(hosts: 1) {
            $0.baseEjectionTime = .max
            $0.maxEjectionTime = .max
            $0.maxEjectionTimeJitter = .max
        }
        for now: Int64 in [0, 1 << 40] {
            _ = bench.fail(0, .serverError, at: now)
            #expect(bench.interval(at: now + 1) == [])
            _ = bench.detector.healthCheckSucceeded(bench.hosts[0], now: now + 2)
        }
    }

    @Test("a row that was nearly full when the ejection ended begins anew")
    func rowAfterEjection() {
        var bench = Bench(hosts: 1)
        _ = bench.fail(0, .serverError, at: 0)
        for _ in 0..<4 { _ = bench.hosts[0].record(.response(status: 500)) }
        #expect(bench.interval(at: 30_000) == ["back 0"])
        #expect(bench.hosts[0].record(.response(status: 500)) == nil)
    }

    @Test("a successful health check ends an ejection, unless that is switched off")
    func healthCheck() {
        var bench = Bench(hosts: 1)
        _ = bench.fail(0, .serverError, at: 0)
        let event = bench.detector.healthCheckSucceeded(bench.hosts[0], now: 10)
        #expect(bench.words(event.map { [$0] } ?? []) == ["back 0"])
        let again = bench.detector.healthCheckSucceeded(bench.hosts[0], now: 11)
        #expect(again.map { _ in 1 } == nil)
        var other = Bench(hosts: 1) { $0.successfulActiveHealthCheckUnejects = false }
        _ = other.fail(0, .serverError, at: 0)
        let never = other.detector.healthCheckSucceeded(other.hosts[0], now: 10)
        #expect(never.map { _ in 1 } == nil)
    }

    // MARK: - Rates

    @Test("an endpoint below the threshold is ejected, and its rates are shown")
    func successRate() {
        var bench = Bench(hosts: 5)
        bench.count(0, successes: 50, failures: 50)
        for host in 1..<5 { bench.count(host, successes: 100, failures: 0) }
        #expect(bench.interval(at: 10_000) == ["detected successRate", "ejected 0"])
        #expect(bench.hosts[0].successRate == 50)
        #expect(bench.hosts[1].successRate == 100)
        #expect(bench.hosts[1].ofCluster?.average == 90)
        #expect(bench.hosts[1].ofCluster?.ejectionThreshold == 52)
        #expect(bench.hosts[1].ofCluster?.localOriginAverage == -1)
        // The next window is empty: nothing is known any more.
        #expect(bench.interval(at: 20_000) == [])
        #expect(bench.hosts[1].successRate == -1)
        #expect(bench.hosts[1].ofCluster?.average == -1)
    }

    @Test("too few endpoints, or too few requests, are not compared")
    func tooFew() {
        var few = Bench(hosts: 4)
        few.count(0, successes: 0, failures: 100)
        for host in 1..<4 { few.count(host, successes: 100, failures: 0) }
        #expect(few.interval(at: 10_000) == [])
        var idle = Bench(hosts: 6)
        idle.count(0, successes: 0, failures: 49)
        for host in 1..<6 { idle.count(host, successes: 49, failures: 0) }
        #expect(idle.interval(at: 10_000) == [])
        #expect(idle.hosts[0].successRate == -1)
    }

    @Test("a share of failures at the threshold ejects where it is enforced")
    func failurePercentage() {
        var bench = Bench(hosts: 5) {
            $0.enforcingSuccessRate = 0
            $0.enforcingFailurePercentage = 100
            $0.successRateRequestVolume = 1_000
        }
        for host in 0..<5 { bench.count(host, successes: 50, failures: 0) }
        bench.count(0, successes: 0, failures: 283)
        bench.count(1, successes: 0, failures: 284)
        // 283 of 333 are 84.98 %, 284 of 334 are 85.03 %.
        #expect(bench.interval(at: 10_000) == ["detected failurePercentage", "ejected 1"])
    }

    @Test("local failures are compared apart from answers")
    func localRates() {
        var bench = Bench(hosts: 5) { $0.splitsLocalOriginErrors = true }
        for host in 0..<5 {
            for _ in 0..<100 { _ = bench.hosts[host].record(.connected) }
            bench.count(host, successes: 100, failures: 0)
        }
        for _ in 0..<100 { _ = bench.hosts[4].record(.connectFailure) }
        #expect(bench.interval(at: 10_000) == ["detected successRateLocalOrigin", "ejected 4"])
        #expect(bench.hosts[4].localOriginSuccessRate == 50)
        #expect(bench.hosts[4].successRate == 100)
    }

    @Test("an endpoint found by both comparisons is ejected once")
    func foundTwice() {
        var bench = Bench(hosts: 5) { $0.enforcingFailurePercentage = 100 }
        bench.count(0, successes: 0, failures: 100)
        for host in 1..<5 { bench.count(host, successes: 100, failures: 0) }
        #expect(
            bench.interval(at: 10_000) == [
                "detected successRate", "ejected 0", "detected failurePercentage",
            ]
        )
        #expect(bench.detector.ejectedCount == 1)
    }

    // MARK: - Changes of the set

    @Test("endpoints that stay keep their ejection, and those that leave take it with them")
    func setChanges() {
        var bench = Bench(hosts: 4)
        _ = bench.fail(0, .serverError, at: 0)
        _ = bench.fail(1, .serverError, at: 0)
        bench.detector.setHosts([bench.hosts[1], bench.hosts[3]])
        #expect(bench.detector.ejectedCount == 1)
        #expect(bench.detector.isEjected(bench.hosts[1]))
        #expect(!bench.detector.isEjected(bench.hosts[0]))
        #expect(bench.interval(at: 30_000) == ["back 1"])
    }
}
