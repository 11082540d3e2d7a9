/// The counters and gauges of one HTTP connection manager, with Envoy's names below
/// `http.<stat_prefix>.`; the router's stand there too.
public enum HTTPStat: Int, StatSet {
    // Connections
    case downstreamCxTotal
    case downstreamCxActive
    case downstreamCxHttp1Total
    case downstreamCxHttp1Active
    case downstreamCxHttp2Total
    case downstreamCxHttp2Active
    case downstreamCxSslTotal
    case downstreamCxSslActive
    case downstreamCxDestroy
    case downstreamCxDestroyLocal
    case downstreamCxDestroyRemote
    case downstreamCxDestroyActiveRq
    case downstreamCxDestroyLocalActiveRq
    case downstreamCxDestroyRemoteActiveRq
    case downstreamCxDelayedCloseTimeout
    case downstreamCxDrainClose
    case downstreamCxIdleTimeout
    case downstreamCxMaxDurationReached
    case downstreamCxMaxRequestsReached
    case downstreamCxProtocolError
    case downstreamCxRxBytesTotal
    case downstreamCxTxBytesTotal
    case downstreamCxHttp1SoftDrain
    case downstreamCxUpgradesTotal
    case downstreamCxUpgradesActive
    // Requests
    case downstreamRqTotal
    case downstreamRqActive
    case downstreamRqHttp1Total
    case downstreamRqHttp2Total
    case downstreamRqCompleted
    case downstreamRq1xx
    case downstreamRq2xx
    case downstreamRq3xx
    case downstreamRq4xx
    case downstreamRq5xx
    case downstreamRqTimeout
    case downstreamRqHeaderTimeout
    case downstreamRqIdleTimeout
    case downstreamRqTooLarge
    case downstreamRqRxReset
    case downstreamRqTxReset
    case downstreamRqResponseBeforeRqComplete
    case downstreamRqWsOnNonWsRoute
    case downstreamRqFailedPathNormalization
    case downstreamRqRedirectedWithNormalizedPath
    case downstreamRqDrained
    case downstreamRqMaxDurationReached
    case downstreamRqRejectedViaIpDetection
    case downstreamRqNonRelativePath
    case rsTooLarge
    // Flow control
    case downstreamFlowControlPausedReadingTotal
    case downstreamFlowControlResumedReadingTotal
    // Router
    case rqTotal
    case noRoute
    case noCluster
    case rqRedirect
    case rqDirectResponse
    case rqRetrySkippedRequestNotComplete
    case rqResetAfterDownstreamResponseStarted
    case passthroughInternalRedirectBadLocation
    case passthroughInternalRedirectNoRoute
    case passthroughInternalRedirectPredicate
    case passthroughInternalRedirectTooManyRedirects
    case passthroughInternalRedirectUnsafeScheme

    /// Its name, kind and meaning.
    public var description: StatDescription {
        switch self {
        case .downstreamCxTotal:
            .counter("downstream_cx_total", "Connections accepted.")
        case .downstreamCxActive:
            .gauge("downstream_cx_active", "Connections that exist now.")
        case .downstreamCxHttp1Total:
            .counter("downstream_cx_http1_total", "HTTP/1 connections accepted.")
        case .downstreamCxHttp1Active:
            .gauge("downstream_cx_http1_active", "HTTP/1 connections that exist now.")
        case .downstreamCxHttp2Total:
            .counter("downstream_cx_http2_total", "HTTP/2 connections accepted.")
        case .downstreamCxHttp2Active:
            .gauge("downstream_cx_http2_active", "HTTP/2 connections that exist now.")
        case .downstreamCxSslTotal:
            .counter("downstream_cx_ssl_total", "TLS connections accepted.")
        case .downstreamCxSslActive:
            .gauge("downstream_cx_ssl_active", "TLS connections that exist now.")
        case .downstreamCxDestroy:
            .counter("downstream_cx_destroy", "Connections closed.")
        case .downstreamCxDestroyLocal:
            .counter("downstream_cx_destroy_local", "Connections closed by this side.")
        case .downstreamCxDestroyRemote:
            .counter("downstream_cx_destroy_remote", "Connections closed by the client.")
        case .downstreamCxDestroyActiveRq:
            .counter(
                "downstream_cx_destroy_active_rq",
                "Connections closed while a request was on them."
            )
        case .downstreamCxDestroyLocalActiveRq:
            .counter(
                "downstream_cx_destroy_local_active_rq",
                "Connections closed by this side while a request was on them."
            )
        case .downstreamCxDestroyRemoteActiveRq:
            .counter(
                "downstream_cx_destroy_remote_active_rq",
                "Connections closed by the client while a request was on them."
            )
        case .downstreamCxDelayedCloseTimeout:
            .counter(
                "downstream_cx_delayed_close_timeout",
                "Connections whose client did not close in delayed_close_timeout."
            )
        case .downstreamCxDrainClose:
            .counter("downstream_cx_drain_close", "Connections closed because the proxy drains.")
        case .downstreamCxIdleTimeout:
            .counter(
                "downstream_cx_idle_timeout",
                "Connections closed after being idle for idle_timeout."
            )
        case .downstreamCxMaxDurationReached:
            .counter(
                "downstream_cx_max_duration_reached",
                "Connections closed at max_connection_duration."
            )
        case .downstreamCxMaxRequestsReached:
            .counter(
                "downstream_cx_max_requests_reached",
                "Connections closed at max_requests_per_connection."
            )
        case .downstreamCxProtocolError:
            .counter(
                "downstream_cx_protocol_error",
                "Connections closed because a request was malformed."
            )
        case .downstreamCxRxBytesTotal:
            .counter("downstream_cx_rx_bytes_total", "Bytes received from clients.")
        case .downstreamCxTxBytesTotal:
            .counter("downstream_cx_tx_bytes_total", "Bytes sent to clients.")
        case .downstreamCxHttp1SoftDrain:
            .counter(
                "downstream_cx_http1_soft_drain",
                "HTTP/1 connections whose client was told to close before the maximum duration."
            )
        case .downstreamCxUpgradesTotal:
            .counter(
                "downstream_cx_upgrades_total",
                "Connections that were upgraded."
            )
        case .downstreamCxUpgradesActive:
            .gauge(
                "downstream_cx_upgrades_active",
                "Upgraded connections that exist now."
            )
        case .downstreamRqTotal:
            .counter("downstream_rq_total", "Requests received.")
        case .downstreamRqActive:
            .gauge("downstream_rq_active", "Requests that are not yet answered whole.")
        case .downstreamRqHttp1Total:
            .counter("downstream_rq_http1_total", "HTTP/1 requests received.")
        case .downstreamRqHttp2Total:
            .counter("downstream_rq_http2_total", "HTTP/2 requests received.")
        case .downstreamRqCompleted:
            .counter("downstream_rq_completed", "Requests answered.")
        case .downstreamRq1xx:
            .responseClass(1, of: "downstream_rq", "Responses by class of status.")
        case .downstreamRq2xx:
            .responseClass(2, of: "downstream_rq", "Responses by class of status.")
        case .downstreamRq3xx:
            .responseClass(3, of: "downstream_rq", "Responses by class of status.")
        case .downstreamRq4xx:
            .responseClass(4, of: "downstream_rq", "Responses by class of status.")
        case .downstreamRq5xx:
            .responseClass(5, of: "downstream_rq", "Responses by class of status.")
        case .downstreamRqTimeout:
            .counter(
                "downstream_rq_timeout",
                "Requests that did not arrive whole in request_timeout."
            )
        case .downstreamRqHeaderTimeout:
            .counter(
                "downstream_rq_header_timeout",
                "Requests whose head did not arrive in request_headers_timeout."
            )
        case .downstreamRqIdleTimeout:
            .counter(
                "downstream_rq_idle_timeout",
                "Requests that stood still for stream_idle_timeout."
            )
        case .downstreamRqTooLarge:
            .counter(
                "downstream_rq_too_large",
                "Requests refused because their body is larger than the buffer."
            )
        case .downstreamRqRxReset:
            .counter("downstream_rq_rx_reset", "Requests given up by the client.")
        case .downstreamRqTxReset:
            .counter("downstream_rq_tx_reset", "Requests reset by this side.")
        case .downstreamRqResponseBeforeRqComplete:
            .counter(
                "downstream_rq_response_before_rq_complete",
                "Responses that were sent before the request had arrived whole."
            )
        case .downstreamRqWsOnNonWsRoute:
            .counter(
                "downstream_rq_ws_on_non_ws_route",
                "Upgrades refused because the route does not allow them."
            )
        case .downstreamRqFailedPathNormalization:
            .counter(
                "downstream_rq_failed_path_normalization",
                "Requests refused because their path could not be normalized."
            )
        case .downstreamRqRedirectedWithNormalizedPath:
            .counter(
                "downstream_rq_redirected_with_normalized_path",
                "Requests redirected to their normalized path."
            )
        case .downstreamRqDrained:
            .counter("downstream_rq_drained", "Requests cut at the deadline of draining (ours).")
        case .downstreamRqMaxDurationReached:
            .counter(
                "downstream_rq_max_duration_reached",
                "Requests cut at max_stream_duration."
            )
        case .downstreamRqRejectedViaIpDetection:
            .counter(
                "downstream_rq_rejected_via_ip_detection",
                "Requests refused because the address of their client could not be told."
            )
        case .downstreamRqNonRelativePath:
            .counter(
                "downstream_rq_non_relative_path",
                "Requests with a path that is not absolute."
            )
        case .rsTooLarge:
            .counter(
                "rs_too_large",
                "Responses refused because they are larger than the buffer."
            )
        case .downstreamFlowControlPausedReadingTotal:
            .counter(
                "downstream_flow_control_paused_reading_total",
                "Times that reading from a client paused because the endpoint was slow."
            )
        case .downstreamFlowControlResumedReadingTotal:
            .counter(
                "downstream_flow_control_resumed_reading_total",
                "Times that reading from a client resumed."
            )
        case .rqTotal:
            .counter("rq_total", "Requests routed.")
        case .noRoute:
            .counter("no_route", "Requests that no route matched.")
        case .noCluster:
            .counter("no_cluster", "Requests whose cluster does not exist.")
        case .rqRedirect:
            .counter("rq_redirect", "Requests answered with a redirect.")
        case .rqDirectResponse:
            .counter("rq_direct_response", "Requests answered by the route itself.")
        case .rqRetrySkippedRequestNotComplete:
            .counter(
                "rq_retry_skipped_request_not_complete",
                "Retries not made because the request had not arrived whole."
            )
        case .rqResetAfterDownstreamResponseStarted:
            .counter(
                "rq_reset_after_downstream_response_started",
                "Responses cut after their head had been sent."
            )
        case .passthroughInternalRedirectBadLocation:
            .counter(
                "passthrough_internal_redirect_bad_location",
                "Redirects passed on because the location is malformed."
            )
        case .passthroughInternalRedirectNoRoute:
            .counter(
                "passthrough_internal_redirect_no_route",
                "Redirects passed on because no route takes the location."
            )
        case .passthroughInternalRedirectPredicate:
            .counter(
                "passthrough_internal_redirect_predicate",
                "Redirects passed on because a predicate refused the route."
            )
        case .passthroughInternalRedirectTooManyRedirects:
            .counter(
                "passthrough_internal_redirect_too_many_redirects",
                "Redirects passed on because as many as allowed were followed."
            )
        case .passthroughInternalRedirectUnsafeScheme:
            .counter(
                "passthrough_internal_redirect_unsafe_scheme",
                "Redirects passed on because the scheme would change."
            )
        }
    }

    /// The scope's histograms.
    public typealias Histogram = HTTPHistogram
    /// How the scope's names are made.
    public static let scopeKind = ScopeKind(
        prefix: "http",
        label: "envoy_http_conn_manager_prefix"
    )
    /// Where responses are counted.
    public static let responses: ResponseStats<Self>? = ResponseStats(
        completed: .downstreamRqCompleted,
        firstClass: .downstreamRq1xx,
        codeName: nil
    )
}

/// The histograms of one HTTP connection manager.
public enum HTTPHistogram: Int, HistogramSet {
    case downstreamRqTime
    case downstreamCxLengthMs

    /// The name below the scope's prefix.
    public var name: String {
        switch self {
        case .downstreamRqTime: "downstream_rq_time"
        case .downstreamCxLengthMs: "downstream_cx_length_ms"
        }
    }

    /// One sentence for `# HELP`.
    public var help: String {
        switch self {
        case .downstreamRqTime:
            "Milliseconds from the first byte of the request to the end of the response."
        case .downstreamCxLengthMs: "Milliseconds that a connection existed."
        }
    }
}
