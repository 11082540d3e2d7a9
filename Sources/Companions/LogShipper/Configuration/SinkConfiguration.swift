/// Where records go.
package struct SinkConfiguration: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case elasticsearch(ElasticsearchOptions)
        case kafka(KafkaOptions)
        case loki(LokiOptions)
        case otlp(OTLPOptions)
        /// Logstash's beats input: lumberjack, version 2.
        case beats(StreamTarget, compression: Bool)
        /// JSON lines over TCP.
        case tcp(StreamTarget)
        case datadog(DatadogOptions)
        case cloudWatch(CloudWatchOptions)
        case azure(AzureOptions)
        case splunk(SplunkOptions)
        case syslog(SyslogOptions)
        case forward(ForwardOptions)
        case s3(S3Options)
        case http(HTTPOptions)
        case file(FileOptions)
        case standardOutput(RecordForm)
        case null
    }

    /// For metrics and messages; unique.
    package var name: String
    package var kind: Kind
    package var buffer = BufferOptions()
    package var retry = RetryOptions()
    /// Where records go that it can never take: a file of JSON lines; nil: under the state directory.
    package var deadLetters: String?
    /// Fields that are put into the record before it is written.
    package var inject = InjectOptions()
    package var place: ConfigurationPlace

    package init(name: String, kind: Kind, place: ConfigurationPlace) {
        self.name = name
        self.kind = kind
        self.place = place
    }
}

/// What is added to each record (fluentd's `<inject>`, `include_tag_key`).
package struct InjectOptions: Sendable, Equatable {
    package var tagKey: String?
    package var timeKey: String?
    package var timeForm: TimeOptions.Form = .iso8601
    package var hostnameKey: String?

    package init() {}
}

/// What waits for a sink, and for how long.
package struct BufferOptions: Sendable, Equatable {
    package enum Overflow: Sendable, Equatable { case block, dropOldest, dropNewest }

    /// Bytes in memory.
    package var memoryMax = 8 << 20
    /// Bytes on disk; 0: no spool.
    package var diskMax = 256 << 20
    /// Where the spool is; nil: under the state directory.
    package var directory: String?
    package var overflow: Overflow = .block
    /// Bytes of one request; nil: the backend's own limit, or 1 MiB.
    package var chunkBytes: Int?
    package var chunkRecords: Int?
    /// Milliseconds that a record waits for others at most.
    package var flushInterval: Int64 = 1000
    /// Requests at a time; more than one gives the order up.
    package var flushThreads = 1
    /// Milliseconds that a stop waits for the sink, before the rest is spilled.
    package var drainTime: Int64 = 10_000

    package init() {}
}

/// How often and when a failed request is made again: full jitter between nothing and the wait.
package struct RetryOptions: Sendable, Equatable {
    /// Milliseconds.
    package var first: Int64 = 500
    package var max: Int64 = 30_000
    package var base = 2.0
    /// nil: for ever.
    package var attemptsMax: Int?
    /// Milliseconds after which a chunk is given up; nil: never.
    package var timeout: Int64?

    package init() {}
}

/// A server that is spoken to with HTTP.
package struct HTTPTarget: Sendable, Equatable {
    /// `http://host:port/path`, in the order in which they are tried.
    package var urls: [String]
    package var headers: [(name: String, value: String)] = []
    package var auth: HTTPAuth = .none
    package var tls = SinkTLSOptions()
    package var compression = false
    /// Milliseconds for one request, connecting included.
    package var timeout: Int64 = 30_000

    package init(urls: [String]) { self.urls = urls }

    package static func == (left: HTTPTarget, right: HTTPTarget) -> Bool {
        left.urls == right.urls
            && left.headers.elementsEqual(right.headers) {
                $0.name == $1.name && $0.value == $1.value
            }
            && left.auth == right.auth && left.tls == right.tls
            && left.compression == right.compression && left.timeout == right.timeout
    }
}

/// How a request says who makes it.
package enum HTTPAuth: Sendable, Equatable {
    case none
    case basic(user: String, password: String)
    case bearer(String)
    /// `Authorization: ApiKey …`.
    case apiKey(String)
    case sigV4(AWSOptions, service: String)
}

/// AWS: the region and where credentials come from; nil keys: the environment, a web identity, the
/// container's endpoint, or the instance's.
package struct AWSOptions: Sendable, Equatable {
    package var region: String
    package var accessKey: String?
    package var secretKey: String?
    package var sessionToken: String?
    /// Instead of the service's own endpoint.
    package var endpoint: String?
    package var assumedRole: String?

    package init(region: String) { self.region = region }
}

/// TLS to a backend.
package struct SinkTLSOptions: Sendable, Equatable {
    /// For targets whose address does not say it by its scheme.
    package var isOn = false
    package var authorityFile: String?
    package var certificateFile: String?
    package var keyFile: String?
    /// Instead of the host's name.
    package var serverName: String?
    package var verifies = true

    package init() {}
}

/// A server that is spoken to over a stream of bytes.
package struct StreamTarget: Sendable, Equatable {
    /// `host:port`, in the order in which they are tried.
    package var addresses: [String]
    package var tls = SinkTLSOptions()
    /// Milliseconds to connect, and for an acknowledgement.
    package var timeout: Int64 = 30_000

    package init(addresses: [String]) { self.addresses = addresses }
}

/// How a record is written where the backend does not care.
package enum RecordForm: Sendable, Equatable {
    /// One JSON object a line.
    case json
    /// Time, tag and JSON, with tabs between: fluentd's `out_file`.
    case outFile
    /// One field's value as it is.
    case message(key: String)
    case logfmt
    case csv(keys: [String])
}
