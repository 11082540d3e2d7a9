import Model

/// The parts of one cluster's responses at one worker, made when the first response of each comes.
///
/// Which part a response belongs to is for the caller to say; a look-up after the first costs a
/// read of a property, or of a short list. Not thread-safe: each worker has its own.
package final class ClusterParts {
    /// Names that clients chose (`x-envoy-upstream-alt-stat-name`) beyond which no more are counted.
    package static let alternativesMax = 100
    /// Bytes of such a name beyond which it is not counted.
    package static let alternativeBytesMax = 64

    private let registry: StatsRegistry
    private let cluster: String
    private let worker: Int
    private var made: [(name: ByteString, stats: ClusterPartStats)] = []

    package init(registry: StatsRegistry, cluster: String, worker: Int) {
        self.registry = registry
        self.cluster = cluster
        self.worker = worker
    }

    package private(set) lazy var ofInternalRequests = part("internal")
    package private(set) lazy var ofExternalRequests = part("external")
    package private(set) lazy var ofCanaries = part("canary")
    /// Responses that were not passed on since the request was tried again.
    package private(set) lazy var ofRetried = part("retry")

    /// The responses from one zone to another; nil where either is unknown.
    package func zone(from: String, to: String) -> ClusterPartStats? {
        if from.isEmpty || to.isEmpty { return nil }
        // Zones come from the configuration: there are few, and no limit is needed.
        let name = ByteString("zone.\(from).\(to)")
        for entry in made where entry.name == name { return entry.stats }
        let stats = part(name.description)
        made.append((name, stats))
        return stats
    }

    /// The responses under a name that a trusted request chose.
    ///
    /// nil where it is empty or too long, or as many as are allowed exist.
    package func alternative(named name: Span<UInt8>) -> ClusterPartStats? {
        if name.isEmpty || name.count > Self.alternativeBytesMax { return nil }
        var index = 0
        while index < made.count {
            let known = made[index].name.bytes
            if known.span.equals(name) { return made[index].stats }
            index += 1
        }
        if made.count >= Self.alternativesMax { return nil }
        let text = ByteString(copying: name)
        let stats = part(text.description)
        made.append((text, stats))
        return stats
    }

    private func part(_ name: String) -> ClusterPartStats {
        registry.clusterPartStats(cluster: cluster, part: name, worker: worker)
    }
}

@available(*, unavailable)
extension ClusterParts: Sendable {}
