internal import Document
internal import SwiftProtobuf

/// A section of the dump, and what its fields may be.
struct DumpSection {
    let shape: MessageShape
    /// Without the secrets that the configuration has.
    let tree: JSONTree

    init(shape: MessageShape, tree: JSONTree) {
        self.shape = shape
        self.tree = tree.redacted
    }
}

/// The sections of `/config_dump`, in Envoy's order.
struct DumpSections {
    private let bootstrap: Envoy_Config_Bootstrap_V3_Bootstrap
    private let lastUpdated: JSONTree.Member

    init(_ bootstrap: Envoy_Config_Bootstrap_V3_Bootstrap, loadedAt: Int64) {
        self.bootstrap = bootstrap
        lastUpdated = .init(name: "last_updated", value: .text(TimestampText.utc(loadedAt)))
    }

    /// - Parameter nameMatches: which clusters, listeners and route tables are shown.
    func all(includesEndpoints: Bool, nameMatches: (String) -> Bool) -> [DumpSection] {
        let statics = bootstrap.staticResources
        let clusters = statics.clusters.filter { nameMatches($0.name) }
        var sections = [
            DumpSection(
                shape: .bootstrapDump,
                tree: .object([
                    .init(name: "bootstrap", value: MessageTree.tree(bootstrap)), lastUpdated,
                ])
            ),
            section(
                .clustersDump,
                "static_clusters",
                clusters.map { resource("cluster", $0) }
            ),
        ]
        if includesEndpoints {
            let assignments = clusters.filter(\.hasLoadAssignment).map { cluster in
                var assignment = cluster.loadAssignment
                if assignment.clusterName.isEmpty { assignment.clusterName = cluster.name }
                return resource("endpoint_config", assignment)
            }
            sections.append(section(.endpointsDump, "static_endpoint_configs", assignments))
        }
        sections.append(
            section(
                .listenersDump,
                "static_listeners",
                statics.listeners.filter { nameMatches($0.name) }.map { resource("listener", $0) }
            )
        )
        sections.append(
            section(
                .routesDump,
                "static_route_configs",
                statics.listeners.flatMap(Self.tables).filter { nameMatches($0.name) }
                    .map { resource("route_config", $0) }
            )
        )
        return sections
    }

    private func section(
        _ shape: MessageShape,
        _ name: String,
        _ resources: [JSONTree]
    ) -> DumpSection {
        DumpSection(
            shape: shape,
            tree: .object(resources.isEmpty ? [] : [.init(name: name, value: .list(resources))])
        )
    }

    private func resource<M: Message>(_ name: String, _ message: M) -> JSONTree {
        var members: [JSONTree.Member] = [
            .init(name: "@type", value: .text("type.googleapis.com/\(M.protoMessageName)"))
        ]
        if case .object(let fields) = MessageTree.tree(message) { members += fields }
        return .object([.init(name: name, value: .object(members)), lastUpdated])
    }

    /// The route tables of every connection manager of a listener.
    private static func tables(
        _ listener: Envoy_Config_Listener_V3_Listener
    ) -> [Envoy_Config_Route_V3_RouteConfiguration] {
        var chains = listener.filterChains
        if listener.hasDefaultFilterChain { chains.append(listener.defaultFilterChain) }
        return chains.flatMap(\.filters).compactMap { filter in
            guard case .typedConfig(let any) = filter.configType,
                let manager = try? Compilation.ManagerMessage(unpackingAny: any),
                case .routeConfig(let table) = manager.routeSpecifier
            else { return nil }
            return table
        }
    }
}

/// Times as RFC 3339 writes them.
enum TimestampText {
    /// Seconds since 1970 as `2026-11-21T08:35:21Z`.
    static func utc(_ seconds: Int64) -> String {
        // Ten thousand years are what the form can hold.
        let seconds = min(max(seconds, 0), 253_402_300_799)
        let (days, rest) = seconds.quotientAndRemainder(dividingBy: 86_400)
        // The civil calendar in eras of 400 years, which begin on the first of March.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let day = shifted % 146_097
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365
        let dayOfYear = day - (365 * year + year / 4 - year / 100)
        let month = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * month + 2) / 5 + 1
        let civilMonth = month < 10 ? month + 3 : month - 9
        let civilYear = year + era * 400 + (civilMonth <= 2 ? 1 : 0)
        return "\(civilYear)-\(two(civilMonth))-\(two(dayOfMonth))T"
            + "\(two(rest / 3_600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
    }

    private static func two(_ value: Int64) -> String {
        value < 10 ? "0\(value)" : "\(value)"
    }
}

/// Keys and passwords are on no page: what stands in the configuration itself is covered up.
extension JSONTree {
    /// The fields of TLS that hold secrets, wherever they are (`udpa.annotations.sensitive`).
    private static let secretFields: Set<String> = [
        "private_key", "pkcs12", "password", "session_ticket_keys", "generic_secret",
    ]
    /// The ways in which a `DataSource` holds bytes; a path and a variable's name are no secret.
    private static let contents: Set<String> = ["inline_string", "inline_bytes"]
    private static let cover = "[redacted]"
    /// The same in base64, as bytes are written.
    private static let coverOfBytes = "W3JlZGFjdGVkXQ=="

    /// The tree with `[redacted]` in place of secrets, as Envoy prints it.
    var redacted: JSONTree { redacted(isSecret: false) }

    private func redacted(isSecret: Bool) -> JSONTree {
        switch self {
        case .list(let values): .list(values.map { $0.redacted(isSecret: isSecret) })
        case .object(let members):
            .object(
                members.map { member in
                    if isSecret, Self.contents.contains(member.name) {
                        let isBytes = member.name == "inline_bytes"
                        let text = isBytes ? Self.coverOfBytes : Self.cover
                        return Member(name: member.name, value: .text(text))
                    }
                    let holdsSecret = isSecret || Self.secretFields.contains(member.name)
                    return Member(
                        name: member.name,
                        value: member.value.redacted(isSecret: holdsSecret)
                    )
                }
            )
        case .text, .literal: self
        }
    }
}
