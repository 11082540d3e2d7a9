import Model
import Testing

@testable import XDS

/// Valid files, and what stands in the snapshot afterwards.
@Suite struct SnapshotValuesTests {
    @Test func aFileThatSaysLittleGetsTheDefaults() throws {
        let snapshot = try Fixture.snapshot()
        #expect(snapshot.nodeID == "node-1")
        #expect(snapshot.nodeCluster == "shop")
        #expect(snapshot.version == 1)
        #expect(snapshot.admin?.description == "127.0.0.1:9901")
        let listener = try #require(snapshot.listeners.first)
        #expect(listener.name == "inbound")
        #expect(listener.addresses.map(\.description) == ["0.0.0.0:15006"])
        #expect(listener.statName == "0.0.0.0:15006")
        #expect(listener.backlog == 4096)
        #expect(listener.connectionsMax == 20_000)
        #expect(listener.bufferLimitBytes == 1 << 20)
        #expect(listener.unixMode == nil)
        #expect(listener.accepts)
        let http = listener.http
        #expect(http.statPrefix == "inbound")
        #expect(http.streamIdleTimeoutMilliseconds == 300_000)
        #expect(http.requestTimeoutMilliseconds == nil)
        #expect(http.requestHeadersTimeoutMilliseconds == 10_000)
        #expect(http.idleTimeoutMilliseconds == 3_600_000)
        #expect(http.connectionDurationMaxMilliseconds == nil)
        #expect(http.delayedCloseTimeoutMilliseconds == 1_000)
        #expect(http.requestHeadBytesMax == 60 * 1024)
        #expect(http.requestHeaderCountMax == 100)
        #expect(http.requestsPerConnectionMax == 0)
        #expect(http.generatesRequestID)
        #expect(!http.preservesExternalRequestID)
        #expect(!http.usesRemoteAddress)
        #expect(http.serverName == "pillion")
        #expect(http.normalizesPath)
        #expect(!http.mergesSlashes)
        #expect(!http.acceptsHTTP10)
        #expect(http.explainsLocalReplies)
        #expect(http.accessLogs.isEmpty)
    }

    @Test func aClusterThatSaysLittleGetsTheDefaults() throws {
        let clusters = try Fixture.snapshot().clusters
        #expect(clusters.map(\.name) == ["app", "canary"])
        let app = clusters[0]
        #expect(app.discovery == .static)
        #expect(app.connectTimeoutMilliseconds == 250)
        #expect(
            app.endpoints.map(\.location) == [
                .address(.ipv4(0x7f00_0001, port: 8080))
            ]
        )
        #expect(app.endpoints.map(\.weight) == [1])
        #expect(app.circuitBreakers == [CircuitBreakerThresholds(), CircuitBreakerThresholds()])
        #expect(app.circuitBreakers[0].retriesMax == 3)
        #expect(app.bufferLimitBytes == 1 << 20)
        #expect(app.idleTimeoutMilliseconds == 3_600_000)
        #expect(app.requestsPerConnectionMax == 0)
        let canary = clusters[1]
        #expect(canary.discovery == .strictDNS)
        #expect(canary.connectTimeoutMilliseconds == 5_000)
        #expect(canary.dnsRefreshMilliseconds == 5_000)
        #expect(!canary.respectsDNSTTL)
        #expect(canary.endpoints.map(\.location) == [.name("canary.internal", port: 8080)])
        #expect(canary.endpoints.map(\.hostname) == ["canary.internal"])
    }

    @Test func aClusterTakesWhatIsSaid() throws {
        let cluster = try #require(
            try Fixture.snapshot(
                "      lb_policy: ROUND_ROBIN\n",
                """
                      alt_stat_name: application
                      lb_policy: LEAST_REQUEST
                      least_request_lb_config: {choice_count: 3}
                      dns_lookup_family: V4_PREFERRED
                      dns_refresh_rate: 0.5s
                      respect_dns_ttl: true
                      per_connection_buffer_limit_bytes: 32768
                      circuit_breakers:
                        thresholds:
                          - {max_connections: 1, max_pending_requests: 2, max_requests: 3}
                          - {priority: HIGH, max_retries: 0}
                      typed_extension_protocol_options:
                        envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
                          "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.\
                HttpProtocolOptions
                          explicit_http_config: {http_protocol_options: {}}
                          common_http_protocol_options:
                            idle_timeout: 0s
                            max_connection_duration: 60s
                            max_requests_per_connection: 7
                            max_headers_count: 50
                            max_response_headers_kb: 10

                """
            ).clusters.first
        )
        #expect(cluster.statName == "application")
        #expect(cluster.loadBalancing == .leastRequest(choices: 3))
        #expect(cluster.dnsFamily == .v4Preferred)
        #expect(cluster.dnsRefreshMilliseconds == 500)
        #expect(cluster.respectsDNSTTL)
        #expect(cluster.bufferLimitBytes == 32_768)
        #expect(
            cluster.circuitBreakers == [
                CircuitBreakerThresholds(
                    connectionsMax: 1,
                    pendingRequestsMax: 2,
                    requestsMax: 3,
                    retriesMax: 3
                ),
                CircuitBreakerThresholds(retriesMax: 0),
            ]
        )
        #expect(cluster.idleTimeoutMilliseconds == nil)
        #expect(cluster.connectionDurationMaxMilliseconds == 60_000)
        #expect(cluster.requestsPerConnectionMax == 7)
        #expect(cluster.responseHeaderCountMax == 50)
        #expect(cluster.responseHeadBytesMax == 10 * 1024)
    }

    @Test func anEndpointMayBeAUnixSocketOrIPv6() throws {
        let socket = try Fixture.snapshot(
            "socket_address: {address: 127.0.0.1, port_value: 8080}",
            "pipe: {path: /run/app.sock}"
        )
        #expect(
            socket.clusters[0].endpoints.map(\.location) == [
                .address(.unix(path: "/run/app.sock"))
            ]
        )
        let v6 = try Fixture.snapshot(
            "address: 127.0.0.1, port_value: 8080",
            "address: \"::1\", port_value: 8080"
        )
        #expect(
            v6.clusters[0].endpoints.map(\.location) == [
                .address(.ipv6(high: 0, low: 1, port: 8080, scope: 0))
            ]
        )
    }

    @Test func clustersWithTheSameFieldsHaveTheSameFingerprint() throws {
        let first = try Fixture.snapshot().clusters
        let second = try Fixture.snapshot("node-1", "node-2").clusters
        #expect(first.map(\.fingerprint) == second.map(\.fingerprint))
        #expect(first[0].fingerprint != first[1].fingerprint)
        let other = try Fixture.snapshot("connect_timeout: 0.25s", "connect_timeout: 0.26s")
        #expect(first[0].fingerprint != other.clusters[0].fingerprint)
        #expect(first[1].fingerprint == other.clusters[1].fingerprint)
    }

    @Test func aListenerTakesWhatIsSaid() throws {
        let snapshot = try Fixture.snapshot(
            """
                - name: inbound
                  address:
                    socket_address: {address: 0.0.0.0, port_value: 15006}

            """,
            """
                - name: inbound
                  stat_prefix: front
                  tcp_backlog_size: 128
                  per_connection_buffer_limit_bytes: 65536
                  address:
                    pipe: {path: "/run/in.sock", mode: 432}
                  additional_addresses:
                    - address: {socket_address: {address: "::", port_value: 0}}

            """
        )
        let listener = try #require(snapshot.listeners.first)
        #expect(listener.statName == "front")
        #expect(listener.backlog == 128)
        #expect(listener.bufferLimitBytes == 65_536)
        #expect(listener.unixMode == 0o660)
        #expect(listener.addresses.map(\.description) == ["/run/in.sock", "[::]:0"])
    }

    @Test func theRuntimeLimitsConnections() throws {
        for layer in [
            "{envoy.resource_limits.listener.inbound.connection_limit: 100}",
            "{envoy: {resource_limits: {listener: {inbound: {connection_limit: 100}}}}}",
        ] {
            let snapshot = try Fixture.snapshot(
                "admin:\n",
                "layered_runtime: {layers: [{name: base, static_layer: \(layer)}]}\nadmin:\n"
            )
            #expect(snapshot.listeners.first?.connectionsMax == 100)
        }
    }

    @Test func theCommandLineDecidesOverTheFile() throws {
        let override = try #require(SocketAddress(literal: "127.0.0.1", port: 1234))
        let snapshot = try Fixture.snapshot(
            "",
            "",
            CompileOptions(adminOverride: override, explainsLocalReplies: false, version: 7)
        )
        #expect(snapshot.admin == override)
        #expect(snapshot.version == 7)
        #expect(snapshot.listeners.first?.http.explainsLocalReplies == false)
    }

    @Test func aConnectionManagerTakesWhatIsSaid() throws {
        let snapshot = try Fixture.snapshot(
            Fixture.statPrefix,
            Fixture.statPrefix
                + """

                                server_name: edge
                                server_header_transformation: PASS_THROUGH
                                use_remote_address: true
                                xff_num_trusted_hops: 2
                                skip_xff_append: true
                                generate_request_id: false
                                preserve_external_request_id: true
                                always_set_request_id_in_response: true
                                normalize_path: false
                                merge_slashes: true
                                path_with_escaped_slashes_action: REJECT_REQUEST
                                stream_idle_timeout: 0s
                                request_timeout: 30s
                                request_headers_timeout: 0s
                                delayed_close_timeout: 0s
                                max_request_headers_kb: 8
                                http_protocol_options:
                                  accept_http_10: true
                                  default_host_for_http_10: legacy.example.com
                                common_http_protocol_options:
                                  idle_timeout: 0.0001s
                                  max_headers_count: 20
                                  max_requests_per_connection: 5
                                  max_connection_duration: 3600s
                """
        )
        let http = try #require(snapshot.listeners.first?.http)
        #expect(http.serverName == "edge")
        #expect(http.serverHeader == .passThrough)
        #expect(http.usesRemoteAddress)
        #expect(http.xffTrustedHopCount == 2)
        #expect(http.skipsXFFAppend)
        #expect(!http.generatesRequestID)
        #expect(http.preservesExternalRequestID)
        #expect(http.setsRequestIDInResponse)
        #expect(!http.normalizesPath)
        #expect(http.mergesSlashes)
        #expect(http.escapedSlashes == .reject)
        #expect(http.streamIdleTimeoutMilliseconds == nil)
        #expect(http.requestTimeoutMilliseconds == 30_000)
        #expect(http.requestHeadersTimeoutMilliseconds == nil)
        #expect(http.delayedCloseTimeoutMilliseconds == 0)
        #expect(http.requestHeadBytesMax == 8 * 1024)
        #expect(http.acceptsHTTP10)
        #expect(http.defaultHostForHTTP10 == "legacy.example.com")
        #expect(http.idleTimeoutMilliseconds == 1, "a duration above zero is not rounded to none")
        #expect(http.requestHeaderCountMax == 20)
        #expect(http.requestsPerConnectionMax == 5)
        #expect(http.connectionDurationMaxMilliseconds == 3_600_000)
    }

    @Test func theRouterMayStandWithoutAConfigurationOrSuppressHeaders() throws {
        let typed = """
                typed_config:
                  "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router

            """
        let indented = typed.split(separator: "\n")
            .map { String(repeating: " ", count: 16) + $0 + "\n" }
            .joined()
        let bare = try Fixture.snapshot(indented, "")
        #expect(bare.listeners.first?.http.suppressesEnvoyHeaders == false)
        let suppressing = try Fixture.snapshot(
            indented,
            indented + "                      suppress_envoy_headers: true\n"
        )
        #expect(suppressing.listeners.first?.http.suppressesEnvoyHeaders == true)
    }

    @Test func aNameOfAFilterDoesNotMatterWhereItsTypeIsGiven() throws {
        let snapshot = try Fixture.snapshot("envoy.filters.http.router", "my.router")
        #expect(snapshot.listeners.count == 1)
    }
}
