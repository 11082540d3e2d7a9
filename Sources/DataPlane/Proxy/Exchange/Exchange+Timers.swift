import Model
import Policy
import Synchronization
import Telemetry
import Wire

/// Timeouts: deadlines are fields, and one timer stands at the earliest of them.
extension Exchange {
    /// More informational responses than this are an attack (RFC 9110 sets no limit).
    static let interimCountMax = 16
    /// A body has this long before its rate is looked at, and again between two looks.
    static let bodyRateGraceMilliseconds: Int64 = 10_000
    /// Bytes in one grace period: 240 bytes per second, as other servers ask for.
    static let bodyRateMinimumBytes: UInt64 = 2_400

    func armTimer() {
        guard stage != .done else { return }
        var next = min(routeDeadline, perTryDeadline, requestDeadline, bodyRateDeadline)
        next = min(next, streamDeadline, upstreamStreamDeadline)
        if streamIdleTimeout != .max { next = min(next, lastActivity &+ streamIdleTimeout) }
        next = min(next, perTryIdleDeadline)
        if next == .max {
            loop.timers.cancel(&timer)
        } else {
            loop.timers.arm(&timer, at: next, target: self, kind: Self.deadlineTimer)
        }
    }

    /// The time for one attempt runs from when the request is complete.
    func startPerTryTimeout() {
        guard role != .mirror, isRequestComplete, perTryDeadline == .max,
            stage == .sending || stage == .waiting,
            let perTry = timeouts?.perTryMilliseconds
        else { return }
        perTryDeadline = loop.nowMilliseconds + perTry
        armTimer()
    }

    func deadlineReached(kind: UInt8) {
        if kind == Self.backOffTimerKind {
            backOffTimer = .none
            if stage == .backingOff { attempt(fresh: false) }
            return
        }
        timer = .none
        guard stage != .done else { return }
        let now = loop.nowMilliseconds
        if now >= streamDeadline {
            streamTookTooLong()
        } else if now >= routeDeadline {
            routeTimedOut()
        } else if now >= upstreamStreamDeadline {
            attemptTookTooLong()
        } else if now >= perTryDeadline {
            perTryTimedOut()
        } else if now >= perTryIdleDeadline {
            perTryIdleTimedOut()
        } else if now >= requestDeadline {
            chain?.stats.increment(.downstreamRqTimeout)
            let limit = hcm?.requestTimeoutMilliseconds ?? 0
            cut(
                408,
                [],
                "request_overall_timeout",
                "request timeout: the request was not complete after request_timeout (\(limit) ms)"
            )
        } else if now >= bodyRateDeadline {
            checkBodyRate(now)
        } else if streamIdleTimeout != .max, now >= lastActivity &+ streamIdleTimeout {
            chain?.stats.increment(.downstreamRqIdleTimeout)
            let words =
                "stream timeout: nothing moved for stream_idle_timeout (\(streamIdleTimeout) ms)"
            if isRequestComplete {
                cluster?.stats.increment(.upstreamRqTimeout)
                cut(504, .streamIdleTimeout, "stream_idle_timeout", words)
            } else {
                cut(408, .streamIdleTimeout, "stream_idle_timeout", words)
            }
        } else {
            armTimer()
        }
    }

    private func routeTimedOut() {
        let limit = timeouts?.globalMilliseconds ?? 0
        if role != .primary {
            cluster?.stats.increment(.upstreamRqTimeout)
            endSecondary()
            return
        }
        // Every attempt that is under way has run out of time.
        let attempts = 1 + (extras?.hedges.count ?? 0)
        cluster?.stats.add(.upstreamRqTimeout, UInt64(attempts))
        virtualCluster?.increment(.upstreamRqTimeout)
        routeStats?.increment(.upstreamRqTimeout)
        endpoint?.shared.requestsTimedOut.add(1, ordering: .relaxed)
        if upstream != nil { report(.timeout) }
        let by = route?.explanation ?? "the route"
        cut(
            timeouts?.answersTimeoutsWith204 == true ? 204 : 504,
            .upstreamRequestTimeout,
            "response_timeout",
            "upstream request timeout: \(by) allows \(limit) ms, attempts and back-off included"
        )
    }

    /// `max_stream_duration` of the connection manager or of the route.
    private func streamTookTooLong() {
        chain?.stats.increment(.downstreamRqMaxDurationReached)
        cut(
            isRequestComplete ? 504 : 408,
            [],
            "max_duration_timeout",
            "downstream duration timeout: the exchange reached max_stream_duration"
        )
    }

    /// `max_stream_duration` of the cluster.
    private func attemptTookTooLong() {
        upstreamStreamDeadline = .max
        cluster?.stats.increment(.upstreamRqMaxDurationReached)
        let name = cluster?.configuration.name ?? "-"
        if hasResponseStarted {
            cut(504, .upstreamMaxStreamDurationReached, "upstream_max_stream_duration_reached", "")
            return
        }
        abandonUpstream()
        if stage == .waiting { stage = .backingOff }
        fail(
            .localReset,
            isRequestComplete ? 504 : 408,
            .upstreamMaxStreamDurationReached,
            "upstream_max_stream_duration_reached",
            "upstream max stream duration reached: cluster \(name) limits an attempt by max_stream_duration"
        )
        if stage != .done { armTimer() }
    }

    private func perTryTimedOut() {
        perTryDeadline = .max
        endpoint?.shared.requestsFailed.add(1, ordering: .relaxed)
        report(.timeout)
        if role == .primary, timeouts?.hedgesOnPerTryTimeout == true {
            if !startHedge(), let retry, retry.remaining == 0 {
                // No further attempt is allowed; those that are under way may still answer.
                cluster?.stats.increment(.upstreamRqRetryLimitExceeded)
                virtualCluster?.increment(.upstreamRqRetryLimitExceeded)
                flags.insert(.upstreamRetryLimitExceeded)
            }
            if stage != .done { armTimer() }
            return
        }
        cluster?.stats.increment(.upstreamRqPerTryTimeout)
        let limit = timeouts?.perTryMilliseconds ?? 0
        abandonUpstream()
        if stage == .waiting { stage = .backingOff }
        fail(
            .perTryTimeout,
            timeouts?.answersTimeoutsWith204 == true ? 204 : 504,
            .upstreamRequestTimeout,
            "upstream_per_try_timeout",
            "upstream request timeout: attempt \(attemptCount) took longer than per_try_timeout (\(limit) ms)"
        )
        if stage != .done { armTimer() }
    }

    /// Nothing may come from the upstream for this long while it has the whole request.
    private var perTryIdleDeadline: Int64 {
        guard role != .mirror, stage == .sending, isRequestComplete,
            let idle = timeouts?.perTryIdleMilliseconds
        else { return .max }
        return lastActivity &+ idle
    }

    private func perTryIdleTimedOut() {
        cluster?.stats.increment(.upstreamRqPerTryIdleTimeout)
        endpoint?.shared.requestsFailed.add(1, ordering: .relaxed)
        report(.timeout)
        let limit = timeouts?.perTryIdleMilliseconds ?? 0
        dropUpstream()
        fail(
            .perTryTimeout,
            504,
            .upstreamRequestTimeout,
            "upstream_per_try_idle_timeout",
            "upstream request timeout: nothing came in attempt \(attemptCount) for per_try_idle_timeout (\(limit) ms)"
        )
        if stage != .done { armTimer() }
    }

    private func checkBodyRate(_ now: Int64) {
        let received = bodyBytesReceived &- bodyRateMark
        bodyRateMark = bodyBytesReceived
        bodyRateDeadline = now + Self.bodyRateGraceMilliseconds
        // Once the response is on its way, both sides may take turns.
        if received >= Self.bodyRateMinimumBytes || downstream?.isBodyPaused == true
            || hasResponseStarted
        {
            armTimer()
            return
        }
        chain?.stats.increment(.downstreamRqTimeout)
        cut(
            408,
            [],
            "request_body_too_slow",
            "request timeout: the body came slower than 240 bytes per second for 10 s"
        )
    }

    /// Ends the exchange for a timeout: with a reply, or by cutting a response that has started.
    private func cut(
        _ status: UInt16,
        _ flag: ResponseFlags,
        _ details: StaticString,
        _ words: String
    ) {
        if role != .primary {
            endSecondary()
            return
        }
        abandonUpstream()
        // What is left of a request that came too slowly is not waited for.
        if !isRequestComplete { downstream?.closesAfterResponse() }
        if hasResponseStarted {
            flags.insert(flag)
            self.details = details
            reason = words
            chain?.stats.increment(.downstreamRqTxReset)
            if isTunnel, !isRequestComplete { countUnfinishedTunnel() }
            finish()
            downstream?.abortResponse(.local)
            return
        }
        // What the connection manager limits is no answer of the cluster's.
        if cluster != nil, status >= 500 || status == 204,
            !details.equals("max_duration_timeout")
        {
            countUpstream(status: status)
        }
        reply(status, flag, details, words)
    }
}
