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
    /// The chain of each connection is the one that matches best; never empty.
    package let filterChains: [FilterChainConfiguration]
    /// For connections that no chain is for; nil: they are closed.
    package let defaultFilterChain: FilterChainConfiguration?
    package let filters: ListenerFilters
    /// Connections that were redirected here go to the listener that has their address
    /// (`use_original_dst`).
    package let handsOffOriginalDestination: Bool
    /// IP_TRANSPARENT: connections to any address are taken, as TPROXY gives them.
    package let isTransparent: Bool
    package let isFreebind: Bool
    /// Lines for connections that no chain took (`access_log` of the listener).
    package let accessLogs: [AccessLogConfiguration]
    /// Which of them each log has a line of, by its position; empty: all logs have all lines.
    package let accessLogFilters: [ExchangeFilter?]
    /// The resource as comparable bytes: equal bytes, same listener.
    package let fingerprint: [UInt8]

    /// Every chain, the default one last.
    package var chains: [FilterChainConfiguration] {
        defaultFilterChain.map { filterChains + [$0] } ?? filterChains
    }

    package init(
        name: String,
        addresses: [SocketAddress],
        statName: String,
        backlog: Int32 = 4096,
        connectionsMax: UInt32? = nil,
        bufferLimitBytes: Int = 1 << 20,
        unixMode: UInt32? = nil,
        accepts: Bool = true,
        filterChains: [FilterChainConfiguration],
        defaultFilterChain: FilterChainConfiguration? = nil,
        filters: ListenerFilters = ListenerFilters(),
        handsOffOriginalDestination: Bool = false,
        isTransparent: Bool = false,
        isFreebind: Bool = false,
        accessLogs: [AccessLogConfiguration] = [],
        accessLogFilters: [ExchangeFilter?] = [],
        fingerprint: [UInt8] = []
    ) {
        self.name = name
        self.addresses = addresses
        self.statName = statName
        self.backlog = backlog
        self.connectionsMax = connectionsMax
        self.bufferLimitBytes = bufferLimitBytes
        self.unixMode = unixMode
        self.accepts = accepts
        self.filterChains = filterChains
        self.defaultFilterChain = defaultFilterChain
        self.filters = filters
        self.handsOffOriginalDestination = handsOffOriginalDestination
        self.isTransparent = isTransparent
        self.isFreebind = isFreebind
        self.accessLogs = accessLogs
        self.accessLogFilters = accessLogFilters
        self.fingerprint = fingerprint
    }
}

/// `HttpConnectionManager`, compiled.
package final class HTTPConnectionManager: Sendable {
    package enum ServerHeader: Sendable { case overwrite, appendIfAbsent, passThrough }
    package enum EscapedSlashes: Sendable {
        case keep, reject, unescapeAndRedirect, unescapeAndForward
    }
    package enum PortStripping: Sendable {
        case none
        /// Where it is the listener's own port.
        case matching
        case any
    }
    package enum UnderscoredHeaders: Sendable { case allow, reject, drop }
    /// Where the client's address is taken from, instead of the settings for `x-forwarded-for`.
    package enum OriginalIPDetection: Sendable {
        /// The address so many places from the right; with ranges, the first that no range holds.
        case forwardedFor(trustedHops: UInt32, trustedRanges: [AddressRange]?, skipsAppend: Bool)
        /// Lower case; a request without a valid one is refused where a status is given.
        case header(ByteString, makesTrusted: Bool, rejectedStatus: UInt16?)
    }
    /// Which clients count as internal (`internal_address_config`).
    package struct InternalAddresses: Sendable {
        package var ranges: [AddressRange]
        package var includesUnixSockets: Bool
        package init(ranges: [AddressRange] = [], includesUnixSockets: Bool = false) {
            self.ranges = ranges
            self.includesUnixSockets = includesUnixSockets
        }
    }

    package let statPrefix: String
    package let routes: RouteTable
    package let accessLogs: [AccessLogConfiguration]
    /// Which exchanges each log has a line of, by its position; empty: all logs have all lines.
    package let accessLogFilters: [ExchangeFilter?]

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
    /// The router filter's `respect_expected_rq_timeout`.
    package let respectsExpectedTimeout: Bool
    /// The router filter's `dynamic_stats`: responses are counted at the cluster by status.
    package let countsByStatus: Bool
    /// The router filter's `strict_check_headers`: malformed ones are refused with 400.
    package let strictlyCheckedHeaders: [KnownField]

    package let originalIPDetection: [OriginalIPDetection]
    package let internalAddresses: InternalAddresses
    package let appendsForwardedPort: Bool
    /// `add_user_agent`: the service cluster, where it is to be sent.
    package let addsUserAgent: ByteString?
    /// Appended to `via` in both directions; empty: nothing is.
    package let via: ByteString
    package let stripsPort: PortStripping
    package let stripsTrailingDot: Bool
    /// `scheme_header_transformation`: instead of what the connection is.
    package let schemeOverwrite: ByteString?
    package let forwardsContinue: Bool

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
    package let underscoredHeaders: UnderscoredHeaders
    /// Milliseconds from the first byte of a request to the end of its response; nil: no limit.
    package let streamDurationMaxMilliseconds: Int64?
    /// 0: no limit.
    package let requestsPerConnectionMax: UInt32
    package let acceptsHTTP10: Bool
    package let defaultHostForHTTP10: ByteString?

    package enum Codec: Sendable { case auto, http1, http2 }
    package let codec: Codec
    package let http2: HTTP2Options
    /// Protocols that requests may switch to, where their route says nothing else.
    package let upgrades: [UpgradeConfiguration]
    package let clientCertificates: ClientCertificateForwarding
    /// `grpc_web` is among the filters.
    package let bridgesGRPCWeb: Bool
    /// `grpc_stats` is among the filters.
    package let grpcStatistics: GRPCStatistics?

    /// `local_reply_config`; nil: local replies are sent as they are.
    package let localReplies: LocalReplies?
    /// Local replies say in words what decided, in the body and in `x-pillion-reason`.
    package let explainsLocalReplies: Bool

    package init(
        statPrefix: String,
        routes: RouteTable,
        accessLogs: [AccessLogConfiguration] = [],
        accessLogFilters: [ExchangeFilter?] = [],
        usesRemoteAddress: Bool = false,
        skipsXFFAppend: Bool = false,
        xffTrustedHopCount: UInt32 = 0,
        originalIPDetection: [OriginalIPDetection] = [],
        internalAddresses: InternalAddresses = InternalAddresses(),
        appendsForwardedPort: Bool = false,
        addsUserAgent: ByteString? = nil,
        via: ByteString = "",
        stripsPort: PortStripping = .none,
        stripsTrailingDot: Bool = false,
        schemeOverwrite: ByteString? = nil,
        forwardsContinue: Bool = false,
        generatesRequestID: Bool = true,
        preservesExternalRequestID: Bool = false,
        setsRequestIDInResponse: Bool = false,
        serverName: ByteString = "pillion",
        serverHeader: ServerHeader = .overwrite,
        suppressesEnvoyHeaders: Bool = false,
        respectsExpectedTimeout: Bool = false,
        countsByStatus: Bool = true,
        strictlyCheckedHeaders: [KnownField] = [],
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
        underscoredHeaders: UnderscoredHeaders = .allow,
        streamDurationMaxMilliseconds: Int64? = nil,
        requestsPerConnectionMax: UInt32 = 0,
        acceptsHTTP10: Bool = true,
        defaultHostForHTTP10: ByteString? = nil,
        codec: Codec = .auto,
        http2: HTTP2Options = HTTP2Options(),
        upgrades: [UpgradeConfiguration] = [],
        clientCertificates: ClientCertificateForwarding = ClientCertificateForwarding(),
        bridgesGRPCWeb: Bool = false,
        grpcStatistics: GRPCStatistics? = nil,
        localReplies: LocalReplies? = nil,
        explainsLocalReplies: Bool = true
    ) {
        self.statPrefix = statPrefix
        self.routes = routes
        self.accessLogs = accessLogs
        self.accessLogFilters = accessLogFilters
        self.usesRemoteAddress = usesRemoteAddress
        self.skipsXFFAppend = skipsXFFAppend
        self.xffTrustedHopCount = xffTrustedHopCount
        self.originalIPDetection = originalIPDetection
        self.internalAddresses = internalAddresses
        self.appendsForwardedPort = appendsForwardedPort
        self.addsUserAgent = addsUserAgent
        self.via = via
        self.stripsPort = stripsPort
        self.stripsTrailingDot = stripsTrailingDot
        self.schemeOverwrite = schemeOverwrite
        self.forwardsContinue = forwardsContinue
        self.generatesRequestID = generatesRequestID
        self.preservesExternalRequestID = preservesExternalRequestID
        self.setsRequestIDInResponse = setsRequestIDInResponse
        self.serverName = serverName
        self.serverHeader = serverHeader
        self.suppressesEnvoyHeaders = suppressesEnvoyHeaders
        self.respectsExpectedTimeout = respectsExpectedTimeout
        self.countsByStatus = countsByStatus
        self.strictlyCheckedHeaders = strictlyCheckedHeaders
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
        self.underscoredHeaders = underscoredHeaders
        self.streamDurationMaxMilliseconds = streamDurationMaxMilliseconds
        self.requestsPerConnectionMax = requestsPerConnectionMax
        self.acceptsHTTP10 = acceptsHTTP10
        self.defaultHostForHTTP10 = defaultHostForHTTP10
        self.codec = codec
        self.http2 = http2
        self.upgrades = upgrades
        self.clientCertificates = clientCertificates
        self.bridgesGRPCWeb = bridgesGRPCWeb
        self.grpcStatistics = grpcStatistics
        self.localReplies = localReplies
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
