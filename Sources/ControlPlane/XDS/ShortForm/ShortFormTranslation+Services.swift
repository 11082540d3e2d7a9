internal import Document

/// Routes of the short form to services: timeouts, retries, hashes and splits.
extension ShortFormTranslation {
    private static let hashing: Set<String> = ["ringHash", "maglev"]

    /// What the one route to a service does.
    func action(_ name: String, _ service: ShortFormValue) -> Node {
        let at = service.position
        return Nodes.object(
            at,
            [
                ("cluster", service["split"] == nil ? Nodes.text(name, at) : nil),
                ("weighted_clusters", split(name, service)),
                ("timeout", duration(service["timeout"])),
                ("upgrade_configs", upgrades(service)),
                ("retry_policy", retryPolicy(service)),
                ("hash_policy", hashPolicy(service)),
                (
                    "auto_host_rewrite",
                    service["rewriteHost"].flatMap {
                        $0.boolean ? Nodes.boolean(true, $0.position) : nil
                    }
                ),
            ]
        )
    }

    func split(_ name: String, _ service: ShortFormValue) -> Node? {
        guard let split = service["split"] else { return nil }
        let at = split.position
        let versions = service["to"]?.members.map(\.key) ?? []
        guard !versions.isEmpty else {
            refuse(
                at,
                "there are no versions to split between",
                "name them in to, such as to: {v1: payments-v1:8080, v2: payments-v2:8080}"
            )
            return nil
        }
        for (version, share) in split.members where !versions.contains(version) {
            refuse(
                share.position,
                "to has no version \(quoted(version))",
                didYouMean(
                    version,
                    among: versions,
                    otherwise: "its versions: \(versions.joined(separator: ", "))"
                )
            )
        }
        let total = split.members.reduce(0) { $0 + $1.value.integer }
        if total != 100 {
            refuse(at, "the shares come to \(total), not to 100", "they are percentages")
        }
        let choices = split.members.map { version, share in
            Nodes.object(
                share.position,
                [
                    ("name", Nodes.text("\(name).\(version)", share.position)),
                    ("weight", Nodes.number(share.integer, share.position)),
                ]
            )
        }
        return Nodes.object(at, [("clusters", Nodes.list(choices, at))])
    }

    // MARK: - Retries

    private func retryPolicy(_ service: ShortFormValue) -> Node? {
        guard let retries = service["retries"], let attempts = retries["attempts"] else {
            return nil
        }
        let at = retries.position
        let timeout = service["timeout"]
        if let perTry = retries["perTry"], let timeout, timeout.nanoseconds > 0,
            perTry.nanoseconds > timeout.nanoseconds
        {
            refuse(
                perTry.position,
                "one attempt may take \(ShortFormUnits.duration(perTry.nanoseconds)), but all of "
                    + "them together only \(ShortFormUnits.duration(timeout.nanoseconds))",
                "shorten it, or lengthen the timeout"
            )
        }
        let on = retries["on"]
        var conditions = on?.elements.map(\.text) ?? []
        let statuses = retries["statuses"]?.elements ?? []
        if !statuses.isEmpty { conditions.append("retriable-status-codes") }
        let backOff = retries.given("backOff")
        return Nodes.object(
            at,
            [
                (
                    "retry_on",
                    Nodes.text(conditions.joined(separator: ","), on?.position ?? at)
                ),
                ("num_retries", Nodes.number(attempts.integer, attempts.position)),
                ("per_try_timeout", duration(retries["perTry"])),
                (
                    "retriable_status_codes",
                    statuses.isEmpty
                        ? nil
                        : Nodes.list(
                            statuses.map { Nodes.number($0.integer, $0.position) },
                            statuses[0].position
                        )
                ),
                (
                    "retry_back_off",
                    backOff.map { value in
                        Nodes.object(value.position, [("base_interval", duration(value))])
                    }
                ),
                ("retry_host_predicate", Nodes.list([otherEndpoint(at)], at)),
                ("host_selection_retry_max_attempts", Nodes.number(Int64(3), at)),
            ]
        )
    }

    /// A retry goes to another endpoint than the attempts before, where there is one.
    private func otherEndpoint(_ at: Position) -> Node {
        Nodes.named(
            "envoy.retry_host_predicates.previous_hosts",
            "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
            at
        )
    }

    // MARK: - Hashes

    private func hashPolicy(_ service: ShortFormValue) -> Node? {
        let balancing = service["loadBalancing"]
        let isHashing = Self.hashing.contains(balancing?.text ?? "")
        guard let hash = service["hashOn"] else {
            if isHashing, let balancing {
                refuse(
                    balancing.position,
                    "\(balancing.text) has nothing to hash",
                    "add hashOn, such as hashOn: header:x-user"
                )
            }
            return nil
        }
        let at = hash.position
        if !isHashing {
            refuse(
                at,
                "\(balancing?.text ?? "the balancer") does not hash",
                "add loadBalancing: ringHash or maglev"
            )
        }
        let parts = hash.text.split(separator: ":", maxSplits: 1).map(String.init)
        let name = Nodes.text(parts.count > 1 ? parts[1] : "", at)
        let source: (String, Node)
        switch parts.first {
        case "header": source = ("header", Nodes.object(at, [("header_name", name)]))
        case "cookie": source = ("cookie", Nodes.object(at, [("name", name)]))
        case "query": source = ("query_parameter", Nodes.object(at, [("name", name)]))
        default:
            source = (
                "connection_properties",
                Nodes.object(at, [("source_ip", Nodes.boolean(true, at))])
            )
        }
        return Nodes.list([Nodes.object(at, [(source.0, source.1)])], at)
    }
}
