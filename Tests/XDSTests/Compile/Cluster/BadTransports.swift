/// Fragments about transports, versions of HTTP and the original destination.
extension BadCluster {
    private static let key = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    private static let at = ClusterFixture.at
    private static let keyPath = "\(at).typed_extension_protocol_options[\"\(key)\"]"

    private static func typed(_ fields: String) -> String {
        "typed_extension_protocol_options: {\(key): {\"@type\": type.googleapis.com/\(key), "
            + "\(fields)}}"
    }

    static let transports: [BadCluster] = [
        BadCluster(
            "no version of HTTP",
            typed("explicit_http_config: {}"),
            says: [
                """
                4:185: \(keyPath).explicit_http_config: refused, names no version of HTTP: give \
                http_protocol_options: {} or http2_protocol_options: {}
                """
            ]
        ),
        BadCluster(
            "HTTP/2 in both places",
            "http2_protocol_options: {}, "
                + typed("explicit_http_config: {http2_protocol_options: {}}"),
            says: [
                """
                4:8: \(at).http2_protocol_options: refused, stands beside \
                typed_extension_protocol_options: move it to explicit_http_config in there
                """
            ]
        ),
        BadCluster(
            "ALPN without TLS",
            typed("auto_config: {}"),
            says: [
                """
                4:185: \(keyPath).auto_config: refused, the endpoint chooses the version in the \
                handshake of TLS, but bytes go in clear: give every transport_socket \
                UpstreamTlsContext, or write explicit_http_config
                """
            ]
        ),
        BadCluster(
            "a window that is too small",
            "http2_protocol_options: {initial_stream_window_size: 1000}",
            says: [
                """
                4:33: \(at).http2_protocol_options.initial_stream_window_size: refused, 1000 is \
                out of range: give 65535 to 2147483647
                """
            ]
        ),
        BadCluster(
            "a table of an absurd size",
            "http2_protocol_options: {hpack_table_size: 4000000000}",
            says: [
                """
                4:33: \(at).http2_protocol_options.hpack_table_size: refused, 4000000000 is out \
                of range: give 0 to 1048576
                """
            ]
        ),
        BadCluster(
            "pings without an end",
            "http2_protocol_options: {connection_keepalive: {interval: 1s}}",
            says: [
                """
                4:33: \(at).http2_protocol_options.connection_keepalive: refused, has no timeout: \
                give the time for the answer, for example timeout: 5s
                """
            ]
        ),
        BadCluster(
            "a server's name without TLS",
            typed(
                """
                explicit_http_config: {http_protocol_options: {}}, \
                upstream_http_protocol_options: {auto_sni: true}
                """
            ),
            says: [
                """
                4:236: \(keyPath).upstream_http_protocol_options: has no effect without TLS: give \
                transport_socket with UpstreamTlsContext
                """
            ]
        ),
        BadCluster(
            "the transport has no name",
            "transport_socket: {}",
            says: [
                """
                4:8: \(at).transport_socket.name: refused, is empty: write name: \
                envoy.transport_sockets.tls
                """
            ]
        ),
        BadCluster(
            "TLS without a configuration",
            "transport_socket: {name: envoy.transport_sockets.tls}",
            says: [
                """
                4:8: \(at).transport_socket: refused, has no configuration: give typed_config with \
                @type: type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.\
                UpstreamTlsContext
                """
            ]
        ),
        BadCluster(
            "a transport that is not known",
            """
            transport_socket: {name: t, typed_config: {"@type": type.googleapis.com/\
            envoy.extensions.transport_sockets.starttls.v3.UpstreamStartTlsConfig}}
            """,
            says: [
                """
                4:60: \(at).transport_socket.typed_config: refused, the type \
                envoy.extensions.transport_sockets.starttls.v3.UpstreamStartTlsConfig is not \
                supported yet: supported here: \
                envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext, \
                envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer, \
                envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport
                """
            ]
        ),
        BadCluster(
            "endpoints that nobody verifies",
            "transport_socket: \(TLSFixture.upstreamSocket(""))",
            says: [
                """
                4:38: \(at).transport_socket.typed_config.common_tls_context: the endpoint's \
                certificate is not verified: give validation_context with trusted_ca
                """
            ]
        ),
        BadCluster(
            "a match that covers those after it",
            """
            transport_socket_matches: [{name: a, transport_socket: \(TLSFixture.rawBuffer)}, \
            {name: b, match: {k: v}, transport_socket: \(TLSFixture.rawBuffer)}]
            """,
            says: [
                """
                4:180: \(at).transport_socket_matches[1]: is never used: a match before it takes \
                every endpoint: remove it
                """
            ]
        ),
        BadCluster(
            "gRPC over HTTP/1",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, grpc_health_check: {}}]
            """,
            says: [
                """
                4:98: \(at).health_checks[0].grpc_health_check: refused, gRPC needs HTTP/2, which \
                the cluster does not speak: give explicit_http_config: {http2_protocol_options: \
                {}} in typed_extension_protocol_options
                """
            ]
        ),
        BadCluster(
            "the original destination with a choice",
            "type: ORIGINAL_DST, lb_policy: RANDOM",
            endpoints: "connect_timeout: 1s",
            says: [
                """
                4:28: \(at).lb_policy: refused, an ORIGINAL_DST cluster chooses nothing: write \
                lb_policy: CLUSTER_PROVIDED
                """
            ]
        ),
        BadCluster(
            "the original destination without its policy",
            "type: ORIGINAL_DST",
            endpoints: "connect_timeout: 1s",
            says: [
                """
                3:7: \(at): refused, has no lb_policy: an ORIGINAL_DST cluster has \
                CLUSTER_PROVIDED
                """
            ]
        ),
        BadCluster(
            "the original destination with endpoints",
            "type: ORIGINAL_DST, lb_policy: CLUSTER_PROVIDED",
            says: [
                """
                3:17: \(at).load_assignment: refused, an ORIGINAL_DST cluster has no endpoints of \
                its own: leave it out
                """
            ]
        ),
        BadCluster(
            "a header of the original destination that is not used",
            """
            type: ORIGINAL_DST, lb_policy: CLUSTER_PROVIDED, \
            original_dst_lb_config: {http_header_name: x-a}
            """,
            endpoints: "connect_timeout: 1s",
            says: [
                """
                4:82: \(at).original_dst_lb_config.http_header_name: refused, has no effect \
                without use_http_header: write use_http_header: true, or leave it out
                """
            ]
        ),
        BadCluster(
            "the policy of the original destination elsewhere",
            "lb_policy: CLUSTER_PROVIDED",
            says: [
                """
                4:8: \(at).lb_policy: refused, CLUSTER_PROVIDED is for clusters of type \
                ORIGINAL_DST: leave it out for ROUND_ROBIN
                """
            ]
        ),
    ]
}
