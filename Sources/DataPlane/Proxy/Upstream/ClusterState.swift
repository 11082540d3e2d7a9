package import Model
package import Policy
package import Telemetry

/// One cluster on one worker: its endpoints with their pools, and the balancer's state.
package final class ClusterState {
    package let shared: ClusterShared
    package let configuration: ClusterConfiguration
    package let stats: ClusterStats
    package let worker: Worker
    package private(set) var endpoints: [EndpointState] = []
    private var balancer: Balancer
    private var version: UInt64 = 0

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
    ///
    /// Called again with the same or an older set, it does nothing.
    func update(_ set: EndpointSet) {
        guard set.version > version else { return }
        version = set.version
        var kept: [ObjectIdentifier: EndpointState] = [:]
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

    /// The health of an endpoint has changed: what may be chosen is worked out again.
    func healthChanged() {}

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
