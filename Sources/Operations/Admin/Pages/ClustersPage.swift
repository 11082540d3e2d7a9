import Model
import Policy
import Proxy
import Synchronization

extension AdminInterface {
    /// Envoy's lines of `cluster::what::value`, or `envoy.admin.v3.Clusters`.
    func clusters(_ request: LocalRequest) -> LocalResponse {
        switch Self.format(of: request, among: ["text", "json"]) {
        case .refused(let response): return response
        case .format("json"):
            let statuses = plane.clusters.map { status(of: $0) }
            return Self.json(["cluster_statuses": .array(statuses)])
        case .format:
            var text = ""
            for cluster in plane.clusters { addText(of: cluster, to: &text) }
            return LocalResponse(200, text)
        }
    }

    private func endpoints(
        of cluster: ClusterShared
    ) -> [(endpoint: ResolvedEndpoint, counts: EndpointShared)] {
        cluster.endpoints.members.map { ($0.endpoint, $0) }
    }

    private func addText(of cluster: ClusterShared, to text: inout String) {
        let name = PlainText.line(cluster.configuration.name)
        text +=
            "\(name)::observability_name::\(PlainText.line(cluster.configuration.statName))\n"
        for (priority, limits) in zip(["default", "high"], cluster.limits) {
            for (limit, value) in limits.thresholds.named {
                text += "\(name)::\(priority)_priority::\(limit)::\(value)\n"
            }
        }
        text += "\(name)::added_via_api::false\n"
        for (endpoint, counts) in endpoints(of: cluster) {
            let prefix = "\(name)::\(PlainText.line(endpoint.address.description))::"
            for count in counts.named { text += "\(prefix)\(count.name)::\(count.value)\n" }
            text += "\(prefix)hostname::\(PlainText.line(endpoint.hostname))\n"
            text += "\(prefix)health_flags::healthy\n"
            text += "\(prefix)weight::\(endpoint.weight)\n"
            text += "\(prefix)region::\n\(prefix)zone::\n\(prefix)sub_zone::\n"
            text += "\(prefix)canary::false\n\(prefix)priority::0\n"
            text += "\(prefix)success_rate::-1\n\(prefix)local_origin_success_rate::-1\n"
        }
    }

    private func status(of cluster: ClusterShared) -> JSONValue {
        let thresholds = zip(["DEFAULT", "HIGH"], cluster.limits).map { priority, limits in
            JSONValue.object(
                [.init("priority", .string(priority))]
                    + limits.thresholds.named.map { .init($0.name, .integer(Int64($0.value))) }
            )
        }
        return [
            "name": .string(cluster.configuration.name),
            "observability_name": .string(cluster.configuration.statName),
            "added_via_api": false,
            "circuit_breakers": ["thresholds": .array(thresholds)],
            "host_statuses": .array(
                endpoints(of: cluster).map { Self.status(of: $0.endpoint, $0.counts) }
            ),
        ]
    }

    private static func status(
        of endpoint: ResolvedEndpoint,
        _ counts: EndpointShared
    ) -> JSONValue {
        [
            "address": .address(endpoint.address),
            "stats": .array(
                counts.named.map {
                    [
                        "name": .string($0.name), "value": .uint64($0.value),
                        "type": $0.isGauge ? "GAUGE" : "COUNTER",
                    ]
                }
            ),
            "health_status": ["eds_health_status": "HEALTHY"],
            "weight": .integer(Int64(endpoint.weight)),
            "hostname": .string(endpoint.hostname),
            "priority": 0,
            "locality": [:],
        ]
    }
}

extension CircuitBreakerThresholds {
    /// With Envoy's names, in its order.
    fileprivate var named: [(name: String, value: UInt32)] {
        [
            ("max_connections", connectionsMax),
            ("max_pending_requests", pendingRequestsMax),
            ("max_requests", requestsMax),
            ("max_retries", retriesMax),
        ]
    }
}

extension EndpointShared {
    /// With Envoy's names, in its order.
    fileprivate var named: [(name: String, value: UInt64, isGauge: Bool)] {
        [
            ("cx_active", UInt64(clamping: connectionsActive.load(ordering: .relaxed)), true),
            ("cx_connect_fail", connectFailures.load(ordering: .relaxed), false),
            ("cx_total", connectionsTotal.load(ordering: .relaxed), false),
            ("rq_active", UInt64(clamping: requestsActive.load(ordering: .relaxed)), true),
            ("rq_error", requestsFailed.load(ordering: .relaxed), false),
            ("rq_success", requestsSucceeded.load(ordering: .relaxed), false),
            ("rq_timeout", requestsTimedOut.load(ordering: .relaxed), false),
            ("rq_total", requestsTotal.load(ordering: .relaxed), false),
        ]
    }
}
