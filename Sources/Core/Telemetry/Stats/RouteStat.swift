/// The counters of one virtual cluster, or of the routes with one `stat_prefix`, with Envoy's names
/// below `vhost.<virtual host>.vcluster.<name>.` and `vhost.<virtual host>.route.<stat_prefix>.`.
public enum RouteStat: Int, StatSet {
    case upstreamRqTotal
    case upstreamRqCompleted
    case upstreamRq1xx
    case upstreamRq2xx
    case upstreamRq3xx
    case upstreamRq4xx
    case upstreamRq5xx
    case upstreamRqRetry
    case upstreamRqRetryLimitExceeded
    case upstreamRqRetryOverflow
    case upstreamRqRetrySuccess
    case upstreamRqTimeout

    /// Its name, kind and meaning.
    public var description: StatDescription {
        switch self {
        case .upstreamRqTotal:
            .counter("upstream_rq_total", "Requests sent or queued, retries included.")
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
        case .upstreamRqRetry:
            .counter("upstream_rq_retry", "Retries sent.")
        case .upstreamRqRetryLimitExceeded:
            .counter(
                "upstream_rq_retry_limit_exceeded",
                "Requests that were not retried again at the limit of retries."
            )
        case .upstreamRqRetryOverflow:
            .counter(
                "upstream_rq_retry_overflow",
                "Retries refused by the circuit breaker of retries."
            )
        case .upstreamRqRetrySuccess:
            .counter("upstream_rq_retry_success", "Retries whose response was passed on.")
        case .upstreamRqTimeout:
            .counter(
                "upstream_rq_timeout",
                "Requests that were not answered in the timeout of the route."
            )
        }
    }

    /// The scope's histograms.
    public typealias Histogram = RouteHistogram
    /// How the scope's names are made.
    public static let scopeKind = ScopeKind(prefix: "vhost", label: "envoy_virtual_host")
    /// Where responses are counted.
    public static let responses: ResponseStats<Self>? = ResponseStats(
        completed: .upstreamRqCompleted,
        firstClass: .upstreamRq1xx,
        codeName: "upstream_rq"
    )
}

/// The histogram of a virtual cluster or a route.
public enum RouteHistogram: Int, HistogramSet {
    case upstreamRqTime

    /// The name below the scope's prefix.
    public var name: String { "upstream_rq_time" }
    /// One sentence for `# HELP`.
    public var help: String {
        "Milliseconds from the end of the request to the end of the response."
    }
}
