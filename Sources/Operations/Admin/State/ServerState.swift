package import Proxy
import Synchronization

/// Where the process is in its life, as `envoy.admin.v3.ServerInfo.State` numbers it.
package enum ServerState: UInt64, Sendable {
    case live, draining, preInitializing, initializing

    /// As `/ready` and `/server_info` print it.
    package var name: String {
        switch self {
        case .live: "LIVE"
        case .draining: "DRAINING"
        case .preInitializing: "PRE_INITIALIZING"
        case .initializing: "INITIALIZING"
        }
    }
}

/// What decides whether the process is ready: the data plane, and what operators asked for.
///
/// Thread-safe: scrapes and probes may read it while the admin interface changes it.
package final class ServerCondition: Sendable {
    private let plane: DataPlane
    private let initializing = Atomic<Bool>(false)
    private let healthCheckFailed = Atomic<Bool>(false)
    private let listenersStopped = Atomic<Bool>(false)

    package init(plane: DataPlane) { self.plane = plane }

    /// The state now: before the first snapshot `preInitializing`, then `initializing` as long as
    /// the executable says so, then `live` until something drains.
    package var state: ServerState {
        if plane.isDraining || hasFailedHealthCheck || hasStoppedListeners { return .draining }
        if plane.snapshot == nil { return .preInitializing }
        return isInitializing ? .initializing : .live
    }

    /// Set by the executable while the first look-ups of names are under way.
    package var isInitializing: Bool {
        get { initializing.load(ordering: .relaxed) }
        set { initializing.store(newValue, ordering: .relaxed) }
    }

    /// Set by `/healthcheck/fail`, taken back by `/healthcheck/ok`.
    package var hasFailedHealthCheck: Bool {
        get { healthCheckFailed.load(ordering: .relaxed) }
        set { healthCheckFailed.store(newValue, ordering: .relaxed) }
    }

    /// Set by `/drain_listeners`; there is no way back.
    package var hasStoppedListeners: Bool {
        get { listenersStopped.load(ordering: .relaxed) }
        set { listenersStopped.store(newValue, ordering: .relaxed) }
    }
}
