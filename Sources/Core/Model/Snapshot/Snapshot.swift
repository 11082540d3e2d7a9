/// Everything that the data plane knows of the configuration: immutable, made whole or not at all,
/// and swapped at each worker between two events.
package final class Snapshot: Sendable {
    package let listeners: [ListenerConfiguration]
    package let clusters: [ClusterConfiguration]
    /// nil: no admin interface.
    package let admin: SocketAddress?
    package let nodeID: String
    package let nodeCluster: String
    /// Counts the snapshots of this process from 1.
    package let version: UInt64

    package init(
        listeners: [ListenerConfiguration],
        clusters: [ClusterConfiguration],
        admin: SocketAddress? = nil,
        nodeID: String = "",
        nodeCluster: String = "",
        version: UInt64 = 1
    ) {
        self.listeners = listeners
        self.clusters = clusters
        self.admin = admin
        self.nodeID = nodeID
        self.nodeCluster = nodeCluster
        self.version = version
    }
}
