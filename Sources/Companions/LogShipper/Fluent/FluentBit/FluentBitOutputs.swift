/// `[OUTPUT]`: where records go.
enum FluentBitOutputs {
    private static let known = [
        "es", "opensearch", "kafka", "loki", "http", "forward", "s3", "cloudwatch_logs", "splunk",
        "datadog", "syslog", "opentelemetry", "azure_logs_ingestion", "file", "stdout", "null",
        "tcp",
    ]

    private static let reasons = [
        "azure": "the HTTP Data Collector that it speaks to ends: write azure_logs_ingestion",
        "cloudwatch": "write cloudwatch_logs",
        "elasticsearch": "fluent-bit calls it es",
        "prometheus_exporter": "the metrics are at the admin address",
        "prometheus_remote_write": "metrics are collected elsewhere",
        "stackdriver": "write opentelemetry", "gelf": "write http, or syslog",
        "kafka-rest": "write kafka", "kinesis_streams": "write cloudwatch_logs or s3",
        "kinesis_firehose": "write s3",
    ]

    static func compile(
        _ parameters: FluentParameters,
        type: String,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) {
        try common(parameters, into: &sink)
        switch type {
        case "es", "opensearch":
            try FluentBitSearch.compile(parameters, type: type, into: &sink)
        case "kafka": sink.kind = .kafka(try FluentBitNetwork.kafka(parameters, into: &sink))
        case "loki": sink.kind = .loki(try FluentBitNetwork.loki(parameters))
        case "http": sink.kind = .http(try FluentBitNetwork.http(parameters, into: &sink))
        case "forward": sink.kind = .forward(try FluentBitNetwork.forward(parameters))
        case "opentelemetry": sink.kind = .otlp(try FluentBitNetwork.otlp(parameters))
        case "syslog": sink.kind = .syslog(try FluentBitNetwork.syslog(parameters))
        case "tcp":
            sink.kind = .tcp(try FluentBitNetwork.tcp(parameters))
            try dates(parameters, into: &sink)
        case "s3": sink.kind = .s3(try FluentBitCloud.s3(parameters, into: &sink))
        case "cloudwatch_logs": sink.kind = .cloudWatch(try FluentBitCloud.cloudWatch(parameters))
        case "splunk": sink.kind = .splunk(try FluentBitCloud.splunk(parameters))
        case "datadog": sink.kind = .datadog(try FluentBitCloud.datadog(parameters, into: &sink))
        case "azure_logs_ingestion": sink.kind = .azure(try FluentBitCloud.azure(parameters))
        case "file": try file(parameters, into: &sink)
        case "stdout":
            _ = try parameters.choice(
                "format",
                of: ["msgpack", "json", "json_lines", "json_stream"]
            )
            try dates(parameters, into: &sink)
            sink.kind = .standardOutput(.json)
        default:
            throw FluentBitCompilation.unknown(
                "output",
                type,
                in: parameters.section,
                known: known,
                reasons: reasons
            )
        }
    }

    // MARK: - What all have

    private static func common(
        _ parameters: FluentParameters,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) {
        if let entry = parameters.entry("retry_limit") {
            let text = try FluentValues.text(of: entry).lowercased()
            switch text {
            case "false", "off", "no_limits": sink.retry.attemptsMax = nil
            case "no_retries": sink.retry.attemptsMax = 0
            default: sink.retry.attemptsMax = try FluentValues.integer(of: entry, in: 0...1_000_000)
            }
        }
        if let size = try parameters.size("storage.total_limit_size"), size > 0 {
            sink.buffer.diskMax = size
        }
        if let workers = try parameters.integer("workers", in: 0...64), workers > 1 {
            sink.buffer.flushThreads = workers
        }
        parameters.withoutEffect(["log_level", "log_suppress_interval", "ipv6"])
        for entry in parameters.prefixed("net.") {
            parameters.notes.add("net.\(entry.key) has no effect here", at: entry.place)
        }
    }

    /// `tls`, `tls.verify` and their kin.
    static func tls(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> SinkTLSOptions {
        var tls = SinkTLSOptions()
        tls.isOn = try parameters.bool("tls")
        tls.verifies = try parameters.bool("tls.verify", default: true)
        tls.authorityFile = try parameters.filled("tls.ca_file")
        tls.certificateFile = try parameters.filled("tls.crt_file")
        tls.keyFile = try parameters.filled("tls.key_file")
        tls.serverName = try parameters.filled("tls.vhost")
        try parameters.refuse(["tls.key_passwd"], "give a key without a passphrase")
        try parameters.refuse(["tls.ca_path"], "give one file with tls.ca_file")
        parameters.withoutEffect([
            "tls.debug", "tls.verify_hostname", "tls.min_version", "tls.max_version", "tls.ciphers",
        ])
        return tls
    }

    /// Host, port, path, TLS, a user, headers and compression.
    static func http(
        _ parameters: FluentParameters,
        host standard: String,
        port: Int,
        path: String
    ) throws(LogConfigurationFailure) -> HTTPTarget {
        let tls = try tls(parameters)
        var target = HTTPTarget(urls: [])
        target.tls = tls
        let host = try parameters.filled("host") ?? standard
        guard !host.contains("/"), !host.contains(" ") else {
            throw parameters.failure(
                "host is \(fluentQuoted(host)), which is no name of a host",
                at: parameters.entry("host")?.place
            )
        }
        target.urls = [
            FluentAddress.url(
                scheme: tls.isOn ? "https" : "http",
                host: host,
                port: try parameters.integer("port", in: 1...65535) ?? port,
                path: path
            )
        ]
        if let user = try parameters.filled("http_user") {
            target.auth = .basic(
                user: user,
                password: try parameters.text("http_passwd") ?? ""
            )
        } else {
            _ = parameters.entry("http_passwd")
        }
        for entry in parameters.all("header") {
            let text = try FluentValues.text(of: entry)
            guard let space = text.firstIndex(of: " ") else {
                throw parameters.failure(
                    "header is \(fluentQuoted(text)); a name and a value were expected",
                    at: entry.place
                )
            }
            target.headers.append(
                (String(text[..<space]), FluentValues.trimmed(text[space...]))
            )
        }
        if let entry = parameters.entry("compress") {
            let text = try FluentValues.text(of: entry).lowercased()
            switch text {
            case "gzip": target.compression = true
            case "false", "off": break
            default:
                throw parameters.failure(
                    "compress \(fluentQuoted(text)) is not supported",
                    at: entry.place,
                    hint: "there is gzip"
                )
            }
        }
        try parameters.refuse(["proxy"], "the server is spoken to directly")
        return target
    }

    static func stream(
        _ parameters: FluentParameters,
        port: Int
    ) throws(LogConfigurationFailure) -> StreamTarget {
        let host = try parameters.filled("host") ?? "127.0.0.1"
        var target = StreamTarget(addresses: [
            FluentAddress.join(host, try parameters.integer("port", in: 1...65535) ?? port)
        ])
        target.tls = try tls(parameters)
        return target
    }

    /// `json_date_key` and `json_date_format`.
    static func dates(
        _ parameters: FluentParameters,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) {
        let key = try parameters.text("json_date_key") ?? "date"
        let format = try parameters.choice(
            "json_date_format",
            of: ["double", "epoch", "epoch_ms", "iso8601", "java_sql_timestamp"]
        )
        if key.lowercased() == "false" || key.isEmpty { return }
        sink.inject.timeKey = key
        switch format ?? "double" {
        case "double": sink.inject.timeForm = .float
        case "epoch": sink.inject.timeForm = .unix
        case "epoch_ms": sink.inject.timeForm = .unixMilliseconds
        case "java_sql_timestamp": sink.inject.timeForm = .format("%Y-%m-%d %H:%M:%S.%6N")
        default: sink.inject.timeForm = .iso8601
        }
    }

    static func aws(_ parameters: FluentParameters) throws(LogConfigurationFailure) -> AWSOptions {
        var aws = AWSOptions(region: try parameters.required("region"))
        aws.endpoint = try parameters.filled("endpoint")
        aws.assumedRole = try parameters.filled("role_arn")
        try parameters.refuse(
            ["profile"],
            "let the credentials come from the environment or the pod's identity"
        )
        parameters.withoutEffect(["sts_endpoint", "external_id", "auto_retry_requests"])
        return aws
    }

    /// A text with `$TAG` and `$(field)`.
    static func template(
        _ text: String,
        at place: ConfigurationPlace
    ) throws(LogConfigurationFailure) -> RecordTemplate {
        var parts: [RecordTemplate.Part] = []
        var before = ""
        var rest = Substring(text)
        func flush() {
            parts += FluentTemplates.timed(before)
            before = ""
        }
        while let dollar = rest.firstIndex(of: "$") {
            before += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$TAG[") {
                guard let end = rest.firstIndex(of: "]"),
                    let number = FluentTemplates.index(of: String(rest[...end]))
                else {
                    throw LogConfigurationFailure(
                        place: place,
                        what: "$TAG[ is not followed by a number and ]"
                    )
                }
                flush()
                parts.append(.tagPart(number))
                rest = rest[rest.index(after: end)...]
            } else if rest.hasPrefix("$TAG") {
                flush()
                parts.append(.tag)
                rest = rest.dropFirst(4)
            } else if rest.hasPrefix("$UUID") || rest.hasPrefix("$INDEX") {
                // Each object has the number of its chunk in its name.
                rest = rest.dropFirst(rest.hasPrefix("$UUID") ? 5 : 6)
            } else {
                let word = rest.prefix {
                    $0 == "$" || $0.isLetter || $0.isNumber || "_'[]".contains($0)
                }
                flush()
                if word.count == 1 {
                    before = "$"
                } else {
                    parts.append(.field(FluentTemplates.path(String(word))))
                }
                rest = rest.dropFirst(max(1, word.count))
            }
        }
        before += rest
        flush()
        return RecordTemplate(parts)
    }

    // MARK: - Files

    private static func file(
        _ parameters: FluentParameters,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) {
        let folder = try parameters.filled("path") ?? "."
        let name = try parameters.filled("file")
        let place = parameters.entry("file")?.place ?? parameters.place
        // Without a name of its own, the file is named after the tag.
        var template = try Self.template(folder + "/" + (name ?? ""), at: place)
        if name == nil { template.parts.append(.tag) }
        var options = FileOptions(path: template)
        let format = try parameters.choice(
            "format",
            of: ["out_file", "plain", "csv", "ltsv", "template", "msgpack"]
        )
        switch format ?? "out_file" {
        case "out_file": options.form = .outFile
        case "plain": options.form = .json
        default:
            throw parameters.failure(
                "format \(format ?? "") is not supported",
                at: parameters.entry("format")?.place,
                hint: "there are out_file and plain"
            )
        }
        try parameters.refuseTrue(["rotate"], "write a time into the name: file app-%Y%m%d.log")
        parameters.withoutEffect([
            "mkdir", "delimiter", "label_delimiter", "template", "csv_column_names",
            "enable_strftime", "max_dynamic_files", "on_missing_field", "on_limit_reached",
            "fallback_path", "fallback_file", "rotate_max_size", "rotate_max_files", "rotate_gzip",
        ])
        sink.kind = .file(options)
    }
}

/// Elasticsearch and OpenSearch.
enum FluentBitSearch {
    static func compile(
        _ parameters: FluentParameters,
        type: String,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) {
        var target = try FluentBitOutputs.http(
            parameters,
            host: "127.0.0.1",
            port: 9200,
            path: try parameters.text("path") ?? ""
        )
        if let key = try parameters.filled("http_api_key") { target.auth = .apiKey(key) }
        if let auth = try parameters.filled("cloud_auth"), let colon = auth.firstIndex(of: ":") {
            target.auth = .basic(
                user: String(auth[..<colon]),
                password: String(auth[auth.index(after: colon)...])
            )
        }
        try parameters.refuse(["cloud_id", "upstream"], "write Host and Port")
        if try parameters.bool("aws_auth") {
            var aws = AWSOptions(region: try parameters.required("aws_region"))
            aws.assumedRole = try parameters.filled("aws_role_arn")
            target.auth = .sigV4(aws, service: try parameters.filled("aws_service_name") ?? "es")
        }
        for key in ["aws_region", "aws_role_arn", "aws_service_name"] { _ = parameters.entry(key) }
        parameters.withoutEffect(["aws_sts_endpoint", "aws_external_id", "aws_profile"])
        var options = ElasticsearchOptions(target: target)
        let place = parameters.entry("index")?.place ?? parameters.place
        options.index = try FluentBitOutputs.template(
            try parameters.filled("index") ?? "fluent-bit",
            at: place
        )
        try document(parameters, &options)
        if try parameters.bool("logstash_format") {
            var format = LogstashFormat()
            format.prefix = RecordTemplate(
                literal: try parameters.filled("logstash_prefix") ?? "logstash"
            )
            if let key = try parameters.filled("logstash_prefix_key") {
                format.prefix = RecordTemplate([.field(FluentTemplates.path(key))])
            }
            format.separator = try parameters.text("logstash_prefix_separator") ?? "-"
            format.dateFormat = try parameters.filled("logstash_dateformat") ?? format.dateFormat
            format.timePrecision = try parameters.bool("time_key_nanos") ? 9 : 3
            options.logstash = format
        }
        for key in [
            "logstash_prefix", "logstash_prefix_key", "logstash_prefix_separator",
            "logstash_dateformat", "time_key_nanos",
        ] { _ = parameters.entry(key) }
        if try parameters.bool("include_tag_key") {
            sink.inject.tagKey = try parameters.filled("tag_key") ?? "flb-key"
        }
        _ = parameters.entry("tag_key")
        sink.kind = .elasticsearch(options)
    }

    private static func document(
        _ parameters: FluentParameters,
        _ options: inout ElasticsearchOptions
    ) throws(LogConfigurationFailure) {
        let operation = try parameters.choice(
            "write_operation",
            of: ["create", "index", "update", "upsert"]
        )
        switch operation ?? "create" {
        case "create": options.operation = .create
        case "index": options.operation = .index
        default:
            throw parameters.failure(
                "write_operation \(operation ?? "") is not supported",
                at: parameters.entry("write_operation")?.place,
                hint: "there are create and index: a line of a log is never changed"
            )
        }
        options.idKey = try parameters.filled("id_key").map(FluentTemplates.path)
        options.pipeline = try parameters.filled("pipeline")
        let isSuppressed = try parameters.bool("suppress_type_name")
        if let type = try parameters.filled("type"), type != "_doc", !isSuppressed {
            options.typeName = type
        }
        // The field of the time is written by default, and is named @timestamp.
        options.includesTimestamp = true
        if let key = try parameters.filled("time_key"), key != "@timestamp" {
            throw parameters.failure(
                "time_key \(fluentQuoted(key)) is not supported",
                at: parameters.entry("time_key")?.place,
                hint: "the field of the time is named @timestamp"
            )
        }
        try parameters.refuseTrue(
            ["replace_dots", "current_time_index"],
            "Elasticsearch takes names with dots"
        )
        parameters.withoutEffect([
            "time_key_format", "buffer_size", "generate_id", "trace_output", "trace_error",
        ])
    }
}
