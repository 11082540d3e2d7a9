extension ClusterStat {
    /// What is said about connections, requests, responses and members; nil for all else.
    var trafficDescription: StatDescription? {
        switch self {
        case .upstreamCxTotal:
            .counter(
                "upstream_cx_total",
                "Connections opened to the cluster, whether they succeeded or not."
            )
        case .upstreamCxActive:
            .gauge("upstream_cx_active", "Connections that exist now.")
        case .upstreamCxHttp1Total:
            .counter("upstream_cx_http1_total", "HTTP/1.1 connections opened.")
        case .upstreamCxHttp2Total:
            .counter("upstream_cx_http2_total", "HTTP/2 connections opened.")
        case .upstreamCxDestroy:
            .counter("upstream_cx_destroy", "Connections closed.")
        case .upstreamCxDestroyLocal:
            .counter("upstream_cx_destroy_local", "Connections closed by this side.")
        case .upstreamCxDestroyRemote:
            .counter("upstream_cx_destroy_remote", "Connections closed by the endpoint.")
        case .upstreamCxRxBytesTotal:
            .counter("upstream_cx_rx_bytes_total", "Bytes received from the endpoints.")
        case .upstreamCxTxBytesTotal:
            .counter("upstream_cx_tx_bytes_total", "Bytes sent to the endpoints.")
        case .upstreamRqTotal:
            .counter("upstream_rq_total", "Requests sent or queued, retries included.")
        case .upstreamRqActive:
            .gauge("upstream_rq_active", "Requests that wait for the end of their response.")
        case .upstreamRqPendingTotal:
            .counter("upstream_rq_pending_total", "Requests that waited for a connection.")
        case .upstreamRqPendingActive:
            .gauge("upstream_rq_pending_active", "Requests that wait for a connection now.")
        case .upstreamRqCompleted:
            .counter("upstream_rq_completed", "Responses received or made for a failed request.")
        case .upstreamRq1xx:
            .responseClass(1, of: "upstream_rq", "Responses by class of status.")
        case .upstreamRq2xx:
            .responseClass(2, of: "upstream_rq", "Responses by class of status.")
        case .upstreamRq3xx:
            .responseClass(3, of: "upstream_rq", "Responses by class of status.")
        case .upstreamRq4xx:
            .responseClass(4, of: "upstream_rq", "Responses by class of status.")
        case .upstreamRq5xx:
            .responseClass(5, of: "upstream_rq", "Responses by class of status.")
        case .membershipChange:
            .counter("membership_change", "Changes of the set of endpoints.", merge: .maximum)
        case .membershipHealthy:
            .gauge("membership_healthy", "Endpoints that are healthy.", merge: .maximum)
        case .membershipTotal:
            .gauge("membership_total", "Endpoints.", merge: .maximum)
        case .maxHostWeight:
            .gauge(
                "max_host_weight",
                "The largest weight of an endpoint.",
                merge: .maximum
            )
        case .originalDstHostInvalid:
            .counter(
                "original_dst_host_invalid",
                "Connections whose original destination is unknown or cannot be used."
            )
        case .upstreamCxConnectFail:
            .counter("upstream_cx_connect_fail", "Connections that could not be established.")
        case .upstreamCxConnectTimeout:
            .counter(
                "upstream_cx_connect_timeout",
                "Connections that were not established in connect_timeout."
            )
        case .upstreamCxIdleTimeout:
            .counter(
                "upstream_cx_idle_timeout",
                "Connections closed after being idle for idle_timeout."
            )
        case .upstreamCxMaxDurationReached:
            .counter(
                "upstream_cx_max_duration_reached",
                "Connections closed at max_connection_duration."
            )
        case .upstreamCxMaxRequests:
            .counter(
                "upstream_cx_max_requests",
                "Connections closed at max_requests_per_connection."
            )
        case .upstreamCxOverflow:
            .counter(
                "upstream_cx_overflow",
                "Connections refused by the circuit breaker of connections."
            )
        case .upstreamCxDestroyWithActiveRq:
            .counter(
                "upstream_cx_destroy_with_active_rq",
                "Connections closed while a request was on them."
            )
        case .upstreamCxDestroyLocalWithActiveRq:
            .counter(
                "upstream_cx_destroy_local_with_active_rq",
                "Connections closed by this side while a request was on them."
            )
        case .upstreamCxDestroyRemoteWithActiveRq:
            .counter(
                "upstream_cx_destroy_remote_with_active_rq",
                "Connections closed by the endpoint while a request was on them."
            )
        case .upstreamCxProtocolError:
            .counter(
                "upstream_cx_protocol_error",
                "Connections closed because the response was malformed."
            )
        case .upstreamCxNoneHealthy:
            .counter("upstream_cx_none_healthy", "Requests that found no healthy endpoint.")
        case .upstreamCxConnectAttemptsExceeded:
            .counter(
                "upstream_cx_connect_attempts_exceeded",
                "Times that one connection after another failed, as often as is allowed."
            )
        case .upstreamCxPoolOverflow:
            .counter(
                "upstream_cx_pool_overflow",
                "Times that the circuit breaker of connection pools was open."
            )
        case .upstreamCxCloseNotify:
            .counter(
                "upstream_cx_close_notify",
                "Connections closed because the endpoint said so (connection: close)."
            )
        case .upstreamCxPreconnectSkipped:
            .counter(
                "upstream_cx_preconnect_skipped",
                "Connections not made ahead because no endpoint was fit for it."
            )
        case .bindErrors:
            .counter(
                "bind_errors",
                "Connections whose source address could not be bound."
            )
        case .upstreamRqPendingOverflow:
            .counter(
                "upstream_rq_pending_overflow",
                "Requests refused by the circuit breakers of requests."
            )
        case .upstreamRqPendingFailureEject:
            .counter(
                "upstream_rq_pending_failure_eject",
                "Requests that failed because their connection could not be made."
            )
        case .upstreamRqCancelled:
            .counter(
                "upstream_rq_cancelled",
                "Requests given up while they waited for a connection."
            )
        case .upstreamRqTimeout:
            .counter(
                "upstream_rq_timeout",
                "Requests that were not answered in the timeout of the route."
            )
        case .upstreamRqPerTryTimeout:
            .counter(
                "upstream_rq_per_try_timeout",
                "Tries that were not answered in the timeout of a try."
            )
        case .upstreamRqPerTryIdleTimeout:
            .counter(
                "upstream_rq_per_try_idle_timeout",
                "Tries that stood still for the idle timeout of a try."
            )
        case .upstreamRqRxReset:
            .counter("upstream_rq_rx_reset", "Requests reset by the endpoint.")
        case .upstreamRqTxReset:
            .counter("upstream_rq_tx_reset", "Requests reset by this side.")
        case .upstreamRqRetry:
            .counter("upstream_rq_retry", "Retries sent.")
        case .upstreamRqRetrySuccess:
            .counter("upstream_rq_retry_success", "Retries whose response was passed on.")
        case .upstreamRqRetryOverflow:
            .counter(
                "upstream_rq_retry_overflow",
                "Retries refused by the circuit breaker of retries."
            )
        case .upstreamRqRetryLimitExceeded:
            .counter(
                "upstream_rq_retry_limit_exceeded",
                "Requests that were not retried again at the limit of retries."
            )
        case .upstreamRqRetryBackoffExponential:
            .counter(
                "upstream_rq_retry_backoff_exponential",
                "Retries after an exponential back-off."
            )
        case .upstreamRqStaleConnectionRetry:
            .counter(
                "upstream_rq_stale_connection_retry",
                "Requests sent again because a reused connection was closed under them (ours)."
            )
        case .upstreamRqActiveOverflow:
            .counter(
                "upstream_rq_active_overflow",
                "Requests refused by the circuit breaker of requests when a connection was ready."
            )
        case .upstreamRqRetryBackoffRatelimited:
            .counter(
                "upstream_rq_retry_backoff_ratelimited",
                "Retries after the time that the endpoint asked for."
            )
        case .upstreamRqMaxDurationReached:
            .counter(
                "upstream_rq_max_duration_reached",
                "Requests cut at the maximum duration."
            )
        case .upstreamRqMaintenanceMode:
            .counter(
                "upstream_rq_maintenance_mode",
                "Requests refused because the cluster is in maintenance."
            )
        case .upstreamInternalRedirectFailedTotal:
            .counter(
                "upstream_internal_redirect_failed_total",
                "Redirects that were to be followed here and were passed on."
            )
        case .upstreamInternalRedirectSucceededTotal:
            .counter(
                "upstream_internal_redirect_succeeded_total",
                "Redirects that were followed here."
            )
        case .retryOrShadowAbandoned:
            .counter(
                "retry_or_shadow_abandoned",
                "Requests whose copy for retries or mirrors was given up: it is larger than the buffer."
            )
        case .upstreamFlowControlPausedReadingTotal:
            .counter(
                "upstream_flow_control_paused_reading_total",
                "Times that reading from an endpoint paused because the client was slow."
            )
        case .upstreamFlowControlResumedReadingTotal:
            .counter(
                "upstream_flow_control_resumed_reading_total",
                "Times that reading from an endpoint resumed."
            )
        case .upstreamFlowControlBackedUpTotal:
            .counter(
                "upstream_flow_control_backed_up_total",
                "Times that an endpoint was slow and reading from the client paused."
            )
        case .upstreamFlowControlDrainedTotal:
            .counter(
                "upstream_flow_control_drained_total",
                "Times that an endpoint caught up and reading from the client resumed."
            )
        case .updateAttempt:
            .counter("update_attempt", "Attempts to update the set of endpoints.")
        case .updateSuccess:
            .counter("update_success", "Updates of the set of endpoints that succeeded.")
        case .updateFailure:
            .counter("update_failure", "Updates of the set of endpoints that failed.")
        case .updateEmpty:
            .counter("update_empty", "Updates that ended with an empty set; the last one is kept.")
        case .updateNoRebuild:
            .counter("update_no_rebuild", "Updates that changed nothing.")
        case .membershipDegraded:
            .gauge(
                "membership_degraded",
                "Endpoints that are degraded.",
                merge: .maximum
            )
        case .membershipExcluded:
            .gauge(
                "membership_excluded",
                "Endpoints that are left out of load balancing and of the panic threshold.",
                merge: .maximum
            )
        default: nil
        }
    }
}
