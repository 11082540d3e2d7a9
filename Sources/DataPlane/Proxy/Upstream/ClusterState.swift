package import Model
package import Policy
import Synchronization
package import Telemetry

/// One cluster on one worker: its endpoints with their pools, and the balancer's state.
package final class ClusterState {
    package let shared: ClusterShared
    package let configuration: ClusterConfiguration
    package let stats: ClusterStats
    package let worker: Worker
    /// Responses by who asked and who answered.
    private(set) lazy var parts = ClusterParts(
        registry: worker.registry,
        cluster: configuration.statName,
        worker: worker.index
    )
    /// Calls of gRPC, where they are counted.
    private(set) lazy var grpcMethods = ClusterMethods(
        registry: worker.registry,
        cluster: configuration.statName,
        worker: worker.index
    )
    /// The same over gRPC-Web.
    private(set) lazy var grpcWebMethods = ClusterMethods(
        registry: worker.registry,
        cluster: configuration.statName,
        worker: worker.index,
        isWeb: true
    )
    private(set) lazy var tlsStats = worker.registry.clusterTLSStats(
        name: configuration.statName,
        worker: worker.index
    )
    private(set) lazy var http2Stats = worker.registry.clusterHTTP2Stats(
        name: configuration.statName,
        worker: worker.index
    )
    /// Requests differ in the connections that they may use.
    let distinguishesPools: Bool
    package private(set) var endpoints: [EndpointState] = []
    private var balancer: LoadBalancer
    private var version: UInt64 = 0
    private(set) var isRetired = false
    /// Whether the balancer asks for moving averages of response times.
    let measuresLatency: Bool
    /// Whether a hash of the request matters here.
    let usesHash: Bool
    /// ORIGINAL_DST: endpoints are made as clients name them; nil: the cluster has its own.
    private(set) var destinations: OriginalDestinations?

    init(shared: ClusterShared, stats: ClusterStats, worker: Worker) {
        self.shared = shared
        self.configuration = shared.configuration
        self.stats = stats
        self.worker = worker
        self.balancer = LoadBalancer(
            shared.configuration,
            localLocality: worker.snapshot?.locality ?? Locality()
        )
        distinguishesPools = shared.configuration.distinguishesPools
        switch shared.configuration.loadBalancing {
        case .peakEWMA:
            measuresLatency = true
            usesHash = false
        case .ringHash, .maglev:
            measuresLatency = false
            usesHash = true
        case .roundRobin, .leastRequest, .random:
            measuresLatency = false
            usesHash = false
        }
        if case .originalDestination(let options) = configuration.discovery {
            destinations = OriginalDestinations(options, cluster: self)
        }
    }

    package func limits(_ priority: RoutingPriority) -> ResourceLimits {
        shared.limits[priority.rawValue]
    }

    // MARK: - Endpoints

    /// Takes over a new set of endpoints; those that stay keep their connections and counts.
    ///
    /// Called again with the same or an older set, it does nothing.
    func update(_ set: EndpointSet) {
        guard set.version > version, destinations == nil else { return }
        version = set.version
        var kept: [ObjectIdentifier: EndpointState] = [:]
        kept.reserveCapacity(endpoints.count)
        for endpoint in endpoints { kept[ObjectIdentifier(endpoint.shared)] = endpoint }
        var next: [EndpointState] = []
        next.reserveCapacity(set.members.count)
        for member in set.members {
            if let known = kept.removeValue(forKey: ObjectIdentifier(member)) {
                next.append(known)
            } else {
                next.append(EndpointState(member, cluster: self))
            }
        }
        for gone in kept.values { gone.retire() }
        let isFirst = endpoints.isEmpty
        endpoints = next
        rebuild()
        if !isFirst { tellNeighbours() }
        if configuration.balancing.closesConnectionsOnChange, !isFirst {
            for endpoint in endpoints { endpoint.closeAllAfterUse() }
        }
    }

    /// A client has named an address that was not known.
    func append(destination: EndpointState) { endpoints.append(destination) }

    /// The others have not been asked for any more.
    func keep(destinations: [EndpointState]) { endpoints = destinations }

    /// The health of an endpoint has changed: what may be chosen is worked out again.
    func healthChanged() {
        rebuild()
        tellNeighbours()
        guard configuration.closesConnectionsOnHealthFailure else { return }
        for endpoint in endpoints {
            let isFailing = endpoint.shared.isFailing
            // Requests under way are finished, as in Envoy.
            if isFailing, !endpoint.wasFailing { endpoint.closeAllAfterUse() }
            endpoint.wasFailing = isFailing
        }
    }

    /// Where this is the cluster that the process itself is of, zone-aware ones compare with it.
    private func tellNeighbours() {
        guard configuration.name == worker.snapshot?.localClusterName else { return }
        for other in worker.clusters.values where other !== self {
            if case .zoneAware = other.configuration.balancing.localities { other.rebuild() }
        }
    }

    private func rebuild() {
        let ignoresPending = configuration.balancing.ignoresNewEndpointsUntilFirstCheck
        let hasSubsets = configuration.balancing.subsets != nil
        let described = endpoints.map { endpoint in
            let known = endpoint.shared.endpoint
            return BalancerEndpoint(
                weight: known.weight,
                locality: known.locality,
                health: endpoint.shared.balancingHealth(ignoresPending: ignoresPending),
                address: usesHash ? hashKey(of: endpoint) : "",
                metadata: hasSubsets ? known.attributes?.metadata?.loadBalancing ?? [:] : [:],
                availableSince: endpoint.shared.availableSince.load(ordering: .relaxed)
            )
        }
        let local = localCluster()
        let events = balancer.update(
            endpoints: described,
            localCluster: local,
            nowMilliseconds: worker.loop.nowMilliseconds,
            random: &worker.random
        )
        count(events)
        countSubsets()
    }

    private func countSubsets() {
        guard configuration.balancing.subsets != nil else { return }
        stats.set(.lbSubsetsActive, UInt64(balancer.subsetCount))
        stats.set(.lbSubsetsCreated, UInt64(balancer.subsetsCreated))
        stats.set(.lbSubsetsRemoved, UInt64(balancer.subsetsRemoved))
        stats.set(
            .lbSubsetsSingleHostPerSubsetDuplicate,
            UInt64(balancer.subsetDuplicateCount)
        )
    }

    private func hashKey(of endpoint: EndpointState) -> ByteString {
        let values = endpoint.shared.endpoint.attributes?.metadata?.loadBalancing
        if case .string(let key)? = values?["hash_key"] { return ByteString(key) }
        if configuration.balancing.consistentHashing.usesHostname, !endpoint.hostname.isEmpty {
            return ByteString(endpoint.hostname)
        }
        return ByteString(endpoint.text)
    }

    /// The peers of this process, where zone-aware routing compares with them.
    private func localCluster() -> LocalClusterView? {
        guard case .zoneAware = configuration.balancing.localities,
            let name = worker.snapshot?.localClusterName,
            !name.isEmpty, name != configuration.name,
            let local = worker.cluster(named: name)
        else { return nil }
        var zones: [LocalClusterView.Zone] = []
        for (index, group) in local.configuration.localities.enumerated()
        where group.priority == 0 {
            var zone = LocalClusterView.Zone(locality: group.locality, count: 0, healthyCount: 0)
            for endpoint in local.endpoints where Int(endpoint.shared.endpoint.locality) == index {
                zone.count += 1
                switch endpoint.shared.balancingHealth(ignoresPending: false) {
                case .healthy: zone.healthyCount += 1
                case .degraded: zone.degradedCount += 1
                case .excluded: zone.excludedCount += 1
                case .unhealthy: break
                }
            }
            if zone.count > 0 { zones.append(zone) }
        }
        return LocalClusterView(zones: zones)
    }

    // MARK: - Choosing

    enum Choice {
        case endpoint(EndpointState, priority: Int)
        case none
        /// Dropped on purpose (`drop_overloads`).
        case dropped
    }

    /// Chooses an endpoint.
    ///
    /// - Parameter accepts: false for an endpoint that a retry must not use again.
    func pick(
        _ request: BalancingRequest,
        accepts: ((EndpointState) -> Bool)? = nil,
        attempts: UInt32 = 1
    ) -> Choice {
        let endpoints = endpoints
        let now = worker.loop.nowMilliseconds
        let result: Balancing
        if let accepts {
            result = balancer.pick(
                request,
                nowMilliseconds: now,
                random: &worker.random,
                load: { endpoints[$0].load(now: now) },
                accepts: { accepts(endpoints[$0]) },
                attempts: Int(clamping: attempts)
            )
        } else {
            result = balancer.pick(
                request,
                nowMilliseconds: now,
                random: &worker.random,
                load: { endpoints[$0].load(now: now) }
            )
        }
        if result.events.rawValue != 0 { count(result.events) }
        if result.dropped != nil { return .dropped }
        guard let position = result.position, position < endpoints.count else { return .none }
        return .endpoint(endpoints[position], priority: result.priority)
    }

    /// The endpoint that the next request will probably go to, for connections made before.
    func peek() -> EndpointState? {
        let endpoints = endpoints
        let now = worker.loop.nowMilliseconds
        let position = balancer.peek(
            nowMilliseconds: now,
            random: &worker.random,
            load: { endpoints[$0].load(now: now) }
        )
        guard let position, position < endpoints.count else { return nil }
        return endpoints[position]
    }

    private func count(_ events: BalancingEvents) {
        func has(_ event: BalancingEvents) -> Bool { events.rawValue & event.rawValue != 0 }
        if has(.healthyPanic) { stats.increment(.lbHealthyPanic) }
        if has(.subsetSelected) { stats.increment(.lbSubsetsSelected) }
        if has(.subsetFallback) { stats.increment(.lbSubsetsFallback) }
        if has(.subsetPanicFallback) { stats.increment(.lbSubsetsFallbackPanic) }
        if has(.zoneRoutingAllDirectly) { stats.increment(.lbZoneRoutingAllDirectly) }
        if has(.zoneRoutingSampled) { stats.increment(.lbZoneRoutingSampled) }
        if has(.zoneRoutingCrossZone) { stats.increment(.lbZoneRoutingCrossZone) }
        if has(.zoneClusterTooSmall) { stats.increment(.lbZoneClusterTooSmall) }
        if has(.zoneNoCapacityLeft) { stats.increment(.lbZoneNoCapacityLeft) }
        if has(.localClusterNotOk) { stats.increment(.lbLocalClusterNotOk) }
        if has(.recalculateZoneStructures) { stats.increment(.lbRecalculateZoneStructures) }
    }

    /// Closes what is idle and lets the rest finish.
    func retire() {
        isRetired = true
        destinations?.retire()
        for endpoint in endpoints { endpoint.retire() }
        endpoints = []
        rebuild()
    }
}

extension EndpointShared {
    /// Neither a check nor a row of failures speaks against it, nor the configuration.
    package var isFailing: Bool { balancingHealth(ignoresPending: false) == .unhealthy }

    /// How the balancer counts it.
    package func balancingHealth(ignoresPending: Bool) -> EndpointHealth {
        let flags = healthFlags.rawValue
        if flags & HealthFlags.excludedByImmediateFailure.rawValue != 0 { return .excluded }
        if ignoresPending, flags & HealthFlags.pendingActiveCheck.rawValue != 0 { return .excluded }
        let failing =
            HealthFlags.failedActiveCheck.rawValue | HealthFlags.failedOutlierCheck.rawValue
        if flags & failing != 0 { return .unhealthy }
        switch endpoint.attributes?.health ?? .unknown {
        case .unhealthy, .timeout, .draining: return .unhealthy
        case .degraded: return .degraded
        case .unknown, .healthy:
            return flags & HealthFlags.degradedActiveCheck.rawValue != 0 ? .degraded : .healthy
        }
    }
}

extension ClusterConfiguration {
    /// The host, the client or the version of HTTP decides about the pool.
    fileprivate var distinguishesPools: Bool {
        if case .asDownstream = upstreamProtocol { return true }
        return takesServerNameFromHost || serverNameHeader != nil || verifiesServerNameOfHost
            || transport.proxyProtocol != nil
            || transportMatches.contains { $0.transport.proxyProtocol != nil }
    }
}
