/// How the names of a scope are made.
public struct ScopeKind: Sendable {
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

    init(_ name: String, _ shape: Shape = .plain) {
        self.name = name
        self.shape = shape
    }

    /// What stands in front of the stats' names: `cluster.app.`.
    func prefix(_ kind: ScopeKind) -> String {
        let own = StatName.prefix(kind, name)
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
        case .plain: ""
        case .part(let part): "\(part)_"
        case .virtualCluster: "vcluster_"
        case .route: "route_"
        }
    }

    /// The labels of every sample, without braces.
    func labels(_ kind: ScopeKind) -> String {
        guard let label = kind.label else { return "" }
        let own = "\(label)=\"\(StatName.labelValue(name))\""
        return switch shape {
        case .plain, .part: own
        case .virtualCluster(let cluster):
            "\(own),envoy_virtual_cluster=\"\(StatName.labelValue(cluster))\""
        case .route(let route): "\(own),envoy_route=\"\(StatName.labelValue(route))\""
        }
    }
}
