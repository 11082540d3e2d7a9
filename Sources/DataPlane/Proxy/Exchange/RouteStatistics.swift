import Model
import Policy
import Telemetry

/// The counters of virtual clusters and of routes with a `stat_prefix` at one worker.
///
/// Made at the first request that counts there.
final class RouteStatistics {
    private struct Key: Hashable {
        let host: String
        let name: String
        let isVirtualCluster: Bool
    }
    private var known: [Key: RouteStats] = [:]
    let grpcMethods = GRPCMethodLists()
    private let registry: StatsRegistry
    private let worker: Int

    init(registry: StatsRegistry, worker: Int) {
        self.registry = registry
        self.worker = worker
    }

    func virtualCluster(of host: VirtualHost, _ name: String) -> RouteStats {
        stats(Key(host: host.name, name: name, isVirtualCluster: true))
    }

    func route(of host: VirtualHost, prefix: String) -> RouteStats {
        stats(Key(host: host.name, name: prefix, isVirtualCluster: false))
    }

    private func stats(_ key: Key) -> RouteStats {
        if let found = known[key] { return found }
        let made =
            key.isVirtualCluster
            ? registry.virtualClusterStats(virtualHost: key.host, name: key.name, worker: worker)
            : registry.routeStats(virtualHost: key.host, prefix: key.name, worker: worker)
        known[key] = made
        return made
    }
}
