import CompanionKit
import Testing

@testable import LogShipper

@Suite struct KeptChunkTests {
    private func chunk(_ number: UInt64) -> Chunk {
        var chunk = Chunk(number: number, key: [], began: 5)
        chunk.bytes = Array("chunk \(number)".utf8)
        chunk.items.append(
            Chunk.Item(
                start: 0,
                end: UInt32(chunk.bytes.count),
                origin: RecordOrigin(stream: 3, start: 0, end: 1),
                time: 0
            )
        )
        return chunk
    }

    @Test func aCopyIsNotReadInThisRunButInTheNext() throws {
        let folder = TemporaryFolder()
        do {
            let spool = try Spool(directory: folder.path + "/s", bytesMax: 1 << 20)
            _ = try spool.keep(chunk(1))
            #expect(spool.isEmpty)
            #expect(spool.next() == nil)
            try spool.append(chunk(2))
            let next = spool.next()
            #expect(next?.0.bytes == Array("chunk 2".utf8))
        }
        let again = try Spool(directory: folder.path + "/s", bytesMax: 1 << 20)
        #expect(again.found.chunks == 2)
    }

    @Test func aCopyOfWhatWasDeliveredIsGone() throws {
        let folder = TemporaryFolder()
        do {
            let spool = try Spool(directory: folder.path + "/s", bytesMax: 1 << 20)
            let ticket = try spool.keep(chunk(1))
            try spool.append(chunk(2))
            spool.done(ticket)
            let next = spool.next()
            let (found, second) = try #require(next)
            #expect(found.bytes == Array("chunk 2".utf8))
            spool.putBack(second)
            #expect(!spool.isEmpty)
        }
        let again = try Spool(directory: folder.path + "/s", bytesMax: 1 << 20)
        #expect(again.found.chunks == 1)
        let next = again.next()
        let (_, ticket) = try #require(next)
        again.done(ticket)
        #expect(folder.names(in: folder.path + "/s").isEmpty)
    }

    @Test func aChunkThatIsDoneTakesItsCopyWithIt() throws {
        let folder = TemporaryFolder()
        let spool = try Spool(directory: folder.path + "/s", bytesMax: 1 << 20)
        let queue = ChunkQueue(spool: spool)
        queue.push(chunk(1))
        queue.push(chunk(2))
        let next = queue.take(Cancellation())
        guard case .chunk(let first, nil) = next else {
            Issue.record("a chunk of memory was expected")
            return
        }
        let waiting = queue.waiting(since: .max)
        #expect(waiting.map(\.number) == [1, 2])
        for chunk in waiting { queue.isKept(chunk.number, as: try spool.keep(chunk)) }
        #expect(queue.waiting(since: .max).isEmpty)
        #expect(spool.bytes > 0)
        queue.finished(first, isFromSpool: false)
        let rest = queue.takeOldest()
        #expect(rest?.chunk.number == 2 && rest?.isKept == true)
        let again = try Spool(directory: folder.path + "/s", bytesMax: 1 << 20)
        #expect(again.found.chunks == 1)
    }
}
