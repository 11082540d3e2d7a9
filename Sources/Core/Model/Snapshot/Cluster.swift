/// `envoy.config.cluster.v3.Cluster`, compiled.
package final class ClusterConfiguration: Sendable {
    package enum Discovery: Sendable, Equatable {
        case `static`
        /// Every address of every name is an endpoint.
        case strictDNS
        /// One endpoint: the first address of the one name, asked for again as it goes stale.
        case logicalDNS
        /// The endpoint is where the client wanted to go.
        case originalDestination(OriginalDestination)

        /// A resolver asks for names.
        package var usesDNS: Bool {
            switch self {
            case .strictDNS, .logicalDNS: true
            case .static, .originalDestination: false
            }
        }
    }
    package enum LoadBalancing: Sendable, Equatable {
        case roundRobin
        /// The least loaded of `choices` endpoints drawn at random.
        case leastRequest(choices: UInt32)
        case random
        /// Ketama: points on a ring.
        case ringHash(RingHash)
        /// The table's size is a prime.
        case maglev(tableSize: UInt32)
        /// Two endpoints drawn at random, the one with the lower moving average of response time,
        /// times requests under way. Milliseconds.
        case peakEWMA(decayMilliseconds: Int64, defaultMilliseconds: Int64)
    }
    package enum DNSFamily: Sendable { case auto, v4Only, v6Only, v4Preferred, all }

    package let name: String
    /// The name in statistics: `alt_stat_name` where it is given.
    package let statName: String
    package let discovery: Discovery
    package let loadBalancing: LoadBalancing
    package let balancing: BalancingOptions
    /// Milliseconds.
    package let connectTimeoutMilliseconds: Int64
    /// In the order of the file.
    package let endpoints: [EndpointConfiguration]
    /// The groups that endpoints belong to; never empty.
    package let localities: [LocalityConfiguration]
    package let healthChecks: [HealthCheckConfiguration]
    package let outlierDetection: OutlierDetectionConfiguration?
    package let metadata: Metadata?
    package let dnsFamily: DNSFamily
    /// Milliseconds between two questions.
    package let dnsRefreshMilliseconds: Int64
    package let respectsDNSTTL: Bool
    package let dns: DNSOptions
    /// By `RoutingPriority.rawValue`.
    package let circuitBreakers: [CircuitBreakerThresholds]
    /// `per_host_thresholds`: the most connections to one endpoint; nil: no limit.
    package let connectionsPerEndpointMax: UInt32?
    /// 0: no limit.
    package let requestsPerConnectionMax: UInt32
    /// Milliseconds; nil: never closed for being idle.
    package let idleTimeoutMilliseconds: Int64?
    /// Milliseconds; nil: no limit.
    package let connectionDurationMaxMilliseconds: Int64?
    /// For requests of this cluster; nil: the route's and the connection manager's decide.
    package let streamDurationMaxMilliseconds: Int64?
    package let preconnect: Preconnect
    package let connection: UpstreamConnectionOptions
    /// `close_connections_on_host_health_failure`.
    package let closesConnectionsOnHealthFailure: Bool
    /// `ignore_health_on_host_removal`: an endpoint that left the set goes at once.
    package let ignoresHealthOnRemoval: Bool
    package let tracksTimeoutBudgets: Bool
    package let tracksRequestSizes: Bool
    /// Bytes that may wait in either direction of one exchange before reading pauses.
    package let bufferLimitBytes: Int
    package let responseHeadBytesMax: Int
    package let responseHeaderCountMax: Int
    package let transport: UpstreamTransport
    /// Go before `transport` for endpoints that match.
    package let transportMatches: [TransportMatch]
    package let upstreamProtocol: UpstreamProtocol
    package let http2: HTTP2Options
    /// The server's name is the request's host (`auto_sni`).
    package let takesServerNameFromHost: Bool
    /// Instead of the host, the value of this header (`override_auto_sni_header`); lower case.
    package let serverNameHeader: ByteString?
    /// The certificate must have the name that was sent (`auto_san_validation`).
    package let verifiesServerNameOfHost: Bool
    /// Everything above as comparable bytes: equal bytes, same cluster, pools are kept.
    package let fingerprint: [UInt8]

    package init(
        name: String,
        statName: String? = nil,
        discovery: Discovery,
        loadBalancing: LoadBalancing = .roundRobin,
        balancing: BalancingOptions = BalancingOptions(),
        connectTimeoutMilliseconds: Int64 = 5_000,
        endpoints: [EndpointConfiguration],
        localities: [LocalityConfiguration] = [LocalityConfiguration()],
        healthChecks: [HealthCheckConfiguration] = [],
        outlierDetection: OutlierDetectionConfiguration? = nil,
        metadata: Metadata? = nil,
        dnsFamily: DNSFamily = .auto,
        dnsRefreshMilliseconds: Int64 = 5_000,
        respectsDNSTTL: Bool = false,
        dns: DNSOptions = DNSOptions(),
        circuitBreakers: [CircuitBreakerThresholds] = [.init(), .init()],
        connectionsPerEndpointMax: UInt32? = nil,
        requestsPerConnectionMax: UInt32 = 0,
        idleTimeoutMilliseconds: Int64? = 3_600_000,
        connectionDurationMaxMilliseconds: Int64? = nil,
        streamDurationMaxMilliseconds: Int64? = nil,
        preconnect: Preconnect = Preconnect(),
        connection: UpstreamConnectionOptions = UpstreamConnectionOptions(),
        closesConnectionsOnHealthFailure: Bool = false,
        ignoresHealthOnRemoval: Bool = false,
        tracksTimeoutBudgets: Bool = false,
        tracksRequestSizes: Bool = false,
        bufferLimitBytes: Int = 1 << 20,
        responseHeadBytesMax: Int = 60 * 1024,
        responseHeaderCountMax: Int = 100,
        transport: UpstreamTransport = UpstreamTransport(),
        transportMatches: [TransportMatch] = [],
        upstreamProtocol: UpstreamProtocol = .http1,
        http2: HTTP2Options = HTTP2Options(),
        takesServerNameFromHost: Bool = false,
        serverNameHeader: ByteString? = nil,
        verifiesServerNameOfHost: Bool = false,
        fingerprint: [UInt8]
    ) {
        self.name = name
        self.statName = statName ?? name
        self.discovery = discovery
        self.loadBalancing = loadBalancing
        self.balancing = balancing
        self.connectTimeoutMilliseconds = connectTimeoutMilliseconds
        self.endpoints = endpoints
        self.localities = localities
        self.healthChecks = healthChecks
        self.outlierDetection = outlierDetection
        self.metadata = metadata
        self.dnsFamily = dnsFamily
        self.dnsRefreshMilliseconds = dnsRefreshMilliseconds
        self.respectsDNSTTL = respectsDNSTTL
        self.dns = dns
        self.circuitBreakers = circuitBreakers
        self.connectionsPerEndpointMax = connectionsPerEndpointMax
        self.requestsPerConnectionMax = requestsPerConnectionMax
        self.idleTimeoutMilliseconds = idleTimeoutMilliseconds
        self.connectionDurationMaxMilliseconds = connectionDurationMaxMilliseconds
        self.streamDurationMaxMilliseconds = streamDurationMaxMilliseconds
        self.preconnect = preconnect
        self.connection = connection
        self.closesConnectionsOnHealthFailure = closesConnectionsOnHealthFailure
        self.ignoresHealthOnRemoval = ignoresHealthOnRemoval
        self.tracksTimeoutBudgets = tracksTimeoutBudgets
        self.tracksRequestSizes = tracksRequestSizes
        self.bufferLimitBytes = bufferLimitBytes
        self.responseHeadBytesMax = responseHeadBytesMax
        self.responseHeaderCountMax = responseHeaderCountMax
        self.transport = transport
        self.transportMatches = transportMatches
        self.upstreamProtocol = upstreamProtocol
        self.http2 = http2
        self.takesServerNameFromHost = takesServerNameFromHost
        self.serverNameHeader = serverNameHeader
        self.verifiesServerNameOfHost = verifiesServerNameOfHost
        self.fingerprint = fingerprint
    }
}

/// `CircuitBreakers.Thresholds`: limits for the whole process, shared by the workers.
package struct CircuitBreakerThresholds: Sendable, Equatable {
    package var connectionsMax: UInt32
    package var pendingRequestsMax: UInt32
    package var requestsMax: UInt32
    package var retriesMax: UInt32
    /// Goes before `retriesMax` where it is given.
    package var retryBudget: RetryBudget?
    /// The `remaining_*` gauges are kept.
    package var tracksRemaining: Bool

    package init(
        connectionsMax: UInt32 = 1024,
        pendingRequestsMax: UInt32 = 1024,
        requestsMax: UInt32 = 1024,
        retriesMax: UInt32 = 3,
        retryBudget: RetryBudget? = nil,
        tracksRemaining: Bool = false
    ) {
        self.connectionsMax = connectionsMax
        self.pendingRequestsMax = pendingRequestsMax
        self.requestsMax = requestsMax
        self.retriesMax = retriesMax
        self.retryBudget = retryBudget
        self.tracksRemaining = tracksRemaining
    }
}

/// `CircuitBreakers.Thresholds.RetryBudget`: retries as a share of the requests under way.
package struct RetryBudget: Sendable, Equatable {
    package var percent: Double
    /// So many may be under way at the same time in any case.
    package var minRetryConcurrency: UInt32

    package init(percent: Double = 20, minRetryConcurrency: UInt32 = 3) {
        self.percent = percent
        self.minRetryConcurrency = minRetryConcurrency
    }
}
