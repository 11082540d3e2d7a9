/// How the names of a scope are made.
public struct ScopeKind: Sendable, Hashable {
    /// `cluster`, `http`, `listener`; empty where the names stand alone.
    public let prefix: String
    /// The Prometheus label of the scope's name; nil for a scope that exists once.
    public let label: String?

    /// Names a kind of scope.
    public init(prefix: String, label: String?) {
        self.prefix = prefix
        self.label = label
    }
}

/// Which scope of its kind one is: what stands in its names between the kind and the stat.
struct ScopeName: Sendable, Hashable {
    enum Shape: Sendable, Hashable {
        /// The kind's only label carries the name.
        case plain
        /// A part of a cluster's responses; the metric's name carries it.
        case part(String)
        /// `vhost.<name>.vcluster.<…>`.
        case virtualCluster(String)
        /// `vhost.<name>.route.<…>`.
        case route(String)
    }
    /// Sanitized, as the shape's.
    let name: String
    let shape: Shape
    /// nil: that of the stats.
    let kind: ScopeKind?
    let inner: InnerScope?

    init(
        _ name: String,
        _ shape: Shape = .plain,
        of kind: ScopeKind? = nil,
        inner: InnerScope? = nil
    ) {
        self.name = name
        self.shape = shape
        self.kind = kind
        self.inner = inner
    }

    /// What stands in front of the stats' names: `cluster.app.`.
    func prefix(_ kind: ScopeKind) -> String {
        let own = StatName.prefix(self.kind ?? kind, name) + (inner?.path ?? "")
        return switch shape {
        case .plain: own
        case .part(let part): "\(own)\(part)."
        case .virtualCluster(let cluster): "\(own)vcluster.\(cluster)."
        case .route(let route): "\(own)route.\(route)."
        }
    }

    /// What stands in front of the stats' names in Prometheus' metrics, before they are cleaned.
    var metricInfix: String {
        switch shape {
        case .plain: inner?.infix ?? ""
        case .part(let part): "\(part)_"
        case .virtualCluster: "vcluster_"
        case .route: "route_"
        }
    }

    /// The labels of every sample, without braces.
    func labels(_ kind: ScopeKind) -> String {
        guard let label = (self.kind ?? kind).label else { return "" }
        let scope = "\(label)=\"\(StatName.labelValue(name))\""
        let own = (inner?.labels ?? "") + scope
        return switch shape {
        case .plain, .part: own
        case .virtualCluster(let cluster):
            "\(own),envoy_virtual_cluster=\"\(StatName.labelValue(cluster))\""
        case .route(let route): "\(own),envoy_route=\"\(StatName.labelValue(route))\""
        }
    }
}

/// What a scope inside of a cluster's or a listener's adds to the names: `ssl.`, `grpc.<service>.`.
struct InnerScope: Sendable, Hashable {
    /// Between the outer scope's name and the stat's, with its full stop.
    let path: String
    /// The same in Prometheus' metrics, without what the labels say.
    let infix: String
    /// What stands in front of the outer scope's label, each with its comma.
    let labels: String

    /// One whose metrics' names carry the whole path.
    init(_ name: String) {
        path = "\(name)."
        infix = "\(name)_"
        labels = ""
    }

    /// One that a label tells from its like.
    ///
    /// - Parameter value: What somebody else may have chosen; it is sanitized here.
    init(_ name: String, label: String, value: String, endsName: Bool = false) {
        let value = StatName.sanitized(value)
        path = endsName ? "\(name).\(value)" : "\(name).\(value)."
        infix = endsName ? name : "\(name)_"
        labels = "\(label)=\"\(StatName.labelValue(value))\","
    }

    /// The calls of one gRPC method; of all methods of the service where `method` is empty, and of
    /// the cluster where `service` is, too.
    init(grpcService service: String, method: String, isWeb: Bool = false) {
        let service = StatName.sanitized(service)
        let method = StatName.sanitized(method)
        var path = isWeb ? "grpc-web." : "grpc."
        var labels = ""
        if !method.isEmpty {
            labels += "envoy_grpc_bridge_method=\"\(StatName.labelValue(method))\","
        }
        if !service.isEmpty {
            path += "\(service)."
            labels += "envoy_grpc_bridge_service=\"\(StatName.labelValue(service))\","
        }
        if !method.isEmpty { path += "\(method)." }
        self.path = path
        self.infix = isWeb ? "grpc_web_" : "grpc_"
        self.labels = labels
    }
}
