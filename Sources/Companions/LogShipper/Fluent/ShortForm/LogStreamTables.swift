internal import Document

/// Sinks that speak protocols of their own over a stream: Kafka, beats, forward, syslog, TCP.
enum LogStreamTables {
    static let shapes: [LogShape<SinkConfiguration.Kind>] = [
        LogShape(
            "kafka",
            "Kafka.",
            kafka,
            wrap: { .kafka($0) },
            unwrap: {
                if case .kafka(let options) = $0 { return options }
                return nil
            }
        ),
        LogShape(
            "forward",
            "The protocol of fluentd and fluent-bit.",
            forward,
            wrap: { .forward($0) },
            unwrap: {
                if case .forward(let options) = $0 { return options }
                return nil
            }
        ),
        LogShape(
            "beats",
            "Logstash's beats input.",
            LogTable(Beats()) { table in
                table.add(
                    "beats",
                    \.target.addresses,
                    .many(.address(5044)),
                    "The servers.",
                    isRequired: true
                )
                table.add("gzip", \.isCompressed, .boolean, "Batches are compressed.")
                table.include(LogServerTables.stream, \.target)
            },
            wrap: { .beats($0.target, compression: $0.isCompressed) },
            unwrap: {
                if case .beats(let target, let isCompressed) = $0 {
                    return Beats(target: target, isCompressed: isCompressed)
                }
                return nil
            }
        ),
        LogShape(
            "tcp",
            "JSON lines over TCP, as Logstash's `tcp` input with `json_lines` takes them.",
            LogTable(StreamTarget(addresses: [])) { table in
                table.add(
                    "tcp",
                    \.addresses,
                    .many(.address(nil)),
                    "The servers.",
                    isRequired: true
                )
                table.include(LogServerTables.stream, \.self)
            },
            wrap: { .tcp($0) },
            unwrap: {
                if case .tcp(let target) = $0 { return target }
                return nil
            }
        ),
        LogShape(
            "syslog",
            "A syslog server.",
            syslog,
            wrap: { .syslog($0) },
            unwrap: {
                if case .syslog(let options) = $0 { return options }
                return nil
            }
        ),
    ]

    private struct Beats: Sendable, Equatable {
        var target = StreamTarget(addresses: [])
        var isCompressed = false
    }

    private static let kafka = LogTable(
        KafkaOptions(brokers: [], topic: RecordTemplate([]))
    ) { table in
        table.add("kafka", \.brokers, .many(.address(9092)), "The brokers.", isRequired: true)
        table.add("topic", \.topic, .template, "The topic.", isRequired: true)
        table.add(
            "defaultTopic",
            optional: \.standardTopic,
            .text,
            "The topic where the template comes to nothing."
        )
        table.add("key", optional: \.key, .template, "The message's key.")
        table.add(
            "defaultKey",
            optional: \.standardKey,
            .text,
            "The key where the template comes to nothing."
        )
        table.add(
            "headers",
            \.namedHeaders,
            .named(.template, words: "names with a [template](#templates) each"),
            "Headers of the message.",
            standard: "none"
        )
        table.add("format", \.form, .form, "What the message is.")
        table.add(
            "compression",
            \.compression,
            .word(["none", "gzip", "snappy", "lz4", "zstd"].map { ($0, $0) }),
            "How batches are compressed."
        )
        table.add("idempotent", \.isIdempotent, .boolean, "No message is there twice.")
        table.add(
            "acks",
            \.acks,
            .word([("all", -1), ("1", 1), ("0", 0)]),
            "How many replicas must have it."
        )
        table.add(
            "sasl",
            optional: \.saslParts,
            .object(sasl, title: "sasl"),
            "Who we are."
        )
        table.add(
            "tls",
            \.tls,
            .tls(isOn: true),
            "TLS is spoken; `true` for the usual way.",
            standard: "none"
        )
        table.add(
            "properties",
            \.namedProperties,
            .named(.text, words: "names with a text each"),
            "Any property of librdkafka's.",
            standard: "none"
        )
        table.add("timeout", \.timeout, .duration(1), "Until a message is acknowledged.")
    }

    private static let sasl = LogTable(LogSASL()) { table in
        table.add(
            "mechanism",
            \.mechanism,
            .word(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"].map { ($0, $0) }),
            "The mechanism."
        )
        table.add("user", \.user, .text, "The user.", isRequired: true)
        table.add(secret: "password", \.password, "The user's password.", isRequired: true)
    }

    private static let forward = LogTable(
        ForwardOptions(target: StreamTarget(addresses: []))
    ) { table in
        table.add(
            "forward",
            \.target.addresses,
            .many(.address(24224)),
            "The servers.",
            isRequired: true
        )
        table.add(secret: "sharedKey", \.sharedKey, "What both sides know.")
        table.add("user", optional: \.user, .text, "The user, with `password`.")
        table.add(secret: "password", \.password, "The user's password.")
        table.add(
            "ack",
            \.requiresAck,
            .boolean,
            "Waits for each chunk's acknowledgement; without it what was written is delivered."
        )
        table.add("gzip", \.compression, .boolean, "Chunks are compressed.")
        table.add("integerTime", \.timeAsInteger, .boolean, "Times are whole seconds.")
        table.include(LogServerTables.stream, \.target)
    }

    private static let syslog = LogTable(
        SyslogOptions(target: StreamTarget(addresses: []))
    ) { table in
        table.add(
            "syslog",
            \.target.addresses,
            .many(.address(514)),
            "The servers.",
            isRequired: true
        )
        table.add(
            "transport",
            \.transport,
            .word([("udp", .udp), ("tcp", .tcp), ("tls", .tls)]),
            "How messages are sent."
        )
        table.add(
            "format",
            \.form,
            .word([("rfc5424", .rfc5424), ("rfc3164", .rfc3164)]),
            "How they are written."
        )
        table.add(
            "framing",
            \.framing,
            .word([("counted", .counted), ("lines", .lines)]),
            "How messages are told apart over TCP and TLS: by a length before each, or by line feeds."
        )
        table.add("facility", \.facility, .integer(0...23), "The facility's number.")
        table.add(
            "facilityField",
            optional: \.facilityKey,
            .field,
            "The field with the facility's name or number."
        )
        table.add(
            "severity",
            \.severity,
            .integer(0...7),
            "The severity's number where the record has none."
        )
        table.add(
            "severityField",
            \.severityKey,
            .text,
            "The field with the severity; empty: none."
        )
        table.add(
            "messageField",
            \.messageKey,
            .text,
            "The field with the message; empty: the record as JSON."
        )
        table.add("appName", optional: \.appName, .template, "The application's name.")
        table.add("hostname", optional: \.hostname, .template, "The host's name.")
        table.add("processID", optional: \.processID, .template, "The process' number.")
        table.add("messageID", optional: \.messageID, .template, "The kind of message.")
        table.add(
            "structuredFields",
            \.structuredKeys,
            .many(.field),
            "Fields with objects, which become elements of the structured data.",
            standard: "none"
        )
        table.add(
            "structuredID",
            optional: \.structuredID,
            .text,
            "The element of the structured data that all other fields go into."
        )
        table.add(
            "size",
            optional: \.bytesMax,
            .size(480...1 << 30),
            "Bytes of one message; longer ones are cut off.",
            absence: "8 KiB over UDP"
        )
        table.include(LogServerTables.stream, \.target)
    }
}

/// Kafka's user, the password as a secret.
struct LogSASL: Sendable, Equatable {
    var mechanism = "PLAIN"
    var user = ""
    var password: String?
}

extension KafkaOptions {
    fileprivate var namedHeaders: [LogNamed<RecordTemplate>] {
        get { headers.map { LogNamed(name: $0.name, value: $0.value) } }
        set { headers = newValue.map { (name: $0.name, value: $0.value) } }
    }

    fileprivate var namedProperties: [LogNamed<String>] {
        get { properties.map { LogNamed(name: $0.name, value: $0.value) } }
        set { properties = newValue.map { (name: $0.name, value: $0.value) } }
    }

    fileprivate var saslParts: LogSASL? {
        get {
            sasl.map { LogSASL(mechanism: $0.mechanism, user: $0.user, password: $0.password) }
        }
        set {
            sasl = newValue.map {
                KafkaSASL(mechanism: $0.mechanism, user: $0.user, password: $0.password ?? "")
            }
        }
    }
}
