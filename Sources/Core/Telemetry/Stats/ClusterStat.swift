/// The counters and gauges of one cluster, with Envoy's names below `cluster.<name>.`.
///
/// Those that Envoy does not have say "(ours)" in their help.
public enum ClusterStat: Int, StatSet {
    // Connections
    case upstreamCxTotal
    case upstreamCxActive
    case upstreamCxHttp1Total
    case upstreamCxConnectFail
    case upstreamCxConnectTimeout
    case upstreamCxIdleTimeout
    case upstreamCxMaxDurationReached
    case upstreamCxMaxRequests
    case upstreamCxOverflow
    case upstreamCxDestroy
    case upstreamCxDestroyLocal
    case upstreamCxDestroyRemote
    case upstreamCxDestroyWithActiveRq
    case upstreamCxDestroyLocalWithActiveRq
    case upstreamCxDestroyRemoteWithActiveRq
    case upstreamCxProtocolError
    case upstreamCxNoneHealthy
    case upstreamCxRxBytesTotal
    case upstreamCxTxBytesTotal
    // Requests
    case upstreamRqTotal
    case upstreamRqActive
    case upstreamRqPendingTotal
    case upstreamRqPendingActive
    case upstreamRqPendingOverflow
    case upstreamRqPendingFailureEject
    case upstreamRqCancelled
    case upstreamRqTimeout
    case upstreamRqPerTryTimeout
    case upstreamRqPerTryIdleTimeout
    case upstreamRqRxReset
    case upstreamRqTxReset
    case upstreamRqRetry
    case upstreamRqRetrySuccess
    case upstreamRqRetryOverflow
    case upstreamRqRetryLimitExceeded
    case upstreamRqRetryBackoffExponential
    case upstreamRqStaleConnectionRetry
    // Responses
    case upstreamRqCompleted
    case upstreamRq1xx
    case upstreamRq2xx
    case upstreamRq3xx
    case upstreamRq4xx
    case upstreamRq5xx
    // Flow control
    case upstreamFlowControlPausedReadingTotal
    case upstreamFlowControlResumedReadingTotal
    // Members
    case membershipChange
    case membershipHealthy
    case membershipTotal
    case updateAttempt
    case updateSuccess
    case updateFailure
    case updateEmpty
    case updateNoRebuild
    // Circuit breakers
    case circuitBreakersDefaultCxOpen
    case circuitBreakersDefaultRqPendingOpen
    case circuitBreakersDefaultRqOpen
    case circuitBreakersDefaultRqRetryOpen
    case circuitBreakersHighCxOpen
    case circuitBreakersHighRqPendingOpen
    case circuitBreakersHighRqOpen
    case circuitBreakersHighRqRetryOpen

    /// Its name, kind and meaning.
    public var description: StatDescription {
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
        case .upstreamCxDestroy:
            .counter("upstream_cx_destroy", "Connections closed.")
        case .upstreamCxDestroyLocal:
            .counter("upstream_cx_destroy_local", "Connections closed by this side.")
        case .upstreamCxDestroyRemote:
            .counter("upstream_cx_destroy_remote", "Connections closed by the endpoint.")
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
        case .membershipChange:
            .counter("membership_change", "Changes of the set of endpoints.", merge: .maximum)
        case .membershipHealthy:
            .gauge("membership_healthy", "Endpoints that are healthy.", merge: .maximum)
        case .membershipTotal:
            .gauge("membership_total", "Endpoints.", merge: .maximum)
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
        case .circuitBreakersDefaultCxOpen:
            .gauge(
                "circuit_breakers.default.cx_open",
                "1 while the default breaker of connections is open, else 0.",
                merge: .maximum
            )
        case .circuitBreakersDefaultRqPendingOpen:
            .gauge(
                "circuit_breakers.default.rq_pending_open",
                "1 while the default breaker of pending requests is open, else 0.",
                merge: .maximum
            )
        case .circuitBreakersDefaultRqOpen:
            .gauge(
                "circuit_breakers.default.rq_open",
                "1 while the default breaker of requests is open, else 0.",
                merge: .maximum
            )
        case .circuitBreakersDefaultRqRetryOpen:
            .gauge(
                "circuit_breakers.default.rq_retry_open",
                "1 while the default breaker of retries is open, else 0.",
                merge: .maximum
            )
        case .circuitBreakersHighCxOpen:
            .gauge(
                "circuit_breakers.high.cx_open",
                "1 while the high breaker of connections is open, else 0.",
                merge: .maximum
            )
        case .circuitBreakersHighRqPendingOpen:
            .gauge(
                "circuit_breakers.high.rq_pending_open",
                "1 while the high breaker of pending requests is open, else 0.",
                merge: .maximum
            )
        case .circuitBreakersHighRqOpen:
            .gauge(
                "circuit_breakers.high.rq_open",
                "1 while the high breaker of requests is open, else 0.",
                merge: .maximum
            )
        case .circuitBreakersHighRqRetryOpen:
            .gauge(
                "circuit_breakers.high.rq_retry_open",
                "1 while the high breaker of retries is open, else 0.",
                merge: .maximum
            )
        }
    }

    /// The scope's histograms.
    public typealias Histogram = ClusterHistogram
    /// How the scope's names are made.
    public static let scopeKind = ScopeKind(prefix: "cluster", label: "envoy_cluster_name")
    /// Where responses are counted.
    public static let responses: ResponseStats<Self>? = ResponseStats(
        completed: .upstreamRqCompleted,
        firstClass: .upstreamRq1xx,
        codeName: "upstream_rq"
    )
}

/// The histograms of one cluster.
public enum ClusterHistogram: Int, HistogramSet {
    case upstreamRqTime
    case upstreamCxConnectMs
    case upstreamCxLengthMs

    /// The name below the scope's prefix.
    public var name: String {
        switch self {
        case .upstreamRqTime: "upstream_rq_time"
        case .upstreamCxConnectMs: "upstream_cx_connect_ms"
        case .upstreamCxLengthMs: "upstream_cx_length_ms"
        }
    }

    /// One sentence for `# HELP`.
    public var help: String {
        switch self {
        case .upstreamRqTime: "Milliseconds from the end of the request to the end of the response."
        case .upstreamCxConnectMs: "Milliseconds until a connection was established."
        case .upstreamCxLengthMs: "Milliseconds that a connection existed."
        }
    }
}
