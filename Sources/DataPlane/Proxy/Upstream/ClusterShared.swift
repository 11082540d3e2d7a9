import CLinux
package import Identity
package import Model
package import Policy
package import Synchronization

/// What all workers share of one cluster: the limits, which hold for the process, and the endpoints.
package final class ClusterShared: Sendable {
    package let configuration: ClusterConfiguration
    /// By `RoutingPriority.rawValue`.
    package let limits: [ResourceLimits]
    /// The TLS contexts of the transports: of `transportMatches`, then of `transport`.
    package let contexts: [TLSRotation?]
    private let current: Mutex<EndpointSet>
    /// ORIGINAL_DST: the endpoints that clients have named.
    let destinations = Mutex<[SocketAddress: NamedEndpoint]>([:])
    /// Told when a row of failures has reached a threshold; called on a worker's thread.
    package let onConsecutiveFailure =
        Mutex<(@Sendable (EndpointShared, ConsecutiveFailure) -> Void)?>(nil)
    /// Told when an endpoint said `x-envoy-immediate-health-check-fail`; on a worker's thread.
    package let onImmediateFailure = Mutex<(@Sendable (EndpointShared) -> Void)?>(nil)

    package init(configuration: ClusterConfiguration, contexts: [TLSRotation?] = []) {
        self.configuration = configuration
        self.contexts = contexts
        self.limits = configuration.circuitBreakers.map { ResourceLimits($0) }
        self.current = Mutex(EndpointSet(version: 0, members: []))
    }

    /// How bytes to an endpoint are wrapped; nil: they are not.
    func transport(for endpoint: ResolvedEndpoint) -> EndpointTransport? {
        let criteria = endpoint.attributes?.metadata?.transportSocketMatch ?? [:]
        return transport(matching: criteria)
    }

    /// The first transport whose conditions these values fulfil, or the cluster's own.
    func transport(matching criteria: [String: MetadataValue]) -> EndpointTransport? {
        let matches = configuration.transportMatches
        let position =
            matches.firstIndex { match in
                match.match.allSatisfy { criteria[$0.key] == $0.value }
            } ?? matches.count
        let chosen =
            position < matches.count ? matches[position].transport : configuration.transport
        if chosen.tls == nil, chosen.proxyProtocol == nil { return nil }
        return EndpointTransport(
            configuration: chosen,
            context: position < contexts.count ? contexts[position]?.slot : nil
        )
    }

    /// The endpoints as they are now.
    ///
    /// From any thread; a worker takes the set when it first needs the cluster, and again whenever
    /// it is told that there is another.
    package var endpoints: EndpointSet {
        if case .originalDestination = configuration.discovery { return namedEndpoints }
        return current.withLock { $0 }
    }

    /// Replaces the endpoints; those with the same address keep their counts and their health.
    ///
    /// From any thread.
    package func update(_ resolved: [ResolvedEndpoint]) -> EndpointSet {
        current.withLock { known in
            var kept: [SocketAddress: EndpointShared] = [:]
            for member in known.members { kept[member.endpoint.address] = member }
            var members: [EndpointShared] = []
            members.reserveCapacity(resolved.count)
            for endpoint in resolved {
                // An address that is there twice would have two pools and one set of counts.
                if let same = kept.removeValue(forKey: endpoint.address), same.endpoint == endpoint
                {
                    members.append(same)
                } else {
                    members.append(
                        EndpointShared(
                            endpoint,
                            outlier: configuration.outlierDetection.map { OutlierCounts($0) },
                            isPending: !configuration.healthChecks.isEmpty
                        )
                    )
                }
            }
            known = EndpointSet(version: known.version + 1, members: members)
            return known
        }
    }
}

/// A cluster's endpoints at one moment.
package final class EndpointSet: Sendable {
    /// Higher for every set that follows another.
    package let version: UInt64
    package let members: [EndpointShared]

    init(version: UInt64, members: [EndpointShared]) {
        self.version = version
        self.members = members
    }
}

/// One address to send to, with the name that it came from.
package struct ResolvedEndpoint: Sendable, Hashable {
    package var address: SocketAddress
    /// Tried after `address` (RFC 8305).
    package var additionalAddresses: [SocketAddress]
    package var hostname: String
    package var weight: UInt32
    /// The position of its group in `ClusterConfiguration.localities`.
    package var locality: UInt16
    package var attributes: EndpointAttributes?

    package init(
        address: SocketAddress,
        additionalAddresses: [SocketAddress] = [],
        hostname: String,
        weight: UInt32,
        locality: UInt16 = 0,
        attributes: EndpointAttributes? = nil
    ) {
        self.address = address
        self.additionalAddresses = additionalAddresses
        self.hostname = hostname
        self.weight = weight
        self.locality = locality
        self.attributes = attributes
    }
}

/// What is known of an endpoint's health, bit by bit, as `/clusters` prints `health_flags`.
package struct HealthFlags: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    package static let failedActiveCheck = HealthFlags(rawValue: 1 << 0)
    package static let failedOutlierCheck = HealthFlags(rawValue: 1 << 1)
    package static let degradedActiveCheck = HealthFlags(rawValue: 1 << 2)
    /// No active check has been answered yet.
    package static let pendingActiveCheck = HealthFlags(rawValue: 1 << 3)
    /// The endpoint said `x-envoy-immediate-health-check-fail`.
    package static let excludedByImmediateFailure = HealthFlags(rawValue: 1 << 4)
    package static let activeCheckTimedOut = HealthFlags(rawValue: 1 << 5)
}

/// One endpoint over all workers: its counts, for `/clusters`, and its health.
package final class EndpointShared: Sendable {
    package let endpoint: ResolvedEndpoint
    package let connectionsActive = Atomic<Int>(0)
    package let connectionsTotal = Atomic<UInt64>(0)
    package let connectFailures = Atomic<UInt64>(0)
    package let requestsActive = Atomic<Int>(0)
    package let requestsTotal = Atomic<UInt64>(0)
    package let requestsFailed = Atomic<UInt64>(0)
    package let requestsTimedOut = Atomic<UInt64>(0)
    package let requestsSucceeded = Atomic<UInt64>(0)
    /// Milliseconds of the loop's clock when the endpoint became part of the cluster, or healthy
    /// again: slow start counts from here.
    package let availableSince = Atomic<Int64>(pillion_monotonic_microseconds() / 1000)
    private let health: Atomic<UInt8>
    /// nil where the cluster has no outlier detection.
    package let outlier: OutlierCounts?

    package init(
        _ endpoint: ResolvedEndpoint,
        outlier: OutlierCounts? = nil,
        isPending: Bool = false
    ) {
        self.endpoint = endpoint
        self.outlier = outlier
        let checks = isPending && endpoint.attributes?.isHealthCheckDisabled != true
        // Unhealthy until the first check says otherwise, as in Envoy.
        let flags: HealthFlags = checks ? [.failedActiveCheck, .pendingActiveCheck] : []
        health = Atomic(flags.rawValue)
    }

    package var healthFlags: HealthFlags {
        HealthFlags(rawValue: health.load(ordering: .relaxed))
    }

    /// Sets and clears flags; true where any changed.
    package func change(set: HealthFlags, clear: HealthFlags) -> Bool {
        let cleared = health.bitwiseAnd(~clear.rawValue, ordering: .relaxed)
        let written = health.bitwiseOr(set.rawValue, ordering: .relaxed)
        return cleared.oldValue != written.newValue
    }
}
