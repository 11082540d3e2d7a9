/// Elasticsearch and OpenSearch.
enum FluentdSearch {
    static func compile(
        _ parameters: FluentParameters,
        type: String,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) {
        var options = ElasticsearchOptions(target: try target(parameters))
        if type.hasSuffix("_data_stream") {
            options.isDataStream = true
            _ = try parameters.required("data_stream_name")
            if let name = try FluentdSinks.template("data_stream_name", of: parameters) {
                options.index = name
            }
            parameters.withoutEffect([
                "data_stream_ilm_name", "data_stream_template_name", "data_stream_ilm_policy",
                "data_stream_ilm_policy_overwrite", "index_name",
                "data_stream_template_use_index_patterns_wildcard",
            ])
        } else if let name = try FluentdSinks.template("index_name", of: parameters) {
            options.index = name
        }
        try document(parameters, &options)
        try format(parameters, &options)
        try withoutEffect(parameters)
        // The tag's field is in the document under the plugin's own name.
        if try parameters.bool("include_tag_key") {
            sink.inject.tagKey = try parameters.filled("tag_key") ?? "tag"
        } else {
            _ = parameters.entry("tag_key")
        }
        try FluentdBuffer.inject(parameters, into: &sink)
        if let threshold = try parameters.size("bulk_message_request_threshold"), threshold > 0 {
            sink.buffer.chunkBytes = threshold
        }
        sink.kind = .elasticsearch(options)
    }

    // MARK: - Server

    private static func target(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> HTTPTarget {
        let scheme = try parameters.choice("scheme", of: ["http", "https"]) ?? "http"
        let port = try parameters.integer("port", in: 1...65535) ?? 9200
        let path = try parameters.text("path") ?? ""
        try parameters.refuse(["cloud_id"], "write the server's address with hosts")
        var user = try parameters.text("user")
        var password = try parameters.text("password")
        if let auth = try parameters.filled("cloud_auth"), let colon = auth.firstIndex(of: ":") {
            user = String(auth[..<colon])
            password = String(auth[auth.index(after: colon)...])
        }
        var target = HTTPTarget(urls: [])
        if let endpoint = try parameters.section("endpoint") {
            target = try self.endpoint(endpoint, parameters)
            for key in ["host", "hosts"] { _ = parameters.entry(key) }
        } else if let hosts = try parameters.filled("hosts"), let entry = parameters.entry("hosts")
        {
            for host in FluentValues.words(hosts) {
                guard let found = FluentAddress.target(host, scheme: scheme, port: port, path: path)
                else {
                    throw parameters.failure(
                        "hosts has \(fluentQuoted(host)), which is no address",
                        at: entry.place
                    )
                }
                target.urls.append(found.url)
                user = user ?? found.user
                password = password ?? found.password
            }
            _ = parameters.entry("host")
        } else {
            let host = try parameters.filled("host") ?? "localhost"
            guard let found = FluentAddress.target(host, scheme: scheme, port: port, path: path)
            else {
                throw parameters.failure(
                    "host is \(fluentQuoted(host)), which is no address",
                    at: parameters.entry("host")?.place
                )
            }
            target.urls = [found.url]
            user = user ?? found.user
            password = password ?? found.password
        }
        if let key = try parameters.filled("api_key") {
            target.auth = .apiKey(key)
        } else if let user, !user.isEmpty {
            target.auth = .basic(user: user, password: password ?? "")
        }
        target.headers = try parameters.map("custom_headers") ?? []
        target.timeout = try parameters.time("request_timeout") ?? target.timeout
        target.tls.verifies = try parameters.bool("ssl_verify", default: true)
        target.tls.authorityFile = try parameters.filled("ca_file")
        target.tls.certificateFile = try parameters.filled("client_cert")
        target.tls.keyFile = try parameters.filled("client_key")
        try parameters.refuse(["client_key_pass"], "give a key without a passphrase")
        let level = try parameters.choice(
            "compression_level",
            of: ["no_compression", "best_speed", "best_compression", "default_compression"]
        )
        target.compression = level != nil && level != "no_compression"
        return target
    }

    /// OpenSearch on AWS.
    private static func endpoint(
        _ section: FluentSection,
        _ outer: FluentParameters
    ) throws(LogConfigurationFailure) -> HTTPTarget {
        let parameters = FluentParameters(
            section,
            dialect: .fluentd,
            title: "endpoint",
            notes: outer.notes
        )
        var url = try parameters.required("url")
        while url.hasSuffix("/") { url.removeLast() }
        var aws = AWSOptions(region: try parameters.required("region"))
        aws.accessKey = try parameters.filled("access_key_id")
        aws.secretKey = try parameters.filled("secret_access_key")
        aws.assumedRole = try parameters.filled("assume_role_arn")
        let service = try parameters.choice("aws_service_name", of: ["es", "aoss"]) ?? "es"
        parameters.withoutEffect([
            "assume_role_session_name", "assume_role_web_identity_token_file",
            "ecs_container_credentials_relative_uri", "sts_credentials_region",
            "refresh_credentials_interval",
        ])
        try parameters.finish()
        var target = HTTPTarget(urls: [url])
        target.auth = .sigV4(aws, service: service)
        return target
    }

    // MARK: - Document

    private static func document(
        _ parameters: FluentParameters,
        _ options: inout ElasticsearchOptions
    ) throws(LogConfigurationFailure) {
        if let entry = parameters.entry("write_operation") {
            switch try FluentValues.text(of: entry) {
            case "index": options.operation = .index
            case "create": options.operation = .create
            case let other:
                throw parameters.failure(
                    "write_operation \(fluentQuoted(other)) is not supported",
                    at: entry.place,
                    hint: "there are create and index: a line of a log is never changed"
                )
            }
        }
        options.idKey = try parameters.filled("id_key").map(FluentTemplates.path)
        options.targetIndexKey =
            try parameters.filled("target_index_key").map(FluentTemplates.path)
        options.routingKey = try parameters.filled("routing_key").map(FluentTemplates.path)
        options.pipeline = try parameters.filled("pipeline")
        options.removeKeys = try parameters.list("remove_keys") ?? []
        options.includesTimestamp = try parameters.bool("include_timestamp")
        options.timeKey = try parameters.filled("time_key").map(FluentTemplates.path)
        options.timeKeyExcludesTimestamp = try parameters.bool("time_key_exclude_timestamp")
        if let type = parameters.entry("type_name"), try !parameters.bool("suppress_type_name") {
            parameters.notes.add(
                "type_name has no effect: Elasticsearch has no types since version 7",
                at: type.place
            )
        }
        _ = try parameters.bool("suppress_type_name")
        try parameters.refuse(
            ["parent_key", "target_type_key"],
            "Elasticsearch has no types since version 7"
        )
        try parameters.refuseTrue(
            ["flatten_hashes", "suppress_doc_wrap"],
            "documents are written as they are"
        )
        if let format = try parameters.filled("time_key_format") {
            parameters.notes.add(
                "time_key_format \(fluentQuoted(format)) has no effect: times are recognised",
                at: parameters.entry("time_key_format")?.place ?? parameters.place
            )
        }
    }

    private static func format(
        _ parameters: FluentParameters,
        _ options: inout ElasticsearchOptions
    ) throws(LogConfigurationFailure) {
        let isLogstash = try parameters.bool("logstash_format")
        var format = LogstashFormat()
        if let prefix = try FluentdSinks.template("logstash_prefix", of: parameters) {
            format.prefix = prefix
        }
        format.separator = try parameters.text("logstash_prefix_separator") ?? format.separator
        format.dateFormat = try parameters.filled("logstash_dateformat") ?? format.dateFormat
        format.usesUTC = try parameters.bool("utc_index", default: true)
        format.timePrecision = try parameters.integer("time_precision", in: 0...9) ?? 9
        if isLogstash, !options.isDataStream {
            options.logstash = format
            return
        }
        for key in ["logstash_prefix", "logstash_prefix_separator", "logstash_dateformat"] {
            if let entry = parameters.entry(key) {
                parameters.notes.add(
                    "\(key) has no effect without logstash_format true",
                    at: entry.place
                )
            }
        }
    }

    private static func withoutEffect(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) {
        parameters.withoutEffect([
            "reload_connections", "reload_on_failure", "retry_tag", "resurrect_after",
            "remove_keys_on_update", "remove_keys_on_update_key", "flatten_hashes_separator",
            "max_retry_putting_template", "fail_on_putting_template_retry_exceed",
            "fail_on_detecting_es_version_retry_exceed", "max_retry_get_es_version",
            "fail_on_detecting_os_version_retry_exceed", "max_retry_get_os_version",
            "time_parse_error_tag", "reconnect_on_error", "with_transporter_log",
            "emit_error_for_missing_id", "sniffer_class_name", "selector_class_name",
            "reload_after", "content_type", "include_index_in_url", "http_backend",
            "http_backend_excon_nonblock", "validate_client_version", "prefer_oj_serializer",
            "unrecoverable_error_types", "unrecoverable_record_types", "emit_error_label_event",
            "verify_es_version_at_startup", "verify_os_version_at_startup",
            "default_elasticsearch_version", "default_opensearch_version", "log_es_400_reason",
            "log_os_400_reason", "ignore_exceptions", "exception_backup",
            "truncate_caches_interval",
            "use_legacy_template", "catch_transport_exception_on_retry", "target_index_affinity",
            "ssl_version", "ssl_max_version", "ssl_min_version", "dlq",
        ])
        for key in [
            "template_name", "template_file", "template_overwrite", "customize_template",
            "rollover_index", "index_date_pattern", "index_separator", "deflector_alias",
            "index_prefix", "application_name", "templates", "enable_ilm", "ilm_policy_id",
            "ilm_policy", "ilm_policies", "ilm_policy_overwrite",
        ] {
            guard let entry = parameters.entry(key) else { continue }
            parameters.notes.add(
                "\(key) has no effect: templates and policies are left as they are on the server",
                at: entry.place
            )
        }
        parameters.sectionsWithoutEffect(["metadata", "elasticsearch_metadata"])
    }
}
