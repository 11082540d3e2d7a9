internal import Document

/// Sinks that are searched: Elasticsearch, Loki, Splunk, Datadog, OpenTelemetry.
enum LogSearchTables {
    static let shapes: [LogShape<SinkConfiguration.Kind>] = [
        LogShape(
            "elasticsearch",
            "Elasticsearch and OpenSearch. Documents have an id made of file and place, so that one "
                + "that is sent twice is there once.",
            keys: ["elasticsearch", "opensearch"],
            elasticsearch,
            wrap: { .elasticsearch($0) },
            unwrap: {
                if case .elasticsearch(let options) = $0 { return options }
                return nil
            }
        ),
        LogShape(
            "loki",
            "Grafana Loki.",
            loki,
            wrap: { .loki($0) },
            unwrap: {
                if case .loki(let options) = $0 { return options }
                return nil
            }
        ),
        LogShape(
            "otlp",
            "OpenTelemetry's protocol.",
            otlp,
            wrap: { .otlp($0) },
            unwrap: {
                if case .otlp(let options) = $0 { return options }
                return nil
            }
        ),
        LogShape(
            "splunk",
            "Splunk's HTTP event collector.",
            splunk,
            wrap: { .splunk($0.options) },
            unwrap: {
                if case .splunk(let options) = $0 { return Splunk(options) }
                return nil
            }
        ),
        LogShape(
            "datadog",
            "Datadog's intake.",
            datadog,
            wrap: { .datadog($0.options) },
            unwrap: {
                if case .datadog(let options) = $0 { return Datadog(options) }
                return nil
            }
        ),
        LogShape(
            "http",
            "Any server that takes a POST.",
            http,
            wrap: { .http($0) },
            unwrap: {
                if case .http(let options) = $0 { return options }
                return nil
            }
        ),
    ]

    // MARK: - Elasticsearch

    /// What an index is called where nothing says so.
    static let usualIndex = RecordTemplate(literal: "logs")

    private static var standardElasticsearch: ElasticsearchOptions {
        var options = ElasticsearchOptions(target: HTTPTarget(urls: []))
        options.index = usualIndex
        return options
    }

    private static let elasticsearch = LogTable(standardElasticsearch) { table in
        table.add(
            "elasticsearch",
            \.target.urls,
            .many(.url),
            "The servers, in the order in which they are tried; or `opensearch`.",
            isRequired: true
        )
        table.add("index", \.index, .template, "The index, alias or data stream.")
        table.add(
            "logstash",
            optional: \.logstash,
            .object(logstash, title: "logstash", primary: "prefix", mark: true),
            "Indices with the date in their name, `PREFIX-YYYY.MM.DD`, and `@timestamp`."
        )
        table.add(
            "dataStream",
            \.isDataStream,
            .boolean,
            "The index is a data stream: `create` always, and `@timestamp`."
        )
        table.add(
            "operation",
            \.operation,
            .word([("create", .create), ("index", .index)]),
            "`index` replaces documents with the same id."
        )
        table.add(
            "idField",
            optional: \.idKey,
            .field,
            "The field with the document's id.",
            absence: "file and place"
        )
        table.add(
            "indexField",
            optional: \.targetIndexKey,
            .field,
            "The field that names the index, and is taken out."
        )
        table.add("ingestPipeline", optional: \.pipeline, .text, "The server's own pipeline.")
        table.add("routingField", optional: \.routingKey, .field, "The field with the routing.")
        table.add("remove", \.removeKeys, .many(.field), "Fields left out of the document.")
        table.add("timestamp", \.includesTimestamp, .boolean, "Documents get `@timestamp`.")
        table.add(
            "timeField",
            optional: \.timeKey,
            .field,
            "The field whose value is the time of `@timestamp` and of the index.",
            absence: "the record's time"
        )
        table.add(
            "timeFieldOnly",
            \.timeKeyExcludesTimestamp,
            .boolean,
            "`timeField` stands for `@timestamp`, which is not added."
        )
        table.add(
            "type",
            optional: \.typeName,
            .text,
            "`_type`, for Elasticsearch up to 7."
        )
        table.include(LogServerTables.http, \.target)
        table.add(opensearch, alias: "elasticsearch")
    }

    /// The same under its other name, which is never printed.
    private static let opensearch = LogField<ElasticsearchOptions>(
        description: LogFieldDescription(
            name: "opensearch",
            words: "a URL, or a list",
            summary: "`elasticsearch` by its other name.",
            standard: "none"
        ),
        read: { node, spot, owner in
            if let urls = LogKind<[String]>.many(.url).read(node, spot) { owner.target.urls = urls }
        },
        write: { _ in nil }
    )

    private static let logstash = LogTable(LogstashFormat()) { table in
        table.add("prefix", \.prefix, .template, "What stands before the date.")
        table.add("separator", \.separator, .text, "What stands between.")
        table.add("date", \.dateFormat, .text, "The date, in strftime's directives.")
        table.add("utc", \.usesUTC, .boolean, "The date is that of UTC, not the machine's.")
        table.add(
            "timeDigits",
            \.timePrecision,
            .integer(0...9),
            "Digits of the second's fraction in `@timestamp`."
        )
    }

    // MARK: - Others

    private static let loki = LogTable(LokiOptions(target: HTTPTarget(urls: []))) { table in
        table.add("loki", \.target.urls, .many(.url), "The servers.", isRequired: true)
        table.add("tenant", optional: \.tenant, .text, "`X-Scope-OrgID`.")
        table.add(
            "labels",
            \.namedLabels,
            .named(.template, words: "names with a [template](#templates) each"),
            "Labels of the stream; few, with few values each.",
            standard: "none"
        )
        table.add(
            "metadata",
            \.namedMetadata,
            .named(.template, words: "names with a [template](#templates) each"),
            "Structured metadata.",
            standard: "none"
        )
        table.add("remove", \.removeKeys, .many(.field), "Fields left out of the line.")
        table.add("format", \.form, .form, "What the line is.")
        table.include(LogServerTables.http, \.target)
    }

    private static let otlp = LogTable(OTLPOptions(target: HTTPTarget(urls: []))) { table in
        table.add(
            "otlp",
            \.target.urls,
            .many(.url),
            "The servers, without `/v1/logs`.",
            isRequired: true
        )
        table.add(
            "protocol",
            \.transport,
            .word([("http", .httpProtobuf), ("httpJson", .httpJSON), ("grpc", .grpc)]),
            "How it is spoken."
        )
        table.add(
            "resource",
            \.namedResource,
            .named(.template, words: "names with a [template](#templates) each"),
            "Attributes of the resource, such as `service.name`.",
            standard: "none"
        )
        table.add(
            "messageField",
            \.bodyKey,
            .field,
            "The field that becomes the body; the others become attributes."
        )
        table.add("severityField", \.severityKey, .field, "The field with the severity.")
        table.add("traceField", \.traceKey, .field, "The field with the trace's id.")
        table.add("spanField", \.spanKey, .field, "The field with the span's id.")
        table.include(LogServerTables.http, \.target)
    }

    private static let splunk = LogTable(Splunk()) { table in
        table.add("splunk", \.options.target.urls, .many(.url), "The servers.", isRequired: true)
        table.add(secret: "token", \.token, "The collector's token.", isRequired: true)
        table.add("index", optional: \.options.index, .template, "The index.")
        table.add("source", optional: \.options.source, .template, "The source.")
        table.add("sourcetype", optional: \.options.sourcetype, .template, "The source's type.")
        table.add("host", optional: \.options.host, .template, "The host.")
        table.add(
            "acknowledge",
            \.options.acknowledges,
            .boolean,
            "Waits until the indexers have the records."
        )
        table.add("channel", optional: \.options.channel, .text, "The channel, a UUID.")
        table.include(LogServerTables.plain, \.options.target)
    }

    private struct Splunk: Sendable, Equatable {
        var options = SplunkOptions(target: HTTPTarget(urls: []), token: "")
        var token: String? {
            get { options.token }
            set { options.token = newValue ?? "" }
        }

        init() {}
        init(_ options: SplunkOptions) { self.options = options }
    }

    private static let datadog = LogTable(Datadog()) { table in
        table.add(
            "datadog",
            \.options.site,
            .textOrTrue("datadoghq.com"),
            "The site, such as `datadoghq.eu`.",
            isRequired: true
        )
        table.add(secret: "apiKey", \.apiKey, "The key.", isRequired: true)
        table.add("service", optional: \.options.service, .template, "The service.")
        table.add("source", optional: \.options.source, .template, "The source.")
        table.add("tags", optional: \.options.tags, .template, "Tags, `a:b,c:d`.")
        table.add("hostname", optional: \.options.hostname, .template, "The host.")
        table.add("messageField", \.options.messageKey, .field, "The field with the message.")
        table.add(
            "url",
            \.options.target.urls,
            .many(.url),
            "Instead of the site's intake.",
            standard: "the site's"
        )
        table.include(LogServerTables.plain, \.options.target)
    }

    private struct Datadog: Sendable, Equatable {
        var options = DatadogOptions(target: HTTPTarget(urls: []), apiKey: "")
        var apiKey: String? {
            get { options.apiKey }
            set { options.apiKey = newValue ?? "" }
        }

        init() {}
        init(_ options: DatadogOptions) { self.options = options }
    }

    private static let http = LogTable(HTTPOptions(target: HTTPTarget(urls: []))) { table in
        table.add("http", \.target.urls, .many(.url), "The servers.", isRequired: true)
        table.add("method", \.method, .text, "The method.")
        table.add(
            "frame",
            \.frame,
            .word([("lines", .lines), ("array", .array)]),
            "Records are lines, or elements of a JSON array."
        )
        table.add("format", \.form, .form, "What a record is.")
        table.add(
            "contentType",
            optional: \.contentType,
            .text,
            "`Content-Type`.",
            absence: "what goes with frame and format"
        )
        table.add(
            "retryOn",
            \.retryableStatuses,
            .many(.integer(100...599), least: 0),
            "Answers that are worth another try; others of 4xx are final."
        )
        table.include(LogServerTables.http, \.target)
    }
}

extension LokiOptions {
    fileprivate var namedLabels: [LogNamed<RecordTemplate>] {
        get { labels.map { LogNamed(name: $0.name, value: $0.value) } }
        set { labels = newValue.map { (name: $0.name, value: $0.value) } }
    }

    fileprivate var namedMetadata: [LogNamed<RecordTemplate>] {
        get { metadata.map { LogNamed(name: $0.name, value: $0.value) } }
        set { metadata = newValue.map { (name: $0.name, value: $0.value) } }
    }
}

extension OTLPOptions {
    fileprivate var namedResource: [LogNamed<RecordTemplate>] {
        get { resource.map { LogNamed(name: $0.name, value: $0.value) } }
        set { resource = newValue.map { (name: $0.name, value: $0.value) } }
    }
}
