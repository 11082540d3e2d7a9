import Identity
import Model
import Policy
import Synchronization
import Telemetry
import Wire

/// Attempts that end without a response.
extension Exchange {
    func connectFailed(_ failure: ConnectFailure) {
        let reason = failure.reason
        transportFailure =
            failure.tls?.envoyText
            ?? (reason == .connectTimeout
                ? "" : "delayed connect error: \(SystemCallError.text(failure.code))")
        report(.connectFailure)
        endpoint?.shared.requestsFailed.add(1, ordering: .relaxed)
        let words =
            failure.tls.map { "TLS handshake failed: \($0.explanation)" }
            ?? (reason == .connectTimeout
                ? "connection timeout" : SystemCallError.text(failure.code))
        fail(
            reason,
            503,
            .upstreamConnectionFailure,
            reason == .connectTimeout
                ? "upstream_reset_before_response_started{connection_timeout}"
                : "upstream_reset_before_response_started{remote_connection_failure}",
            "upstream connect error: endpoint \(endpoint?.text ?? "-") of cluster \(cluster?.configuration.name ?? "-"): \(words)"
        )
    }

    func overflowed(_ resource: ResourceLimits.Resource) {
        guard let cluster else { return }
        cluster.stats.increment(
            resource == .requests ? .upstreamRqActiveOverflow : .upstreamRqPendingOverflow
        )
        let limit = cluster.limits(priority).limit(of: resource)
        let what =
            switch resource {
            case .connections: "max_connections"
            case .pendingRequests: "max_pending_requests"
            case .requests: "max_requests"
            case .retries: "max_retries"
            }
        isOverloaded = true
        fail(
            .overflow,
            503,
            .upstreamOverflow,
            "upstream_reset_before_response_started{overflow}",
            "upstream overflow: the circuit breaker of cluster \(cluster.configuration.name) allows \(what) \(limit)"
        )
    }

    /// The cluster drops a share of its requests, or all of them, on purpose.
    func dropped(by cluster: ClusterState) {
        let isTotal = cluster.configuration.balancing.dropOverloads.contains {
            $0.perMillion >= 1_000_000
        }
        let name = cluster.configuration.name
        attemptCount -= 1
        dropsUnconditionally = isTotal
        reply(
            503,
            isTotal ? .unconditionalDropOverload : .dropOverload,
            isTotal ? "unconditional_drop_overload" : "drop_overload",
            "drop overload: cluster \(name) drops \(isTotal ? "all" : "a share") of its requests (drop_overloads)"
        )
    }

    /// The connection broke under the exchange, or the endpoint gave up this request alone.
    func upstreamFailed(
        _ reason: ResetReason,
        wasStale: Bool = false,
        isUnprocessed: Bool = false,
        refusesConnect: Bool = false,
        explanation: StaticString? = nil
    ) {
        releaseAttempt()
        upstream = nil
        heldFraming = nil
        endpoint?.shared.requestsFailed.add(1, ordering: .relaxed)
        if !wasStale { report(.reset) }
        if wasStale && request.method.isIdempotent || isUnprocessed, role == .primary,
            !hasRetriedStale, !hasResponseStarted,
            requestFraming == .none || keepsBody
                || bodySentCount == 0 && body.isEmpty
                    && bodyBytesReceived == 0,
            !isUnprocessed || !isRetriedByPolicy(reason)
        {
            // The endpoint closed an idle connection just as it was used again. The request may be
            // sent twice (RFC 9110 section 9.2.2), so it goes to a connection that is fresh. One
            // that the endpoint did not look at may be sent again in any case (RFC 9113 section 8.7).
            hasRetriedStale = true
            cluster?.stats.increment(.upstreamRqStaleConnectionRetry)
            attempt(fresh: wasStale)
            return
        }
        let name = cluster?.configuration.name ?? "-"
        let at = endpoint?.text ?? "-"
        switch reason {
        case .protocolError:
            fail(
                reason,
                502,
                .upstreamProtocolError,
                "upstream_reset_before_response_started{protocol_error}",
                "endpoint \(at) of cluster \(name) sent a malformed response: \(explanation.map { "\($0)" } ?? "")"
            )
        case .refusedStream:
            fail(
                reason,
                503,
                .upstreamRemoteReset,
                "upstream_reset_before_response_started{remote_refused_stream_reset}",
                "upstream refused the stream: endpoint \(at) of cluster \(name) did not take the request"
            )
        case .remoteReset:
            fail(
                reason,
                503,
                .upstreamRemoteReset,
                refusesConnect
                    ? "upstream_reset_before_response_started{remote_error_with_CONNECT_request}"
                    : "upstream_reset_before_response_started{remote_reset}",
                "upstream reset before response: endpoint \(at) of cluster \(name) reset the stream"
            )
        default:
            fail(
                reason,
                503,
                .upstreamConnectionTermination,
                "upstream_reset_before_response_started{connection_termination}",
                "upstream closed before response: endpoint \(at) of cluster \(name) \(explanation.map { "\($0)" } ?? "closed the connection")"
            )
        }
    }

    /// The route's own policy would make another attempt, and counts it.
    private func isRetriedByPolicy(_ reason: ResetReason) -> Bool {
        guard let retry else { return false }
        let verdict = retry.decide(
            onReset: reason,
            responseStarted: hasResponseStarted,
            requestStarted: attemptStartedAt != 0
        )
        if case .yes = verdict { return true }
        return false
    }

    /// An attempt is over without a response: another one, or a reply.
    func fail(
        _ reason: ResetReason,
        _ status: UInt16,
        _ flag: ResponseFlags,
        _ details: StaticString,
        _ words: @autoclosure () -> String
    ) {
        if stage == .waiting { pool?.stopWaiting(self, priority: priority) }
        if role != .primary {
            secondaryFailed(reason, status, flag, details, words())
            return
        }
        if hasResponseStarted {
            flags.insert(flag)
            self.details =
                switch reason {
                case .perTryTimeout: details
                case .protocolError: "upstream_reset_after_response_started{protocol_error}"
                case .remoteReset: "upstream_reset_after_response_started{remote_reset}"
                case .refusedStream:
                    "upstream_reset_after_response_started{remote_refused_stream_reset}"
                default: "upstream_reset_after_response_started{connection_termination}"
                }
            chain?.stats.increment(.downstreamRqTxReset)
            if isTunnel, !isRequestComplete { countUnfinishedTunnel() }
            finish()
            downstream?.abortResponse(reason == .perTryTimeout ? .local : .upstreamReset)
            return
        }
        if let retry, let cluster {
            let verdict = retry.decide(
                onReset: reason,
                responseStarted: false,
                requestStarted: attemptStartedAt != 0
            )
            switch verdict {
            case .yes:
                if extras?.hedges.isEmpty == false, leavesToHedges() { return }
                if retryLater(cluster, isTimeout: reason == .perTryTimeout) { return }
            case .limitExceeded:
                cluster.stats.increment(.upstreamRqRetryLimitExceeded)
                virtualCluster?.increment(.upstreamRqRetryLimitExceeded)
                flags.insert(.upstreamRetryLimitExceeded)
            case .no: break
            }
        }
        if extras?.hedges.isEmpty == false, leavesToHedges() { return }
        countUpstream(status: status)
        reply(status, flag, details, words())
    }
}
