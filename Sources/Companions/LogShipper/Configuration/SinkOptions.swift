/// Elasticsearch and OpenSearch.
package struct ElasticsearchOptions: Sendable, Equatable {
    package enum Operation: Sendable, Equatable { case create, index }

    package var target: HTTPTarget
    /// The index, alias or data stream; unused with `logstash`.
    package var index = RecordTemplate(literal: "fluentd")
    /// `prefix-YYYY.MM.DD` after the record's time.
    package var logstash: LogstashFormat?
    /// `create` with an id made of file and offset unless the file says otherwise.
    package var operation: Operation = .create
    /// The field with the document's id; nil: file and offset.
    package var idKey: String?
    /// The field that names the index, and is taken out of the document.
    package var targetIndexKey: String?
    package var pipeline: String?
    package var routingKey: String?
    /// Documents go into data streams: `create` always, and `@timestamp` always there.
    package var isDataStream = false
    /// Fields that are left out of the document.
    package var removeKeys: [String] = []
    /// `@timestamp` is added also without `logstash`.
    package var includesTimestamp = false
    package var timeKey: String?
    package var timeKeyExcludesTimestamp = false
    /// For Elasticsearch up to 7: `_type`.
    package var typeName: String?

    package init(target: HTTPTarget) { self.target = target }
}

/// fluentd's `logstash_format`.
package struct LogstashFormat: Sendable, Equatable {
    package var prefix = RecordTemplate(literal: "logstash")
    package var separator = "-"
    package var dateFormat = "%Y.%m.%d"
    package var usesUTC = true
    /// Digits of the second's fraction in `@timestamp`.
    package var timePrecision = 9

    package init() {}
}

/// Kafka.
package struct KafkaOptions: Sendable, Equatable {
    package var brokers: [String]
    package var topic: RecordTemplate
    /// Where the template comes to nothing, because the record has no such field; nil: it is refused.
    package var standardTopic: String?
    /// The message's key; nil: none.
    package var key: RecordTemplate?
    /// Where the key's template comes to nothing.
    package var standardKey: String?
    package var headers: [(name: String, value: RecordTemplate)] = []
    package var form: RecordForm = .json
    /// gzip, snappy, lz4, zstd, none.
    package var compression = "none"
    package var isIdempotent = true
    package var sasl: KafkaSASL?
    package var tls = SinkTLSOptions()
    /// -1 (all), 0 or 1.
    package var acks = -1
    /// Any property of librdkafka's, for what has no name here.
    package var properties: [(name: String, value: String)] = []
    package var timeout: Int64 = 30_000

    package init(brokers: [String], topic: RecordTemplate) {
        self.brokers = brokers
        self.topic = topic
    }

    package static func == (left: KafkaOptions, right: KafkaOptions) -> Bool {
        left.brokers == right.brokers && left.topic == right.topic
            && left.standardTopic == right.standardTopic && left.key == right.key
            && left.standardKey == right.standardKey
            && left.headers.elementsEqual(right.headers) {
                $0.name == $1.name && $0.value == $1.value
            }
            && left.form == right.form && left.compression == right.compression
            && left.isIdempotent == right.isIdempotent && left.sasl == right.sasl
            && left.tls == right.tls && left.acks == right.acks && left.timeout == right.timeout
            && left.properties.elementsEqual(right.properties) {
                $0.name == $1.name && $0.value == $1.value
            }
    }
}

/// How Kafka's clients say who they are.
package struct KafkaSASL: Sendable, Equatable {
    /// PLAIN, SCRAM-SHA-256, SCRAM-SHA-512.
    package var mechanism: String
    package var user: String
    package var password: String

    package init(mechanism: String, user: String, password: String) {
        self.mechanism = mechanism
        self.user = user
        self.password = password
    }
}

/// Grafana Loki.
package struct LokiOptions: Sendable, Equatable {
    package var target: HTTPTarget
    package var tenant: String?
    package var labels: [(name: String, value: RecordTemplate)] = []
    /// Fields that become structured metadata.
    package var metadata: [(name: String, value: RecordTemplate)] = []
    /// Fields left out of the line.
    package var removeKeys: [String] = []
    package var form: RecordForm = .json

    package init(target: HTTPTarget) { self.target = target }

    package static func == (left: LokiOptions, right: LokiOptions) -> Bool {
        left.target == right.target && left.tenant == right.tenant
            && left.labels.elementsEqual(right.labels) {
                $0.name == $1.name && $0.value == $1.value
            }
            && left.metadata.elementsEqual(right.metadata) {
                $0.name == $1.name && $0.value == $1.value
            }
            && left.removeKeys == right.removeKeys && left.form == right.form
    }
}

/// OpenTelemetry's protocol.
package struct OTLPOptions: Sendable, Equatable {
    package enum Transport: Sendable, Equatable { case httpProtobuf, httpJSON, grpc }

    /// The URL without `/v1/logs`.
    package var target: HTTPTarget
    package var transport: Transport = .httpProtobuf
    package var resource: [(name: String, value: RecordTemplate)] = []
    /// The field that becomes the body; the others become attributes.
    package var bodyKey = "message"
    package var severityKey = "level"
    package var traceKey = "trace_id"
    package var spanKey = "span_id"

    package init(target: HTTPTarget) { self.target = target }

    package static func == (left: OTLPOptions, right: OTLPOptions) -> Bool {
        left.target == right.target && left.transport == right.transport
            && left.resource.elementsEqual(right.resource) {
                $0.name == $1.name && $0.value == $1.value
            }
            && left.bodyKey == right.bodyKey && left.severityKey == right.severityKey
            && left.traceKey == right.traceKey && left.spanKey == right.spanKey
    }
}

/// Datadog's intake.
package struct DatadogOptions: Sendable, Equatable {
    /// The URL is made of the site where `target.urls` is empty.
    package var target: HTTPTarget
    package var apiKey: String
    package var site = "datadoghq.com"
    package var service: RecordTemplate?
    package var source: RecordTemplate?
    package var tags: RecordTemplate?
    package var hostname: RecordTemplate?
    package var messageKey = "message"

    package init(target: HTTPTarget, apiKey: String) {
        self.target = target
        self.apiKey = apiKey
    }
}

/// Amazon CloudWatch Logs.
package struct CloudWatchOptions: Sendable, Equatable {
    package var target: HTTPTarget
    package var aws: AWSOptions
    package var group: RecordTemplate
    package var stream: RecordTemplate
    package var createsGroup = false
    package var createsStream = true
    /// Only this field's value is sent; nil: the record as JSON.
    package var messageKey: String?
    package var retentionDays: Int?

    package init(
        target: HTTPTarget,
        aws: AWSOptions,
        group: RecordTemplate,
        stream: RecordTemplate
    ) {
        self.target = target
        self.aws = aws
        self.group = group
        self.stream = stream
    }
}

/// Azure Monitor's Logs Ingestion.
package struct AzureOptions: Sendable, Equatable {
    /// The data collection endpoint.
    package var target: HTTPTarget
    /// Where tokens come from, without `/<tenant>/…`.
    package var authority = "https://login.microsoftonline.com"
    package var tenant: String
    package var client: String
    package var secret: String
    /// The rule's immutable id, `dcr-…`.
    package var rule: String
    /// `Custom-Table_CL`.
    package var stream: String
    package var timeKey = "TimeGenerated"

    package init(
        target: HTTPTarget,
        tenant: String,
        client: String,
        secret: String,
        rule: String,
        stream: String
    ) {
        self.target = target
        self.tenant = tenant
        self.client = client
        self.secret = secret
        self.rule = rule
        self.stream = stream
    }
}

/// Splunk's HTTP event collector.
package struct SplunkOptions: Sendable, Equatable {
    package var target: HTTPTarget
    package var token: String
    package var index: RecordTemplate?
    package var source: RecordTemplate?
    package var sourcetype: RecordTemplate?
    package var host: RecordTemplate?
    /// Waits for the indexers' own acknowledgement.
    package var acknowledges = false
    package var channel: String?

    package init(target: HTTPTarget, token: String) {
        self.target = target
        self.token = token
    }
}

/// A syslog server.
package struct SyslogOptions: Sendable, Equatable {
    package enum Transport: Sendable, Equatable { case udp, tcp, tls }
    package enum Form: Sendable, Equatable { case rfc3164, rfc5424 }
    /// How messages are told apart on a stream (RFC 6587).
    package enum Framing: Sendable, Equatable {
        /// The length stands before each; line feeds stay what they are.
        case counted
        /// A line feed ends each; those inside are written as `#012`.
        case lines
    }

    package var target: StreamTarget
    package var transport: Transport = .udp
    package var form: Form = .rfc5424
    package var framing: Framing = .counted
    /// 0…23, where the record does not say.
    package var facility = 1
    /// The field with the facility's name or number; nil: none.
    package var facilityKey: String?
    /// 0…7, where the record does not say.
    package var severity = 6
    package var severityKey = "level"
    /// The field that is the message; empty, or not in the record: the record as JSON.
    package var messageKey = "message"
    package var appName: RecordTemplate?
    package var hostname: RecordTemplate?
    package var processID: RecordTemplate?
    package var messageID: RecordTemplate?
    /// Fields with objects, which become elements of the structured data under the field's name.
    package var structuredKeys: [String] = []
    /// The element that all other fields go into, `fields@32473`; nil: none.
    package var structuredID: String?
    /// Bytes of one message, its length not counted; nil: 8192 over UDP, and no limit otherwise.
    ///
    /// The rest is cut off, and counted.
    package var bytesMax: Int?

    package init(target: StreamTarget) { self.target = target }
}

/// fluentd's forward protocol.
package struct ForwardOptions: Sendable, Equatable {
    package var target: StreamTarget
    package var sharedKey: String?
    package var user: String?
    package var password: String?
    /// Waits for the `ack` of each chunk; without it what was written counts as delivered.
    package var requiresAck = true
    package var compression = false
    /// Seconds as an integer instead of the extension with nanoseconds.
    package var timeAsInteger = false

    package init(target: StreamTarget) { self.target = target }
}

/// Amazon S3 and what speaks like it.
package struct S3Options: Sendable, Equatable {
    package var target: HTTPTarget
    package var aws: AWSOptions
    package var bucket: String
    /// `%Y/%m/%d/…`; the chunk's number is added, so that no object is written twice.
    package var objectKey: RecordTemplate
    package var form: RecordForm = .json
    package var usesPathStyle = false
    package var storageClass: String?

    package init(target: HTTPTarget, aws: AWSOptions, bucket: String, objectKey: RecordTemplate) {
        self.target = target
        self.aws = aws
        self.bucket = bucket
        self.objectKey = objectKey
    }
}

/// Any server that takes a POST.
package struct HTTPOptions: Sendable, Equatable {
    package enum Frame: Sendable, Equatable { case lines, array }

    package var target: HTTPTarget
    package var method = "POST"
    package var frame: Frame = .lines
    package var form: RecordForm = .json
    package var contentType: String?
    /// Answers that are worth another try; others of 4xx are final.
    package var retryableStatuses = [408, 425, 429, 500, 502, 503, 504]

    package init(target: HTTPTarget) { self.target = target }
}

/// A file.
package struct FileOptions: Sendable, Equatable {
    package var path: RecordTemplate
    package var form: RecordForm = .json
    package var compression = false
    /// Permission bits.
    package var mode: UInt32 = 0o644

    package init(path: RecordTemplate) { self.path = path }
}
