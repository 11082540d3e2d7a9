import Model
import Testing

@testable import Identity

/// What a server demands of clients: each fault has its check, its words and its alert.
@Suite struct ClientCertificateTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var certificate: String?
        var check: TLSFailure.Check
        var alert: UInt8
        var words: String
        var envoy: String = ""

        var testDescription: String { certificate ?? "none" }
    }

    @Test(
        arguments: [
            Case(
                certificate: nil,
                check: .noClientCertificate,
                alert: 116,
                words:
                    "showed no certificate, and one is demanded; signed by \"CN=Root,O=Pillion\"",
                envoy: "TLS_error:|268435648:SSL routines:OPENSSL_internal:"
                    + "PEER_DID_NOT_RETURN_A_CERTIFICATE:"
                    + "peer did not provide required client certificate:TLS_error_end"
            ),
            Case(
                certificate: "client-other",
                check: .untrusted,
                alert: 48,
                words: "names spiffe://two.test/sa, issuer \"CN=Other Root,O=Pillion\""
            ),
            Case(
                certificate: "client-self",
                check: .selfSigned,
                alert: 48,
                words: "subject \"CN=client-self\""
            ),
            Case(
                certificate: "client-expired",
                check: .expired,
                alert: 45,
                words: "certificate has expired",
                envoy: "TLS_error:|268435581:SSL routines:OPENSSL_internal:"
                    + "CERTIFICATE_VERIFY_FAILED:verify cert failed: X509_verify_cert: "
                    + "certificate verification error at depth 0: certificate has expired"
                    + ":TLS_error_end"
            ),
            Case(
                certificate: "client-future",
                check: .notYetValid,
                alert: 45,
                words: "is the clock right?"
            ),
            Case(certificate: "client-revoked", check: .revoked, alert: 44, words: "revoked"),
            Case(certificate: "client-purpose", check: .purpose, alert: 43, words: "purpose"),
        ]
    )
    func aCertificateWithAFaultIsRefused(_ each: Case) throws {
        for version in [TLSVersion.tls12, .tls13] {
            let server = try Make.server(requiresClient: true) { common in
                common.maxVersion = version
                common.validation = .value(
                    Make.trust("root") {
                        $0.crl = .file(Certificates.path("crl.pem"))
                    }
                )
            }
            let client = try Make.client(each.certificate.map { [$0] } ?? [])
            guard case .failed(let failure?, let heard) = Pair(server, client).handshake() else {
                Issue.record("the handshake was done")
                continue
            }
            // TLS 1.2 has no alert for a missing certificate (RFC 5246: handshake_failure).
            let alert = each.alert == 116 && version == .tls12 ? 40 : each.alert
            #expect(failure.check == each.check)
            #expect(failure.alertSent == alert)
            #expect(failure.explanation.contains(each.words), "\(failure.explanation)")
            if !each.envoy.isEmpty { #expect(failure.envoyText == each.envoy) }
            #expect(heard?.check == .alert(alert))
        }
    }

    @Test func aGoodCertificateIsToldOf() throws {
        let server = try Make.server(requiresClient: true) {
            $0.validation = .value(Make.trust("root"))
        }
        let pair = Pair(server, try Make.client(["client"]))
        try expectDone(pair)
        let facts = pair.server.facts
        #expect(facts.isPeerVerified)
        let peer = try #require(facts.peer)
        #expect(peer.subject == "CN=client")
        #expect(peer.issuer == "CN=Root,O=Pillion")
        #expect(peer.uriNames == ["spiffe://one.test/ns/a/sa/b"])
        #expect(peer.ipNames == ["10.0.0.1"])
        #expect(peer.emailNames == ["a@client.test"])
        #expect(peer.sha256.count == 64 && peer.sha1.count == 40)
        #expect(!peer.serialNumber.isEmpty)
        #expect(peer.notBefore == 1_577_836_800)
        #expect(peer.pem.hasPrefix("-----BEGIN CERTIFICATE-----"))
        #expect(peer.chainPEM == peer.pem)
        #expect(pair.client.facts.local?.subject == "CN=client")
    }

    @Test func aChainThroughAnIntermediateIsTrusted() throws {
        let server = try Make.server(requiresClient: true) {
            $0.validation = .value(Make.trust("root"))
        }
        let pair = Pair(server, try Make.client(["client-deep"]))
        try expectDone(pair)
        let chain = pair.server.facts.peer?.chainPEM ?? ""
        #expect(chain.split(separator: "-----BEGIN CERTIFICATE-----").count == 2)
    }

    @Test func anIntermediateInTheBundleIsEnough() throws {
        let server = try Make.server(requiresClient: true) {
            $0.validation = .value(Make.trust("middle"))
        }
        try expectDone(Pair(server, try Make.client(["client-deep"])))
    }

    @Test func theChainMayBeNoLongerThanAllowed() throws {
        let server = try Make.server(requiresClient: true) {
            $0.validation = .value(Make.trust("root") { $0.verifyDepthMax = 1 })
        }
        try expectDone(Pair(server, try Make.client(["client"])))
        let failure = try expectFailure(Pair(server, try Make.client(["client-deep"])))
        #expect(failure.check == .depth)
    }

    @Test func aCertificateIsNotDemandedWhereItIsOnlyAskedFor() throws {
        let server = try Make.server { $0.validation = .value(Make.trust("root")) }
        let without = Pair(server, try Make.client())
        try expectDone(without)
        #expect(without.server.facts.peer == nil)
        let wrong = try expectFailure(Pair(server, try Make.client(["client-other"])))
        #expect(wrong.check == .untrusted)
    }

    @Test func anExpiredCertificateMayBeAllowed() throws {
        let server = try Make.server(requiresClient: true) {
            $0.validation = .value(Make.trust("root") { $0.allowsExpired = true })
        }
        let pair = Pair(server, try Make.client(["client-expired"]))
        try expectDone(pair)
        #expect(pair.server.facts.isPeerVerified)
    }

    @Test func theUntrustedMayBeLetIn() throws {
        let server = try Make.server {
            $0.validation = .value(
                Make.trust("root") {
                    $0.acceptsUntrusted = true
                    $0.subjectAltNames = [.init(kind: .dns, matcher: .init(.exact("other.test")))]
                }
            )
        }
        for name in ["client-other", "client"] {
            let pair = Pair(server, try Make.client([name]))
            try expectDone(pair)
            #expect(!pair.server.facts.isPeerVerified)
            #expect(pair.server.facts.peer?.subject == "CN=\(name)")
        }
    }

    static let names: [(SubjectAltNameMatcher, Bool)] = [
        (.init(kind: .uri, matcher: .init(.exact("spiffe://one.test/ns/a/sa/b"))), true),
        (.init(kind: .uri, matcher: .init(.prefix("spiffe://one.test/"))), true),
        (.init(kind: .uri, matcher: .init(.exact("client.test"))), false),
        (.init(kind: .dns, matcher: .init(.exact("CLIENT.test"))), true),
        (.init(kind: .dns, matcher: .init(.suffix(".test"))), true),
        (.init(kind: .dns, matcher: .init(.exact("client"))), false),
        (.init(kind: .ipAddress, matcher: .init(.exact("10.0.0.1"))), true),
        (.init(kind: .ipAddress, matcher: .init(.exact("10.0.0.2"))), false),
        (.init(kind: .email, matcher: .init(.suffix("@client.test"))), true),
        (.init(kind: .other("1.2.3.4"), matcher: .init(.exact("hello"))), true),
        (.init(kind: .other("1.2.3.5"), matcher: .init(.exact("hello"))), false),
    ]

    @Test(arguments: names.indices)
    func oneOfTheNamesMustMatch(_ index: Int) throws {
        let (matcher, isMatched) = Self.names[index]
        let server = try Make.server {
            $0.validation = .value(Make.trust("root") { $0.subjectAltNames = [matcher] })
        }
        let pair = Pair(server, try Make.client(["client"]))
        if isMatched {
            try expectDone(pair)
            return
        }
        let failure = try expectFailure(pair)
        #expect(failure.check == .subjectAltName)
        #expect(failure.alertSent == 46)
        #expect(failure.explanation.contains("has none of the demanded names: demanded is one of"))
        #expect(
            failure.envoyText.contains(
                "verify cert failed: SAN matcher, certificate SANs are [spiffe://one.test/ns/a/sa/b, client.test, "
            )
        )
    }
}

/// What a client demands of servers.
@Suite struct ServerCertificateTests {
    @Test(
        arguments: [
            ("server-expired", TLSFailure.Check.expired, UInt8(45)),
            ("server-other", .untrusted, 48),
        ]
    )
    func aCertificateWithAFaultIsRefused(
        _ name: String,
        _ check: TLSFailure.Check,
        _ alert: UInt8
    ) throws {
        for version in [TLSVersion.tls12, .tls13] {
            let server = try Make.server([name]) { $0.maxVersion = version }
            let outcome = Pair(server, try Make.client()).handshake()
            guard case .failed(let heard, let failure?) = outcome else {
                Issue.record("the handshake was done")
                continue
            }
            #expect(failure.check == check)
            #expect(failure.alertSent == alert)
            #expect(failure.explanation.contains("the server's certificate (subject \"CN=\(name)"))
            #expect(heard?.check == .alert(alert))
        }
    }

    @Test func withoutDemandsAnyServerWillDo() throws {
        let pair = Pair(try Make.server(["server-other"]), try Make.client(trusts: nil))
        try expectDone(pair)
        #expect(!pair.client.facts.isPeerVerified)
    }

    @Test(
        arguments: [
            ("server.test", true), ("SERVER.test", true), ("a.wild.test", true),
            ("a.b.wild.test", false), ("wild.test", false), ("other.test", false),
            ("server", false),
        ]
    )
    func theNameThatWasAskedForMustBeTheCertificates(_ name: String, _ isMatched: Bool) throws {
        let pair = Pair(try Make.server(), try Make.client(), serverName: name, verifyName: name)
        if isMatched {
            try expectDone(pair)
            return
        }
        guard case .failed(_, let failure?) = pair.handshake() else {
            Issue.record("the handshake was done")
            return
        }
        #expect(failure.check == .subjectAltName)
    }

    @Test func aNameThatEndsInANULIsNoName() throws {
        let pair = Pair(
            try Make.server(["server-nul"]),
            try Make.client(),
            verifyName: "server.test"
        )
        guard case .failed(_, let failure?) = pair.handshake() else {
            Issue.record("the handshake was done")
            return
        }
        #expect(failure.check == .subjectAltName || failure.check == .chain)
    }

    @Test func pinnedDigestsOfTheCertificateOrItsKeyAreEnough() throws {
        let certificate = Certificates.bytes("server.sha256")
        let key = Certificates.bytes("server.spki")
        let zero = [UInt8](repeating: 0, count: 32)
        for (hashes, keys, isMatched) in [
            ([certificate], [], true), ([], [key], true), ([zero], [key], true),
            ([zero], [zero], false), ([key], [], false),
        ] as [([[UInt8]], [[UInt8]], Bool)] {
            let client = try Make.client(trusts: nil) {
                $0.validation = .value(
                    Make.trust(nil) {
                        $0.certificateHashes = hashes
                        $0.spkiHashes = keys
                    }
                )
            }
            let pair = Pair(try Make.server(), client)
            if isMatched {
                try expectDone(pair)
                continue
            }
            guard case .failed(_, let failure?) = pair.handshake() else {
                Issue.record("the handshake was done")
                continue
            }
            #expect(failure.check == .hash)
            #expect(failure.alertSent == 42)
            #expect(failure.envoyText.contains("verify cert failed: cert hash and spki"))
        }
    }
}

@Suite struct SPIFFETests {
    private func server() throws -> TLSContext {
        try Make.server {
            $0.validation = .value(
                Make.trust(nil) {
                    $0.trustDomains = [
                        SPIFFETrustDomain(
                            name: "one.test",
                            bundle: .file(Certificates.path("root.pem"))
                        ),
                        SPIFFETrustDomain(
                            name: "two.test",
                            bundle: .file(Certificates.path("other.pem"))
                        ),
                    ]
                }
            )
        }
    }

    @Test(arguments: ["client", "client-other"])
    func aWorkloadIsTrustedByItsDomainsBundle(_ name: String) throws {
        let pair = Pair(try server(), try Make.client([name]))
        try expectDone(pair)
        #expect(pair.server.facts.isPeerVerified)
    }

    @Test(
        arguments: [
            ("spiffe-two", "exactly one URI"), ("spiffe-ca", "authority's"),
            ("spiffe-signs", "may sign certificates"),
            ("spiffe-unknown", "no known trust domain; known are one.test, two.test"),
            ("client-deep", "exactly one URI"),
        ]
    )
    func whatIsNoWorkloadsCertificateIsRefused(_ name: String, _ words: String) throws {
        let failure = try expectFailure(Pair(try server(), try Make.client([name])))
        #expect(failure.check == .spiffe)
        #expect(failure.alertSent == 46)
        #expect(failure.explanation.contains(words), "\(failure.explanation)")
    }

    @Test func aCertificateIsAlwaysDemanded() throws {
        let failure = try expectFailure(Pair(try server(), try Make.client()))
        #expect(failure.check == .noClientCertificate)
    }

    @Test func anotherDomainsAuthorityCannotSpeakForADomain() throws {
        let server = try Make.server {
            $0.validation = .value(
                Make.trust(nil) {
                    $0.trustDomains = [
                        SPIFFETrustDomain(
                            name: "one.test",
                            bundle: .file(Certificates.path("other.pem"))
                        )
                    ]
                }
            )
        }
        let failure = try expectFailure(Pair(server, try Make.client(["client"])))
        #expect(failure.check == .untrusted)
    }
}

/// The server's failure.
func expectFailure(
    _ pair: Pair,
    sourceLocation: SourceLocation = #_sourceLocation
) throws -> TLSFailure {
    guard case .failed(let failure?, _) = pair.handshake() else {
        Issue.record("the server found no fault", sourceLocation: sourceLocation)
        throw HandshakeFailed()
    }
    return failure
}
