package import Model

/// What the detector of a cluster has decided.
///
/// Endpoints are known by their counts.
package enum OutlierEvent: Sendable {
    /// An endpoint was found to be an outlier, whatever comes of it.
    case detected(EjectionKind)
    case ejected(Ejection)
    /// `enforcing_*` let the endpoint off; only told.
    case spared(Ejection)
    /// So many endpoints are ejected already that this one stays.
    case overflow(EjectionKind)
    case unejected(OutlierCounts, count: UInt32, sinceEjection: Int64?)

    package struct Ejection: Sendable {
        package let counts: OutlierCounts
        package let kind: EjectionKind
        /// The ejections of this endpoint so far, with this one where it is carried out.
        package let count: UInt32
        /// Milliseconds since it was last let back in; nil where it never was.
        package let sinceUnejection: Int64?
        /// The rates of the window that decided, for the kinds that compare rates.
        package let rate: Double
        package let threshold: SuccessRateThreshold?
    }
}

/// Decides which endpoints of one cluster are ejected, for how long, and when they come back
/// (`envoy.config.cluster.v3.OutlierDetection`).
///
/// No clock and no I/O: the caller says what time it is and carries the events out. Milliseconds.
package struct OutlierDetector {
    private struct Host {
        let counts: OutlierCounts
        var ejection = EjectionState()
    }

    private struct Measured {
        let index: Int
        let rate: Double
    }

    package let configuration: OutlierDetectionConfiguration
    package let rates = ClusterSuccessRates()
    private var hosts: [Host] = []
    private var positions: [ObjectIdentifier: Int] = [:]
    package private(set) var ejectedCount = 0

    package init(_ configuration: OutlierDetectionConfiguration) {
        self.configuration = configuration
    }

    package var hostCount: Int { hosts.count }

    package func isEjected(_ counts: OutlierCounts) -> Bool {
        guard let index = positions[ObjectIdentifier(counts)] else { return false }
        return hosts[index].ejection.isEjected
    }

    /// Takes over the endpoints as they are now; those that stay keep their ejections.
    package mutating func setHosts(_ all: [OutlierCounts]) {
        var next: [Host] = []
        next.reserveCapacity(all.count)
        var nextPositions: [ObjectIdentifier: Int] = [:]
        for counts in all {
            let key = ObjectIdentifier(counts)
            if nextPositions[key] != nil { continue }
            nextPositions[key] = next.count
            if let known = positions[key] {
                next.append(hosts[known])
            } else {
                counts.join(rates)
                next.append(Host(counts: counts))
            }
        }
        hosts = next
        positions = nextPositions
        ejectedCount = hosts.count { $0.ejection.isEjected }
    }

    // MARK: - Events

    /// A row of failures has reached its threshold.
    package mutating func consecutive(
        _ failure: ConsecutiveFailure,
        of counts: OutlierCounts,
        now: Int64,
        random: inout Xoshiro256
    ) -> [OutlierEvent] {
        var events: [OutlierEvent] = []
        let kinds: [(EjectionKind, ConsecutiveFailure)] =
            switch failure {
            case .serverError: [(.consecutive5xx, .serverError)]
            case .gatewayFailure: [(.consecutiveGatewayFailure, .gatewayFailure)]
            case .localOrigin: [(.consecutiveLocalOriginFailure, .localOrigin)]
            case .gatewayFailureAndServerError:
                [
                    (.consecutiveGatewayFailure, .gatewayFailure),
                    (.consecutive5xx, .serverError),
                ]
            }
        for (kind, row) in kinds {
            guard let index = positions[ObjectIdentifier(counts)],
                !hosts[index].ejection.isEjected
            else { continue }
            events.append(.detected(kind))
            events.append(eject(index, kind, rate: -1, threshold: nil, now: now, &random))
            // So that another row is seen where the endpoint stays.
            counts.resetConsecutive(row)
        }
        return events
    }

    /// The endpoint answered an active check: it comes back at once.
    package mutating func healthCheckSucceeded(
        _ counts: OutlierCounts,
        now: Int64
    ) -> OutlierEvent? {
        guard configuration.successfulActiveHealthCheckUnejects,
            let index = positions[ObjectIdentifier(counts)], hosts[index].ejection.isEjected
        else { return nil }
        return uneject(index, now: now)
    }

    /// The interval is over: ejections end, rates are compared.
    package mutating func intervalEnded(
        now: Int64,
        random: inout Xoshiro256
    ) -> [OutlierEvent] {
        var events: [OutlierEvent] = []
        var external: [OutlierCounts.Window] = []
        var local: [OutlierCounts.Window] = []
        for index in hosts.indices {
            if hosts[index].ejection.isOver(now: now, configuration) {
                events.append(uneject(index, now: now))
            }
            let windows = hosts[index].counts.nextWindow()
            external.append(windows.external)
            local.append(windows.local)
        }
        let shown = (shownRates(external), shownRates(local))
        for index in hosts.indices {
            hosts[index].counts.setRates(external: shown.0[index], local: shown.1[index])
        }
        compare(external, isLocal: false, now: now, &random, &events)
        compare(local, isLocal: true, now: now, &random, &events)
        for index in hosts.indices {
            hosts[index].ejection.restedInterval(now: now, interval: configuration.interval)
        }
        return events
    }

    // MARK: - Rates

    private var comparesRates: Bool {
        hosts.count >= Int(configuration.successRateMinimumHosts)
            || hosts.count >= Int(configuration.failurePercentageMinimumHosts)
    }

    /// What `/clusters` shows of each endpoint; -1 where there were too few requests.
    private func shownRates(_ windows: [OutlierCounts.Window]) -> [Double] {
        let volume = min(
            configuration.successRateRequestVolume,
            configuration.failurePercentageRequestVolume
        )
        return hosts.indices.map { index in
            guard comparesRates, !hosts[index].ejection.isEjected,
                let rate = windows[index].successRate, windows[index].total >= UInt64(volume)
            else { return -1 }
            return rate
        }
    }

    private mutating func compare(
        _ windows: [OutlierCounts.Window],
        isLocal: Bool,
        now: Int64,
        _ random: inout Xoshiro256,
        _ events: inout [OutlierEvent]
    ) {
        rates.set(nil, isLocal: isLocal)
        guard comparesRates else { return }
        var forRate: [Measured] = []
        var forPercentage: [Measured] = []
        for (index, window) in windows.enumerated() where !hosts[index].ejection.isEjected {
            guard let rate = window.successRate else { continue }
            let measured = Measured(index: index, rate: rate)
            if window.total >= UInt64(configuration.successRateRequestVolume) {
                forRate.append(measured)
            }
            if window.total >= UInt64(configuration.failurePercentageRequestVolume) {
                forPercentage.append(measured)
            }
        }
        if !forRate.isEmpty, forRate.count >= Int(configuration.successRateMinimumHosts) {
            let threshold = SuccessRateThreshold(
                forRate.map(\.rate),
                factorThousandths: configuration.successRateStdevFactor
            )
            rates.set(threshold, isLocal: isLocal)
            let kind: EjectionKind = isLocal ? .successRateLocalOrigin : .successRate
            for host in forRate where host.rate < threshold.ejection {
                found(host, kind, threshold, now, &random, &events)
            }
        }
        let eligible = forPercentage.count
        if eligible > 0, eligible >= Int(configuration.failurePercentageMinimumHosts) {
            let kind: EjectionKind = isLocal ? .failurePercentageLocalOrigin : .failurePercentage
            let limit = Double(configuration.failurePercentageThreshold)
            for host in forPercentage where 100 - host.rate >= limit {
                found(host, kind, nil, now, &random, &events)
            }
        }
    }

    private mutating func found(
        _ host: Measured,
        _ kind: EjectionKind,
        _ threshold: SuccessRateThreshold?,
        _ now: Int64,
        _ random: inout Xoshiro256,
        _ events: inout [OutlierEvent]
    ) {
        events.append(.detected(kind))
        // Both comparisons may find the same endpoint; it is ejected once.
        if hosts[host.index].ejection.isEjected { return }
        events.append(
            eject(host.index, kind, rate: host.rate, threshold: threshold, now: now, &random)
        )
    }

    // MARK: - Ejections

    /// Whether one more endpoint may be ejected.
    ///
    /// The share is of all endpoints of the cluster, whatever their priority.
    private var hasRoom: Bool {
        if configuration.alwaysEjectsOneHost, ejectedCount == 0 { return true }
        guard !hosts.isEmpty else { return false }
        let share = 100 * Double(ejectedCount + 1) / Double(hosts.count)
        return share <= Double(min(100, configuration.maxEjectionPercent))
    }

    private mutating func eject(
        _ index: Int,
        _ kind: EjectionKind,
        rate: Double,
        threshold: SuccessRateThreshold?,
        now: Int64,
        _ random: inout Xoshiro256
    ) -> OutlierEvent {
        guard hasRoom else { return .overflow(kind) }
        let isEnforced = random.below(100) < Int(kind.enforcement(configuration))
        if isEnforced {
            let jitterMax = max(0, configuration.maxEjectionTimeJitter)
            let jitter = Int64(random.below(Int(min(jitterMax, Int64.max - 1)) + 1))
            hosts[index].ejection.eject(now: now, jitter: jitter, configuration)
            ejectedCount += 1
        }
        let state = hosts[index].ejection
        let ejection = OutlierEvent.Ejection(
            counts: hosts[index].counts,
            kind: kind,
            count: state.count,
            sinceUnejection: state.unejectedAt.map { now - $0 },
            rate: rate,
            threshold: threshold
        )
        return isEnforced ? .ejected(ejection) : .spared(ejection)
    }

    private mutating func uneject(_ index: Int, now: Int64) -> OutlierEvent {
        let since = hosts[index].ejection.ejectedAt.map { now - $0 }
        hosts[index].ejection.uneject(now: now)
        ejectedCount -= 1
        let counts = hosts[index].counts
        // A row that was nearly full must not eject again after one more failure.
        counts.resetConsecutive(.gatewayFailureAndServerError)
        counts.resetConsecutive(.localOrigin)
        return .unejected(counts, count: hosts[index].ejection.count, sinceEjection: since)
    }
}
