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

    /// The endpoints by priority, and in the order of the configuration below that, as in Envoy.
    private func endpoints(of cluster: ClusterShared) -> [EndpointShared] {
        let members = cluster.endpoints.members
        guard cluster.configuration.localities.contains(where: { $0.priority > 0 }) else {
            return members
        }
        return members.enumerated().sorted { left, right in
            let priorities = (
                cluster.place(of: left.element).priority, cluster.place(of: right.element).priority
            )
            return priorities.0 == priorities.1
                ? left.offset < right.offset : priorities.0 < priorities.1
        }.map(\.element)
    }

    // MARK: - Text

    private func addText(of cluster: ClusterShared, to text: inout String) {
        let name = PlainText.line(cluster.configuration.name)
        text +=
            "\(name)::observability_name::\(PlainText.line(cluster.configuration.statName))\n"
        addOutlierText(of: cluster, name, to: &text)
        for (priority, limits) in zip(["default", "high"], cluster.limits) {
            for (limit, value) in limits.named {
                text += "\(name)::\(priority)_priority::\(limit)::\(value)\n"
            }
        }
        text += "\(name)::added_via_api::false\n"
        for endpoint in endpoints(of: cluster) { addText(of: endpoint, cluster, name, to: &text) }
    }

    private func addOutlierText(of cluster: ClusterShared, _ name: String, to text: inout String) {
        guard cluster.configuration.outlierDetection != nil else { return }
        let rates = cluster.successRates
        for (what, value) in [
            ("success_rate_average", rates?.average),
            ("success_rate_ejection_threshold", rates?.ejectionThreshold),
            ("local_origin_success_rate_average", rates?.localOriginAverage),
            (
                "local_origin_success_rate_ejection_threshold",
                rates?.localOriginEjectionThreshold
            ),
        ] {
            text += "\(name)::outlier::\(what)::\(PlainText.rounded(value ?? -1))\n"
        }
    }

    private func addText(
        of shared: EndpointShared,
        _ cluster: ClusterShared,
        _ name: String,
        to text: inout String
    ) {
        let endpoint = shared.endpoint
        let place = cluster.place(of: shared)
        let prefix = "\(name)::\(PlainText.line(endpoint.address.description))::"
        for count in shared.named { text += "\(prefix)\(count.name)::\(count.value)\n" }
        for (what, value) in [
            ("hostname", PlainText.line(endpoint.hostname)),
            ("health_flags", shared.healthText),
            ("weight", "\(endpoint.weight)"),
            ("region", PlainText.line(place.locality.region)),
            ("zone", PlainText.line(place.locality.zone)),
            ("sub_zone", PlainText.line(place.locality.subZone)),
            ("canary", endpoint.attributes?.isCanary == true ? "true" : "false"),
            ("priority", "\(place.priority)"),
            ("success_rate", PlainText.number(shared.outlier?.successRate ?? -1)),
            (
                "local_origin_success_rate",
                PlainText.number(shared.outlier?.localOriginSuccessRate ?? -1)
            ),
        ] {
            text += "\(prefix)\(what)::\(value)\n"
        }
    }

    // MARK: - JSON

    private func status(of cluster: ClusterShared) -> JSONValue {
        let thresholds = zip(["DEFAULT", "HIGH"], cluster.limits).map { priority, limits in
            JSONValue.object([.init("priority", .string(priority))] + limits.members)
        }
        var members: [JSONValue.Member] = [
            .init("name", .string(cluster.configuration.name)),
            .init("observability_name", .string(cluster.configuration.statName)),
            .init("added_via_api", false),
        ]
        for (name, value) in [
            ("success_rate_ejection_threshold", cluster.successRates?.ejectionThreshold),
            (
                "local_origin_success_rate_ejection_threshold",
                cluster.successRates?.localOriginEjectionThreshold
            ),
        ] {
            if let value, value > 0 { members.append(.init(name, ["value": .number(value)])) }
        }
        members.append(.init("circuit_breakers", ["thresholds": .array(thresholds)]))
        let hosts = endpoints(of: cluster).map { Self.status(of: $0, cluster) }
        members.append(.init("host_statuses", .array(hosts)))
        return .object(members)
    }

    private static func status(of shared: EndpointShared, _ cluster: ClusterShared) -> JSONValue {
        let endpoint = shared.endpoint
        let place = cluster.place(of: shared)
        var members: [JSONValue.Member] = [
            .init("address", .address(endpoint.address)),
            .init(
                "stats",
                .array(
                    shared.named.map {
                        [
                            "name": .string($0.name), "value": .uint64($0.value),
                            "type": $0.isGauge ? "GAUGE" : "COUNTER",
                        ]
                    }
                )
            ),
            .init("health_status", shared.healthStatus),
        ]
        if let rate = shared.outlier?.successRate, rate >= 0 {
            members.append(.init("success_rate", ["value": .number(rate)]))
        }
        members += [
            .init("weight", .integer(Int64(endpoint.weight))),
            .init("hostname", .string(endpoint.hostname)),
            .init("priority", .integer(Int64(place.priority))),
        ]
        if let rate = shared.outlier?.localOriginSuccessRate, rate >= 0 {
            members.append(.init("local_origin_success_rate", ["value": .number(rate)]))
        }
        let locality = [
            ("region", place.locality.region), ("zone", place.locality.zone),
            ("sub_zone", place.locality.subZone),
        ]
        members.append(
            .init(
                "locality",
                .object(
                    locality.filter { !$0.1.isEmpty }.map { .init($0.0, .string($0.1)) }
                )
            )
        )
        return .object(members)
    }
}

extension ClusterShared {
    /// The group that an endpoint belongs to.
    fileprivate func place(of endpoint: EndpointShared) -> LocalityConfiguration {
        let index = Int(endpoint.endpoint.locality)
        let all = configuration.localities
        return index < all.count ? all[index] : LocalityConfiguration()
    }

    /// What outlier detection found of the cluster as a whole; nil before its first interval.
    fileprivate var successRates: ClusterSuccessRates? {
        endpoints.members.first?.outlier?.ofCluster
    }
}

extension ResourceLimits {
    /// With Envoy's names, in its order; a retry budget shows what it allows at this moment.
    fileprivate var named: [(name: String, value: Int)] {
        [
            ("max_connections", limit(of: .connections)),
            ("max_pending_requests", limit(of: .pendingRequests)),
            ("max_requests", limit(of: .requests)),
            ("max_retries", limit(of: .retries)),
        ]
    }

    /// `CircuitBreakers.Thresholds` without the priority.
    fileprivate var members: [JSONValue.Member] {
        var members = named.map { JSONValue.Member($0.name, .integer(Int64($0.value))) }
        if let budget = thresholds.retryBudget {
            members.append(
                .init(
                    "retry_budget",
                    [
                        "budget_percent": ["value": .number(budget.percent)],
                        "min_retry_concurrency": .integer(Int64(budget.minRetryConcurrency)),
                    ]
                )
            )
        }
        if thresholds.tracksRemaining { members.append(.init("track_remaining", true)) }
        return members
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

    private var configuredHealth: EndpointAttributes.Health {
        endpoint.attributes?.health ?? .unknown
    }

    /// The flags as `health_flags` prints them, in Envoy's order.
    fileprivate var healthText: String {
        let flags = healthFlags
        let health = configuredHealth
        var text = ""
        func add(_ name: String, _ isOn: Bool) { if isOn { text += "/" + name } }
        add("failed_active_hc", flags.contains(.failedActiveCheck))
        add("failed_outlier_check", flags.contains(.failedOutlierCheck))
        add("failed_eds_health", health == .unhealthy || health == .timeout)
        add("degraded_active_hc", flags.contains(.degradedActiveCheck))
        add("degraded_eds_health", health == .degraded)
        add("pending_active_hc", flags.contains(.pendingActiveCheck))
        add("excluded_via_immediate_hc_fail", flags.contains(.excludedByImmediateFailure))
        add("active_hc_timeout", flags.contains(.activeCheckTimedOut))
        add("eds_status_draining", health == .draining)
        return text.isEmpty ? "healthy" : text
    }

    /// `envoy.admin.v3.HostHealthStatus`: what is false is left out.
    fileprivate var healthStatus: JSONValue {
        let flags = healthFlags
        let all: [(String, HealthFlags)] = [
            ("failed_active_health_check", .failedActiveCheck),
            ("failed_outlier_check", .failedOutlierCheck),
            ("failed_active_degraded_check", .degradedActiveCheck),
            ("pending_active_hc", .pendingActiveCheck),
            ("excluded_via_immediate_hc_fail", .excludedByImmediateFailure),
            ("active_hc_timeout", .activeCheckTimedOut),
        ]
        var members = all.filter { flags.contains($0.1) }.map { JSONValue.Member($0.0, true) }
        let configured: JSONValue =
            switch configuredHealth {
            case .unknown, .healthy: "HEALTHY"
            case .unhealthy, .timeout: "UNHEALTHY"
            case .draining: "DRAINING"
            case .degraded: "DEGRADED"
            }
        members.append(.init("eds_health_status", configured))
        return .object(members)
    }
}
