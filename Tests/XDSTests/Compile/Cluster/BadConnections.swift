/// Fragments about connections and circuit breakers, and what is said of them.
extension BadCluster {
    static let connections: [BadCluster] = [
        BadCluster(
            "a source that is a name",
            "upstream_bind_config: {source_address: {address: localhost, port_value: 0}}",
            says: [
                """
                4:48: static_resources.clusters[0].upstream_bind_config.source_address.address: \
                refused, "localhost" is not an IP address: give an IP address of this machine
                """
            ]
        ),
        BadCluster(
            "a source without a port",
            "upstream_bind_config: {source_address: {address: 127.0.0.1}}",
            says: [
                """
                4:31: static_resources.clusters[0].upstream_bind_config.source_address: \
                refused, has no port: give its port_value, for example 8080
                """
            ]
        ),
        BadCluster(
            "a further source without a first",
            """
            upstream_bind_config: {extra_source_addresses: [{address: {address: "::1", \
            port_value: 0}}]}
            """,
            says: [
                """
                4:31: static_resources.clusters[0].upstream_bind_config.extra_source_addresses: \
                refused, there is no source_address: give the first address there
                """
            ]
        ),
        BadCluster(
            "two further sources",
            """
            upstream_bind_config: {source_address: {address: 127.0.0.1, port_value: 0}, \
            extra_source_addresses: [{address: {address: "::1", port_value: 0}}, {address: \
            {address: "::2", port_value: 0}}]}
            """,
            says: [
                """
                4:84: static_resources.clusters[0].upstream_bind_config.extra_source_addresses: \
                refused, has 2 addresses: one besides source_address is supported
                """
            ]
        ),
        BadCluster(
            "two sources of one version",
            """
            upstream_bind_config: {source_address: {address: 127.0.0.1, port_value: 0}, \
            additional_source_addresses: [{address: 127.0.0.2, port_value: 0}]}
            """,
            says: [
                """
                4:114: static_resources.clusters[0].upstream_bind_config.\
                additional_source_addresses[0]: refused, is of the same version of IP as \
                source_address: give one IPv4 and one IPv6 address
                """
            ]
        ),
        BadCluster(
            "sources in two ways",
            """
            upstream_bind_config: {source_address: {address: 127.0.0.1, port_value: 0}, \
            extra_source_addresses: [{address: {address: "::1", port_value: 0}}], \
            additional_source_addresses: [{address: "::2", port_value: 0}]}
            """,
            says: [
                """
                4:154: static_resources.clusters[0].upstream_bind_config.\
                additional_source_addresses: refused, stands beside extra_source_addresses: \
                give only one of them
                """
            ]
        ),
        BadCluster(
            "freebind without a source",
            "upstream_bind_config: {freebind: true}",
            says: [
                """
                4:31: static_resources.clusters[0].upstream_bind_config.freebind: has no effect \
                without source_address: give the address to bind
                """
            ]
        ),
        BadCluster(
            "an option without a value",
            "upstream_bind_config: {socket_options: [{level: 1, name: 2}]}",
            says: [
                """
                4:48: static_resources.clusters[0].upstream_bind_config.socket_options[0]: \
                refused, has no value: give int_value or buf_value
                """
            ]
        ),
        BadCluster(
            "an option of a listener",
            """
            upstream_bind_config: {socket_options: [{level: 1, name: 2, int_value: 1, state: \
            STATE_LISTENING}]}
            """,
            says: [
                """
                4:82: static_resources.clusters[0].upstream_bind_config.socket_options[0].\
                state: connections to upstreams never listen: leave the option out
                """
            ]
        ),
        BadCluster(
            "an option beyond 32 bits",
            """
            upstream_bind_config: {socket_options: [{level: 1, name: 2, int_value: 4294967296}]}
            """,
            says: [
                """
                4:68: static_resources.clusters[0].upstream_bind_config.socket_options[0].\
                int_value: refused, 4294967296 does not fit in 32 bits: give a smaller one
                """
            ]
        ),
        BadCluster(
            "an option of a negative level",
            "upstream_bind_config: {socket_options: [{level: -1, name: 2, int_value: 1}]}",
            says: [
                """
                4:49: static_resources.clusters[0].upstream_bind_config.socket_options[0].\
                level: refused, -1 is no level: SOL_SOCKET is 1, IPPROTO_TCP 6
                """
            ]
        ),
        BadCluster(
            "a source of the bootstrap that is a name",
            bootstrap: """
                cluster_manager: {upstream_bind_config: {source_address: {address: x, port_value: \
                0}}}

                """,
            says: [
                """
                1:59: cluster_manager.upstream_bind_config.source_address.address: refused, "x" \
                is not an IP address: give an IP address of this machine
                """
            ]
        ),
        BadCluster(
            "no probes",
            "upstream_connection_options: {tcp_keepalive: {keepalive_probes: 0}}",
            says: [
                """
                4:54: static_resources.clusters[0].upstream_connection_options.tcp_keepalive.\
                keepalive_probes: refused, 0 is out of range: give 1 to 127
                """
            ]
        ),
        BadCluster(
            "a time between probes beyond what the system takes",
            "upstream_connection_options: {tcp_keepalive: {keepalive_interval: 40000}}",
            says: [
                """
                4:54: static_resources.clusters[0].upstream_connection_options.tcp_keepalive.\
                keepalive_interval: refused, 40000 is out of range: give 1 to 32767
                """
            ]
        ),
        BadCluster(
            "no address of the first version",
            """
            upstream_connection_options: {happy_eyeballs_config: {first_address_family_count: \
            0}}
            """,
            says: [
                """
                4:62: static_resources.clusters[0].upstream_connection_options.\
                happy_eyeballs_config.first_address_family_count: refused, is 0: give at least \
                1: so many addresses before the other version
                """
            ]
        ),
        BadCluster(
            "more addresses than there are",
            """
            upstream_connection_options: {happy_eyeballs_config: {first_address_family_count: \
            3}}
            """,
            says: [
                """
                4:62: static_resources.clusters[0].upstream_connection_options.\
                happy_eyeballs_config.first_address_family_count: 3 is more than any endpoint \
                has addresses, which is 1: give at most 1
                """
            ]
        ),
        BadCluster(
            "fewer connections than requests",
            "preconnect_policy: {per_upstream_preconnect_ratio: 0.5}",
            says: [
                """
                4:28: static_resources.clusters[0].preconnect_policy.\
                per_upstream_preconnect_ratio: refused, 0.5 is out of range: give 1.0, which \
                opens no connection early, to 3.0
                """
            ]
        ),
        BadCluster(
            "far more connections than requests",
            "preconnect_policy: {predictive_preconnect_ratio: 3.5}",
            says: [
                """
                4:28: static_resources.clusters[0].preconnect_policy.\
                predictive_preconnect_ratio: refused, 3.5 is out of range: give 1.0, which \
                opens no connection early, to 3.0
                """
            ]
        ),
        BadCluster(
            "a negative time for an exchange",
            "common_http_protocol_options: {max_stream_duration: -1s}",
            says: [
                """
                4:39: static_resources.clusters[0].common_http_protocol_options.\
                max_stream_duration: refused, is negative: a duration is at least 0s
                """
            ]
        ),
        BadCluster(
            "a budget above all",
            "circuit_breakers: {thresholds: [{retry_budget: {budget_percent: {value: 101}}}]}",
            says: [
                """
                4:73: static_resources.clusters[0].circuit_breakers.thresholds[0].retry_budget.\
                budget_percent.value: refused, 101.0 is no percentage: give 0 to 100, as in \
                {value: 50}
                """
            ]
        ),
        BadCluster(
            "a budget beside a number",
            "circuit_breakers: {thresholds: [{max_retries: 5, retry_budget: {}}]}",
            says: [
                """
                4:41: static_resources.clusters[0].circuit_breakers.thresholds[0].max_retries: \
                has no effect beside retry_budget: leave one of them out
                """
            ]
        ),
        BadCluster(
            "no connection at all",
            "circuit_breakers: {thresholds: [{max_connections: 0}]}",
            says: [
                """
                4:41: static_resources.clusters[0].circuit_breakers.thresholds[0].\
                max_connections: is 0, so no request gets through: give at least 1, or remove \
                the routes
                """
            ]
        ),
        BadCluster(
            "other limits of one endpoint",
            """
            circuit_breakers: {per_host_thresholds: [{max_connections: 5, max_requests: 5, \
            retry_budget: {}}]}
            """,
            says: [
                """
                4:70: static_resources.clusters[0].circuit_breakers.per_host_thresholds[0].\
                max_requests: refused, only connections are limited for each endpoint: give \
                max_connections here, and the other limits in thresholds
                """,
                """
                4:87: static_resources.clusters[0].circuit_breakers.per_host_thresholds[0].\
                retry_budget: refused, only connections are limited for each endpoint: give \
                max_connections here, and the other limits in thresholds
                """,
            ]
        ),
        BadCluster(
            "two limits of one endpoint",
            """
            circuit_breakers: {per_host_thresholds: [{max_connections: 5}, {max_connections: \
            6}]}
            """,
            says: [
                """
                4:71: static_resources.clusters[0].circuit_breakers.per_host_thresholds[1]: \
                refused, there are two sets of limits for one endpoint: give one
                """
            ]
        ),
        BadCluster(
            "a limit of one endpoint for HIGH",
            "circuit_breakers: {per_host_thresholds: [{priority: HIGH, max_connections: 5}]}",
            says: [
                """
                4:49: static_resources.clusters[0].circuit_breakers.per_host_thresholds[0]: the \
                limits of one endpoint are those of DEFAULT: leave HIGH out
                """
            ]
        ),
        BadCluster(
            "pools by client",
            "connection_pool_per_downstream_connection: true",
            says: [
                """
                4:8: static_resources.clusters[0].connection_pool_per_downstream_connection: \
                refused, it is not supported yet
                """
            ]
        ),
    ]
}
