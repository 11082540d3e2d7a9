/// The counters and gauges of the HTTP/2 codec, with Envoy's names below `http2.` for the
/// connections of clients and `cluster.<name>.http2.` for those to endpoints.
///
/// Those that Envoy does not have say "(ours)" in their help.
public enum HTTP2Stat: Int, StatSet {
    case droppedHeadersWithUnderscores
    case goawaySent
    case headerOverflow
    case headersCbNoStream
    case inboundEmptyFramesFlood
    case inboundPriorityFramesFlood
    case inboundWindowUpdateFramesFlood
    case keepaliveTimeout
    case metadataEmptyFrames
    case outboundControlFlood
    case outboundFlood
    case requestsRejectedWithUnderscoresInHeaders
    case rxMessagingError
    case rxReset
    case streamRefusedErrors
    case trailers
    case txFlushTimeout
    case txReset
    // Ours
    case inboundResetFlood
    case inboundPingFlood
    case inboundSettingsFlood
    case inboundErrorFlood
    case continuationFlood
    // Of this moment
    case streamsActive
    case pendingSendBytes
    case deferredStreamClose
    case outboundFramesActive
    case outboundControlFramesActive

    /// Its name, kind and meaning.
    public var description: StatDescription { errorDescription ?? flowDescription }

    private var errorDescription: StatDescription? {
        switch self {
        case .droppedHeadersWithUnderscores:
            .counter(
                "dropped_headers_with_underscores",
                "Headers dropped because of an underscore in their name."
            )
        case .headerOverflow:
            .counter(
                "header_overflow",
                "Connections reset because a head was larger than allowed."
            )
        case .headersCbNoStream:
            .counter("headers_cb_no_stream", "Headers that came for no stream.")
        case .inboundEmptyFramesFlood:
            .counter(
                "inbound_empty_frames_flood",
                "Connections ended: too many frames in a row carried nothing."
            )
        case .inboundPriorityFramesFlood:
            .counter(
                "inbound_priority_frames_flood",
                "Connections ended: too many PRIORITY frames came."
            )
        case .inboundWindowUpdateFramesFlood:
            .counter(
                "inbound_window_update_frames_flood",
                "Connections ended: too many WINDOW_UPDATE frames came."
            )
        case .metadataEmptyFrames:
            .counter("metadata_empty_frames", "METADATA frames that carried nothing.")
        case .outboundControlFlood:
            .counter(
                "outbound_control_flood",
                "Connections ended: too many control frames waited for the peer."
            )
        case .outboundFlood:
            .counter(
                "outbound_flood",
                "Connections ended: too many frames waited for the peer."
            )
        case .requestsRejectedWithUnderscoresInHeaders:
            .counter(
                "requests_rejected_with_underscores_in_headers",
                "Requests refused because of an underscore in a header name."
            )
        case .rxMessagingError:
            .counter("rx_messaging_error", "Messages received that break RFC 9113 section 8.1.")
        case .inboundResetFlood:
            .counter(
                "inbound_reset_flood",
                "Connections ended: the peer reset too many streams (ours)."
            )
        case .inboundPingFlood:
            .counter("inbound_ping_flood", "Connections ended: too many PING frames came (ours).")
        case .inboundSettingsFlood:
            .counter(
                "inbound_settings_flood",
                "Connections ended: too many SETTINGS frames came (ours)."
            )
        case .inboundErrorFlood:
            .counter(
                "inbound_error_flood",
                "Connections ended: the peer made too many streams fail (ours)."
            )
        case .continuationFlood:
            .counter(
                "continuation_flood",
                "Connections ended: a head came in too many CONTINUATION frames (ours)."
            )
        default: nil
        }
    }

    private var flowDescription: StatDescription {
        switch self {
        case .goawaySent:
            .counter("goaway_sent", "GOAWAY frames sent.")
        case .keepaliveTimeout:
            .counter(
                "keepalive_timeout",
                "Connections closed because a PING was not answered in time."
            )
        case .rxReset:
            .counter("rx_reset", "RST_STREAM frames received.")
        case .streamRefusedErrors:
            .counter(
                "stream_refused_errors",
                "Streams of peers that were refused: there were too many."
            )
        case .trailers:
            .counter("trailers", "Trailers of requests received.")
        case .txFlushTimeout:
            .counter(
                "tx_flush_timeout",
                "Streams reset because the peer did not open its window in stream_idle_timeout."
            )
        case .txReset:
            .counter("tx_reset", "RST_STREAM frames sent.")
        case .streamsActive:
            .gauge("streams_active", "Streams that are open.")
        case .pendingSendBytes:
            .gauge("pending_send_bytes", "Bytes of bodies that wait for the peer's window.")
        case .deferredStreamClose:
            .gauge(
                "deferred_stream_close",
                "Streams that are over but for what waits to be sent."
            )
        case .outboundFramesActive:
            .gauge("outbound_frames_active", "Frames of all kinds that wait to be sent.")
        case .outboundControlFramesActive:
            .gauge("outbound_control_frames_active", "Control frames that wait to be sent.")
        default: .counter("unnamed", "A mistake.")
        }
    }

    /// The scope's histograms.
    public typealias Histogram = NoHistogram
    /// How the scope's names are made; a cluster's has another.
    public static let scopeKind = ScopeKind(prefix: "http2", label: nil)
    /// Where responses are counted.
    public static let responses: ResponseStats<Self>? = nil
}
