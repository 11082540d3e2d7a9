internal import Document

/// Filter chains in words: what is looked at first, which connections, where bytes go.
extension SummaryLines {
    /// What happens before a chain is chosen.
    mutating func addInspection(of listener: ConfigurationFact) {
        if listener["use_original_dst"]?.bare == "true" {
            add("redirected connections go to the listener with their address", indent: 1)
        }
        if listener["transparent"]?.bare == "true" {
            add("connections to any address are taken", indent: 1)
        }
        let filters = listener["listener_filters"]?.elements ?? []
        for filter in filters {
            let config = filter["typed_config"]
            let name = filter["name"]?.text ?? ""
            add(Self.inspections[name] ?? "listener filter \(name)", indent: 1)
            if config?["allow_requests_without_proxy_protocol"]?.bare == "true" {
                add("connections without the header are taken too", indent: 2)
            }
            if filter["filter_disabled"] != nil {
                add("but not for some ports", indent: 2)
            }
        }
        if !filters.isEmpty {
            add(
                "that takes up to",
                listener["listener_filters_timeout"],
                default: "15s",
                indent: 1
            )
        }
    }

    private static let inspections = [
        "envoy.filters.listener.tls_inspector":
            "the names and protocols of TLS are looked at first",
        "envoy.filters.listener.http_inspector": "the version of HTTP is looked at first",
        "envoy.filters.listener.original_dst": "where redirected connections wanted to go is known",
        "envoy.filters.listener.original_src": "endpoints see the address of the client",
        "envoy.filters.listener.proxy_protocol": "the header of the PROXY protocol is read first",
    ]

    mutating func addChain(_ chain: ConfigurationFact, isAlone: Bool) {
        let match = chain["filter_chain_match"]
        let conditions = Self.conditions(match)
        if isAlone, conditions.isEmpty {
            addContents(of: chain)
            return
        }
        let name = chain["name"].map { " (\($0.text))" } ?? ""
        add(
            (conditions.isEmpty ? "every connection" : "connections \(conditions)") + name,
            indent: 1
        )
        depth = 1
        addContents(of: chain)
        depth = 0
    }

    private static func conditions(_ match: ConfigurationFact?) -> String {
        guard let match, case .object(let members) = match.tree else { return "" }
        return members.map { member in
            let value = ConfigurationFact.words(member.value)
            return switch member.name {
            case "destination_port": "to port \(value)"
            case "prefix_ranges": "to \(ranges(match[member.name]))"
            case "server_names": "that ask for \(value)"
            case "transport_protocol": value == "tls" ? "over TLS" : "in clear"
            case "application_protocols": "that speak \(value)"
            case "direct_source_prefix_ranges": "directly from \(ranges(match[member.name]))"
            case "source_prefix_ranges": "from \(ranges(match[member.name]))"
            case "source_ports": "from port \(value)"
            case "source_type":
                switch value {
                case "SAME_IP_OR_LOOPBACK": "from this machine"
                case "EXTERNAL": "from other machines"
                default: "from anywhere"
                }
            default: "\(member.name) \(value)"
            }
        }
        .joined(separator: " and ")
    }

    private static func ranges(_ ranges: ConfigurationFact?) -> String {
        (ranges?.elements ?? []).map { range in
            "\(range["address_prefix"]?.text ?? "")/\(range["prefix_len"]?.bare ?? "0")"
        }
        .joined(separator: ", ")
    }

    // MARK: - What connections speak

    /// `TcpProxy`.
    mutating func addRelay(_ proxy: ConfigurationFact) {
        var target = "to cluster \(proxy["cluster"]?.text ?? "")"
        if let clusters = proxy["weighted_clusters"]?["clusters"]?.elements {
            target = clusters.map { "\($0["weight"]?.bare ?? "0") to \($0["name"]?.text ?? "")" }
                .joined(separator: ", ")
        }
        add("every byte: \(target)", indent: 1)
        add(
            "connections where nothing moves are closed after",
            proxy["idle_timeout"],
            default: "3600s",
            indent: 2
        )
        if let most = proxy["max_downstream_connection_duration"] {
            add("and all after \(most.words)", indent: 2)
        }
        add("endpoints that are tried:", proxy["max_connect_attempts"], default: "1", indent: 2)
    }

    /// Versions of HTTP and other protocols of a connection manager.
    mutating func addProtocols(of manager: ConfigurationFact) {
        switch manager["codec_type"]?.text {
        case "HTTP1": add("clients speak HTTP/1", indent: 1)
        case "HTTP2": add("clients speak HTTP/2", indent: 1)
        default: add("clients speak HTTP/1 or HTTP/2 (default)", indent: 1)
        }
        if let options = manager["http2_protocol_options"] {
            add(
                "streams of an HTTP/2 connection at the same time:",
                options["max_concurrent_streams"],
                default: "1024",
                indent: 2
            )
        }
        for upgrade in manager["upgrade_configs"]?.elements ?? [] {
            add(Self.words(of: upgrade), indent: 1)
        }
        switch manager["forward_client_cert_details"]?.text {
        case "FORWARD_ONLY": add("x-forwarded-client-cert is relayed over mutual TLS", indent: 1)
        case "APPEND_FORWARD": add("the client's certificate is told beside others", indent: 1)
        case "SANITIZE_SET": add("the client's certificate is told to the app", indent: 1)
        case "ALWAYS_FORWARD_ONLY": add("x-forwarded-client-cert is relayed", indent: 1)
        default: break
        }
    }

    /// One protocol that requests may switch to, or may not.
    static func words(of upgrade: ConfigurationFact) -> String {
        let name = upgrade["upgrade_type"]?.text ?? ""
        if upgrade["enabled"]?.bare == "false" { return "no upgrade to \(name)" }
        if upgrade["connect_config"] != nil { return "\(name) ends here, its bytes go on as TCP" }
        return name.lowercased() == "connect" ? "\(name) is relayed" : "upgrades to \(name)"
    }
}
