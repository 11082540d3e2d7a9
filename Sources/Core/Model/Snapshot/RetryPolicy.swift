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
        package static let grpcCancelled = Conditions(rawValue: 1 << 16)
        package static let grpcDeadlineExceeded = Conditions(rawValue: 1 << 17)
        package static let grpcInternal = Conditions(rawValue: 1 << 18)
        package static let grpcResourceExhausted = Conditions(rawValue: 1 << 19)
        package static let grpcUnavailable = Conditions(rawValue: 1 << 20)
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
    /// Any of these rejects an endpoint, and another one is drawn.
    package var hostPredicates: [HostPredicate]
    package var hostSelectionAttemptsMax: UInt32
    /// Attempts after which the priorities that were tried are left out; nil: never.
    package var previousPrioritiesFrequency: UInt32?
    package var rateLimitedBackOff: RateLimitedBackOff?

    package enum HostPredicate: Sendable {
        case previousHosts
        case omitCanaryHosts
        /// Endpoints with all of these `envoy.lb` values.
        case omitHostMetadata([String: MetadataValue])
    }
    /// `RateLimitedRetryBackOff`.
    package struct RateLimitedBackOff: Sendable {
        package enum Format: Sendable { case seconds, unixTimestamp }
        package var maxIntervalMilliseconds: Int64
        /// Lower-case names, asked in this order.
        package var resetHeaders: [(name: ByteString, format: Format)]

        package init(
            maxIntervalMilliseconds: Int64 = 300_000,
            resetHeaders: [(name: ByteString, format: Format)]
        ) {
            self.maxIntervalMilliseconds = maxIntervalMilliseconds
            self.resetHeaders = resetHeaders
        }
    }

    package init(
        conditions: Conditions,
        retryCountMax: UInt32 = 1,
        perTryTimeoutMilliseconds: Int64? = nil,
        perTryIdleTimeoutMilliseconds: Int64? = nil,
        backOffBaseMilliseconds: Int64 = 25,
        backOffMaxMilliseconds: Int64 = 250,
        retriableStatusCodes: [UInt16] = [],
        retriableHeaders: [HeaderMatcher] = [],
        retriableRequestHeaders: [HeaderMatcher] = [],
        hostPredicates: [HostPredicate] = [],
        hostSelectionAttemptsMax: UInt32 = 1,
        previousPrioritiesFrequency: UInt32? = nil,
        rateLimitedBackOff: RateLimitedBackOff? = nil
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
        self.hostPredicates = hostPredicates
        self.hostSelectionAttemptsMax = hostSelectionAttemptsMax
        self.previousPrioritiesFrequency = previousPrioritiesFrequency
        self.rateLimitedBackOff = rateLimitedBackOff
    }
}
