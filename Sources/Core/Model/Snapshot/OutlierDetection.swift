/// `envoy.config.cluster.v3.OutlierDetection`, compiled.
///
/// Times in milliseconds, shares in percent. The defaults are those of the proto.
package struct OutlierDetectionConfiguration: Sendable, Equatable {
    package var consecutive5xx: UInt32 = 5
    package var interval: Int64 = 10_000
    package var baseEjectionTime: Int64 = 30_000
    package var maxEjectionTime: Int64 = 300_000
    package var maxEjectionTimeJitter: Int64 = 0
    package var maxEjectionPercent: UInt32 = 10
    package var alwaysEjectsOneHost = false
    package var enforcingConsecutive5xx: UInt32 = 100
    package var enforcingSuccessRate: UInt32 = 100
    package var successRateMinimumHosts: UInt32 = 5
    package var successRateRequestVolume: UInt32 = 100
    /// Thousandths of a standard deviation.
    package var successRateStdevFactor: UInt32 = 1900
    package var consecutiveGatewayFailure: UInt32 = 5
    package var enforcingConsecutiveGatewayFailure: UInt32 = 0
    package var splitsLocalOriginErrors = false
    package var consecutiveLocalOriginFailure: UInt32 = 5
    package var enforcingConsecutiveLocalOriginFailure: UInt32 = 100
    package var enforcingLocalOriginSuccessRate: UInt32 = 100
    package var failurePercentageThreshold: UInt32 = 85
    package var enforcingFailurePercentage: UInt32 = 0
    package var enforcingFailurePercentageLocalOrigin: UInt32 = 0
    package var failurePercentageMinimumHosts: UInt32 = 5
    package var failurePercentageRequestVolume: UInt32 = 50
    /// A successful active health check ends an ejection.
    package var successfulActiveHealthCheckUnejects = true

    package init() {}
}
