/// `envoy.config.listener.v3.Listener`, compiled.
package final class ListenerConfiguration: Sendable {
    package let name: String
    /// The first is the address in statistics; the others are `additional_addresses`.
    package let addresses: [SocketAddress]
    /// The name in statistics: `stat_prefix` or the first address.
    package let statName: String
    package let backlog: Int32
    /// Open connections at the same time, over all workers; nil: no limit.
    package let connectionsMax: UInt32?
    package let bufferLimitBytes: Int
    /// Mode of a Unix socket's file; nil: as the umask says.
    package let unixMode: UInt32?
    package let accepts: Bool  // bind_to_port
    package let http: HTTPConnectionManager

    package init(
        name: String,
        addresses: [SocketAddress],
        statName: String,
        backlog: Int32 = 4096,
        connectionsMax: UInt32? = nil,
        bufferLimitBytes: Int = 1 << 20,
        unixMode: UInt32? = nil,
        accepts: Bool = true,
        http: HTTPConnectionManager
    ) {
        self.name = name
        self.addresses = addresses
        self.statName = statName
        self.backlog = backlog
        self.connectionsMax = connectionsMax
        self.bufferLimitBytes = bufferLimitBytes
        self.unixMode = unixMode
        self.accepts = accepts
        self.http = http
    }
}

/// `HttpConnectionManager`, compiled.
package final class HTTPConnectionManager: Sendable {
    package enum ServerHeader: Sendable { case overwrite, appendIfAbsent, passThrough }
    package enum EscapedSlashes: Sendable {
        case keep, reject, unescapeAndRedirect, unescapeAndForward
    }

    package let statPrefix: String
    package let routes: RouteTable
    package let accessLogs: [AccessLogConfiguration]

    // Identity of the request
    package let usesRemoteAddress: Bool
    package let skipsXFFAppend: Bool
    package let xffTrustedHopCount: UInt32
    package let generatesRequestID: Bool
    package let preservesExternalRequestID: Bool
    package let setsRequestIDInResponse: Bool
    package let serverName: ByteString
    package let serverHeader: ServerHeader
    /// The router filter's `suppress_envoy_headers`.
    package let suppressesEnvoyHeaders: Bool

    // Paths
    package let normalizesPath: Bool
    package let mergesSlashes: Bool
    package let escapedSlashes: EscapedSlashes

    // Limits; milliseconds, nil: disabled
    package let streamIdleTimeoutMilliseconds: Int64?
    package let requestTimeoutMilliseconds: Int64?
    package let requestHeadersTimeoutMilliseconds: Int64?
    package let idleTimeoutMilliseconds: Int64?
    package let connectionDurationMaxMilliseconds: Int64?
    package let delayedCloseTimeoutMilliseconds: Int64
    package let requestHeadBytesMax: Int
    package let requestHeaderCountMax: Int
    /// 0: no limit.
    package let requestsPerConnectionMax: UInt32
    package let acceptsHTTP10: Bool
    package let defaultHostForHTTP10: ByteString?

    /// Local replies say in words what decided, in the body and in `x-pillion-reason`.
    package let explainsLocalReplies: Bool

    package init(
        statPrefix: String,
        routes: RouteTable,
        accessLogs: [AccessLogConfiguration] = [],
        usesRemoteAddress: Bool = false,
        skipsXFFAppend: Bool = false,
        xffTrustedHopCount: UInt32 = 0,
        generatesRequestID: Bool = true,
        preservesExternalRequestID: Bool = false,
        setsRequestIDInResponse: Bool = false,
        serverName: ByteString = "pillion",
        serverHeader: ServerHeader = .overwrite,
        suppressesEnvoyHeaders: Bool = false,
        normalizesPath: Bool = true,
        mergesSlashes: Bool = false,
        escapedSlashes: EscapedSlashes = .keep,
        streamIdleTimeoutMilliseconds: Int64? = 300_000,
        requestTimeoutMilliseconds: Int64? = nil,
        requestHeadersTimeoutMilliseconds: Int64? = 10_000,
        idleTimeoutMilliseconds: Int64? = 3_600_000,
        connectionDurationMaxMilliseconds: Int64? = nil,
        delayedCloseTimeoutMilliseconds: Int64 = 1_000,
        requestHeadBytesMax: Int = 60 * 1024,
        requestHeaderCountMax: Int = 100,
        requestsPerConnectionMax: UInt32 = 0,
        acceptsHTTP10: Bool = true,
        defaultHostForHTTP10: ByteString? = nil,
        explainsLocalReplies: Bool = true
    ) {
        self.statPrefix = statPrefix
        self.routes = routes
        self.accessLogs = accessLogs
        self.usesRemoteAddress = usesRemoteAddress
        self.skipsXFFAppend = skipsXFFAppend
        self.xffTrustedHopCount = xffTrustedHopCount
        self.generatesRequestID = generatesRequestID
        self.preservesExternalRequestID = preservesExternalRequestID
        self.setsRequestIDInResponse = setsRequestIDInResponse
        self.serverName = serverName
        self.serverHeader = serverHeader
        self.suppressesEnvoyHeaders = suppressesEnvoyHeaders
        self.normalizesPath = normalizesPath
        self.mergesSlashes = mergesSlashes
        self.escapedSlashes = escapedSlashes
        self.streamIdleTimeoutMilliseconds = streamIdleTimeoutMilliseconds
        self.requestTimeoutMilliseconds = requestTimeoutMilliseconds
        self.requestHeadersTimeoutMilliseconds = requestHeadersTimeoutMilliseconds
        self.idleTimeoutMilliseconds = idleTimeoutMilliseconds
        self.connectionDurationMaxMilliseconds = connectionDurationMaxMilliseconds
        self.delayedCloseTimeoutMilliseconds = delayedCloseTimeoutMilliseconds
        self.requestHeadBytesMax = requestHeadBytesMax
        self.requestHeaderCountMax = requestHeaderCountMax
        self.requestsPerConnectionMax = requestsPerConnectionMax
        self.acceptsHTTP10 = acceptsHTTP10
        self.defaultHostForHTTP10 = defaultHostForHTTP10
        self.explainsLocalReplies = explainsLocalReplies
    }
}

/// Where access log lines go and what they look like.
///
/// `Telemetry` reads the format.
package struct AccessLogConfiguration: Sendable, Equatable {
    package enum Sink: Sendable, Hashable {
        case file(path: String)
        case standardOutput
        case standardError
    }
    package enum Format: Sendable, Equatable {
        /// Envoy's default.
        case standard
        /// Substitution text; a line is exactly what it says (no newline is added).
        case text(String)
        /// Members in this order; values are substitution texts or nested.
        case json(JSONShape)
    }
    package indirect enum JSONShape: Sendable, Equatable {
        case text(String)
        case object([(name: String, value: JSONShape)])
        case list([JSONShape])
        /// A number, true, false or null, as it is printed.
        case literal(String)

        package static func == (left: JSONShape, right: JSONShape) -> Bool {
            switch (left, right) {
            case (.text(let a), .text(let b)): a == b
            case (.literal(let a), .literal(let b)): a == b
            case (.list(let a), .list(let b)): a == b
            case (.object(let a), .object(let b)):
                a.count == b.count
                    && zip(a, b).allSatisfy { $0.name == $1.name && $0.value == $1.value }
            default: false
            }
        }
    }
    package var sink: Sink
    package var format: Format

    package init(sink: Sink, format: Format) {
        self.sink = sink
        self.format = format
    }
}
