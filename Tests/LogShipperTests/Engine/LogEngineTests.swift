import CompanionKit
import Model
import Synchronization
import Testing

@testable import LogShipper

@Suite struct LogEngineTests {
    /// Remembers how far it is told that its stream is delivered.
    private final class Told: LogSource {
        var offsets: [Int: UInt64] = [:]
        var unread = 0

        func start() {}
        func resume() {}
        func stop() {}
        func save() {}
        func delivered(stream: UInt32, sink: Int, upTo offset: UInt64) { offsets[sink] = offset }
        func lag() -> SourceLag {
            var lag = SourceLag()
            lag.streams = [SourceLag.Stream(name: "/l/a.log", bytes: 0, since: 0, unread: unread)]
            return lag
        }
    }

    /// Takes no record with the word `bad` in it.
    private final class Choosy: RecordEncoder {
        var limits = ChunkLimits()
        var lines: [String] = []

        func key(of record: borrowing LogRecord, into key: inout [UInt8]) {}

        func encode(
            _ record: borrowing LogRecord,
            of stream: StreamIdentity,
            into bytes: inout [UInt8],
            reason: inout String
        ) -> Bool {
            let object = JSONWriter.object(record)
            let text = String(decoding: object, as: UTF8.self)
            if text.contains("worse") || text.contains("bad") && lines.first != "errors" {
                reason = "it is no good"
                return false
            }
            lines.append(text)
            bytes += object
            return true
        }
    }

    /// An engine with the sinks `main` and `errors`.
    private final class Bench {
        let folder = TemporaryFolder()
        let told = Told()
        let sinks = [Choosy(), Choosy()]
        let engine: LogEngine
        let configuration: LogConfiguration
        let stream: UInt32
        private var offset: UInt64 = 0

        init(_ pipelines: [(name: String, to: Pipeline.Destination)]) throws {
            let place = ConfigurationPlace(file: "f", line: 1)
            var configuration = LogConfiguration()
            configuration.sources = [
                SourceConfiguration(kind: .standardInput, tag: "t", place: place)
            ]
            configuration.sinks = ["main", "errors"].map {
                SinkConfiguration(name: $0, kind: .null, place: place)
            }
            configuration.pipelines = pipelines.map { name, destination in
                var pipeline = Pipeline(name: name)
                pipeline.steps = [
                    Pipeline.Step(
                        tags: .all,
                        action: .output([destination], isFinal: true),
                        place: place
                    )
                ]
                return pipeline
            }
            sinks[1].lines = ["errors"]
            let encoders = sinks
            self.configuration = configuration
            engine = try LogEngine(
                configuration,
                buffers: configuration.sinks.enumerated().map { number, sink in
                    SinkBuffer(
                        number: number,
                        configuration: sink,
                        encoder: encoders[number],
                        queue: ChunkQueue(spool: nil),
                        counters: SinkCounters()
                    )
                },
                counters: [SourceCounters()],
                names: StreamNames(),
                unmatchedLetters: DeadLetterFile(path: folder.path + "/letters"),
                hostname: "h"
            )
            engine.sources = [told]
            stream = engine.open(
                LogStream(
                    identity: .random(),
                    source: 0,
                    name: "/l/a.log",
                    tag: ByteString("t"),
                    isDurable: true
                )
            )
        }

        func take(_ text: String) {
            let line = Array(text.utf8)
            let end = offset + UInt64(line.count)
            let origin = RecordOrigin(stream: stream, start: offset, end: end)
            engine.take(line.span, origin: origin, mark: [], sinks: engine.sinks(ofSource: 0))
            offset = end
        }

        /// Every chunk that there is gets its acknowledgement.
        func acknowledge() {
            for buffer in engine.buffers {
                buffer.sealAll()
                while let chunk = buffer.queue.dropOldest() {
                    engine.finished(chunk.number, chunk.streams, sink: buffer.number)
                }
            }
            engine.settle()
        }

        var letters: String {
            let bytes = (try? AtomicFile.read(folder.path + "/letters", bytesMax: 1 << 20)) ?? nil
            return String(decoding: bytes ?? [], as: UTF8.self)
        }
    }

    @Test func whatASinkRefusesGoesToTheErrorsAndCountsAsDelivered() throws {
        let bench = try Bench([("", .sink(0)), ("@ERROR", .sink(1))])
        bench.take("good")
        bench.take("bad")
        bench.take("worse")
        bench.acknowledge()
        #expect(bench.sinks[0].lines.count == 1)
        #expect(bench.sinks[1].lines.dropFirst().count == 1)
        #expect(bench.sinks[1].lines.last?.contains("bad") == true)
        // Even the errors' sink can't take the last one.
        #expect(bench.letters.contains("worse") && !bench.letters.contains("bad"))
        #expect(bench.told.offsets == [0: 12, 1: 12])
    }

    @Test func withoutAPlaceForErrorsTheyAreDeadLetters() throws {
        let bench = try Bench([("", .sink(0))])
        bench.take("bad")
        bench.take("good")
        bench.acknowledge()
        #expect(bench.letters.contains("bad") && bench.letters.contains("sink main"))
        #expect(bench.letters.contains("it is no good"))
        #expect(bench.told.offsets[0] == 7)
    }

    @Test func aCircleOfLabelsEndsAtTheErrors() throws {
        let bench = try Bench([
            ("", .pipeline(1)), ("@A", .pipeline(1)), ("@ERROR", .sink(1)),
        ])
        bench.take("good")
        bench.acknowledge()
        #expect(bench.sinks[1].lines.count == 2)
        #expect(bench.letters.isEmpty)
    }

    // MARK: - What waits

    @Test func whatWaitsIsSaidInWords() {
        var entry = WaitingLines.Entry(
            name: "/var/log/orders.log",
            sink: "es",
            lines: 3214,
            unreadBytes: 0,
            why: "it answers 429"
        )
        #expect(entry.text == "3,214 lines of orders.log wait: sink es: it answers 429")
        entry.lines = 1
        #expect(entry.text == "1 line of orders.log waits: sink es: it answers 429")
        entry.unreadBytes = 1_234_567
        #expect(
            entry.text
                == "1 line of orders.log, and 1,234,567 bytes unread, wait: sink es: it answers 429"
        )
    }

    @Test func linesWaitOnlyForSinksInTrouble() throws {
        let bench = try Bench([("", .sink(0))])
        bench.take("good")
        bench.take("better")
        bench.told.unread = 99
        var calm = WaitingLines()
        let none = calm.look(bench.engine, bench.configuration.sinks)
        #expect(none == nil)
        bench.engine.buffers[0].counters.trouble.withLock {
            $0.attempts = 1
            $0.why = "it is down"
        }
        var troubled = WaitingLines()
        let found = troubled.look(bench.engine, bench.configuration.sinks)
        #expect(
            found == [
                WaitingLines.Entry(
                    name: "/l/a.log",
                    sink: "main",
                    lines: 2,
                    unreadBytes: 99,
                    why: "it is down"
                )
            ]
        )
    }
}
