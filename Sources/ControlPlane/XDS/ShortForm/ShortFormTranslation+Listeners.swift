internal import Document
internal import Model

/// Listeners of the short form, with their routes and logs.
extension ShortFormTranslation {
    private static let extensions = "envoy.extensions"
    private static let manager =
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"

    mutating func addInbound(_ spec: ShortFormValue) {
        guard let app = spec["app"] else { return }
        // Where nothing is said of it, its defaults hold.
        guard let inbound = spec["inbound"] ?? Self.standard(spec, "inbound", app.position) else {
            return
        }
        addApp(app, inbound)
        let at = inbound.position
        let transport = inbound["tls"].map { clientTransport($0, app) }
        if app["protocol"]?.text == "tcp" {
            refuseRequests(inbound, ["timeout", "websocket"], "the application takes no requests")
            let relay = relay(
                "inbound",
                ("cluster", Nodes.text("app", app.position)),
                nil,
                spec,
                at
            )
            add(listener: listener("inbound", inbound["listen"], relay, transport, spec, at))
            return
        }
        let route = Nodes.object(
            at,
            [
                ("match", Nodes.object(at, [("prefix", Nodes.text("/", at))])),
                (
                    "route",
                    Nodes.object(
                        at,
                        [
                            ("cluster", Nodes.text("app", app.position)),
                            ("timeout", duration(inbound["timeout"])),
                            ("upgrade_configs", upgrades(inbound)),
                        ]
                    )
                ),
            ]
        )
        let host = virtualHost("app", ["*"], route, at)
        var extras = ManagerParts()
        extras.countsGRPC = app["protocol"]?.text == "grpc"
        extras.tellsCertificates = inbound["tls"]?["clientCA"] != nil
        let manager = manager("inbound", [host], extras, spec, at)
        add(listener: listener("inbound", inbound["listen"], manager, transport, spec, at))
    }

    mutating func addOutbound(
        _ spec: ShortFormValue,
        _ services: [(key: String, value: ShortFormValue)]
    ) {
        var hosts: [Node] = []
        var shared = ManagerParts()
        for (name, service) in services {
            let at = service.position
            if name == "app", spec["app"] != nil {
                refuse(at, "the name is that of the application", "give the service another name")
                continue
            }
            addClusters(name, service)
            if service["protocol"]?.text == "tcp" {
                addRelay(name, service, spec)
                continue
            }
            let isGRPC = service["protocol"]?.text == "grpc"
            let route = Nodes.object(
                at,
                [
                    ("match", Nodes.object(at, [("prefix", Nodes.text("/", at))])),
                    ("route", action(name, service)),
                ]
            )
            guard let own = service["listen"] else {
                shared.countsGRPC = shared.countsGRPC || isGRPC
                let names = [name] + (service["hosts"]?.elements.map(\.text) ?? [])
                hosts.append(virtualHost(name, names.flatMap(Self.domains), route, at))
                continue
            }
            if let hosts = service["hosts"] {
                refuse(
                    hosts.position,
                    "the service has a port of its own, where every host leads to it",
                    "leave out hosts or listen"
                )
            }
            let host = virtualHost(name, ["*"], route, at)
            let parts = ManagerParts(countsGRPC: isGRPC)
            let manager = manager("outbound-\(name)", [host], parts, spec, at)
            add(listener: listener("outbound-\(name)", own, manager, nil, spec, at))
        }
        if let listen = spec["outboundListen"], !hosts.isEmpty {
            var listen = listen
            if !listen.isGiven { listen.position = spec["outbound"]?.position ?? spec.position }
            let at = listen.position
            let manager = manager("outbound", hosts, shared, spec, at)
            add(listener: listener("outbound", listen, manager, nil, spec, at))
        }
    }

    /// A host with and without a port: clients send the port unless it is that of the scheme.
    private static func domains(_ name: String) -> [String] {
        // A wildcard stands at one end only.
        name.hasPrefix("*") ? [name] : [name, "\(name):*"]
    }

    /// The value of an object that is not given, from the defaults of its fields.
    static func standard(
        _ object: ShortFormValue,
        _ name: String,
        _ position: Node.Position
    ) -> ShortFormValue? {
        guard case .object(_, let fields) = object.content,
            let field = fields.first(where: { $0.name == name })
        else { return nil }
        let empty = Node(content: .mapping([]), position: position)
        let reader = ShortFormReader(
            decoding: Decoding(file: "defaults", sources: SourceMap())
        )
        return reader.read(empty, as: field.kind, at: .root, position)
    }

    func duration(_ value: ShortFormValue?) -> Node? {
        value.map { Nodes.duration($0.nanoseconds, $0.position) }
    }

    func number(_ value: ShortFormValue?) -> Node? {
        value.map { Nodes.number($0.integer, $0.position) }
    }

    private func virtualHost(
        _ name: String,
        _ domains: [String],
        _ route: Node,
        _ at: Node.Position
    ) -> Node {
        Nodes.object(
            at,
            [
                ("name", Nodes.text(name, at)),
                ("domains", Nodes.list(domains.map { Nodes.text($0, at) }, at)),
                ("routes", Nodes.list([route], at)),
            ]
        )
    }

    // MARK: - One listener

    func listener(
        _ name: String,
        _ listen: ShortFormValue?,
        _ filter: Node,
        _ transport: Node?,
        _ spec: ShortFormValue,
        _ at: Node.Position
    ) -> Node {
        let limits = limits(spec, at)
        let chain = Nodes.object(
            at,
            [("filters", Nodes.list([filter], at)), ("transport_socket", transport)]
        )
        let buffer = limits?["bufferSize"]
        return Nodes.object(
            at,
            [
                ("name", Nodes.text(name, at)),
                ("address", listen.flatMap(address)),
                (
                    "per_connection_buffer_limit_bytes",
                    buffer.map { Nodes.number($0.bytes, $0.position) }
                ),
                ("filter_chains", Nodes.list([chain], at)),
            ]
        )
    }

    /// What differs between connection managers.
    private struct ManagerParts {
        var countsGRPC = false
        var tellsCertificates = false
    }

    func limits(_ spec: ShortFormValue, _ at: Node.Position) -> ShortFormValue? {
        spec["limits"] ?? Self.standard(spec, "limits", at)
    }

    /// `upgrade_configs` of a route, where it may switch to WebSocket.
    func upgrades(_ value: ShortFormValue) -> Node? {
        guard let websocket = value["websocket"], websocket.boolean else { return nil }
        let at = websocket.position
        let upgrade = Nodes.object(at, [("upgrade_type", Nodes.text("websocket", at))])
        return Nodes.list([upgrade], at)
    }

    private func manager(
        _ name: String,
        _ hosts: [Node],
        _ parts: ManagerParts,
        _ spec: ShortFormValue,
        _ at: Node.Position
    ) -> Node {
        Nodes.object(
            at,
            [
                ("name", Nodes.text(KnownFilters.connectionManager, at)),
                (
                    "typed_config",
                    connectionManager(name, hosts, parts, limits(spec, at), spec, at)
                ),
            ]
        )
    }

    private func connectionManager(
        _ name: String,
        _ hosts: [Node],
        _ parts: ManagerParts,
        _ limits: ShortFormValue?,
        _ spec: ShortFormValue,
        _ at: Node.Position
    ) -> Node {
        let head = limits?["headSize"]
        let router = Nodes.named(
            KnownFilters.router,
            "\(Self.extensions).filters.http.router.v3.Router",
            at
        )
        let counting = Nodes.named(
            "envoy.filters.http.grpc_stats",
            "\(Self.extensions).filters.http.grpc_stats.v3.FilterConfig",
            at
        )
        let told = Nodes.object(
            at,
            ["subject", "dns", "uri"].map { ($0, Nodes.boolean(true, at)) }
        )
        return Nodes.any(
            Self.manager,
            at,
            [
                ("stat_prefix", Nodes.text(name, at)),
                (
                    "http_protocol_options",
                    Nodes.object(
                        at,
                        [
                            ("accept_http_10", Nodes.boolean(true, at)),
                            ("default_host_for_http_10", Nodes.text("app", at)),
                        ]
                    )
                ),
                (
                    "common_http_protocol_options",
                    Nodes.object(
                        at,
                        [
                            ("idle_timeout", duration(limits?["idleTimeout"])),
                            ("max_headers_count", number(limits?["headerCount"])),
                        ]
                    )
                ),
                (
                    "max_request_headers_kb",
                    head.map { Nodes.number(($0.bytes + 1_023) / 1_024, $0.position) }
                ),
                ("request_headers_timeout", duration(limits?["headTimeout"])),
                ("stream_idle_timeout", duration(limits?["streamIdleTimeout"])),
                (
                    "route_config",
                    Nodes.object(
                        at,
                        [
                            ("name", Nodes.text(name, at)),
                            ("virtual_hosts", Nodes.list(hosts, at)),
                        ]
                    )
                ),
                ("http_filters", Nodes.list(parts.countsGRPC ? [counting, router] : [router], at)),
                (
                    "forward_client_cert_details",
                    parts.tellsCertificates ? Nodes.text("SANITIZE_SET", at) : nil
                ),
                ("set_current_client_cert_details", parts.tellsCertificates ? told : nil),
                ("access_log", accessLog(spec)),
            ]
        )
    }

    // MARK: - Logs

    func accessLog(_ spec: ShortFormValue) -> Node? {
        guard let logs = spec["logs"], let path = logs["path"] else { return nil }
        let at = logs.position
        let isJSON = logs["format"]?.text == "json"
        let fields = Nodes.object(
            at,
            Self.logFields.map { ($0.name, Nodes.text($0.format, at)) }
        )
        let log = Nodes.object(
            at,
            [
                ("name", Nodes.text("envoy.access_loggers.file", at)),
                (
                    "typed_config",
                    Nodes.any(
                        "\(Self.extensions).access_loggers.file.v3.FileAccessLog",
                        at,
                        [
                            ("path", Nodes.text(path.text, path.position)),
                            (
                                "log_format",
                                isJSON ? Nodes.object(at, [("json_format", fields)]) : nil
                            ),
                        ]
                    )
                ),
            ]
        )
        return Nodes.list([log], at)
    }

    /// What a line in JSON holds.
    static let logFields: [(name: String, format: String)] = [
        ("time", "%START_TIME%"),
        ("method", "%REQ(:METHOD)%"),
        ("authority", "%REQ(:AUTHORITY)%"),
        ("path", "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"),
        ("protocol", "%PROTOCOL%"),
        ("status", "%RESPONSE_CODE%"),
        ("flags", "%RESPONSE_FLAGS%"),
        ("details", "%RESPONSE_CODE_DETAILS%"),
        ("bytes_received", "%BYTES_RECEIVED%"),
        ("bytes_sent", "%BYTES_SENT%"),
        ("duration_ms", "%DURATION%"),
        ("client", "%DOWNSTREAM_REMOTE_ADDRESS%"),
        ("request_id", "%REQ(X-REQUEST-ID)%"),
        ("cluster", "%UPSTREAM_CLUSTER%"),
        ("endpoint", "%UPSTREAM_HOST%"),
    ]
}
