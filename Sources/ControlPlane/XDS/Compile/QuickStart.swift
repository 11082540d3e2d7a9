package import Model
internal import SwiftProtobuf

/// The configuration of `pillion run --app … --listen …`, which needs no file: one listener, one
/// route, one cluster, as the same resources that a file would give.
package enum QuickStart {
    /// Everything that arrives at `listen` goes to `app`.
    package static func bootstrap(app: SocketAddress, listen: SocketAddress) -> LoadedConfiguration
    {
        var bootstrap = Envoy_Config_Bootstrap_V3_Bootstrap()
        bootstrap.staticResources.clusters = [cluster(app)]
        bootstrap.staticResources.listeners = [listener(listen)]
        return LoadedConfiguration(
            bootstrap: bootstrap,
            sources: SourceMap(fallback: "command line")
        )
    }

    /// No listener and no cluster: for a process whose companions are all it runs.
    package static func nothing() -> LoadedConfiguration {
        LoadedConfiguration(
            bootstrap: Envoy_Config_Bootstrap_V3_Bootstrap(),
            sources: SourceMap(fallback: "command line")
        )
    }

    private static func cluster(_ app: SocketAddress) -> Envoy_Config_Cluster_V3_Cluster {
        .with { cluster in
            cluster.name = "app"
            cluster.type = .static
            cluster.loadAssignment.clusterName = "app"
            cluster.loadAssignment.endpoints = [
                .with { $0.lbEndpoints = [.with { $0.endpoint.address = address(app) }] }
            ]
        }
    }

    private static func listener(_ listen: SocketAddress) -> Envoy_Config_Listener_V3_Listener {
        let route = Envoy_Config_Route_V3_Route.with { route in
            route.match.prefix = "/"
            route.route.cluster = "app"
        }
        let host = Envoy_Config_Route_V3_VirtualHost.with { host in
            host.name = "app"
            host.domains = ["*"]
            host.routes = [route]
        }
        let manager = Compilation.ManagerMessage.with { manager in
            manager.statPrefix = "inbound"
            manager.httpProtocolOptions.acceptHTTP10 = true
            manager.httpProtocolOptions.defaultHostForHTTP10 = "app"
            manager.routeConfig.name = "inbound"
            manager.routeConfig.virtualHosts = [host]
            manager.httpFilters = [.with { $0.name = KnownFilters.router }]
        }
        return .with { listener in
            listener.name = "inbound"
            listener.address = address(listen)
            listener.filterChains = [
                .with { chain in
                    chain.filters = [
                        .with { filter in
                            filter.name = KnownFilters.connectionManager
                            // Packing fails only for messages with missing required fields, which
                            // proto3 does not have; an empty Any would be refused by the compiler.
                            filter.typedConfig =
                                (try? Google_Protobuf_Any(message: manager))
                                ?? Google_Protobuf_Any()
                        }
                    ]
                }
            ]
        }
    }

    private static func address(_ address: SocketAddress) -> Envoy_Config_Core_V3_Address {
        .with { message in
            switch address {
            case .unix(let path): message.pipe.path = path
            case .ipv4, .ipv6:
                message.socketAddress.address = address.host
                message.socketAddress.portValue = UInt32(address.port ?? 0)
            }
        }
    }
}
