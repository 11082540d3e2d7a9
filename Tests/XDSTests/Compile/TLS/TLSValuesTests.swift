import Model
import Testing

@testable import XDS

/// What contexts of TLS mean, field by field.
struct TLSValuesTests {
    @Test func aServerBeginsAtTLS12AndEndsAtTLS13() throws {
        let tls = try TLSFixture.downstream("common_tls_context: {\(TLSFixture.certificate)}")
        #expect(tls.common.minVersion == .tls12)
        #expect(tls.common.maxVersion == .tls13)
        #expect(tls.common.cipherSuites == [])
        #expect(tls.common.curves == [])
        #expect(tls.common.alpn == [])
        #expect(tls.common.certificates.count == 1)
        #expect(tls.common.validation == nil)
        #expect(!tls.requiresClientCertificate)
        #expect(tls.usesSessionTickets)
        #expect(tls.usesSessionCache)
        #expect(tls.sessionTicketKeys == [])
        #expect(tls.sessionTimeoutSeconds == nil)
        #expect(tls.ocspPolicy == .lenient)
        #expect(!tls.prefersClientCiphers)
        #expect(!tls.scansAllCertificates)
    }

    @Test func aClientIsAsEnvoysAndEndsAtTLS12() throws {
        let tls = try TLSFixture.upstream("")
        #expect(tls.common.minVersion == .tls12)
        #expect(tls.common.maxVersion == .tls12)
        #expect(tls.serverName == "")
        #expect(!tls.sendsHostname)
        #expect(!tls.verifiesServerName)
        #expect(tls.sessionsMax == 1)
        #expect(tls.common.certificates.isEmpty)
    }

    @Test func versionsAndAlgorithmsAreTaken() throws {
        let tls = try TLSFixture.upstream(
            """
            common_tls_context: {tls_params: {tls_minimum_protocol_version: TLSv1_1, \
            tls_maximum_protocol_version: TLSv1_3, cipher_suites: \
            ["[ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305]", AES128-SHA, \
            -AES256-SHA, TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA], \
            ecdh_curves: [X25519MLKEM768, P-384, X25519], \
            signature_algorithms: [ed25519, rsa_pss_rsae_sha256]}, \
            alpn_protocols: [h2, http/1.1]}
            """
        )
        #expect(tls.common.minVersion == .tls11)
        #expect(tls.common.maxVersion == .tls13)
        #expect(
            tls.common.cipherSuites == [
                "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-CHACHA20-POLY1305", "AES128-SHA",
                "-AES256-SHA", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
            ]
        )
        #expect(tls.common.curves == ["P-384", "X25519"])
        #expect(tls.common.signatureAlgorithms == ["ed25519", "rsa_pss_rsae_sha256"])
        #expect(tls.common.alpn == [Array("h2".utf8), Array("http/1.1".utf8)])
    }

    @Test func aServersFieldsAreTaken() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let key = try directory.write("ticket", String(repeating: "k", count: 80))
        let tls = try TLSFixture.downstream(
            """
            common_tls_context: {\(TLSFixture.certificate), \
            validation_context: {trusted_ca: \(TLSFixture.authority)}}, \
            require_client_certificate: true, session_ticket_keys: {keys: [{filename: \(key)}]}, \
            session_timeout: 300s, ocsp_staple_policy: STRICT_STAPLING, \
            full_scan_certs_on_sni_mismatch: true, disable_stateful_session_resumption: true, \
            prefer_client_ciphers: true
            """
        )
        #expect(tls.requiresClientCertificate)
        #expect(tls.sessionTicketKeys == [.file(key)])
        #expect(tls.sessionTimeoutSeconds == 300)
        #expect(tls.ocspPolicy == .strict)
        #expect(tls.scansAllCertificates)
        #expect(!tls.usesSessionCache)
        #expect(tls.usesSessionTickets)
        #expect(tls.prefersClientCiphers)
    }

    @Test func ticketsCanBeTurnedOff() throws {
        let tls = try TLSFixture.downstream(
            """
            common_tls_context: {\(TLSFixture.certificate)}, \
            disable_stateless_session_resumption: true
            """
        )
        #expect(!tls.usesSessionTickets)
        #expect(tls.usesSessionCache)
    }

    @Test func aClientsFieldsAreTaken() throws {
        let tls = try TLSFixture.upstream(
            """
            sni: app.example.com, auto_host_sni: true, auto_sni_san_validation: true, \
            max_session_keys: 0, common_tls_context: {tls_certificates: \
            [\(TLSFixture.inlineCertificate)], \
            validation_context: {trusted_ca: \(TLSFixture.authority)}}
            """
        )
        #expect(tls.serverName == "app.example.com")
        #expect(tls.sendsHostname)
        #expect(tls.verifiesServerName)
        #expect(tls.sessionsMax == 0)
        #expect(tls.common.certificates.count == 1)
    }

    @Test func demandsAreTaken() throws {
        let hash = String(repeating: "ab", count: 32)
        let spaced = String(repeating: "AB:", count: 31) + "ab"
        let tls = try TLSFixture.upstream(
            """
            common_tls_context: {validation_context: {trusted_ca: \(TLSFixture.authority), \
            crl: {inline_string: \(TLSFixture.quote(TestIdentity.revocations))}, \
            only_verify_leaf_cert_crl: true, max_verify_depth: 0, allow_expired_certificate: true, \
            verify_certificate_hash: ["\(hash)", "\(spaced)"], \
            verify_certificate_spki: ["q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s="], \
            match_typed_subject_alt_names: [\
            {san_type: URI, matcher: {exact: "spiffe://example.org/ns/shop/sa/app"}}, \
            {san_type: OTHER_NAME, oid: 1.2.3, matcher: {prefix: a}}]}}
            """
        )
        let demands = try #require(tls.common.peerValidation)
        #expect(demands.trustedCA == .inline(Array(TestIdentity.authority.utf8)))
        #expect(demands.crl == .inline(Array(TestIdentity.revocations.utf8)))
        #expect(demands.verifiesOnlyLeafCRL)
        #expect(demands.verifyDepthMax == 0)
        #expect(demands.allowsExpired)
        let digest = [UInt8](repeating: 0xab, count: 32)
        #expect(demands.certificateHashes == [digest, digest])
        #expect(demands.spkiHashes == [digest])
        #expect(demands.subjectAltNames.map(\.kind) == [.uri, .other("1.2.3")])
        #expect(!demands.acceptsUntrusted)
    }

    @Test func namesWithoutAKindAreOfAnyKind() throws {
        let tls = try TLSFixture.upstream(
            """
            common_tls_context: {validation_context: {trusted_ca: \(TLSFixture.authority), \
            match_subject_alt_names: [{exact: app}]}}
            """
        )
        let demands = try #require(tls.common.peerValidation)
        #expect(demands.subjectAltNames.map(\.kind) == [.dns, .uri, .email, .ipAddress])
    }

    @Test func trustDomainsHaveBundlesOfTheirOwn() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let bundle = try directory.write("bundle.pem", TestIdentity.authority)
        let tls = try TLSFixture.upstream(
            """
            common_tls_context: {validation_context: {custom_validator_config: {name: spiffe, \
            typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.\
            SPIFFECertValidatorConfig, trust_domains: [{name: example.org, trust_bundle: \
            {filename: \(bundle)}}, {name: other.org, trust_bundle: \
            \(TLSFixture.authority)}]}}}}
            """
        )
        let demands = try #require(tls.common.peerValidation)
        #expect(
            demands.trustDomains == [
                SPIFFETrustDomain(name: "example.org", bundle: .file(bundle)),
                SPIFFETrustDomain(
                    name: "other.org",
                    bundle: .inline(Array(TestIdentity.authority.utf8))
                ),
            ]
        )
    }

    @Test func aSocketMaySayThatBytesGoInClear() {
        let result = TLSFixture.downstream(socket: TLSFixture.rawBuffer)
        #expect(result.tls == nil)
        #expect(result.said == [])
    }

    @Test func aHeaderOfThePROXYProtocolGoesBeforeTLS() throws {
        let inner = TLSFixture.upstreamSocket("sni: a")
        let cluster = try ClusterFixture.cluster(
            """
            transport_socket: {name: p, typed_config: {"@type": type.googleapis.com/\
            envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport, \
            config: {version: V2}, transport_socket: \(inner)}}
            """
        )
        #expect(cluster.transport.proxyProtocol == .v2)
        #expect(cluster.transport.tls?.serverName == "a")
    }

    @Test func endpointsWithMetadataHaveTransportsOfTheirOwn() throws {
        let cluster = try ClusterFixture.cluster(
            """
            transport_socket_matches: [{name: mtls, match: {tlsMode: istio}, transport_socket: \
            \(TLSFixture.upstreamSocket("sni: a"))}, {name: clear, transport_socket: \
            \(TLSFixture.rawBuffer)}]
            """
        )
        #expect(cluster.transport.tls == nil)
        #expect(cluster.transportMatches.map(\.name) == ["mtls", "clear"])
        #expect(cluster.transportMatches[0].match == ["tlsMode": .string("istio")])
        #expect(cluster.transportMatches[0].transport.tls?.serverName == "a")
        #expect(cluster.transportMatches[1].match == [:])
        #expect(cluster.transportMatches[1].transport.tls == nil)
    }
}
