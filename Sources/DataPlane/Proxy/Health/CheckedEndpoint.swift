import Model
import Policy
import Synchronization
import Telemetry

/// One health check of a cluster, with what its sessions share.
struct HealthCheckPlan {
    let configuration: HealthCheckConfiguration
    /// What an answer must contain; empty where nothing is expected.
    let expected: PayloadPattern
    let eventLog: HealthEventLog?

    init(_ configuration: HealthCheckConfiguration, writer: AccessLogWriter) {
        self.configuration = configuration
        switch configuration.kind {
        case .http(let http): expected = PayloadPattern(http.expectedBody)
        case .tcp(_, let receive): expected = PayloadPattern(receive)
        case .grpc: expected = PayloadPattern([])
        }
        eventLog = configuration.eventLogPath.flatMap { HealthEventLog(path: $0, writer: writer) }
    }
}

/// One endpoint with all checks of its cluster: it is failed, pending or degraded where any of them
/// says so, as in Envoy.
final class CheckedEndpoint {
    let endpoint: EndpointShared
    private unowned let cluster: WatchedCluster
    private var sessions: [HealthCheckSession] = []
    private var countsAsHealthy = false
    private var countsAsDegraded = false

    init(_ endpoint: EndpointShared, cluster: WatchedCluster) {
        self.endpoint = endpoint
        self.cluster = cluster
        let flags = endpoint.healthFlags
        let known = HealthCheckState(
            isFailed: flags.contains(.failedActiveCheck),
            isPending: flags.contains(.pendingActiveCheck),
            isDegraded: flags.contains(.degradedActiveCheck),
            hasTimedOut: flags.contains(.activeCheckTimedOut),
            isExcluded: flags.contains(.excludedByImmediateFailure)
        )
        sessions = cluster.plans.map {
            HealthCheckSession(endpoint, plan: $0, cluster: cluster, parent: self, known: known)
        }
    }

    var isPending: Bool { sessions.contains { $0.state.isPending } }
    var isFailed: Bool { sessions.contains { $0.state.isFailed } }
    private var isDegraded: Bool { sessions.contains { $0.state.isDegraded } }

    func start() {
        show()
        for session in sessions { session.start() }
    }

    /// Ends the checks of this endpoint; its flags stay, its share of the gauges goes.
    func stop() {
        for session in sessions { session.stop() }
        count(isHealthy: false, isDegraded: false)
    }

    /// A worker saw that the endpoint wants to be left out.
    func failPassively() { sessions.first?.failPassively() }

    /// Writes what the checks say to the endpoint's flags and to the gauges.
    func show() {
        let isFailed = isFailed
        let isDegraded = isDegraded
        var set: HealthFlags = []
        var clear: HealthFlags = []
        func show(_ flag: HealthFlags, _ isOn: Bool) {
            if isOn { set.formUnion(flag) } else { clear.formUnion(flag) }
        }
        show(.failedActiveCheck, isFailed)
        show(.pendingActiveCheck, isPending)
        show(.degradedActiveCheck, isDegraded)
        show(.activeCheckTimedOut, sessions.contains { $0.state.hasTimedOut })
        if sessions.contains(where: { $0.state.isExcluded }) {
            set.formUnion(.excludedByImmediateFailure)
        } else if !isFailed {
            clear.formUnion(.excludedByImmediateFailure)
        }
        if !isFailed, endpoint.healthFlags.contains(.failedActiveCheck) {
            // Slow start counts from here; before the flags, which make workers look.
            endpoint.availableSince.store(cluster.loop.nowMilliseconds, ordering: .relaxed)
        }
        if endpoint.change(set: set, clear: clear) { cluster.flagsChanged() }
        count(isHealthy: !isFailed, isDegraded: isDegraded)
    }

    private func count(isHealthy: Bool, isDegraded: Bool) {
        if countsAsHealthy != isHealthy {
            countsAsHealthy = isHealthy
            count(.healthCheckHealthy, isHealthy)
        }
        if countsAsDegraded != isDegraded {
            countsAsDegraded = isDegraded
            count(.healthCheckDegraded, isDegraded)
        }
    }

    private func count(_ stat: ClusterStat, _ isOn: Bool) {
        if isOn { cluster.stats.increment(stat) } else { cluster.stats.decrement(stat) }
    }
}
