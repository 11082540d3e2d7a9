import Model
import Policy
import Synchronization
import Telemetry

/// One cluster on the health thread: a check for each endpoint, and the detector of outliers.
final class WatchedCluster: TimerTarget {
    let shared: ClusterShared
    unowned let owner: HealthLoop
    let stats: ClusterStats
    /// Made with the first check that speaks TLS, and the first that speaks HTTP/2.
    private(set) lazy var tlsStats = owner.plane.registry.clusterTLSStats(
        name: configuration.statName,
        worker: HealthMonitor.statsWorker
    )
    private(set) lazy var http2Stats = owner.plane.registry.clusterHTTP2Stats(
        name: configuration.statName,
        worker: HealthMonitor.statsWorker
    )
    /// The cluster's health checks; each endpoint goes through all of them.
    let plans: [HealthCheckPlan]
    private var checks: [ObjectIdentifier: CheckedEndpoint] = [:]
    private var detector: OutlierDetector?
    /// By the endpoint's counts: what the detector speaks of.
    private var outliers: [ObjectIdentifier: EndpointShared] = [:]
    private var intervalTimer = TimerHandle.none
    /// A worker has had a connection to an endpoint, once.
    private var hadTraffic = false

    var loop: EventLoop { owner.loop }
    var configuration: ClusterConfiguration { shared.configuration }

    init(_ shared: ClusterShared, owner: HealthLoop) {
        self.shared = shared
        self.owner = owner
        let configuration = shared.configuration
        stats = owner.plane.registry.clusterStats(
            name: configuration.statName,
            worker: HealthMonitor.statsWorker
        )
        plans = configuration.healthChecks.map {
            HealthCheckPlan($0, writer: owner.plane.accessLog)
        }
        detector = configuration.outlierDetection.map { OutlierDetector($0) }
        super.init()
        if detector != nil { watchOutliers() }
        if !plans.isEmpty { watchImmediateFailures() }
    }

    // The hooks know the cluster by its identity: a reference would keep it alive for ever.

    private func watchImmediateFailures() {
        let mailbox = loop.mailbox
        let key = ObjectIdentifier(shared)
        shared.onImmediateFailure.withLock { hook in
            hook = { endpoint in
                mailbox.post { loop in
                    (loop.owner as? HealthLoop)?.immediateFailure(of: endpoint, in: key)
                }
            }
        }
    }

    private func watchOutliers() {
        let mailbox = loop.mailbox
        let key = ObjectIdentifier(shared)
        shared.onConsecutiveFailure.withLock { hook in
            hook = { endpoint, failure in
                mailbox.post { loop in
                    (loop.owner as? HealthLoop)?.consecutive(failure, of: endpoint, in: key)
                }
            }
        }
        armInterval()
    }

    /// Ends all checks; the flags stay as they are.
    func stop() {
        loop.timers.cancel(&intervalTimer)
        for endpoint in checks.values { endpoint.stop() }
        checks = [:]
        shared.onImmediateFailure.withLock { $0 = nil }
        if let detector {
            shared.onConsecutiveFailure.withLock { $0 = nil }
            stats.subtract(.outlierDetectionEjectionsActive, UInt64(detector.ejectedCount))
        }
        detector = nil
        outliers = [:]
    }

    var hasPendingChecks: Bool { checks.values.contains { $0.isPending } }

    /// Whether the cluster has ever had a connection for requests, which makes checks more frequent.
    var hasTraffic: Bool {
        if hadTraffic { return true }
        hadTraffic = shared.endpoints.members.contains {
            $0.connectionsTotal.load(ordering: .relaxed) > 0
        }
        return hadTraffic
    }

    // MARK: - Endpoints

    /// Takes over the endpoints as they are now; those that stay keep their results.
    func updateEndpoints() {
        let members = shared.endpoints.members
        updateChecks(members)
        guard let before = detector?.ejectedCount else { return }
        outliers = [:]
        var counts: [OutlierCounts] = []
        for member in members {
            guard let own = member.outlier else { continue }
            outliers[ObjectIdentifier(own)] = member
            counts.append(own)
        }
        detector?.setHosts(counts)
        let after = detector?.ejectedCount ?? 0
        if after < before {
            stats.subtract(.outlierDetectionEjectionsActive, UInt64(before - after))
        }
    }

    private func updateChecks(_ members: [EndpointShared]) {
        guard !plans.isEmpty else { return }
        var next: [ObjectIdentifier: CheckedEndpoint] = [:]
        var started: [CheckedEndpoint] = []
        for member in members where member.endpoint.attributes?.isHealthCheckDisabled != true {
            let key = ObjectIdentifier(member)
            if let known = checks.removeValue(forKey: key) {
                next[key] = known
            } else if next[key] == nil {
                let endpoint = CheckedEndpoint(member, cluster: self)
                next[key] = endpoint
                started.append(endpoint)
            }
        }
        for gone in checks.values { gone.stop() }
        checks = next
        for endpoint in started { endpoint.start() }
    }

    func flagsChanged() { owner.flagsChanged(in: shared) }

    func immediateFailure(of endpoint: EndpointShared) {
        checks[ObjectIdentifier(endpoint)]?.failPassively()
    }

    // MARK: - Outliers

    private func armInterval() {
        guard let detector else { return }
        loop.timers.arm(
            &intervalTimer,
            at: loop.nowMilliseconds + max(1, min(detector.configuration.interval, 1 << 50)),
            target: self,
            kind: 0
        )
    }

    override func timerFired(kind: UInt8) {
        intervalTimer = .none
        let events = detector?.intervalEnded(now: loop.nowMilliseconds, random: &owner.random)
        carryOut(events ?? [])
        armInterval()
    }

    func consecutive(_ failure: ConsecutiveFailure, of endpoint: EndpointShared) {
        guard let counts = endpoint.outlier else { return }
        let events = detector?.consecutive(
            failure,
            of: counts,
            now: loop.nowMilliseconds,
            random: &owner.random
        )
        carryOut(events ?? [])
    }

    /// A check of this endpoint succeeded, and it is not down.
    func checkSucceeded(_ endpoint: EndpointShared) {
        guard let counts = endpoint.outlier,
            let event = detector?.healthCheckSucceeded(counts, now: loop.nowMilliseconds)
        else { return }
        carryOut([event])
    }

    private func carryOut(_ events: [OutlierEvent]) {
        for event in events {
            count(event)
            switch event {
            case .detected, .overflow: break
            case .ejected(let ejection):
                if set(.failedOutlierCheck, of: ejection.counts) { flagsChanged() }
                log(event, of: ejection.counts)
            case .spared(let ejection): log(event, of: ejection.counts)
            case .unejected(let counts, _, _):
                if clear(.failedOutlierCheck, of: counts) { flagsChanged() }
                log(event, of: counts)
            }
        }
    }

    private func set(_ flag: HealthFlags, of counts: OutlierCounts) -> Bool {
        outliers[ObjectIdentifier(counts)]?.change(set: flag, clear: []) ?? false
    }

    private func clear(_ flag: HealthFlags, of counts: OutlierCounts) -> Bool {
        outliers[ObjectIdentifier(counts)]?.change(set: [], clear: flag) ?? false
    }

    private func log(_ event: OutlierEvent, of counts: OutlierCounts) {
        guard let path = owner.plane.snapshot?.outlierEventLogPath,
            let endpoint = outliers[ObjectIdentifier(counts)],
            let log = HealthEventLog(path: path, writer: owner.plane.accessLog)
        else { return }
        log.write(
            event,
            cluster: configuration.name,
            address: endpoint.endpoint.address,
            unixMicroseconds: loop.unixMicroseconds
        )
    }

    private func count(_ event: OutlierEvent) {
        switch event {
        case .detected(let kind):
            stats.increment(kind.detectedStat)
            if kind == .consecutive5xx { stats.increment(.outlierDetectionEjectionsConsecutive5xx) }
            if kind == .successRate || kind == .successRateLocalOrigin {
                stats.increment(.outlierDetectionEjectionsSuccessRate)
            }
        case .ejected(let ejection):
            countDeprecated(ejection.kind)
            stats.increment(.outlierDetectionEjectionsEnforcedTotal)
            stats.increment(ejection.kind.enforcedStat)
            stats.increment(.outlierDetectionEjectionsActive)
        case .spared(let ejection): countDeprecated(ejection.kind)
        case .overflow: stats.increment(.outlierDetectionEjectionsOverflow)
        case .unejected: stats.decrement(.outlierDetectionEjectionsActive)
        }
    }

    /// `ejections_total`, which Envoy keeps for whoever still reads it.
    private func countDeprecated(_ kind: EjectionKind) {
        if kind == .consecutive5xx || kind == .successRate {
            stats.increment(.outlierDetectionEjectionsTotal)
        }
    }
}

extension EjectionKind {
    fileprivate var detectedStat: ClusterStat {
        switch self {
        case .consecutive5xx: .outlierDetectionEjectionsDetectedConsecutive5xx
        case .consecutiveGatewayFailure:
            .outlierDetectionEjectionsDetectedConsecutiveGatewayFailure
        case .successRate: .outlierDetectionEjectionsDetectedSuccessRate
        case .consecutiveLocalOriginFailure:
            .outlierDetectionEjectionsDetectedConsecutiveLocalOriginFailure
        case .successRateLocalOrigin: .outlierDetectionEjectionsDetectedLocalOriginSuccessRate
        case .failurePercentage: .outlierDetectionEjectionsDetectedFailurePercentage
        case .failurePercentageLocalOrigin:
            .outlierDetectionEjectionsDetectedLocalOriginFailurePercentage
        }
    }

    fileprivate var enforcedStat: ClusterStat {
        switch self {
        case .consecutive5xx: .outlierDetectionEjectionsEnforcedConsecutive5xx
        case .consecutiveGatewayFailure:
            .outlierDetectionEjectionsEnforcedConsecutiveGatewayFailure
        case .successRate: .outlierDetectionEjectionsEnforcedSuccessRate
        case .consecutiveLocalOriginFailure:
            .outlierDetectionEjectionsEnforcedConsecutiveLocalOriginFailure
        case .successRateLocalOrigin: .outlierDetectionEjectionsEnforcedLocalOriginSuccessRate
        case .failurePercentage: .outlierDetectionEjectionsEnforcedFailurePercentage
        case .failurePercentageLocalOrigin:
            .outlierDetectionEjectionsEnforcedLocalOriginFailurePercentage
        }
    }
}
