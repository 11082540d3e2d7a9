package import Model
import Policy
package import Telemetry

/// One listener on one worker, in one version of its configuration.
///
/// A reload makes another one. Connections belong to one of its chains.
package final class ListenerState {
    /// What all versions of a listener point to.
    final class Line {
        // Connections do not keep the versions between alive, nor does a line its listener.
        fileprivate(set) weak var current: ListenerState?
        fileprivate(set) var isRemoved = false
    }

    package let shared: ListenerShared
    package var configuration: ListenerConfiguration { shared.configuration }
    package let listenerStats: ListenerStats
    /// By their position in `configuration.chains`.
    let chains: [FilterChainState]
    /// Every connection goes to this one, from its first byte: nothing has to be looked at.
    let immediate: HTTPChain?
    let worker: Worker
    let line: Line
    /// Lines for connections that no chain took.
    let accessLogs: [AccessLogChannel]

    init(
        shared: ListenerShared,
        listenerStats: ListenerStats,
        chains: [FilterChainState],
        accessLogs: [AccessLogChannel],
        worker: Worker,
        line: Line
    ) {
        self.shared = shared
        self.listenerStats = listenerStats
        self.chains = chains
        self.accessLogs = accessLogs
        self.worker = worker
        immediate = Self.immediateChain(shared.configuration, chains)
        self.line = line
        line.current = self
    }

    private static func immediateChain(
        _ configuration: ListenerConfiguration,
        _ chains: [FilterChainState]
    ) -> HTTPChain? {
        let filters = configuration.filters
        guard chains.count == 1, let chain = chains[0] as? HTTPChain, chain.context == nil,
            chain.http.codec != .http2, !filters.inspects, !filters.originalDestination,
            filters.originalSource == nil, !configuration.handsOffOriginalDestination,
            chain.configuration.match.isEmpty || configuration.defaultFilterChain != nil
        else { return nil }
        return chain
    }

    /// The position of the default chain.
    var defaultPosition: Int? {
        configuration.defaultFilterChain == nil ? nil : chains.count - 1
    }

    /// The version that has taken this one's place; nil where this one is the newest, or where the
    /// listener is gone.
    var successor: ListenerState? {
        guard let current = line.current, current !== self else { return nil }
        return current
    }

    /// The listener, or the whole worker, drains: responses end their connection.
    var isDraining: Bool { worker.isDraining || line.isRemoved }

    /// The configuration has this listener no more.
    func remove() {
        line.isRemoved = true
        line.current = nil
        for chain in chains { chain.remove() }
    }

    func connectionClosed() { shared.closeOne() }
}
