/// What connection managers say of protocols, certificates and gRPC that are refused or doubtful, and what is said of them.
extension BadListener {
    static let managers: [BadListener] = [
        BadListener(
            "HTTP/3 is not spoken",
            .manager,
            "codec_type: HTTP3",
            says: [
                #"""
                refused: 4:20: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.codec_\#
                type: HTTP3 is not supported yet: supported: AUTO, HTTP1, HTTP2
                """#
            ]
        ),
        BadListener(
            "a window is not smaller than the protocol's",
            .manager,
            "http2_protocol_options: {initial_stream_window_size: 1000}",
            says: [
                #"""
                refused: 4:33: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.http2_\#
                protocol_options.initial_stream_window_size: 1000 is out of range: give 65535 \#
                to 2147483647
                """#
            ]
        ),
        BadListener(
            "a ping waits for an answer",
            .manager,
            "http2_protocol_options: {connection_keepalive: {interval: 10s}}",
            says: [
                #"""
                refused: 4:33: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.http2_\#
                protocol_options.connection_keepalive: has no timeout: give the time for the \#
                answer, for example timeout: 5s
                """#
            ]
        ),
        BadListener(
            "a protocol has a name in a manager",
            .manager,
            "upgrade_configs: [{}]",
            says: [
                #"""
                refused: 4:26: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.upgrad\#
                e_configs[0].upgrade_type: is empty: name the protocol, for example websocket
                """#
            ]
        ),
        BadListener(
            "a protocol is named once",
            .manager,
            "upgrade_configs: [{upgrade_type: websocket}, {upgrade_type: WebSocket}]",
            says: [
                #"""
                refused: 4:54: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.upgrad\#
                e_configs[1].upgrade_type: "WebSocket" is there already: name each protocol \#
                once
                """#
            ]
        ),
        BadListener(
            "a protocol is one",
            .manager,
            #"upgrade_configs: [{upgrade_type: "websocket, h2c"}]"#,
            says: [
                #"""
                refused: 4:27: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.upgrad\#
                e_configs[0].upgrade_type: "websocket, h2c" is no name of a protocol: write \#
                it as upgrade has it, for example websocket
                """#
            ]
        ),
        BadListener(
            "UDP is not tunnelled",
            .manager,
            "upgrade_configs: [{upgrade_type: CONNECT-UDP}]",
            says: [
                #"""
                refused: 4:27: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.upgrad\#
                e_configs[0].upgrade_type: CONNECT-UDP is not supported yet: remove it
                """#
            ]
        ),
        BadListener(
            "an upgrade has no filters of its own",
            .manager,
            "upgrade_configs: [{upgrade_type: websocket, filters: []}]",
            says: [
                #"""
                refused: 4:52: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.upgrad\#
                e_configs[0].filters: it is not supported yet
                """#
            ]
        ),
        BadListener(
            "what is told of a certificate needs a header",
            .manager,
            "set_current_client_cert_details: {subject: true}",
            says: [
                #"""
                4:8: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.set_cu\#
                rrent_client_cert_details: has no effect: the header tells nothing of the \#
                certificate: give forward_client_cert_details: SANITIZE_SET or APPEND_FORWARD
                """#
            ]
        ),
        BadListener(
            "methods are counted for services",
            .httpFilters,
            #"""
            {name: stats, typed_config: {"@type": \#
            type.googleapis.com/envoy.extensions.filters.http.grpc_stats.v3.FilterConfig, \#
            individual_method_stats_allowlist: {services: [{}]}}}
            """#,
            says: [
                #"""
                refused: 4:171: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.http_f\#
                ilters[0].typed_config.individual_method_stats_allowlist.services[0].name: is \#
                empty: give the service with its package: shop.Orders
                """#,
                #"""
                refused: 4:171: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.http_f\#
                ilters[0].typed_config.individual_method_stats_allowlist.services[0].method_n\#
                ames: is empty: name the methods that are counted
                """#,
            ]
        ),
        BadListener(
            "methods that clients name fill the memory",
            .httpFilters,
            #"""
            {name: stats, typed_config: {"@type": \#
            type.googleapis.com/envoy.extensions.filters.http.grpc_stats.v3.FilterConfig, \#
            stats_for_all_methods: true}}
            """#,
            says: [
                #"""
                4:124: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.http_f\#
                ilters[0].typed_config.stats_for_all_methods: every method that a client \#
                names becomes statistics of its own: individual_method_stats_allowlist keeps \#
                clients from filling the memory
                """#
            ]
        ),
        BadListener(
            "a filter that is off is left out",
            .httpFilters,
            #"""
            {name: web, disabled: true, typed_config: {"@type": \#
            type.googleapis.com/envoy.extensions.filters.http.grpc_web.v3.GrpcWeb}}
            """#,
            says: [
                #"""
                4:8: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.http_f\#
                ilters[0]: filter "web" ("envoy.extensions.filters.http.grpc_web.v3.GrpcWeb") \#
                is not supported yet and left out: it is disabled in the file
                """#
            ]
        ),
        BadListener(
            "a condition on gRPC names statuses",
            .manager,
            #"""
            access_log: [{name: a, filter: {grpc_status_filter: {}}, typed_config: {"@type": \#
            type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog}}]
            """#,
            says: [
                #"""
                4:40: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.access\#
                _log[0].filter.grpc_status_filter.statuses: is empty, so the condition never \#
                holds: name statuses, for example [UNAVAILABLE, INTERNAL]
                """#
            ]
        ),
        BadListener(
            "a status of gRPC is known",
            .manager,
            #"""
            access_log: [{name: a, filter: {grpc_status_filter: {statuses: [UNAVAILBLE]}}, \#
            typed_config: {"@type": \#
            type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog}}]
            """#,
            says: [
                #"""
                refused: 4:72: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.access\#
                _log[0].filter.grpc_status_filter.statuses[0]: "UNAVAILBLE" is not a known \#
                value: did you mean "UNAVAILABLE"?
                """#
            ]
        ),
    ]
}
