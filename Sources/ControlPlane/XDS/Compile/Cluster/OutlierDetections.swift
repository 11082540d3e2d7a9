internal import Model
internal import SwiftProtobuf

/// `envoy.config.cluster.v3.OutlierDetection`.
extension Compilation {
    private typealias Field = WritableKeyPath<OutlierDetectionConfiguration, UInt32>

    func outlierDetection(
        _ detection: Envoy_Config_Cluster_V3_OutlierDetection,
        _ path: FieldPath
    ) -> OutlierDetectionConfiguration {
        var compiled = OutlierDetectionConfiguration()
        readTimes(detection, path, &compiled)
        readCounts(detection, path, &compiled)
        readShares(detection, path, &compiled)
        compiled.alwaysEjectsOneHost =
            detection.hasAlwaysEjectOneHost && detection.alwaysEjectOneHost.value
        compiled.splitsLocalOriginErrors = detection.splitExternalLocalOriginErrors
        if detection.hasSuccessfulActiveHealthCheckUnejectHost {
            compiled.successfulActiveHealthCheckUnejects =
                detection.successfulActiveHealthCheckUnejectHost.value
        }
        if !compiled.splitsLocalOriginErrors { warnOfUnusedSplit(detection, path) }
        if compiled.maxEjectionPercent == 0, !compiled.alwaysEjectsOneHost {
            warn(
                path["max_ejection_percent"],
                "is 0, so no endpoint is ever left out",
                "give at least 1, or always_eject_one_host: true"
            )
        }
        return compiled
    }

    private func readTimes(
        _ detection: Envoy_Config_Cluster_V3_OutlierDetection,
        _ path: FieldPath,
        _ compiled: inout OutlierDetectionConfiguration
    ) {
        compiled.interval = positive(
            detection.hasInterval ? detection.interval : nil,
            path["interval"],
            unset: 10_000,
            "leave it out for 10 s"
        )
        compiled.baseEjectionTime = positive(
            detection.hasBaseEjectionTime ? detection.baseEjectionTime : nil,
            path["base_ejection_time"],
            unset: 30_000,
            "leave it out for 30 s"
        )
        compiled.maxEjectionTime = positive(
            detection.hasMaxEjectionTime ? detection.maxEjectionTime : nil,
            path["max_ejection_time"],
            unset: max(300_000, compiled.baseEjectionTime),
            "leave it out for 300 s"
        )
        if compiled.maxEjectionTime < compiled.baseEjectionTime {
            refuse(
                path["max_ejection_time"],
                "is shorter than base_ejection_time",
                "an endpoint is left out for base_ejection_time at least; leave it out for 300 s"
            )
        }
        compiled.maxEjectionTimeJitter = duration(
            detection.hasMaxEjectionTimeJitter ? detection.maxEjectionTimeJitter : nil,
            path["max_ejection_time_jitter"],
            unset: 0
        )
    }

    private func readCounts(
        _ detection: Envoy_Config_Cluster_V3_OutlierDetection,
        _ path: FieldPath,
        _ compiled: inout OutlierDetectionConfiguration
    ) {
        /// Zero is never reached by counting up from one.
        func count(
            _ name: StaticString,
            _ value: Google_Protobuf_UInt32Value?,
            _ field: Field,
            neverAtZero: Bool = false
        ) {
            guard let value else { return }
            if value.value == 0, neverAtZero {
                warn(
                    path[name],
                    "is 0, which is never counted to, so nothing follows from it",
                    "give at least 1; to detect without consequence set what enforces it to 0"
                )
            }
            compiled[keyPath: field] = value.value
        }
        count(
            "consecutive_5xx",
            detection.hasConsecutive5Xx ? detection.consecutive5Xx : nil,
            \.consecutive5xx,
            neverAtZero: true
        )
        count(
            "consecutive_gateway_failure",
            detection.hasConsecutiveGatewayFailure ? detection.consecutiveGatewayFailure : nil,
            \.consecutiveGatewayFailure,
            neverAtZero: true
        )
        count(
            "consecutive_local_origin_failure",
            detection.hasConsecutiveLocalOriginFailure
                ? detection.consecutiveLocalOriginFailure : nil,
            \.consecutiveLocalOriginFailure,
            neverAtZero: true
        )
        count(
            "success_rate_minimum_hosts",
            detection.hasSuccessRateMinimumHosts ? detection.successRateMinimumHosts : nil,
            \.successRateMinimumHosts
        )
        count(
            "success_rate_request_volume",
            detection.hasSuccessRateRequestVolume ? detection.successRateRequestVolume : nil,
            \.successRateRequestVolume
        )
        count(
            "success_rate_stdev_factor",
            detection.hasSuccessRateStdevFactor ? detection.successRateStdevFactor : nil,
            \.successRateStdevFactor
        )
        count(
            "failure_percentage_minimum_hosts",
            detection.hasFailurePercentageMinimumHosts
                ? detection.failurePercentageMinimumHosts : nil,
            \.failurePercentageMinimumHosts
        )
        count(
            "failure_percentage_request_volume",
            detection.hasFailurePercentageRequestVolume
                ? detection.failurePercentageRequestVolume : nil,
            \.failurePercentageRequestVolume
        )
    }

    private func readShares(
        _ detection: Envoy_Config_Cluster_V3_OutlierDetection,
        _ path: FieldPath,
        _ compiled: inout OutlierDetectionConfiguration
    ) {
        func share(_ name: StaticString, _ value: Google_Protobuf_UInt32Value?, _ field: Field) {
            compiled[keyPath: field] = percent(
                value,
                path[name],
                unset: compiled[keyPath: field]
            )
        }
        share(
            "max_ejection_percent",
            detection.hasMaxEjectionPercent ? detection.maxEjectionPercent : nil,
            \.maxEjectionPercent
        )
        share(
            "enforcing_consecutive_5xx",
            detection.hasEnforcingConsecutive5Xx ? detection.enforcingConsecutive5Xx : nil,
            \.enforcingConsecutive5xx
        )
        share(
            "enforcing_success_rate",
            detection.hasEnforcingSuccessRate ? detection.enforcingSuccessRate : nil,
            \.enforcingSuccessRate
        )
        share(
            "enforcing_consecutive_gateway_failure",
            detection.hasEnforcingConsecutiveGatewayFailure
                ? detection.enforcingConsecutiveGatewayFailure : nil,
            \.enforcingConsecutiveGatewayFailure
        )
        share(
            "enforcing_consecutive_local_origin_failure",
            detection.hasEnforcingConsecutiveLocalOriginFailure
                ? detection.enforcingConsecutiveLocalOriginFailure : nil,
            \.enforcingConsecutiveLocalOriginFailure
        )
        share(
            "enforcing_local_origin_success_rate",
            detection.hasEnforcingLocalOriginSuccessRate
                ? detection.enforcingLocalOriginSuccessRate : nil,
            \.enforcingLocalOriginSuccessRate
        )
        share(
            "failure_percentage_threshold",
            detection.hasFailurePercentageThreshold ? detection.failurePercentageThreshold : nil,
            \.failurePercentageThreshold
        )
        share(
            "enforcing_failure_percentage",
            detection.hasEnforcingFailurePercentage ? detection.enforcingFailurePercentage : nil,
            \.enforcingFailurePercentage
        )
        share(
            "enforcing_failure_percentage_local_origin",
            detection.hasEnforcingFailurePercentageLocalOrigin
                ? detection.enforcingFailurePercentageLocalOrigin : nil,
            \.enforcingFailurePercentageLocalOrigin
        )
    }

    /// What counts failures to connect apart has no effect where they are not counted apart.
    private func warnOfUnusedSplit(
        _ detection: Envoy_Config_Cluster_V3_OutlierDetection,
        _ path: FieldPath
    ) {
        let given: [(StaticString, Bool)] = [
            ("consecutive_local_origin_failure", detection.hasConsecutiveLocalOriginFailure),
            (
                "enforcing_consecutive_local_origin_failure",
                detection.hasEnforcingConsecutiveLocalOriginFailure
            ),
            ("enforcing_local_origin_success_rate", detection.hasEnforcingLocalOriginSuccessRate),
            (
                "enforcing_failure_percentage_local_origin",
                detection.hasEnforcingFailurePercentageLocalOrigin
            ),
        ]
        for (name, isGiven) in given where isGiven {
            warn(
                path[name],
                "has no effect: failures to connect are counted with the answers",
                "write split_external_local_origin_errors: true"
            )
        }
    }
}
