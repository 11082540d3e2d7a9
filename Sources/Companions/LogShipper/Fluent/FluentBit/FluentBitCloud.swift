/// S3, CloudWatch Logs, Splunk, Datadog and Azure of fluent-bit.
enum FluentBitCloud {
    static func s3(
        _ parameters: FluentParameters,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) -> S3Options {
        var aws = AWSOptions(region: try parameters.filled("region") ?? "us-east-1")
        aws.endpoint = try parameters.filled("endpoint")
        aws.assumedRole = try parameters.filled("role_arn")
        try parameters.refuse(
            ["profile"],
            "let the credentials come from the environment or the pod's identity"
        )
        var target = HTTPTarget(urls: aws.endpoint.map { [$0] } ?? [])
        target.tls = try FluentBitOutputs.tls(parameters)
        let compression = try parameters.choice(
            "compression",
            of: ["gzip", "arrow", "parquet", "zstd", "snappy"]
        )
        guard compression == nil || compression == "gzip" else {
            throw parameters.failure(
                "compression \(compression ?? "") is not supported",
                at: parameters.entry("compression")?.place,
                hint: "there is gzip"
            )
        }
        target.compression = compression == "gzip"
        let place = parameters.entry("s3_key_format")?.place ?? parameters.place
        var format =
            try parameters.filled("s3_key_format") ?? "/fluent-bit-logs/$TAG/%Y/%m/%d/%H/%M/%S"
        if format.hasPrefix("/") { format.removeFirst() }
        if let delimiters = try parameters.filled("s3_key_format_tag_delimiters"), delimiters != "."
        {
            throw parameters.failure(
                "s3_key_format_tag_delimiters: only the dot is supported",
                at: parameters.entry("s3_key_format_tag_delimiters")?.place
            )
        }
        var options = S3Options(
            target: target,
            aws: aws,
            bucket: try parameters.required("bucket"),
            objectKey: try FluentBitOutputs.template(format, at: place)
        )
        options.usesPathStyle = aws.endpoint != nil
        options.storageClass = try parameters.filled("storage_class")
        _ = try parameters.choice("format", of: ["json_lines"])
        if let key = try parameters.filled("log_key") { options.form = .message(key: key) }
        try FluentBitOutputs.dates(parameters, into: &sink)
        if let size = try parameters.size("total_file_size") {
            sink.buffer.chunkBytes = max(1, size)
        }
        if let time = try parameters.time("upload_timeout") { sink.buffer.flushInterval = time }
        try parameters.refuse(["canned_acl"], "set it for the bucket")
        parameters.withoutEffect([
            "upload_chunk_size", "sts_endpoint", "content_type", "store_dir",
            "store_dir_limit_size", "quarantine_dir_limit_size", "auto_retry_requests",
            "use_put_object", "send_content_md5", "preserve_data_ordering",
            "retry_exhausted_action", "external_id", "static_file_path",
        ])
        return options
    }

    static func cloudWatch(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> CloudWatchOptions {
        let aws = try FluentBitOutputs.aws(parameters)
        var target = HTTPTarget(urls: aws.endpoint.map { [$0] } ?? [])
        target.tls = try FluentBitOutputs.tls(parameters)
        let group = try name("log_group_name", "log_group_template", of: parameters)
        guard let group else {
            throw parameters.failure("output cloudwatch_logs: log_group_name is missing")
        }
        var stream = try name("log_stream_name", "log_stream_template", of: parameters)
        if let prefix = try parameters.filled("log_stream_prefix"), stream == nil {
            stream = RecordTemplate([.literal(prefix), .tag])
        }
        guard let stream else {
            throw parameters.failure(
                "output cloudwatch_logs: log_stream_name or log_stream_prefix is missing"
            )
        }
        var options = CloudWatchOptions(target: target, aws: aws, group: group, stream: stream)
        options.createsGroup = try parameters.bool("auto_create_group")
        let days = try parameters.integer("log_retention_days", in: 0...3653) ?? 0
        options.retentionDays = days == 0 ? nil : days
        options.messageKey = try parameters.filled("log_key")
        parameters.withoutEffect([
            "extra_user_agent", "log_format", "metric_namespace", "metric_dimensions",
            "log_group_class", "add_entity",
        ])
        return options
    }

    private static func name(
        _ key: String,
        _ templateKey: String,
        of parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> RecordTemplate? {
        let plain = try parameters.filled(key)
        if let text = try parameters.filled(templateKey) {
            return try FluentBitOutputs.template(
                text,
                at: parameters.entry(templateKey)?.place ?? parameters.place
            )
        }
        return plain.map { RecordTemplate(literal: $0) }
    }

    static func splunk(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> SplunkOptions {
        let target = try FluentBitOutputs.http(
            parameters,
            host: "127.0.0.1",
            port: 8088,
            path: "/services/collector/event"
        )
        var options = SplunkOptions(
            target: target,
            token: try parameters.required("splunk_token")
        )
        options.host = try value("event_host", of: parameters)
        options.source = try value("event_source", of: parameters)
        options.sourcetype = try value("event_sourcetype", of: parameters)
        options.index = try value("event_index", of: parameters)
        for (key, path) in [
            ("event_sourcetype_key", \SplunkOptions.sourcetype),
            ("event_index_key", \SplunkOptions.index),
        ] {
            guard let field = try parameters.filled(key) else { continue }
            options[keyPath: path] = RecordTemplate([.field(FluentTemplates.path(field))])
        }
        options.channel = try parameters.filled("channel")
        try parameters.refuseTrue(["splunk_send_raw"], "records are sent as events")
        try parameters.refuse(["event_key", "event_field"], "the whole record is the event")
        parameters.withoutEffect([
            "http_buffer_size", "http_debug_bad_request", "auto_extract_timestamp",
        ])
        return options
    }

    private static func value(
        _ key: String,
        of parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> RecordTemplate? {
        guard let text = try parameters.filled(key), let entry = parameters.entry(key) else {
            return nil
        }
        return try FluentBitOutputs.template(text, at: entry.place)
    }

    static func datadog(
        _ parameters: FluentParameters,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) -> DatadogOptions {
        let host = try parameters.filled("host") ?? "http-intake.logs.datadoghq.com"
        var target = HTTPTarget(urls: [])
        let prefix = "http-intake.logs."
        var options: DatadogOptions
        let made = try FluentBitOutputs.http(
            parameters,
            host: host,
            port: try parameters.bool("tls") ? 443 : 80,
            path: "/api/v2/logs"
        )
        target = made
        options = DatadogOptions(target: target, apiKey: try parameters.required("apikey"))
        if host.hasPrefix(prefix) {
            options.site = String(host.dropFirst(prefix.count))
            options.target.urls = []
        }
        options.service = try value("dd_service", of: parameters)
        options.source = try value("dd_source", of: parameters)
        options.tags = try value("dd_tags", of: parameters)
        options.hostname = try value("dd_hostname", of: parameters)
        options.messageKey = try parameters.filled("dd_message_key") ?? "log"
        if try parameters.bool("include_tag_key") {
            sink.inject.tagKey = try parameters.filled("tag_key") ?? "tagkey"
        }
        _ = parameters.entry("tag_key")
        parameters.withoutEffect(["provider", "json_date_key"])
        return options
    }

    static func azure(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> AzureOptions {
        var target = HTTPTarget(urls: [try parameters.required("dce_url")])
        target.tls = try FluentBitOutputs.tls(parameters)
        target.compression = try parameters.bool("compress")
        let table = try parameters.required("table_name")
        var options = AzureOptions(
            target: target,
            tenant: try parameters.required("tenant_id"),
            client: try parameters.required("client_id"),
            secret: try parameters.required("client_secret"),
            rule: try parameters.required("dcr_id"),
            stream: table.hasPrefix("Custom-") || table.hasPrefix("Microsoft-")
                ? table : "Custom-" + table
        )
        if let url = try parameters.filled("auth_url") {
            let path = "/\(options.tenant)/oauth2/v2.0/token"
            guard url.hasSuffix(path) else {
                throw parameters.failure(
                    "auth_url \(fluentQuoted(url)) is not supported",
                    at: parameters.entry("auth_url")?.place,
                    hint: "it ends with \(path)"
                )
            }
            options.authority = String(url.dropLast(path.count))
        }
        if try parameters.bool("time_generated") {
            options.timeKey = "TimeGenerated"
            _ = parameters.entry("time_key")
        } else {
            options.timeKey = try parameters.filled("time_key") ?? "@timestamp"
        }
        return options
    }
}
