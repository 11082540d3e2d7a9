internal import Document
internal import Model

/// Turns a short form into v3 resources.
struct ShortFormTranslation {
    typealias Nodes = ResourceNodes
    typealias Position = Node.Position

    let form: ShortFormValue
    let decoding: Decoding
    private(set) var listeners: [Node] = []
    private(set) var clusters: [Node] = []

    init(_ form: ShortFormValue, _ decoding: Decoding) {
        self.form = form
        self.decoding = decoding
    }

    /// The bootstrap; without meaning where problems were reported.
    mutating func resources() -> Node? {
        guard let spec = form["spec"], let metadata = form["metadata"] else { return nil }
        let services = spec["outbound"]?.members ?? []
        if spec["app"] == nil {
            if let inbound = spec.given("inbound") {
                refuse(inbound.position, "there is no app that it could lead to", "give spec.app")
            } else if services.isEmpty {
                refuse(spec.position, "it says neither app nor outbound", "give one of them")
            }
        }
        addInbound(spec)
        addOutbound(spec, services)
        let name = metadata["name"] ?? metadata
        return Nodes.object(
            form.position,
            [
                (
                    "node",
                    Nodes.object(
                        name.position,
                        [
                            ("id", Nodes.text(name.text, name.position)),
                            ("cluster", Nodes.text(name.text, name.position)),
                        ]
                    )
                ),
                ("admin", admin(spec)),
                ("layered_runtime", connectionLimit(spec)),
                (
                    "static_resources",
                    Nodes.object(
                        spec.position,
                        [
                            ("listeners", Nodes.list(listeners, spec.position)),
                            ("clusters", Nodes.list(clusters, spec.position)),
                        ]
                    )
                ),
            ]
        )
    }

    /// Blames the field that stands at a position.
    func refuse(_ position: Position, _ what: String, _ hint: String) {
        decoding.refuse(at: position, what, hint: hint)
    }

    mutating func add(listener: Node) { listeners.append(listener) }
    mutating func add(cluster: Node) { clusters.append(cluster) }

    private func admin(_ spec: ShortFormValue) -> Node? {
        guard let admin = spec["admin"] else { return nil }
        return Nodes.object(admin.position, [("address", address(admin))])
    }

    /// Envoy keeps the limit of a listener's connections in the runtime.
    private func connectionLimit(_ spec: ShortFormValue) -> Node? {
        guard spec["app"] != nil, let limit = spec["inbound"]?["limits"]?["maxConnections"] else {
            return nil
        }
        let at = limit.position
        let values = Nodes.object(
            at,
            [
                (
                    "envoy.resource_limits.listener.inbound.connection_limit",
                    Nodes.number(limit.integer, at)
                )
            ]
        )
        let layer = Nodes.object(
            at,
            [("name", Nodes.text("short-form", at)), ("static_layer", values)]
        )
        return Nodes.object(at, [("layers", Nodes.list([layer], at))])
    }

    /// An address to listen on.
    func address(_ value: ShortFormValue) -> Node? {
        guard case .address(let address) = value.content else { return nil }
        return Nodes.socketAddress(address.host, address.port ?? 0, value.position)
    }
}
