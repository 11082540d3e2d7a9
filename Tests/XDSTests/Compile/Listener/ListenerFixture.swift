import Model
import Testing

@testable import XDS

/// A file with one listener, so that tests show the fragment that they are about.
enum ListenerFixture {
    /// Where in a listener the fragment stands.
    enum Place: Sendable {
        /// Fields of the listener.
        case listener
        /// Fields of its only chain, beside the filters.
        case chain
        /// Fields of the chain's match; the second with both inspectors.
        case match, inspectedMatch
        /// Fields of a TCP proxy; the second without a name in statistics.
        case relay, namelessRelay
        /// Fields of a connection manager, and its filters before the router.
        case manager, httpFilters
        /// Fields of a route's action; the second of one for CONNECT.
        case route, connectRoute
        /// What a route says of filters.
        case routeFilters
        case listenerFilters
    }

    private static let extensions = #""@type": type.googleapis.com/envoy.extensions.filters"#
    private static let managerType =
        "\(extensions).network.http_connection_manager.v3.HttpConnectionManager"
    private static let relayType = "\(extensions).network.tcp_proxy.v3.TcpProxy"
    private static let router = "{name: envoy.filters.http.router}"
    private static let host = #"virtual_hosts: [{name: a, domains: ["*"], routes: "#
    private static let routes =
        "route_config: {\(host)[{match: {prefix: \"/\"}, route: {cluster: c}}]}]}"
    private static let managerStart =
        "filter_chains: [{filters: [{name: h, typed_config: {\(managerType), stat_prefix: s, "
    private static let web =
        "{name: web, typed_config: {\(extensions).http.grpc_web.v3.GrpcWeb}}"

    static let managerFilter =
        "{name: h, typed_config: {\(managerType), stat_prefix: s, \(routes), http_filters: "
        + "[\(router)]}}"
    static let relayFilter = "{name: t, typed_config: {\(relayType), stat_prefix: t, cluster: c}}"

    private static func around(_ place: Place) -> (before: String, after: String) {
        let routed = "\(managerStart)http_filters: [\(router)], route_config: {\(host)[{match: {"
        switch place {
        case .listener: return ("", "")
        case .chain: return ("filter_chains: [{filters: [\(managerFilter)],", "}]")
        case .match:
            return ("filter_chains: [{filters: [\(managerFilter)], filter_chain_match: {", "}}]")
        case .inspectedMatch:
            return (
                "listener_filters: [{name: envoy.filters.listener.tls_inspector}, "
                    + "{name: envoy.filters.listener.http_inspector}], "
                    + "filter_chains: [{filters: [\(managerFilter)], filter_chain_match: {",
                "}}]"
            )
        case .relay:
            return (
                "filter_chains: [{filters: [{name: t, typed_config: {\(relayType), "
                    + "stat_prefix: t,", "}}]}]"
            )
        case .namelessRelay:
            return ("filter_chains: [{filters: [{name: t, typed_config: {\(relayType),", "}}]}]")
        case .manager:
            return ("\(managerStart)\(routes), http_filters: [\(router)],", "}}]}]")
        case .httpFilters:
            return ("\(managerStart)\(routes), http_filters: [", ", \(router)]}}]}]")
        case .route:
            return ("\(routed)prefix: \"/\"}, route: {cluster: c,", "}}]}]}}}]}]")
        case .connectRoute: return ("\(routed)connect_matcher: {}}, route: {", "}}]}]}}}]}]")
        case .routeFilters:
            return (
                "\(managerStart)http_filters: [\(web), \(router)], route_config: {\(host)"
                    + "[{match: {prefix: \"/\"}, route: {cluster: c}, typed_per_filter_config: {",
                "}}]}]}}}]}]"
            )
        case .listenerFilters:
            return ("filter_chains: [{filters: [\(managerFilter)]}], listener_filters: [", "]")
        }
    }

    /// The file; in a listener's fields `HCM` and `TCP` stand for network filters.
    static func text(_ fragment: String, in place: Place = .listener) -> String {
        let (before, after) = around(place)
        var fragment = fragment
        if case .listener = place {
            fragment = fragment.split(separator: "HCM", omittingEmptySubsequences: false)
                .joined(separator: managerFilter)
            fragment = fragment.split(separator: "TCP", omittingEmptySubsequences: false)
                .joined(separator: relayFilter)
        }
        return """
            static_resources:
              listeners:
                - {name: l, address: {socket_address: {address: 127.0.0.1, port_value: 8080}}, \
            \(before)
                   \(fragment)
                   \(after)}
              clusters:
                - {name: c, \(ClusterFixture.endpoints)}

            """
    }

    static func listener(
        _ fragment: String,
        in place: Place = .listener
    ) throws -> ListenerConfiguration {
        try #require(try Fixture.compile(text(fragment, in: place)).snapshot.listeners.first)
    }

    /// What the only chain does, where it relays bytes.
    static func relay(_ fragment: String) throws -> TCPProxyConfiguration {
        let filter = try listener(fragment, in: .relay).chains.first?.filter
        guard case .tcp(let relay)? = filter else {
            throw ConfigurationErrors([.init(file: Fixture.name, what: "there is no relay")])
        }
        return relay
    }

    /// The refusals, or else the warnings, without the file's name.
    static func said(_ fragment: String, in place: Place) -> [String] {
        do {
            return try Fixture.compile(text(fragment, in: place)).warnings.map {
                String($0.description.dropFirst("envoy.yaml:".count))
            }
        } catch {
            return error.problems.map {
                "refused: " + $0.description.dropFirst("envoy.yaml:".count)
            }
        }
    }
}
