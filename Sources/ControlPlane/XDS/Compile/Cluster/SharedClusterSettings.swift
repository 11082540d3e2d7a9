internal import Document
internal import Model
internal import SwiftProtobuf

/// What the bootstrap says for all clusters, compiled once.
struct SharedClusterSettings {
    var nameServers = NameServers()
    var sources = UpstreamSources()
    /// This process has a zone and is part of a cluster, so that zones may be preferred.
    var knowsItsZone = false
    /// The cluster that this process is one of; empty: none.
    var localClusterName = ""
    /// What of the bootstrap clusters inherit, for their fingerprints.
    var fingerprint: [UInt8] = []
}

/// `envoy.config.bootstrap.v3.ClusterManager`, and what the bootstrap says of DNS.
extension Compilation {
    /// Reads what the clusters are compiled with; the names of the clusters are collected before.
    func readSharedClusterSettings(_ bootstrap: Envoy_Config_Bootstrap_V3_Bootstrap) {
        let path = FieldPath("cluster_manager")
        let manager = bootstrap.clusterManager
        var shared = SharedClusterSettings()
        shared.nameServers = nameServers(
            of: bootstrap,
            FieldPath(),
            otherwise: NameServers()
        )
        if manager.hasUpstreamBindConfig {
            shared.sources = upstreamSources(
                manager.upstreamBindConfig,
                path["upstream_bind_config"]
            )
        }
        let name = manager.localClusterName
        shared.localClusterName = name
        shared.knowsItsZone = !name.isEmpty && !bootstrap.node.locality.zone.isEmpty
        if !name.isEmpty, !clusterNameSet.contains(name) {
            refuse(
                path["local_cluster_name"],
                "there is no cluster \(quoted(name))",
                didYouMean(
                    name,
                    among: clusterNames,
                    otherwise: "it names the cluster that this proxy is an endpoint of"
                )
            )
        } else if !name.isEmpty, bootstrap.node.locality.zone.isEmpty {
            warn(
                path["local_cluster_name"],
                "has no effect without a zone",
                "give node.locality.zone, so that endpoints in it are preferred"
            )
        }
        var inherited = Envoy_Config_Bootstrap_V3_Bootstrap()
        inherited.clusterManager.localClusterName = name
        inherited.clusterManager.upstreamBindConfig = manager.upstreamBindConfig
        inherited.node.locality = bootstrap.node.locality
        inherited.useTcpForDnsLookups = bootstrap.useTcpForDnsLookups
        inherited.dnsResolutionConfig = bootstrap.dnsResolutionConfig
        inherited.typedDnsResolverConfig = bootstrap.typedDnsResolverConfig
        shared.fingerprint = Fingerprint.bytes(of: inherited)
        sharedByClusters = shared
    }

    /// The file that gets a line for each ejection; nil: none.
    func outlierEventLog(_ bootstrap: Envoy_Config_Bootstrap_V3_Bootstrap) -> String? {
        let detection = bootstrap.clusterManager.outlierDetection
        if detection.eventLogPath.isEmpty { return nil }
        let path = FieldPath("cluster_manager")["outlier_detection"]["event_log_path"]
        return logPath(detection.eventLogPath, path)
    }

    /// The path of a log, where it can be one.
    func logPath(_ text: String, _ path: FieldPath) -> String? {
        if text.isEmpty {
            refuse(path, "is empty", "give the path of a file, for example /dev/stdout")
            return nil
        }
        if text.utf8.contains(0) {
            refuse(path, "contains a NUL byte", "give the path of a file")
            return nil
        }
        return text
    }
}
