/// Fragments about endpoints, and what is said of them.
extension BadCluster {
    static let endpoints: [BadCluster] = [
        BadCluster(
            "a priority left out",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{priority: 2, lb_endpoints: [{ \
                endpoint: {address: {socket_address: {address: 10.0.0.1, port_value: 80}}}}]}]}
                """,
            says: [
                """
                3:52: static_resources.clusters[0].load_assignment.endpoints: no endpoints have \
                priority 0, but some have 2: count priorities from 0 without leaving any out
                """
            ]
        ),
        BadCluster(
            "a place of no weight",
            "common_lb_config: {locality_weighted_lb_config: {}}",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{load_balancing_weight: 0, \
                lb_endpoints: [{ endpoint: {address: {socket_address: {address: 10.0.0.1, \
                port_value: 80}}}}]}]}
                """,
            says: [
                """
                3:65: static_resources.clusters[0].load_assignment.endpoints[0].\
                load_balancing_weight: refused, is 0: a weight is at least 1; leave it out to \
                send the place nothing
                """
            ]
        ),
        BadCluster(
            "weights over the total",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: \
                [{load_balancing_weight: 4294967295, endpoint: {address: {socket_address: {address: \
                10.0.0.1, port_value: 80}}}}, {load_balancing_weight: 2, endpoint: {address: \
                {socket_address: {address: 10.0.0.2, port_value: 80}}}}]}]}
                """,
            says: [
                """
                3:52: static_resources.clusters[0].load_assignment.endpoints: refused, the \
                weights of the endpoints add up to 4294967297: their sum is at most 4294967295
                """
            ]
        ),
        BadCluster(
            "weights of places over the total",
            "common_lb_config: {locality_weighted_lb_config: {}}",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{load_balancing_weight: 4294967295, \
                locality: {zone: a}, lb_endpoints: [{endpoint: {address: {socket_address: {address: \
                10.0.0.1, port_value: 80}}}}]}, {load_balancing_weight: 1, locality: {zone: b}, \
                lb_endpoints: [{endpoint: {address: {socket_address: {address: 10.0.0.1, \
                port_value: 80}}}}]}]}
                """,
            says: [
                """
                3:52: static_resources.clusters[0].load_assignment.endpoints: refused, the \
                weights of the places of priority 0 add up to 4294967296: their sum is at most \
                4294967295
                """
            ]
        ),
        BadCluster(
            "two weights of one place",
            "common_lb_config: {locality_weighted_lb_config: {}}",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{load_balancing_weight: 1, \
                lb_endpoints: [{endpoint: {address: {socket_address: {address: 10.0.0.1, \
                port_value: 80}}}}]}, {load_balancing_weight: 2, lb_endpoints: [{endpoint: \
                {address: {socket_address: {address: 10.0.0.1, port_value: 80}}}}]}]}
                """,
            says: [
                """
                3:187: static_resources.clusters[0].load_assignment.endpoints[1].\
                load_balancing_weight: the same place and priority had another weight before: \
                write its endpoints in one list; the last weight counts
                """
            ]
        ),
        BadCluster(
            "an unknown health",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{ lb_endpoints: [{health_status: \
                HEALTY, endpoint: {address: {socket_address: {address: 10.0.0.1, port_value: \
                80}}}}]}]}
                """,
            says: [
                """
                3:97: static_resources.clusters[0].load_assignment.endpoints[0].lb_endpoints[0].\
                health_status: refused, "HEALTY" is not a known value: did you mean "HEALTHY"?
                """
            ]
        ),
        BadCluster(
            "a port of checks beyond all",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: \
                {socket_address: {address: 10.0.0.1, port_value: 80}}, health_check_config: \
                {port_value: 65536}}}]}]}
                """,
            says: [
                """
                3:178: static_resources.clusters[0].load_assignment.endpoints[0].\
                lb_endpoints[0].endpoint.health_check_config.port_value: refused, 65536 is not \
                a port: give 1 to 65535
                """
            ]
        ),
        BadCluster(
            "a port of checks on a Unix socket",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: \
                {socket_address: {address: 10.0.0.1, port_value: 80}}, health_check_config: \
                {port_value: 1, address: {pipe: {path: /a}}}}}]}]}
                """,
            says: [
                """
                3:178: static_resources.clusters[0].load_assignment.endpoints[0].\
                lb_endpoints[0].endpoint.health_check_config.port_value: refused, a Unix socket \
                has no port: leave it out
                """
            ]
        ),
        BadCluster(
            "an address of checks that is a name",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: \
                {socket_address: {address: 10.0.0.1, port_value: 80}}, health_check_config: \
                {address: {socket_address: {address: a.b, port_value: 1}}}}}]}]}
                """,
            says: [
                """
                3:205: static_resources.clusters[0].load_assignment.endpoints[0].\
                lb_endpoints[0].endpoint.health_check_config.address.socket_address.address: \
                refused, "a.b" is not an IP address: a cluster of type STATIC takes IP \
                addresses; for a name use STRICT_DNS
                """
            ]
        ),
        BadCluster(
            "a further address without an address",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: \
                {socket_address: {address: 10.0.0.1, port_value: 80}}, additional_addresses: \
                [{}]}}]}]}
                """,
            says: [
                """
                3:179: static_resources.clusters[0].load_assignment.endpoints[0].\
                lb_endpoints[0].endpoint.additional_addresses[0].address: refused, is missing: \
                give address: {socket_address: …}
                """
            ]
        ),
        BadCluster(
            "a further address twice",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: \
                {socket_address: {address: 10.0.0.1, port_value: 80}}, additional_addresses: \
                [{address: {socket_address: {address: 10.0.0.1, port_value: 80}}}]}}]}]}
                """,
            says: [
                """
                3:180: static_resources.clusters[0].load_assignment.endpoints[0].\
                lb_endpoints[0].endpoint.additional_addresses[0].address: 10.0.0.1:80 is there \
                already: leave it out
                """
            ]
        ),
        BadCluster(
            "further addresses of a name",
            "type: STRICT_DNS",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: \
                {socket_address: {address: 10.0.0.1, port_value: 80}}, additional_addresses: \
                [{address: {socket_address: {address: 10.0.0.2, port_value: 80}}}]}}]}]}
                """,
            says: [
                """
                3:156: static_resources.clusters[0].load_assignment.endpoints[0].\
                lb_endpoints[0].endpoint.additional_addresses: has no effect in a cluster that \
                asks DNS: every address of the name is used; for fixed addresses use type: \
                STATIC
                """
            ]
        ),
        BadCluster(
            "named endpoints",
            endpoints: "load_assignment: {cluster_name: c, named_endpoints: {}}",
            says: [
                """
                3:52: static_resources.clusters[0].load_assignment.named_endpoints: refused, it \
                is not supported yet
                """
            ]
        ),
    ]
}
