import CompanionKit
import Model
import Testing

@testable import LogShipper

/// Keys of chunks that a peer chooses.
@Suite struct KeyedChunkTests {
    /// Takes records with a field, in chunks by their tag.
    private final class Keyed: RecordEncoder {
        let limits = ChunkLimits()

        func key(of record: borrowing LogRecord, into key: inout [UInt8]) {
            key += record.tag.bytes
        }

        func encode(
            _ record: borrowing LogRecord,
            of stream: StreamIdentity,
            into bytes: inout [UInt8],
            reason: inout String
        ) -> Bool {
            if record.fields.isEmpty { return false }
            bytes.append(UInt8(ascii: "x"))
            return true
        }
    }

    private func made(memoryMax: Int) -> SinkBuffer {
        var configuration = SinkConfiguration(
            name: "s",
            kind: .null,
            place: ConfigurationPlace(file: "f", line: 1)
        )
        configuration.buffer.memoryMax = memoryMax
        return SinkBuffer(
            number: 0,
            configuration: configuration,
            encoder: Keyed(),
            queue: ChunkQueue(spool: nil),
            counters: SinkCounters()
        )
    }

    private func add(_ tag: String, _ fields: [(String, String)], to buffer: SinkBuffer) {
        let record = SinkFixtures.record(fields, tag: tag)
        _ = buffer.add(record, of: SinkFixtures.identity, now: 0)
    }

    @Test func keysCountForTheMemoryThatTheyTake() {
        let buffer = made(memoryMax: 1 << 20)
        let long = String(repeating: "t", count: 4000)
        var added = 0
        while !buffer.blocks, added < 10_000 {
            add("\(added)" + long, [("m", "x")], to: buffer)
            added += 1
        }
        #expect(added * 4000 <= 2 << 20, "\(added) chunks of a byte each, with keys of 4 KB")
    }

    @Test func aRecordThatIsRefusedLeavesNoChunkOpen() {
        let buffer = made(memoryMax: 1 << 20)
        for number in 0..<10_000 { add("tag \(number)", [], to: buffer) }
        #expect(buffer.openChunks == 0 && !buffer.blocks)
        add("tag", [("m", "x")], to: buffer)
        add("tag", [], to: buffer)
        #expect(buffer.openChunks == 1 && buffer.waitingRecords == 1)
    }
}
