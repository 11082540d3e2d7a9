import CompanionKit
import Glibc
import Synchronization
import Testing

@testable import LogShipper

@Suite struct SinkBufferTests {
    private final class Plain: RecordEncoder {
        var limits = ChunkLimits()

        func key(of record: borrowing LogRecord, into key: inout [UInt8]) {}

        func encode(
            _ record: borrowing LogRecord,
            of stream: StreamIdentity,
            into bytes: inout [UInt8],
            reason: inout String
        ) -> Bool {
            bytes += [UInt8](repeating: UInt8(ascii: "x"), count: 50)
            return true
        }
    }

    private func fill(_ buffer: SinkBuffer, atMost count: Int) -> Int {
        var added = 0
        while !buffer.blocks, added < count {
            var record = LogRecord()
            record.origin = RecordOrigin(
                stream: 1,
                start: UInt64(added),
                end: UInt64(added + 1)
            )
            _ = buffer.add(record, of: .random(), now: EngineLoop.now)
            added += 1
        }
        return added
    }

    @Test func aDiskThatTakesNothingLeavesTheLimitOfTheMemoryAsItIs() throws {
        let folder = TemporaryFolder()
        let directory = folder.path + "/s"
        let spool = try Spool(directory: directory, bytesMax: 1 << 20)
        var configuration = SinkConfiguration(
            name: "s",
            kind: .null,
            place: ConfigurationPlace(file: "f", line: 1)
        )
        configuration.buffer.memoryMax = 1000
        configuration.buffer.chunkBytes = 100
        let counters = SinkCounters()
        counters.trouble.withLock { $0.attempts = 1 }
        let buffer = SinkBuffer(
            number: 0,
            configuration: configuration,
            encoder: Plain(),
            queue: ChunkQueue(spool: spool),
            counters: counters
        )
        _ = unsafe rmdir(directory)
        let first = fill(buffer, atMost: 1000)
        #expect(first < 30 && buffer.blocks)
        buffer.lookAtSpool(now: EngineLoop.now + 10_000)
        #expect(buffer.blocks, "it refuses still")
        try AtomicFile.makeDirectories(directory)
        buffer.lookAtSpool(now: EngineLoop.now + 20_000)
        let second = fill(buffer, atMost: 100)
        #expect(second == 100 && !buffer.blocks)
        #expect(!spool.isEmpty)
        #expect(folder.names(in: directory).allSatisfy { $0.hasSuffix(".seg") })
    }
}
