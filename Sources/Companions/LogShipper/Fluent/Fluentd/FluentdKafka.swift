/// Kafka: kafka2, rdkafka2 and their elders.
enum FluentdKafka {
    static func compile(
        _ parameters: FluentParameters,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) {
        let brokers = try parameters.list("brokers") ?? ["localhost:9092"]
        guard !brokers.isEmpty, !brokers.contains("") else {
            throw parameters.failure("brokers is empty", at: parameters.entry("brokers")?.place)
        }
        var options = KafkaOptions(brokers: brokers, topic: RecordTemplate([]))
        try topic(parameters, into: &options)
        // The field is looked for whether or not the file names it.
        let key = try parameters.filled("message_key_key") ?? "message_key"
        options.key = RecordTemplate([.field(FluentTemplates.path(key))])
        options.standardKey = try parameters.filled("default_message_key")
        for (name, value) in try parameters.map("headers") ?? [] {
            options.headers.append((name, RecordTemplate(literal: value)))
        }
        for (name, path) in try parameters.map("headers_from_record") ?? [] {
            options.headers.append((name, RecordTemplate([.field(FluentTemplates.path(path))])))
        }
        if let codec = try parameters.choice(
            "compression_codec",
            of: ["gzip", "snappy", "lz4", "zstd", "none"]
        ) {
            options.compression = codec
        }
        options.isIdempotent = try parameters.bool("idempotent", default: true)
        options.acks = try parameters.integer("required_acks", in: -1...1) ?? -1
        if options.acks != -1 { options.isIdempotent = false }
        try properties(parameters, &options)
        options.form = try FluentdBuffer.form(parameters, standard: .json)
        try security(parameters, &options)
        try others(parameters)
        try FluentdBuffer.inject(parameters, into: &sink)
        sink.kind = .kafka(options)
    }

    /// A record's field says the topic where it is one of the buffer's keys, and `topic` is one unless the
    /// file names others; without it the standard counts.
    private static func topic(
        _ parameters: FluentParameters,
        into options: inout KafkaOptions
    ) throws(LogConfigurationFailure) {
        let isKeyGiven = parameters.has("topic_key")
        let key = try parameters.filled("topic_key") ?? "topic"
        let standard = try FluentdSinks.template("default_topic", of: parameters)
        if let topic = try FluentdSinks.template("topic", of: parameters) {
            options.topic = topic
            return
        }
        guard isKeyGiven || standard != nil else {
            throw parameters.failure("\(parameters.title): topic or default_topic is missing")
        }
        let argument = try parameters.section("buffer")?.argument ?? ""
        let keys = argument.split { $0 == "," || $0 == " " }.map(String.init)
        let isAmongKeys = keys.isEmpty ? key == "topic" || standard == nil : keys.contains(key)
        if let standard, standard.literal == nil || !isAmongKeys {
            if isKeyGiven {
                parameters.notes.add(
                    "topic_key has no effect beside default_topic, as the buffer's keys do not name it",
                    at: parameters.entry("topic_key")?.place ?? parameters.place
                )
            }
            options.topic = standard
            return
        }
        options.topic = RecordTemplate([.field(FluentTemplates.path(key))])
        options.standardTopic = standard?.literal
    }

    /// What goes to librdkafka by its name there.
    private static func properties(
        _ parameters: FluentParameters,
        _ options: inout KafkaOptions
    ) throws(LogConfigurationFailure) {
        if let timeout = try parameters.time("ack_timeout") {
            options.properties.append(("request.timeout.ms", "\(max(1, timeout))"))
        }
        for (name, property) in [
            ("rdkafka_message_max_bytes", "message.max.bytes"),
            ("rdkafka_message_max_num", "batch.num.messages"),
            ("rdkafka_buffering_max_ms", "queue.buffering.max.ms"),
        ] {
            guard let number = try parameters.integer(name, in: 0...Int(Int32.max)) else {
                continue
            }
            options.properties.append((property, "\(number)"))
        }
        if let password = try parameters.filled("ssl_client_cert_key_password") {
            options.properties.append(("ssl.key.password", password))
        }
        if try !parameters.bool("ssl_verify_hostname", default: true) {
            options.properties.append(("ssl.endpoint.identification.algorithm", "none"))
        }
        if let client = try parameters.filled("client_id") {
            options.properties.append(("client.id", client))
        }
        for (name, value) in try parameters.map("rdkafka_options") ?? [] {
            switch name {
            case "compression.codec", "compression.type": options.compression = value
            case "enable.idempotence": options.isIdempotent = value == "true"
            case "acks", "request.required.acks":
                options.acks = ["all": -1, "-1": -1, "0": 0, "1": 1][value] ?? options.acks
                if options.acks != -1 { options.isIdempotent = false }
            default: options.properties.append((name, value))
            }
        }
    }

    private static func security(
        _ parameters: FluentParameters,
        _ options: inout KafkaOptions
    ) throws(LogConfigurationFailure) {
        let authorities = try parameters.list("ssl_ca_cert") ?? []
        guard authorities.count <= 1 else {
            throw parameters.failure(
                "ssl_ca_cert names several files",
                at: parameters.entry("ssl_ca_cert")?.place,
                hint: "put the certificates into one"
            )
        }
        options.tls.authorityFile = authorities.first
        options.tls.certificateFile = try parameters.filled("ssl_client_cert")
        options.tls.keyFile = try parameters.filled("ssl_client_cert_key")
        let usesSystem = try parameters.bool("ssl_ca_certs_from_system")
        options.tls.isOn =
            !authorities.isEmpty || options.tls.certificateFile != nil || usesSystem
        try parameters.refuse(
            ["ssl_client_cert_chain"],
            "give one file with the certificate and those above it"
        )
        let isOverTLS = try parameters.bool("sasl_over_ssl", default: true)
        if let user = try parameters.filled("username") {
            let mechanism = try parameters.choice("scram_mechanism", of: ["sha256", "sha512"])
            options.sasl = KafkaSASL(
                mechanism: mechanism == "sha256"
                    ? "SCRAM-SHA-256" : mechanism == "sha512" ? "SCRAM-SHA-512" : "PLAIN",
                user: user,
                password: try parameters.text("password") ?? ""
            )
            if isOverTLS { options.tls.isOn = true }
        } else {
            _ = try parameters.choice("scram_mechanism", of: ["sha256", "sha512"])
            _ = try parameters.text("password")
        }
        try parameters.refuse(
            [
                "principal", "keytab", "sasl_aws_msk_iam_access_key_id",
                "sasl_aws_msk_iam_secret_key_id", "sasl_aws_msk_iam_aws_region",
            ],
            "there are PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512"
        )
    }

    private static func others(_ parameters: FluentParameters) throws(LogConfigurationFailure) {
        try parameters.refuse(
            ["record_key", "exclude_fields", "output_data_type"],
            "a filter with record_transformer can do it"
        )
        parameters.withoutEffect([
            "partition_key_key", "default_partition_key", "partition_key", "default_partition",
            "partitioner_hash_function", "use_default_for_unknown_topic",
            "use_default_for_unknown_partition_error", "exclude_partition_key", "exclude_partition",
            "exclude_message_key", "exclude_topic_key", "use_event_time", "resolve_seed_brokers",
            "get_kafka_client_log", "ignore_exceptions", "exception_backup", "connect_timeout",
            "socket_timeout", "max_send_retries", "max_send_limit_bytes",
            "discard_kafka_delivery_failed", "discard_kafka_delivery_failed_regex",
            "active_support_notification_regex", "share_producer", "service_name",
            "rdkafka_buffering_max_messages", "rdkafka_delivery_handle_poll_timeout",
            "max_enqueue_retries", "enqueue_retry_backoff", "max_enqueue_bytes_per_second",
            "unrecoverable_error_codes", "output_include_tag", "output_include_time", "zookeeper",
        ])
    }
}
