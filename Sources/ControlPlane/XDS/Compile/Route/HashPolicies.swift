internal import Document
internal import Model
internal import SwiftProtobuf

/// `RouteAction.HashPolicy`: what consistent hashing looks at.
extension Compilation {
    private typealias PolicyMessage = Envoy_Config_Route_V3_RouteAction.HashPolicy

    func hashPolicies(
        _ policies: [Envoy_Config_Route_V3_RouteAction.HashPolicy],
        _ path: FieldPath
    ) -> [HashPolicy] {
        if policies.count > 64 {
            refuse(path, "has \(policies.count) parts", "at most 64 are allowed")
            return []
        }
        return policies.enumerated().compactMap { index, policy in
            hashSource(policy, path[index]).map { HashPolicy($0, isTerminal: policy.terminal) }
        }
    }

    private func hashSource(_ policy: PolicyMessage, _ path: FieldPath) -> HashPolicy.Source? {
        switch policy.policySpecifier {
        case .header(let header):
            let path = path["header"]
            let name = headerName(header.headerName, path["header_name"], allowsPseudo: true)
            if !header.hasRegexRewrite { return name.map { .header($0, rewrite: nil) } }
            guard let rewrite = rewrite(header.regexRewrite, path["regex_rewrite"]), let name else {
                return nil
            }
            return .header(name, rewrite: rewrite)
        case .cookie(let cookie):
            return hashCookie(cookie, path["cookie"])
        case .connectionProperties(let properties):
            if properties.sourceIp { return .sourceIP }
            warn(
                path["connection_properties"],
                "has no effect without source_ip",
                "give source_ip: true"
            )
            return nil
        case .queryParameter(let parameter):
            if parameter.name.isEmpty {
                refuse(
                    path["query_parameter"]["name"],
                    "is empty",
                    "give the name of the query parameter"
                )
                return nil
            }
            return .queryParameter(ByteString(parameter.name))
        case nil:
            refuse(
                path,
                "says nothing to hash",
                "give one of header, cookie, connection_properties and query_parameter"
            )
            return nil
        }
    }

    private func hashCookie(
        _ cookie: PolicyMessage.Cookie,
        _ path: FieldPath
    ) -> HashPolicy.Source? {
        let start = problemCount
        let name = cookieText(cookie.name, path["name"], isName: true)
        let place = cookieText(cookie.path, path["path"], isName: false)
        var attributes = ""
        for (index, attribute) in cookie.attributes.enumerated() {
            let path = path["attributes"][index]
            _ = cookieText(attribute.name, path["name"], isName: true)
            _ = cookieText(attribute.value, path["value"], isName: false)
            attributes += "; " + attribute.name
            if !attribute.value.isEmpty { attributes += "=" + attribute.value }
        }
        var seconds: Int64?
        if cookie.hasTtl, let given = milliseconds(cookie.ttl, path["ttl"]) {
            seconds = given / 1_000
            if given % 1_000 != 0 {
                warn(
                    path["ttl"],
                    "a cookie lives for whole seconds, so this is \(given / 1_000) s",
                    "write whole seconds; 0s is for the session"
                )
            }
        } else if !cookie.path.isEmpty || !cookie.attributes.isEmpty {
            warn(
                path,
                "without a ttl no cookie is made, so path and attributes have no effect",
                "give ttl: 0s for a cookie of the session"
            )
        }
        guard problemCount == start else { return nil }
        return .cookie(
            HashPolicy.Cookie(
                name: name,
                ttlSeconds: seconds,
                path: place,
                attributes: ByteString(attributes)
            )
        )
    }

    /// Part of a `set-cookie` header: RFC 6265 section 4.1.1.
    private func cookieText(_ text: String, _ path: FieldPath, isName: Bool) -> ByteString {
        if text.isEmpty, isName {
            refuse(path, "is empty", "give a name")
        } else if let bad = text.utf8.first(where: {
            $0 < 0x20 || $0 >= 0x7f || $0 == UInt8(ascii: ";")
                || (isName && ($0 == 0x20 || "=,\"".utf8.contains($0)))
        }) {
            let what =
                bad > 0x20 && bad < 0x7f
                ? "a \(quoted(String(UnicodeScalar(bad))))" : "a space or control character"
            refuse(path, "\(quoted(text)) contains \(what)", "a cookie would end or break there")
        }
        return ByteString(text)
    }

    /// Says so, when all clusters are known, where a hash is made for a cluster that does not look
    /// at it.
    func warnOfUnusedHash(
        _ policies: [HashPolicy],
        _ destination: ForwardAction.Destination,
        _ path: FieldPath
    ) {
        if policies.isEmpty { return }
        var names: [String] = []
        switch destination {
        case .cluster(let name): names = [name]
        case .header: return
        case .weighted(let weighted):
            // The hash may choose the cluster, then it has its effect.
            if weighted.usesHash { return }
            for entry in weighted.entries {
                if case .literal(let name) = entry.name { names.append(name) }
            }
        }
        laterChecks.append { [self] hashing in
            let known = names.filter { clusterNameSet.contains($0) }
            guard let first = known.first, !known.contains(where: { hashing.contains($0) }) else {
                return
            }
            warn(
                path,
                "has no effect: cluster \(quoted(first)) does not balance by hash",
                "give the cluster lb_policy: RING_HASH or MAGLEV"
            )
        }
    }
}
