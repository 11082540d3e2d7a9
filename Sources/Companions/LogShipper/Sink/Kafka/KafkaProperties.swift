/// The properties of librdkafka's that a sink's options come to.
///
/// What the options say stands first, so that a property of the same name that was given freely counts;
/// those that would break what the sink promises are refused.
struct KafkaProperties: Equatable {
    private(set) var list: [(name: String, value: String)] = []

    static func == (left: KafkaProperties, right: KafkaProperties) -> Bool {
        left.list.elementsEqual(right.list) { $0.name == $1.name && $0.value == $1.value }
    }

    /// Bytes of a message, unless the configuration says otherwise.
    static let messageBytesStandard = 1_000_000
    private static let codecs = ["none", "gzip", "snappy", "lz4", "zstd"]

    /// Refused, with what to write instead.
    private static let refused: [String: String] = [
        "bootstrap.servers": "name the brokers of the sink",
        "metadata.broker.list": "name the brokers of the sink",
        "enable.idempotence": "say 'idempotent' of the sink",
        "acks": "say 'acks' of the sink",
        "request.required.acks": "say 'acks' of the sink",
        "delivery.report.only.error": "without reports nothing would count as delivered",
        "transactional.id": "the sink has no transactions",
        "statistics.interval.ms": "leave it out: nobody reads them",
        "log.queue": "leave it out: lines go to the log",
        "enable.sasl.oauthbearer.unsecure.jwt": "leave it out: it is for tests",
        "internal.termination.signal": "leave it out",
        "background_event_cb": "leave it out",
    ]

    /// - Throws: what in the options can't be.
    init(_ options: KafkaOptions) throws(SinkFailure) {
        guard !options.brokers.isEmpty, !options.brokers.contains("") else {
            throw SinkFailure("it has no broker", hint: "write brokers as host:port")
        }
        for broker in options.brokers where broker.contains(where: { $0 == "," || $0 == " " }) {
            throw SinkFailure("'\(broker)' is no broker", hint: "write host:port")
        }
        add("bootstrap.servers", options.brokers.joined(separator: ","))
        add("client.id", "pillion")
        try addDelivery(options)
        try addSecurity(options)
        for (name, value) in options.properties { try addFree(name, value, options) }
    }

    private mutating func add(_ name: String, _ value: String) { list.append((name, value)) }

    // MARK: - Delivery

    private mutating func addDelivery(_ options: KafkaOptions) throws(SinkFailure) {
        guard (-1...1).contains(options.acks) else {
            throw SinkFailure("acks \(options.acks) is not known", hint: "write -1 (all), 0 or 1")
        }
        if options.isIdempotent, options.acks != -1 {
            throw SinkFailure(
                "an idempotent sink needs the acknowledgement of all, and acks is \(options.acks)",
                hint: "leave acks out, or set idempotent to false"
            )
        }
        guard Self.codecs.contains(options.compression) else {
            throw SinkFailure(
                "the compression '\(options.compression)' is not known",
                hint: "there are \(Self.codecs.joined(separator: ", "))"
            )
        }
        guard options.timeout > 0, options.timeout <= Int64(Int32.max) else {
            throw SinkFailure("the timeout \(options.timeout) ms can't be")
        }
        add("enable.idempotence", options.isIdempotent ? "true" : "false")
        add("acks", options.acks == -1 ? "all" : "\(options.acks)")
        // Without sequence numbers, what is tried again would be overtaken by what comes after it.
        if !options.isIdempotent { add("max.in.flight.requests.per.connection", "1") }
        add("compression.codec", options.compression)
        add("message.timeout.ms", "\(options.timeout)")
        // What Kafka's own clients do, so that a key has its partition whoever writes it.
        add("partitioner", "murmur2_random")
        // A chunk has less; the memory of what waits is the sink's own buffer.
        add("queue.buffering.max.messages", "250000")
        add("reconnect.backoff.max.ms", "2000")
        add("log_level", "4")
        add("log.connection.close", "false")
    }

    // MARK: - Security

    private mutating func addSecurity(_ options: KafkaOptions) throws(SinkFailure) {
        let tls = options.tls
        let isTLS = tls.isOn || tls.authorityFile != nil || tls.certificateFile != nil
        switch (isTLS, options.sasl != nil) {
        case (false, false): break
        case (true, false): add("security.protocol", "ssl")
        case (false, true): add("security.protocol", "sasl_plaintext")
        case (true, true): add("security.protocol", "sasl_ssl")
        }
        if isTLS {
            if let file = tls.authorityFile { add("ssl.ca.location", file) }
            if let file = tls.certificateFile {
                add("ssl.certificate.location", file)
                add("ssl.key.location", tls.keyFile ?? file)
            }
            if tls.serverName != nil {
                throw SinkFailure(
                    "the name in a broker's certificate can't be given",
                    hint: "brokers are known by the names that the cluster announces"
                )
            }
            add("enable.ssl.certificate.verification", tls.verifies ? "true" : "false")
            add("ssl.endpoint.identification.algorithm", tls.verifies ? "https" : "none")
        }
        if let sasl = options.sasl {
            guard ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"].contains(sasl.mechanism) else {
                throw SinkFailure(
                    "the mechanism '\(sasl.mechanism)' is not known",
                    hint:
                        "there are PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512; others go as properties"
                )
            }
            add("sasl.mechanisms", sasl.mechanism)
            add("sasl.username", sasl.user)
            add("sasl.password", sasl.password)
        }
    }

    // MARK: - What has no name of its own

    private mutating func addFree(
        _ name: String,
        _ value: String,
        _ options: KafkaOptions
    ) throws(SinkFailure) {
        if name.utf8.contains(0) || value.utf8.contains(0) {
            throw SinkFailure("the property '\(name)' has a zero byte")
        }
        if let instead = Self.refused[name] {
            throw SinkFailure("the property \(name) can't be set here", hint: instead)
        }
        if ["message.timeout.ms", "delivery.timeout.ms"].contains(name) {
            let time = Int64(value) ?? 0
            // Nothing may be under way any more when it counts as failed.
            guard time > 0, time <= options.timeout else {
                throw SinkFailure(
                    "the property \(name) is \(value), and may be \(options.timeout) at most",
                    hint: "raise the sink's timeout"
                )
            }
        }
        add(name, value)
    }

    /// The value that counts in the end, by any of a property's names.
    func value(_ names: String...) -> String? {
        list.last { names.contains($0.name) }?.value
    }

    /// Bytes of a message that the library lets pass.
    var messageBytesMax: Int {
        value("message.max.bytes").flatMap { Int($0) } ?? Self.messageBytesStandard
    }

    /// Those with which a producer can be made for a trial: it connects to nobody, and reads no file.
    var trial: [(name: String, value: String)] {
        let transport = value("security.protocol")?.lowercased() ?? "plaintext"
        let mechanism = value("sasl.mechanisms", "sasl.mechanism") ?? ""
        // Others would ask servers or run programs.
        let isSASL =
            transport.hasPrefix("sasl")
            && (mechanism == "PLAIN" || mechanism.hasPrefix("SCRAM-"))
        var kept = list.filter { property in
            let name = property.name
            if name == "bootstrap.servers" || name == "security.protocol" { return false }
            if name.hasPrefix("ssl.") || name.hasPrefix("enable.ssl.") { return false }
            if name.hasPrefix("sasl.") { return isSASL }
            return name != "test.mock.num.brokers"
        }
        kept.append(("security.protocol", isSASL ? "sasl_plaintext" : "plaintext"))
        return kept
    }
}
