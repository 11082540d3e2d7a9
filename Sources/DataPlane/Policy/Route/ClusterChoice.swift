package import Model

extension ForwardAction {
    /// The cluster that this request goes to.
    ///
    /// - Parameter random: the number that was drawn for the request; weights share it out.
    package func cluster(random: UInt64) -> String {
        switch destination {
        case .cluster(let name): return name
        case .weighted(let clusters, let total):
            var rest = total == 0 ? 0 : random % total
            for cluster in clusters {
                if rest < UInt64(cluster.weight) { return cluster.name }
                rest -= UInt64(cluster.weight)
            }
            // Only where the weights do not add up to the total, which the configuration's
            // compiler rules out.
            return clusters.last?.name ?? ""
        }
    }
}
