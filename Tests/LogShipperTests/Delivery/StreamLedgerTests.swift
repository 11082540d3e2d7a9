import Testing

@testable import LogShipper

@Suite struct StreamLedgerTests {
    @Test func theWatermarkWaitsForTheFirstChunkThatIsNotDone() {
        var ledger = StreamLedger(watermark: 0)
        var done = DoneChunks()
        var moved = false
        ledger.add(end: 10, chunk: 1)
        ledger.add(end: 20, chunk: 2)
        ledger.add(end: 30, chunk: 1)
        done.insert(2)
        moved = ledger.advance(isDone: done.contains)
        #expect(!moved)
        #expect(ledger.watermark == 0)
        done.insert(1)
        moved = ledger.advance(isDone: done.contains)
        #expect(moved && ledger.watermark == 30)
    }

    @Test func whatGoesNowhereIsDoneOnceAllBeforeItIs() {
        var ledger = StreamLedger(watermark: 0)
        var done = DoneChunks()
        var moved = false
        ledger.pass(end: 5)
        moved = ledger.advance(isDone: done.contains)
        #expect(moved)
        #expect(ledger.watermark == 5)
        ledger.add(end: 10, chunk: 1)
        ledger.pass(end: 20)
        moved = ledger.advance(isDone: done.contains)
        #expect(!moved)
        done.insert(1)
        moved = ledger.advance(isDone: done.contains)
        #expect(moved)
        #expect(ledger.watermark == 20)
    }

    @Test func neighboursInOneChunkAreOneRun() {
        var ledger = StreamLedger(watermark: 0)
        for line in 1...10_000 {
            ledger.add(end: UInt64(line * 10), chunk: UInt64(1 + line / 5000))
        }
        #expect(ledger.runCount == 3)
    }

    /// Against a model that keeps every record.
    @Test func randomAcknowledgementsNeverMoveItPastWhatIsUndone() {
        var generator = SplitMix(seed: 7)
        for _ in 0..<200 {
            var ledger = StreamLedger(watermark: 0)
            var done = DoneChunks()
            var records: [(end: UInt64, chunk: UInt64)] = []
            var open: [UInt64] = []
            var nextChunk: UInt64 = 1
            for step in 1...100 {
                switch generator.next() % 4 {
                case 0:
                    open.append(nextChunk)
                    nextChunk += 1
                case 1:
                    if let index = open.indices.randomElement(using: &generator) {
                        done.insert(open.remove(at: index))
                        _ = ledger.advance(isDone: done.contains)
                    }
                default:
                    let end = UInt64(step * 10)
                    if let chunk = open.randomElement(using: &generator) {
                        ledger.add(end: end, chunk: chunk)
                        records.append((end, chunk))
                    } else {
                        ledger.pass(end: end)
                        records.append((end, 0))
                        _ = ledger.advance(isDone: done.contains)
                    }
                }
                let first = records.first { $0.chunk != 0 && !done.contains($0.chunk) }
                let limit = first.map(\.end) ?? .max
                #expect(ledger.watermark < limit)
            }
            for chunk in open { done.insert(chunk) }
            _ = ledger.advance(isDone: done.contains)
            #expect(ledger.watermark == records.last?.end ?? 0)
        }
    }
}
