/// The counters of a part of a cluster's responses, with Envoy's names below
/// `cluster.<name>.<part>.`.
///
/// The parts are `internal` and `external`, `canary`, `zone.<from>.<to>`, and whatever
/// `x-envoy-upstream-alt-stat-name` says.
public enum ClusterPartStat: Int, StatSet {
    case upstreamRqCompleted
    case upstreamRq1xx
    case upstreamRq2xx
    case upstreamRq3xx
    case upstreamRq4xx
    case upstreamRq5xx

    /// Its name, kind and meaning.
    public var description: StatDescription {
        switch self {
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
        }
    }

    /// The scope's histograms.
    public typealias Histogram = ClusterPartHistogram
    /// How the scope's names are made.
    public static let scopeKind = ScopeKind(prefix: "cluster", label: "envoy_cluster_name")
    /// Where responses are counted.
    public static let responses: ResponseStats<Self>? = ResponseStats(
        completed: .upstreamRqCompleted,
        firstClass: .upstreamRq1xx,
        codeName: "upstream_rq"
    )
}

/// The histogram of a part of a cluster's responses.
public enum ClusterPartHistogram: Int, HistogramSet {
    case upstreamRqTime

    /// The name below the scope's prefix.
    public var name: String { "upstream_rq_time" }
    /// One sentence for `# HELP`.
    public var help: String {
        "Milliseconds from the end of the request to the end of the response."
    }
}
