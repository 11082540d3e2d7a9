internal import Document

/// Clusters in words.
extension SummaryLines {
    mutating func addCluster(_ cluster: ConfigurationFact) {
        add("")
        add("cluster \(cluster["name"]?.text ?? "")")
        addEndpoints(cluster)
        addUpstreamTransport(cluster)
        add("a connection opens within", cluster["connect_timeout"], default: "5s", indent: 1)
        add("load balancing:", cluster["lb_policy"], default: "ROUND_ROBIN", indent: 1)
        addHealth(cluster)
        addOutliers(cluster["outlier_detection"])
        addBreakers(cluster["circuit_breakers"])
    }

    private mutating func addEndpoints(_ cluster: ConfigurationFact) {
        let type = cluster["type"]?.text ?? "STATIC"
        let groups = cluster["load_assignment"]?["endpoints"]?.elements ?? []
        let addresses = groups.flatMap { $0["lb_endpoints"]?.elements ?? [] }
            .map { endpoint in
                let weight = endpoint["load_balancing_weight"].map { " (weight \($0.bare))" } ?? ""
                return (endpoint["endpoint"]?["address"]?.address ?? "") + weight
            }
        let how =
            switch type {
            case "STRICT_DNS": "what DNS has for "
            case "LOGICAL_DNS": "the first that DNS has for "
            default: ""
            }
        if type == "ORIGINAL_DST" {
            add("endpoints: where each client wanted to go", indent: 1)
            return
        }
        add("endpoints: \(how)\(addresses.joined(separator: ", "))", indent: 1)
        if type == "STRICT_DNS" || type == "LOGICAL_DNS" {
            add(
                "names are looked up again every",
                cluster["dns_refresh_rate"],
                default: "5s",
                indent: 1
            )
        }
    }

    private mutating func addHealth(_ cluster: ConfigurationFact) {
        let checks = cluster["health_checks"]?.elements ?? []
        if checks.isEmpty {
            add("no health checks (default)", indent: 1)
            return
        }
        for check in checks {
            let path = check["http_health_check"]?["path"]?.text
            let other = check["grpc_health_check"] == nil ? "a connection" : "gRPC"
            add("health check: \(path.map { "GET \($0)" } ?? other)", indent: 1)
            add("every \(check["interval"]?.words ?? "")", indent: 2)
            add("answered within \(check["timeout"]?.words ?? "")", indent: 2)
            add("failures until unhealthy: \(check["unhealthy_threshold"]?.words ?? "")", indent: 2)
            add("successes until healthy: \(check["healthy_threshold"]?.words ?? "")", indent: 2)
        }
        let panic = cluster["common_lb_config"]?["healthy_panic_threshold"]
        switch panic.map({ $0["value"]?.bare ?? "0" }) {
        case "0": add("unhealthy endpoints get no requests, even if all are", indent: 2)
        case let share:
            add(
                "below \(share ?? "50")% healthy endpoints all get requests"
                    + (share == nil ? " (default)" : ""),
                indent: 2
            )
        }
    }

    private mutating func addOutliers(_ outliers: ConfigurationFact?) {
        guard let outliers else {
            add("no outlier detection (default)", indent: 1)
            return
        }
        add("endpoints that answer badly are left out", indent: 1)
        add("after 5xx in a row:", outliers["consecutive_5xx"], default: "5", indent: 2)
        add("for", outliers["base_ejection_time"], default: "30s", indent: 2)
        add("up to percent:", outliers["max_ejection_percent"], default: "10", indent: 2)
    }

    private mutating func addBreakers(_ breakers: ConfigurationFact?) {
        add("at the same time at most", indent: 1)
        let thresholds = breakers?["thresholds"]?.elements ?? []
        let normal = thresholds.first { ($0["priority"]?.text ?? "DEFAULT") == "DEFAULT" }
        add("connections:", normal?["max_connections"], default: "1024", indent: 2)
        add("waiting requests:", normal?["max_pending_requests"], default: "1024", indent: 2)
        add("requests:", normal?["max_requests"], default: "1024", indent: 2)
        if let budget = normal?["retry_budget"] {
            let share = budget["budget_percent"]?["value"]?.words ?? "20 (default)"
            let least = budget["min_retry_concurrency"]?.bare ?? "3"
            add("retries in percent of the requests: \(share), but always \(least)", indent: 2)
        } else {
            add("retries:", normal?["max_retries"], default: "3", indent: 2)
        }
        if let high = thresholds.first(where: { $0["priority"]?.text == "HIGH" }) {
            add("for priority HIGH: \(high.bare)", indent: 2)
        }
    }
}
