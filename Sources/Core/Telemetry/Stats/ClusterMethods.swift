import Model

/// The gRPC methods called in one cluster, at one worker, made when the first call of each comes.
///
/// Clients choose the names: what is too long, or comes when the process has as many as are
/// allowed, is counted as the service `other`. A look-up after the first costs a hash of the names.
/// Not thread-safe: each worker has its own.
package final class ClusterMethods {
    /// Methods in a process beyond which no more are counted by name, over all clusters.
    package static let methodsMax = 1_000
    /// Bytes of a service's and a method's name together beyond which they are not counted by name.
    package static let nameBytesMax = 256

    private let registry: StatsRegistry
    private let cluster: String
    private let worker: Int
    private let isWeb: Bool
    private var made = ByteTable<GRPCStats>()
    private var others: GRPCStats?

    /// - Parameter isWeb: Calls over gRPC-Web, which have names of their own.
    package init(registry: StatsRegistry, cluster: String, worker: Int, isWeb: Bool = false) {
        self.isWeb = isWeb
        self.registry = registry
        self.cluster = cluster
        self.worker = worker
    }

    /// All calls together: `cluster.<name>.grpc.`.
    package private(set) lazy var ofAllMethods = registry.grpcStats(
        cluster: cluster,
        service: "",
        method: "",
        isWeb: isWeb,
        worker: worker
    )

    /// The calls of one method by the path of the request, `/package.Service/Method`.
    ///
    /// A query is not part of it. nil where the path is not of that form.
    package func stats(path: Span<UInt8>) -> GRPCStats? {
        var end = 0
        while end < path.count, path[end] != 0x3f { end += 1 }
        guard end > 1, path[0] == 0x2f else { return nil }
        let names = path.extracting(1..<end)
        if let known = made[names] { return known }
        var slash = 0
        while slash < names.count, names[slash] != 0x2f { slash += 1 }
        guard slash > 0, slash + 1 < names.count else { return nil }
        // Envoy takes a path with a third part for no method.
        var index = slash + 1
        while index < names.count {
            if names[index] == 0x2f { return nil }
            index += 1
        }
        if names.count > Self.nameBytesMax || made.count >= Self.methodsMax { return rest() }
        let stats = registry.grpcStats(
            cluster: cluster,
            service: ByteString(copying: names.extracting(0..<slash)).description,
            method: ByteString(copying: names.extracting(slash + 1..<names.count)).description,
            isWeb: isWeb,
            worker: worker
        )
        made.insert(ByteString(copying: names), stats)
        return stats
    }

    private func rest() -> GRPCStats {
        if let others { return others }
        let stats = registry.grpcStats(
            cluster: cluster,
            service: StatsRegistry.otherService,
            method: "",
            isWeb: isWeb,
            worker: worker
        )
        others = stats
        return stats
    }
}

@available(*, unavailable)
extension ClusterMethods: Sendable {}
