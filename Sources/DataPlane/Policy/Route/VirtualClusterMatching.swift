package import Model

extension VirtualHost {
    /// The name under which requests count that no virtual cluster takes, where there are any.
    package static let otherVirtualCluster = "other"

    /// The position of the first virtual cluster that the request belongs to; the number of virtual
    /// clusters where it belongs to none (`otherVirtualCluster`); nil where the host has none.
    ///
    /// Looked up before the path is rewritten.
    package func virtualCluster(for head: Head) -> Int? {
        if virtualClusters.isEmpty { return nil }
        let all = virtualClusters
        let clusters = all.span
        for index in 0..<clusters.count where clusters[index].headers.allMatch(head) {
            return index
        }
        return clusters.count
    }

    /// The name of the virtual cluster at a position that `virtualCluster(for:)` gave.
    package func virtualClusterName(at position: Int) -> String {
        virtualClusters.indices.contains(position)
            ? virtualClusters[position].name : Self.otherVirtualCluster
    }
}
