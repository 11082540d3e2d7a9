package import Model

/// What an answer to an HTTP health check says.
package enum HealthCheckVerdict: Sendable, Equatable {
    case healthy(isDegraded: Bool)
    /// - isRetriable: counts towards the threshold only.
    /// - excludes: the answer has `x-envoy-immediate-health-check-fail`.
    case unhealthy(isRetriable: Bool, excludes: Bool)
}

/// What the head of an answer says; the body may still change it.
package struct HealthCheckJudgement: Sendable, Equatable {
    package let status: UInt16
    private let verdict: HealthCheckVerdict
    private let excludes: Bool
    /// `service_name_matcher` was asked.
    private let isVerified: Bool

    /// Judges a response by `envoy.config.core.v3.HealthCheck.HttpHealthCheck`.
    package init(_ response: Head, _ check: HealthCheckConfiguration.HTTP) {
        status = response.status
        excludes = response.has("x-envoy-immediate-health-check-fail")
        let code = Int(response.status)
        let isExpected =
            check.expectedStatuses.isEmpty
            ? code == 200 : check.expectedStatuses.contains { $0.contains(code) }
        if !isExpected {
            isVerified = false
            let isRetriable = check.retriableStatuses.contains { $0.contains(code) }
            verdict = .unhealthy(isRetriable: isRetriable, excludes: excludes)
            return
        }
        isVerified = check.serviceName != nil
        if let matcher = check.serviceName, !Self.matches(response, matcher) {
            verdict = .unhealthy(isRetriable: false, excludes: false)
        } else {
            verdict = .healthy(isDegraded: response.has("x-envoy-degraded"))
        }
    }

    private static func matches(_ response: Head, _ matcher: StringMatcher) -> Bool {
        let name = Array("x-envoy-upstream-healthchecked-cluster".utf8)
        guard let value = response.first(named: name.span) else {
            return matcher.matches(Span<UInt8>())
        }
        return matcher.matches(response.span(value))
    }

    /// The verdict on the whole answer, and whether the service's name was compared for it.
    ///
    /// - Parameter hasExpectedBody: what is expected was found in the body, or nothing is expected.
    package func verdict(
        hasExpectedBody: Bool
    ) -> (verdict: HealthCheckVerdict, verifies: Bool) {
        if hasExpectedBody { return (verdict, isVerified) }
        return (.unhealthy(isRetriable: false, excludes: excludes), false)
    }
}

extension Head {
    fileprivate func has(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        return first(named: bytes.span) != nil
    }
}
