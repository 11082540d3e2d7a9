import Model
import Policy
import Telemetry

/// What is counted of a response beyond the cluster's own totals.
extension Exchange {
    /// Counts a status as the cluster's, whether it came from there or is said instead.
    func countUpstream(status: UInt16) {
        guard let cluster, hcm?.countsByStatus != false else { return }
        cluster.stats.countResponse(status: status)
        virtualCluster?.countResponse(status: status)
        routeStats?.countResponse(status: status)
        let parts = cluster.parts
        let origin = isInternal ? parts.ofInternalRequests : parts.ofExternalRequests
        origin.countResponse(status: status)
        if isCanary { parts.ofCanaries.countResponse(status: status) }
        if let name = alternativeStatName {
            let head = request
            parts.alternative(named: head.span(name))?.countResponse(status: status)
            let suffix = isInternal ? ".internal" : ".external"
            let below = ByteString(copying: head.span(name)).bytes + Array(suffix.utf8)
            parts.alternative(named: below.span)?.countResponse(status: status)
        }
        if let zone = worker.snapshot?.locality.zone, !zone.isEmpty, let endpointZone {
            parts.zone(from: zone, to: endpointZone)?.countResponse(status: status)
        }
    }

    /// Records how long the upstream took, from the end of the request to the end of its response.
    func recordTime(milliseconds: UInt64) {
        guard let cluster, hcm?.countsByStatus != false else { return }
        cluster.stats.record(.upstreamRqTime, milliseconds: milliseconds)
        if cluster.configuration.tracksTimeoutBudgets { recordBudgets(cluster) }
        virtualCluster?.record(.upstreamRqTime, milliseconds: milliseconds)
        routeStats?.record(.upstreamRqTime, milliseconds: milliseconds)
        let parts = cluster.parts
        let origin = isInternal ? parts.ofInternalRequests : parts.ofExternalRequests
        origin.record(.upstreamRqTime, milliseconds: milliseconds)
        if isCanary { parts.ofCanaries.record(.upstreamRqTime, milliseconds: milliseconds) }
    }

    /// How much of the time that they had the exchange and its attempt have used, in percent.
    private func recordBudgets(_ cluster: ClusterState) {
        let now = loop.nowMicroseconds
        if let whole = timeouts?.globalMilliseconds, requestCompleteAt > 0 {
            cluster.stats.record(
                .upstreamRqTimeoutBudgetPercentUsed,
                value: UInt64(max(0, now - requestCompleteAt)) / 10 / UInt64(max(1, whole))
            )
        }
        if let perTry = timeouts?.perTryMilliseconds {
            cluster.stats.record(
                .upstreamRqTimeoutBudgetPerTryPercentUsed,
                value: UInt64(max(0, now - attemptStartedAt)) / 10 / UInt64(max(1, perTry))
            )
        }
    }

    /// The endpoint is configured as one, or its response says that it is.
    private var isCanary: Bool {
        endpoint?.shared.endpoint.attributes?.isCanary == true || response.saysCanary
    }

    /// Where the endpoint is; nil where nobody says.
    private var endpointZone: String? {
        guard let endpoint, let cluster else { return nil }
        let index = Int(endpoint.shared.endpoint.locality)
        guard cluster.configuration.localities.indices.contains(index) else { return nil }
        let zone = cluster.configuration.localities[index].locality.zone
        return zone.isEmpty ? nil : zone
    }
}
