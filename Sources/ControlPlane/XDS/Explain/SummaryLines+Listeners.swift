internal import Document

/// Listeners and routes in words.
extension SummaryLines {
    mutating func addListener(_ listener: ConfigurationFact, limit: String?) {
        let name = listener["name"]?.text ?? "without a name"
        add("")
        add("listener \(name) at \(listener["address"]?.address ?? "no address")")
        for other in listener["additional_addresses"]?.elements ?? [] {
            add("also at \(other["address"]?.address ?? "")", indent: 1)
        }
        add(
            limit.map { "at most \($0) connections" }
                ?? "connections: as many as the process may open (default)",
            indent: 1
        )
        addInspection(of: listener)
        let chains = listener["filter_chains"]?.elements ?? []
        for chain in chains {
            addChain(chain, isAlone: chains.count == 1 && listener["default_filter_chain"] == nil)
        }
        if let other = listener["default_filter_chain"] {
            if !chains.isEmpty { add("all other connections", indent: 1) }
            depth = chains.isEmpty ? 0 : 1
            addContents(of: other)
            depth = 0
        }
    }

    mutating func addContents(of chain: ConfigurationFact) {
        addTransport(of: chain)
        for filter in chain["filters"]?.elements ?? [] {
            switch filter["typed_config"] {
            case let config? where config.isA("TcpProxy"): addRelay(config)
            case let config? where config["stat_prefix"] != nil: addManager(config)
            default: add("filter \(filter["name"]?.text ?? "")", indent: 1)
            }
        }
    }

    private mutating func addManager(_ manager: ConfigurationFact) {
        let common = manager["common_http_protocol_options"]
        addProtocols(of: manager)
        add(
            "a request head takes up to",
            manager["request_headers_timeout"],
            default: "10s",
            indent: 1
        )
        add("and up to KiB:", manager["max_request_headers_kb"], default: "60", indent: 1)
        add("nothing moves for up to", manager["stream_idle_timeout"], default: "300s", indent: 1)
        add(
            "idle connections are closed after",
            common?["idle_timeout"],
            default: "3600s",
            indent: 1
        )
        let logs = (manager["access_log"]?.elements ?? []).map { log in
            log["typed_config"]?["path"]?.text ?? log["name"]?.text ?? ""
        }
        add(
            logs.isEmpty
                ? "no access log (default)" : "access log: \(logs.joined(separator: ", "))",
            indent: 1
        )
        for filter in (manager["http_filters"]?.elements ?? []).dropLast() {
            add("filter \(filter["name"]?.text ?? "")", indent: 1)
        }
        for host in manager["route_config"]?["virtual_hosts"]?.elements ?? [] {
            add("host \(host["domains"]?.bare ?? "")", indent: 1)
            for route in host["routes"]?.elements ?? [] { addRoute(route, of: host) }
        }
    }

    private mutating func addRoute(_ route: ConfigurationFact, of host: ConfigurationFact) {
        add("\(Self.condition(route["match"])): \(Self.target(route))", indent: 2)
        guard let action = route["route"] else { return }
        for upgrade in action["upgrade_configs"]?.elements ?? [] {
            add(Self.words(of: upgrade), indent: 3)
        }
        let timeout = action["timeout"]
        if timeout?.text == "0s" {
            add("no timeout", indent: 3)
        } else {
            add("timeout", timeout, default: "15s", indent: 3)
        }
        guard let retries = action["retry_policy"] ?? host["retry_policy"],
            let conditions = retries["retry_on"]
        else {
            add("no retries (default)", indent: 3)
            return
        }
        let count = retries["num_retries"]?.words ?? "1 (default)"
        add("retries: \(count), on \(conditions.words)", indent: 3)
        if let statuses = retries["retriable_status_codes"] {
            add("and on the statuses \(statuses.bare)", indent: 4)
        }
        add(
            "each attempt takes up to",
            retries["per_try_timeout"],
            default: "the whole timeout",
            indent: 4
        )
        let backOff = retries["retry_back_off"]?["base_interval"]
        add("the first pause is up to", backOff, default: "0.025s", indent: 4)
        if retries["retry_host_predicate"] != nil {
            add("a retry prefers an endpoint that was not tried", indent: 4)
        }
    }

    /// Which requests: `requests with path /a and …`.
    private static func condition(_ match: ConfigurationFact?) -> String {
        guard let match, case .object(let members) = match.tree else { return "every request" }
        if members == [.init(name: "prefix", value: .text("/"))] { return "every request" }
        return "requests with "
            + members.map { member in
                let value = ConfigurationFact.words(member.value)
                return switch member.name {
                case "connect_matcher": "the method CONNECT"
                case "grpc": "a content type of gRPC"
                case "safe_regex": "a path like \(member.value["regex"]?.text ?? "")"
                case "headers": "the headers \(value)"
                case "query_parameters": "the query \(value)"
                default: "\(member.name) \(value)"
                }
            }
            .joined(separator: " and ")
    }

    /// What happens to them.
    private static func target(_ route: ConfigurationFact) -> String {
        if let action = route["route"] {
            if let clusters = action["weighted_clusters"]?["clusters"]?.elements {
                return clusters.map { "\($0["weight"]?.bare ?? "0") to \($0["name"]?.text ?? "")" }
                    .joined(separator: ", ")
            }
            if let header = action["cluster_header"] {
                return "to the cluster that the header \(header.text) names"
            }
            return "to cluster \(action["cluster"]?.text ?? "")"
        }
        if let answer = route["direct_response"] {
            return "answered with \(answer["status"]?.bare ?? "")"
        }
        if let redirect = route["redirect"] { return "redirected, \(redirect.bare)" }
        return "an action of its own"
    }
}
