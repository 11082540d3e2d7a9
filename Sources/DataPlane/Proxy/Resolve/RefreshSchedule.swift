import Model

/// When a cluster's names are asked for again.
struct RefreshSchedule {
    private let refreshMilliseconds: Int64
    private let respectsTTL: Bool
    private let jitterMilliseconds: Int64
    private let failureBase: Int64?
    private let failureMax: Int64
    /// The next back-off after a failure, before it is drawn.
    private var failureStep: Int64 = 0
    /// A name server says 0 for "do not keep it", not for "ask without end".
    private static let shortestMilliseconds: Int64 = 1_000

    init(_ configuration: ClusterConfiguration) {
        refreshMilliseconds = max(1, configuration.dnsRefreshMilliseconds)
        respectsTTL = configuration.respectsDNSTTL
        jitterMilliseconds = max(0, configuration.dns.jitterMilliseconds)
        failureBase = configuration.dns.failureRefreshBaseMilliseconds
        let base = configuration.dns.failureRefreshBaseMilliseconds ?? 0
        let (tenfold, overflow) = base.multipliedReportingOverflow(by: 10)
        let most = configuration.dns.failureRefreshMaxMilliseconds ?? (overflow ? .max : tenfold)
        failureMax = max(base, most)
    }

    /// Milliseconds until the next question.
    ///
    /// Without `dns_jitter`, up to a tenth is added, so that the names of many clusters do not come
    /// in step.
    mutating func next(
        afterFailure failed: Bool,
        shortestTTLMilliseconds ttl: Int64?,
        random: (ClosedRange<Int64>) -> Int64 = { .random(in: $0) }
    ) -> Int64 {
        if failed, let failureBase {
            if failureStep == 0 { failureStep = max(1, failureBase) }
            let step = failureStep
            let (doubled, overflow) = step.multipliedReportingOverflow(by: 2)
            failureStep = overflow ? failureMax : min(failureMax, doubled)
            // From a half on: a draw near 0 would ask a server that is down again at once.
            return random(max(1, step / 2)...step)
        }
        failureStep = 0
        var interval = refreshMilliseconds
        if respectsTTL, let ttl { interval = max(Self.shortestMilliseconds, ttl) }
        let jitter = jitterMilliseconds > 0 ? jitterMilliseconds : max(1, interval / 10)
        let (sum, overflow) = interval.addingReportingOverflow(random(0...jitter))
        return overflow ? interval : sum
    }
}
