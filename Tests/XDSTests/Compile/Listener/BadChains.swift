/// Filter chains, their conditions and transports that are refused or doubtful, and what is said of them.
extension BadListener {
    static let chains: [BadListener] = [
        BadListener(
            "a port that is wanted is a port",
            .match,
            "destination_port: 0",
            says: [
                #"""
                refused: 4:8: \#
                static_resources.listeners[0].filter_chains[0].filter_chain_match.destination\#
                _port: 0 is not a port: give 1 to 65535
                """#
            ]
        ),
        BadListener(
            "a port of a client is a port",
            .match,
            "source_ports: [80, 70000]",
            says: [
                #"""
                refused: 4:27: \#
                static_resources.listeners[0].filter_chains[0].filter_chain_match.source_port\#
                s[1]: 70000 is not a port: give 1 to 65535
                """#
            ]
        ),
        BadListener(
            "a range of addresses is one",
            .match,
            "prefix_ranges: [{address_prefix: 10.0.0, prefix_len: 8}]",
            says: [
                #"""
                refused: 4:25: \#
                static_resources.listeners[0].filter_chains[0].filter_chain_match.prefix_rang\#
                es[0].address_prefix: "10.0.0" is not an IP address: write the length in \#
                prefix_len, as address_prefix: 10.0.0.0 and prefix_len: 8
                """#
            ]
        ),
        BadListener(
            "the end of an address does not choose a chain",
            .match,
            "address_suffix: 10.0.0.1",
            says: [
                #"""
                refused: 4:8: \#
                static_resources.listeners[0].filter_chains[0].filter_chain_match.address_suf\#
                fix: it is not supported yet
                """#
            ]
        ),
        BadListener(
            "the length of an end does not choose a chain",
            .match,
            "suffix_len: 8",
            says: [
                #"""
                refused: 4:8: \#
                static_resources.listeners[0].filter_chains[0].filter_chain_match.suffix_len: \#
                it is not supported yet
                """#
            ]
        ),
        BadListener(
            "a star is not part of a label",
            .match,
            #"server_names: ["*w.example.com"]"#,
            says: [
                #"""
                refused: 4:23: \#
                static_resources.listeners[0].filter_chains[0].filter_chain_match.server_name\#
                s[0]: "*w.example.com" has a star that stands for part of a name: a star \#
                stands for everything before a dot: *.example.com
                """#
            ]
        ),
        BadListener(
            "a star alone is no name",
            .match,
            #"server_names: ["*"]"#,
            says: [
                #"""
                refused: 4:23: \#
                static_resources.listeners[0].filter_chains[0].filter_chain_match.server_name\#
                s[0]: "*" has a star that stands for part of a name: a star stands for \#
                everything before a dot: *.example.com
                """#
            ]
        ),
        BadListener(
            "only the first star stands for names",
            .inspectedMatch,
            #"server_names: ["*.a.*.b"]"#,
            says: [
                #"""
                4:23: \#
                static_resources.listeners[0].filter_chains[0].filter_chain_match.server_name\#
                s[0]: "*.a.*.b" matches nothing: only the first star stands for names: write \#
                *.example.com
                """#
            ]
        ),
        BadListener(
            "a name in another script is not what TLS asks for",
            .match,
            "server_names: [bücher.example]",
            says: [
                #"""
                refused: 4:23: \#
                static_resources.listeners[0].filter_chains[0].filter_chain_match.server_name\#
                s[0]: "bücher.example" is no name of a host: write other scripts as the \#
                handshake has them: xn--…
                """#
            ]
        ),
        BadListener(
            "a name may be empty, which takes those that ask for none",
            .inspectedMatch,
            #"server_names: [a.example, ""]"#,
            says: [
                #"""
                4:34: \#
                static_resources.listeners[0].filter_chains[0].filter_chain_match.server_name\#
                s[1]: is empty, so connections that ask for no name are taken too: remove it, \#
                unless that is meant
                """#
            ]
        ),
        BadListener(
            "names need an inspector",
            .match,
            "server_names: [a.example]",
            says: [
                #"""
                3:433: static_resources.listeners[0].filter_chains[0].filter_chain_match: \#
                takes nothing: no listener filter finds out what TLS asks for: give \#
                listener_filters: [{name: envoy.filters.listener.tls_inspector, …}]
                """#
            ]
        ),
        BadListener(
            "a transport needs an inspector",
            .match,
            "transport_protocol: tls",
            says: [
                #"""
                3:433: static_resources.listeners[0].filter_chains[0].filter_chain_match: \#
                takes nothing: no listener filter finds out what TLS asks for: give \#
                listener_filters: [{name: envoy.filters.listener.tls_inspector, …}]
                """#
            ]
        ),
        BadListener(
            "protocols need an inspector",
            .match,
            "application_protocols: [h2]",
            says: [
                #"""
                4:8: \#
                static_resources.listeners[0].filter_chains[0].filter_chain_match.application\#
                _protocols: match nothing: no listener filter finds out what clients speak: \#
                give listener_filters tls_inspector for ALPN, http_inspector for HTTP in clear
                """#
            ]
        ),
        BadListener(
            "a protocol has a name",
            .inspectedMatch,
            #"application_protocols: [""]"#,
            says: [
                #"""
                refused: 4:32: \#
                static_resources.listeners[0].filter_chains[0].filter_chain_match.application\#
                _protocols[0]: is empty: the name of a protocol has 1 to 255 bytes: h2, \#
                http/1.1
                """#
            ]
        ),
        BadListener(
            "a transport is known",
            .inspectedMatch,
            "transport_protocol: tsl",
            says: [
                #"""
                4:8: \#
                static_resources.listeners[0].filter_chains[0].filter_chain_match.transport_p\#
                rotocol: "tsl" matches nothing: tls_inspector finds tls or raw_buffer: did \#
                you mean "tls"?
                """#
            ]
        ),
        BadListener(
            "bytes in clear ask for no name",
            .inspectedMatch,
            "transport_protocol: raw_buffer, server_names: [a.example]",
            says: [
                #"""
                4:40: \#
                static_resources.listeners[0].filter_chains[0].filter_chain_match.server_name\#
                s: matches nothing beside transport_protocol: raw_buffer: only TLS asks for \#
                names; remove one of the two
                """#
            ]
        ),
        BadListener(
            "a source is of a known kind",
            .match,
            "source_type: INTERNAL",
            says: [
                #"""
                refused: 4:21: \#
                static_resources.listeners[0].filter_chains[0].filter_chain_match.source_type\#
                : "INTERNAL" is not a known value: did you mean "EXTERNAL"?
                """#
            ]
        ),
        BadListener(
            "a tree of conditions does not choose a chain",
            .listener,
            "filter_chains: [{filters: [HCM]}], filter_chain_matcher: {matcher_list: {}}",
            says: [
                #"""
                refused: 4:359: static_resources.listeners[0].filter_chain_matcher: it is not \#
                supported yet
                """#
            ]
        ),
        BadListener(
            "two chains without conditions take the same connections",
            .listener,
            "filter_chains: [{filters: [HCM]}, {filters: [HCM]}]",
            says: [
                #"""
                refused: 4:358: \#
                static_resources.listeners[0].filter_chains[1].filter_chain_match: takes \#
                every connection, as filter_chains[0] does: chains may share a value of a \#
                condition only where another condition differs
                """#
            ]
        ),
        BadListener(
            "two chains share no value where nothing else differs",
            .listener,
            #"""
            filter_chains: [{name: first, filter_chain_match: {destination_port: 80, \#
            source_ports: [1, 2]}, filters: [HCM]}, {name: second, filter_chain_match: \#
            {destination_port: 80, source_ports: [2, 3]}, filters: [HCM]}]
            """#,
            says: [
                #"""
                refused: 4:452: \#
                static_resources.listeners[0].filter_chains[1].filter_chain_match: takes \#
                connections that filter chain "first" takes as well: chains may share a value \#
                of a condition only where another condition differs
                """#
            ]
        ),
        BadListener(
            "names are compared without regard to case",
            .listener,
            #"""
            listener_filters: [{name: envoy.filters.listener.tls_inspector, typed_config: \#
            {"@type": \#
            type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspect\#
            or}}], filter_chains: [{filter_chain_match: {server_names: [A.example]}, filters: \#
            [HCM]}, {filter_chain_match: {server_names: [a.EXAMPLE]}, filters: [HCM]}]
            """#,
            says: [
                #"""
                refused: 4:584: \#
                static_resources.listeners[0].filter_chains[1].filter_chain_match: takes \#
                connections that filter_chains[0] takes as well: chains may share a value of \#
                a condition only where another condition differs
                """#
            ]
        ),
        BadListener(
            "two chains have names of their own",
            .listener,
            #"""
            filter_chains: [{name: one, filter_chain_match: {destination_port: 80}, filters: \#
            [HCM]}, {name: one, filter_chain_match: {destination_port: 81}, filters: [HCM]}]
            """#,
            says: [
                #"""
                4:414: static_resources.listeners[0].filter_chains[1].name: there is another \#
                filter chain "one": logs and statistics tell chains apart by their names
                """#
            ]
        ),
        BadListener(
            "a default chain has no conditions",
            .listener,
            #"""
            filter_chains: [{filter_chain_match: {destination_port: 80}, filters: [HCM]}], \#
            default_filter_chain: {filter_chain_match: {destination_port: 81}, filters: [HCM]}
            """#,
            says: [
                #"""
                4:426: static_resources.listeners[0].default_filter_chain.filter_chain_match: \#
                has no effect: the default chain takes what no other takes: remove it
                """#
            ]
        ),
        BadListener(
            "a default chain is of no use beside one that takes everything",
            .listener,
            "filter_chains: [{filters: [HCM]}], default_filter_chain: {filters: [HCM]}",
            says: [
                #"""
                4:359: static_resources.listeners[0].default_filter_chain: is never used: \#
                another chain takes everything: remove it
                """#
            ]
        ),
        BadListener(
            "a time for the handshake needs one",
            .chain,
            "transport_socket_connect_timeout: 5s",
            says: [
                #"""
                4:8: \#
                static_resources.listeners[0].filter_chains[0].transport_socket_connect_timeo\#
                ut: has no effect without TLS: give transport_socket, or remove it
                """#
            ]
        ),
        BadListener(
            "a time for the handshake is not negative",
            .chain,
            "transport_socket_connect_timeout: -1s",
            says: [
                #"""
                refused: 4:8: \#
                static_resources.listeners[0].filter_chains[0].transport_socket_connect_timeo\#
                ut: is negative: a duration is at least 0s
                """#
            ]
        ),
        BadListener(
            "a transport is known by its type",
            .chain,
            #"""
            transport_socket: {name: envoy.transport_sockets.alts, typed_config: {"@type": \#
            type.googleapis.com/envoy.extensions.transport_sockets.alts.v3.Alts}}
            """#,
            says: [
                #"""
                refused: 4:87: \#
                static_resources.listeners[0].filter_chains[0].transport_socket.typed_config: \#
                the type envoy.extensions.transport_sockets.alts.v3.Alts is not supported \#
                yet: supported here: \#
                envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext, \#
                envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer
                """#
            ]
        ),
        BadListener(
            "a listener has a chain",
            .listener,
            "stat_prefix: x",
            says: [
                #"""
                refused: 3:7: static_resources.listeners[0]: has no filter chain: give \#
                filter_chains with a filter envoy.filters.network.http_connection_manager
                """#
            ]
        ),
        BadListener(
            "a chain has a filter",
            .listener,
            "filter_chains: [{filters: []}]",
            says: [
                #"""
                refused: 4:25: static_resources.listeners[0].filter_chains[0].filters: is \#
                empty: give one filter, envoy.filters.network.http_connection_manager or \#
                envoy.filters.network.tcp_proxy
                """#
            ]
        ),
        BadListener(
            "a filter before the last is not left out",
            .listener,
            #"""
            filter_chains: [{filters: [{name: envoy.filters.network.rbac, typed_config: \#
            {"@type": type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC}}, \#
            HCM]}]
            """#,
            says: [
                #"""
                refused: 4:94: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config: the \#
                type envoy.extensions.filters.network.rbac.v3.RBAC is not supported yet: \#
                supported here: \#
                envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionMan\#
                ager, envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
                """#
            ]
        ),
        BadListener(
            "names of servers do not choose a cluster",
            .listener,
            "filter_chains: [{filters: [{name: envoy.filters.network.sni_cluster}, TCP]}]",
            says: [
                #"""
                refused: 4:35: static_resources.listeners[0].filter_chains[0].filters[0]: \#
                network filter "envoy.filters.network.sni_cluster" is not supported yet: only \#
                envoy.filters.network.http_connection_manager and \#
                envoy.filters.network.tcp_proxy are
                """#
            ]
        ),
        BadListener(
            "a relay is configured",
            .listener,
            "filter_chains: [{filters: [{name: envoy.filters.network.tcp_proxy}]}]",
            says: [
                #"""
                refused: 4:35: static_resources.listeners[0].filter_chains[0].filters[0]: has \#
                no typed_config: give the TcpProxy: its stat_prefix and cluster
                """#
            ]
        ),
        BadListener(
            "a relay is the last filter",
            .listener,
            "filter_chains: [{filters: [TCP, TCP]}]",
            says: [
                #"""
                refused: 4:175: static_resources.listeners[0].filter_chains[0].filters[1]: a \#
                second network filter is not supported yet: keep "t" alone
                """#
            ]
        ),
    ]
}
