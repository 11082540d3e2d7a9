package import Model

/// How an attempt ended before it had a whole response.
package enum ResetReason: Sendable, CaseIterable {
    /// No connection: refused, unreachable.
    case connectFailure
    /// No connection within the cluster's connect timeout.
    case connectTimeout
    /// The connection was closed or broke while the request was on it.
    case connectionTermination
    /// The upstream reset this request alone (HTTP/2 RST_STREAM).
    case remoteReset
    /// The upstream said that it did not begin with the request (HTTP/2 REFUSED_STREAM).
    case refusedStream
    /// This side reset the attempt.
    case localReset
    /// The upstream sent what is no HTTP, or too much of it.
    case protocolError
    case perTryTimeout
    /// A circuit breaker refused the attempt.
    case overflow
    /// The time of the whole exchange is over.
    case globalTimeout
}

package enum RetryVerdict: Sendable {
    case no, yes
    /// The policy would retry, and the number of retries is used up.
    case limitExceeded
}

/// What an exchange may still retry: made once for a request, asked after every failed attempt.
///
/// A verdict of `yes` changes nothing; call `consume()` before the retry, and before asking the
/// cluster's limit of retries: in Envoy a retry that this limit refuses counts as used.
package struct RetryState: Sendable {
    /// The policy's, and those that the request added.
    package let conditions: RetryPolicy.Conditions
    /// Retries left.
    package private(set) var remaining: UInt32
    /// Retries begun so far.
    package private(set) var retryCount: UInt32 = 0
    private let backOffBaseMilliseconds: Int64
    private let backOffMaxMilliseconds: Int64
    // The policy's and the request's; empty unless their condition is set. Kept by themselves, since
    // a whole policy would cost more to copy than all the rest of a decision.
    private var statusCodes: [UInt16] = []
    private var headers: [HeaderMatcher] = []
    /// `early-data: 1` (RFC 8470): the client must hear of a 425 itself.
    private var isEarlyData = false
    /// The endpoint may say when to come again.
    private let rateLimitedBackOff: RetryPolicy.RateLimitedBackOff?

    /// Reads the policy and the request's `x-envoy-retry-on`, `x-envoy-retry-grpc-on`,
    /// `x-envoy-max-retries`,
    /// `x-envoy-retriable-status-codes` and `x-envoy-retriable-header-names`, and removes these
    /// headers from the head: they are meant for this proxy.
    package init(policy: RetryPolicy?, head: Head) {
        var conditions = policy?.conditions.rawValue ?? 0
        var remaining = policy?.retryCountMax ?? 1
        if let text = head.first(.xEnvoyRetryOn) {
            conditions |= RetryPolicy.Conditions.parse(head.span(text), .http).conditions.rawValue
        }
        if let text = head.first(.xEnvoyRetryGrpcOn) {
            conditions |= RetryPolicy.Conditions.parse(head.span(text), .grpc).conditions.rawValue
        }
        if conditions != 0, let required = policy?.retriableRequestHeaders, !required.isEmpty,
            !required.anyMatches(head)
        {
            conditions = 0
        }
        if conditions != 0, let text = head.first(.xEnvoyMaxRetries),
            let count = head.span(text).decimal(limit: Int(UInt32.max))
        {
            remaining = UInt32(count)
        }
        self.conditions = RetryPolicy.Conditions(rawValue: conditions)
        self.remaining = remaining
        backOffBaseMilliseconds = policy?.backOffBaseMilliseconds ?? 25
        backOffMaxMilliseconds = policy?.backOffMaxMilliseconds ?? 250
        rateLimitedBackOff = policy?.rateLimitedBackOff
        if has(.retriableStatusCodes) {
            if let policy { statusCodes = policy.retriableStatusCodes }
            if let text = head.first(.xEnvoyRetriableStatusCodes) {
                statusCodes += Self.statusCodes(head.span(text))
            }
            let name = Self.earlyData.bytes
            isEarlyData = head.first(named: name.span) != nil
        }
        if has(.retriableHeaders) {
            if let policy { headers = policy.retriableHeaders }
            if let text = head.first(.xEnvoyRetriableHeaderNames) {
                headers += Self.headerNames(head.span(text))
            }
        }
        head.remove(.xEnvoyRetryOn)
        head.remove(.xEnvoyRetryGrpcOn)
        head.remove(.xEnvoyMaxRetries)
        head.remove(.xEnvoyRetriableStatusCodes)
        head.remove(.xEnvoyRetriableHeaderNames)
    }

    /// Whether the request may be retried at all: whether its body has to be kept.
    package var mayRetry: Bool { conditions.rawValue != 0 && remaining > 0 }

    /// Judges a response by its status and fields, before any of it went to the client.
    package func decide(onStatus status: UInt16, response: Head) -> RetryVerdict {
        verdict(wouldRetry(status: status, response: response))
    }

    /// Judges a response by the gRPC status in its trailers, before any of it went to the client.
    package func decide(onTrailers trailers: Head) -> RetryVerdict {
        verdict(wouldRetry(grpc: trailers))
    }

    /// A gRPC status may ask for another attempt, wherever it stands.
    package var judgesGRPCStatus: Bool {
        conditions.rawValue >= RetryPolicy.Conditions.grpcCancelled.rawValue
    }

    /// Judges an attempt that is hedged: its time is over, and it goes on beside another one.
    ///
    /// In Envoy that needs no condition, only retries that are left.
    package func decideOnHedge() -> RetryVerdict { verdict(true) }

    /// Judges an attempt that ended without a response.
    ///
    /// - Parameters:
    ///   - responseStarted: part of a response went to the client, so there is nothing to retry.
    ///   - requestStarted: bytes of the request went to the upstream.
    package func decide(
        onReset reason: ResetReason,
        responseStarted: Bool,
        requestStarted: Bool
    ) -> RetryVerdict {
        if responseStarted { return .no }
        return verdict(wouldRetry(reason: reason, requestStarted: requestStarted))
    }

    /// Counts a retry.
    package mutating func consume() {
        remaining -= min(remaining, 1)
        retryCount += retryCount == .max ? 0 : 1
    }

    /// Milliseconds to wait before a retry; `attempt` counts retries from 1.
    ///
    /// Uniform in [0, n) where n is the base interval, doubled with each retry up to the policy's
    /// maximum (full jitter). Envoy documents the range [0, (2^N-1)·base); its code, which this
    /// follows, doubles from the base.
    package func backOffMilliseconds(attempt: UInt32, random: UInt64) -> Int64 {
        let base = max(backOffBaseMilliseconds, 1)
        let limit = max(backOffMaxMilliseconds, base)
        var interval = base
        var doublings = attempt
        while doublings > 1, interval < limit {
            interval = interval > limit / 2 ? limit : interval * 2
            doublings -= 1
        }
        return Int64(random % UInt64(min(interval, limit)))
    }

    /// Milliseconds to wait before a retry, as the response asks for (`rate_limited_retry_back_off`);
    /// nil: it does not, or asks for more than the policy allows, and the usual back-off counts.
    ///
    /// The reset headers are asked in their order; the first that can be read and is within the
    /// limit counts. Up to one half is added at random, so that not all come at once.
    /// - Parameter nowUnix: seconds since 1970.
    package func rateLimitedBackOffMilliseconds(
        response: Head,
        nowUnix: Int64,
        random: UInt64
    ) -> Int64? {
        guard let rule = rateLimitedBackOff else { return nil }
        for index in 0..<rule.resetHeaders.count {
            let name = rule.resetHeaders[index].name.bytes
            guard let value = response.first(named: name.span),
                let number = response.span(value).decimal(limit: Int(Int64.max / 2_000))
            else { continue }
            var seconds = Int64(number)
            if case .unixTimestamp = rule.resetHeaders[index].format {
                if seconds < nowUnix { continue }
                seconds -= max(nowUnix, 0)
            }
            let interval = seconds * 1_000
            if interval > rule.maxIntervalMilliseconds { continue }
            // What is due now is no reason to wait.
            if interval <= 1 { return nil }
            return interval + Int64(random % UInt64(interval / 2))
        }
        return nil
    }

    private func verdict(_ wouldRetry: Bool) -> RetryVerdict {
        if !wouldRetry { return .no }
        return remaining == 0 ? .limitExceeded : .yes
    }

    /// Set operations spelled out: the generic ones are not specialised across modules.
    private func has(_ condition: RetryPolicy.Conditions) -> Bool {
        conditions.rawValue & condition.rawValue != 0
    }

    private func wouldRetry(status: UInt16, response: Head) -> Bool {
        if conditions.rawValue == 0 { return false }
        // The response comes from a proxy that limits rates: to ask again at once makes it worse,
        // so that needs a condition of its own.
        if response.has(.xEnvoyRatelimited) { return has(.envoyRatelimited) }
        if has(.serverError), status / 100 == 5 { return true }
        if has(.gatewayError), 502...504 ~= status { return true }
        if has(.retriable4xx), status == 409 { return true }
        if has(.retriableStatusCodes), isRetriable(status) { return true }
        if has(.retriableHeaders), headers.anyMatches(response) { return true }
        return wouldRetry(grpc: response)
    }

    /// The head has the status where there is no body, the trailers in all other responses.
    private func wouldRetry(grpc response: Head) -> Bool {
        if conditions.rawValue < RetryPolicy.Conditions.grpcCancelled.rawValue { return false }
        guard let value = response.first(.grpcStatus) else { return false }
        switch response.span(value).decimal(limit: 16) {
        case 1: return has(.grpcCancelled)
        case 4: return has(.grpcDeadlineExceeded)
        case 8: return has(.grpcResourceExhausted)
        case 13: return has(.grpcInternal)
        case 14: return has(.grpcUnavailable)
        default: return false
        }
    }

    private func isRetriable(_ status: UInt16) -> Bool {
        if status == 425, isEarlyData { return false }
        return statusCodes.contains(status)
    }

    private func wouldRetry(reason: ResetReason, requestStarted: Bool) -> Bool {
        switch reason {
        case .overflow, .globalTimeout: return false
        case .connectFailure, .connectTimeout:
            if has(.connectFailure) { return true }
        case .refusedStream:
            if has(.refusedStream) { return true }
        case .connectionTermination, .remoteReset, .localReset, .protocolError, .perTryTimeout:
            break
        }
        if has(.resetBeforeRequest), !requestStarted { return true }
        return has(.reset) || has(.serverError) || has(.gatewayError)
    }

    private static let earlyData: ByteString = "early-data"

    private static func statusCodes(_ text: Span<UInt8>) -> [UInt16] {
        var codes: [UInt16] = []
        var start = 0
        while start < text.count {
            let end = text.firstIndex(of: 0x2c, from: start) ?? text.count
            if let code = text.extracting(start..<end).trimmed().decimal(limit: 999) {
                codes.append(UInt16(code))
            }
            start = end + 1
        }
        return codes
    }

    private static func headerNames(_ text: Span<UInt8>) -> [HeaderMatcher] {
        var matchers: [HeaderMatcher] = []
        var start = 0
        while start < text.count {
            let end = text.firstIndex(of: 0x2c, from: start) ?? text.count
            let name = ByteString(copying: text.extracting(start..<end).trimmed()).lowercased
            if !name.isEmpty { matchers.append(HeaderMatcher(name: name, condition: .present)) }
            start = end + 1
        }
        return matchers
    }
}
