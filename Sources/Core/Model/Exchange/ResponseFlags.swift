/// Why a response is what it is: Envoy's response flags, by their short names.
package struct ResponseFlags: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// LH: the local service failed its health check.
    package static let failedLocalHealthCheck = ResponseFlags(rawValue: 1 << 0)
    /// UH: no healthy endpoint in the cluster.
    package static let noHealthyUpstream = ResponseFlags(rawValue: 1 << 1)
    /// UT: the endpoint did not answer in time.
    package static let upstreamRequestTimeout = ResponseFlags(rawValue: 1 << 2)
    /// LR: this side reset the request.
    package static let localReset = ResponseFlags(rawValue: 1 << 3)
    /// UR: the endpoint reset the request.
    package static let upstreamRemoteReset = ResponseFlags(rawValue: 1 << 4)
    /// UF: the connection to the endpoint could not be made.
    package static let upstreamConnectionFailure = ResponseFlags(rawValue: 1 << 5)
    /// UC: the endpoint closed the connection.
    package static let upstreamConnectionTermination = ResponseFlags(rawValue: 1 << 6)
    /// UO: a circuit breaker is open.
    package static let upstreamOverflow = ResponseFlags(rawValue: 1 << 7)
    /// NR: no route matches.
    package static let noRouteFound = ResponseFlags(rawValue: 1 << 8)
    /// DI: a delay was injected.
    package static let delayInjected = ResponseFlags(rawValue: 1 << 9)
    /// FI: an abort was injected.
    package static let faultInjected = ResponseFlags(rawValue: 1 << 10)
    /// RL: a rate limit decided.
    package static let rateLimited = ResponseFlags(rawValue: 1 << 11)
    /// UAEX: external authorization refused.
    package static let unauthorizedExternalService = ResponseFlags(rawValue: 1 << 12)
    /// RLSE: the rate limit service failed.
    package static let rateLimitServiceError = ResponseFlags(rawValue: 1 << 13)
    /// DC: the client closed the connection.
    package static let downstreamConnectionTermination = ResponseFlags(rawValue: 1 << 14)
    /// URX: the limit of retries or of connection attempts is reached.
    package static let upstreamRetryLimitExceeded = ResponseFlags(rawValue: 1 << 15)
    /// SI: the exchange stood still for the idle timeout.
    package static let streamIdleTimeout = ResponseFlags(rawValue: 1 << 16)
    /// IH: a header has a value that is not allowed.
    package static let invalidHeaders = ResponseFlags(rawValue: 1 << 17)
    /// DPE: the request is malformed.
    package static let downstreamProtocolError = ResponseFlags(rawValue: 1 << 18)
    /// UMSDR: the maximum duration of the upstream request is reached.
    package static let upstreamMaxStreamDurationReached = ResponseFlags(rawValue: 1 << 19)
    /// RFCF: the response came from a cache.
    package static let responseFromCache = ResponseFlags(rawValue: 1 << 20)
    /// NFCF: no filter configuration was found.
    package static let noFilterConfiguration = ResponseFlags(rawValue: 1 << 21)
    /// DT: the maximum duration of the request or connection is reached.
    package static let durationTimeout = ResponseFlags(rawValue: 1 << 22)
    /// UPE: the response is malformed.
    package static let upstreamProtocolError = ResponseFlags(rawValue: 1 << 23)
    /// NC: the cluster of the route does not exist.
    package static let noClusterFound = ResponseFlags(rawValue: 1 << 24)
    /// OM: the overload manager decided.
    package static let overloadManager = ResponseFlags(rawValue: 1 << 25)
    /// DF: a name could not be resolved.
    package static let dnsResolutionFailed = ResponseFlags(rawValue: 1 << 26)
    /// DO: the overload manager dropped the request.
    package static let dropOverload = ResponseFlags(rawValue: 1 << 27)
    /// DR: the client reset the request.
    package static let downstreamRemoteReset = ResponseFlags(rawValue: 1 << 28)
    /// UDO: the overload manager dropped the request without condition.
    package static let unconditionalDropOverload = ResponseFlags(rawValue: 1 << 29)

    /// The short and long name of each flag, by the position of its bit.
    package static let names: [(short: StaticString, long: StaticString)] = [
        ("LH", "FailedLocalHealthCheck"),
        ("UH", "NoHealthyUpstream"),
        ("UT", "UpstreamRequestTimeout"),
        ("LR", "LocalReset"),
        ("UR", "UpstreamRemoteReset"),
        ("UF", "UpstreamConnectionFailure"),
        ("UC", "UpstreamConnectionTermination"),
        ("UO", "UpstreamOverflow"),
        ("NR", "NoRouteFound"),
        ("DI", "DelayInjected"),
        ("FI", "FaultInjected"),
        ("RL", "RateLimited"),
        ("UAEX", "UnauthorizedExternalService"),
        ("RLSE", "RateLimitServiceError"),
        ("DC", "DownstreamConnectionTermination"),
        ("URX", "UpstreamRetryLimitExceeded"),
        ("SI", "StreamIdleTimeout"),
        ("IH", "InvalidEnvoyRequestHeaders"),
        ("DPE", "DownstreamProtocolError"),
        ("UMSDR", "UpstreamMaxStreamDurationReached"),
        ("RFCF", "ResponseFromCacheFilter"),
        ("NFCF", "NoFilterConfigFound"),
        ("DT", "DurationTimeout"),
        ("UPE", "UpstreamProtocolError"),
        ("NC", "NoClusterFound"),
        ("OM", "OverloadManagerTerminated"),
        ("DF", "DnsResolutionFailed"),
        ("DO", "DropOverload"),
        ("DR", "DownstreamRemoteReset"),
        ("UDO", "UnconditionalDropOverload"),
    ]

    /// The short names, joined by commas; `-` where there is none.
    package var shortNames: String { joined { $0.short } }

    /// The long names, joined by commas; `-` where there is none.
    package var longNames: String { joined { $0.long } }

    private func joined(
        _ name: ((short: StaticString, long: StaticString)) -> StaticString
    )
        -> String
    {
        if isEmpty { return "-" }
        return Self.names.indices
            .filter { rawValue & (1 << UInt32($0)) != 0 }
            .map { "\(name(Self.names[$0]))" }
            .joined(separator: ",")
    }
}
