/// S3, CloudWatch Logs, Splunk and Datadog.
enum FluentdCloud {
    // MARK: - S3

    static func s3(
        _ parameters: FluentParameters,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) {
        var aws = AWSOptions(region: try parameters.filled("s3_region") ?? "us-east-1")
        aws.accessKey = try parameters.filled("aws_key_id")
        aws.secretKey = try parameters.filled("aws_sec_key")
        aws.endpoint = try parameters.filled("s3_endpoint")
        try credentials(parameters, &aws)
        var target = HTTPTarget(urls: aws.endpoint.map { [$0] } ?? [])
        target.tls.verifies = try parameters.bool("ssl_verify_peer", default: true)
        target.tls.authorityFile = try parameters.filled("ssl_ca_bundle")
        let store =
            try parameters.choice(
                "store_as",
                of: ["gzip", "json", "text", "txt", "gzip_command", "lzo", "lzma2", "zstd"]
            )
            ?? "gzip"
        guard !["lzo", "lzma2", "zstd"].contains(store) else {
            throw parameters.failure(
                "store_as \(store) is not supported",
                at: parameters.entry("store_as")?.place,
                hint: "there are gzip, json and text"
            )
        }
        let isCompressed = store.hasPrefix("gzip")
        target.compression = isCompressed
        let bucket = try parameters.required("s3_bucket")
        let fileExtension = isCompressed ? "gz" : store == "json" ? "json" : "txt"
        var options = S3Options(
            target: target,
            aws: aws,
            bucket: bucket,
            objectKey: try objectKey(parameters, fileExtension: fileExtension)
        )
        options.form = try FluentdBuffer.form(parameters, standard: .outFile)
        options.usesPathStyle = try parameters.bool("force_path_style")
        options.storageClass = try parameters.filled("storage_class")
        try parameters.refuse(
            [
                "sse_customer_algorithm", "sse_customer_key", "sse_customer_key_md5",
                "ssekms_key_id",
                "use_server_side_encryption", "acl", "grant_full_control", "grant_read",
                "grant_read_acp", "grant_write_acp", "tagging", "s3_metadata", "proxy_uri",
            ],
            "set it for the bucket"
        )
        parameters.withoutEffect([
            "use_bundled_cert", "aws_iam_retries", "enable_transfer_acceleration",
            "enable_dual_stack", "ssl_ca_directory", "auto_create_bucket", "check_apikey_on_start",
            "reduced_redundancy", "hex_random_length", "index_format", "overwrite", "check_bucket",
            "check_object", "compute_checksums", "signature_version", "warn_for_delay",
            "checksum_algorithm", "utc", "localtime", "timezone", "time_format",
        ])
        parameters.sectionsWithoutEffect(["bucket_lifecycle_rule", "compress"])
        try FluentdBuffer.inject(parameters, into: &sink)
        sink.kind = .s3(options)
    }

    /// `%{path}%{time_slice}_%{index}.%{file_extension}` with what is known now put in.
    private static func objectKey(
        _ parameters: FluentParameters,
        fileExtension: String
    ) throws(LogConfigurationFailure) -> RecordTemplate {
        let place = parameters.entry("s3_object_key_format")?.place ?? parameters.place
        let format =
            try parameters.filled("s3_object_key_format")
            ?? "%{path}%{time_slice}_%{index}.%{file_extension}"
        let slice = try parameters.filled("time_slice_format") ?? "%Y%m%d"
        let values = [
            "path": try parameters.text("path") ?? "", "time_slice": slice, "index": "",
            "file_extension": fileExtension, "uuid_flush": "", "hex_random": "",
            "hostname": "${hostname}",
        ]
        var key = ""
        var rest = Substring(format)
        while let percent = rest.firstIndex(of: "%") {
            key += rest[..<percent]
            rest = rest[percent...]
            guard rest.hasPrefix("%{"), let end = rest.firstIndex(of: "}") else {
                key += "%"
                rest = rest.dropFirst()
                continue
            }
            let name = String(rest[rest.index(rest.startIndex, offsetBy: 2)..<end])
            guard let value = values[name] else {
                throw parameters.failure(
                    "s3_object_key_format: %{\(name)} is not known",
                    at: place,
                    hint: fluentDidYouMean(name, among: Array(values.keys))
                )
            }
            // The chunk's number is added to each name, so an index of its own is left out with the
            // underscore before it.
            if value.isEmpty, name != "path", key.hasSuffix("_") { key.removeLast() }
            key += value
            rest = rest[rest.index(after: end)...]
        }
        key += rest
        let template = try FluentTemplates.output(key, at: place)
        return RecordTemplate(template.parts.map { $0 == .field("hostname") ? .hostname : $0 })
    }

    private static func credentials(
        _ parameters: FluentParameters,
        _ aws: inout AWSOptions
    ) throws(LogConfigurationFailure) {
        try parameters.refuse(
            ["aws_profile", "aws_credential_process"],
            "give keys, or let them come from the environment or the pod's identity"
        )
        for name in ["assume_role_credentials", "web_identity_credentials"] {
            guard let section = try parameters.section(name) else { continue }
            let inner = FluentParameters(
                section,
                dialect: .fluentd,
                title: name,
                notes: parameters.notes
            )
            let role = try inner.filled("role_arn")
            // A web identity is taken from the environment, its role with it.
            if name == "assume_role_credentials" { aws.assumedRole = role }
            inner.withoutEffect([
                "role_session_name", "policy", "duration_seconds", "external_id", "sts_region",
                "sts_http_proxy", "sts_endpoint_url", "web_identity_token_file",
            ])
            try inner.finish()
        }
        parameters.sectionsWithoutEffect(["instance_profile_credentials"])
        if let shared = parameters.sections("shared_credentials").first {
            throw parameters.failure(
                "<shared_credentials> is not supported",
                at: shared.place,
                hint: "give keys, or let them come from the environment or the pod's identity"
            )
        }
    }

    // MARK: - CloudWatch

    static func cloudWatch(
        _ parameters: FluentParameters,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) {
        guard let region = try parameters.filled("region") else {
            throw parameters.failure("\(parameters.title): region is missing")
        }
        var aws = AWSOptions(region: region)
        aws.accessKey = try parameters.filled("aws_key_id")
        aws.secretKey = try parameters.filled("aws_sec_key")
        aws.endpoint = try parameters.filled("endpoint")
        if try parameters.bool("aws_use_sts") {
            aws.assumedRole = try parameters.required("aws_sts_role_arn")
        } else {
            _ = parameters.entry("aws_sts_role_arn")
        }
        try credentials(parameters, &aws)
        var target = HTTPTarget(urls: aws.endpoint.map { [$0] } ?? [])
        target.tls.verifies = try parameters.bool("ssl_verify_peer", default: true)
        let group = try name("group", of: parameters)
        let stream = try name("stream", of: parameters)
        var options = CloudWatchOptions(target: target, aws: aws, group: group, stream: stream)
        // One parameter of fluentd's is for both.
        options.createsStream = try parameters.bool("auto_create_stream")
        options.createsGroup = options.createsStream
        options.retentionDays = try parameters.integer("retention_in_days", in: 1...3653)
        if let keys = try parameters.list("message_keys"), let key = keys.first {
            guard keys.count == 1 else {
                throw parameters.failure(
                    "message_keys names several fields",
                    at: parameters.entry("message_keys")?.place,
                    hint: "name one, or none for the record as JSON"
                )
            }
            options.messageKey = key
        }
        if let count = try parameters.integer("max_events_per_batch", in: 1...10000) {
            sink.buffer.chunkRecords = count
        }
        if let threads = try parameters.integer("concurrency", in: 1...64) {
            sink.buffer.flushThreads = threads
        }
        if case .message(let key) = try FluentdBuffer.form(parameters, standard: .json) {
            options.messageKey = key
        }
        try parameters.refuse(
            ["http_proxy", "log_group_aws_tags_key", "retention_in_days_key"],
            "write it here"
        )
        parameters.withoutEffect([
            "aws_instance_profile_credentials_retries", "aws_sts_session_name",
            "aws_sts_external_id", "aws_sts_policy", "aws_sts_duration_seconds",
            "aws_sts_endpoint_url", "aws_ecs_authentication", "max_message_length",
            "remove_log_group_name_key", "remove_log_stream_name_key",
            "put_log_events_retry_wait", "put_log_events_retry_limit",
            "put_log_events_disable_retry_limit", "log_group_aws_tags",
            "remove_log_group_aws_tags_key", "remove_retention_in_days_key", "json_handler",
            "log_rejected_request", "policy",
        ])
        try FluentdBuffer.inject(parameters, into: &sink)
        sink.kind = .cloudWatch(options)
    }

    /// The group's or the stream's name: a template, the tag, or a field.
    private static func name(
        _ kind: String,
        of parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> RecordTemplate {
        let template = try FluentdSinks.template("log_\(kind)_name", of: parameters)
        let key = try parameters.filled("log_\(kind)_name_key")
        let usesTag = try parameters.bool("use_tag_as_\(kind)")
        if usesTag { return RecordTemplate([.tag]) }
        if let key { return RecordTemplate([.field(FluentTemplates.path(key))]) }
        guard let template else {
            throw parameters.failure("\(parameters.title): log_\(kind)_name is missing")
        }
        return template
    }

    // MARK: - Splunk

    static func splunk(
        _ parameters: FluentParameters,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) {
        let url: String
        if let full = try parameters.filled("full_url") {
            url = full
            for key in ["hec_host", "hec_port", "protocol", "hec_endpoint"] {
                _ = parameters.entry(key)
            }
        } else {
            url = FluentAddress.url(
                scheme: try parameters.choice("protocol", of: ["http", "https"]) ?? "https",
                host: try parameters.required("hec_host"),
                port: try parameters.integer("hec_port", in: 1...65535) ?? 8088,
                path: try parameters.filled("hec_endpoint") ?? "services/collector"
            )
        }
        var target = HTTPTarget(urls: [url])
        target.compression = try parameters.bool("gzip_compression")
        target.headers = try parameters.map("custom_headers") ?? []
        target.tls.certificateFile = try parameters.filled("client_cert")
        target.tls.keyFile = try parameters.filled("client_key")
        target.tls.authorityFile = try parameters.filled("ca_file")
        target.tls.verifies = try !parameters.bool("insecure_ssl")
        if let timeout = try parameters.time("read_timeout") { target.timeout = max(1, timeout) }
        var options = SplunkOptions(target: target, token: try parameters.required("hec_token"))
        if try parameters.choice("data_type", of: ["event", "metric"]) == "metric" {
            throw parameters.failure(
                "data_type metric is not supported",
                at: parameters.entry("data_type")?.place
            )
        }
        options.index = try value("index", of: parameters)
        options.source = try value("source", of: parameters)
        options.sourcetype = try value("sourcetype", of: parameters)
        options.host = try value("host", of: parameters)
        if let fields = parameters.sections("fields").first {
            throw parameters.failure(
                "<fields> is not supported",
                at: fields.place,
                hint: "fields of the event are indexed where Splunk is told to"
            )
        }
        parameters.withoutEffect([
            "idle_timeout", "open_timeout", "ca_path", "ssl_ciphers", "require_ssl_min_version",
            "keep_keys", "metrics_from_event", "metric_name_key", "metric_value_key", "time_key",
            "consume_chunk_on_4xx_errors", "coerce_to_utf8", "non_utf8_replacement_string",
            "app_name", "app_version",
        ])
        _ = try FluentdBuffer.form(parameters, standard: .json)
        sink.kind = .splunk(options)
    }

    /// `index`, or `index_key` with the name of a field.
    private static func value(
        _ name: String,
        of parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> RecordTemplate? {
        let template = try FluentdSinks.template(name, of: parameters)
        guard let key = try parameters.filled("\(name)_key") else { return template }
        return RecordTemplate([.field(FluentTemplates.path(key))])
    }

    // MARK: - Datadog

    static func datadog(
        _ parameters: FluentParameters,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) {
        var target = HTTPTarget(urls: [])
        let isTLS = try parameters.bool("use_ssl", default: true)
        let port = try parameters.integer("port", in: 1...65535) ?? 80
        let tlsPort = try parameters.integer("ssl_port", in: 1...65535) ?? 443
        if let host = try parameters.filled("host") {
            target.urls = [
                FluentAddress.url(
                    scheme: isTLS ? "https" : "http",
                    host: host,
                    port: isTLS ? tlsPort : port,
                    path: "/api/v2/logs"
                )
            ]
        }
        target.compression = try parameters.bool("use_compression", default: true)
        target.headers = try parameters.map("custom_headers") ?? []
        target.tls.verifies = try !parameters.bool("no_ssl_validation")
        var options = DatadogOptions(target: target, apiKey: try parameters.required("api_key"))
        if let site = try parameters.filled("site") {
            let prefix = "http-intake.logs."
            options.site = site.hasPrefix(prefix) ? String(site.dropFirst(prefix.count)) : site
        }
        options.service = try FluentdSinks.template("service", of: parameters)
        options.source = try FluentdSinks.template("dd_source", of: parameters)
        options.tags = try FluentdSinks.template("dd_tags", of: parameters)
        options.hostname = try FluentdSinks.template("dd_hostname", of: parameters)
        if try !parameters.bool("use_http", default: true) {
            throw parameters.failure(
                "use_http false is not supported",
                at: parameters.entry("use_http")?.place,
                hint: "Datadog's TCP intake has ended"
            )
        }
        try parameters.refuse(["http_proxy"], "the intake is spoken to directly")
        parameters.withoutEffect([
            "timestamp_key", "dd_sourcecategory", "delete_extracted_tag_attributes", "max_retries",
            "max_backoff", "compression_level", "force_v1_routes", "use_json",
        ])
        try FluentdBuffer.inject(parameters, into: &sink)
        sink.kind = .datadog(options)
    }
}
