import Model

/// What the balancers of one cluster and of its subsets share: its configuration and endpoints.
final class EndpointTable {
    let rule: ClusterConfiguration.LoadBalancing
    let options: BalancingOptions
    let localCluster: LocalClusterView?
    let endpoints: [BalancerEndpoint]
    /// By position.
    let priorities: [UInt8]
    /// By priority: how its localities are ordered; empty where localities do not matter.
    let localities: [LocalityOrder]
    let levelCount: Int
    /// Some endpoint is in its slow start.
    let isStarting: Bool

    /// More priorities than Envoy allows are folded into the last one.
    static let levelCountMax = 129

    init(
        _ cluster: ClusterConfiguration,
        endpoints: [BalancerEndpoint],
        localLocality: Locality,
        localCluster: LocalClusterView?,
        nowMilliseconds: Int64
    ) {
        rule = cluster.loadBalancing
        options = cluster.balancing
        self.localCluster = localCluster
        let groups = cluster.localities.isEmpty ? [LocalityConfiguration()] : cluster.localities
        // An endpoint of no group counts as one of the first.
        var endpoints = endpoints
        for index in endpoints.indices where Int(endpoints[index].locality) >= groups.count {
            endpoints[index].locality = 0
        }
        self.endpoints = endpoints
        let highest = Int(groups.map(\.priority).max() ?? 0)
        let levelCount = min(highest, Self.levelCountMax - 1) + 1
        self.levelCount = levelCount
        priorities = endpoints.map { endpoint in
            UInt8(clamping: min(Int(groups[Int(endpoint.locality)].priority), levelCount - 1))
        }
        if cluster.balancing.localities == .weighted || localCluster != nil {
            var members = [[Int]](repeating: [], count: levelCount)
            for (position, priority) in priorities.enumerated() {
                members[Int(priority)].append(position)
            }
            localities = members.enumerated().map { level, positions in
                LocalityOrder(
                    groups,
                    priority: level,
                    endpoints: positions.map { endpoints[$0] },
                    local: localLocality
                )
            }
        } else {
            localities = []
        }
        if let slowStart = cluster.balancing.slowStart {
            isStarting = endpoints.contains {
                $0.health == .healthy
                    && nowMilliseconds &- $0.availableSince <= slowStart.windowMilliseconds
            }
        } else {
            isStarting = false
        }
    }

    /// Percent, whole as in Envoy.
    var panicThreshold: Int { Self.wholePercent(options.panicThresholdPercent) }

    static func wholePercent(_ percent: Double) -> Int {
        percent.isFinite ? Int(min(100, max(0, percent)).rounded()) : 0
    }

    /// The share of its weight that the endpoint has, while it is new.
    func growth(of position: Int, nowMilliseconds: Int64) -> Double {
        guard isStarting, let slowStart = options.slowStart else { return 1 }
        let endpoint = endpoints[position]
        guard endpoint.health == .healthy else { return 1 }
        return slowStart.share(afterMilliseconds: nowMilliseconds &- endpoint.availableSince)
    }
}
