package import Model

extension Head {
    /// The endpoint says of itself that it is a canary (`x-envoy-upstream-canary: true`).
    package var saysCanary: Bool {
        first(.xEnvoyUpstreamCanary).map { span($0).equals("true") } ?? false
    }

    /// The endpoint asks to be taken out at once (`x-envoy-immediate-health-check-fail`, any value).
    package var saysHealthCheckFails: Bool { has(.xEnvoyImmediateHealthCheckFail) }

    /// Says of a retry whether a timeout made it (`x-envoy-is-timeout-retry`).
    package func setIsTimeoutRetry(_ isTimeout: Bool) {
        set(.xEnvoyIsTimeoutRetry, isTimeout ? append("true") : append("false"))
    }

    /// Takes `x-envoy-upstream-alt-stat-name` off, which is meant for this proxy: the name under
    /// which the responses are counted, too; nil where there is none.
    package func takeAlternativeStatName() -> Slice? {
        let value = first(.xEnvoyUpstreamAltStatName)
        if value != nil { remove(.xEnvoyUpstreamAltStatName) }
        return value
    }
}
