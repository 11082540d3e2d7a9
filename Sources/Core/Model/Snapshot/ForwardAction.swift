/// `RouteAction` of Envoy: the request goes to a cluster.
package final class ForwardAction: Sendable {
    package enum Destination: Sendable {
        case cluster(String)
        /// The header names the cluster (`cluster_header`); lower case.
        case header(ByteString)
        case weighted(WeightedClusters)
    }
    package let destination: Destination
    /// Replaces the part of the path that the route matched (`prefix_rewrite`).
    package let prefixRewrite: ByteString?
    package let regexRewrite: (expression: any RegularExpression, substitution: ByteString)?
    package let hostRewrite: HostRewrite
    /// The authority that a rewrite replaces is appended to `x-forwarded-host`.
    package let appendsForwardedHost: Bool
    /// What stands in `:status` when the cluster does not exist: 503 unless configured (404, 500).
    package let clusterNotFoundStatus: UInt16
    /// Milliseconds; nil where disabled.
    ///
    /// Starts when the request has been received whole.
    package let timeoutMilliseconds: Int64?
    /// Milliseconds without a byte in either direction; nil: the connection manager's decides.
    package let idleTimeoutMilliseconds: Int64?
    package let streamDuration: StreamDuration
    /// The older way to bound gRPC requests, without effect beside `streamDuration`; nil: not given.
    package let grpcTimeout: GRPCTimeoutLimit?
    package let retryPolicy: RetryPolicy?
    package let hedgesOnPerTryTimeout: Bool
    package let priority: RoutingPriority
    package let metadataMatch: [String: MetadataValue]
    package let hashPolicies: [HashPolicy]
    package let mirrors: [MirrorPolicy]
    package let internalRedirects: InternalRedirectPolicy?
    /// Bytes of the request's body that may be kept; nil: the listener's limit.
    package let bufferLimitBytes: Int?
    /// Go before the connection manager's of the same type.
    package let upgrades: [UpgradeConfiguration]

    package init(
        destination: Destination,
        prefixRewrite: ByteString? = nil,
        regexRewrite: (expression: any RegularExpression, substitution: ByteString)? = nil,
        hostRewrite: HostRewrite = .none,
        appendsForwardedHost: Bool = false,
        clusterNotFoundStatus: UInt16 = 503,
        timeoutMilliseconds: Int64? = 15_000,
        idleTimeoutMilliseconds: Int64? = nil,
        streamDuration: StreamDuration = StreamDuration(),
        grpcTimeout: GRPCTimeoutLimit? = nil,
        retryPolicy: RetryPolicy? = nil,
        hedgesOnPerTryTimeout: Bool = false,
        priority: RoutingPriority = .normal,
        metadataMatch: [String: MetadataValue] = [:],
        hashPolicies: [HashPolicy] = [],
        mirrors: [MirrorPolicy] = [],
        internalRedirects: InternalRedirectPolicy? = nil,
        bufferLimitBytes: Int? = nil,
        upgrades: [UpgradeConfiguration] = []
    ) {
        self.destination = destination
        self.prefixRewrite = prefixRewrite
        self.regexRewrite = regexRewrite
        self.hostRewrite = hostRewrite
        self.appendsForwardedHost = appendsForwardedHost
        self.clusterNotFoundStatus = clusterNotFoundStatus
        self.timeoutMilliseconds = timeoutMilliseconds
        self.idleTimeoutMilliseconds = idleTimeoutMilliseconds
        self.streamDuration = streamDuration
        self.grpcTimeout = grpcTimeout
        self.retryPolicy = retryPolicy
        self.hedgesOnPerTryTimeout = hedgesOnPerTryTimeout
        self.priority = priority
        self.metadataMatch = metadataMatch
        self.hashPolicies = hashPolicies
        self.mirrors = mirrors
        self.internalRedirects = internalRedirects
        self.bufferLimitBytes = bufferLimitBytes
        self.upgrades = upgrades
    }
}

/// `WeightedCluster`: shares of the requests.
package final class WeightedClusters: Sendable {
    package struct Entry: Sendable {
        package enum Name: Sendable {
            case literal(String)
            /// The header names the cluster; lower case.
            case header(ByteString)
        }
        package var name: Name
        package var weight: UInt32
        /// The entry's own and the route's, in the order in which they are made.
        package var requestHeaders: HeaderOperations
        package var responseHeaders: HeaderOperations
        /// The entry's merged over the route's.
        package var metadataMatch: [String: MetadataValue]
        package var hostRewriteLiteral: ByteString?

        package init(
            name: Name,
            weight: UInt32,
            requestHeaders: HeaderOperations = HeaderOperations(),
            responseHeaders: HeaderOperations = HeaderOperations(),
            metadataMatch: [String: MetadataValue] = [:],
            hostRewriteLiteral: ByteString? = nil
        ) {
            self.name = name
            self.weight = weight
            self.requestHeaders = requestHeaders
            self.responseHeaders = responseHeaders
            self.metadataMatch = metadataMatch
            self.hostRewriteLiteral = hostRewriteLiteral
        }
    }
    package let entries: [Entry]
    /// The weights' sum, at least 1.
    package let total: UInt64
    /// A header whose number stands for the random one (`header_name`); lower case.
    package let randomHeader: ByteString?
    /// Requests with the same hash go to the same cluster (`use_hash_policy`).
    package let usesHash: Bool

    package init(
        entries: [Entry],
        total: UInt64,
        randomHeader: ByteString? = nil,
        usesHash: Bool = false
    ) {
        self.entries = entries
        self.total = total
        self.randomHeader = randomHeader
        self.usesHash = usesHash
    }
}

/// `MaxStreamDuration`; milliseconds.
package struct StreamDuration: Sendable, Equatable {
    /// nil: not given here; `.max` where it is given as zero, which switches it off.
    package var maximum: Int64?
    /// nil: `grpc-timeout` is not looked at; 0: it is taken as it is.
    package var grpcTimeoutHeaderMax: Int64?
    package var grpcTimeoutHeaderOffset: Int64

    package init(
        maximum: Int64? = nil,
        grpcTimeoutHeaderMax: Int64? = nil,
        grpcTimeoutHeaderOffset: Int64 = 0
    ) {
        self.maximum = maximum
        self.grpcTimeoutHeaderMax = grpcTimeoutHeaderMax
        self.grpcTimeoutHeaderOffset = grpcTimeoutHeaderOffset
    }
}

/// `max_grpc_timeout` and `grpc_timeout_offset`: a gRPC request's own `grpc-timeout` is its limit.
///
/// Milliseconds.
package struct GRPCTimeoutLimit: Sendable, Equatable {
    /// The most that a request may ask for, and what one that asks for nothing gets; 0: no limit.
    package var maximum: Int64
    /// What is taken off, where more than that was asked for.
    package var offset: Int64

    package init(maximum: Int64, offset: Int64 = 0) {
        self.maximum = maximum
        self.offset = offset
    }
}

/// `RequestMirrorPolicy`: copies of requests, whose responses nobody waits for.
package struct MirrorPolicy: Sendable {
    package var destination: WeightedClusters.Entry.Name
    /// Share of the requests; nil: all.
    package var fraction: (numerator: UInt32, denominator: UInt32)?
    /// The authority gets `-shadow` after the host.
    package var appendsShadow: Bool
    package var hostRewriteLiteral: ByteString?
    package var requestHeaders: HeaderOperations

    package init(
        destination: WeightedClusters.Entry.Name,
        fraction: (numerator: UInt32, denominator: UInt32)? = nil,
        appendsShadow: Bool = true,
        hostRewriteLiteral: ByteString? = nil,
        requestHeaders: HeaderOperations = HeaderOperations()
    ) {
        self.destination = destination
        self.fraction = fraction
        self.appendsShadow = appendsShadow
        self.hostRewriteLiteral = hostRewriteLiteral
        self.requestHeaders = requestHeaders
    }
}

/// `InternalRedirectPolicy`: redirects that the sidecar follows itself.
package struct InternalRedirectPolicy: Sendable {
    package enum Predicate: Sendable {
        /// No route is taken twice.
        case previousRoutes
        /// Only routes with these names.
        case allowedRoutes([String])
        /// From HTTP to HTTPS never, the other way never.
        case safeCrossScheme
    }
    package var maxRedirects: UInt32
    package var statuses: [UInt16]
    package var predicates: [Predicate]
    package var allowsCrossScheme: Bool
    /// Lower case.
    package var responseHeadersToCopy: [ByteString]

    package init(
        maxRedirects: UInt32 = 1,
        statuses: [UInt16] = [302],
        predicates: [Predicate] = [],
        allowsCrossScheme: Bool = false,
        responseHeadersToCopy: [ByteString] = []
    ) {
        self.maxRedirects = maxRedirects
        self.statuses = statuses
        self.predicates = predicates
        self.allowsCrossScheme = allowsCrossScheme
        self.responseHeadersToCopy = responseHeadersToCopy
    }
}
