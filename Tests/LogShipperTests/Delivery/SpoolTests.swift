import CompanionKit
import Glibc
import Synchronization
import Testing

@testable import LogShipper

@Suite struct SpoolTests {
    private func chunk(_ text: String, items: Int = 2) -> Chunk {
        var chunk = Chunk(number: 1, key: Array("key".utf8), began: 5)
        for index in 0..<items {
            let start = UInt32(chunk.bytes.count)
            chunk.bytes += Array("\(text)-\(index)".utf8)
            chunk.items.append(
                Chunk.Item(
                    start: start,
                    end: UInt32(chunk.bytes.count),
                    origin: RecordOrigin(stream: 3, start: UInt64(index), end: UInt64(index + 1)),
                    time: Int64(index)
                )
            )
        }
        return chunk
    }

    private func texts(_ spool: Spool) -> [String] {
        var found: [String] = []
        while let (chunk, ticket) = spool.next() {
            found.append(String(decoding: chunk.bytes, as: UTF8.self))
            spool.done(ticket)
        }
        return found
    }

    @Test func chunksComeBackInOrderAfterARestart() throws {
        let folder = TemporaryFolder()
        do {
            let spool = try Spool(
                directory: folder.path + "/s",
                bytesMax: 1 << 20,
                segmentBytes: 300
            )
            for number in 0..<10 { try spool.append(chunk("c\(number)")) }
        }
        let again = try Spool(directory: folder.path + "/s", bytesMax: 1 << 20)
        #expect(again.found.chunks == 10)
        #expect(again.found.rotten == 0)
        #expect(texts(again) == (0..<10).map { "c\($0)-0c\($0)-1" })
        #expect(again.isEmpty && again.bytes == 0)
        #expect(folder.names(in: folder.path + "/s").isEmpty)
    }

    @Test func whatIsDoneIsNotSentAgain() throws {
        let folder = TemporaryFolder()
        do {
            let spool = try Spool(directory: folder.path + "/s", bytesMax: 1 << 20)
            for number in 0..<5 { try spool.append(chunk("c\(number)")) }
            for _ in 0..<2 {
                let next = spool.next()
                let (_, ticket) = try #require(next)
                spool.done(ticket)
            }
            // Taken and not done: it comes again.
            #expect(spool.next() != nil)
        }
        let again = try Spool(directory: folder.path + "/s", bytesMax: 1 << 20)
        #expect(texts(again) == (2..<5).map { "c\($0)-0c\($0)-1" })
    }

    /// The process ended between the removal of a file and that of its note.
    @Test func aNoteThatStayedDoesNotMakeANewFileDone() throws {
        let folder = TemporaryFolder()
        let directory = folder.path + "/s"
        try AtomicFile.makeDirectories(directory)
        let five: [UInt8] = [5, 0, 0, 0, 0, 0, 0, 0]
        try AtomicFile.write(five.span, to: directory + "/000000000001.ack")
        do {
            let spool = try Spool(directory: directory, bytesMax: 1 << 20)
            for number in 0..<3 { try spool.append(chunk("c\(number)")) }
        }
        let again = try Spool(directory: directory, bytesMax: 1 << 20)
        #expect(again.found.chunks == 3)
        #expect(texts(again) == (0..<3).map { "c\($0)-0c\($0)-1" })
    }

    @Test func aFileThatIsGoneIsLostAndHoldsUpNothing() throws {
        let folder = TemporaryFolder()
        let directory = folder.path + "/s"
        let spool = try Spool(directory: directory, bytesMax: 1 << 20, segmentBytes: 300)
        for number in 0..<10 { try spool.append(chunk("c\(number)")) }
        let first = try #require(folder.names(in: directory).sorted().first)
        _ = unsafe unlink(directory + "/" + first)
        let found = texts(spool)
        #expect(found.count < 10 && found.last == "c9-0c9-1")
        #expect(spool.isEmpty && spool.bytes == 0)
    }

    @Test func aDiskThatRefusesIsAskedAgainAndThenHasAll() throws {
        let folder = TemporaryFolder()
        let directory = folder.path + "/s"
        let isRefusing = Mutex(true)
        do {
            let spool = try Spool(
                directory: directory,
                bytesMax: 1 << 20,
                segmentBytes: 300,
                bringToDisk: { _ in !isRefusing.withLock { $0 } }
            )
            for number in 0..<6 { try spool.append(chunk("c\(number)")) }
            #expect(throws: FileFailure.self) { try spool.sync() }
            // What it refused is written anew, in files of their own.
            try spool.sync()
            try spool.append(chunk("c6"))
            #expect(throws: FileFailure.self) { try spool.sync() }
            isRefusing.withLock { $0 = false }
            try spool.append(chunk("c7"))
            try spool.sync()
            let next = spool.next()
            let (_, ticket) = try #require(next)
            spool.done(ticket)
        }
        let again = try Spool(directory: directory, bytesMax: 1 << 20)
        #expect(texts(again) == (1..<8).map { "c\($0)-0c\($0)-1" })
    }

    @Test func oneThatWasPutBackComesNext() throws {
        let folder = TemporaryFolder()
        let spool = try Spool(directory: folder.path + "/s", bytesMax: 1 << 20)
        for number in 0..<3 { try spool.append(chunk("c\(number)")) }
        let next = spool.next()
        let (first, ticket) = try #require(next)
        spool.putBack(ticket)
        let again = spool.next()
        let (second, _) = try #require(again)
        #expect(first.bytes == second.bytes)
    }

    /// The process, or the machine, may end at any byte of a write.
    @Test func aFileThatEndsAnywhereLosesOnlyItsLastChunk() throws {
        let folder = TemporaryFolder()
        let path = folder.path + "/s"
        do {
            let spool = try Spool(directory: path, bytesMax: 1 << 20)
            for number in 0..<3 { try spool.append(chunk("c\(number)")) }
        }
        let name = try #require(folder.names(in: path).first { $0.hasSuffix(".seg") })
        let whole = try #require(try AtomicFile.read(path + "/" + name, bytesMax: 1 << 20))
        let each = whole.count / 3
        for length in 0...whole.count {
            let part = Array(whole[..<length])
            try AtomicFile.write(part.span, to: path + "/" + name)
            let spool = try Spool(directory: path, bytesMax: 1 << 20)
            let expected = length / each
            #expect(spool.found.chunks == expected, "cut at \(length)")
            #expect(spool.found.tornBytes == length % each)
            // What comes after a cut is found again too.
            try spool.append(chunk("after"))
            let again = try Spool(directory: path, bytesMax: 1 << 20)
            #expect(again.found.chunks == expected + 1)
            for name in folder.names(in: path) { _ = unsafe unlink(path + "/" + name) }
        }
    }

    @Test func aByteThatRotsCostsItsChunkAlone() throws {
        let folder = TemporaryFolder()
        let path = folder.path + "/s"
        do {
            let spool = try Spool(directory: path, bytesMax: 1 << 20)
            for number in 0..<3 { try spool.append(chunk("c\(number)")) }
        }
        let name = try #require(folder.names(in: path).first { $0.hasSuffix(".seg") })
        var bytes = try #require(try AtomicFile.read(path + "/" + name, bytesMax: 1 << 20))
        bytes[bytes.count / 2] ^= 0x40
        let rotten = bytes
        try AtomicFile.write(rotten.span, to: path + "/" + name)
        let spool = try Spool(directory: path, bytesMax: 1 << 20)
        #expect(spool.found.rotten == 1)
        #expect(texts(spool) == ["c0-0c0-1", "c2-0c2-1"])
    }

    @Test func itIsFullAtItsLimit() throws {
        let folder = TemporaryFolder()
        let spool = try Spool(directory: folder.path + "/s", bytesMax: 200)
        #expect(!spool.isFull)
        try spool.append(chunk("c", items: 20))
        #expect(spool.isFull)
        #expect(texts(spool).count == 1)
        #expect(!spool.isFull)
    }

    @Test func randomBytesAreNoChunks() throws {
        var generator = SplitMix(seed: 3)
        for _ in 0..<2000 {
            let count = Int.random(in: 0...80, using: &generator)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(throws: SpoolRecord.Fault.self) {
                let (length, sum) = try SpoolRecord.bodyLength(bytes.span)
                guard bytes.count >= SpoolRecord.headBytes + length else {
                    throw SpoolRecord.Fault.torn
                }
                let body = Array(bytes[SpoolRecord.headBytes..<SpoolRecord.headBytes + length])
                _ = try SpoolRecord.decode(body.span, sum: sum)
            }
        }
    }
}
