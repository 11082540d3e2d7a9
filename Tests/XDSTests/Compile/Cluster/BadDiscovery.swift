/// Fragments about where endpoints come from, and what is said of them.
extension BadCluster {
    static let discovery: [BadCluster] = [
        BadCluster(
            "DNS in a STATIC cluster",
            "dns_refresh_rate: 1s, respect_dns_ttl: true, use_tcp_for_dns_lookups: true",
            says: [
                """
                4:8: static_resources.clusters[0].dns_refresh_rate: has no effect in a STATIC \
                cluster: leave it out, or use type: STRICT_DNS for names
                """,
                """
                4:30: static_resources.clusters[0].respect_dns_ttl: has no effect in a STATIC \
                cluster: leave it out, or use type: STRICT_DNS for names
                """,
                """
                4:53: static_resources.clusters[0].use_tcp_for_dns_lookups: has no effect in a \
                STATIC cluster: leave it out, or use type: STRICT_DNS for names
                """,
            ]
        ),
        BadCluster(
            "a refresh of a millisecond",
            "type: STRICT_DNS, dns_refresh_rate: 0.001s",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: \
                {socket_address: {address: app.internal, port_value: 80}}}}]}]}
                """,
            says: [
                """
                4:26: static_resources.clusters[0].dns_refresh_rate: refused, must be longer \
                than 1ms: leave it out for 5 s
                """
            ]
        ),
        BadCluster(
            "a negative jitter",
            "type: STRICT_DNS, dns_jitter: -1s",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: \
                {socket_address: {address: app.internal, port_value: 80}}}}]}]}
                """,
            says: [
                """
                4:26: static_resources.clusters[0].dns_jitter: refused, is negative: a duration \
                is at least 0s
                """
            ]
        ),
        BadCluster(
            "no first interval after a failure",
            "type: STRICT_DNS, dns_failure_refresh_rate: {max_interval: 1s}",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: \
                {socket_address: {address: app.internal, port_value: 80}}}}]}]}
                """,
            says: [
                """
                4:26: static_resources.clusters[0].dns_failure_refresh_rate.base_interval: \
                refused, is missing: give the first interval, for example 1s
                """
            ]
        ),
        BadCluster(
            "a last interval before the first",
            "type: STRICT_DNS, dns_failure_refresh_rate: {base_interval: 2s, max_interval: 1s}",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: \
                {socket_address: {address: app.internal, port_value: 80}}}}]}]}
                """,
            says: [
                """
                4:72: static_resources.clusters[0].dns_failure_refresh_rate.max_interval: \
                refused, is shorter than base_interval: the intervals grow from base_interval \
                to max_interval
                """
            ]
        ),
        BadCluster(
            "no name servers",
            "type: STRICT_DNS, dns_resolution_config: {}",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: \
                {socket_address: {address: app.internal, port_value: 80}}}}]}]}
                """,
            says: [
                """
                4:26: static_resources.clusters[0].dns_resolution_config.resolvers: refused, is \
                empty: give the addresses of name servers
                """
            ]
        ),
        BadCluster(
            "a name server with a name",
            """
            type: STRICT_DNS, dns_resolvers: [{socket_address: {address: ns.internal, \
            port_value: 53}}]
            """,
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: \
                {socket_address: {address: app.internal, port_value: 80}}}}]}]}
                """,
            says: [
                """
                4:60: static_resources.clusters[0].dns_resolvers[0].socket_address.address: \
                refused, "ns.internal" is not an IP address: a name server is given by its IP \
                address
                """
            ]
        ),
        BadCluster(
            "a name server that is a file",
            "type: STRICT_DNS, dns_resolvers: [{pipe: {path: /a}}]",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: \
                {socket_address: {address: app.internal, port_value: 80}}}}]}]}
                """,
            says: [
                """
                4:43: static_resources.clusters[0].dns_resolvers[0].pipe: refused, is no name \
                server: give an IP address
                """
            ]
        ),
        BadCluster(
            "name servers said twice",
            """
            type: STRICT_DNS, use_tcp_for_dns_lookups: true, dns_resolution_config: {resolvers: \
            [{socket_address: {address: 10.0.0.53, port_value: 53}}]}
            """,
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: \
                {socket_address: {address: app.internal, port_value: 80}}}}]}]}
                """,
            says: [
                """
                4:26: static_resources.clusters[0].use_tcp_for_dns_lookups: has no effect \
                beside dns_resolution_config: leave it out
                """
            ]
        ),
        BadCluster(
            "an unknown resolver",
            """
            type: STRICT_DNS, typed_dns_resolver_config: {name: x, typed_config: {"@type": \
            type.googleapis.com/envoy.extensions.network.dns_resolver.getaddrinfo.v3.\
            GetAddrInfoDnsResolverConfig}}
            """,
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: \
                {socket_address: {address: app.internal, port_value: 80}}}}]}]}
                """,
            says: [
                """
                4:87: static_resources.clusters[0].typed_dns_resolver_config.typed_config: \
                refused, the type envoy.extensions.network.dns_resolver.getaddrinfo.v3.\
                GetAddrInfoDnsResolverConfig is not supported yet: supported here: \
                envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig
                """
            ]
        ),
        BadCluster(
            "two kinds of a cluster",
            "type: STATIC, cluster_type: {name: envoy.cluster.static}",
            says: [
                """
                4:22: static_resources.clusters[0].cluster_type: refused, it can't stand beside \
                type: give only one
                """
            ]
        ),
        BadCluster(
            "an unknown kind of cluster",
            "cluster_type: {name: envoy.cluster.sttic}",
            says: [
                """
                4:23: static_resources.clusters[0].cluster_type.name: refused, \
                "envoy.cluster.sttic" is not supported yet: supported: envoy.cluster.static, \
                envoy.cluster.strict_dns, envoy.cluster.logical_dns, envoy.cluster.original_dst, \
                envoy.clusters.dns
                """
            ]
        ),
        BadCluster(
            "a kind of cluster that is not supported",
            "cluster_type: {name: envoy.clusters.redis}",
            says: [
                """
                4:23: static_resources.clusters[0].cluster_type.name: refused, \
                "envoy.clusters.redis" is not supported yet: supported: envoy.cluster.static, \
                envoy.cluster.strict_dns, envoy.cluster.logical_dns, envoy.cluster.original_dst, \
                envoy.clusters.dns
                """
            ]
        ),
        BadCluster(
            "an extension without its configuration",
            "cluster_type: {name: envoy.clusters.dns}",
            says: [
                """
                4:8: static_resources.clusters[0].cluster_type: refused, has no configuration: \
                give typed_config with @type: \
                type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster
                """
            ]
        ),
        BadCluster(
            "several endpoints of one name",
            """
            cluster_type: {name: envoy.clusters.dns, typed_config: {"@type": \
            type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster, \
            all_addresses_in_single_endpoint: true}}
            """,
            endpoints: "load_assignment: {cluster_name: c}",
            says: [
                """
                3:17: static_resources.clusters[0].load_assignment.endpoints: refused, a \
                LOGICAL_DNS cluster has exactly one endpoint, not 0: use STRICT_DNS for several \
                names
                """
            ]
        ),
        BadCluster(
            "a local cluster that is not there",
            bootstrap: """
                cluster_manager: {local_cluster_name: d}

                """,
            says: [
                """
                1:19: cluster_manager.local_cluster_name: refused, there is no cluster "d": did \
                you mean "c"?
                """
            ]
        ),
        BadCluster(
            "a local cluster without a zone",
            bootstrap: """
                cluster_manager: {local_cluster_name: c}

                """,
            says: [
                """
                1:19: cluster_manager.local_cluster_name: has no effect without a zone: give \
                node.locality.zone, so that endpoints in it are preferred
                """
            ]
        ),
        BadCluster(
            "a local cluster of two priorities",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{priority: 1, lb_endpoints: [{ \
                endpoint: {address: {socket_address: {address: 10.0.0.1, port_value: 80}}}}]}]}
                """,
            bootstrap: """
                cluster_manager: {local_cluster_name: c}
                node: {locality: {zone: a}}

                """,
            says: [
                """
                5:65: static_resources.clusters[0].load_assignment.endpoints[0].priority: \
                refused, the local cluster has one priority: leave it out: zone-aware routing \
                compares the endpoints of priority 0
                """
            ]
        ),
        BadCluster(
            "loads reported elsewhere",
            bootstrap: """
                cluster_manager: {load_stats_config: {}}

                """,
            says: [
                "1:19: cluster_manager.load_stats_config: refused, it is not supported yet"
            ]
        ),
    ]
}
