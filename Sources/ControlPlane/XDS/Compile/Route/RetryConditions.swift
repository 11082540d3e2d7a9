internal import Model

/// The words of `retry_on` (router filter, `x-envoy-retry-on` and `x-envoy-retry-grpc-on`).
enum RetryConditionWord {
    static let all: [(word: String, condition: RetryPolicy.Conditions)] = [
        ("5xx", .serverError),
        ("gateway-error", .gatewayError),
        ("reset", .reset),
        ("reset-before-request", .resetBeforeRequest),
        ("connect-failure", .connectFailure),
        ("envoy-ratelimited", .envoyRatelimited),
        ("retriable-4xx", .retriable4xx),
        ("refused-stream", .refusedStream),
        ("retriable-status-codes", .retriableStatusCodes),
        ("retriable-headers", .retriableHeaders),
        ("http3-post-connect-failure", .http3PostConnectFailure),
        ("cancelled", .grpcCancelled),
        ("deadline-exceeded", .grpcDeadlineExceeded),
        ("internal", .grpcInternal),
        ("resource-exhausted", .grpcResourceExhausted),
        ("unavailable", .grpcUnavailable),
    ]

    /// nil where there is no such word.
    static func condition(_ word: String) -> RetryPolicy.Conditions? {
        all.first { $0.word == word }?.condition
    }
}
