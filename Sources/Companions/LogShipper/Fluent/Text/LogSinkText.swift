/// Sinks in the short form.
enum LogSinkText {
    static func tree(_ sink: SinkConfiguration) -> LogTreeMap {
        var map = LogTreeMap()
        let (name, value) = kind(sink.kind)
        map.add(name, value)
        var inject = LogTreeMap()
        inject.add("tag_key", sink.inject.tagKey)
        inject.add("time_key", sink.inject.timeKey)
        if sink.inject.timeForm != .iso8601 {
            LogParserText.form(sink.inject.timeForm, into: &inject)
        }
        inject.add("hostname_key", sink.inject.hostnameKey)
        map.add("inject", inject)
        map.add("buffer", buffer(sink.buffer))
        map.add("retry", retry(sink.retry))
        map.add("dead_letters", sink.deadLetters)
        return map
    }

    private static func buffer(_ options: BufferOptions) -> LogTreeMap {
        let standard = BufferOptions()
        var map = LogTreeMap()
        map.add("memory", size: options.memoryMax, unless: standard.memoryMax)
        map.add("disk", size: options.diskMax, unless: standard.diskMax)
        map.add("directory", options.directory)
        switch options.overflow {
        case .block: break
        case .dropOldest: map.add("overflow", "drop_oldest")
        case .dropNewest: map.add("overflow", "drop_newest")
        }
        map.add("chunk", size: options.chunkBytes)
        map.add("chunk_records", options.chunkRecords)
        map.add("flush", time: options.flushInterval, unless: standard.flushInterval)
        map.add("threads", options.flushThreads, unless: standard.flushThreads)
        map.add("drain", time: options.drainTime, unless: standard.drainTime)
        return map
    }

    private static func retry(_ options: RetryOptions) -> LogTreeMap {
        let standard = RetryOptions()
        var map = LogTreeMap()
        map.add("first", time: options.first, unless: standard.first)
        map.add("max", time: options.max, unless: standard.max)
        if options.base != standard.base { map.add("base", .decimal(options.base)) }
        map.add("attempts", options.attemptsMax)
        map.add("timeout", time: options.timeout)
        return map
    }

    // MARK: - Kinds

    private static func kind(_ kind: SinkConfiguration.Kind) -> (String, LogTree) {
        switch kind {
        case .elasticsearch(let options): return ("elasticsearch", .map(elasticsearch(options)))
        case .kafka(let options): return ("kafka", .map(kafka(options)))
        case .loki(let options): return ("loki", .map(loki(options)))
        case .otlp(let options): return ("otlp", .map(otlp(options)))
        case .beats(let target, let isCompressed):
            var map = stream(target)
            map.add("compression", isCompressed, unless: false)
            return ("beats", .map(map))
        case .tcp(let target): return ("tcp", .map(stream(target)))
        case .datadog(let options): return ("datadog", .map(datadog(options)))
        case .cloudWatch(let options): return ("cloudwatch", .map(cloudWatch(options)))
        case .azure(let options): return ("azure", .map(azure(options)))
        case .splunk(let options): return ("splunk", .map(splunk(options)))
        case .syslog(let options): return ("syslog", .map(syslog(options)))
        case .forward(let options): return ("forward", .map(forward(options)))
        case .s3(let options): return ("s3", .map(s3(options)))
        case .http(let options): return ("http", .map(http(options)))
        case .file(let options): return ("file", .map(file(options)))
        case .standardOutput(let form):
            var map = LogTreeMap()
            add(form, into: &map)
            return ("stdout", .map(map))
        case .null: return ("null", .map(LogTreeMap()))
        }
    }

    private static func elasticsearch(_ options: ElasticsearchOptions) -> LogTreeMap {
        var map = server(options.target)
        if let logstash = options.logstash {
            let standard = LogstashFormat()
            var inner = LogTreeMap()
            if logstash.prefix != standard.prefix { inner.add("prefix", logstash.prefix) }
            inner.add("separator", logstash.separator, unless: standard.separator)
            inner.add("date", logstash.dateFormat, unless: standard.dateFormat)
            inner.add("utc", logstash.usesUTC, unless: true)
            inner.add("time_digits", logstash.timePrecision, unless: standard.timePrecision)
            map.add("logstash", .map(inner))
        }
        if options.index != RecordTemplate(literal: "fluentd") { map.add("index", options.index) }
        map.add("operation", options.operation == .create ? "create" : "index", unless: "create")
        map.add("id_key", options.idKey)
        map.add("index_key", options.targetIndexKey)
        map.add("pipeline", options.pipeline)
        map.add("routing_key", options.routingKey)
        map.add("data_stream", options.isDataStream, unless: false)
        map.add("remove", options.removeKeys)
        map.add("timestamp", options.includesTimestamp, unless: false)
        map.add("time_key", options.timeKey)
        map.add("time_key_only", options.timeKeyExcludesTimestamp, unless: false)
        map.add("type", options.typeName)
        return map
    }

    private static func kafka(_ options: KafkaOptions) -> LogTreeMap {
        var map = LogTreeMap()
        map.add("brokers", options.brokers)
        map.add("topic", options.topic)
        map.add("key", options.key)
        map.add("headers", template: options.headers)
        add(options.form, into: &map)
        map.add("compression", options.compression, unless: "none")
        map.add("idempotent", options.isIdempotent, unless: true)
        if let sasl = options.sasl {
            var inner = LogTreeMap()
            inner.add("mechanism", sasl.mechanism)
            inner.add("user", sasl.user)
            inner.add("password", sasl.password)
            map.add("sasl", .map(inner))
        }
        map.add("tls", tls(options.tls))
        map.add("acks", options.acks, unless: -1)
        map.add("properties", pairs: options.properties)
        map.add("timeout", time: options.timeout, unless: 30_000)
        return map
    }

    private static func loki(_ options: LokiOptions) -> LogTreeMap {
        var map = server(options.target)
        map.add("tenant", options.tenant)
        map.add("labels", template: options.labels)
        map.add("metadata", template: options.metadata)
        map.add("remove", options.removeKeys)
        add(options.form, into: &map)
        return map
    }

    private static func otlp(_ options: OTLPOptions) -> LogTreeMap {
        var map = server(options.target)
        switch options.transport {
        case .httpProtobuf: break
        case .httpJSON: map.add("transport", "http_json")
        case .grpc: map.add("transport", "grpc")
        }
        map.add("resource", template: options.resource)
        map.add("body_key", options.bodyKey, unless: "message")
        map.add("severity_key", options.severityKey, unless: "level")
        map.add("trace_key", options.traceKey, unless: "trace_id")
        map.add("span_key", options.spanKey, unless: "span_id")
        return map
    }

    private static func datadog(_ options: DatadogOptions) -> LogTreeMap {
        var map = server(options.target)
        map.add("api_key", options.apiKey)
        map.add("site", options.site, unless: "datadoghq.com")
        map.add("service", options.service)
        map.add("source", options.source)
        map.add("tags", options.tags)
        map.add("hostname", options.hostname)
        map.add("message_key", options.messageKey, unless: "message")
        return map
    }

    private static func cloudWatch(_ options: CloudWatchOptions) -> LogTreeMap {
        var map = server(options.target)
        map.add("aws", .map(aws(options.aws)))
        map.add("group", options.group)
        map.add("stream", options.stream)
        map.add("create_group", options.createsGroup, unless: false)
        map.add("create_stream", options.createsStream, unless: true)
        map.add("message_key", options.messageKey)
        map.add("retention_days", options.retentionDays)
        return map
    }

    private static func azure(_ options: AzureOptions) -> LogTreeMap {
        var map = server(options.target)
        map.add("authority", options.authority, unless: "https://login.microsoftonline.com")
        map.add("tenant", options.tenant)
        map.add("client", options.client)
        map.add("secret", options.secret)
        map.add("rule", options.rule)
        map.add("stream", options.stream)
        map.add("time_key", options.timeKey, unless: "TimeGenerated")
        return map
    }

    private static func splunk(_ options: SplunkOptions) -> LogTreeMap {
        var map = server(options.target)
        map.add("token", options.token)
        map.add("index", options.index)
        map.add("source", options.source)
        map.add("sourcetype", options.sourcetype)
        map.add("host", options.host)
        map.add("acknowledge", options.acknowledges, unless: false)
        map.add("channel", options.channel)
        return map
    }

    private static func syslog(_ options: SyslogOptions) -> LogTreeMap {
        var map = stream(options.target)
        switch options.transport {
        case .udp: break
        case .tcp: map.add("transport", "tcp")
        case .tls: map.add("transport", "tls")
        }
        map.add("form", options.form == .rfc5424 ? "rfc5424" : "rfc3164", unless: "rfc5424")
        map.add("facility", options.facility, unless: 1)
        map.add("severity_key", options.severityKey, unless: "level")
        map.add("message_key", options.messageKey, unless: "message")
        map.add("app_name", options.appName)
        map.add("hostname", options.hostname)
        return map
    }

    private static func forward(_ options: ForwardOptions) -> LogTreeMap {
        var map = stream(options.target)
        map.add("shared_key", options.sharedKey)
        map.add("user", options.user)
        map.add("password", options.password)
        map.add("ack", options.requiresAck, unless: true)
        map.add("compression", options.compression, unless: false)
        map.add("integer_time", options.timeAsInteger, unless: false)
        return map
    }

    private static func s3(_ options: S3Options) -> LogTreeMap {
        var map = server(options.target)
        map.add("aws", .map(aws(options.aws)))
        map.add("bucket", options.bucket)
        map.add("object", options.objectKey)
        add(options.form, into: &map)
        map.add("path_style", options.usesPathStyle, unless: false)
        map.add("storage_class", options.storageClass)
        return map
    }

    private static func http(_ options: HTTPOptions) -> LogTreeMap {
        let standard = HTTPOptions(target: options.target)
        var map = server(options.target)
        map.add("method", options.method, unless: "POST")
        map.add("frame", options.frame == .lines ? "lines" : "array", unless: "lines")
        add(options.form, into: &map)
        map.add("content_type", options.contentType)
        if options.retryableStatuses != standard.retryableStatuses {
            map.add("retry_on", .list(options.retryableStatuses.map { .integer($0) }))
        }
        return map
    }

    private static func file(_ options: FileOptions) -> LogTreeMap {
        var map = LogTreeMap()
        map.add("path", options.path)
        add(options.form, into: &map)
        map.add("compression", options.compression, unless: false)
        if options.mode != 0o644 { map.add("mode", "0" + String(options.mode, radix: 8)) }
        return map
    }

    // MARK: - Parts

    private static func add(_ form: RecordForm, into map: inout LogTreeMap) {
        switch form {
        case .json: break
        case .outFile: map.add("write", "out_file")
        case .logfmt: map.add("write", "logfmt")
        case .message(let key):
            var inner = LogTreeMap()
            inner.add("field", key)
            map.add("write", .map(inner))
        case .csv(let keys):
            var inner = LogTreeMap()
            inner.add("csv", .list(keys.map { .text($0) }))
            map.add("write", .map(inner))
        }
    }

    private static func server(_ target: HTTPTarget) -> LogTreeMap {
        var map = LogTreeMap()
        map.add("urls", target.urls)
        switch target.auth {
        case .none: break
        case .basic(let user, let password):
            map.add("user", user)
            map.add("password", password)
        case .bearer(let token): map.add("bearer", token)
        case .apiKey(let key): map.add("authorization_key", key)
        case .sigV4(let options, let service):
            var inner = aws(options)
            inner.add("service", service)
            map.add("sigv4", .map(inner))
        }
        map.add("headers", pairs: target.headers)
        map.add("tls", tls(target.tls))
        map.add("gzip", target.compression, unless: false)
        map.add("timeout", time: target.timeout, unless: 30_000)
        return map
    }

    private static func stream(_ target: StreamTarget) -> LogTreeMap {
        var map = LogTreeMap()
        map.add("addresses", target.addresses)
        map.add("tls", tls(target.tls))
        map.add("timeout", time: target.timeout, unless: 30_000)
        return map
    }

    private static func tls(_ options: SinkTLSOptions) -> LogTreeMap {
        var map = LogTreeMap()
        map.add("on", options.isOn, unless: false)
        map.add("authority", options.authorityFile)
        map.add("certificate", options.certificateFile)
        map.add("key", options.keyFile)
        map.add("server_name", options.serverName)
        map.add("verify", options.verifies, unless: true)
        return map
    }

    private static func aws(_ options: AWSOptions) -> LogTreeMap {
        var map = LogTreeMap()
        map.add("region", options.region)
        map.add("access_key", options.accessKey)
        map.add("secret_key", options.secretKey)
        map.add("session_token", options.sessionToken)
        map.add("endpoint", options.endpoint)
        map.add("role", options.assumedRole)
        return map
    }
}
