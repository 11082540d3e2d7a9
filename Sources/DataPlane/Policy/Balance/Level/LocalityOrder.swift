import Model

/// The localities of one priority that have endpoints, in Envoy's order: this process's own first,
/// then by region, zone and sub-zone.
struct LocalityOrder {
    /// By number.
    let localities: [Locality]
    /// By number; 0 where the configuration gives none.
    let weights: [UInt32]
    /// By number: all endpoints, in any health.
    let counts: [Int]
    /// Number 0 is the locality of this process.
    let hasLocal: Bool
    /// By group of the configuration; -1 for a group of another priority or without endpoints.
    let numbers: [Int]

    init(
        _ groups: [LocalityConfiguration],
        priority: Int,
        endpoints: [BalancerEndpoint],
        local: Locality
    ) {
        var counts: [Locality: Int] = [:]
        for endpoint in endpoints {
            counts[groups[Int(endpoint.locality)].locality, default: 0] += 1
        }
        let hasLocal = !local.isEmpty && counts[local] != nil
        let sorted = counts.keys.sorted { left, right in
            if hasLocal, left == local || right == local { return left == local && right != local }
            return (left.region, left.zone, left.subZone)
                < (right.region, right.zone, right.subZone)
        }
        var numberOf: [Locality: Int] = [:]
        for (number, locality) in sorted.enumerated() { numberOf[locality] = number }
        var weights = [UInt32](repeating: 0, count: sorted.count)
        numbers = groups.map { group in
            guard min(Int(group.priority), EndpointTable.levelCountMax - 1) == priority else {
                return -1
            }
            guard let number = numberOf[group.locality] else { return -1 }
            // A weight belongs to a locality that has a name, and the last one counts, as in Envoy.
            if !group.locality.isEmpty, let weight = group.weight { weights[number] = weight }
            return number
        }
        localities = sorted
        self.weights = weights
        self.counts = sorted.map { counts[$0] ?? 0 }
        self.hasLocal = hasLocal
    }

    /// The number of the locality of one of the endpoints.
    func number(of endpoint: BalancerEndpoint) -> Int { numbers[Int(endpoint.locality)] }
}
