import Glibc
import Model
import Policy
import Telemetry

/// One active health check of one endpoint: when it is asked, and what its answers come to.
final class HealthCheckSession: TimerTarget {
    let endpoint: EndpointShared
    unowned let cluster: WatchedCluster
    private unowned let parent: CheckedEndpoint
    /// Where checks go: the endpoint, or what its configuration says instead.
    let address: SocketAddress
    let plan: HealthCheckPlan
    private(set) var state: HealthCheckState
    /// Kept between checks where `reuse_connection` allows.
    private var connection: HealthCheckConnection?
    private var intervalTimer = TimerHandle.none
    private var timeoutTimer = TimerHandle.none
    private var timeoutAt: Int64 = 0
    /// A check waits for its result.
    private var isUnderWay = false
    /// The rest of one check's allowances: another connection, another timeout.
    private var mayReconnect = false
    private var mayExtend = false

    private static let intervalKind: UInt8 = 0
    private static let timeoutKind: UInt8 = 1
    /// A timer this late was held up by our own thread, not by the endpoint.
    private static let stallMilliseconds: Int64 = 1_000

    private var loop: EventLoop { cluster.loop }
    private var stats: ClusterStats { cluster.stats }

    init(
        _ endpoint: EndpointShared,
        plan: HealthCheckPlan,
        cluster: WatchedCluster,
        parent: CheckedEndpoint,
        known: HealthCheckState
    ) {
        self.endpoint = endpoint
        self.plan = plan
        self.cluster = cluster
        self.parent = parent
        address = Self.address(of: endpoint.endpoint, plan.configuration)
        state = known
        super.init()
    }

    private var check: HealthCheckConfiguration { plan.configuration }

    /// How bytes to the endpoint are wrapped; nil: they are not.
    var transport: EndpointTransport? {
        if let criteria = check.transportCriteria {
            return cluster.shared.transport(matching: criteria)
        }
        return cluster.shared.transport(for: endpoint.endpoint)
    }

    /// The endpoint's own `health_check_config` goes before the check's `alt_port`.
    private static func address(
        of endpoint: ResolvedEndpoint,
        _ check: HealthCheckConfiguration
    ) -> SocketAddress {
        let attributes = endpoint.attributes
        let address = attributes?.healthCheckAddress ?? endpoint.address
        if let port = attributes?.healthCheckPort { return address.with(port: port) }
        if attributes?.healthCheckAddress == nil, let port = check.altPort {
            return address.with(port: port)
        }
        return address
    }

    // MARK: - Life

    func start() {
        let wait = HealthCheckSchedule.first(check, random: &cluster.owner.random)
        if wait == 0 { begin() } else { armInterval(wait) }
    }

    func stop() {
        loop.timers.cancel(&intervalTimer)
        loop.timers.cancel(&timeoutTimer)
        isUnderWay = false
        drop()
    }

    private func drop() {
        let old = connection
        connection = nil
        old?.closeNow()
    }

    private func armInterval(_ wait: Int64) {
        loop.timers.arm(
            &intervalTimer,
            // A wait beyond ten thousand years must not overflow the clock.
            at: loop.nowMilliseconds + min(wait, 1 << 50),
            target: self,
            kind: Self.intervalKind
        )
    }

    private func armTimeout() {
        timeoutAt = loop.nowMilliseconds + max(1, min(check.timeout, 1 << 50))
        loop.timers.arm(&timeoutTimer, at: timeoutAt, target: self, kind: Self.timeoutKind)
    }

    override func timerFired(kind: UInt8) {
        if kind == Self.intervalKind {
            intervalTimer = .none
            begin()
            return
        }
        timeoutTimer = .none
        guard isUnderWay else { return }
        if mayExtend, loop.nowMilliseconds - timeoutAt > Self.stallMilliseconds {
            // The process stood still (stopped, starved): the endpoint gets its time once more.
            mayExtend = false
            armTimeout()
            return
        }
        drop()
        fail(.networkTimeout)
    }

    // MARK: - One check

    private func begin() {
        stats.increment(.healthCheckAttempt)
        isUnderWay = true
        mayExtend = true
        mayReconnect = connection != nil
        armTimeout()
        if let connection {
            connection.ask()
        } else {
            connect()
        }
    }

    private func connect() {
        do throws(SystemCallError) {
            let made: HealthCheckConnection
            switch check.kind {
            case .http(let http) where check.usesHTTP2:
                made = try HTTP2HealthCheckConnection(self, .http(http))
            case .http(let http): made = try HTTPHealthCheckConnection(self, http)
            case .tcp(let send, let receive):
                made = try TCPHealthCheckConnection(self, send: send, isExpecting: !receive.isEmpty)
            case .grpc(let service, _, _):
                made = try HTTP2HealthCheckConnection(self, .grpc(service: Array(service.utf8)))
            }
            connection = made
            made.ask()
        } catch {
            switch error.code {
            case EMFILE, ENFILE, ENOBUFS, ENOMEM: skip()
            default: fail(.network)
            }
        }
    }

    /// We have no means to ask, which says nothing about the endpoint: asked again later.
    private func skip() {
        endCheck()
        armInterval(max(1, min(check.interval, 1_000)))
    }

    private func endCheck() {
        isUnderWay = false
        loop.timers.cancel(&timeoutTimer)
    }

    // MARK: - What connections tell

    /// The whole answer is there.
    ///
    /// - Parameter keeps: the connection may be asked again.
    func answered(
        _ judgement: HealthCheckJudgement,
        hasExpectedBody: Bool,
        keeps: Bool
    ) {
        guard isUnderWay else { return drop() }
        if !keeps || !check.reusesConnection { drop() }
        let (verdict, verifies) = judgement.verdict(hasExpectedBody: hasExpectedBody)
        if verifies { stats.increment(.healthCheckVerifyCluster) }
        switch verdict {
        case .healthy(let isDegraded): succeed(isDegraded: isDegraded)
        case .unhealthy(let isRetriable, let excludes):
            fail(
                .active,
                isRetriable: isRetriable,
                excludes: excludes,
                status: judgement.status
            )
        }
    }

    /// gRPC: the call is over.
    ///
    /// - Parameter isServing: the endpoint says that the service is SERVING.
    func answered(isServing: Bool, keeps: Bool) {
        guard isUnderWay else { return drop() }
        if !keeps || !check.reusesConnection { drop() }
        if isServing { succeed(isDegraded: false) } else { fail(.active) }
    }

    /// TCP: what was expected came, or the connection was all that was asked for.
    func found(keeps: Bool) {
        guard isUnderWay else { return }
        if !keeps || !check.reusesConnection { drop() }
        succeed(isDegraded: false)
    }

    /// The connection is gone, or of no use any more.
    ///
    /// - Parameter wasSilent: a kept connection, on which nothing came since the last question.
    func broke(_ broken: HealthCheckConnection, wasSilent: Bool) {
        guard connection === broken else { return }
        drop()
        if isUnderWay {
            if wasSilent, mayReconnect {
                // The endpoint closed what was idle just as it was asked again: ask anew.
                mayReconnect = false
                connect()
                return
            }
            fail(.network)
        } else if case .tcp = check.kind {
            // As in Envoy: without being asked, the endpoint says that it goes.
            fail(.network)
        }
    }

    // MARK: - Results

    private func succeed(isDegraded: Bool) {
        endCheck()
        let transition = state.succeed(isDegraded: isDegraded, check) { log($0) }
        stats.increment(.healthCheckSuccess)
        parent.show()
        if !parent.isFailed { cluster.checkSucceeded(endpoint) }
        schedule(isHealthy: true, transition)
    }

    private func fail(
        _ failure: HealthCheckFailure,
        isRetriable: Bool = false,
        excludes: Bool = false,
        status: UInt16 = 0
    ) {
        endCheck()
        let transition = record(failure, isRetriable, excludes: excludes, status)
        schedule(isHealthy: false, transition)
    }

    /// A worker saw that the endpoint wants to be left out; the next check stays where it is.
    func failPassively() { _ = record(.passive, false, excludes: true, 0) }

    private func record(
        _ failure: HealthCheckFailure,
        _ isRetriable: Bool,
        excludes: Bool,
        _ status: UInt16
    ) -> HealthCheckState.Transition {
        let transition = state.fail(
            failure,
            isRetriable: isRetriable,
            excludes: excludes,
            status: status,
            check
        ) { log($0) }
        stats.increment(.healthCheckFailure)
        switch failure {
        case .network, .networkTimeout: stats.increment(.healthCheckNetworkFailure)
        case .passive: stats.increment(.healthCheckPassiveFailure)
        case .active: break
        }
        parent.show()
        return transition
    }

    private func schedule(isHealthy: Bool, _ transition: HealthCheckState.Transition) {
        armInterval(
            HealthCheckSchedule.next(
                isHealthy: isHealthy,
                transition: transition,
                hasTraffic: cluster.hasTraffic,
                check,
                random: &cluster.owner.random
            )
        )
    }

    private func log(_ event: HealthCheckEvent) {
        plan.eventLog?.write(
            event,
            checker: check.kind.name,
            cluster: cluster.configuration,
            endpoint: endpoint.endpoint,
            unixMicroseconds: loop.unixMicroseconds
        )
    }
}

extension HealthCheckConfiguration.Kind {
    /// As `envoy.data.core.v3.HealthCheckerType` has it.
    fileprivate var name: StaticString {
        switch self {
        case .http: "HTTP"
        case .tcp: "TCP"
        case .grpc: "GRPC"
        }
    }
}
