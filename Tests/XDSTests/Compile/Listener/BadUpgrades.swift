/// Upgrades and CONNECT of routes that are refused or doubtful, and what is said of them.
extension BadListener {
    static let upgrades: [BadListener] = [
        BadListener(
            "a protocol has a name in a route",
            .route,
            "upgrade_configs: [{enabled: true}]",
            says: [
                #"""
                refused: 4:26: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.route_\#
                config.virtual_hosts[0].routes[0].route.upgrade_configs[0].upgrade_type: is \#
                empty: name the protocol, for example websocket
                """#
            ]
        ),
        BadListener(
            "a protocol is named once in a route",
            .route,
            "upgrade_configs: [{upgrade_type: websocket}, {upgrade_type: WEBSOCKET}]",
            says: [
                #"""
                refused: 4:54: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.route_\#
                config.virtual_hosts[0].routes[0].route.upgrade_configs[1].upgrade_type: \#
                "WEBSOCKET" is there already: name each protocol once
                """#
            ]
        ),
        BadListener(
            "only CONNECT ends here",
            .route,
            "upgrade_configs: [{upgrade_type: websocket, connect_config: {}}]",
            says: [
                #"""
                refused: 4:52: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.route_\#
                config.virtual_hosts[0].routes[0].route.upgrade_configs[0].connect_config: \#
                stands beside upgrade_type "websocket": only CONNECT has it; remove it
                """#
            ]
        ),
        BadListener(
            "a header of the PROXY protocol has no TLVs",
            .route,
            #"""
            upgrade_configs: [{upgrade_type: CONNECT, connect_config: {proxy_protocol_config: \#
            {added_tlvs: []}}}]
            """#,
            says: [
                #"""
                refused: 4:91: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.route_\#
                config.virtual_hosts[0].routes[0].route.upgrade_configs[0].connect_config.pro\#
                xy_protocol_config.added_tlvs: it is not supported yet
                """#
            ]
        ),
        BadListener(
            "CONNECT is allowed where a route is for it",
            .connectRoute,
            "cluster: c",
            says: [
                #"""
                3:390: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.route_\#
                config.virtual_hosts[0].routes[0].match.connect_matcher: CONNECT is no \#
                protocol that upgrade_configs allows, so 403 is answered: give the route \#
                upgrade_configs: [{upgrade_type: CONNECT}]
                """#
            ]
        ),
        BadListener(
            "CONNECT that is allowed is taken without a word",
            .connectRoute,
            "cluster: c, upgrade_configs: [{upgrade_type: CONNECT, connect_config: {}}]",
            says: []
        ),
        BadListener(
            "CONNECT is not allowed by a word that forbids it",
            .connectRoute,
            "cluster: c, upgrade_configs: [{upgrade_type: connect, enabled: false}]",
            says: [
                #"""
                3:390: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.route_\#
                config.virtual_hosts[0].routes[0].match.connect_matcher: CONNECT is no \#
                protocol that upgrade_configs allows, so 403 is answered: give the route \#
                upgrade_configs: [{upgrade_type: CONNECT}]
                """#
            ]
        ),
        BadListener(
            "a route does not turn off a bridge",
            .routeFilters,
            #"""
            web: {"@type": type.googleapis.com/envoy.config.route.v3.FilterConfig, disabled: \#
            true}
            """#,
            says: [
                #"""
                refused: 4:8: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.route_\#
                config.virtual_hosts[0].routes[0].typed_per_filter_config["web"]: filter \#
                "web" takes part in all requests of its chain: remove it; routes cannot turn \#
                the filter off yet
                """#
            ]
        ),
    ]
}
