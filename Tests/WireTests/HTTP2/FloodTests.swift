import Testing
import Wire

@Suite("Floods of frames")
struct FloodTests {
    /// How often something may happen in a row, at the same time.
    private func allowed(
        _ what: HTTP2FloodCounters.Event,
        _ counters: HTTP2FloodCounters = HTTP2FloodCounters()
    ) -> Int {
        var counters = counters
        for count in 0..<100_000 {
            if let violation = counters.count(what, now: 5_000) {
                #expect(violation.code == .enhanceYourCalm)
                #expect(violation.endsConnection)
                #expect("\(violation.details)".hasSuffix("_flood"))
                return count
            }
        }
        return .max
    }

    @Test("Each kind of frame has its budget")
    func budgets() {
        #expect(allowed(.reset) == 200)
        #expect(allowed(.streamError) == 200)
        #expect(allowed(.ping) == 200)
        #expect(allowed(.settings) == 200)
        #expect(allowed(.priority) == 100)
        #expect(allowed(.windowUpdate) == 100)
        #expect(allowed(.emptyFrame) == 1)
        #expect(allowed(.unknownFrame) == 1_000)
    }

    @Test("Pings between which messages move are no flood")
    func pingsBesideMessages() {
        var counters = HTTP2FloodCounters()
        for _ in 0..<1_000 {
            #expect(counters.count(.ping, now: 0) == nil)
            counters.frameWithPayload()
            #expect(counters.count(.ping, now: 0) == nil)
            counters.dataFrameSent()
            #expect(counters.count(.ping, now: 0) == nil)
            counters.headersSent()
        }
        #expect(allowed(.ping, counters) == 200)
    }

    @Test("Half of many streams may be cancelled early, and of few streams all that were open")
    func cancelled() {
        var busy = HTTP2FloodCounters()
        for _ in 0..<1_000 { busy.streamOpened() }
        #expect(allowed(.reset, busy) == 500)
        var leaving = HTTP2FloodCounters()
        leaving.activeStreams = 600
        for left in (0..<600).reversed() {
            leaving.activeStreams = left
            #expect(leaving.count(.reset, now: 0) == nil)
        }
        // What was open in a period does not count in the next one.
        for _ in 0..<200 { #expect(leaving.count(.reset, now: 30_000) == nil) }
        #expect(leaving.count(.reset, now: 30_000) != nil)
    }

    @Test("A connection with many streams has a larger budget")
    func scaled() {
        var counters = HTTP2FloodCounters()
        counters.activeStreams = 1_000
        for _ in 0..<10 { counters.streamOpened() }
        for _ in 0..<3 { counters.dataFrameSent() }
        #expect(allowed(.reset, counters) == 2_000)
        #expect(allowed(.streamError, counters) == 2_000)
        #expect(allowed(.ping, counters) == 200)
        #expect(allowed(.priority, counters) == 1_100)
        #expect(allowed(.windowUpdate, counters) == 100 + 50 + 30)
    }

    @Test("A budget is given anew with each period")
    func periods() {
        var counters = HTTP2FloodCounters()
        for period in 0..<5 {
            for _ in 0..<200 {
                #expect(counters.count(.reset, now: 1_000 + Int64(period) * 30_000) == nil)
            }
        }
        #expect(counters.count(.reset, now: 1_000 + 4 * 30_000 + 29_999) != nil)
    }

    @Test("Empty frames count in a row only")
    func emptyFrames() {
        var counters = HTTP2FloodCounters()
        for _ in 0..<1_000 {
            #expect(counters.count(.emptyFrame, now: 0) == nil)
            counters.frameWithPayload()
        }
        #expect(counters.count(.emptyFrame, now: 0) == nil)
        #expect(counters.count(.emptyFrame, now: 0) != nil)
    }

    @Test("Limits without bounds do not overflow")
    func huge() {
        var limits = HTTP2FloodLimits()
        limits.prioritiesPerStream = .max
        limits.windowUpdatesPerDataFrame = .max
        limits.periodMilliseconds = .max
        var counters = HTTP2FloodCounters(limits: limits)
        counters.activeStreams = .max
        for _ in 0..<3 { counters.streamOpened() }
        for _ in 0..<3 { counters.dataFrameSent() }
        #expect(counters.count(.priority, now: 0) == nil)
        #expect(counters.count(.windowUpdate, now: 0) == nil)
        #expect(counters.count(.reset, now: 0) == nil)
    }
}
