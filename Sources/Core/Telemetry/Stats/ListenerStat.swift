/// The counters and gauges of one listener, with Envoy's names below `listener.<address>.`.
public enum ListenerStat: Int, StatSet {
    case downstreamCxTotal
    case downstreamCxActive
    case downstreamCxDestroy
    case downstreamCxOverflow
    case downstreamGlobalCxOverflow
    case downstreamPreCxActive
    case downstreamPreCxTimeout
    case downstreamListenerFilterError
    case downstreamListenerFilterRemoteClose
    case downstreamCxTransportSocketConnectTimeout
    case noFilterChainMatch

    /// Its name, kind and meaning.
    public var description: StatDescription {
        switch self {
        case .downstreamCxTotal:
            .counter("downstream_cx_total", "Connections accepted.")
        case .downstreamCxActive:
            .gauge("downstream_cx_active", "Connections that exist now.")
        case .downstreamCxDestroy:
            .counter("downstream_cx_destroy", "Connections closed.")
        case .downstreamCxOverflow:
            .counter(
                "downstream_cx_overflow",
                "Connections refused because the listener has its maximum."
            )
        case .downstreamGlobalCxOverflow:
            .counter(
                "downstream_global_cx_overflow",
                "Connections refused because the process has its maximum."
            )
        case .downstreamPreCxActive:
            .gauge(
                "downstream_pre_cx_active",
                "Connections whose filter chain is not chosen yet."
            )
        case .downstreamPreCxTimeout:
            .counter(
                "downstream_pre_cx_timeout",
                "Connections that did not say enough in listener_filters_timeout."
            )
        case .downstreamListenerFilterError:
            .counter(
                "downstream_listener_filter_error",
                "Connections that could not be read before their filter chain was chosen."
            )
        case .downstreamListenerFilterRemoteClose:
            .counter(
                "downstream_listener_filter_remote_close",
                "Connections closed by the client before their filter chain was chosen."
            )
        case .downstreamCxTransportSocketConnectTimeout:
            .counter(
                "downstream_cx_transport_socket_connect_timeout",
                "Connections whose handshake took longer than transport_socket_connect_timeout."
            )
        case .noFilterChainMatch:
            .counter("no_filter_chain_match", "Connections closed because no filter chain matches.")
        }
    }

    /// The scope's histograms.
    public typealias Histogram = ListenerHistogram
    /// How the scope's names are made.
    public static let scopeKind = ScopeKind(prefix: "listener", label: "envoy_listener_address")
    /// Where responses are counted.
    public static let responses: ResponseStats<Self>? = nil
}

/// The histograms of one listener.
public enum ListenerHistogram: Int, HistogramSet {
    case downstreamCxLengthMs

    /// The name below the scope's prefix.
    public var name: String {
        switch self {
        case .downstreamCxLengthMs: "downstream_cx_length_ms"
        }
    }

    /// One sentence for `# HELP`.
    public var help: String {
        switch self {
        case .downstreamCxLengthMs: "Milliseconds that a connection existed."
        }
    }
}
