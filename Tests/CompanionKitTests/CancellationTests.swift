import CompanionKit
import Testing

@Suite struct CancellationTests {
    @Test func oneThatWasCancelledWaitsNoLonger() {
        let cancellation = Cancellation()
        #expect(!cancellation.isCancelled)
        cancellation.cancel()
        cancellation.cancel()
        #expect(cancellation.isCancelled)
        #expect(!cancellation.sleep(milliseconds: 3_600_000))
    }
}
