/// Listeners, addresses and network filters that are wrong, and what is said of them.
extension BadFile {
    static let listeners: [BadFile] = [
        BadFile(
            "a listener has an address",
            replacing: """
                      address:
                        socket_address: {address: 0.0.0.0, port_value: 15006}

                """,
            with: "",
            says: [
                """
                envoy.yaml:9:7: static_resources.listeners[0]: has no address: give address: \
                {socket_address: {address: 0.0.0.0, port_value: 15001}}
                """
            ]
        ),
        BadFile(
            "an address is not empty",
            replacing: "address: 0.0.0.0, port_value: 15006",
            with: #"address: "", port_value: 15006"#,
            says: [
                """
                envoy.yaml:11:26: static_resources.listeners[0].address.socket_address.address: \
                is empty: give an IP address, for example 127.0.0.1
                """
            ]
        ),
        BadFile(
            "a port is given",
            replacing: "address: 0.0.0.0, port_value: 15006",
            with: "address: 0.0.0.0",
            says: [
                """
                envoy.yaml:11:9: static_resources.listeners[0].address.socket_address: has no \
                port: give its port_value, for example 8080
                """
            ]
        ),
        BadFile(
            "a port is a port",
            replacing: "port_value: 15006",
            with: "port_value: 70000",
            says: [
                """
                envoy.yaml:11:44: static_resources.listeners[0].address.socket_address.\
                port_value: 70000 is not a port: ports are 0 to 65535
                """
            ]
        ),
        BadFile(
            "a port is a number",
            replacing: "port_value: 15006",
            with: "port_value: http",
            says: [
                """
                envoy.yaml:11:56: static_resources.listeners[0].address.socket_address.\
                port_value: "http" is not a whole number: write digits only
                """
            ]
        ),
        BadFile(
            "a port is not negative",
            replacing: "port_value: 15006",
            with: "port_value: -1",
            says: [
                """
                envoy.yaml:11:56: static_resources.listeners[0].address.socket_address.\
                port_value: -1 is out of range: from 0 to 4294967295
                """
            ]
        ),
        BadFile(
            "a listener binds no name",
            replacing: "address: 0.0.0.0, port_value: 15006",
            with: "address: localhost, port_value: 15006",
            says: [
                """
                envoy.yaml:11:26: static_resources.listeners[0].address.socket_address.address: \
                "localhost" is not an IP address: a listener binds an IP address, for example \
                127.0.0.1, 0.0.0.0 or ::
                """
            ]
        ),
        BadFile(
            "an IPv6 address has no brackets",
            replacing: "address: 0.0.0.0, port_value: 15006",
            with: #"address: "[::1]", port_value: 15006"#,
            says: [
                """
                envoy.yaml:11:26: static_resources.listeners[0].address.socket_address.address: \
                "[::1]" is not an IP address: write an IPv6 address without brackets
                """
            ]
        ),
        BadFile(
            "the port does not stand in the address",
            replacing: "address: 0.0.0.0, port_value: 15006",
            with: #"address: "0.0.0.0:80", port_value: 15006"#,
            says: [
                """
                envoy.yaml:11:26: static_resources.listeners[0].address.socket_address.address: \
                "0.0.0.0:80" is not an IP address: the port has a field of its own, port_value
                """
            ]
        ),
        BadFile(
            "a Unix socket has a short path",
            replacing: "socket_address: {address: 0.0.0.0, port_value: 15006}",
            with: """
                pipe: {path: /xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\
                xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}
                """,
            says: [
                """
                envoy.yaml:11:16: static_resources.listeners[0].address.pipe.path: is 121 bytes \
                long: the system takes up to 107 bytes for a Unix socket
                """
            ]
        ),
        BadFile(
            "a Unix socket has a path",
            replacing: "socket_address: {address: 0.0.0.0, port_value: 15006}",
            with: #"pipe: {path: ""}"#,
            says: [
                """
                envoy.yaml:11:16: static_resources.listeners[0].address.pipe.path: is empty: \
                give the path of the socket, for example /run/app.sock
                """
            ]
        ),
        BadFile(
            "a mode is a mode",
            replacing: "socket_address: {address: 0.0.0.0, port_value: 15006}",
            with: "pipe: {path: /run/in.sock, mode: 660}",
            says: [
                """
                envoy.yaml:11:36: static_resources.listeners[0].address.pipe.mode: 660 is not a \
                file mode: modes are 0 to 511 (octal 777), in decimal: 432 is octal 660
                """
            ]
        ),
        BadFile(
            "an abstract socket has no mode",
            replacing: "socket_address: {address: 0.0.0.0, port_value: 15006}",
            with: #"pipe: {path: "@in", mode: 432}"#,
            says: [
                """
                envoy.yaml:11:29: static_resources.listeners[0].address.pipe.mode: an abstract \
                socket has no file, so it has no mode: leave the mode out
                """
            ]
        ),
        BadFile(
            "names of listeners are unique",
            replacing: """
                  clusters:
                    - name: app

                """,
            with: """
                    - name: inbound
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
                                  virtual_hosts:
                                    - {name: all, domains: ["*"], routes: [{match: {prefix: "/"}, \
                route: {cluster: app}}]}
                                http_filters: [{name: envoy.filters.http.router}]
                  clusters:
                    - name: app

                """,
            says: [
                """
                envoy.yaml:43:7: static_resources.listeners[1].name: there is another listener \
                "inbound": names of listeners are unique
                """
            ]
        ),
        BadFile(
            "an address belongs to one listener",
            replacing: """
                  clusters:
                    - name: app

                """,
            with: """
                    - name: second
                      address:
                        socket_address: {address: 0.0.0.0, port_value: 15006}
                      filter_chains:
                        - filters:
                            - name: envoy.filters.network.http_connection_manager
                              typed_config:
                                "@type": type.googleapis.com/envoy.extensions.filters.network.\
                http_connection_manager.v3.HttpConnectionManager
                                stat_prefix: second
                                route_config:
                                  virtual_hosts:
                                    - {name: all, domains: ["*"], routes: [{match: {prefix: "/"}, \
                route: {cluster: app}}]}
                                http_filters: [{name: envoy.filters.http.router}]
                  clusters:
                    - name: app

                """,
            says: [
                """
                envoy.yaml:44:7: static_resources.listeners[1].address: 0.0.0.0:15006 is already \
                taken by listener "inbound": an address belongs to one listener
                """
            ]
        ),
        BadFile(
            "the admin port is nobody else's",
            replacing: "address: 127.0.0.1, port_value: 9901",
            with: "address: 0.0.0.0, port_value: 15006",
            says: [
                """
                envoy.yaml:5:3: admin.address: 0.0.0.0:15006 is already taken by listener \
                "inbound": give the admin interface a port of its own
                """
            ]
        ),
        BadFile(
            "a listener has a filter chain",
            replacing: """
                  clusters:
                    - name: app

                """,
            with: """
                    - name: second
                      address: {socket_address: {address: 0.0.0.0, port_value: 15007}}
                  clusters:
                    - name: app

                """,
            says: [
                """
                envoy.yaml:43:7: static_resources.listeners[1]: has no filter chain: give \
                filter_chains with a filter envoy.filters.network.http_connection_manager
                """
            ]
        ),
        BadFile(
            "a backlog is not zero",
            replacing: Fixture.inbound,
            with: """
                    - name: inbound
                      tcp_backlog_size: 0

                """,
            says: [
                """
                envoy.yaml:10:7: static_resources.listeners[0].tcp_backlog_size: is 0, so no \
                connection could wait: leave it out for 4096
                """
            ]
        ),
        BadFile(
            "a chain has a filter",
            replacing: """
                        - filters:
                            - name: envoy.filters.network.http_connection_manager
                              typed_config:
                """,
            with: """
                        - filters: []
                        - filters:
                            - name: envoy.filters.network.http_connection_manager
                              typed_config:
                """,
            says: [
                """
                envoy.yaml:13:11: static_resources.listeners[0].filter_chains[0].filters: is \
                empty: give one filter, envoy.filters.network.http_connection_manager or \
                envoy.filters.network.tcp_proxy
                """
            ]
        ),
        BadFile(
            "a relay is configured",
            replacing: "            - name: envoy.filters.network.http_connection_manager\n",
            with: """
                            - name: envoy.filters.network.tcp_proxy
                            - name: envoy.filters.network.http_connection_manager

                """,
            says: [
                """
                envoy.yaml:14:15: static_resources.listeners[0].filter_chains[0].filters[0]: \
                has no typed_config: give the TcpProxy: its stat_prefix and cluster
                """
            ]
        ),
        BadFile(
            "a network filter is one of Envoy's",
            replacing: "            - name: envoy.filters.network.http_connection_manager\n",
            with: """
                            - name: envoy.filters.network.http_conection_manager
                            - name: envoy.filters.network.http_connection_manager

                """,
            says: [
                """
                envoy.yaml:14:15: static_resources.listeners[0].filter_chains[0].filters[0].\
                name: there is no network filter "envoy.filters.network.http_conection_manager": \
                did you mean "envoy.filters.network.http_connection_manager"?
                """
            ]
        ),
        BadFile(
            "a connection limit is a number",
            replacing: "admin:\n",
            with: """
                layered_runtime: {layers: [{name: base, static_layer: {envoy.resource_limits.\
                listener.inbound.connection_limit: many}}]}
                admin:

                """,
            says: [
                """
                envoy.yaml:4:56: layered_runtime.layers[0].static_layer["envoy.resource_limits.\
                listener.inbound.connection_limit"]: is not a number of connections: give a \
                whole number above 0
                """
            ]
        ),
    ]
}
