package import Model

/// Why an active health check failed, with the names of
/// `envoy.data.core.v3.HealthCheckFailureType`.
package enum HealthCheckFailure: Sendable, Equatable {
    /// The endpoint answered, and not as it should.
    case active
    /// A worker saw `x-envoy-immediate-health-check-fail`.
    case passive
    /// No connection, a broken one, or something that is no answer.
    case network
    case networkTimeout

    /// As event logs write it.
    package var name: StaticString {
        switch self {
        case .active: "ACTIVE"
        case .passive: "PASSIVE"
        case .network: "NETWORK"
        case .networkTimeout: "NETWORK_TIMEOUT"
        }
    }

    var isNetwork: Bool { self == .network || self == .networkTimeout }
}

/// What an event log is told about one check, with the names of `HealthCheckEvent`.
package enum HealthCheckEvent: Sendable, Equatable {
    case ejectUnhealthy(HealthCheckFailure, status: UInt16)
    case addHealthy(isFirst: Bool)
    case succeeded
    case failed(HealthCheckFailure, isFirst: Bool, status: UInt16)
    case degraded
    case noLongerDegraded
}

/// What the active checks of one endpoint have come to.
///
/// No clock, no I/O. An endpoint starts as failed; its first result decides at once, later ones when
/// they have come so often in a row as the thresholds say. An answer with a wrong status that is not
/// retriable decides at once, too (health_checking.rst).
package struct HealthCheckState: Equatable, Sendable {
    /// What a result changed, for the time of the next check.
    package enum Transition: Sendable {
        case unchanged
        /// On its way: a threshold has not been reached yet.
        case pending
        case changed
    }

    package private(set) var isFailed: Bool
    /// There was no result yet.
    package private(set) var isPending: Bool
    package private(set) var isDegraded: Bool
    package private(set) var hasTimedOut: Bool
    /// The endpoint asked to be left out altogether.
    package private(set) var isExcluded: Bool
    private var healthyRow: UInt32 = 0
    private var unhealthyRow: UInt32 = 0
    private var isFirst = true

    /// Begins as a new endpoint does, or with what was known of it before its cluster changed.
    package init(
        isFailed: Bool = true,
        isPending: Bool = true,
        isDegraded: Bool = false,
        hasTimedOut: Bool = false,
        isExcluded: Bool = false
    ) {
        self.isFailed = isFailed
        self.isPending = isPending
        self.isDegraded = isDegraded
        self.hasTimedOut = hasTimedOut
        self.isExcluded = isExcluded
    }

    package mutating func succeed(
        isDegraded nowDegraded: Bool,
        _ configuration: HealthCheckConfiguration,
        _ tell: (HealthCheckEvent) -> Void
    ) -> Transition {
        unhealthyRow = 0
        var transition = Transition.unchanged
        if isFailed {
            healthyRow = healthyRow &+ 1
            if isFirst || healthyRow == configuration.healthyThreshold {
                hasTimedOut = false
                isExcluded = false
                isFailed = false
                healthyRow = 0
                transition = .changed
                tell(.addHealthy(isFirst: isFirst))
            } else {
                transition = .pending
            }
        }
        if transition != .changed, configuration.logsEverySuccess { tell(.succeeded) }
        if isPending {
            isPending = false
            transition = .changed
        }
        if isDegraded != nowDegraded {
            isDegraded = nowDegraded
            tell(nowDegraded ? .degraded : .noLongerDegraded)
            if transition == .unchanged { transition = .changed }
        }
        isFirst = false
        return transition
    }

    /// - Parameters:
    ///   - isRetriable: the status is one of `retriable_statuses`: it counts towards the threshold.
    ///   - excludes: the endpoint asked to be left out altogether.
    ///   - status: of the answer, for the log; 0 where there was none.
    package mutating func fail(
        _ failure: HealthCheckFailure,
        isRetriable: Bool = false,
        excludes: Bool = false,
        status: UInt16 = 0,
        _ configuration: HealthCheckConfiguration,
        _ tell: (HealthCheckEvent) -> Void
    ) -> Transition {
        healthyRow = 0
        var transition = Transition.unchanged
        if excludes { isExcluded = true }
        if !isFailed {
            unhealthyRow = unhealthyRow &+ 1
            let isDecided = !failure.isNetwork && !isRetriable
            if isDecided || unhealthyRow == configuration.unhealthyThreshold {
                isFailed = true
                unhealthyRow = 0
                transition = .changed
                tell(.ejectUnhealthy(failure, status: status))
            } else {
                transition = .pending
            }
        }
        // The flag follows the last reason while the endpoint is down.
        hasTimedOut = failure == .networkTimeout && isFailed
        if isPending {
            isPending = false
            transition = .changed
        }
        if isFirst || configuration.logsEveryFailure {
            tell(.failed(failure, isFirst: isFirst, status: status))
        }
        isFirst = false
        return transition
    }
}
