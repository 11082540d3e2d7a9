package import Identity
package import Model
import Policy
import Synchronization

/// What the workers share of one listener, in one version of its configuration.
package final class ListenerShared: Sendable {
    package let configuration: ListenerConfiguration
    /// The addresses that the sockets are bound to, ports chosen by the system filled in.
    package let boundAddresses: [SocketAddress]
    /// Open connections over all workers and all versions of the listener.
    package var connectionCount: Int { open.count.load(ordering: .relaxed) }
    let connectionsMax: Int
    /// The TLS contexts of the chains, by their position in `configuration.chains`.
    package let contexts: [TLSRotation?]
    let selection: FilterChainSelection
    /// By port: whether the choice of a chain depends on what the client says first.
    private let inspectedPorts: [UInt16: Bool]
    /// The same for all other ports.
    private let inspectsOtherPorts: Bool
    private let open: OpenConnections

    /// A count that outlives a change of the listener's configuration.
    private final class OpenConnections: Sendable {
        let count = Atomic<Int>(0)
    }

    /// - Parameter previous: what this one takes the place of: its connections become ours.
    init(
        configuration: ListenerConfiguration,
        boundAddresses: [SocketAddress],
        connectionsMax: Int,
        contexts: [TLSRotation?] = [],
        replacing previous: ListenerShared? = nil
    ) {
        self.configuration = configuration
        self.boundAddresses = boundAddresses
        self.connectionsMax = connectionsMax
        self.contexts = contexts
        let matches = configuration.filterChains.map(\.match)
        selection = FilterChainSelection(matches)
        var ports: [UInt16: Bool] = [:]
        var others = false
        for match in matches {
            let dependsOnClient =
                !match.serverNames.isEmpty || !match.transportProtocol.isEmpty
                || !match.applicationProtocols.isEmpty
            if let port = match.destinationPort {
                ports[port] = ports[port] == true || dependsOnClient
            } else {
                others = others || dependsOnClient
            }
        }
        inspectedPorts = ports
        inspectsOtherPorts = others
        open = previous?.open ?? OpenConnections()
    }

    /// Whether the choice of a chain for this port depends on what the client says first.
    ///
    /// A server may speak first where it does not.
    func needsInspection(_ port: UInt16?) -> Bool {
        port.flatMap { inspectedPorts[$0] } ?? inspectsOtherPorts
    }

    /// Takes a place for a connection that another listener has accepted.
    func openUnconditionally() { open.count.add(1, ordering: .relaxed) }

    /// Takes a place for a connection, or says that the listener is full.
    func tryOpen() -> Bool {
        if open.count.add(1, ordering: .relaxed).newValue <= connectionsMax { return true }
        open.count.subtract(1, ordering: .relaxed)
        return false
    }

    func closeOne() { open.count.subtract(1, ordering: .relaxed) }
}
