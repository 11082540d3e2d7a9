import CompanionKit
import Glibc
import Model
import Testing

@testable import LogShipper

/// Without librdkafka on the machine there is nothing to try.
private let isInstalled = (try? KafkaLibrary.load()) != nil

/// Brokers of librdkafka's own, inside the producer.
@Suite(.enabled(if: isInstalled)) struct KafkaSenderTests {
    private func sink(
        _ topic: [RecordTemplate.Part] = [.literal("logs")],
        _ change: (inout KafkaOptions) -> Void = { _ in }
    ) throws -> (Sink, any ChunkSender) {
        var options = KafkaOptions(brokers: ["unused:1"], topic: RecordTemplate(topic))
        options.properties = [("test.mock.num.brokers", "1")]
        change(&options)
        return try SinkFixtures.sink(.kafka(options))
    }

    private func failure(_ change: (inout KafkaOptions) -> Void) -> SinkFailure? {
        do {
            _ = try sink(change)
            return nil
        } catch {
            return error as? SinkFailure
        }
    }

    private func sink(_ change: (inout KafkaOptions) -> Void) throws -> (Sink, any ChunkSender) {
        try sink([.literal("logs")], change)
    }

    @Test(arguments: ["none", "gzip", "snappy", "lz4", "zstd"])
    func aChunkIsDeliveredWithEachCompression(codec: String) throws {
        let (sink, sender) = try sink {
            $0.compression = codec
            $0.key = RecordTemplate([.field("n")])
            $0.headers = [("h", RecordTemplate(literal: "v"))]
        }
        let chunk = SinkFixtures.chunk(sink.encoder, 3000)
        #expect(words(sender.send(chunk, cancellation: Cancellation())) == "delivered 0")
        sender.close()
    }

    @Test func aMessageThatIsTooLargeIsRefusedAndTheOthersArrive() throws {
        let (sink, sender) = try sink { $0.properties += [("message.max.bytes", "2000")] }
        var records = (0..<5).map { SinkFixtures.record([("n", "=\($0)")], offset: UInt64($0)) }
        records[2] = SinkFixtures.record([("n", String(repeating: "x", count: 3000))], offset: 9)
        let chunk = SinkFixtures.chunk(sink.encoder, records)
        let outcome = words(sender.send(chunk, cancellation: Cancellation()))
        #expect(outcome.contains("again [] refused"))
        #expect(outcome.contains("2: "))
        #expect(outcome.contains("MSG_SIZE_TOO_LARGE"))
        sender.close()
    }

    @Test func aQueueThatIsSmallerThanAChunkIsEmptiedBetween() throws {
        let (sink, sender) = try sink {
            $0.properties += [("queue.buffering.max.messages", "100")]
        }
        let chunk = SinkFixtures.chunk(sink.encoder, 2000)
        #expect(words(sender.send(chunk, cancellation: Cancellation())) == "delivered 0")
        sender.close()
    }

    @Test func whatIsNoChunkOfKafkasIsRefused() throws {
        let (sink, sender) = try sink()
        var nameless = SinkFixtures.chunk(sink.encoder, 1)
        nameless.key = []
        #expect(words(sender.send(nameless, cancellation: Cancellation())) == "refused")
        var foreign = SinkFixtures.chunk(sink.encoder, 1)
        let start = UInt32(foreign.bytes.count)
        foreign.bytes += Array("{}".utf8)
        let origin = RecordOrigin(start: 100, end: 102)
        foreign.items.append(Chunk.Item(start: start, end: start + 2, origin: origin, time: 0))
        let outcome = words(sender.send(foreign, cancellation: Cancellation()))
        #expect(outcome.contains("1: it is no message of a Kafka sink"))
        sender.close()
    }

    @Test func aBrokerThatRefusesConnectionsIsNamed() throws {
        let (sink, sender) = try sink {
            $0.brokers = ["127.0.0.1:1"]
            $0.properties = []
            $0.timeout = 1500
        }
        let chunk = SinkFixtures.chunk(sink.encoder, 10)
        let outcome = sender.send(chunk, cancellation: Cancellation())
        #expect(words(outcome) == "again")
        #expect(why(outcome).contains("all brokers are down: 127.0.0.1:1"))
        #expect(why(outcome).contains("refused"))
        sender.close()
    }

    @Test func aSendThatIsCancelledEndsSoon() throws {
        let (sink, sender) = try sink {
            $0.brokers = ["127.0.0.1:1"]
            $0.properties = []
        }
        let cancellation = Cancellation()
        cancellation.cancel()
        let began = ContinuousClock.now
        let chunk = SinkFixtures.chunk(sink.encoder, 10)
        let outcome = sender.send(chunk, cancellation: cancellation)
        #expect(words(outcome) == "again")
        sender.close()
        #expect(began.duration(to: .now) < .seconds(3))
    }

    @Test func aBadPropertyIsRefusedWithTheLibrarysWords() {
        let unknown = failure { $0.properties = [("no.such.thing", "1")] }
        #expect(unknown?.what.contains("No such configuration property") == true)
        let value = failure { $0.properties = [("linger.ms", "soon")] }
        #expect(value?.what.contains("linger.ms") == true)
        let together = failure {
            $0.properties = [("max.in.flight.requests.per.connection", "50")]
        }
        #expect(together?.what.contains("`max.in.flight` must be set <= 5") == true)
        let callback = failure { $0.properties = [("dr_msg_cb", "x")] }
        #expect(callback?.what.contains("dr_msg_cb") == true)
    }

    @Test func aCertificateThatIsNotThereIsFoundByTheSenderAlone() throws {
        var options = KafkaOptions(brokers: ["a:1"], topic: RecordTemplate(literal: "t"))
        options.tls.authorityFile = "/nowhere/ca.pem"
        let configuration = SinkConfiguration(
            name: "s",
            kind: .kafka(options),
            place: ConfigurationPlace(file: "f", line: 1)
        )
        let sink = try LogSinks.make(configuration, hostname: "box")
        let failure = #expect(throws: SinkFailure.self) { try sink.makeSender() }
        #expect(failure?.what.contains("/nowhere/ca.pem") == true)
    }

    @Test func manyTopicsAreForgottenInTime() throws {
        let (sink, sender) = try sink([.field("to")]) { _ in }
        for number in 0..<1100 where number < 3 || number > 995 {
            let record = SinkFixtures.record([("to", "t\(number)")], offset: UInt64(number))
            var chunk = SinkFixtures.chunk(sink.encoder, [record])
            chunk.number = UInt64(number)
            #expect(words(sender.send(chunk, cancellation: Cancellation())) == "delivered 0")
        }
        sender.close()
    }
}

struct KafkaLibraryTests {
    @Test func aMissingLibraryIsToldWithItsPackagesAndPlaces() {
        let failure = #expect(throws: SinkFailure.self) {
            try KafkaLibrary.load(from: ["/nowhere/librdkafka.so.1", "/nor/here.so"])
        }
        let what = failure?.what ?? ""
        #expect(what.contains("/nowhere/librdkafka.so.1, /nor/here.so"))
        #expect(what.contains("1.6 or newer"))
        #expect(failure?.hint?.contains("librdkafka1 (Debian, Ubuntu)") == true)
    }

    @Test func aLibraryThatIsAnotherIsRefused() {
        let failure = #expect(throws: SinkFailure.self) {
            try KafkaLibrary.load(from: ["libc.so.6"])
        }
        #expect(failure?.what.contains("rd_kafka_version") == true)
    }

    @Test func aVersionIsReadAsTheLibraryWritesIt() {
        #expect(KafkaLibrary.version(0x0200_02ff) == "2.0.2")
        #expect(KafkaLibrary.version(0x0106_00ff) == "1.6.0")
    }
}

struct KafkaLogTests {
    @Test func aKindOfLineIsSaidOnceAMinute() {
        var log = KafkaLog(sink: "s")
        let now = ContinuousClock.now
        #expect(log.due("GETPID", "a", now: now) == "a")
        #expect(log.due("GETPID", "b", now: now.advanced(by: .seconds(1))) == nil)
        #expect(log.due("OTHER", "c", now: now) == "c")
        #expect(
            log.due("GETPID", "d", now: now.advanced(by: .seconds(61)))
                == "d (and 1 like it before)"
        )
        #expect(log.due("FAIL", "e", now: now) == nil)
    }
}
