/// Kafka, Loki, HTTP, forward, OTLP and syslog of fluent-bit.
enum FluentBitNetwork {
    static func kafka(
        _ parameters: FluentParameters,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) -> KafkaOptions {
        let brokers = FluentValues.words(try parameters.required("brokers"))
        var options = KafkaOptions(brokers: brokers, topic: RecordTemplate([]))
        try kafkaTopic(parameters, &options)
        if let field = try parameters.filled("message_key_field") {
            options.key = RecordTemplate([.field(FluentTemplates.path(field))])
            options.standardKey = try parameters.filled("message_key")
        } else if let text = try parameters.filled("message_key") {
            options.key = RecordTemplate(literal: text)
        }
        let format = try parameters.choice(
            "format",
            of: ["json", "msgpack", "gelf", "avro", "raw", "otlp_json", "otlp_proto"]
        )
        switch format ?? "json" {
        case "json":
            // The time stands in each message, in seconds unless the file says otherwise.
            sink.inject.timeKey = try parameters.filled("timestamp_key") ?? "@timestamp"
            let form = try parameters.choice(
                "timestamp_format",
                of: ["double", "iso8601", "iso8601_ns"]
            )
            sink.inject.timeForm = (form ?? "double") == "double" ? .float : .iso8601
        case "raw":
            options.form = .message(
                key: FluentTemplates.path(try parameters.required("raw_log_key"))
            )
            parameters.withoutEffect(["timestamp_key", "timestamp_format"])
        default:
            throw parameters.failure(
                "format \(format ?? "") is not supported",
                at: parameters.entry("format")?.place,
                hint: "there are json and raw"
            )
        }
        for entry in parameters.prefixed("rdkafka.") {
            let name = entry.key.lowercased()
            let value = try FluentValues.text(of: entry)
            switch name {
            case "compression.codec", "compression.type": options.compression = value
            case "request.required.acks", "acks":
                options.acks =
                    value == "all"
                    ? -1 : try FluentValues.integer(of: entry, in: -1...1)
            case "enable.idempotence":
                options.isIdempotent = try FluentValues.bool(of: entry, dialect: .fluentBit)
            default: options.properties.append((name, value))
            }
        }
        if options.acks != -1 { options.isIdempotent = false }
        if let client = try parameters.filled("client_id") {
            options.properties.append(("client.id", client))
        }
        try parameters.refuseTrue(["aws_msk_iam"], "there are PLAIN and SCRAM")
        _ = parameters.entry("raw_log_key")
        for prefix in ["gelf_", "schema"] {
            for entry in parameters.prefixed(prefix) {
                parameters.notes.add("\(prefix)\(entry.key) has no effect here", at: entry.place)
            }
        }
        parameters.withoutEffect([
            "queue_full_retries", "group_id",
            "otlp_logs_partition_by_resource", "serializer.framing", "aws_msk_iam_cluster_arn",
        ])
        return options
    }

    /// A single topic is that of all records, unless a field may name any other.
    private static func kafkaTopic(
        _ parameters: FluentParameters,
        _ options: inout KafkaOptions
    ) throws(LogConfigurationFailure) {
        let topics = FluentValues.words(try parameters.filled("topics") ?? "fluent-bit")
        let first = topics.first ?? "fluent-bit"
        options.topic = RecordTemplate(literal: first)
        let isDynamic = try parameters.bool("dynamic_topic")
        guard let key = try parameters.filled("topic_key") else { return }
        if isDynamic {
            options.topic = RecordTemplate([.field(FluentTemplates.path(key))])
            options.standardTopic = first
        } else if topics.count > 1 {
            throw parameters.failure(
                "topics names several, and topic_key chooses among them only",
                at: parameters.entry("topics")?.place,
                hint: "write Dynamic_Topic On: then any topic that a record names is written to"
            )
        } else {
            parameters.notes.add(
                "topic_key has no effect with a single topic and without dynamic_topic",
                at: parameters.entry("topic_key")?.place ?? parameters.place
            )
        }
    }

    static func loki(_ parameters: FluentParameters) throws(LogConfigurationFailure) -> LokiOptions
    {
        let uri = try parameters.filled("uri") ?? "/loki/api/v1/push"
        let suffix = "/loki/api/v1/push"
        let path = uri.hasSuffix(suffix) ? String(uri.dropLast(suffix.count)) : uri
        var target = try FluentBitOutputs.http(
            parameters,
            host: "127.0.0.1",
            port: 3100,
            path: path
        )
        if let token = try parameters.filled("bearer_token") { target.auth = .bearer(token) }
        var options = LokiOptions(target: target)
        options.tenant = try parameters.filled("tenant_id")
        try parameters.refuse(["tenant_id_key"], "one output has one tenant")
        options.labels = try pairs("labels", of: parameters)
        if options.labels.isEmpty, !parameters.has("label_keys") {
            options.labels = [("job", RecordTemplate(literal: "fluent-bit"))]
        }
        for path in try words("label_keys", of: parameters) {
            let field = FluentTemplates.path(path)
            let name = field.map { $0.isLetter || $0.isNumber ? $0 : "_" }
            options.labels.append((String(name), RecordTemplate([.field(field)])))
            options.removeKeys.append(field)
        }
        options.metadata = try pairs("structured_metadata", of: parameters)
        try parameters.refuse(
            ["structured_metadata_map_keys", "label_map_path"],
            "name each field"
        )
        try parameters.refuseTrue(["auto_kubernetes_labels"], "name the labels")
        options.removeKeys += try words("remove_keys", of: parameters).map(FluentTemplates.path)
        options.form =
            try parameters.choice("line_format", of: ["json", "key_value"]) == "key_value"
            ? .logfmt : .json
        parameters.withoutEffect([
            "drop_single_key", "buffer_size", "tenant_id_key_error_handling",
        ])
        return options
    }

    private static func words(
        _ key: String,
        of parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> [String] {
        (try parameters.list(key) ?? []).flatMap { FluentValues.words($0) }
    }

    /// `name=value, name=$field, $field`.
    private static func pairs(
        _ key: String,
        of parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> [(name: String, value: RecordTemplate)] {
        var pairs: [(name: String, value: RecordTemplate)] = []
        for word in try words(key, of: parameters) {
            let value: String
            let name: String
            if let equals = word.firstIndex(of: "=") {
                name = FluentValues.trimmed(word[..<equals])
                value = FluentValues.trimmed(word[word.index(after: equals)...])
            } else {
                value = word
                name = String(
                    FluentTemplates.path(word).map { $0.isLetter || $0.isNumber ? $0 : "_" }
                )
            }
            pairs.append(
                (
                    name,
                    value.hasPrefix("$")
                        ? RecordTemplate([.field(FluentTemplates.path(value))])
                        : RecordTemplate(literal: value)
                )
            )
        }
        return pairs
    }

    static func http(
        _ parameters: FluentParameters,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) -> HTTPOptions {
        let uri = try parameters.filled("uri") ?? "/"
        var target = try FluentBitOutputs.http(parameters, host: "127.0.0.1", port: 80, path: uri)
        if uri.hasSuffix("/") { target.urls = target.urls.map { $0 + "/" } }
        if try parameters.bool("aws_auth") {
            var aws = AWSOptions(region: try parameters.required("aws_region"))
            aws.assumedRole = try parameters.filled("aws_role_arn")
            target.auth = .sigV4(aws, service: try parameters.required("aws_service"))
        }
        for key in ["aws_region", "aws_service", "aws_role_arn"] { _ = parameters.entry(key) }
        if let timeout = try parameters.time("http.response_timeout") {
            target.timeout = max(1, timeout)
        }
        var options = HTTPOptions(target: target)
        options.method = (try parameters.choice("http_method", of: ["post", "put"]) ?? "post")
            .uppercased()
        let format = try parameters.choice(
            "format",
            of: ["json", "json_lines", "json_stream", "msgpack", "gelf"]
        )
        switch format ?? "json" {
        case "json":
            options.frame = .array
            options.contentType = "application/json"
        case "json_lines", "json_stream": options.contentType = "application/json"
        default:
            throw parameters.failure(
                "format \(format ?? "") is not supported",
                at: parameters.entry("format")?.place,
                hint: "there are json, json_lines and json_stream"
            )
        }
        try FluentBitOutputs.dates(parameters, into: &sink)
        try parameters.refuse(
            ["header_tag", "body_key", "headers_key"],
            "write Header with a text"
        )
        for prefix in ["oauth2.", "gelf_"] {
            if let entry = parameters.prefixed(prefix).first {
                throw parameters.failure(
                    "output http: \(prefix)\(entry.key) is not supported",
                    at: entry.place
                )
            }
        }
        parameters.withoutEffect([
            "allow_duplicated_headers", "log_response_payload", "http.read_idle_timeout",
        ])
        return options
    }

    static func forward(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> ForwardOptions {
        var options = ForwardOptions(
            target: try FluentBitOutputs.stream(parameters, port: 24224)
        )
        options.sharedKey = try parameters.filled("shared_key")
        options.user = try parameters.filled("username")
        options.password = try parameters.filled("password")
        options.requiresAck = try parameters.bool("require_ack_response", default: true)
        options.timeAsInteger = try parameters.bool("time_as_integer")
        options.compression = try parameters.choice("compress", of: ["text", "gzip"]) == "gzip"
        try parameters.refuse(["unix_path", "upstream"], "write Host and Port")
        try parameters.refuse(["tag"], "give the input the tag")
        // A key of no characters: only the user and the password count then.
        if try parameters.bool("empty_shared_key"), options.sharedKey == nil {
            options.sharedKey = ""
        }
        parameters.withoutEffect([
            "self_hostname", "send_options", "retain_metadata_in_forward_mode", "fluentd_compat",
            "add_option",
        ])
        return options
    }

    static func tcp(_ parameters: FluentParameters) throws(LogConfigurationFailure) -> StreamTarget
    {
        let format = try parameters.choice(
            "format",
            of: ["msgpack", "json", "json_lines", "json_stream"]
        )
        // Who reads a stream of objects does not mind the line feeds between them.
        guard format == "json_lines" || format == "json_stream" else {
            throw parameters.failure(
                "output tcp: format \(format ?? "msgpack, the default,") is not supported",
                at: parameters.entry("format")?.place,
                hint: "write Format json_lines"
            )
        }
        try parameters.refuse(["raw_message_key"], "the record is written as JSON")
        return try FluentBitOutputs.stream(parameters, port: 5170)
    }

    static func otlp(_ parameters: FluentParameters) throws(LogConfigurationFailure) -> OTLPOptions
    {
        let isGRPC = try parameters.bool("grpc")
        let uri = try parameters.filled("logs_uri") ?? "/v1/logs"
        guard uri.hasSuffix("/v1/logs") else {
            throw parameters.failure(
                "logs_uri \(fluentQuoted(uri)) is not supported",
                at: parameters.entry("logs_uri")?.place,
                hint: "it ends with /v1/logs"
            )
        }
        var target = try FluentBitOutputs.http(
            parameters,
            host: "127.0.0.1",
            port: isGRPC ? 4317 : 80,
            path: isGRPC ? "" : String(uri.dropLast("/v1/logs".count))
        )
        if try parameters.bool("aws_auth") {
            target.auth = .sigV4(
                AWSOptions(region: try parameters.required("aws_region")),
                service: try parameters.filled("aws_service") ?? "logs"
            )
        }
        for key in ["aws_region", "aws_service"] { _ = parameters.entry(key) }
        var options = OTLPOptions(target: target)
        options.transport = isGRPC ? .grpc : .httpProtobuf
        if let key = try parameters.filled("logs_body_key") {
            options.bodyKey = FluentTemplates.path(key)
        }
        for entry in parameters.all("add_label") {
            let words = FluentBitParsers.words(try FluentValues.text(of: entry))
            guard words.count == 2 else {
                throw parameters.failure("add_label needs a name and a value", at: entry.place)
            }
            options.resource.append((words[0], RecordTemplate(literal: words[1])))
        }
        for prefix in ["logs_", "metrics_", "traces_", "grpc_", "profiles_"] {
            for entry in parameters.prefixed(prefix)
            where prefix == "logs_" && !["uri", "body_key"].contains(entry.key.lowercased()) {
                parameters.notes.add("logs_\(entry.key) has no effect here", at: entry.place)
            }
        }
        parameters.withoutEffect(["http2", "batch_size", "log_response_payload"])
        return options
    }

    static func syslog(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> SyslogOptions {
        var options = SyslogOptions(target: try FluentBitOutputs.stream(parameters, port: 514))
        let mode = try parameters.choice("mode", of: ["udp", "tcp", "tls"])
        options.transport =
            mode == "tls" || options.target.tls.isOn ? .tls : mode == "tcp" ? .tcp : .udp
        options.target.tls.isOn = options.transport == .tls
        options.form =
            try parameters.choice("syslog_format", of: ["rfc3164", "rfc5424"]) == "rfc3164"
            ? .rfc3164 : .rfc5424
        options.facility = try parameters.integer("syslog_facility_preset", in: 0...23) ?? 1
        if let key = try parameters.filled("syslog_severity_key") {
            options.severityKey = FluentTemplates.path(key)
        }
        if let key = try parameters.filled("syslog_message_key") {
            options.messageKey = FluentTemplates.path(key)
        } else {
            options.messageKey = "log"
        }
        // It ends each message with a line feed on a stream.
        options.framing = .lines
        options.severity = try parameters.integer("syslog_severity_preset", in: 0...7) ?? 6
        if let key = try parameters.filled("syslog_facility_key") {
            options.facilityKey = FluentTemplates.path(key)
        }
        options.appName = try value("appname", of: parameters)
        options.hostname = try value("hostname", of: parameters)
        options.processID = try value("procid", of: parameters)
        options.messageID = try value("msgid", of: parameters)
        options.structuredKeys = try words("syslog_sd_key", of: parameters)
            .map(FluentTemplates.path)
        options.bytesMax = try parameters.size("syslog_maxsize").map { max($0, 480) }
        try parameters.refuseTrue(
            ["allow_longer_sd_id"],
            "names of structured data have 32 characters at most"
        )
        return options
    }

    private static func value(
        _ name: String,
        of parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> RecordTemplate? {
        let preset = try parameters.filled("syslog_\(name)_preset")
        if let key = try parameters.filled("syslog_\(name)_key") {
            return RecordTemplate([.field(FluentTemplates.path(key))])
        }
        return preset.map { RecordTemplate(literal: $0) }
    }
}
