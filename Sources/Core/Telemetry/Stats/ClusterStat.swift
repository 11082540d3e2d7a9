/// The counters and gauges of one cluster, with Envoy's names below `cluster.<name>.`.
///
/// Those that Envoy does not have say "(ours)" in their help. What every request and every cluster
/// writes stands first: the rest has cells from the first value on only.
public enum ClusterStat: Int, StatSet {
    // Connections
    case upstreamCxTotal
    case upstreamCxActive
    case upstreamCxHttp1Total
    case upstreamCxHttp2Total
    case upstreamCxDestroy
    case upstreamCxDestroyLocal
    case upstreamCxDestroyRemote
    case upstreamCxRxBytesTotal
    case upstreamCxTxBytesTotal
    // Requests
    case upstreamRqTotal
    case upstreamRqActive
    case upstreamRqPendingTotal
    case upstreamRqPendingActive
    // Responses
    case upstreamRqCompleted
    case upstreamRq1xx
    case upstreamRq2xx
    case upstreamRq3xx
    case upstreamRq4xx
    case upstreamRq5xx
    // Members
    case membershipChange
    case membershipHealthy
    case membershipTotal
    case maxHostWeight
    case originalDstHostInvalid
    // Connections that ended or never came to be
    case upstreamCxConnectFail
    case upstreamCxConnectTimeout
    case upstreamCxIdleTimeout
    case upstreamCxMaxDurationReached
    case upstreamCxMaxRequests
    case upstreamCxOverflow
    case upstreamCxDestroyWithActiveRq
    case upstreamCxDestroyLocalWithActiveRq
    case upstreamCxDestroyRemoteWithActiveRq
    case upstreamCxProtocolError
    case upstreamCxNoneHealthy
    case upstreamCxConnectAttemptsExceeded
    case upstreamCxPoolOverflow
    case upstreamCxCloseNotify
    case upstreamCxPreconnectSkipped
    case bindErrors
    // Requests that did not go straight
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
    case upstreamRqActiveOverflow
    case upstreamRqRetryBackoffRatelimited
    case upstreamRqMaxDurationReached
    case upstreamRqMaintenanceMode
    case upstreamInternalRedirectFailedTotal
    case upstreamInternalRedirectSucceededTotal
    case retryOrShadowAbandoned
    // Flow control
    case upstreamFlowControlPausedReadingTotal
    case upstreamFlowControlResumedReadingTotal
    case upstreamFlowControlBackedUpTotal
    case upstreamFlowControlDrainedTotal
    // Members
    case updateAttempt
    case updateSuccess
    case updateFailure
    case updateEmpty
    case updateNoRebuild
    case membershipDegraded
    case membershipExcluded
    // Health checks
    case healthCheckAttempt
    case healthCheckSuccess
    case healthCheckFailure
    case healthCheckPassiveFailure
    case healthCheckNetworkFailure
    case healthCheckVerifyCluster
    case healthCheckHealthy
    case healthCheckDegraded
    // Outlier detection
    case outlierDetectionEjectionsActive
    case outlierDetectionEjectionsTotal
    case outlierDetectionEjectionsEnforcedTotal
    case outlierDetectionEjectionsOverflow
    case outlierDetectionEjectionsConsecutive5xx
    case outlierDetectionEjectionsSuccessRate
    case outlierDetectionEjectionsEnforcedConsecutive5xx
    case outlierDetectionEjectionsDetectedConsecutive5xx
    case outlierDetectionEjectionsEnforcedConsecutiveGatewayFailure
    case outlierDetectionEjectionsDetectedConsecutiveGatewayFailure
    case outlierDetectionEjectionsEnforcedConsecutiveLocalOriginFailure
    case outlierDetectionEjectionsDetectedConsecutiveLocalOriginFailure
    case outlierDetectionEjectionsEnforcedSuccessRate
    case outlierDetectionEjectionsDetectedSuccessRate
    case outlierDetectionEjectionsEnforcedLocalOriginSuccessRate
    case outlierDetectionEjectionsDetectedLocalOriginSuccessRate
    case outlierDetectionEjectionsEnforcedFailurePercentage
    case outlierDetectionEjectionsDetectedFailurePercentage
    case outlierDetectionEjectionsEnforcedLocalOriginFailurePercentage
    case outlierDetectionEjectionsDetectedLocalOriginFailurePercentage
    // Load balancing
    case lbHealthyPanic
    case lbRecalculateZoneStructures
    case lbLocalClusterNotOk
    case lbZoneClusterTooSmall
    case lbZoneNoCapacityLeft
    case lbZoneRoutingAllDirectly
    case lbZoneRoutingSampled
    case lbZoneRoutingCrossZone
    case lbSubsetsActive
    case lbSubsetsCreated
    case lbSubsetsRemoved
    case lbSubsetsSelected
    case lbSubsetsFallback
    case lbSubsetsFallbackPanic
    case lbSubsetsSingleHostPerSubsetDuplicate
    case ringHashLbSize
    case ringHashLbMinHashesPerHost
    case ringHashLbMaxHashesPerHost
    case maglevLbMinEntriesPerHost
    case maglevLbMaxEntriesPerHost
    // Circuit breakers
    case circuitBreakersDefaultCxOpen
    case circuitBreakersDefaultRqPendingOpen
    case circuitBreakersDefaultRqOpen
    case circuitBreakersDefaultRqRetryOpen
    case circuitBreakersHighCxOpen
    case circuitBreakersHighRqPendingOpen
    case circuitBreakersHighRqOpen
    case circuitBreakersHighRqRetryOpen
    case circuitBreakersDefaultCxPoolOpen
    case circuitBreakersHighCxPoolOpen
    // Circuit breakers, where track_remaining is set
    case circuitBreakersDefaultRemainingCx
    case circuitBreakersDefaultRemainingCxPools
    case circuitBreakersDefaultRemainingPending
    case circuitBreakersDefaultRemainingRetries
    case circuitBreakersDefaultRemainingRq
    case circuitBreakersHighRemainingCx
    case circuitBreakersHighRemainingCxPools
    case circuitBreakersHighRemainingPending
    case circuitBreakersHighRemainingRetries
    case circuitBreakersHighRemainingRq

    /// The first so many have cells from the start; the gauges of `track_remaining` begin a page.
    @inlinable public static var directCount: Int { 34 }

    /// Its name, kind and meaning.
    public var description: StatDescription {
        trafficDescription ?? stateDescription ?? .counter("unnamed", "A mistake.")
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
    case upstreamRqPerCx
    // Where track_timeout_budgets is set
    case upstreamRqTimeoutBudgetPercentUsed
    case upstreamRqTimeoutBudgetPerTryPercentUsed
    // Where request_response_sizes is set
    case upstreamRqHeadersSize
    case upstreamRqHeadersCount
    case upstreamRqBodySize
    case upstreamRsHeadersSize
    case upstreamRsHeadersCount
    case upstreamRsBodySize

    /// The name below the scope's prefix.
    public var name: String {
        switch self {
        case .upstreamRqTime: "upstream_rq_time"
        case .upstreamCxConnectMs: "upstream_cx_connect_ms"
        case .upstreamCxLengthMs: "upstream_cx_length_ms"
        case .upstreamRqPerCx: "upstream_rq_per_cx"
        case .upstreamRqTimeoutBudgetPercentUsed: "upstream_rq_timeout_budget_percent_used"
        case .upstreamRqTimeoutBudgetPerTryPercentUsed:
            "upstream_rq_timeout_budget_per_try_percent_used"
        case .upstreamRqHeadersSize: "upstream_rq_headers_size"
        case .upstreamRqHeadersCount: "upstream_rq_headers_count"
        case .upstreamRqBodySize: "upstream_rq_body_size"
        case .upstreamRsHeadersSize: "upstream_rs_headers_size"
        case .upstreamRsHeadersCount: "upstream_rs_headers_count"
        case .upstreamRsBodySize: "upstream_rs_body_size"
        }
    }

    /// One sentence for `# HELP`.
    public var help: String {
        switch self {
        case .upstreamRqTime: "Milliseconds from the end of the request to the end of the response."
        case .upstreamCxConnectMs: "Milliseconds until a connection was established."
        case .upstreamCxLengthMs: "Milliseconds that a connection existed."
        case .upstreamRqPerCx: "Requests on a connection until it was closed."
        case .upstreamRqTimeoutBudgetPercentUsed:
            "Percent of the route's timeout that passed until the response."
        case .upstreamRqTimeoutBudgetPerTryPercentUsed:
            "Percent of a try's timeout that passed until the response."
        case .upstreamRqHeadersSize: "Bytes of a request's head."
        case .upstreamRqHeadersCount: "Header lines of a request."
        case .upstreamRqBodySize: "Bytes of a request's body."
        case .upstreamRsHeadersSize: "Bytes of a response's head."
        case .upstreamRsHeadersCount: "Header lines of a response."
        case .upstreamRsBodySize: "Bytes of a response's body."
        }
    }
}
