/// The counters and gauges of one endpoint, as Envoy's `/clusters` prints them.
///
/// They are not part of the exposition of `/stats`: their number grows with the endpoints.
public enum EndpointStat: Int, StatSet {
    case cxActive
    case cxConnectFail
    case cxTotal
    case rqActive
    case rqError
    case rqSuccess
    case rqTimeout
    case rqTotal

    /// Its name, kind and meaning.
    public var description: StatDescription {
        switch self {
        case .cxActive:
            .gauge("cx_active", "Connections that exist now.")
        case .cxConnectFail:
            .counter("cx_connect_fail", "Connections that could not be established.")
        case .cxTotal:
            .counter("cx_total", "Connections opened.")
        case .rqActive:
            .gauge("rq_active", "Requests that wait for the end of their response.")
        case .rqError:
            .counter("rq_error", "Requests that ended without a response, or with a 5xx.")
        case .rqSuccess:
            .counter("rq_success", "Requests that ended with a response that is not a 5xx.")
        case .rqTimeout:
            .counter("rq_timeout", "Requests that were not answered in time.")
        case .rqTotal:
            .counter("rq_total", "Requests sent.")
        }
    }

    /// The scope's histograms.
    public typealias Histogram = NoHistogram
    /// How the scope's names are made.
    public static let scopeKind = ScopeKind(prefix: "endpoint", label: nil)
    /// Where responses are counted.
    public static let responses: ResponseStats<Self>? = nil
}
