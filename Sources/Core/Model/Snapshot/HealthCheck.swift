/// `envoy.config.core.v3.HealthCheck`, compiled.
package struct HealthCheckConfiguration: Sendable {
    package struct HTTP: Sendable {
        /// Empty: the endpoint's own, then the cluster's name.
        package var host: String
        package var path: ByteString
        package var method: Method
        package var headersToAdd: HeaderOperations
        /// Half-open ranges of statuses that are healthy; empty: 200.
        package var expectedStatuses: [Range<Int>]
        /// Failures that count towards the threshold instead of ending health at once.
        package var retriableStatuses: [Range<Int>]
        /// The body must contain these, one after the other; needs `responseBufferBytes`.
        package var expectedBody: [[UInt8]]
        package var responseBufferBytes: Int
        package var serviceName: StringMatcher?
        package var sentBody: [UInt8]

        package init(
            host: String = "",
            path: ByteString,
            method: Method = .get,
            headersToAdd: HeaderOperations = HeaderOperations(),
            expectedStatuses: [Range<Int>] = [],
            retriableStatuses: [Range<Int>] = [],
            expectedBody: [[UInt8]] = [],
            responseBufferBytes: Int = 1024,
            serviceName: StringMatcher? = nil,
            sentBody: [UInt8] = []
        ) {
            self.host = host
            self.path = path
            self.method = method
            self.headersToAdd = headersToAdd
            self.expectedStatuses = expectedStatuses
            self.retriableStatuses = retriableStatuses
            self.expectedBody = expectedBody
            self.responseBufferBytes = responseBufferBytes
            self.serviceName = serviceName
            self.sentBody = sentBody
        }
    }
    package enum Kind: Sendable {
        case http(HTTP)
        /// Sends the bytes, if any; healthy when all of `receive` came, one after the other.
        case tcp(send: [UInt8], receive: [[UInt8]])
        /// `grpc.health.v1.Health/Check` for the service; an empty authority: the cluster's name.
        case grpc(service: String, authority: String, metadata: HeaderOperations)
    }

    package var kind: Kind
    // All times in milliseconds.
    package var timeout: Int64
    package var interval: Int64
    package var initialJitter: Int64 = 0
    package var intervalJitter: Int64 = 0
    package var intervalJitterPercent: UInt32 = 0
    package var unhealthyThreshold: UInt32
    package var healthyThreshold: UInt32
    package var noTrafficInterval: Int64 = 60_000
    package var noTrafficHealthyInterval: Int64?
    package var unhealthyInterval: Int64?
    package var unhealthyEdgeInterval: Int64?
    package var healthyEdgeInterval: Int64?
    package var altPort: UInt16?
    package var reusesConnection = true
    /// The check itself speaks HTTP/2 (`codec_client_type`; gRPC always does).
    package var usesHTTP2 = false
    /// `tls_options.alpn_protocols`: instead of the transport's; empty: the transport's.
    package var alpn: [[UInt8]] = []
    /// `transport_socket_match_criteria`: instead of the endpoint's metadata.
    package var transportCriteria: [String: MetadataValue]?
    /// A file that gets one line of JSON for each change; nil: none.
    package var eventLogPath: String?
    package var logsEveryFailure = false
    package var logsEverySuccess = false

    package init(
        kind: Kind,
        timeout: Int64,
        interval: Int64,
        unhealthyThreshold: UInt32,
        healthyThreshold: UInt32
    ) {
        self.kind = kind
        self.timeout = timeout
        self.interval = interval
        self.unhealthyThreshold = unhealthyThreshold
        self.healthyThreshold = healthyThreshold
    }
}
