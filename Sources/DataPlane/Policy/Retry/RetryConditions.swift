package import Model

extension RetryPolicy.Conditions {
    /// Whose names are read.
    package enum Vocabulary: Sendable {
        /// `x-envoy-retry-on`
        case http
        /// `x-envoy-retry-grpc-on`
        case grpc
        /// `retry_on` of a policy
        case both
    }

    /// Reads `retry_on`, `x-envoy-retry-on` or `x-envoy-retry-grpc-on`: names separated by commas.
    ///
    /// Names that are not known are left out, as in Envoy; `isWhole` says whether there were none.
    /// Does not allocate: it is read per request.
    package static func parse(
        _ text: Span<UInt8>,
        _ vocabulary: Vocabulary = .both
    ) -> (
        conditions: RetryPolicy.Conditions, isWhole: Bool
    ) {
        var conditions: RetryPolicy.Conditions = []
        var isWhole = true
        var start = 0
        while start < text.count {
            let end = text.firstIndex(of: 0x2c, from: start) ?? text.count
            let name = text.extracting(start..<end).trimmed()
            start = end + 1
            if name.isEmpty { continue }
            if let condition = condition(named: name, vocabulary) {
                conditions.insert(condition)
            } else {
                isWhole = false
            }
        }
        return (conditions, isWhole)
    }

    private static func condition(
        named name: Span<UInt8>,
        _ vocabulary: Vocabulary
    ) -> RetryPolicy.Conditions? {
        if vocabulary != .http, let condition = grpcCondition(named: name) { return condition }
        return vocabulary == .grpc ? nil : httpCondition(named: name)
    }

    private static func grpcCondition(named name: Span<UInt8>) -> RetryPolicy.Conditions? {
        if name.equals("cancelled") { return .grpcCancelled }
        if name.equals("deadline-exceeded") { return .grpcDeadlineExceeded }
        if name.equals("internal") { return .grpcInternal }
        if name.equals("resource-exhausted") { return .grpcResourceExhausted }
        if name.equals("unavailable") { return .grpcUnavailable }
        return nil
    }

    private static func httpCondition(named name: Span<UInt8>) -> RetryPolicy.Conditions? {
        if name.equals("5xx") { return .serverError }
        if name.equals("gateway-error") { return .gatewayError }
        if name.equals("reset") { return .reset }
        if name.equals("reset-before-request") { return .resetBeforeRequest }
        if name.equals("connect-failure") { return .connectFailure }
        if name.equals("envoy-ratelimited") { return .envoyRatelimited }
        if name.equals("retriable-4xx") { return .retriable4xx }
        if name.equals("refused-stream") { return .refusedStream }
        if name.equals("retriable-status-codes") { return .retriableStatusCodes }
        if name.equals("retriable-headers") { return .retriableHeaders }
        if name.equals("http3-post-connect-failure") { return .http3PostConnectFailure }
        return nil
    }
}
