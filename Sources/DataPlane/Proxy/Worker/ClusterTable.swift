import Model

/// The clusters of a snapshot by name: immutable, and one object for all workers.
///
/// A worker makes its own state of a cluster when the first request needs it, so that a thousand
/// clusters that nobody asks for cost each worker nothing.
package final class ClusterTable: Sendable {
    /// In the order of the configuration.
    package let all: [ClusterShared]
    private let byName: [String: ClusterShared]

    package init(_ clusters: [ClusterShared]) {
        all = clusters
        byName = Dictionary(
            clusters.map { ($0.configuration.name, $0) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    package subscript(name: String) -> ClusterShared? { byName[name] }
}
