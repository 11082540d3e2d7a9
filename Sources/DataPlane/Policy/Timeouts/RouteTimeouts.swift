package import Model

/// The time that one exchange, and each attempt in it, may take; all in milliseconds.
package struct RouteTimeouts: Equatable, Sendable {
    /// From the end of the request to the end of the response; nil: no limit.
    package let globalMilliseconds: Int64?
    /// For one attempt; nil: only the global limit counts.
    package let perTryMilliseconds: Int64?
    /// Without a byte from the upstream in one attempt; nil: no limit.
    package let perTryIdleMilliseconds: Int64?
    /// From the first byte of the request to the end of the exchange (`max_stream_duration` of the
    /// route or the connection manager, or `grpc-timeout`); nil: no limit, 0: it is over already.
    package let streamMilliseconds: Int64?
    /// For one attempt from its beginning (`max_stream_duration` of the cluster, or
    /// `x-envoy-upstream-stream-duration-ms`); nil: no limit.
    package let upstreamStreamMilliseconds: Int64?
    /// An attempt whose time is over goes on beside the next one.
    package let hedgesOnPerTryTimeout: Bool
    /// A timeout is answered with 204 instead of 504.
    package let answersTimeoutsWith204: Bool
    /// A gRPC request under `max_grpc_timeout`: `grpc-timeout` says what the upstream may expect.
    private let rewritesGRPCTimeout: Bool

    /// What the configuration says beside the route.
    package struct Surroundings: Sendable {
        /// The router's `respect_expected_rq_timeout`.
        package var respectsExpectedTimeout: Bool
        /// The connection manager's; nil: no limit.
        package var streamMilliseconds: Int64?
        /// The cluster's; nil: no limit.
        package var upstreamStreamMilliseconds: Int64?

        package init(
            respectsExpectedTimeout: Bool = false,
            streamMilliseconds: Int64? = nil,
            upstreamStreamMilliseconds: Int64? = nil
        ) {
            self.respectsExpectedTimeout = respectsExpectedTimeout
            self.streamMilliseconds = streamMilliseconds
            self.upstreamStreamMilliseconds = upstreamStreamMilliseconds
        }
    }

    /// Reads the route, and the request's headers, which go before it and are removed from the head:
    /// `x-envoy-upstream-rq-timeout-ms`, `x-envoy-upstream-rq-per-try-timeout-ms`,
    /// `x-envoy-hedge-on-per-try-timeout`, `x-envoy-upstream-rq-timeout-alt-response`,
    /// `x-envoy-upstream-stream-duration-ms`.
    ///
    /// A header with a time counts where it is nothing but digits; zero switches the limit off. A
    /// limit for an attempt that is not below the global one has no effect. A route with
    /// `max_stream_duration` has no global limit of its own, as in Envoy; a gRPC request is told
    /// what is left of it with `grpc-timeout`. On any other route with `max_grpc_timeout`, the
    /// global limit of a gRPC request is what it asks for, up to that.
    package init(
        action: ForwardAction,
        head: Head,
        surroundings: Surroundings = Surroundings()
    ) {
        let stream = action.streamDuration
        var global = stream.isGiven ? 0 : action.timeoutMilliseconds ?? 0
        let grpcLimit = stream.isGiven || !head.isGRPC ? nil : action.grpcTimeout
        if let grpcLimit { global = Self.limit(grpcLimit, head) }
        rewritesGRPCTimeout = grpcLimit != nil
        let given = Self.take(.xEnvoyUpstreamRqTimeoutMs, from: head)
        if surroundings.respectsExpectedTimeout, head.has(.xEnvoyExpectedRqTimeoutMs) {
            global = Self.milliseconds(.xEnvoyExpectedRqTimeoutMs, in: head) ?? global
        } else if let given {
            global = given
        }
        let perTry =
            Self.take(.xEnvoyUpstreamRqPerTryTimeoutMs, from: head)
            ?? action.retryPolicy?.perTryTimeoutMilliseconds ?? 0
        globalMilliseconds = global > 0 ? global : nil
        perTryMilliseconds = perTry > 0 && (global <= 0 || perTry < global) ? perTry : nil
        perTryIdleMilliseconds = action.retryPolicy?.perTryIdleTimeoutMilliseconds
        streamMilliseconds = Self.streamLimit(stream, head, surroundings.streamMilliseconds)
        let upstream =
            Self.take(.xEnvoyUpstreamStreamDurationMs, from: head)
            ?? surroundings.upstreamStreamMilliseconds ?? 0
        upstreamStreamMilliseconds = upstream > 0 ? upstream : nil
        hedgesOnPerTryTimeout = Self.hedges(action, head)
        answersTimeoutsWith204 = head.has(.xEnvoyUpstreamRqTimeoutAltResponse)
        head.remove(.xEnvoyUpstreamRqTimeoutAltResponse)
        if rewritesGRPCTimeout, let expected = expectedMilliseconds() {
            GRPCTimeout.set(expected, in: head)
        }
    }

    /// What the upstream may expect: the limit of an attempt, else the global one, and no more than
    /// what is left of that; nil: none.
    ///
    /// - Parameter elapsedMilliseconds: since the end of the request.
    package func expectedMilliseconds(elapsedMilliseconds: Int64 = 0) -> Int64? {
        guard let global = globalMilliseconds else {
            return hedgesOnPerTryTimeout ? nil : perTryMilliseconds
        }
        // Zero would say that there is no limit.
        let left = max(global - max(elapsedMilliseconds, 0), 1)
        guard let perTryMilliseconds, !hedgesOnPerTryTimeout else { return left }
        return min(perTryMilliseconds, left)
    }

    /// Tells the upstream with `x-envoy-expected-rq-timeout-ms`, where there is a limit; called for
    /// each attempt.
    package func setExpectedHeader(in head: Head, elapsedMilliseconds: Int64 = 0) {
        guard let expected = expectedMilliseconds(elapsedMilliseconds: elapsedMilliseconds) else {
            return
        }
        let value = head.append(decimal: UInt64(clamping: expected))
        head.set(.xEnvoyExpectedRqTimeoutMs, value)
        if rewritesGRPCTimeout { GRPCTimeout.set(expected, in: head) }
    }

    // MARK: - Reading

    private static func hedges(_ action: ForwardAction, _ head: Head) -> Bool {
        guard let value = head.first(.xEnvoyHedgeOnPerTryTimeout) else {
            return action.hedgesOnPerTryTimeout
        }
        let text = head.span(value)
        let isOn = text.equals("true") || !text.equals("false") && action.hedgesOnPerTryTimeout
        head.remove(.xEnvoyHedgeOnPerTryTimeout)
        return isOn
    }

    /// What a gRPC request asks for, less the offset, up to the most; 0: no limit.
    private static func limit(_ given: GRPCTimeoutLimit, _ head: Head) -> Int64 {
        var limit = GRPCTimeout.milliseconds(head) ?? 0
        // Zero would be no limit, so an offset that leaves nothing is left out.
        if given.offset > 0, given.offset < limit { limit -= given.offset }
        return given.maximum > 0 && (limit == 0 || limit > given.maximum) ? given.maximum : limit
    }

    private static func streamLimit(
        _ stream: StreamDuration,
        _ head: Head,
        _ managers: Int64?
    ) -> Int64? {
        var limit: Int64
        let header = stream.grpcTimeoutHeaderMax == nil ? nil : GRPCTimeout.milliseconds(head)
        if let header, let most = stream.grpcTimeoutHeaderMax {
            limit = most > 0 ? min(header, most) : header
            limit = max(0, limit - max(stream.grpcTimeoutHeaderOffset, 0))
        } else {
            limit = stream.maximum ?? managers ?? 0
            if limit <= 0 || limit == .max { return nil }
        }
        if stream.isGiven, head.isGRPC { GRPCTimeout.set(limit, in: head) }
        return limit
    }

    private static func take(_ field: KnownField, from head: Head) -> Int64? {
        if !head.has(field) { return nil }
        let milliseconds = milliseconds(field, in: head)
        head.remove(field)
        return milliseconds
    }

    private static func milliseconds(_ field: KnownField, in head: Head) -> Int64? {
        guard let value = head.first(field) else { return nil }
        // Large values would overflow later sums with the clock; a year is as good as no limit.
        return head.span(value).decimal().map { Int64(min($0, 366 * 86_400_000)) }
    }
}

extension StreamDuration {
    /// Whether the route has `max_stream_duration` at all.
    fileprivate var isGiven: Bool {
        maximum != nil || grpcTimeoutHeaderMax != nil || grpcTimeoutHeaderOffset != 0
    }
}
