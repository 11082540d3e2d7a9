internal import Model
internal import SwiftProtobuf

/// `envoy.config.core.v3.Http2ProtocolOptions`, which listeners and clusters share.
extension Compilation {
    private static let windowRange = 65_535...2_147_483_647
    /// A table is memory of each connection that its peer fills.
    private static let tableBytesMax = 1 << 20

    func http2Options(
        _ options: Envoy_Config_Core_V3_Http2ProtocolOptions,
        _ path: FieldPath
    ) -> HTTP2Options {
        var found = HTTP2Options()
        if options.hasHpackTableSize {
            found.hpackTableBytes = UInt32(
                count(
                    options.hpackTableSize.value,
                    path["hpack_table_size"],
                    0...Self.tableBytesMax
                )
            )
        }
        read(options.maxConcurrentStreams, options.hasMaxConcurrentStreams) {
            found.concurrentStreamsMax = UInt32(
                count($0, path["max_concurrent_streams"], 1...2_147_483_647)
            )
        }
        read(options.initialStreamWindowSize, options.hasInitialStreamWindowSize) {
            found.growsStreamWindow = false
            found.streamWindowBytes = UInt32(
                count($0, path["initial_stream_window_size"], Self.windowRange)
            )
        }
        read(options.initialConnectionWindowSize, options.hasInitialConnectionWindowSize) {
            found.connectionWindowBytes = UInt32(
                count($0, path["initial_connection_window_size"], Self.windowRange)
            )
        }
        found.allowsConnect = options.allowConnect
        readLimits(options, path, &found)
        found.endsOnlyStreamOnInvalidMessage =
            options.hasOverrideStreamErrorOnInvalidHTTPMessage
            ? options.overrideStreamErrorOnInvalidHTTPMessage.value
            : options.streamErrorOnInvalidHTTPMessaging
        if options.hasConnectionKeepalive {
            found.keepAlive = keepAlive(options.connectionKeepalive, path["connection_keepalive"])
        }
        return found
    }

    private func read(
        _ value: Google_Protobuf_UInt32Value,
        _ isGiven: Bool,
        _ use: (UInt32) -> Void
    ) {
        if isGiven { use(value.value) }
    }

    private func readLimits(
        _ options: Envoy_Config_Core_V3_Http2ProtocolOptions,
        _ path: FieldPath,
        _ found: inout HTTP2Options
    ) {
        let most = Int(UInt32.max)
        read(options.maxOutboundFrames, options.hasMaxOutboundFrames) {
            found.outboundFramesMax = UInt32(count($0, path["max_outbound_frames"], 1...most))
        }
        read(options.maxOutboundControlFrames, options.hasMaxOutboundControlFrames) {
            found.outboundControlFramesMax = UInt32(
                count($0, path["max_outbound_control_frames"], 1...most)
            )
        }
        read(
            options.maxConsecutiveInboundFramesWithEmptyPayload,
            options.hasMaxConsecutiveInboundFramesWithEmptyPayload
        ) {
            found.emptyInboundFramesMax = $0
        }
        read(
            options.maxInboundPriorityFramesPerStream,
            options.hasMaxInboundPriorityFramesPerStream
        ) {
            found.priorityFramesPerStreamMax = $0
        }
        read(
            options.maxInboundWindowUpdateFramesPerDataFrameSent,
            options.hasMaxInboundWindowUpdateFramesPerDataFrameSent
        ) {
            found.windowUpdatesPerDataFrameMax = UInt32(
                count(
                    $0,
                    path["max_inbound_window_update_frames_per_data_frame_sent"],
                    1...most
                )
            )
        }
    }

    private func keepAlive(
        _ settings: Envoy_Config_Core_V3_KeepaliveSettings,
        _ path: FieldPath
    ) -> HTTP2Options.KeepAlive? {
        let hint = "give at least 1ms"
        guard settings.hasTimeout else {
            refuse(path, "has no timeout", "give the time for the answer, for example timeout: 5s")
            return nil
        }
        return HTTP2Options.KeepAlive(
            intervalMilliseconds: positiveIfGiven(
                settings.hasInterval ? settings.interval : nil,
                path["interval"],
                hint
            ),
            timeoutMilliseconds: positive(
                settings.timeout,
                path["timeout"],
                unset: 1,
                hint
            ),
            jitterPercent: percent(
                settings.hasIntervalJitter ? settings.intervalJitter : nil,
                path["interval_jitter"]["value"],
                unset: 15
            ),
            idleIntervalMilliseconds: positiveIfGiven(
                settings.hasConnectionIdleInterval ? settings.connectionIdleInterval : nil,
                path["connection_idle_interval"],
                hint
            )
        )
    }
}
