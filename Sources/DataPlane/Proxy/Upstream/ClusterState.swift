package import Model
package import Policy
package import Telemetry

/// What all workers share of one cluster: the limits, which hold for the process.
package final class ClusterShared: Sendable {
    package let configuration: ClusterConfiguration
    /// By `RoutingPriority.rawValue`.
    package let limits: [ResourceLimits]

    package init(configuration: ClusterConfiguration) {
        self.configuration = configuration
        self.limits = configuration.circuitBreakers.map { ResourceLimits($0) }
    }
}

/// One address to send to, with the name that it came from.
package struct ResolvedEndpoint: Sendable, Hashable {
    package var address: SocketAddress
    package var hostname: String
    package var weight: UInt32

    package init(address: SocketAddress, hostname: String, weight: UInt32) {
        self.address = address
        self.hostname = hostname
        self.weight = weight
    }
}

/// One cluster on one worker: its endpoints with their pools, and the balancer's state.
package final class ClusterState {
    package let shared: ClusterShared
    package let configuration: ClusterConfiguration
    package let stats: ClusterStats
    package let worker: Worker
    package private(set) var endpoints: [EndpointState] = []
    private var balancer: Balancer

    init(shared: ClusterShared, stats: ClusterStats, worker: Worker) {
        self.shared = shared
        self.configuration = shared.configuration
        self.stats = stats
        self.worker = worker
        self.balancer = Balancer(
            shared.configuration.loadBalancing,
            weights: [],
            random: &worker.random
        )
    }

    package func limits(_ priority: RoutingPriority) -> ResourceLimits {
        shared.limits[priority.rawValue]
    }

    /// Takes over a new set of endpoints; those that stay keep their connections and counts.
    func update(endpoints resolved: [ResolvedEndpoint], shared states: [EndpointShared]) {
        var kept: [SocketAddress: EndpointState] = [:]
        for endpoint in endpoints { kept[endpoint.address] = endpoint }
        var next: [EndpointState] = []
        next.reserveCapacity(resolved.count)
        for (index, endpoint) in resolved.enumerated() {
            if let known = kept[endpoint.address], known.hostname == endpoint.hostname {
                kept[endpoint.address] = nil
                known.weight = endpoint.weight
                next.append(known)
            } else {
                next.append(
                    EndpointState(endpoint, shared: states[index], cluster: self)
                )
            }
        }
        for gone in kept.values { gone.retire() }
        if worker.index == 0 {
            if next.count != endpoints.count || next.contains(where: { $0.isNew }) {
                stats.increment(.membershipChange)
            }
            stats.set(.membershipTotal, UInt64(next.count))
            stats.set(.membershipHealthy, UInt64(next.count))
        }
        for endpoint in next { endpoint.isNew = false }
        endpoints = next
        balancer = Balancer(
            configuration.loadBalancing,
            weights: next.map(\.weight),
            random: &worker.random
        )
    }

    /// Chooses an endpoint, or nil where there is none.
    func pick() -> EndpointState? {
        let chosen = balancer.pick(random: &worker.random) { endpoints[$0].activeRequests }
        guard let chosen, chosen < endpoints.count else { return nil }
        return endpoints[chosen]
    }

    /// Closes what is idle and lets the rest finish.
    func retire() {
        for endpoint in endpoints { endpoint.retire() }
        endpoints = []
        balancer = Balancer(configuration.loadBalancing, weights: [], random: &worker.random)
    }
}
