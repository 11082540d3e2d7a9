package import Model
import Policy
import Synchronization
import Telemetry

/// One endpoint on one worker: its idle connections, and the exchanges that wait for one.
package final class EndpointState {
    package let address: SocketAddress
    package let hostname: String
    /// `address` as the access log prints it.
    package let text: String
    package let shared: EndpointShared
    package let cluster: ClusterState
    private(set) var isRetired = false
    /// At the last change of health: connections are closed once.
    var wasFailing = false
    /// Requests under way from this worker.
    var activeRequests = 0

    /// The pool that nearly every request uses.
    private lazy var primary = ConnectionPool(endpoint: self, key: PoolKey(mode: defaultMode))
    private var others: [PoolKey: ConnectionPool] = [:]
    /// nil: bytes go in clear.
    let transport: EndpointTransport?
    private var latency = PeakLatency()
    /// Every connection that is not closed; kept only where the cluster may close them for a reason
    /// of its own.
    private var open: [UpstreamSocket] = []

    init(_ shared: EndpointShared, cluster: ClusterState) {
        let endpoint = shared.endpoint
        self.address = endpoint.address
        self.hostname = endpoint.hostname
        self.text = endpoint.address.description
        self.shared = shared
        self.cluster = cluster
        transport = cluster.shared.transport(for: endpoint)
    }

    enum Acquisition {
        case connection(any UpstreamStream)
        case waiting
        case overflow(ResourceLimits.Resource)
        case failed(SystemCallError)
    }

    // MARK: - Pools

    private var defaultMode: PoolKey.Mode {
        switch cluster.configuration.upstreamProtocol {
        case .http1: .http1
        case .http2: .http2
        // Without a handshake there is nobody to ask.
        case .negotiated: transport?.context == nil ? .http1 : .negotiated
        case .asDownstream: .http1
        }
    }

    /// Gives a connection that is free, or makes the exchange wait for one.
    func acquire(for exchange: Exchange, priority: RoutingPriority, fresh: Bool) -> Acquisition {
        let isDistinct =
            cluster.distinguishesPools || exchange.downstream?.peer.imitated != nil
            || exchange.connectTermination != nil
        let pool = isDistinct ? pool(for: exchange) : primary
        exchange.pool = pool
        return pool.acquire(for: exchange, priority: priority, fresh: fresh)
    }

    private func pool(for exchange: Exchange) -> ConnectionPool {
        let key = key(for: exchange)
        if key == primary.key { return primary }
        if let known = others[key] { return known }
        // Pools of clients that are gone go with the next that comes.
        if others.count >= 64 { others = others.filter { !$0.value.isEmpty } }
        let made = ConnectionPool(endpoint: self, key: key)
        others[key] = made
        return made
    }

    private func key(for exchange: Exchange) -> PoolKey {
        var key = PoolKey(mode: defaultMode)
        let configuration = cluster.configuration
        if case .asDownstream(let allowsHTTP2) = configuration.upstreamProtocol {
            key.mode = allowsHTTP2 && exchange.request.majorVersion == 2 ? .http2 : .http1
        }
        if transport?.context != nil { exchange.nameHost(in: &key, configuration) }
        let peer = (exchange.original ?? exchange).downstream?.peer
        if let version = transport?.configuration.proxyProtocol {
            key.proxyHeader = ProxyHeader.bytes(version, for: exchange)
        }
        key.source = peer?.imitated
        if let termination = exchange.connectTermination {
            key.mode = .raw
            if let version = termination.proxyProtocol {
                key.proxyHeader = ProxyHeader.bytes(version, for: exchange)
            }
        }
        return key
    }

    // MARK: - Load

    /// What balancers compare: requests under way, or the cost of one more.
    func load(now: Int64) -> Double {
        guard cluster.measuresLatency,
            case .peakEWMA(let decay, let unknown) = cluster.configuration.loadBalancing
        else { return Double(activeRequests) }
        return latency.cost(
            activeRequests: activeRequests,
            now: now,
            decayMilliseconds: decay,
            defaultMilliseconds: unknown
        )
    }

    /// A response has begun so long after its request.
    func measured(milliseconds: Double) {
        guard case .peakEWMA(let decay, _) = cluster.configuration.loadBalancing else { return }
        latency.record(
            milliseconds,
            now: cluster.worker.loop.nowMilliseconds,
            decayMilliseconds: decay
        )
    }

    // MARK: - Connections

    /// Makes a first connection, where there is none (`predictive_preconnect_ratio`).
    func preconnectFirst(priority: RoutingPriority) { primary.preconnectFirst(priority: priority) }

    var connectionCount: Int { others.values.reduce(primary.openCount) { $0 + $1.openCount } }

    func opened(_ connection: UpstreamSocket) {
        if cluster.configuration.closesConnectionsOnHealthFailure
            || cluster.configuration.balancing.closesConnectionsOnChange
        {
            open.append(connection)
        }
    }

    func forget(_ connection: UpstreamSocket) {
        if let position = open.firstIndex(where: { $0 === connection }) {
            open.swapAt(position, open.count - 1)
            open.removeLast()
        }
    }

    /// Closes idle connections, and the others when they are free
    /// (`close_connections_on_host_health_failure`, `close_connections_on_host_set_change`).
    func closeAllAfterUse() {
        for connection in open { connection.closesAfterUse = true }
        closeIdle()
    }

    func retire() {
        isRetired = true
        closeIdle()
    }

    func closeIdle() {
        primary.closeIdle()
        for pool in others.values { pool.closeIdle() }
    }
}
