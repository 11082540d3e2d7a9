internal import Document

/// Listeners of the short form that relay bytes.
extension ShortFormTranslation {
    private static let type = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"

    /// A service that is no HTTP: it has a port of its own, since bytes name no host.
    mutating func addRelay(
        _ name: String,
        _ service: ShortFormValue,
        _ spec: ShortFormValue
    ) {
        let at = service.position
        refuseRequests(
            service,
            ["timeout", "retries", "rewriteHost", "websocket", "hosts"],
            "the service takes no requests"
        )
        guard let own = service["listen"] else {
            refuse(
                at,
                "bytes name no host, so the service needs a port of its own",
                "add listen, such as listen: 15020"
            )
            return
        }
        var target = ("cluster", Nodes.text(name, at))
        if service["split"] != nil, let shares = split(name, service) {
            target = ("weighted_clusters", shares)
        }
        var hash: Node?
        if let given = service["hashOn"] {
            if given.text != "source-ip" {
                refuse(
                    given.position,
                    "bytes have no \(given.text.prefix { $0 != ":" })",
                    "write hashOn: source-ip"
                )
            }
            let policy = [("source_ip", Nodes.object(given.position, []))]
            hash = Nodes.list([Nodes.object(given.position, policy)], given.position)
        }
        let relay = relay("outbound-\(name)", target, hash, spec, at)
        add(listener: listener("outbound-\(name)", own, relay, nil, spec, at))
    }

    /// The network filter.
    func relay(
        _ name: String,
        _ target: (String, Node),
        _ hash: Node?,
        _ spec: ShortFormValue,
        _ at: Position
    ) -> Node {
        Nodes.object(
            at,
            [
                ("name", Nodes.text(KnownFilters.tcpProxy, at)),
                (
                    "typed_config",
                    Nodes.any(
                        Self.type,
                        at,
                        [
                            ("stat_prefix", Nodes.text(name, at)),
                            (target.0, target.1),
                            ("idle_timeout", duration(limits(spec, at)?["idleTimeout"])),
                            ("hash_policy", hash),
                            ("access_log", accessLog(spec)),
                        ]
                    )
                ),
            ]
        )
    }

    /// Refuses what is said of requests where there are none.
    func refuseRequests(_ value: ShortFormValue, _ names: [String], _ what: String) {
        for name in names {
            guard let given = value.given(name) else { continue }
            refuse(given.position, "\(what): protocol is tcp", "leave it out")
        }
    }
}
