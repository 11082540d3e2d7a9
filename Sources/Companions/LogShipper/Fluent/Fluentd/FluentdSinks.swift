/// `<match>` and `<store>`: where records go.
enum FluentdSinks {
    static let known = [
        "elasticsearch", "elasticsearch_dynamic", "elasticsearch_data_stream", "opensearch",
        "opensearch_data_stream", "kafka2", "kafka", "kafka_buffered", "rdkafka", "rdkafka2",
        "loki", "forward", "http", "file", "stdout", "null", "copy", "relabel", "s3",
        "cloudwatch_logs", "splunk_hec", "datadog", "remote_syslog", "logstash", "opentelemetry",
        "secure_forward", "lumberjack", "beats",
    ]

    private static let reasons = [
        "azure-loganalytics":
            "the HTTP Data Collector that it speaks to ends in September 2026: write a sink azure in "
            + "the short form, with a data collection rule",
        "azure_loganalytics":
            "the HTTP Data Collector that it speaks to ends in September 2026: write a sink azure in "
            + "the short form, with a data collection rule",
        "rewrite_tag_filter": "give the source a tag of its own, or use a <label>",
        "roundrobin": "an output takes several hosts itself",
        "exec": "write @type file", "exec_filter": "write a filter",
        "mongo": "write @type http or forward", "webhdfs": "write @type s3",
        "google_cloud": "write @type opentelemetry", "gcs": "write @type s3 with an s3_endpoint",
        "prometheus": "the metrics are at the admin address",
        "secondary_file": "it stands in <secondary> only",
        "detect_exceptions": "write <parse> with @type multiline in the source",
        "concat": "write <parse> with @type multiline in the source",
    ]

    static func compile(
        _ section: FluentSection,
        type: String,
        of compilation: FluentdCompilation
    ) throws(LogConfigurationFailure) -> SinkConfiguration {
        let section = FluentdFlat.withBuffer(section, notes: compilation.notes)
        let parameters = compilation.parameters(of: section, title: "\(section.name) \(type)")
        for key in ["@type", "type"] { _ = parameters.entry(key) }
        var sink = SinkConfiguration(name: "", kind: .null, place: section.place)
        // Asked for by all, so that a name that is nearly one of these finds it.
        let name = try parameters.text("@id")
        switch type {
        case "elasticsearch", "elasticsearch_dynamic", "opensearch", "elasticsearch_data_stream",
            "opensearch_data_stream":
            try FluentdSearch.compile(parameters, type: type, into: &sink)
        case "kafka2", "rdkafka2", "kafka", "kafka_buffered", "rdkafka":
            try FluentdKafka.compile(parameters, into: &sink)
        case "loki": try FluentdNetwork.loki(parameters, into: &sink)
        case "forward", "secure_forward": try FluentdNetwork.forward(parameters, into: &sink)
        case "http": try FluentdNetwork.http(parameters, into: &sink)
        case "opentelemetry": try FluentdNetwork.otlp(parameters, into: &sink)
        case "remote_syslog": try FluentdNetwork.syslog(parameters, into: &sink)
        case "logstash", "lumberjack", "beats": try FluentdNetwork.logstash(parameters, into: &sink)
        case "file": try FluentdLocal.file(parameters, into: &sink)
        case "stdout": try FluentdLocal.standardOutput(parameters, into: &sink)
        case "s3": try FluentdCloud.s3(parameters, into: &sink)
        case "cloudwatch_logs": try FluentdCloud.cloudWatch(parameters, into: &sink)
        case "splunk_hec": try FluentdCloud.splunk(parameters, into: &sink)
        case "datadog": try FluentdCloud.datadog(parameters, into: &sink)
        default:
            throw FluentdCompilation.unknown(
                "output",
                type,
                in: section,
                known: known,
                reasons: reasons
            )
        }
        try FluentdBuffer.apply(parameters, to: &sink)
        try parameters.finish()
        sink.name = compilation.name(name, type: type)
        return sink
    }

    /// A parameter with placeholders.
    static func template(
        _ key: String,
        of parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> RecordTemplate? {
        guard let text = try parameters.filled(key), let entry = parameters.entry(key) else {
            return nil
        }
        return try FluentTemplates.output(text, at: entry.place)
    }
}

/// Files and the standard output.
enum FluentdLocal {
    static func file(
        _ parameters: FluentParameters,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) {
        guard let entry = parameters.entry("path") else {
            throw parameters.failure("match file: path is missing")
        }
        var path = try parameters.required("path")
        let compress = try parameters.choice("compress", of: ["text", "gzip", "zstd"])
        if compress == "zstd" {
            throw parameters.failure(
                "compress zstd is not supported",
                at: parameters.entry("compress")?.place,
                hint: "write gzip"
            )
        }
        let suffix = try parameters.text("path_suffix") ?? ".log"
        if try parameters.bool("add_path_suffix", default: true), !path.hasSuffix(suffix) {
            // fluentd puts the time slice between; here it is appended to one file a day.
            if !path.contains("%") { path += ".%Y%m%d" }
            path += suffix
        }
        if compress == "gzip", !path.hasSuffix(".gz") { path += ".gz" }
        var options = FileOptions(path: try FluentTemplates.output(path, at: entry.place))
        options.compression = compress == "gzip"
        options.form = try FluentdBuffer.form(parameters, standard: .outFile)
        parameters.withoutEffect([
            "append", "recompress", "symlink_path", "symlink_path_use_relative", "time_format",
            "localtime", "utc", "timezone",
        ])
        try FluentdBuffer.inject(parameters, into: &sink)
        sink.kind = .file(options)
    }

    static func standardOutput(
        _ parameters: FluentParameters,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) {
        parameters.withoutEffect(["use_logger", "output_type"])
        sink.kind = .standardOutput(try FluentdBuffer.form(parameters, standard: .outFile))
        try FluentdBuffer.inject(parameters, into: &sink)
    }
}
