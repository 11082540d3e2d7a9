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
    /// Domains are compared without the port of the request's authority.
    package let ignoresPort: Bool
    /// Lower-case names that requests from outside lose (`internal_only_headers`).
    package let internalOnlyHeaders: [ByteString]
    /// What filters change in local replies that no route made.
    ///
    /// The table's own `response_headers_to_add` are not among them: as in Envoy, these belong to
    /// routes, and a 404 without a route goes without them.
    package let responseHeaders: HeaderOperations

    package init(
        name: String,
        virtualHosts: [VirtualHost],
        exactDomains: ByteTable<Int>,
        suffixDomains: [(suffix: ByteString, virtualHost: Int)],
        prefixDomains: [(prefix: ByteString, virtualHost: Int)],
        defaultVirtualHost: Int?,
        ignoresPort: Bool = false,
        internalOnlyHeaders: [ByteString] = [],
        responseHeaders: HeaderOperations = HeaderOperations()
    ) {
        self.name = name
        self.virtualHosts = virtualHosts
        self.exactDomains = exactDomains
        self.suffixDomains = suffixDomains
        self.prefixDomains = prefixDomains
        self.defaultVirtualHost = defaultVirtualHost
        self.ignoresPort = ignoresPort
        self.internalOnlyHeaders = internalOnlyHeaders
        self.responseHeaders = responseHeaders
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
    package let includesIsTimeoutRetry: Bool
    /// The first that matches counts the request; statistics only.
    package let virtualClusters: [VirtualCluster]
    /// nil where there are so few routes that a walk through all costs less.
    package let index: RouteIndex?

    package init(
        name: String,
        domains: [String],
        routes: [Route],
        tlsRequirement: TLSRequirement = .none,
        includesAttemptCountInRequest: Bool = false,
        includesAttemptCountInResponse: Bool = false,
        includesIsTimeoutRetry: Bool = false,
        virtualClusters: [VirtualCluster] = []
    ) {
        self.name = name
        self.domains = domains
        self.routes = routes
        self.tlsRequirement = tlsRequirement
        self.includesAttemptCountInRequest = includesAttemptCountInRequest
        self.includesAttemptCountInResponse = includesAttemptCountInResponse
        self.includesIsTimeoutRetry = includesIsTimeoutRetry
        self.virtualClusters = virtualClusters
        index = routes.count > 8 ? RouteIndex(routes) : nil
    }
}

/// `VirtualCluster`: requests that are counted together, `vhost.<host>.vcluster.<name>.*`.
package struct VirtualCluster: Sendable {
    package var name: String
    package var headers: [HeaderMatcher]

    package init(name: String, headers: [HeaderMatcher]) {
        self.name = name
        self.headers = headers
    }
}

package final class Route: Sendable {
    /// Empty where the configuration gives none.
    package let name: String
    /// The route in words, for explanations: `route 2 of virtual host local_service (prefix "/api")`.
    package let explanation: String
    package let match: RouteMatch
    package let action: RouteAction
    package let metadata: Metadata?
    /// `stat_prefix`: the route's requests are counted, `vhost.<host>.route.<prefix>.*`.
    package let statPrefix: String?
    /// The operations of the route, its virtual host and the table, in the order in which they are
    /// made; a weighted cluster's are in its entry, and hold these too.
    package let requestHeaders: HeaderOperations
    package let responseHeaders: HeaderOperations

    package init(
        name: String,
        explanation: String,
        match: RouteMatch,
        action: RouteAction,
        metadata: Metadata? = nil,
        statPrefix: String? = nil,
        requestHeaders: HeaderOperations = HeaderOperations(),
        responseHeaders: HeaderOperations = HeaderOperations()
    ) {
        self.name = name
        self.explanation = explanation
        self.match = match
        self.action = action
        self.metadata = metadata
        self.statPrefix = statPrefix
        self.requestHeaders = requestHeaders
        self.responseHeaders = responseHeaders
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
        /// CONNECT requests, which have no path (`connect_matcher`).
        case connect
    }
    package var path: PathCondition
    package var isCaseSensitive: Bool
    package var headers: [HeaderMatcher]
    package var queryParameters: [QueryParameterMatcher]
    package var cookies: [CookieMatcher]
    /// `runtime_fraction`'s default value, as numerator and denominator; nil where not set.
    package var fraction: (numerator: UInt32, denominator: UInt32)?
    package var requiresGRPC: Bool

    package init(
        path: PathCondition,
        isCaseSensitive: Bool = true,
        headers: [HeaderMatcher] = [],
        queryParameters: [QueryParameterMatcher] = [],
        cookies: [CookieMatcher] = [],
        fraction: (numerator: UInt32, denominator: UInt32)? = nil,
        requiresGRPC: Bool = false
    ) {
        self.path = path
        self.isCaseSensitive = isCaseSensitive
        self.headers = headers
        self.queryParameters = queryParameters
        self.cookies = cookies
        self.fraction = fraction
        self.requiresGRPC = requiresGRPC
    }
}

package enum RouteAction: Sendable {
    case forward(ForwardAction)
    case redirect(RedirectAction)
    case directResponse(DirectResponseAction)
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
    /// How the body that is sent is made of `body`.
    package var format: LocalBodyFormat?

    package init(status: UInt16, body: [UInt8] = [], format: LocalBodyFormat? = nil) {
        self.status = status
        self.body = body
        self.format = format
    }
}
