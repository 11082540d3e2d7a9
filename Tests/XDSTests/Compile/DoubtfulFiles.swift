/// Files that are taken, with a warning.
extension BadFile {
    static let doubtful: [BadFile] = [
        BadFile(
            "an address that others reach is said for the admin interface",
            replacing: "address: 127.0.0.1, port_value: 9901",
            with: "address: 0.0.0.0, port_value: 9901",
            says: [
                """
                envoy.yaml:5:3: admin.address: the admin interface at 0.0.0.0:9901 is open to \
                other machines: it can stop the proxy; bind it to 127.0.0.1
                """
            ]
        ),
        BadFile(
            "a listener without a socket is said",
            replacing: Fixture.inbound,
            with: """
                    - name: inbound
                      bind_to_port: false

                """,
            says: [
                """
                envoy.yaml:10:7: static_resources.listeners[0].bind_to_port: the listener opens \
                no socket, so nothing reaches it: leave bind_to_port out, or give another listener \
                use_original_dst: true
                """
            ]
        ),
        BadFile(
            "a cluster without endpoints is said",
            replacing: """
                          - lb_endpoints:
                              - endpoint: {address: {socket_address: {address: 127.0.0.1, \
                port_value: 8080}}}

                """,
            with: "          - lb_endpoints: []\n",
            says: [
                """
                envoy.yaml:48:7: static_resources.clusters[0].load_assignment: cluster "app" has \
                no endpoints, so its requests get 503: add lb_endpoints
                """
            ]
        ),
        BadFile(
            "an assignment with another name is said",
            replacing: "cluster_name: app",
            with: "cluster_name: apps",
            says: [
                """
                envoy.yaml:49:9: static_resources.clusters[0].load_assignment.cluster_name: \
                "apps" is not the cluster's name: write "app": the endpoints are this cluster's \
                in any case
                """
            ]
        ),
        BadFile(
            "a route behind one that takes everything is said",
            replacing: Fixture.match,
            with: #"match: {prefix: "/"}"#,
            says: [
                """
                envoy.yaml:26:27: \(manager).route_config.virtual_hosts[0].routes[1]: is never \
                reached: route 1 takes every request: the first route that matches decides; move \
                the general one to the end
                """
            ]
        ),
        BadFile(
            "a prefix without a slash is said",
            replacing: Fixture.match,
            with: #"match: {prefix: "api"}"#,
            says: [
                """
                envoy.yaml:24:35: \(manager).route_config.virtual_hosts[0].routes[0].match.\
                prefix: "api" matches nothing: every path begins with a slash: write "/api"
                """
            ]
        ),
        BadFile(
            "a path with a query is said",
            replacing: Fixture.match,
            with: #"match: {path: "/a?b=c"}"#,
            says: [
                """
                envoy.yaml:24:35: \(manager).route_config.virtual_hosts[0].routes[0].match.path: \
                "/a?b=c" matches nothing: the path ends before ? and #: the query is matched by \
                query_parameters
                """
            ]
        ),
        BadFile(
            "a share above all is said",
            replacing: Fixture.match,
            with: """
                match: {prefix: "/api", runtime_fraction: {default_value: {numerator: 101}}}
                """,
            says: [
                """
                envoy.yaml:24:86: \(manager).route_config.virtual_hosts[0].routes[0].match.\
                runtime_fraction.default_value.numerator: 101 of 100 is every request: make it \
                at most 100, or choose another denominator
                """
            ]
        ),
        BadFile(
            "a rewrite without a slash is said",
            replacing: Fixture.action,
            with: #"route: {cluster: app, prefix_rewrite: "v2"}"#,
            says: [
                """
                envoy.yaml:25:49: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                prefix_rewrite: "v2" does not begin with a slash, as a path must: write "/v2"
                """
            ]
        ),
        BadFile(
            "codes without their condition are said",
            replacing: Fixture.action,
            with: """
                route: {cluster: app, retry_policy: {retry_on: 5xx, retriable_status_codes: [409]}}
                """,
            says: [
                """
                envoy.yaml:25:79: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                retry_policy.retriable_status_codes: has no effect without the condition \
                "retriable-status-codes": add it to retry_on
                """
            ]
        ),
        BadFile(
            "a redirect to itself is said",
            replacing: Fixture.action,
            with: "redirect: {response_code: FOUND}",
            says: [
                """
                envoy.yaml:25:27: \(manager).route_config.virtual_hosts[0].routes[0].redirect: \
                redirects to the same place, so a client would go round in a circle: give \
                https_redirect, host_redirect, port_redirect or path_redirect
                """
            ]
        ),
        BadFile(
            "a table without hosts is said",
            replacing: """
                  clusters:
                    - name: app

                """,
            with: """
                    - name: second
                      address:
                        socket_address: {address: 0.0.0.0, port_value: 15007}
                      filter_chains:
                        - filters:
                            - name: envoy.filters.network.http_connection_manager
                              typed_config:
                                "@type": type.googleapis.com/envoy.extensions.filters.network.\
                http_connection_manager.v3.HttpConnectionManager
                                stat_prefix: second
                                route_config:
                                  name: empty
                                http_filters: [{name: envoy.filters.http.router}]
                  clusters:
                    - name: app

                """,
            says: [
                """
                envoy.yaml:52:17: static_resources.listeners[1].filter_chains[0].filters[0].\
                typed_config.route_config.virtual_hosts: is empty, so every request is answered \
                with 404: give at least one virtual host, for example with domains: ["*"]
                """
            ]
        ),
        BadFile(
            "an option without effect is said",
            replacing: Fixture.statPrefix,
            with: """
                stat_prefix: inbound
                                access_log:
                                  - name: log
                                    typed_config: {"@type": type.googleapis.com/envoy.extensions.\
                access_loggers.stream.v3.StdoutAccessLog, log_format: {text_format: "%PROTOCOL%", \
                omit_empty_values: true}}
                """,
            says: [
                """
                envoy.yaml:20:164: \(manager).access_log[0].typed_config.log_format.\
                omit_empty_values: has no effect yet: a missing value is - or null: leave it out
                """
            ]
        ),
        BadFile(
            "an optional filter that is not known is said",
            replacing: "                  - name: envoy.filters.http.router\n",
            with: """
                                  - name: acme.filters.shadow
                                    is_optional: true
                                  - name: envoy.filters.http.router

                """,
            says: [
                """
                envoy.yaml:40:21: \(manager).http_filters[0]: optional filter "acme.filters.\
                shadow" is not known and left out
                """
            ]
        ),
        BadFile(
            "a runtime key without effect is said",
            replacing: "admin:\n",
            with: """
                layered_runtime: {layers: [{name: base, static_layer: {overload.\
                global_downstream_max_connections: 50000}}, {name: admin, admin_layer: {}}]}
                admin:

                """,
            says: [
                """
                envoy.yaml:4:56: layered_runtime.layers[0].static_layer["overload.\
                global_downstream_max_connections"]: runtime key "overload.\
                global_downstream_max_connections" has no effect: nothing in the \
                configuration asks for it
                """,
                """
                envoy.yaml:4:123: layered_runtime.layers[1].admin_layer: it has no effect: the \
                admin interface sets no values
                """,
            ]
        ),
        BadFile(
            "a limit of no listener is said",
            replacing: "admin:\n",
            with: """
                layered_runtime: {layers: [{name: base, static_layer: {envoy.resource_limits.\
                listener.inbond.connection_limit: 10}}]}
                admin:

                """,
            says: [
                """
                envoy.yaml:4:56: layered_runtime.layers[0].static_layer["envoy.resource_limits.\
                listener.inbond.connection_limit"]: there is no listener "inbond", so the limit \
                has no effect: did you mean "inbound"?
                """
            ]
        ),
        BadFile(
            "a field without effect is said",
            replacing: Fixture.statPrefix,
            with: """
                stat_prefix: inbound
                                drain_timeout: 5s
                """,
            says: [
                """
                envoy.yaml:18:17: \(manager).drain_timeout: it has no effect: connections drain \
                until the deadline of the process, --drain-time
                """
            ]
        ),
    ]
}
