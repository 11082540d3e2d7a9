/// `envoy.config.cluster.v3.Cluster`, compiled.
package final class ClusterConfiguration: Sendable {
    package enum Discovery: Sendable {
        case `static`
        /// Every address of every name is an endpoint.
        case strictDNS
        /// One endpoint: the first address of the one name, asked for again as it goes stale.
        case logicalDNS
    }
    package enum LoadBalancing: Sendable, Equatable {
        case roundRobin
        /// The least loaded of `choices` endpoints drawn at random.
        case leastRequest(choices: UInt32)
        case random
    }
    package enum DNSFamily: Sendable { case auto, v4Only, v6Only, v4Preferred, all }

    package let name: String
    /// The name in statistics: `alt_stat_name` where it is given.
    package let statName: String
    package let discovery: Discovery
    package let loadBalancing: LoadBalancing
    /// Milliseconds.
    package let connectTimeoutMilliseconds: Int64
    /// In the order of the file.
    package let endpoints: [EndpointConfiguration]
    package let dnsFamily: DNSFamily
    /// Milliseconds between two questions.
    package let dnsRefreshMilliseconds: Int64
    package let respectsDNSTTL: Bool
    /// By `RoutingPriority.rawValue`.
    package let circuitBreakers: [CircuitBreakerThresholds]
    /// 0: no limit.
    package let requestsPerConnectionMax: UInt32
    /// Milliseconds; nil: never closed for being idle.
    package let idleTimeoutMilliseconds: Int64?
    /// Milliseconds; nil: no limit.
    package let connectionDurationMaxMilliseconds: Int64?
    /// Bytes that may wait in either direction of one exchange before reading pauses.
    package let bufferLimitBytes: Int
    package let responseHeadBytesMax: Int
    package let responseHeaderCountMax: Int
    /// Everything above as one comparable text: equal texts, same cluster, pools are kept.
    package let fingerprint: String

    package init(
        name: String,
        statName: String? = nil,
        discovery: Discovery,
        loadBalancing: LoadBalancing = .roundRobin,
        connectTimeoutMilliseconds: Int64 = 5_000,
        endpoints: [EndpointConfiguration],
        dnsFamily: DNSFamily = .auto,
        dnsRefreshMilliseconds: Int64 = 5_000,
        respectsDNSTTL: Bool = false,
        circuitBreakers: [CircuitBreakerThresholds] = [.init(), .init()],
        requestsPerConnectionMax: UInt32 = 0,
        idleTimeoutMilliseconds: Int64? = 3_600_000,
        connectionDurationMaxMilliseconds: Int64? = nil,
        bufferLimitBytes: Int = 1 << 20,
        responseHeadBytesMax: Int = 60 * 1024,
        responseHeaderCountMax: Int = 100,
        fingerprint: String
    ) {
        self.name = name
        self.statName = statName ?? name
        self.discovery = discovery
        self.loadBalancing = loadBalancing
        self.connectTimeoutMilliseconds = connectTimeoutMilliseconds
        self.endpoints = endpoints
        self.dnsFamily = dnsFamily
        self.dnsRefreshMilliseconds = dnsRefreshMilliseconds
        self.respectsDNSTTL = respectsDNSTTL
        self.circuitBreakers = circuitBreakers
        self.requestsPerConnectionMax = requestsPerConnectionMax
        self.idleTimeoutMilliseconds = idleTimeoutMilliseconds
        self.connectionDurationMaxMilliseconds = connectionDurationMaxMilliseconds
        self.bufferLimitBytes = bufferLimitBytes
        self.responseHeadBytesMax = responseHeadBytesMax
        self.responseHeaderCountMax = responseHeaderCountMax
        self.fingerprint = fingerprint
    }
}

package struct EndpointConfiguration: Sendable, Hashable {
    package enum Location: Sendable, Hashable {
        case address(SocketAddress)
        case name(String, port: UInt16)
    }
    package var location: Location
    /// For `auto_host_rewrite` and `/clusters`; empty where not given.
    package var hostname: String
    package var weight: UInt32

    package init(location: Location, hostname: String = "", weight: UInt32 = 1) {
        self.location = location
        self.hostname = hostname
        self.weight = weight
    }
}

/// `CircuitBreakers.Thresholds`: limits for the whole process, shared by the workers.
package struct CircuitBreakerThresholds: Sendable, Equatable {
    package var connectionsMax: UInt32
    package var pendingRequestsMax: UInt32
    package var requestsMax: UInt32
    package var retriesMax: UInt32

    package init(
        connectionsMax: UInt32 = 1024,
        pendingRequestsMax: UInt32 = 1024,
        requestsMax: UInt32 = 1024,
        retriesMax: UInt32 = 3
    ) {
        self.connectionsMax = connectionsMax
        self.pendingRequestsMax = pendingRequestsMax
        self.requestsMax = requestsMax
        self.retriesMax = retriesMax
    }
}
