import CompanionKit
import Synchronization
import Testing

@testable import LogShipper

@Suite struct SinkSenderTests {
    /// Answers as it was told, and remembers what it was sent.
    private final class Scripted: ChunkSender {
        private var answers: [SendOutcome]
        private let sent: Sent

        init(_ answers: [SendOutcome], _ sent: Sent) {
            self.answers = answers
            self.sent = sent
        }

        func send(_ chunk: borrowing Chunk, cancellation: Cancellation) -> SendOutcome {
            let texts = chunk.items.map { item in
                String(decoding: chunk.bytes[Int(item.start)..<Int(item.end)], as: UTF8.self)
            }
            sent.requests.withLock { $0.append(texts) }
            return answers.isEmpty ? .delivered(duplicates: 0) : answers.removeFirst()
        }

        func close() {}
    }

    private final class Sent: ChunkCompletion {
        let requests = Mutex<[[String]]>([])
        let done = Mutex<[UInt64]>([])

        func finished(chunk: UInt64, streams: Set<UInt32>, sink: Int) {
            done.withLock { $0.append(chunk) }
        }
        func name(ofStream stream: UInt32) -> String { "/var/log/\(stream).log" }
    }

    private func chunk(_ number: UInt64, _ texts: [String]) -> Chunk {
        var chunk = Chunk(number: number, key: [], began: 0)
        for text in texts {
            let start = UInt32(chunk.bytes.count)
            chunk.bytes += Array(text.utf8)
            let origin = RecordOrigin(stream: 4, start: UInt64(start), end: UInt64(start) + 1)
            chunk.items.append(
                Chunk.Item(start: start, end: UInt32(chunk.bytes.count), origin: origin, time: 0)
            )
        }
        return chunk
    }

    /// Runs one sender over the chunks until the queue ends.
    private func run(
        _ chunks: [Chunk],
        _ answers: @escaping @Sendable () -> [SendOutcome],
        attemptsMax: Int? = nil
    ) throws -> (sent: [[String]], done: [UInt64], letters: String, counters: SinkCounters) {
        let folder = TemporaryFolder()
        let queue = ChunkQueue(spool: nil)
        let counters = SinkCounters()
        let sent = Sent()
        var configuration = SinkConfiguration(
            name: "s",
            kind: .null,
            place: ConfigurationPlace(file: "f", line: 1)
        )
        configuration.retry.first = 1
        configuration.retry.max = 2
        configuration.retry.attemptsMax = attemptsMax
        let path = folder.path + "/letters"
        let sender = SinkSender(
            number: 0,
            configuration: configuration,
            makeSender: { Scripted(answers(), sent) },
            queue: queue,
            counters: counters,
            deadLetters: DeadLetterFile(path: path),
            completion: sent,
            cancellation: Cancellation()
        )
        for chunk in chunks { queue.push(chunk) }
        queue.end()
        sender.run()
        let letters = try AtomicFile.read(path, bytesMax: 1 << 20) ?? []
        return (
            sent.requests.withLock { $0 }, sent.done.withLock { $0 },
            String(decoding: letters, as: UTF8.self), counters
        )
    }

    @Test func onlyItemsThatMaySucceedAreSentAgain() throws {
        let result = try run([chunk(1, ["a", "b", "c", "d"])]) {
            [
                .judged(
                    again: [1, 3],
                    refused: [(position: 2, reason: "mapper_parsing_exception")],
                    duplicates: 0,
                    why: "429"
                )
            ]
        }
        #expect(result.sent == [["a", "b", "c", "d"], ["b", "d"]])
        #expect(result.done == [1])
        #expect(result.letters.contains("\"reason\":\"mapper_parsing_exception\""))
        #expect(result.letters.contains("\"record\":\"c\""))
        #expect(result.letters.contains("\"source\":\"/var/log/4.log\""))
        #expect(result.counters.records.value == 3)
        #expect(result.counters.deadLetters.value == 1)
    }

    @Test func aChunkThatIsTooLargeGoesInHalves() throws {
        let result = try run([chunk(1, ["a", "b", "c"])]) {
            [.tooLarge(why: "413"), .tooLarge(why: "413"), .tooLarge(why: "413")]
        }
        // The first half is one record, which nobody can make smaller.
        #expect(result.sent == [["a", "b", "c"], ["a"], ["b", "c"], ["b"], ["c"]])
        #expect(result.letters.contains("\"record\":\"a\""))
        #expect(result.counters.records.value == 2)
        #expect(result.done == [1])
    }

    @Test func whatFailsIsTriedUntilItSucceeds() throws {
        let result = try run([chunk(1, ["a"]), chunk(2, ["b"])]) {
            Array(repeating: .again(why: "503", after: nil), count: 5)
        }
        #expect(result.sent == Array(repeating: ["a"], count: 6) + [["b"]])
        #expect(result.done == [1, 2])
        #expect(result.counters.failures.value == 5)
        #expect(result.letters.isEmpty)
        #expect(result.counters.trouble.withLock { $0 } == SinkCounters.Trouble())
    }

    @Test func afterItsLastAttemptAChunkIsADeadLetter() throws {
        let result = try run(
            [chunk(1, ["a"])],
            { Array(repeating: .again(why: "503", after: nil), count: 9) },
            attemptsMax: 2
        )
        #expect(result.sent.count == 3)
        #expect(result.letters.contains("given up after 3 attempts: 503"))
        #expect(result.done == [1])
    }

    @Test func itemsThatAreJudgedAgainAndAgainAreGivenUp() throws {
        let again = SendOutcome.judged(again: [0], refused: [], duplicates: 0, why: "429")
        let result = try run(
            [chunk(1, ["a", "b"]), chunk(2, ["c"])],
            { Array(repeating: again, count: 3) },
            attemptsMax: 2
        )
        #expect(result.sent == [["a", "b"], ["a"], ["a"], ["c"]])
        #expect(result.letters.contains("given up after 3 attempts: 429"))
        #expect(result.letters.contains("\"record\":\"a\""))
        #expect(!result.letters.contains("\"record\":\"b\""))
        #expect(result.counters.records.value == 2)
        #expect(result.done == [1, 2])
    }

    @Test func aPeersWordCountsOnceForEachItem() throws {
        let result = try run([chunk(1, ["a", "b"])]) {
            [
                .judged(
                    again: [1, 1, 0],
                    refused: [(position: 0, reason: "no"), (position: 0, reason: "no")],
                    duplicates: 0,
                    why: "a peer that repeats itself"
                )
            ]
        }
        #expect(result.sent == [["a", "b"], ["b"]])
        #expect(result.counters.deadLetters.value == 1)
        #expect(result.counters.records.value == 1)
    }

    @Test func positionsThatAreNotThereHurtNobody() throws {
        let result = try run([chunk(1, ["a"])]) {
            [
                .judged(
                    again: [7],
                    refused: [(position: 9, reason: "?")],
                    duplicates: 0,
                    why: "a peer that lies"
                )
            ]
        }
        #expect(result.done == [1])
    }
}
