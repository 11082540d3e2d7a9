package import Model

/// The router's `strict_check_headers`: headers that must be well-formed where they are there.
package enum StrictHeaders {
    /// The first of the fields with a value that this proxy does not understand; nil: none has.
    ///
    /// Times and counts must be nothing but digits, conditions of retries all known.
    package static func firstInvalid(_ head: Head, _ fields: [KnownField]) -> KnownField? {
        for index in 0..<fields.count {
            guard let value = head.first(fields[index]) else { continue }
            if !isValid(head.span(value), fields[index]) { return fields[index] }
        }
        return nil
    }

    /// The details of the refusal, which name the header.
    package static func details(_ field: KnownField) -> StaticString {
        switch field {
        case .xEnvoyUpstreamRqTimeoutMs:
            "request_headers_failed_strict_check{x-envoy-upstream-rq-timeout-ms}"
        case .xEnvoyUpstreamRqPerTryTimeoutMs:
            "request_headers_failed_strict_check{x-envoy-upstream-rq-per-try-timeout-ms}"
        case .xEnvoyMaxRetries: "request_headers_failed_strict_check{x-envoy-max-retries}"
        case .xEnvoyRetryOn: "request_headers_failed_strict_check{x-envoy-retry-on}"
        case .xEnvoyRetryGrpcOn: "request_headers_failed_strict_check{x-envoy-retry-grpc-on}"
        default: "request_headers_failed_strict_check"
        }
    }

    private static func isValid(_ value: Span<UInt8>, _ field: KnownField) -> Bool {
        switch field {
        case .xEnvoyUpstreamRqTimeoutMs, .xEnvoyUpstreamRqPerTryTimeoutMs, .xEnvoyMaxRetries:
            value.decimal() != nil
        case .xEnvoyRetryOn: RetryPolicy.Conditions.parse(value, .http).isWhole
        case .xEnvoyRetryGrpcOn: RetryPolicy.Conditions.parse(value, .grpc).isWhole
        default: true
        }
    }
}
