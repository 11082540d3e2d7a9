internal import Document

/// Clusters of the short form: the application, and the services that it calls.
extension ShortFormTranslation {
    mutating func addApp(_ app: ShortFormValue, _ inbound: ShortFormValue) {
        let at = app.position
        let limits = inbound["limits"]
        let endpoint: Node
        switch (app["port"], app["socket"]) {
        case (let port?, nil):
            let host = app["host"]?.text ?? ""
            endpoint = Nodes.socketAddress(
                host,
                UInt16(clamping: port.integer),
                app.given("host")?.position ?? port.position
            )
        case (nil, let socket?):
            if let host = app.given("host") {
                refuse(host.position, "a socket has no host", "leave it out")
            }
            let path = Nodes.text(socket.text, socket.position)
            endpoint = Nodes.object(
                socket.position,
                [("pipe", Nodes.object(socket.position, [("path", path)]))]
            )
        case (.some, let socket?):
            refuse(socket.position, "it can't stand beside port", "give only one")
            return
        case (nil, nil):
            refuse(at, "port is missing", "the application's port, or its socket")
            return
        }
        let breaker = Nodes.object(
            limits?.position ?? at,
            [
                ("max_connections", number(limits?["maxRequests"])),
                ("max_pending_requests", number(limits?["maxPending"])),
                ("max_requests", number(limits?["maxRequests"])),
            ]
        )
        add(
            cluster: cluster(
                "app",
                at,
                ClusterParts(
                    type: "STATIC",
                    endpoints: [endpoint],
                    connectTimeout: app["connectTimeout"],
                    thresholds: breaker,
                    health: app["health"],
                    // With one endpoint, panic would send requests to an application that is unwell.
                    panicThreshold: app["health"] == nil ? nil : 0,
                    protocolOptions: protocolOptions(app)
                )
            )
        )
    }

    mutating func addClusters(_ name: String, _ service: ShortFormValue) {
        guard let to = service["to"] else { return }
        if to.isMap {
            if service["split"] == nil {
                refuse(
                    to.position,
                    "it has versions, and nothing says how they share the requests",
                    "add split, such as split: {v1: 90, v2: 10}"
                )
            }
            for (version, destinations) in to.members {
                add(cluster: cluster("\(name).\(version)", service, destinations))
            }
        } else {
            add(cluster: cluster(name, service, to))
        }
    }

    private func cluster(
        _ name: String,
        _ service: ShortFormValue,
        _ to: ShortFormValue
    ) -> Node {
        var endpoints: [Node] = []
        var isStatic = true
        for element in to.elements {
            guard case .destination(let host, let port, let isLiteral) = element.content else {
                continue
            }
            isStatic = isStatic && isLiteral
            endpoints.append(Nodes.socketAddress(host, port, element.position))
        }
        if isStatic, let rewrite = service["rewriteHost"], rewrite.boolean {
            refuse(
                rewrite.position,
                "to has addresses only, so there is no name to send",
                "leave it out, or write the name of the service in to"
            )
        }
        let breaker = service["breaker"]
        let policy = ShortForm.loadBalancing.first { $0.word == service["loadBalancing"]?.text }
        return cluster(
            name,
            to.position,
            ClusterParts(
                type: isStatic ? "STATIC" : "STRICT_DNS",
                endpoints: endpoints,
                connectTimeout: service["connectTimeout"],
                policy: policy.flatMap { policy in
                    service["loadBalancing"].map { Nodes.text(policy.policy, $0.position) }
                },
                thresholds: thresholds(breaker, service["retries"], to.position),
                outliers: outliers(breaker),
                health: service["health"],
                protocolOptions: protocolOptions(service),
                transport: serverTransport(service, to)
            )
        )
    }

    // MARK: - Parts

    private func thresholds(
        _ breaker: ShortFormValue?,
        _ retries: ShortFormValue?,
        _ at: Position
    ) -> Node {
        Nodes.object(
            breaker?.position ?? at,
            [
                ("max_connections", number(breaker?["maxConnections"])),
                ("max_pending_requests", number(breaker?["maxPending"])),
                ("max_requests", number(breaker?["maxRequests"])),
                (
                    "retry_budget",
                    retries?["budget"].map { budget in
                        Nodes.object(
                            budget.position,
                            [
                                (
                                    "budget_percent",
                                    Nodes.object(
                                        budget.position,
                                        [("value", Nodes.number(budget.percent, budget.position))]
                                    )
                                ),
                                ("min_retry_concurrency", Nodes.number(Int64(3), budget.position)),
                            ]
                        )
                    }
                ),
            ]
        )
    }

    private func outliers(_ breaker: ShortFormValue?) -> Node? {
        guard let breaker else { return nil }
        guard let errors = breaker["consecutiveErrors"] else {
            for name in ["ejection", "maxEjected"] {
                if let value = breaker.given(name) {
                    refuse(
                        value.position,
                        "nothing is left out without consecutiveErrors",
                        "add it, or leave this out"
                    )
                }
            }
            return nil
        }
        return Nodes.object(
            errors.position,
            [
                ("consecutive_5xx", number(errors)),
                ("base_ejection_time", duration(breaker["ejection"])),
                (
                    "max_ejection_percent",
                    breaker["maxEjected"].map {
                        Nodes.number(Int64($0.percent.rounded()), $0.position)
                    }
                ),
                // Only what the form speaks of leads to an ejection.
                ("enforcing_success_rate", Nodes.number(Int64(0), errors.position)),
            ]
        )
    }

    private func healthCheck(_ health: ShortFormValue) -> Node {
        let at = health.position
        var check: (String, Node) = ("tcp_health_check", Nodes.object(at, []))
        if let path = health["path"] {
            let statuses = health["statuses"]?.elements.compactMap(statusRange) ?? []
            check = (
                "http_health_check",
                Nodes.object(
                    path.position,
                    [
                        ("path", Nodes.text(path.text, path.position)),
                        ("expected_statuses", Nodes.list(statuses, path.position)),
                    ]
                )
            )
        } else if let statuses = health.given("statuses") {
            refuse(
                statuses.position,
                "a connection has no status",
                "add path, or leave this out"
            )
        }
        return Nodes.object(
            at,
            [
                ("timeout", duration(health["timeout"])),
                ("interval", duration(health["interval"])),
                // Without this, what gets no requests is checked once a minute only.
                ("no_traffic_interval", duration(health["interval"])),
                ("unhealthy_threshold", number(health["unhealthyAfter"])),
                ("healthy_threshold", number(health["healthyAfter"])),
                (check.0, check.1),
            ]
        )
    }

    private func statusRange(_ value: ShortFormValue) -> Node? {
        let parts = value.text.split(separator: "-").compactMap { Int64($0) }
        guard let first = parts.first, let last = parts.last else { return nil }
        if first > last {
            refuse(
                value.position,
                "\(quoted(value.text)) ends before it begins",
                "write \(last)-\(first)"
            )
        }
        return Nodes.object(
            value.position,
            [
                ("start", Nodes.number(first, value.position)),
                ("end", Nodes.number(last + 1, value.position)),
            ]
        )
    }

    /// What differs between clusters.
    private struct ClusterParts {
        var type: String
        var endpoints: [Node]
        var connectTimeout: ShortFormValue?
        var policy: Node?
        var thresholds: Node
        var outliers: Node?
        var health: ShortFormValue?
        var panicThreshold: Int64?
        var protocolOptions: Node?
        var transport: Node?
    }

    private func cluster(_ name: String, _ at: Position, _ parts: ClusterParts) -> Node {
        let endpoints = parts.endpoints.map { address in
            let endpoint = Nodes.object(address.position, [("address", address)])
            return Nodes.object(address.position, [("endpoint", endpoint)])
        }
        let locality = Nodes.object(at, [("lb_endpoints", Nodes.list(endpoints, at))])
        return Nodes.object(
            at,
            [
                ("name", Nodes.text(name, at)),
                ("type", Nodes.text(parts.type, at)),
                ("connect_timeout", duration(parts.connectTimeout)),
                ("lb_policy", parts.policy),
                (
                    "load_assignment",
                    Nodes.object(
                        at,
                        [
                            ("cluster_name", Nodes.text(name, at)),
                            ("endpoints", Nodes.list([locality], at)),
                        ]
                    )
                ),
                (
                    "health_checks",
                    parts.health.map { Nodes.list([healthCheck($0)], $0.position) }
                ),
                (
                    "circuit_breakers",
                    Nodes.object(
                        parts.thresholds.position,
                        [
                            (
                                "thresholds",
                                Nodes.list([parts.thresholds], parts.thresholds.position)
                            )
                        ]
                    )
                ),
                ("outlier_detection", parts.outliers),
                ("typed_extension_protocol_options", parts.protocolOptions),
                ("transport_socket", parts.transport),
                (
                    "common_lb_config",
                    parts.panicThreshold.map { value in
                        let percent = Nodes.object(at, [("value", Nodes.number(value, at))])
                        return Nodes.object(at, [("healthy_panic_threshold", percent)])
                    }
                ),
            ]
        )
    }
}
