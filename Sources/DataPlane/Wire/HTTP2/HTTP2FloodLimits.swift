/// How many frames that cost the peer nothing a connection may bring.
///
/// The defaults for what Envoy limits too are Envoy's; the others leave room for the busiest honest
/// peer that is known.
package struct HTTP2FloodLimits: Equatable, Sendable {
    /// Milliseconds after which the counts of resets, errors, PING, SETTINGS and unknown frames
    /// begin anew.
    package var periodMilliseconds = 30_000
    /// Streams in a period that were cancelled early, or half of those that were opened in it, or
    /// twice the most that were open at a time, whichever is most: a connection that carries many
    /// clients isn't punished for theirs.
    package var resetsMax = 200
    /// Streams that we had to reset for the peer's errors in a period, or twice the most that were
    /// open at a time.
    package var streamErrorsMax = 200
    /// PING in a period, begun anew with each frame of a message in either direction.
    ///
    /// Peers that measure their bandwidth ping with each piece of a body. Acknowledgements of ours
    /// are not to be counted.
    package var pingsMax = 200
    /// SETTINGS in a period; acknowledgements of ours are not to be counted.
    package var settingsMax = 200
    /// PRIORITY for each stream opened, and as many more.
    package var prioritiesPerStream = 100
    /// WINDOW_UPDATE for each DATA frame that we sent; 5 for each stream and 100 come on top.
    package var windowUpdatesPerDataFrame = 10
    /// DATA, HEADERS and CONTINUATION without payload and END_STREAM, in a row.
    package var emptyFramesMax = 1
    /// Frames of unknown types in a period.
    package var unknownFramesMax = 1_000

    package init() {}
}
