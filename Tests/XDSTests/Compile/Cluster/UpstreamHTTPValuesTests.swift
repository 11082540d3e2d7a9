import Model
import Testing

@testable import XDS

/// Which version of HTTP clusters speak, and how.
struct UpstreamHTTPValuesTests {
    private static let key = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"

    private static func typed(_ fields: String) -> String {
        "typed_extension_protocol_options: {\(key): {\"@type\": type.googleapis.com/\(key), "
            + "\(fields)}}"
    }

    @Test(
        arguments: [
            ("", UpstreamProtocol.http1),
            (typed("explicit_http_config: {http_protocol_options: {}}"), .http1),
            (typed("explicit_http_config: {http2_protocol_options: {}}"), .http2),
            (typed("use_downstream_protocol_config: {}"), .asDownstream(allowsHTTP2: false)),
            (
                typed("use_downstream_protocol_config: {http2_protocol_options: {}}"),
                .asDownstream(allowsHTTP2: true)
            ),
            ("http2_protocol_options: {}", .http2),
            (
                "protocol_selection: USE_DOWNSTREAM_PROTOCOL, http2_protocol_options: {}",
                .asDownstream(allowsHTTP2: true)
            ),
            ("protocol_selection: USE_DOWNSTREAM_PROTOCOL", .asDownstream(allowsHTTP2: false)),
        ]
    )
    func theVersionIsTaken(_ fields: String, _ expected: UpstreamProtocol) throws {
        #expect(try ClusterFixture.cluster(fields).upstreamProtocol == expected)
    }

    @Test func theEndpointChoosesWithALPN() throws {
        let cluster = try ClusterFixture.cluster(
            Self.typed("auto_config: {http2_protocol_options: {max_concurrent_streams: 7}}")
                + ", transport_socket: \(TLSFixture.upstreamSocket(""))"
        )
        #expect(cluster.upstreamProtocol == .negotiated)
        #expect(cluster.http2.concurrentStreamsMax == 7)
    }

    @Test func limitsOfHTTP2AreTaken() throws {
        let http2 = try ClusterFixture.cluster(
            Self.typed(
                """
                explicit_http_config: {http2_protocol_options: {hpack_table_size: 0, \
                max_concurrent_streams: 100, initial_stream_window_size: 65535, \
                initial_connection_window_size: 2147483647, allow_connect: true, \
                max_outbound_frames: 1, max_outbound_control_frames: 2, \
                max_consecutive_inbound_frames_with_empty_payload: 0, \
                max_inbound_priority_frames_per_stream: 4, \
                max_inbound_window_update_frames_per_data_frame_sent: 5, \
                override_stream_error_on_invalid_http_message: true, \
                connection_keepalive: {interval: 30s, timeout: 0.5s, interval_jitter: {value: 0}, \
                connection_idle_interval: 1s}}}
                """
            )
        ).http2
        #expect(http2.hpackTableBytes == 0)
        #expect(http2.concurrentStreamsMax == 100)
        #expect(http2.streamWindowBytes == 65_535)
        #expect(http2.connectionWindowBytes == 2_147_483_647)
        #expect(http2.allowsConnect)
        #expect(http2.outboundFramesMax == 1)
        #expect(http2.outboundControlFramesMax == 2)
        #expect(http2.emptyInboundFramesMax == 0)
        #expect(http2.priorityFramesPerStreamMax == 4)
        #expect(http2.windowUpdatesPerDataFrameMax == 5)
        #expect(http2.endsOnlyStreamOnInvalidMessage)
        #expect(
            http2.keepAlive
                == HTTP2Options.KeepAlive(
                    intervalMilliseconds: 30_000,
                    timeoutMilliseconds: 500,
                    jitterPercent: 0,
                    idleIntervalMilliseconds: 1_000
                )
        )
    }

    @Test func whatIsNotGivenIsTheDefault() throws {
        #expect(try ClusterFixture.cluster("http2_protocol_options: {}").http2 == HTTP2Options())
    }

    @Test func anOldFieldCountsWhereTheNewOneIsNotGiven() throws {
        let old = "http2_protocol_options: {stream_error_on_invalid_http_messaging: true"
        #expect(try ClusterFixture.cluster(old + "}").http2.endsOnlyStreamOnInvalidMessage)
        let both = old + ", override_stream_error_on_invalid_http_message: false}"
        #expect(try !ClusterFixture.cluster(both).http2.endsOnlyStreamOnInvalidMessage)
    }

    @Test func theServersNameIsTakenFromTheHost() throws {
        let authority = TLSFixture.authority
        let cluster = try ClusterFixture.cluster(
            Self.typed(
                """
                explicit_http_config: {http_protocol_options: {}}, \
                upstream_http_protocol_options: {auto_sni: true, auto_san_validation: true, \
                override_auto_sni_header: X-Name}
                """
            )
                + ", transport_socket: "
                + TLSFixture.upstreamSocket(
                    "common_tls_context: {validation_context: {trusted_ca: \(authority)}}"
                )
        )
        #expect(cluster.takesServerNameFromHost)
        #expect(cluster.verifiesServerNameOfHost)
        #expect(cluster.serverNameHeader == "x-name")
    }

    @Test func aClusterOfTheOriginalDestinationHasNoEndpoints() throws {
        let cluster = try ClusterFixture.cluster(
            "type: ORIGINAL_DST, lb_policy: CLUSTER_PROVIDED",
            endpoints: "connect_timeout: 1s"
        )
        #expect(cluster.discovery == .originalDestination(OriginalDestination()))
        #expect(cluster.endpoints.isEmpty)
        #expect(cluster.loadBalancing == .roundRobin)
    }

    @Test(
        arguments: [
            ("use_http_header: true", "x-envoy-original-dst-host" as ByteString?, nil),
            ("use_http_header: true, http_header_name: X-To", "x-to", nil),
            ("upstream_port_override: 8080", nil, 8080 as UInt16?),
        ]
    )
    func theOriginalDestinationMayBeNamedOtherwise(
        _ fields: String,
        _ header: ByteString?,
        _ port: UInt16?
    ) throws {
        let cluster = try ClusterFixture.cluster(
            """
            type: ORIGINAL_DST, lb_policy: CLUSTER_PROVIDED, original_dst_lb_config: {\(fields)}
            """,
            endpoints: "connect_timeout: 1s"
        )
        #expect(
            cluster.discovery
                == .originalDestination(OriginalDestination(header: header, portOverride: port))
        )
    }

    @Test func destinationsAreForgottenWhenTheFileSaysSo() throws {
        let cluster = try ClusterFixture.cluster(
            "type: ORIGINAL_DST, lb_policy: CLUSTER_PROVIDED, cleanup_interval: 1.5s",
            endpoints: "connect_timeout: 1s"
        )
        let expected = OriginalDestination(cleanupMilliseconds: 1_500)
        #expect(cluster.discovery == .originalDestination(expected))
    }

    @Test func checksMaySpeakGRPC() throws {
        let cluster = try ClusterFixture.cluster(
            """
            http2_protocol_options: {}, health_checks: [{timeout: 1s, interval: 5s, \
            unhealthy_threshold: 3, healthy_threshold: 2, grpc_health_check: {service_name: s, \
            authority: a, initial_metadata: [{header: {key: x-a, value: b}}]}, \
            tls_options: {alpn_protocols: [h2]}, \
            transport_socket_match_criteria: {tlsMode: health}}]
            """
        )
        let check = try #require(cluster.healthChecks.first)
        guard case .grpc(let service, let authority, _) = check.kind else {
            Issue.record("the check is not of gRPC")
            return
        }
        #expect(service == "s")
        #expect(authority == "a")
        #expect(check.usesHTTP2)
        #expect(check.alpn == [Array("h2".utf8)])
        #expect(check.transportCriteria == ["tlsMode": .string("health")])
    }

    @Test func checksMaySpeakHTTP2() throws {
        let cluster = try ClusterFixture.cluster(
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, http_health_check: {path: /, codec_client_type: HTTP2}}]
            """
        )
        #expect(cluster.healthChecks.first?.usesHTTP2 == true)
    }
}
