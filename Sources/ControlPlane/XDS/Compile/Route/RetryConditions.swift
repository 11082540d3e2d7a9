internal import Model

/// The words of `retry_on` (router filter, `x-envoy-retry-on` and `x-envoy-retry-grpc-on`).
enum RetryConditionWord: Sendable {
    case condition(RetryPolicy.Conditions)
    /// A gRPC status: known, and without effect until gRPC is understood.
    case grpc

    static let all: [(word: String, meaning: RetryConditionWord)] = [
        ("5xx", .condition(.serverError)),
        ("gateway-error", .condition(.gatewayError)),
        ("reset", .condition(.reset)),
        ("reset-before-request", .condition(.resetBeforeRequest)),
        ("connect-failure", .condition(.connectFailure)),
        ("envoy-ratelimited", .condition(.envoyRatelimited)),
        ("retriable-4xx", .condition(.retriable4xx)),
        ("refused-stream", .condition(.refusedStream)),
        ("retriable-status-codes", .condition(.retriableStatusCodes)),
        ("retriable-headers", .condition(.retriableHeaders)),
        ("http3-post-connect-failure", .condition(.http3PostConnectFailure)),
        ("cancelled", .grpc),
        ("deadline-exceeded", .grpc),
        ("internal", .grpc),
        ("resource-exhausted", .grpc),
        ("unavailable", .grpc),
    ]

    init?(_ word: String) {
        guard let found = Self.all.first(where: { $0.word == word }) else { return nil }
        self = found.meaning
    }
}
