import Model
import Policy
import Telemetry

/// What the health thread owns: its loop, and the clusters that it watches.
final class HealthLoop {
    let loop: EventLoop
    let plane: DataPlane
    var random = Xoshiro256()
    /// One request is put together, and one response taken apart, at a time.
    let requestHead = Head()
    let responseHead = Head()
    private var clusters: [ObjectIdentifier: WatchedCluster] = [:]
    /// Clusters of which an endpoint's flags changed in this turn.
    private var changed: [ObjectIdentifier: ClusterShared] = [:]
    private var waiting: [() -> Void] = []

    init(plane: DataPlane) throws(SystemCallError) {
        self.plane = plane
        loop = try EventLoop()
        loop.endOfTurn = { ($0.owner as? HealthLoop)?.endTurn() }
    }

    // MARK: - From other threads

    func apply(_ list: [ClusterShared]) {
        var kept: [ObjectIdentifier: WatchedCluster] = [:]
        for cluster in list where cluster.needsMonitor {
            let key = ObjectIdentifier(cluster)
            kept[key] = clusters.removeValue(forKey: key) ?? WatchedCluster(cluster, owner: self)
        }
        for gone in clusters.values { gone.stop() }
        clusters = kept
        for cluster in clusters.values { cluster.updateEndpoints() }
    }

    func endpointsChanged(of cluster: ClusterShared) {
        clusters[ObjectIdentifier(cluster)]?.updateEndpoints()
    }

    func immediateFailure(of endpoint: EndpointShared, in cluster: ObjectIdentifier) {
        clusters[cluster]?.immediateFailure(of: endpoint)
    }

    func consecutive(
        _ failure: ConsecutiveFailure,
        of endpoint: EndpointShared,
        in cluster: ObjectIdentifier
    ) {
        clusters[cluster]?.consecutive(failure, of: endpoint)
    }

    func tellAfterFirstChecks(_ body: @escaping () -> Void) { waiting.append(body) }

    // MARK: - On the loop

    func flagsChanged(in cluster: ClusterShared) { changed[ObjectIdentifier(cluster)] = cluster }

    private func endTurn() {
        if !changed.isEmpty {
            for cluster in changed.values { plane.healthChanged(of: cluster) }
            changed.removeAll(keepingCapacity: true)
        }
        if !waiting.isEmpty, !clusters.values.contains(where: \.hasPendingChecks) {
            tellWaiting()
        }
    }

    private func tellWaiting() {
        let told = waiting
        waiting = []
        for body in told { body() }
    }

    /// The loop has stopped.
    func end() {
        for cluster in clusters.values { cluster.stop() }
        clusters = [:]
        changed = [:]
        tellWaiting()
    }
}
