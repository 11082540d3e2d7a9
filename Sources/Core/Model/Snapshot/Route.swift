/// `envoy.config.route.v3.RouteConfiguration`, compiled: what `Policy` matches requests against.
package final class RouteTable: Sendable {
    package let name: String
    package let virtualHosts: [VirtualHost]
    /// Exact domains in lower case, to the position in `virtualHosts`.
    package let exactDomains: ByteTable<Int>
    /// `*.example.com` and `*-bar.foo.com`: what follows the star, longest first.
    package let suffixDomains: [(suffix: ByteString, virtualHost: Int)]
    /// `foo.*`: what stands before the star, longest first.
    package let prefixDomains: [(prefix: ByteString, virtualHost: Int)]
    /// The virtual host with the domain `*`.
    package let defaultVirtualHost: Int?

    package init(
        name: String,
        virtualHosts: [VirtualHost],
        exactDomains: ByteTable<Int>,
        suffixDomains: [(suffix: ByteString, virtualHost: Int)],
        prefixDomains: [(prefix: ByteString, virtualHost: Int)],
        defaultVirtualHost: Int?
    ) {
        self.name = name
        self.virtualHosts = virtualHosts
        self.exactDomains = exactDomains
        self.suffixDomains = suffixDomains
        self.prefixDomains = prefixDomains
        self.defaultVirtualHost = defaultVirtualHost
    }

    // Asked here, in the table's own module, so that the look-up is compiled for its type.
    package var hasExactDomains: Bool { exactDomains.count > 0 }
    package func exactDomain(_ authority: Span<UInt8>) -> Int? { exactDomains[authority] }
}

package final class VirtualHost: Sendable {
    package enum TLSRequirement: Sendable { case none, externalOnly, all }
    package let name: String
    package let domains: [String]
    package let routes: [Route]
    package let tlsRequirement: TLSRequirement
    package let includesAttemptCountInRequest: Bool
    package let includesAttemptCountInResponse: Bool

    package init(
        name: String,
        domains: [String],
        routes: [Route],
        tlsRequirement: TLSRequirement = .none,
        includesAttemptCountInRequest: Bool = false,
        includesAttemptCountInResponse: Bool = false
    ) {
        self.name = name
        self.domains = domains
        self.routes = routes
        self.tlsRequirement = tlsRequirement
        self.includesAttemptCountInRequest = includesAttemptCountInRequest
        self.includesAttemptCountInResponse = includesAttemptCountInResponse
    }
}

package final class Route: Sendable {
    /// Empty where the configuration gives none.
    package let name: String
    /// The route in words, for explanations: `route 2 of virtual host local_service (prefix "/api")`.
    package let explanation: String
    package let match: RouteMatch
    package let action: RouteAction

    package init(name: String, explanation: String, match: RouteMatch, action: RouteAction) {
        self.name = name
        self.explanation = explanation
        self.match = match
        self.action = action
    }
}

package struct RouteMatch: Sendable {
    package enum PathCondition: Sendable {
        /// In lower case where the match ignores case, as the other literals.
        case prefix(ByteString)
        case path(ByteString)
        /// Without the trailing slash: matches itself, and itself followed by a slash.
        case pathSeparatedPrefix(ByteString)
        /// Matched against the whole path without the query.
        case regex(any RegularExpression)
    }
    package var path: PathCondition
    package var isCaseSensitive: Bool
    package var headers: [HeaderMatcher]
    package var queryParameters: [QueryParameterMatcher]
    /// `runtime_fraction`'s default value, as numerator and denominator; nil where not set.
    package var fraction: (numerator: UInt32, denominator: UInt32)?
    package var requiresGRPC: Bool

    package init(
        path: PathCondition,
        isCaseSensitive: Bool = true,
        headers: [HeaderMatcher] = [],
        queryParameters: [QueryParameterMatcher] = [],
        fraction: (numerator: UInt32, denominator: UInt32)? = nil,
        requiresGRPC: Bool = false
    ) {
        self.path = path
        self.isCaseSensitive = isCaseSensitive
        self.headers = headers
        self.queryParameters = queryParameters
        self.fraction = fraction
        self.requiresGRPC = requiresGRPC
    }
}

package enum RouteAction: Sendable {
    case forward(ForwardAction)
    case redirect(RedirectAction)
    case directResponse(DirectResponseAction)
}

/// `RouteAction` of Envoy: the request goes to a cluster.
package final class ForwardAction: Sendable {
    package enum Destination: Sendable {
        case cluster(String)
        /// Weights are positive and add up to `total`.
        case weighted([(name: String, weight: UInt32)], total: UInt64)
    }
    package let destination: Destination
    /// Replaces the part of the path that the route matched (`prefix_rewrite`).
    package let prefixRewrite: ByteString?
    package let regexRewrite: (expression: any RegularExpression, substitution: ByteString)?
    package let hostRewrite: HostRewrite
    /// What stands in `:status` when the cluster does not exist: 503 unless configured (404, 500).
    package let clusterNotFoundStatus: UInt16
    /// Milliseconds; nil where disabled.
    ///
    /// Starts when the request has been received whole.
    package let timeoutMilliseconds: Int64?
    /// Milliseconds without a byte in either direction; nil: the connection manager's decides.
    package let idleTimeoutMilliseconds: Int64?
    package let retryPolicy: RetryPolicy?
    package let priority: RoutingPriority

    package init(
        destination: Destination,
        prefixRewrite: ByteString? = nil,
        regexRewrite: (expression: any RegularExpression, substitution: ByteString)? = nil,
        hostRewrite: HostRewrite = .none,
        clusterNotFoundStatus: UInt16 = 503,
        timeoutMilliseconds: Int64? = 15_000,
        idleTimeoutMilliseconds: Int64? = nil,
        retryPolicy: RetryPolicy? = nil,
        priority: RoutingPriority = .normal
    ) {
        self.destination = destination
        self.prefixRewrite = prefixRewrite
        self.regexRewrite = regexRewrite
        self.hostRewrite = hostRewrite
        self.clusterNotFoundStatus = clusterNotFoundStatus
        self.timeoutMilliseconds = timeoutMilliseconds
        self.idleTimeoutMilliseconds = idleTimeoutMilliseconds
        self.retryPolicy = retryPolicy
        self.priority = priority
    }
}

package enum HostRewrite: Sendable {
    case none
    case literal(ByteString)
    /// The host name of the chosen endpoint (`auto_host_rewrite`).
    case endpoint
    /// The value of this header (lower case), where it is present and not empty.
    case header(ByteString)
    /// The path without the query, rewritten.
    case pathRegex(expression: any RegularExpression, substitution: ByteString)
}

/// The two sets of circuit breakers that a cluster has (`RoutingPriority`).
package enum RoutingPriority: Int, Sendable { case normal = 0, high = 1 }

package struct RedirectAction: Sendable {
    package enum PathChange: Sendable {
        case none
        case replace(ByteString)
        case prefix(ByteString)
        case regex(expression: any RegularExpression, substitution: ByteString)
    }
    package var scheme: ByteString?
    package var host: ByteString?
    package var port: UInt16?
    package var path: PathChange
    package var status: UInt16
    package var stripsQuery: Bool

    package init(
        scheme: ByteString? = nil,
        host: ByteString? = nil,
        port: UInt16? = nil,
        path: PathChange = .none,
        status: UInt16 = 301,
        stripsQuery: Bool = false
    ) {
        self.scheme = scheme
        self.host = host
        self.port = port
        self.path = path
        self.status = status
        self.stripsQuery = stripsQuery
    }
}

package struct DirectResponseAction: Sendable {
    package var status: UInt16
    package var body: [UInt8]

    package init(status: UInt16, body: [UInt8] = []) {
        self.status = status
        self.body = body
    }
}

/// `envoy.config.route.v3.RetryPolicy`.
package struct RetryPolicy: Sendable {
    package struct Conditions: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }
        package static let serverError = Conditions(rawValue: 1 << 0)  // 5xx
        package static let gatewayError = Conditions(rawValue: 1 << 1)
        package static let reset = Conditions(rawValue: 1 << 2)
        package static let resetBeforeRequest = Conditions(rawValue: 1 << 3)
        package static let connectFailure = Conditions(rawValue: 1 << 4)
        package static let envoyRatelimited = Conditions(rawValue: 1 << 5)
        package static let retriable4xx = Conditions(rawValue: 1 << 6)
        package static let refusedStream = Conditions(rawValue: 1 << 7)
        package static let retriableStatusCodes = Conditions(rawValue: 1 << 8)
        package static let retriableHeaders = Conditions(rawValue: 1 << 9)
        package static let http3PostConnectFailure = Conditions(rawValue: 1 << 10)
    }
    package var conditions: Conditions
    package var retryCountMax: UInt32
    /// Milliseconds; nil: none.
    package var perTryTimeoutMilliseconds: Int64?
    package var perTryIdleTimeoutMilliseconds: Int64?
    package var backOffBaseMilliseconds: Int64
    package var backOffMaxMilliseconds: Int64
    package var retriableStatusCodes: [UInt16]
    /// A response with any of these is retried (`retriable-headers`).
    package var retriableHeaders: [HeaderMatcher]
    /// Where not empty, only requests with any of these are retried.
    package var retriableRequestHeaders: [HeaderMatcher]

    package init(
        conditions: Conditions,
        retryCountMax: UInt32 = 1,
        perTryTimeoutMilliseconds: Int64? = nil,
        perTryIdleTimeoutMilliseconds: Int64? = nil,
        backOffBaseMilliseconds: Int64 = 25,
        backOffMaxMilliseconds: Int64 = 250,
        retriableStatusCodes: [UInt16] = [],
        retriableHeaders: [HeaderMatcher] = [],
        retriableRequestHeaders: [HeaderMatcher] = []
    ) {
        self.conditions = conditions
        self.retryCountMax = retryCountMax
        self.perTryTimeoutMilliseconds = perTryTimeoutMilliseconds
        self.perTryIdleTimeoutMilliseconds = perTryIdleTimeoutMilliseconds
        self.backOffBaseMilliseconds = backOffBaseMilliseconds
        self.backOffMaxMilliseconds = backOffMaxMilliseconds
        self.retriableStatusCodes = retriableStatusCodes
        self.retriableHeaders = retriableHeaders
        self.retriableRequestHeaders = retriableRequestHeaders
    }
}
