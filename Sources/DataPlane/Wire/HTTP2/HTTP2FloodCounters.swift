/// Counts the frames with which a peer could keep us busy at no cost of its own: rapid reset,
/// streams that are made to fail, and floods of control frames.
///
/// Has no clock: the caller states the time, in milliseconds that never go back.
package struct HTTP2FloodCounters: Sendable {
    /// What the peer did.
    package enum Event: UInt8, Sendable, CaseIterable {
        /// RST_STREAM came for a stream that was new and not answered yet.
        case reset
        /// We had to send RST_STREAM because the peer broke a rule.
        case streamError
        /// PING came that is no acknowledgement.
        case ping
        /// SETTINGS came that is no acknowledgement.
        case settings
        case priority
        case windowUpdate
        /// DATA, HEADERS or CONTINUATION without payload and END_STREAM.
        case emptyFrame
        case unknownFrame
    }

    package let limits: HTTP2FloodLimits
    /// Streams open now; the caller keeps it up to date.
    package var activeStreams = 0 {
        didSet { activePeak = max(activePeak, activeStreams) }
    }
    /// Streams opened so far by either side.
    private var openedStreams = 0
    /// Streams that were opened, and the most that were open at a time, in this period.
    private var openedInPeriod = 0
    private var activePeak = 0
    private var dataFramesSent = 0

    private var periodStart: Int64 = 0
    private var resets = 0
    private var streamErrors = 0
    private var pings = 0
    private var settings = 0
    private var unknownFrames = 0
    private var priorities = 0
    private var windowUpdates = 0
    private var emptyFrames = 0

    package init(limits: HTTP2FloodLimits = HTTP2FloodLimits()) { self.limits = limits }

    /// Notes that a stream was opened.
    package mutating func streamOpened() {
        openedStreams &+= 1
        openedInPeriod &+= 1
    }

    /// Notes that we sent a DATA frame.
    package mutating func dataFrameSent() {
        dataFramesSent &+= 1
        pings = 0
    }

    /// Notes that we sent a head or trailers.
    package mutating func headersSent() { pings = 0 }

    /// Notes DATA or HEADERS with payload or END_STREAM, which ends a row of empty ones.
    package mutating func frameWithPayload() {
        emptyFrames = 0
        pings = 0
    }

    /// Counts something; returns the violation that ends the connection where it is too much.
    package mutating func count(_ what: Event, now milliseconds: Int64) -> HTTP2Violation? {
        let elapsed = milliseconds &- periodStart
        if milliseconds < periodStart || elapsed >= Int64(max(0, limits.periodMilliseconds)) {
            periodStart = milliseconds
            resets = 0
            streamErrors = 0
            pings = 0
            settings = 0
            unknownFrames = 0
            openedInPeriod = 0
            activePeak = activeStreams
        }
        let fault: HTTP2Fault
        let isFlood: Bool
        switch what {
        case .reset:
            resets &+= 1
            isFlood = resets > max(limits.resetsMax, openedInPeriod / 2, 2 &* activePeak)
            fault = .resetFlood
        case .streamError:
            streamErrors &+= 1
            isFlood = streamErrors > max(limits.streamErrorsMax, 2 &* activePeak)
            fault = .streamErrorFlood
        case .ping:
            pings &+= 1
            isFlood = pings > limits.pingsMax
            fault = .pingFlood
        case .settings:
            settings &+= 1
            isFlood = settings > limits.settingsMax
            fault = .settingsFlood
        case .priority:
            priorities &+= 1
            isFlood = priorities > Self.budget(limits.prioritiesPerStream, openedStreams &+ 1, 0)
            fault = .priorityFlood
        case .windowUpdate:
            windowUpdates &+= 1
            let allowed = Self.budget(
                limits.windowUpdatesPerDataFrame,
                dataFramesSent,
                Self.budget(5, openedStreams, 100)
            )
            isFlood = windowUpdates > allowed
            fault = .windowUpdateFlood
        case .emptyFrame:
            emptyFrames &+= 1
            isFlood = emptyFrames > limits.emptyFramesMax
            fault = .emptyFrameFlood
        case .unknownFrame:
            unknownFrames &+= 1
            isFlood = unknownFrames > limits.unknownFramesMax
            fault = .unknownFrameFlood
        }
        return isFlood ? HTTP2Violation(fault) : nil
    }

    /// `each * count + extra`, at most the largest number: a configured factor may be huge.
    private static func budget(_ each: Int, _ count: Int, _ extra: Int) -> Int {
        let (product, overflowed) = each.multipliedReportingOverflow(by: count)
        if overflowed { return .max }
        let (sum, carried) = product.addingReportingOverflow(extra)
        return carried ? .max : sum
    }
}
