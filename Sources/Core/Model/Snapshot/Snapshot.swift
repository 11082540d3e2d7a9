/// Everything that the data plane knows of the configuration: immutable, made whole or not at all,
/// and swapped at each worker between two events.
package final class Snapshot: Sendable {
    package let listeners: [ListenerConfiguration]
    package let clusters: [ClusterConfiguration]
    /// nil: no admin interface.
    package let admin: SocketAddress?
    package let nodeID: String
    package let nodeCluster: String
    /// Where this process is: zone-aware routing prefers it.
    package let locality: Locality
    /// `cluster_manager.local_cluster_name`: the cluster that this process is one of; empty: none.
    package let localClusterName: String
    /// A file that gets a line of JSON for each ejection; nil: none.
    package let outlierEventLogPath: String?
    /// Secrets by name (`static_resources.secrets`).
    package let secrets: StaticSecrets
    /// Counts the snapshots of this process from 1.
    package let version: UInt64

    package init(
        listeners: [ListenerConfiguration],
        clusters: [ClusterConfiguration],
        admin: SocketAddress? = nil,
        nodeID: String = "",
        nodeCluster: String = "",
        locality: Locality = Locality(),
        localClusterName: String = "",
        outlierEventLogPath: String? = nil,
        secrets: StaticSecrets = StaticSecrets(),
        version: UInt64 = 1
    ) {
        self.listeners = listeners
        self.clusters = clusters
        self.admin = admin
        self.nodeID = nodeID
        self.nodeCluster = nodeCluster
        self.locality = locality
        self.localClusterName = localClusterName
        self.outlierEventLogPath = outlierEventLogPath
        self.secrets = secrets
        self.version = version
    }
}

/// Secrets that the configuration itself has, by name.
package struct StaticSecrets: Sendable {
    package var certificates: [String: TLSCertificateSource] = [:]
    package var validations: [String: CertificateValidation] = [:]
    package var sessionTicketKeys: [String: [DataSource]] = [:]

    package init() {}
}
