import Model
import Testing

@testable import XDS

/// What connection managers and routes say of versions of HTTP, upgrades, certificates and gRPC.
struct ProtocolValuesTests {
    private func manager(_ fields: String) throws -> HTTPConnectionManager {
        try ListenerFixture.listener(fields, in: .manager).http
    }

    @Test(arguments: [
        ("AUTO", HTTPConnectionManager.Codec.auto), ("HTTP1", .http1), ("HTTP2", .http2),
    ])
    func aVersionIsWhatIsGiven(word: String, codec: HTTPConnectionManager.Codec) throws {
        #expect(try manager("codec_type: \(word)").codec == codec)
    }

    @Test func aManagerWithoutAWordHasTheDefaultsOfHTTP2() throws {
        let manager = try manager("")
        #expect(manager.codec == .auto)
        #expect(manager.http2 == HTTP2Options())
        #expect(manager.http2.growsStreamWindow)
    }

    @Test func aWindowThatIsGivenDoesNotGrow() throws {
        let options = try manager(
            """
            http2_protocol_options: {initial_stream_window_size: 131072, \
            max_concurrent_streams: 7, allow_connect: true, \
            connection_keepalive: {interval: 10s, timeout: 2s}}
            """
        ).http2
        #expect(options.streamWindowBytes == 131_072)
        #expect(!options.growsStreamWindow)
        #expect(options.concurrentStreamsMax == 7)
        #expect(options.allowsConnect)
        #expect(options.keepAlive?.intervalMilliseconds == 10_000)
        #expect(options.keepAlive?.timeoutMilliseconds == 2_000)
    }

    @Test func upgradesAreInLowerCase() throws {
        let upgrades = try manager(
            "upgrade_configs: [{upgrade_type: WebSocket}, {upgrade_type: CONNECT, enabled: false}]"
        ).upgrades
        #expect(
            upgrades == [
                UpgradeConfiguration(type: "websocket"),
                UpgradeConfiguration(type: "connect", isEnabled: false),
            ]
        )
    }

    @Test func aTunnelOfARouteMayEndHere() throws {
        let listener = try ListenerFixture.listener(
            """
            cluster: c, upgrade_configs: [{upgrade_type: CONNECT, connect_config: {allow_post: true, \
            proxy_protocol_config: {version: V2}}}]
            """,
            in: .connectRoute
        )
        let route = try #require(listener.http.routes.virtualHosts.first?.routes.first)
        guard case .forward(let action) = route.action, case .connect = route.match.path else {
            Issue.record("the route does not take CONNECT")
            return
        }
        #expect(
            action.upgrades == [
                UpgradeConfiguration(
                    type: "connect",
                    connect: ConnectTermination(proxyProtocol: .v2, allowsPOST: true)
                )
            ]
        )
        #expect(route.explanation == "route 1 of virtual host a (CONNECT)")
    }

    @Test(
        arguments: [
            ("SANITIZE", ClientCertificateForwarding.Mode.sanitize),
            ("FORWARD_ONLY", .forwardOnly), ("APPEND_FORWARD", .appendForward),
            ("SANITIZE_SET", .sanitizeSet), ("ALWAYS_FORWARD_ONLY", .alwaysForwardOnly),
        ]
    )
    func whatBecomesOfTheCertificatesHeaderIsKept(
        word: String,
        mode: ClientCertificateForwarding.Mode
    ) throws {
        let forwarding = try manager(
            """
            forward_client_cert_details: \(word), set_current_client_cert_details: \
            {subject: true, cert: true, chain: true, dns: true, uri: true}
            """
        ).clientCertificates
        let tells = mode == .appendForward || mode == .sanitizeSet
        #expect(
            forwarding
                == ClientCertificateForwarding(
                    mode: mode,
                    setsSubject: tells,
                    setsCertificate: tells,
                    setsChain: tells,
                    setsDNS: tells,
                    setsURI: tells
                )
        )
    }

    // MARK: - gRPC

    private static let type = "\"@type\": type.googleapis.com/envoy.extensions.filters.http"

    @Test(
        arguments: [
            ("", GRPCStatistics()),
            (", stats_for_all_methods: true", GRPCStatistics(methods: .all)),
            (", stats_for_all_methods: false", GRPCStatistics()),
            (
                """
                , enable_upstream_stats: true, individual_method_stats_allowlist: \
                {services: [{name: shop.Orders, method_names: [Get, Put]}]}
                """,
                GRPCStatistics(
                    methods: .listed(["shop.Orders/Get", "shop.Orders/Put"]),
                    countsUpstreamMessages: true
                )
            ),
        ]
    )
    func whatIsCountedOfGRPCIsKept(fields: String, statistics: GRPCStatistics) throws {
        let filter =
            "{name: stats, typed_config: {\(Self.type).grpc_stats.v3.FilterConfig\(fields)}}"
        let manager = try ListenerFixture.listener(filter, in: .httpFilters).http
        #expect(manager.grpcStatistics == statistics)
        #expect(!manager.bridgesGRPCWeb)
    }

    @Test func browsersMaySpeakGRPC() throws {
        let filter = "{name: web, typed_config: {\(Self.type).grpc_web.v3.GrpcWeb}}"
        let manager = try ListenerFixture.listener(filter, in: .httpFilters).http
        #expect(manager.bridgesGRPCWeb)
        #expect(manager.grpcStatistics == nil)
    }

    @Test func statusesOfGRPCAreBits() throws {
        let manager = try manager(
            """
            access_log: [{name: l, filter: {grpc_status_filter: {statuses: [OK, UNAVAILABLE], \
            exclude: true}}, typed_config: {"@type": type.googleapis.com/\
            envoy.extensions.access_loggers.stream.v3.StdoutAccessLog}}]
            """
        )
        guard case .grpcStatus(let bits, let excludes)? = manager.accessLogFilters.first ?? nil
        else {
            Issue.record("there is no filter of gRPC statuses")
            return
        }
        let wanted: UInt32 = (1 << 14) | 1
        #expect(bits == wanted)
        #expect(excludes)
    }
}
