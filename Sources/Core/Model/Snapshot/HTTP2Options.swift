/// `Http2ProtocolOptions`, compiled, for one side of the sidecar.
///
/// The windows begin smaller than Envoy's 16 and 24 MiB: what a stream may have in flight is memory
/// that its peer can make us hold. They grow while what comes is taken as it comes.
package struct HTTP2Options: Sendable, Equatable {
    package struct KeepAlive: Sendable, Equatable {
        /// Milliseconds between two pings; nil: none but those after `idleIntervalMilliseconds`.
        package var intervalMilliseconds: Int64?
        /// Milliseconds that the answer may take.
        package var timeoutMilliseconds: Int64
        /// Percent of the interval that is added at random.
        package var jitterPercent: Double
        /// An idle upstream connection is tried with a ping before its next request.
        package var idleIntervalMilliseconds: Int64?

        package init(
            intervalMilliseconds: Int64? = nil,
            timeoutMilliseconds: Int64,
            jitterPercent: Double = 15,
            idleIntervalMilliseconds: Int64? = nil
        ) {
            self.intervalMilliseconds = intervalMilliseconds
            self.timeoutMilliseconds = timeoutMilliseconds
            self.jitterPercent = jitterPercent
            self.idleIntervalMilliseconds = idleIntervalMilliseconds
        }
    }
    package var hpackTableBytes: UInt32 = 4096
    package var concurrentStreamsMax: UInt32 = 1024
    package var streamWindowBytes: UInt32 = 65_535
    /// The window of a stream grows to 1 MiB where its bytes do not wait; false where the
    /// configuration gives the window's size.
    package var growsStreamWindow = true
    package var connectionWindowBytes: UInt32 = 1024 * 1024
    /// Extended CONNECT (RFC 8441) is offered.
    package var allowsConnect = false
    package var keepAlive: KeepAlive?
    /// Frames that wait for the peer, of all kinds and of the control kinds.
    package var outboundFramesMax: UInt32 = 10_000
    package var outboundControlFramesMax: UInt32 = 1_000
    package var emptyInboundFramesMax: UInt32 = 1
    package var priorityFramesPerStreamMax: UInt32 = 100
    package var windowUpdatesPerDataFrameMax: UInt32 = 10
    /// A malformed message ends its stream alone (`override_stream_error_on_invalid_http_message`).
    package var endsOnlyStreamOnInvalidMessage = false

    package init() {}
}
