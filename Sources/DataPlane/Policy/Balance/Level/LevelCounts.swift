/// How many endpoints of a priority are in which health, with their weights.
struct LevelCounts: Sendable, Equatable {
    var count = 0
    var healthy = 0
    var degraded = 0
    var excluded = 0
    var weight: UInt64 = 0
    var healthyWeight: UInt64 = 0
    var degradedWeight: UInt64 = 0
    var excludedWeight: UInt64 = 0

    mutating func add(_ health: EndpointHealth, weight endpointWeight: UInt32) {
        count += 1
        weight += UInt64(endpointWeight)
        switch health {
        case .healthy:
            healthy += 1
            healthyWeight += UInt64(endpointWeight)
        case .degraded:
            degraded += 1
            degradedWeight += UInt64(endpointWeight)
        case .excluded:
            excluded += 1
            excludedWeight += UInt64(endpointWeight)
        case .unhealthy:
            break
        }
    }

    /// So few endpoints can be used that health is better ignored.
    ///
    /// - Parameter threshold: percent.
    func isBelow(panicThreshold threshold: Int) -> Bool {
        let considered = count - excluded
        guard considered > 0 else { return threshold > 0 }
        let percent =
            100 * Double(healthy) / Double(considered) + 100 * Double(degraded) / Double(considered)
        return percent < Double(threshold)
    }
}

/// The health of a priority in percent: the share of its endpoints, times the overprovisioning
/// factor, at most 100.
struct LevelHealth: Sendable, Equatable {
    var healthy = 0
    var degraded = 0

    init() {}

    /// - Parameters:
    ///   - factor: percent (`overprovisioning_factor`).
    ///   - isWeighted: endpoints count by their weight (`weighted_priority_health`).
    init(_ counts: LevelCounts, overprovisioning factor: UInt32, isWeighted: Bool) {
        guard counts.count > counts.excluded else { return }
        if isWeighted {
            let total = counts.weight - counts.excludedWeight
            healthy = Self.percent(counts.healthyWeight, of: total, factor)
            degraded = Self.percent(counts.degradedWeight, of: total, factor)
        } else {
            let total = UInt64(counts.count - counts.excluded)
            healthy = Self.percent(UInt64(counts.healthy), of: total, factor)
            degraded = Self.percent(UInt64(counts.degraded), of: total, factor)
        }
    }

    private static func percent(_ part: UInt64, of total: UInt64, _ factor: UInt32) -> Int {
        guard total > 0 else { return 0 }
        let (product, overflows) = part.multipliedReportingOverflow(by: UInt64(factor))
        return overflows ? 100 : Int(min(100, product / total))
    }
}
