import CLinux
import Glibc
import Identity
import Model
import Policy
import Synchronization
import Telemetry

/// A connection to an endpoint, whatever it carries: its address, its time, its place among the
/// connections of the cluster.
class UpstreamSocket: StreamConnection {
    final let endpoint: EndpointState
    final let priority: RoutingPriority
    /// The address that this connection is to: one of the endpoint's.
    final let address: SocketAddress
    final let connectionID: UInt64
    final let openedAt: Int64
    /// The address of this side; read when a log or a header asks for it.
    final lazy var localAddress: SocketAddress = SystemCall.localAddress(descriptor)
    /// No further request: the pool has been told to give its connections up.
    final var closesAfterUse = false
    final var isDone = false
    private final var countedReceived: UInt64 = 0
    private final var countedSent: UInt64 = 0
    private final var facts: TLSFacts?

    static let never = Int64.max / 4

    final var stats: ClusterStats { endpoint.cluster.stats }
    final var configuration: ClusterConfiguration { endpoint.cluster.configuration }

    init(
        descriptor: Int32,
        endpoint: EndpointState,
        priority: RoutingPriority,
        address: SocketAddress
    ) {
        self.endpoint = endpoint
        self.priority = priority
        self.address = address
        let worker = endpoint.cluster.worker
        connectionID = worker.nextConnectionID()
        openedAt = worker.loop.nowMilliseconds
        super.init(descriptor: descriptor, loop: worker.loop)
    }

    /// Goes on with a connection that has been made; `handOver` follows.
    init(continuing other: UpstreamSocket) {
        endpoint = other.endpoint
        priority = other.priority
        address = other.address
        connectionID = other.connectionID
        openedAt = other.openedAt
        super.init(descriptor: -1, loop: other.loop)
    }

    /// What the handshake found out; nil in clear.
    final var tlsFacts: TLSFacts? {
        guard let tls else { return nil }
        if let facts { return facts }
        let found = tls.session.facts
        facts = found
        return found
    }

    /// When `max_connection_duration` is over.
    final var endOfLife: Int64 {
        openedAt + (configuration.connectionDurationMaxMilliseconds ?? Self.never)
    }

    // MARK: - Counting

    final func countOpen() {
        stats.increment(.upstreamCxTotal)
        stats.increment(.upstreamCxActive)
        endpoint.shared.connectionsActive.add(1, ordering: .relaxed)
        endpoint.shared.connectionsTotal.add(1, ordering: .relaxed)
    }

    /// - Parameter hadRequest: a request was under way.
    final func countClose(local: Bool, hadRequest: Bool) {
        countBytes()
        endpoint.forget(self)
        stats.decrement(.upstreamCxActive)
        stats.increment(.upstreamCxDestroy)
        stats.increment(local ? .upstreamCxDestroyLocal : .upstreamCxDestroyRemote)
        if hadRequest {
            stats.increment(.upstreamCxDestroyWithActiveRq)
            stats.increment(
                local ? .upstreamCxDestroyLocalWithActiveRq : .upstreamCxDestroyRemoteWithActiveRq
            )
        }
        stats.record(
            .upstreamCxLengthMs,
            milliseconds: UInt64(max(0, loop.nowMilliseconds - openedAt))
        )
        endpoint.shared.connectionsActive.subtract(1, ordering: .relaxed)
    }

    final func countBytes() {
        stats.add(.upstreamCxRxBytesTotal, bytesReceived &- countedReceived)
        stats.add(.upstreamCxTxBytesTotal, bytesSent &- countedSent)
        countedReceived = bytesReceived
        countedSent = bytesSent
    }
}
