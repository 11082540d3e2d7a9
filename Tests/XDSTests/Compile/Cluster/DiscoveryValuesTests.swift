import Model
import Testing

@testable import XDS

/// What the fields about DNS, endpoints and places become.
struct DiscoveryValuesTests {
    private static let name =
        "load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: "
        + "{socket_address: {address: app.internal, port_value: 80}}}}]}]}"

    @Test func aClusterSaysHowItsNamesAreLookedUp() throws {
        let cluster = try ClusterFixture.cluster(
            """
            type: STRICT_DNS, dns_jitter: 0.5s, dns_refresh_rate: 3s,
            dns_failure_refresh_rate: {base_interval: 1s},
            dns_resolution_config: {dns_resolver_options: {use_tcp_for_dns_lookups: true,
              no_default_search_domain: true},
              resolvers: [{socket_address: {address: 10.0.0.53, port_value: 0}},
                          {socket_address: {address: "::1", port_value: 5353}}]}
            """,
            endpoints: Self.name
        )
        #expect(cluster.dnsRefreshMilliseconds == 3_000)
        #expect(cluster.dns.jitterMilliseconds == 500)
        #expect(cluster.dns.failureRefreshBaseMilliseconds == 1_000)
        #expect(cluster.dns.failureRefreshMaxMilliseconds == 10_000)
        #expect(cluster.dns.usesTCP && cluster.dns.skipsSearchDomains)
        #expect(cluster.dns.servers == "10.0.0.53,[::1]:5353")
    }

    @Test func theBootstrapSaysItForClustersThatSayNothing() throws {
        let shared = """
            typed_dns_resolver_config:
              name: x
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.\
            CaresDnsResolverConfig
                resolvers: [{socket_address: {address: 10.0.0.53, port_value: 53}}]

            """
        let inherited = try ClusterFixture.cluster(
            "type: STRICT_DNS, dns_jitter: 1s",
            endpoints: Self.name,
            bootstrap: shared
        )
        #expect(inherited.dns.servers == "10.0.0.53:53")
        #expect(inherited.dns.jitterMilliseconds == 1_000)
        let overTCP = try ClusterFixture.cluster(
            "type: STRICT_DNS, use_tcp_for_dns_lookups: true",
            endpoints: Self.name,
            bootstrap: shared
        )
        #expect(overTCP.dns.servers == "10.0.0.53:53")
        #expect(overTCP.dns.usesTCP)
    }

    @Test func aClusterMayBeAnExtension() throws {
        let dns = """
            cluster_type: {name: envoy.clusters.dns, typed_config: {"@type":
              type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster,
              dns_lookup_family: V4_PREFERRED, dns_refresh_rate: 7s, respect_dns_ttl: true,
              dns_jitter: 1s, dns_failure_refresh_rate: {base_interval: 2s, max_interval: 4s}
            """
        let strict = try ClusterFixture.cluster(dns + "}}", endpoints: Self.name)
        #expect(strict.discovery == .strictDNS)
        #expect(strict.dnsFamily == .v4Preferred)
        #expect(strict.dnsRefreshMilliseconds == 7_000)
        #expect(strict.respectsDNSTTL)
        #expect(strict.dns.jitterMilliseconds == 1_000)
        #expect(strict.dns.failureRefreshMaxMilliseconds == 4_000)
        let logical = try ClusterFixture.cluster(
            dns + ", all_addresses_in_single_endpoint: true}}",
            endpoints: Self.name
        )
        #expect(logical.discovery == .logicalDNS)
        let named = try ClusterFixture.cluster(
            "cluster_type: {name: envoy.cluster.strict_dns}",
            endpoints: Self.name
        )
        #expect(named.discovery == .strictDNS)
    }

    @Test func endpointsBelongToPlacesAndPriorities() throws {
        let address = "address: {socket_address: {address: 10.0.0.1, port_value: 80}}"
        let cluster = try ClusterFixture.cluster(
            "common_lb_config: {locality_weighted_lb_config: {}}",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [
                  {locality: {region: r, zone: a}, load_balancing_weight: 3,
                   lb_endpoints: [{endpoint: {\(address)}}]},
                  {locality: {region: r, zone: b}, load_balancing_weight: 1, priority: 1,
                   lb_endpoints: [{endpoint: {\(address)}, load_balancing_weight: 5}]},
                  {locality: {region: r, zone: a},
                   lb_endpoints: [{endpoint: {\(address)}}]}]}
                """
        )
        #expect(
            cluster.localities == [
                LocalityConfiguration(locality: Locality(region: "r", zone: "a"), weight: 3),
                LocalityConfiguration(
                    locality: Locality(region: "r", zone: "b"),
                    priority: 1,
                    weight: 1
                ),
            ]
        )
        #expect(cluster.endpoints.map(\.locality) == [0, 1, 0])
        #expect(cluster.endpoints.map(\.weight) == [1, 5, 1])
    }

    @Test func aPriorityThatIsLeftOutHasNoEndpoints() throws {
        let cluster = try ClusterFixture.cluster(
            "",
            endpoints: ClusterFixture.endpoints.replacingOccurrence(
                of: "{lb_endpoints",
                with: "{priority: 2, lb_endpoints"
            )
        )
        #expect(cluster.localities.map(\.priority) == [2, 0, 1])
        #expect(cluster.endpoints.map(\.locality) == [0])
    }

    @Test func anEndpointMayHaveMetadataHealthAndAddresses() throws {
        let cluster = try ClusterFixture.cluster(
            "",
            endpoints: """
                load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [
                  {health_status: DRAINING,
                   metadata: {filter_metadata: {envoy.lb: {canary: true, version: "1", rank: 2}}},
                   endpoint: {
                     address: {socket_address: {address: 10.0.0.1, port_value: 80}},
                     additional_addresses: [
                       {address: {socket_address: {address: "::1", port_value: 80}}}],
                     health_check_config: {port_value: 81, hostname: h,
                       disable_active_health_check: true,
                       address: {socket_address: {address: 10.0.0.2, port_value: 0}}}}}]}]}
                """
        )
        let endpoint = try #require(cluster.endpoints.first)
        #expect(endpoint.additionalAddresses.map(\.description) == ["[::1]:80"])
        let attributes = try #require(endpoint.attributes)
        #expect(attributes.health == .draining)
        #expect(attributes.isCanary)
        #expect(
            attributes.metadata?.loadBalancing
                == ["canary": .bool(true), "version": .string("1"), "rank": .number(2)]
        )
        #expect(attributes.healthCheckPort == 81)
        #expect(attributes.healthCheckAddress?.host == "10.0.0.2")
        #expect(attributes.healthCheckHostname == "h")
        #expect(attributes.isHealthCheckDisabled)
        #expect(cluster.connection.prefersIPv4First)
    }

    @Test func theProcessKnowsItsPlaceAndItsCluster() throws {
        let bootstrap = """
            node: {locality: {region: r, zone: z, sub_zone: s}}
            cluster_manager: {local_cluster_name: c, outlier_detection: {event_log_path: /dev/null}}

            """
        let text = ClusterFixture.text("", bootstrap: bootstrap)
        let snapshot = try Fixture.compile(text).snapshot
        #expect(snapshot.locality == Locality(region: "r", zone: "z", subZone: "s"))
        #expect(snapshot.localClusterName == "c")
        #expect(snapshot.outlierEventLogPath == "/dev/null")
        // Zones are preferred without being asked for, as in Envoy.
        #expect(snapshot.clusters[0].balancing.localities == .zoneAware(.init()))
        let hashing = try ClusterFixture.cluster("lb_policy: MAGLEV", bootstrap: bootstrap)
        #expect(hashing.balancing.localities == .none)
    }
}
