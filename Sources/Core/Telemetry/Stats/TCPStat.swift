/// The counters and gauges of one TCP proxy, with Envoy's names below `tcp.<stat_prefix>.`.
public enum TCPStat: Int, StatSet {
    case downstreamCxTotal
    case downstreamCxNoRoute
    case downstreamCxRxBytesTotal
    case downstreamCxRxBytesBuffered
    case downstreamCxTxBytesTotal
    case downstreamCxTxBytesBuffered
    case downstreamCxDrainClose
    case downstreamFlowControlPausedReadingTotal
    case downstreamFlowControlResumedReadingTotal
    case earlyDataReceivedCountTotal
    case idleTimeout
    case maxDownstreamConnectionDuration
    case upstreamFlushTotal
    case upstreamFlushActive

    /// Its name, kind and meaning.
    public var description: StatDescription {
        switch self {
        case .downstreamCxTotal:
            .counter("downstream_cx_total", "Connections that the filter handled.")
        case .downstreamCxNoRoute:
            .counter(
                "downstream_cx_no_route",
                "Connections closed because their cluster does not exist."
            )
        case .downstreamCxRxBytesTotal:
            .counter("downstream_cx_rx_bytes_total", "Bytes received from clients.")
        case .downstreamCxRxBytesBuffered:
            .gauge(
                "downstream_cx_rx_bytes_buffered",
                "Bytes received from clients that wait for the endpoint."
            )
        case .downstreamCxTxBytesTotal:
            .counter("downstream_cx_tx_bytes_total", "Bytes sent to clients.")
        case .downstreamCxTxBytesBuffered:
            .gauge("downstream_cx_tx_bytes_buffered", "Bytes that wait to be sent to clients.")
        case .downstreamCxDrainClose:
            .counter("downstream_cx_drain_close", "Connections closed because the proxy drains.")
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
        case .earlyDataReceivedCountTotal:
            .counter(
                "early_data_received_count_total",
                "Connections whose client sent before the endpoint was connected."
            )
        case .idleTimeout:
            .counter("idle_timeout", "Connections closed after being idle for idle_timeout.")
        case .maxDownstreamConnectionDuration:
            .counter(
                "max_downstream_connection_duration",
                "Connections closed at max_downstream_connection_duration."
            )
        case .upstreamFlushTotal:
            .counter(
                "upstream_flush_total",
                "Connections whose endpoint still got bytes after the client was gone."
            )
        case .upstreamFlushActive:
            .gauge(
                "upstream_flush_active",
                "Connections whose endpoint still gets bytes after the client is gone."
            )
        }
    }

    /// The scope's histograms.
    public typealias Histogram = NoHistogram
    /// How the scope's names are made.
    public static let scopeKind = ScopeKind(prefix: "tcp", label: "envoy_tcp_prefix")
    /// Where responses are counted.
    public static let responses: ResponseStats<Self>? = nil
}
