package import Model

/// When an endpoint is checked next.
package enum HealthCheckSchedule {
    /// The wait before the first check: a random part of `initial_jitter`; 0 where there is none.
    package static func first(
        _ configuration: HealthCheckConfiguration,
        random: inout Xoshiro256
    ) -> Int64 {
        guard configuration.initialJitter > 0 else { return 0 }
        return max(1, below(configuration.initialJitter, &random))
    }

    /// The wait after a result, in milliseconds: at least one.
    ///
    /// - Parameters:
    ///   - isHealthy: whether the last check succeeded, whatever the thresholds make of it.
    ///   - hasTraffic: whether the cluster has ever had a connection for requests.
    package static func next(
        isHealthy: Bool,
        transition: HealthCheckState.Transition,
        hasTraffic: Bool,
        _ configuration: HealthCheckConfiguration,
        random: inout Xoshiro256
    ) -> Int64 {
        let isPending = transition == .pending
        let interval = configuration.interval
        let base: Int64
        switch (hasTraffic, isHealthy) {
        case (true, true):
            base = isPending ? configuration.healthyEdgeInterval ?? interval : interval
        case (true, false):
            let unhealthy = configuration.unhealthyInterval ?? interval
            base = isPending ? configuration.unhealthyEdgeInterval ?? unhealthy : unhealthy
        case (false, true) where !isPending:
            base = configuration.noTrafficHealthyInterval ?? configuration.noTrafficInterval
        case (false, _): base = configuration.noTrafficInterval
        }
        let (scaled, overflowed) = base.multipliedReportingOverflow(
            by: Int64(configuration.intervalJitterPercent)
        )
        let percent = overflowed ? base : scaled / 100
        var wait = sum(base, below(percent, &random))
        wait = sum(wait, below(configuration.intervalJitter, &random))
        return max(1, wait)
    }

    private static func below(_ bound: Int64, _ random: inout Xoshiro256) -> Int64 {
        Int64(random.below(Int(bound)))
    }

    private static func sum(_ left: Int64, _ right: Int64) -> Int64 {
        let (value, overflowed) = left.addingReportingOverflow(right)
        return overflowed ? .max : value
    }
}
