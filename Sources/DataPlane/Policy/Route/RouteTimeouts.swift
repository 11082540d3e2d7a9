package import Model

/// The time that one exchange, and each attempt in it, may take.
package struct RouteTimeouts: Equatable, Sendable {
    /// Milliseconds from the end of the request to the end of the response; nil: no limit.
    package let globalMilliseconds: Int64?
    /// Milliseconds for one attempt; nil: only the global limit counts.
    package let perTryMilliseconds: Int64?
    /// Milliseconds without a byte from the upstream in one attempt; nil: no limit.
    package let perTryIdleMilliseconds: Int64?

    /// Reads the route, and the request's `x-envoy-upstream-rq-timeout-ms` and
    /// `x-envoy-upstream-rq-per-try-timeout-ms`, which go before it and are removed from the head.
    ///
    /// A header counts where it is nothing but digits; zero switches the limit off. A limit for an
    /// attempt that is not below the global one has no effect.
    package init(action: ForwardAction, head: Head) {
        let global =
            Self.take(.xEnvoyUpstreamRqTimeoutMs, from: head) ?? action.timeoutMilliseconds ?? 0
        let perTry =
            Self.take(.xEnvoyUpstreamRqPerTryTimeoutMs, from: head)
            ?? action.retryPolicy?.perTryTimeoutMilliseconds ?? 0
        globalMilliseconds = global > 0 ? global : nil
        perTryMilliseconds = perTry > 0 && (global <= 0 || perTry < global) ? perTry : nil
        perTryIdleMilliseconds = action.retryPolicy?.perTryIdleTimeoutMilliseconds
    }

    /// What the upstream may expect: the limit of an attempt, else the global one; nil: none.
    package var expectedMilliseconds: Int64? { perTryMilliseconds ?? globalMilliseconds }

    /// Tells the upstream with `x-envoy-expected-rq-timeout-ms`, where there is a limit.
    package func setExpectedHeader(in head: Head) {
        guard let expected = expectedMilliseconds else { return }
        let value = head.append(decimal: UInt64(clamping: expected))
        head.set(.xEnvoyExpectedRqTimeoutMs, value)
    }

    private static func take(_ field: KnownField, from head: Head) -> Int64? {
        guard let value = head.first(field) else { return nil }
        // Large values would overflow later sums with the clock; a year is as good as no limit.
        let milliseconds = head.span(value).decimal()
        head.remove(field)
        return milliseconds.map { Int64(min($0, 366 * 86_400_000)) }
    }
}
