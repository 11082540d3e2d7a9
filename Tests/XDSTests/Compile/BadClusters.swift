/// Clusters and endpoints that are wrong, and what is said of them.
extension BadFile {
    static let clusters: [BadFile] = [
        BadFile(
            "a cluster of the list has a name",
            replacing: """
                  clusters:
                    - name: app

                """,
            with: """
                  clusters:
                    - name: ""

                """,
            says: [
                """
                envoy.yaml:25:35: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                cluster: there is no cluster "app": add it to static_resources.clusters; there \
                are "canary"
                """,
                """
                envoy.yaml:30:36: \(manager).route_config.virtual_hosts[0].routes[1].route.\
                weighted_clusters.clusters[0].name: there is no cluster "app": add it to \
                static_resources.clusters; there are "canary"
                """,
                """
                envoy.yaml:44:7: static_resources.clusters[0].name: is empty: name the cluster; \
                routes and statistics refer to it
                """,
            ]
        ),
        BadFile(
            "names of clusters are unique",
            replacing: """
                    - name: canary
                      type
                """,
            with: """
                    - name: app
                      type
                """,
            says: [
                """
                envoy.yaml:31:36: \(manager).route_config.virtual_hosts[0].routes[1].route.\
                weighted_clusters.clusters[1].name: there is no cluster "canary": add it to \
                static_resources.clusters; there are "app"
                """,
                """
                envoy.yaml:53:7: static_resources.clusters[1].name: there is another cluster \
                "app": names of clusters are unique
                """,
            ]
        ),
        BadFile(
            "a connection may take some time",
            replacing: "connect_timeout: 0.25s",
            with: "connect_timeout: 0s",
            says: [
                """
                envoy.yaml:45:7: static_resources.clusters[0].connect_timeout: must be longer \
                than 0s: leave it out for 5 s
                """
            ]
        ),
        BadFile(
            "a connect timeout is not negative",
            replacing: "connect_timeout: 0.25s",
            with: "connect_timeout: -0.25s",
            says: [
                """
                envoy.yaml:45:7: static_resources.clusters[0].connect_timeout: is negative: a \
                duration is at least 0s
                """
            ]
        ),
        BadFile(
            "an unknown type is refused",
            replacing: "type: STATIC",
            with: "type: STATICC",
            says: [
                """
                envoy.yaml:46:13: static_resources.clusters[0].type: "STATICC" is not a known \
                value: did you mean "STATIC"?
                """
            ]
        ),
        BadFile(
            "EDS is not supported yet",
            replacing: "type: STATIC",
            with: "type: EDS",
            says: [
                """
                envoy.yaml:46:13: static_resources.clusters[0].type: EDS is not supported yet: \
                supported: STATIC, STRICT_DNS, LOGICAL_DNS, ORIGINAL_DST
                """
            ]
        ),
        BadFile(
            "an unknown policy is refused",
            replacing: "lb_policy: ROUND_ROBIN",
            with: "lb_policy: ROUND_ROBBIN",
            says: [
                """
                envoy.yaml:47:18: static_resources.clusters[0].lb_policy: "ROUND_ROBBIN" is not \
                a known value: did you mean "ROUND_ROBIN"?
                """
            ]
        ),
        BadFile(
            "a choice is between two",
            replacing: "lb_policy: ROUND_ROBIN",
            with: """
                lb_policy: LEAST_REQUEST
                      least_request_lb_config: {choice_count: 1}
                """,
            says: [
                """
                envoy.yaml:48:33: static_resources.clusters[0].least_request_lb_config.\
                choice_count: 1 leaves nothing to choose from: give at least 2
                """
            ]
        ),
        BadFile(
            "a STATIC cluster has no names",
            replacing: "address: 127.0.0.1, port_value: 8080",
            with: "address: app.internal, port_value: 8080",
            says: [
                """
                envoy.yaml:52:55: \(endpoint).endpoint.address.socket_address.address: "app.\
                internal" is not an IP address: a cluster of type STATIC takes IP addresses; for \
                a name use STRICT_DNS
                """
            ]
        ),
        BadFile(
            "a name is a name",
            replacing: "address: canary.internal, port_value: 8080",
            with: #"address: "canary internal", port_value: 8080"#,
            says: [
                """
                envoy.yaml:61:38: static_resources.clusters[1].load_assignment.endpoints[0].\
                lb_endpoints[0].endpoint.address.socket_address.address: "canary internal" is \
                neither an IP address nor a host name: letters, digits, - and _ between dots, \
                for example app.internal
                """
            ]
        ),
        BadFile(
            "nothing is at port 0",
            replacing: "address: 127.0.0.1, port_value: 8080",
            with: "address: 127.0.0.1, port_value: 0",
            says: [
                """
                envoy.yaml:52:75: \(endpoint).endpoint.address.socket_address.port_value: \
                nothing can be reached at port 0: give the port that the endpoint listens on, 1 \
                to 65535
                """
            ]
        ),
        BadFile(
            "an endpoint has a port that exists",
            replacing: "address: 127.0.0.1, port_value: 8080",
            with: "address: 127.0.0.1, port_value: 99999",
            says: [
                """
                envoy.yaml:52:75: \(endpoint).endpoint.address.socket_address.port_value: 99999 \
                is not a port: ports are 0 to 65535
                """
            ]
        ),
        BadFile(
            "an endpoint has an address",
            replacing: """
                - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 8080}}}
                """,
            with: "- endpoint: {hostname: a}",
            says: [
                """
                envoy.yaml:52:17: \(endpoint).endpoint: has no address: give address: \
                {socket_address: …}
                """
            ]
        ),
        BadFile(
            "an endpoint is there",
            replacing: """
                - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 8080}}}
                """,
            with: "- load_balancing_weight: 2",
            says: [
                """
                envoy.yaml:52:17: \(endpoint): has no endpoint: give endpoint: {address: …}
                """
            ]
        ),
        BadFile(
            "an endpoint's weight is not zero",
            replacing: """
                - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 8080}}}
                """,
            with: """
                - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 8080}}}
                                load_balancing_weight: 0
                """,
            says: [
                """
                envoy.yaml:53:17: \(endpoint).load_balancing_weight: is 0: a weight is at least \
                1; remove the endpoint to send it nothing
                """
            ]
        ),
        BadFile(
            "an assignment has its cluster's name",
            replacing: "cluster_name: app",
            with: #"cluster_name: """#,
            says: [
                """
                envoy.yaml:49:9: static_resources.clusters[0].load_assignment.cluster_name: is \
                empty: repeat the cluster's name, "app"
                """
            ]
        ),
        BadFile(
            "priorities have an end",
            replacing: """
                          - lb_endpoints:
                              - endpoint: {address: {socket_address: {address: 127.0.0.1, \
                port_value: 8080}}}
                """,
            with: """
                          - priority: 129
                            lb_endpoints:
                              - endpoint: {address: {socket_address: {address: 127.0.0.1, \
                port_value: 8080}}}
                """,
            says: [
                """
                envoy.yaml:51:13: static_resources.clusters[0].load_assignment.endpoints[0].\
                priority: 129 is out of range: priorities are 0, the first, to 128
                """
            ]
        ),
        BadFile(
            "a LOGICAL_DNS cluster has one endpoint",
            replacing: """
                      type: STATIC
                      lb_policy: ROUND_ROBIN
                      load_assignment:
                        cluster_name: app
                        endpoints:
                          - lb_endpoints:
                              - endpoint: {address: {socket_address: {address: 127.0.0.1, \
                port_value: 8080}}}

                """,
            with: """
                      type: LOGICAL_DNS
                      load_assignment:
                        cluster_name: app
                        endpoints:
                          - lb_endpoints:
                              - endpoint: {address: {socket_address: {address: 127.0.0.1, \
                port_value: 8080}}}
                              - endpoint: {address: {socket_address: {address: 127.0.0.1, \
                port_value: 8080}}}

                """,
            says: [
                """
                envoy.yaml:49:9: static_resources.clusters[0].load_assignment.endpoints: a \
                LOGICAL_DNS cluster has exactly one endpoint, not 2: use STRICT_DNS for several \
                names
                """
            ]
        ),
        BadFile(
            "a DNS cluster has no Unix sockets",
            replacing: "socket_address: {address: canary.internal, port_value: 8080}",
            with: "pipe: {path: /run/app.sock}",
            says: [
                """
                envoy.yaml:61:21: static_resources.clusters[1].load_assignment.endpoints[0].\
                lb_endpoints[0].endpoint.address.pipe: a Unix socket is not found through DNS: \
                use type: STATIC
                """
            ]
        ),
        BadFile(
            "a refresh takes some time",
            replacing: "    - name: canary\n",
            with: """
                    - name: canary
                      dns_refresh_rate: 0s

                """,
            says: [
                """
                envoy.yaml:54:7: static_resources.clusters[1].dns_refresh_rate: must be longer \
                than 0s: leave it out for 5 s
                """
            ]
        ),
        BadFile(
            "thresholds stand once for a priority",
            replacing: "lb_policy: ROUND_ROBIN",
            with: "circuit_breakers: {thresholds: [{max_requests: 1}, {max_requests: 2}]}",
            says: [
                """
                envoy.yaml:47:58: static_resources.clusters[0].circuit_breakers.thresholds[1].\
                priority: there are two sets of thresholds for this priority: give one set for \
                DEFAULT and one for HIGH
                """
            ]
        ),
        BadFile(
            "a threshold is a number",
            replacing: "lb_policy: ROUND_ROBIN",
            with: "circuit_breakers: {thresholds: [{max_requests: lots}]}",
            says: [
                """
                envoy.yaml:47:54: static_resources.clusters[0].circuit_breakers.thresholds[0].\
                max_requests: "lots" is not a whole number: write digits only
                """
            ]
        ),
        BadFile(
            "typed options name a version of HTTP",
            replacing: "lb_policy: ROUND_ROBIN",
            with: """
                typed_extension_protocol_options: {envoy.extensions.upstreams.http.v3.\
                HttpProtocolOptions: {"@type": type.googleapis.com/envoy.extensions.upstreams.http.\
                v3.HttpProtocolOptions}}
                """,
            says: [
                """
                envoy.yaml:47:42: static_resources.clusters[0].\
                typed_extension_protocol_options["envoy.extensions.upstreams.http.v3.\
                HttpProtocolOptions"]: names no version of HTTP: give explicit_http_config: \
                {http_protocol_options: {}}
                """
            ]
        ),
        BadFile(
            "TLS has a configuration",
            replacing: "lb_policy: ROUND_ROBIN",
            with: "transport_socket: {name: envoy.transport_sockets.tls}",
            says: [
                """
                envoy.yaml:47:7: static_resources.clusters[0].transport_socket: has no \
                configuration: give typed_config with @type: type.googleapis.com/envoy.extensions.\
                transport_sockets.tls.v3.UpstreamTlsContext
                """
            ]
        ),
    ]
}
