import Testing

@testable import LogShipper

/// What fluentd's and fluent-bit's Kafka outputs mean here.
struct KafkaMappingTests {
    private struct Missing: Error {}

    private func fluentd(_ lines: String, buffer: String? = nil) throws -> KafkaOptions {
        let section = buffer.map { "\n<buffer \($0)>\n  @type memory\n</buffer>" } ?? ""
        let sink = try FluentTexts.sink("@type rdkafka2\nbrokers a:1\n" + lines + section)
        guard case .kafka(let options) = sink.kind else { throw Missing() }
        return options
    }

    private func fluentBit(_ lines: String) throws -> (KafkaOptions, SinkConfiguration) {
        let text = FluentTexts.output("Name kafka\nBrokers a:1\n" + lines)
        let configuration = try FluentTexts.fluentBit(text)
        guard let sink = configuration.sinks.first, case .kafka(let options) = sink.kind else {
            throw Missing()
        }
        return (options, sink)
    }

    @Test func fluentdsTopicFieldCountsBeforeTheDefault() throws {
        let options = try fluentd("default_topic rest")
        #expect(options.topic == RecordTemplate([.field("topic")]))
        #expect(options.standardTopic == "rest")
        let named = try fluentd("topic_key to\ndefault_topic rest", buffer: "to")
        #expect(named.topic == RecordTemplate([.field("to")]))
        #expect(named.standardTopic == "rest")
        let other = try fluentd("default_topic rest", buffer: "tag")
        #expect(other.topic == RecordTemplate(literal: "rest"))
        #expect(try fluentd("topic all\ntopic_key to").topic == RecordTemplate(literal: "all"))
    }

    @Test func fluentdsMessageKeyHasAFieldOfItsOwn() throws {
        let options = try fluentd("topic t")
        #expect(options.key == RecordTemplate([.field("message_key")]))
        #expect(options.standardKey == nil)
        let named = try fluentd("topic t\nmessage_key_key user\ndefault_message_key none")
        #expect(named.key == RecordTemplate([.field("user")]))
        #expect(named.standardKey == "none")
    }

    @Test func rdkafkasOptionsGoWhereTheyBelong() throws {
        let options = try fluentd(
            """
            topic t
            rdkafka_message_max_bytes 5000
            rdkafka_message_max_num 10
            ssl_client_cert_key_password p
            ssl_verify_hostname false
            rdkafka_options {"acks":"1","compression.codec":"lz4","linger.ms":"7"}
            """
        )
        #expect(options.acks == 1 && !options.isIdempotent)
        #expect(options.compression == "lz4")
        let properties = Dictionary(options.properties.map { ($0.name, $0.value) }) { $1 }
        #expect(
            properties == [
                "message.max.bytes": "5000", "batch.num.messages": "10",
                "ssl.key.password": "p", "ssl.endpoint.identification.algorithm": "none",
                "linger.ms": "7",
            ]
        )
    }

    @Test func fluentBitPutsTheTimeIntoTheMessage() throws {
        let (_, sink) = try fluentBit("Topics t")
        #expect(sink.inject.timeKey == "@timestamp")
        #expect(sink.inject.timeForm == .float)
        let (_, iso) = try fluentBit("Topics t\nTimestamp_Key at\nTimestamp_Format iso8601")
        #expect(iso.inject.timeKey == "at")
        #expect(iso.inject.timeForm == .iso8601)
    }

    @Test func fluentBitsTopicKeyChoosesWhereTopicsAreDynamic() throws {
        let (single, _) = try fluentBit("Topics t\nTopic_Key to")
        #expect(single.topic == RecordTemplate(literal: "t"))
        let (dynamic, _) = try fluentBit("Topics t,u\nTopic_Key to\nDynamic_Topic On")
        #expect(dynamic.topic == RecordTemplate([.field("to")]))
        #expect(dynamic.standardTopic == "t")
        #expect(throws: LogConfigurationFailure.self) { try fluentBit("Topics t,u\nTopic_Key to") }
        let (keyed, _) = try fluentBit("Topics t\nMessage_Key_Field user\nMessage_Key none")
        #expect(keyed.key == RecordTemplate([.field("user")]))
        #expect(keyed.standardKey == "none")
    }
}
