internal import Document

/// `google.protobuf.FieldMask`: names of fields, with dots for those inside, separated by commas.
struct FieldMask {
    private let paths: [[Substring]]

    init(_ text: String) {
        paths = text.split(separator: ",").map {
            $0.split(separator: ".", omittingEmptySubsequences: false)
        }
    }

    /// What is left of a message; nil where a path names no field of it, or goes through a list.
    func apply(to tree: JSONTree, _ shape: MessageShape) -> JSONTree? {
        for path in paths where !shape.contains(path[...]) { return nil }
        return Self.trim(tree, paths.map { $0[...] })
    }

    private static func trim(_ tree: JSONTree, _ paths: [ArraySlice<Substring>]) -> JSONTree {
        guard case .object(let members) = tree else { return tree }
        return .object(
            members.compactMap { member in
                // The type of a message inside an Any is no field of it.
                if member.name == "@type" { return member }
                let inner = paths.filter { $0.first.map { $0 == member.name } ?? false }
                    .map { $0.dropFirst() }
                if inner.isEmpty { return nil }
                if inner.contains(where: \.isEmpty) { return member }
                return .init(name: member.name, value: trim(member.value, inner))
            }
        )
    }
}

/// The fields that a message has, whether they are set or not.
struct MessageShape {
    struct Field {
        var isList: Bool
        /// Of messages; nil for scalars and for messages that are not described.
        var shape: MessageShape?
    }

    /// The full name of the message.
    private let name: String
    /// Fields that stand in no description, since the messages of the admin interface are not in it.
    private let own: [String: Field]

    var typeURL: String { "type.googleapis.com/\(name)" }

    private init(_ name: String, own: [String: Field] = [:]) {
        self.name = name
        self.own = own
    }

    func field(_ name: some StringProtocol) -> Field? {
        if let field = own[String(name)] { return field }
        guard let description = APIDescription.shared.messages[self.name] else { return nil }
        guard let field = description.field(named: String(name)) else {
            // Envoy has it and we never set it: it is a field all the same.
            return description.unsupported.contains(String(name))
                ? Field(isList: false, shape: nil) : nil
        }
        return Field(
            isList: field.kind.hasSuffix("*") || field.kind == "map",
            shape: field.kind.hasPrefix("message:") ? field.typeName.map { MessageShape($0) } : nil
        )
    }

    /// Whether a path leads to a field; a list can only be its end.
    func contains(_ path: ArraySlice<Substring>) -> Bool {
        guard let first = path.first, let field = field(first) else { return false }
        let rest = path.dropFirst()
        if rest.isEmpty { return true }
        guard !field.isList, let shape = field.shape else { return false }
        return shape.contains(rest)
    }

    // MARK: - The messages of the admin interface

    static let bootstrapDump = MessageShape(
        "envoy.admin.v3.BootstrapConfigDump",
        own: [
            "bootstrap": Field(
                isList: false,
                shape: MessageShape("envoy.config.bootstrap.v3.Bootstrap")
            ),
            "last_updated": Field(isList: false, shape: nil),
        ]
    )
    static let clustersDump = dump(
        "ClustersConfigDump",
        "static_clusters",
        "StaticCluster",
        "cluster",
        "envoy.config.cluster.v3.Cluster",
        others: ["dynamic_active_clusters", "dynamic_warming_clusters"]
    )
    static let endpointsDump = dump(
        "EndpointsConfigDump",
        "static_endpoint_configs",
        "StaticEndpointConfig",
        "endpoint_config",
        "envoy.config.endpoint.v3.ClusterLoadAssignment",
        others: ["dynamic_endpoint_configs"]
    )
    static let listenersDump = dump(
        "ListenersConfigDump",
        "static_listeners",
        "StaticListener",
        "listener",
        "envoy.config.listener.v3.Listener",
        others: ["dynamic_listeners"]
    )
    static let routesDump = dump(
        "RoutesConfigDump",
        "static_route_configs",
        "StaticRouteConfig",
        "route_config",
        "envoy.config.route.v3.RouteConfiguration",
        others: ["dynamic_route_configs"]
    )

    private static func dump(
        _ name: String,
        _ list: String,
        _ element: String,
        _ resource: String,
        _ message: String,
        others: [String]
    ) -> MessageShape {
        let scalar = Field(isList: false, shape: nil)
        let shape = MessageShape(
            "envoy.admin.v3.\(name).\(element)",
            own: [
                resource: Field(isList: false, shape: MessageShape(message)),
                "last_updated": scalar,
            ]
        )
        var fields = [list: Field(isList: true, shape: shape)]
        if name == "ClustersConfigDump" || name == "ListenersConfigDump" {
            fields["version_info"] = scalar
        }
        for other in others { fields[other] = Field(isList: true, shape: shape) }
        return MessageShape("envoy.admin.v3.\(name)", own: fields)
    }
}
