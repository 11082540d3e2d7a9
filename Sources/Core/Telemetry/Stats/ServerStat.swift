/// The counters and gauges of the process itself.
public enum ServerStat: Int, StatSet {
    // Process
    case live
    case state
    case uptime
    case concurrency
    case totalConnections
    case memoryAllocated
    case version
    case daysUntilFirstCertExpiring
    case initializationTimeMs
    case hotRestartEpoch
    case hotRestartGeneration
    case parentConnections
    case secondsUntilFirstOCSPResponseExpiring
    // Listeners
    case listenerManagerListenerAdded
    case listenerManagerListenerModified
    case listenerManagerListenerRemoved
    case listenerManagerListenerStopped
    case listenerManagerListenerInPlaceUpdated
    case listenerManagerListenerCreateFailure
    case listenerManagerListenerCreateSuccess
    case listenerManagerTotalListenersActive
    case listenerManagerTotalListenersDraining
    case listenerManagerTotalListenersWarming
    case listenerManagerWorkersStarted
    // Clusters
    case clusterManagerActiveClusters
    case clusterManagerClusterAdded
    case clusterManagerClusterModified
    case clusterManagerClusterRemoved
    case clusterManagerClusterUpdated
    case clusterManagerWarmingClusters
    // Reload
    case configReloadAttempt
    case configReloadSuccess
    case configReloadRejected
    case configReloadUnchanged
    case configReloadStale
    case configReloadVersion
    case configReloadLastSuccessTimeSeconds
    // Certificates
    case tlsReloadSuccess
    case tlsReloadFailure
    // Codec
    case http1DroppedHeadersWithUnderscores
    case http1RequestsRejectedWithUnderscoresInHeaders
    // Names
    case dnsResolveTotal
    case dnsTimeout
    case dnsNotFound
    case dnsFailure
    // Access log
    case accessLogLinesTotal
    case accessLogLinesDropped
    case accessLogBytesTotal
    case accessLogWriteFailed
    case accessLogReopenTotal
    case accessLogBacklogBytes

    /// Its name, kind and meaning.
    public var description: StatDescription {
        switch self {
        case .live:
            .gauge(
                "server.live",
                "1 while the process serves and does not drain, else 0.",
                merge: .maximum
            )
        case .state:
            .gauge(
                "server.state",
                "0 live, 1 draining, 2 before initialization, 3 initializing.",
                merge: .maximum
            )
        case .uptime:
            .gauge("server.uptime", "Seconds since the start.", merge: .maximum)
        case .concurrency:
            .gauge("server.concurrency", "Workers.", merge: .maximum)
        case .totalConnections:
            .gauge("server.total_connections", "Connections of clients over all listeners.")
        case .memoryAllocated:
            .gauge("server.memory_allocated", "Bytes of memory that are resident.", merge: .maximum)
        case .version:
            .gauge(
                "server.version",
                "The version as a number: major, minor and patch in bytes.",
                merge: .maximum
            )
        case .daysUntilFirstCertExpiring:
            .gauge(
                "server.days_until_first_cert_expiring",
                "Days until the first certificate expires.",
                merge: .maximum
            )
        case .initializationTimeMs:
            .gauge(
                "server.initialization_time_ms",
                "Milliseconds that the start took.",
                merge: .maximum
            )
        case .hotRestartEpoch:
            .gauge(
                "server.hot_restart_epoch",
                "Takeovers that led to this process.",
                merge: .maximum
            )
        case .hotRestartGeneration:
            .gauge(
                "server.hot_restart_generation",
                "Processes of this line so far, this one included.",
                merge: .maximum
            )
        case .parentConnections:
            .gauge(
                "server.parent_connections",
                "Connections of clients that the process before this one still has.",
                merge: .maximum
            )
        case .secondsUntilFirstOCSPResponseExpiring:
            .gauge(
                "server.seconds_until_first_ocsp_response_expiring",
                "Seconds until the first stapled OCSP response expires.",
                merge: .maximum
            )
        case .listenerManagerListenerAdded:
            .counter("listener_manager.listener_added", "Listeners added.")
        case .listenerManagerListenerModified:
            .counter(
                "listener_manager.listener_modified",
                "Listeners changed by a reload."
            )
        case .listenerManagerListenerRemoved:
            .counter(
                "listener_manager.listener_removed",
                "Listeners removed."
            )
        case .listenerManagerListenerStopped:
            .counter(
                "listener_manager.listener_stopped",
                "Listeners stopped."
            )
        case .listenerManagerListenerInPlaceUpdated:
            .counter(
                "listener_manager.listener_in_place_updated",
                "Listeners changed without opening their sockets again."
            )
        case .listenerManagerListenerCreateFailure:
            .counter(
                "listener_manager.listener_create_failure",
                "Listening sockets that could not be opened."
            )
        case .listenerManagerListenerCreateSuccess:
            .counter(
                "listener_manager.listener_create_success",
                "Listening sockets opened by the workers."
            )
        case .listenerManagerTotalListenersActive:
            .gauge(
                "listener_manager.total_listeners_active",
                "Listeners that accept.",
                merge: .maximum
            )
        case .listenerManagerTotalListenersDraining:
            .gauge(
                "listener_manager.total_listeners_draining",
                "Listeners that drain.",
                merge: .maximum
            )
        case .listenerManagerTotalListenersWarming:
            .gauge(
                "listener_manager.total_listeners_warming",
                "Listeners that wait to accept.",
                merge: .maximum
            )
        case .listenerManagerWorkersStarted:
            .gauge(
                "listener_manager.workers_started",
                "1 when the workers run, else 0.",
                merge: .maximum
            )
        case .clusterManagerActiveClusters:
            .gauge("cluster_manager.active_clusters", "Clusters.", merge: .maximum)
        case .clusterManagerClusterAdded:
            .counter("cluster_manager.cluster_added", "Clusters added.")
        case .clusterManagerClusterModified:
            .counter(
                "cluster_manager.cluster_modified",
                "Clusters changed by a reload."
            )
        case .clusterManagerClusterRemoved:
            .counter(
                "cluster_manager.cluster_removed",
                "Clusters removed."
            )
        case .clusterManagerClusterUpdated:
            .counter(
                "cluster_manager.cluster_updated",
                "Changes of the endpoints of clusters."
            )
        case .clusterManagerWarmingClusters:
            .gauge(
                "cluster_manager.warming_clusters",
                "Clusters that wait for their endpoints.",
                merge: .maximum
            )
        case .configReloadAttempt:
            .counter(
                "config_reload.attempt",
                "Times that the configuration was read again (ours)."
            )
        case .configReloadSuccess:
            .counter(
                "config_reload.success",
                "Configurations taken over (ours)."
            )
        case .configReloadRejected:
            .counter(
                "config_reload.rejected",
                "Configurations refused; the last good one went on (ours)."
            )
        case .configReloadUnchanged:
            .counter(
                "config_reload.unchanged",
                "Configurations that changed nothing (ours)."
            )
        case .configReloadStale:
            .gauge(
                "config_reload.stale",
                "1 while the configuration on disk is refused and an older one serves, else 0 (ours).",
                merge: .maximum
            )
        case .configReloadVersion:
            .gauge(
                "config_reload.version",
                "The number of configurations taken over, the first included (ours).",
                merge: .maximum
            )
        case .configReloadLastSuccessTimeSeconds:
            .gauge(
                "config_reload.last_success_time_seconds",
                "When the configuration was taken over last, in seconds since 1970 (ours).",
                merge: .maximum
            )
        case .tlsReloadSuccess:
            .counter(
                "tls.reload_success",
                "Certificates, keys and lists taken over after their files changed (ours)."
            )
        case .tlsReloadFailure:
            .counter(
                "tls.reload_failure",
                "Changed certificates, keys and lists refused; the last good ones went on (ours)."
            )
        case .http1DroppedHeadersWithUnderscores:
            .counter(
                "http1.dropped_headers_with_underscores",
                "Headers dropped because of an underscore in their name."
            )
        case .http1RequestsRejectedWithUnderscoresInHeaders:
            .counter(
                "http1.requests_rejected_with_underscores_in_headers",
                "Requests refused because of an underscore in a header name."
            )
        case .dnsResolveTotal:
            .counter("dns.resolve_total", "Names looked up (ours).")
        case .dnsTimeout:
            .counter("dns.timeout", "Names whose look-up timed out (ours).")
        case .dnsNotFound:
            .counter("dns.not_found", "Names that do not exist (ours).")
        case .dnsFailure:
            .counter("dns.failure", "Names whose look-up failed for another reason (ours).")
        case .accessLogLinesTotal:
            .counter("access_log.lines_total", "Lines of access logs written (ours).")
        case .accessLogLinesDropped:
            .counter(
                "access_log.lines_dropped",
                "Lines of access logs dropped: the sink is full or too slow (ours)."
            )
        case .accessLogBytesTotal:
            .counter("access_log.bytes_total", "Bytes of access logs written (ours).")
        case .accessLogWriteFailed:
            .counter("access_log.write_failed", "Writes to access logs that failed (ours).")
        case .accessLogReopenTotal:
            .counter(
                "access_log.reopen_total",
                "Times that the files of access logs were opened again (ours)."
            )
        case .accessLogBacklogBytes:
            .gauge(
                "access_log.backlog_bytes",
                "Bytes of access logs that wait to be written (ours)."
            )
        }
    }

    /// The scope's histograms.
    public typealias Histogram = NoHistogram
    /// How the scope's names are made.
    public static let scopeKind = ScopeKind(prefix: "", label: nil)
    /// Where responses are counted.
    public static let responses: ResponseStats<Self>? = nil
}
