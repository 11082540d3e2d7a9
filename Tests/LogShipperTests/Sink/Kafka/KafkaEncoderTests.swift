import Model
import Testing

@testable import LogShipper

struct KafkaEncoderTests {
    private func encoder(
        topic: [RecordTemplate.Part] = [.literal("logs")],
        _ change: (inout KafkaOptions) -> Void = { _ in }
    ) throws -> KafkaEncoder {
        var options = KafkaOptions(brokers: ["a:1"], topic: RecordTemplate(topic))
        change(&options)
        return try KafkaEncoder(
            options,
            InjectOptions(),
            hostname: "box",
            messageBytesMax: 1_000_000
        )
    }

    /// Key, headers and value of an item.
    private func parts(_ bytes: [UInt8]) -> [String]? {
        guard let item = KafkaItem(bytes.span) else { return nil }
        func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        return [item.key.map(text) ?? "no key"]
            + item.headers.map { "\(text($0.name))=\(text($0.value))" } + [text(item.value)]
    }

    private func encode(_ encoder: KafkaEncoder, _ fields: [(String, String)]) -> [UInt8] {
        let record = SinkFixtures.record(fields)
        var bytes: [UInt8] = []
        var reason = ""
        _ = encoder.encode(record, of: SinkFixtures.identity, into: &bytes, reason: &reason)
        return bytes
    }

    @Test func anItemHasKeyHeadersAndTheRecord() throws {
        let encoder = try encoder {
            $0.key = RecordTemplate([.field("user")])
            $0.headers = [
                ("host", RecordTemplate([.hostname])), ("tag", RecordTemplate([.tag])),
                ("none", RecordTemplate([.field("absent")])),
            ]
        }
        let found = parts(encode(encoder, [("user", "ann"), ("n", "=1")]))
        #expect(
            found == [
                "ann", "host=box", "tag=app.web", "none=", #"{"user":"ann","n":1}"#,
            ]
        )
        let keyless = parts(encode(encoder, [("n", "=1")]))
        #expect(keyless?.first == "no key")
    }

    @Test func aTopicComesFromTheRecordAndElseFromTheStandard() throws {
        let encoder = try encoder(topic: [.field("to")]) { $0.standardTopic = "rest" }
        let named = SinkFixtures.record([("to", "orders")])
        let other = SinkFixtures.record([("n", "=1")])
        #expect(SinkFixtures.key(encoder, named) == "orders")
        #expect(SinkFixtures.key(encoder, other) == "rest")
    }

    @Test(arguments: ["", "..", "a b", "a/b", "ä", String(repeating: "x", count: 250)])
    func aRecordWhoseTopicIsNoneIsRefusedAndMakesNoChunk(name: String) throws {
        let encoder = try encoder(topic: [.field("to")])
        let record = SinkFixtures.record([("to", name)])
        #expect(SinkFixtures.key(encoder, record) == "")
        let (text, reason) = SinkFixtures.encode(encoder, record)
        #expect(text == nil)
        #expect(reason.contains("topic"))
    }

    @Test func aTopicThatIsNoneIsRefusedAtOnce() {
        #expect(throws: SinkFailure.self) { try encoder(topic: [.literal("my logs")]) }
        #expect(throws: SinkFailure.self) { try encoder { $0.standardTopic = "." } }
    }

    @Test func hugeHeadersAreRefused() throws {
        let encoder = try encoder { $0.key = RecordTemplate([.field("k")]) }
        let record = SinkFixtures.record([("k", String(repeating: "x", count: 300_000))])
        #expect(SinkFixtures.encode(encoder, record).reason.contains("300000 bytes"))
    }

    @Test func anItemThatWasCutIsNone() throws {
        let encoder = try encoder {
            $0.key = RecordTemplate(literal: "k")
            $0.headers = [("a", RecordTemplate(literal: "b"))]
        }
        let whole = encode(encoder, [("n", "=1")])
        let begin = whole.count - #"{"n":1}"#.utf8.count
        for count in 0..<begin {
            let part = Array(whole[..<count])
            #expect(parts(part) == nil, "\(count)")
        }
        #expect(parts(whole) == ["k", "a=b", #"{"n":1}"#])
    }

    @Test func bytesOfAnythingAreReadWithoutHarm() {
        var generator = SplitMix(seed: 7)
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...40, using: &generator)
            var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            if !bytes.isEmpty { bytes[0] = UInt8(ascii: "K") }
            if bytes.count > 7 { bytes[5] = UInt8.random(in: 0...3, using: &generator) }
            if bytes.count > 7 { bytes[6] = 0 }
            guard let item = KafkaItem(bytes.span) else { continue }
            #expect(item.value.upperBound == bytes.count)
            for header in item.headers { #expect(header.value.upperBound <= bytes.count) }
        }
    }

    @Test func deadLettersShowTheRecordAlone() throws {
        let encoder = try encoder { $0.key = RecordTemplate(literal: "k") }
        let bytes = encode(encoder, [("n", "=1")])
        let kind = SinkConfiguration.Kind.kafka(
            KafkaOptions(brokers: ["a:1"], topic: RecordTemplate(literal: "t"))
        )
        let place = kind.record(in: bytes.span)
        #expect(String(decoding: bytes[place], as: UTF8.self) == #"{"n":1}"#)
        let other = Array("other".utf8)
        #expect(kind.record(in: other.span) == 0..<5)
    }
}
