import Model
import Testing

@testable import Telemetry

@Suite struct TransportScopeTests {
    private func samples(_ registry: StatsRegistry, _ family: String) throws -> [[String: String]] {
        let parsed = try PrometheusParser(registry.prometheus())
        return parsed.families[family]?.samples.map(\.labels) ?? []
    }

    @Test func handshakesHaveEnvoysNamesAndLabels() throws {
        let registry = StatsRegistry()
        let listener = registry.listenerTLSStats(address: "0.0.0.0:443", worker: 0)
        let facts = TLSFacts(
            version: .tls13,
            cipherSuite: "TLS_AES_256_GCM_SHA384",
            wasResumed: true
        )
        listener.countHandshake(facts, curve: "X25519", signatureAlgorithm: "rsa_pss_rsae_sha256")
        listener.countHandshake(facts, curve: "X25519")
        let cluster = registry.clusterTLSStats(name: "app", worker: 1)
        cluster.countHandshake(cipher: "ECDHE-RSA-AES128-GCM-SHA256", version: "TLSv1.2", curve: "")
        let text = registry.text()
        #expect(text.contains("listener.0.0.0.0_443.ssl.handshake: 2\n"))
        #expect(text.contains("listener.0.0.0.0_443.ssl.session_reused: 2\n"))
        #expect(text.contains("listener.0.0.0.0_443.ssl.no_certificate: 2\n"))
        #expect(text.contains("listener.0.0.0.0_443.ssl.ciphers.TLS_AES_256_GCM_SHA384: 2\n"))
        #expect(text.contains("listener.0.0.0.0_443.ssl.versions.TLSv1.3: 2\n"))
        #expect(text.contains("listener.0.0.0.0_443.ssl.curves.X25519: 2\n"))
        #expect(text.contains("listener.0.0.0.0_443.ssl.sigalgs.rsa_pss_rsae_sha256: 1\n"))
        #expect(text.contains("cluster.app.ssl.handshake: 0\n"))
        #expect(text.contains("cluster.app.ssl.versions.TLSv1.2: 1\n"))
        #expect(!text.contains("cluster.app.ssl.curves"))
        #expect(
            try samples(registry, "envoy_listener_ssl_ciphers") == [
                [
                    "envoy_ssl_cipher": "TLS_AES_256_GCM_SHA384",
                    "envoy_listener_address": "0.0.0.0_443",
                ]
            ]
        )
        #expect(
            try samples(registry, "envoy_cluster_ssl_ciphers") == [
                ["cipher_suite": "ECDHE-RSA-AES128-GCM-SHA256", "envoy_cluster_name": "app"]
            ]
        )
        #expect(
            try samples(registry, "envoy_listener_ssl_handshake") == [
                ["envoy_listener_address": "0.0.0.0_443"]
            ]
        )
    }

    @Test func workersOfOneListenerAddUp() {
        let registry = StatsRegistry()
        for worker in 0..<3 {
            let stats = registry.listenerTLSStats(address: "a", worker: worker)
            stats.increment(.failVerifySan)
            stats.countHandshake(cipher: "X", version: "TLSv1.3", curve: "P-256")
        }
        #expect(registry.value(listener: "a", .failVerifySan) == 3)
        #expect(registry.text().contains("listener.a.ssl.curves.P-256: 3\n"))
        registry.resetCounters()
        #expect(registry.value(listener: "a", .failVerifySan) == 0)
        #expect(registry.text().contains("listener.a.ssl.curves.P-256: 0\n"))
    }

    @Test func certificatesExpireUnderTheirNamesUntilTheyAreReplaced() throws {
        let registry = StatsRegistry()
        registry.setCertificates(listener: "a:1", [("own", 1_797_859_016), ("ca", -5)])
        registry.setCertificates(cluster: "app", [("own", 7)])
        let name = "expiration_unix_time_seconds"
        #expect(registry.text().contains("listener.a_1.ssl.certificate.own.\(name): 1797859016\n"))
        #expect(registry.text().contains("listener.a_1.ssl.certificate.ca.\(name): 0\n"))
        #expect(
            try samples(registry, "envoy_cluster_ssl_certificate_\(name)") == [
                ["envoy_tls_certificate": "own", "envoy_cluster_name": "app"]
            ]
        )
        registry.setCertificates(listener: "a:1", [("next", 9)])
        #expect(registry.text().contains("listener.a_1.ssl.certificate.next.\(name): 9\n"))
        #expect(!registry.text().contains("listener.a_1.ssl.certificate.own"))
        #expect(registry.text().contains("cluster.app.ssl.certificate.own.\(name): 7\n"))
    }

    @Test func theCodecOfEachSideStandsAtItsPlace() throws {
        let registry = StatsRegistry()
        #expect(!registry.text().contains("http2."))
        registry.http2Stats(worker: 0).increment(.rxReset)
        registry.http2Stats(worker: 1).increment(.rxReset)
        registry.clusterHTTP2Stats(name: "app", worker: 0).add(.streamsActive, 2)
        let text = registry.text()
        #expect(text.contains("\nhttp2.rx_reset: 2\n"))
        #expect(text.contains("cluster.app.http2.streams_active: 2\n"))
        #expect(try samples(registry, "envoy_http2_rx_reset") == [[:]])
        #expect(
            try samples(registry, "envoy_cluster_http2_streams_active") == [
                ["envoy_cluster_name": "app"]
            ]
        )
        #expect(registry.value(.rxReset) == 2)
        #expect(registry.value(cluster: "app", HTTP2Stat.streamsActive) == 2)
    }

    @Test func relayedConnectionsAndListenerFiltersHaveEnvoysNames() throws {
        let registry = StatsRegistry()
        registry.tcpStats(prefix: "db", worker: 0).add(.downstreamCxRxBytesTotal, 79)
        let filters = registry.listenerFilterStats(worker: 0)
        filters.increment(.proxyProtoV2Found)
        filters.increment(.tlsInspectorSniFound)
        filters.record(.tlsInspectorBytesProcessed, value: 517)
        let text = registry.text()
        #expect(text.contains("tcp.db.downstream_cx_rx_bytes_total: 79\n"))
        #expect(text.contains("proxy_proto.versions.v2.found: 1\n"))
        #expect(text.contains("tls_inspector.sni_found: 1\n"))
        #expect(
            try samples(registry, "envoy_tcp_downstream_cx_rx_bytes_total") == [
                ["envoy_tcp_prefix": "db"]
            ]
        )
        let versions = try samples(registry, "envoy_proxy_proto_found")
        #expect(
            versions == [
                ["envoy_proxy_protocol_version": "1"], ["envoy_proxy_protocol_version": "2"],
            ]
        )
        registry.remove(tcpPrefix: "db")
        #expect(!registry.text().contains("tcp.db"))
    }

    @Test func removingTheOwnerRemovesWhatIsInside() {
        let registry = StatsRegistry()
        // One of the same name is another's.
        registry.listenerTLSStats(address: "app", worker: 0).increment(.handshake)
        registry.clusterTLSStats(name: "app", worker: 0)
            .countHandshake(cipher: "X", version: "TLSv1.3", curve: "Y")
        registry.clusterTLSContextStats(name: "app", worker: 0)
            .increment(.upstreamContextSecretsNotReady)
        registry.clusterHTTP2Stats(name: "app", worker: 0).increment(.goawaySent)
        registry.setCertificates(cluster: "app", [("own", 7)])
        _ = registry.grpcStats(cluster: "app", service: "s", method: "m", worker: 0)
        #expect(
            registry.text().contains(
                "cluster.app.client_ssl_socket_factory.upstream_context_secrets_not_ready: 1\n"
            )
        )
        registry.remove(cluster: "app")
        #expect(!registry.text().contains("cluster.app"))
        #expect(registry.value(listener: "app", .handshake) == 1)
        registry.remove(listener: "app")
        #expect(!registry.text().contains("listener.app"))
    }

    @Test func noChosenNameCanForgeALine() throws {
        let registry = StatsRegistry()
        let hostile = "a\"} 1\nforged 1"
        registry.listenerTLSStats(address: "a", worker: 0)
            .countHandshake(cipher: hostile, version: "TLSv1.3", curve: "")
        _ = registry.grpcStats(cluster: "app", service: hostile, method: hostile, worker: 0)
        registry.setCertificates(cluster: "app", [(hostile, 7)])
        let parsed = try PrometheusParser(registry.prometheus())
        #expect(parsed.families["forged"] == nil)
        #expect(!registry.text().contains("\nforged"))
    }
}
