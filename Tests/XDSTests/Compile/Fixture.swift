import Model
import Testing

@testable import XDS

/// A whole configuration that is right, and edits of it: each test changes one thing.
enum Fixture {
    static let name = "envoy.yaml"

    /// The text, with the first occurrence of `old` replaced.
    static func text(_ old: String = "", _ new: String = "") throws -> String {
        if old.isEmpty { return valid }
        try #require(valid.contains(old), "the fixture has no \(old)")
        return valid.replacingOccurrence(of: old, with: new)
    }

    static func compile(
        _ text: String,
        _ options: CompileOptions = CompileOptions()
    ) throws(ConfigurationErrors) -> (snapshot: Snapshot, warnings: [ConfigurationProblem]) {
        try SnapshotCompiler.compile(
            ConfigurationLoader.load(text: text, name: name),
            options: options
        )
    }

    static func snapshot(
        _ old: String = "",
        _ new: String = "",
        _ options: CompileOptions = CompileOptions()
    ) throws -> Snapshot {
        try compile(text(old, new), options).snapshot
    }

    /// The first route of the fixture, with `old` replaced.
    static func route(_ old: String, _ new: String) throws -> Route {
        let manager = try #require(try snapshot(old, new).listeners.first?.http)
        return try #require(manager.routes.virtualHosts.first?.routes.first)
    }

    /// What the first route forwards to, with `new` for its action.
    static func forward(_ new: String) throws -> ForwardAction {
        let route = try route(action, new)
        guard case .forward(let forward) = route.action else {
            throw ConfigurationErrors([.init(file: name, what: "the route does not forward")])
        }
        return forward
    }

    /// The lines of the refusal; empty where the text was taken.
    static func refusal(_ text: String, _ options: CompileOptions = CompileOptions()) -> [String] {
        do {
            _ = try compile(text, options)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    /// The action of the first route, its condition, and other lines that tests replace.
    static let action = "route: {cluster: app, timeout: 3s}"
    static let match = "match: {prefix: \"/api\"}"
    static let statPrefix = "stat_prefix: inbound"
    static let inbound = "    - name: inbound\n"

    static let valid = """
        node:
          id: node-1
          cluster: shop
        admin:
          address:
            socket_address: {address: 127.0.0.1, port_value: 9901}
        static_resources:
          listeners:
            - name: inbound
              address:
                socket_address: {address: 0.0.0.0, port_value: 15006}
              filter_chains:
                - filters:
                    - name: envoy.filters.network.http_connection_manager
                      typed_config:
                        "@type": type.googleapis.com/envoy.extensions.filters.network.\
        http_connection_manager.v3.HttpConnectionManager
                        stat_prefix: inbound
                        route_config:
                          name: local
                          virtual_hosts:
                            - name: shop
                              domains: ["shop.example.com", "*.shop.example.com"]
                              routes:
                                - match: {prefix: "/api"}
                                  route: {cluster: app, timeout: 3s}
                                - match: {prefix: "/"}
                                  route:
                                    weighted_clusters:
                                      clusters:
                                        - {name: app, weight: 90}
                                        - {name: canary, weight: 10}
                            - name: rest
                              domains: ["*"]
                              routes:
                                - match: {path: "/healthz"}
                                  direct_response: {status: 200, body: {inline_string: "ok"}}
                                - match: {prefix: "/"}
                                  redirect: {https_redirect: true}
                        http_filters:
                          - name: envoy.filters.http.router
                            typed_config:
                              "@type": type.googleapis.com/envoy.extensions.filters.http.\
        router.v3.Router
          clusters:
            - name: app
              connect_timeout: 0.25s
              type: STATIC
              lb_policy: ROUND_ROBIN
              load_assignment:
                cluster_name: app
                endpoints:
                  - lb_endpoints:
                      - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 8080}}}
            - name: canary
              type: STRICT_DNS
              load_assignment:
                cluster_name: canary
                endpoints:
                  - lb_endpoints:
                      - endpoint:
                          address:
                            socket_address: {address: canary.internal, port_value: 8080}

        """
}

extension ListenerConfiguration {
    /// The connection manager of the first chain, which most tests have alone.
    var http: HTTPConnectionManager {
        if case .http(let manager)? = chains.first?.filter { return manager }
        Issue.record("the listener has no connection manager")
        return HTTPConnectionManager(
            statPrefix: "",
            routes: RouteTable(
                name: "",
                virtualHosts: [],
                exactDomains: ByteTable(),
                suffixDomains: [],
                prefixDomains: [],
                defaultVirtualHost: nil
            )
        )
    }
}
