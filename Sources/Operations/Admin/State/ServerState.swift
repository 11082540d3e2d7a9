import Model
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
    private let ending = Atomic<Bool>(false)
    private let succeeded = Atomic<Bool>(false)

    package init(plane: DataPlane) { self.plane = plane }

    /// The state now: before the first snapshot `preInitializing`, then `initializing` as long as
    /// the executable says so, then `live` until something drains.
    package var state: ServerState {
        if plane.isDraining || isEnding || hasFailedHealthCheck || hasStoppedListeners {
            return .draining
        }
        if plane.snapshot == nil { return .preInitializing }
        return isInitializing ? .initializing : .live
    }

    /// Set by the executable while the first look-ups of names are under way.
    package var isInitializing: Bool {
        get { initializing.load(ordering: .relaxed) }
        set { initializing.store(newValue, ordering: .relaxed) }
    }

    /// Set by the executable when the end has begun, also while connections are still accepted.
    package var isEnding: Bool {
        get { ending.load(ordering: .relaxed) }
        set { ending.store(newValue, ordering: .relaxed) }
    }

    /// Set by the executable when another process serves in this one's place.
    ///
    /// Whoever still asks this one is told that requests may come: they come to the other.
    package var hasSuccessor: Bool {
        get { succeeded.load(ordering: .relaxed) }
        set { succeeded.store(newValue, ordering: .relaxed) }
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

    /// Why nobody should send requests here now, in words; nil: they may.
    ///
    /// A cluster whose names nobody knows holds the start up for a few seconds only: one name that
    /// does not exist must not keep all others from being served.
    package var reasonAgainstReadiness: String? {
        if hasSuccessor { return nil }
        switch state {
        case .live: return nil
        case .draining:
            if plane.isDraining || isEnding { return "the process is ending" }
            if hasFailedHealthCheck { return "/healthcheck/fail was asked for" }
            return "the listeners are drained"
        case .preInitializing, .initializing:
            let waiting = plane.clusters.filter { $0.configuration.discovery != .static }
                .filter { $0.endpoints.version == 0 }.map(\.configuration.name)
            if waiting.isEmpty { return "the process is starting" }
            let names = waiting.prefix(10).joined(separator: ", ")
            let more = waiting.count > 10 ? " and \(waiting.count - 10) more" : ""
            return "names are being looked up for: \(names)\(more)"
        }
    }
}
