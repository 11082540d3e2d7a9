import Model
import Policy
import Synchronization
import Telemetry

/// Gauges that nobody counts: they are set from what is there, when somebody looks.
extension DataPlane {
    /// Sets the gauges of every cluster that are known by looking: circuit breakers, members.
    ///
    /// Called by the main thread alone, before a scrape. A cluster that no request has used costs
    /// a worker nothing and is seen by these cells only.
    package func refreshGauges() {
        for cluster in clusters {
            gauges.withLock { _ in
                let stats = registry.clusterStats(
                    name: cluster.configuration.statName,
                    worker: Self.mainThreadNumber
                )
                setLimits(of: cluster, stats)
                setMembers(of: cluster, stats)
            }
        }
    }

    private func setLimits(of cluster: ClusterShared, _ stats: ClusterStats) {
        let normal = cluster.limits[RoutingPriority.normal.rawValue]
        let high = cluster.limits[RoutingPriority.high.rawValue]
        func set(_ stat: ClusterStat, _ limits: ResourceLimits, _ what: ResourceLimits.Resource) {
            stats.set(stat, limits.isOpen(what) ? 1 : 0)
        }
        set(.circuitBreakersDefaultCxOpen, normal, .connections)
        set(.circuitBreakersDefaultRqPendingOpen, normal, .pendingRequests)
        set(.circuitBreakersDefaultRqOpen, normal, .requests)
        set(.circuitBreakersDefaultRqRetryOpen, normal, .retries)
        set(.circuitBreakersHighCxOpen, high, .connections)
        set(.circuitBreakersHighRqPendingOpen, high, .pendingRequests)
        set(.circuitBreakersHighRqOpen, high, .requests)
        set(.circuitBreakersHighRqRetryOpen, high, .retries)
        if normal.thresholds.tracksRemaining {
            stats.set(.circuitBreakersDefaultRemainingCx, normal.left(.connections))
            stats.set(.circuitBreakersDefaultRemainingPending, normal.left(.pendingRequests))
            stats.set(.circuitBreakersDefaultRemainingRq, normal.left(.requests))
            stats.set(.circuitBreakersDefaultRemainingRetries, normal.left(.retries))
        }
        if high.thresholds.tracksRemaining {
            stats.set(.circuitBreakersHighRemainingCx, high.left(.connections))
            stats.set(.circuitBreakersHighRemainingPending, high.left(.pendingRequests))
            stats.set(.circuitBreakersHighRemainingRq, high.left(.requests))
            stats.set(.circuitBreakersHighRemainingRetries, high.left(.retries))
        }
    }

    private func setMembers(of cluster: ClusterShared, _ stats: ClusterStats) {
        let ignoresPending = cluster.configuration.balancing.ignoresNewEndpointsUntilFirstCheck
        let members = cluster.endpoints.members
        var healthy: UInt64 = 0
        var degraded: UInt64 = 0
        var excluded: UInt64 = 0
        for member in members {
            switch member.balancingHealth(ignoresPending: ignoresPending) {
            case .healthy: healthy += 1
            case .degraded: degraded += 1
            case .excluded: excluded += 1
            case .unhealthy: break
            }
        }
        stats.set(.membershipTotal, UInt64(members.count))
        stats.set(.membershipHealthy, healthy)
        stats.set(.membershipDegraded, degraded)
        stats.set(.membershipExcluded, excluded)
    }

    /// Counts a change of members that a name server told.
    func countMembershipChange(
        of cluster: ClusterShared,
        from old: EndpointSet,
        to new: EndpointSet
    ) {
        let before = Set(old.members.map(ObjectIdentifier.init))
        let isSame =
            old.members.count == new.members.count
            && new.members.allSatisfy { before.contains(ObjectIdentifier($0)) }
        if isSame { return }
        gauges.withLock { _ in
            registry.clusterStats(
                name: cluster.configuration.statName,
                worker: Self.mainThreadNumber
            ).increment(.membershipChange)
        }
    }
}

extension ResourceLimits {
    fileprivate func left(_ resource: Resource) -> UInt64 { UInt64(remaining(resource)) }
}
