package import Model

/// What made an endpoint an outlier, with the names of `envoy.data.cluster.v3.OutlierEjectionType`.
package enum EjectionKind: Sendable, Equatable, CaseIterable {
    case consecutive5xx, consecutiveGatewayFailure, successRate, consecutiveLocalOriginFailure
    case successRateLocalOrigin, failurePercentage, failurePercentageLocalOrigin

    /// As event logs write it.
    package var name: StaticString {
        switch self {
        case .consecutive5xx: "CONSECUTIVE_5XX"
        case .consecutiveGatewayFailure: "CONSECUTIVE_GATEWAY_FAILURE"
        case .successRate: "SUCCESS_RATE"
        case .consecutiveLocalOriginFailure: "CONSECUTIVE_LOCAL_ORIGIN_FAILURE"
        case .successRateLocalOrigin: "SUCCESS_RATE_LOCAL_ORIGIN"
        case .failurePercentage: "FAILURE_PERCENTAGE"
        case .failurePercentageLocalOrigin: "FAILURE_PERCENTAGE_LOCAL_ORIGIN"
        }
    }

    /// In how many of a hundred cases the ejection is carried out.
    func enforcement(_ configuration: OutlierDetectionConfiguration) -> UInt32 {
        switch self {
        case .consecutive5xx: configuration.enforcingConsecutive5xx
        case .consecutiveGatewayFailure: configuration.enforcingConsecutiveGatewayFailure
        case .successRate: configuration.enforcingSuccessRate
        case .consecutiveLocalOriginFailure: configuration.enforcingConsecutiveLocalOriginFailure
        case .successRateLocalOrigin: configuration.enforcingLocalOriginSuccessRate
        case .failurePercentage: configuration.enforcingFailurePercentage
        case .failurePercentageLocalOrigin: configuration.enforcingFailurePercentageLocalOrigin
        }
    }
}

/// The mean of success rates and the rate below which an endpoint is an outlier.
package struct SuccessRateThreshold: Equatable, Sendable {
    package var mean: Double
    package var ejection: Double

    /// - Parameters:
    ///   - rates: in percent; not empty.
    ///   - factorThousandths: how many thousandths of the standard deviation below the mean still
    ///     pass.
    package init(_ rates: [Double], factorThousandths: UInt32) {
        precondition(!rates.isEmpty, "a mean of nothing")
        let count = Double(rates.count)
        let mean = rates.reduce(0, +) / count
        let variance = rates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
        self.mean = mean
        ejection = mean - Double(factorThousandths) / 1000 * variance.squareRoot()
    }
}

/// The ejections of one endpoint: whether one lasts, and for how long.
///
/// The time of an ejection is the base time, times a multiplier that grows with each ejection up to
/// the maximum time, and falls by one for each interval that the endpoint was left in peace.
/// Milliseconds on the loop's clock.
package struct EjectionState: Equatable, Sendable {
    package private(set) var isEjected = false
    /// Ejections so far.
    package private(set) var count: UInt32 = 0
    package private(set) var multiplier: Int64 = 0
    package private(set) var ejectedAt: Int64?
    package private(set) var unejectedAt: Int64?
    private var jitter: Int64 = 0

    package init() {}

    package mutating func eject(
        now: Int64,
        jitter: Int64,
        _ configuration: OutlierDetectionConfiguration
    ) {
        isEjected = true
        count &+= 1
        ejectedAt = now
        self.jitter = jitter
        let base = configuration.baseEjectionTime
        if product(multiplier, base) < sum(configuration.maxEjectionTime, base) { multiplier += 1 }
    }

    /// How long this ejection lasts.
    package func duration(_ configuration: OutlierDetectionConfiguration) -> Int64 {
        let grown = product(configuration.baseEjectionTime, multiplier)
        return sum(min(grown, configuration.maxEjectionTime), jitter)
    }

    package func isOver(now: Int64, _ configuration: OutlierDetectionConfiguration) -> Bool {
        guard isEjected, let ejectedAt else { return false }
        return duration(configuration) <= now - ejectedAt
    }

    package mutating func uneject(now: Int64) {
        isEjected = false
        unejectedAt = now
    }

    /// An interval has passed without an ejection.
    package mutating func restedInterval(now: Int64, interval: Int64) {
        guard !isEjected, let unejectedAt, now - unejectedAt >= interval else { return }
        if multiplier > 0 { multiplier -= 1 }
    }

    private func product(_ left: Int64, _ right: Int64) -> Int64 {
        let (value, overflowed) = left.multipliedReportingOverflow(by: right)
        return overflowed ? .max : value
    }

    private func sum(_ left: Int64, _ right: Int64) -> Int64 {
        let (value, overflowed) = left.addingReportingOverflow(right)
        return overflowed ? .max : value
    }
}
