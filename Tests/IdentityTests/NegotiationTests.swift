import Model
import Testing

@testable import Identity

/// Peers that cannot come to terms, and those that do not speak TLS.
@Suite struct NegotiationTests {
    @Test func versionsWithoutAnOverlapAreRefused() throws {
        let server = try Make.server { $0.minVersion = .tls13 }
        let client = try Make.client { $0.maxVersion = .tls12 }
        let failure = try expectFailure(Pair(server, client))
        #expect(failure.check == .protocolVersion)
        #expect(failure.alertSent == 70)
        #expect(failure.explanation.contains("(TLS 1.3)"))
        #expect(
            failure.envoyText == "TLS_error:|268435696:SSL routines:OPENSSL_internal:"
                + "UNSUPPORTED_PROTOCOL:TLS_error_end"
        )
    }

    @Test func ciphersWithoutAnOverlapAreRefused() throws {
        let server = try Make.server {
            $0.maxVersion = .tls12
            $0.cipherSuites = ["ECDHE-ECDSA-AES256-GCM-SHA384"]
        }
        let client = try Make.client { $0.cipherSuites = ["ECDHE-ECDSA-CHACHA20-POLY1305"] }
        let failure = try expectFailure(Pair(server, client))
        #expect(failure.check == .noSharedCipher)
        #expect(failure.alertSent == 40)
        #expect(failure.envoyText.contains("|268435640:SSL routines:OPENSSL_internal:NO_SHARED"))
    }

    @Test func whatIsKnownOfARefusedHandshakeCanBeAskedFor() throws {
        let pair = Pair(
            try Make.server { $0.minVersion = .tls13 },
            try Make.client { $0.maxVersion = .tls12 }
        )
        _ = try expectFailure(pair)
        // There is no session yet in which a curve could be looked for.
        for facts in [pair.server.facts, pair.client.facts] {
            #expect(facts.curve == "")
            #expect(facts.peer == nil)
        }
    }

    @Test func theRefusalOfAHelloIsToldTwiceAsInEnvoy() throws {
        let server = try Make.server {
            $0.maxVersion = .tls12
            $0.cipherSuites = ["ECDHE-ECDSA-AES256-GCM-SHA384"]
        }
        let client = try Make.client {
            $0.maxVersion = .tls12
            $0.cipherSuites = ["ECDHE-ECDSA-CHACHA20-POLY1305"]
        }
        guard case .failed(_, let failure?) = Pair(server, client).handshake() else {
            Issue.record("the client has no failure")
            return
        }
        #expect(failure.check == .alert(40))
        #expect(
            failure.envoyText == "TLS_error:|268436496:SSL routines:OPENSSL_internal:"
                + "SSLV3_ALERT_HANDSHAKE_FAILURE|268435610:SSL routines:OPENSSL_internal:"
                + "HANDSHAKE_FAILURE_ON_CLIENT_HELLO:TLS_error_end"
        )
    }

    @Test func curvesWithoutAnOverlapAreRefused() throws {
        let server = try Make.server { $0.curves = ["P-384"] }
        let client = try Make.client { $0.curves = ["X25519"] }
        let failure = try expectFailure(Pair(server, client))
        #expect(failure.check == .noSharedCipher)
    }

    @Test(
        arguments: [
            ("GET / HTTP/1.1\r\nhost: a\r\n\r\n", "plain HTTP request"),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "plain HTTP/2"),
            ("\u{0}\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}", "does not speak TLS"),
        ]
    )
    func aPeerWithoutTLSIsToldOf(_ text: String, _ words: String) throws {
        let io = TLSIO()
        let session = TLSSession(server: try Make.server(), io: io)
        let bytes = Array(text.utf8)
        let outcome = unsafe bytes.withUnsafeBytes {
            unsafe session.receive($0)
            return session.handshake()
        }
        guard case .failed(let failure) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(failure.check == .notTLS)
        #expect(failure.explanation.contains(words), "\(failure.explanation)")
    }

    @Test func aServerThatAnswersInPlainHTTPIsToldOf() throws {
        let io = TLSIO()
        let session = TLSSession(client: try Make.client(), io: io, serverName: "server.test")
        _ = session.handshake()
        let bytes = Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)
        let outcome = unsafe bytes.withUnsafeBytes {
            unsafe session.receive($0)
            return session.handshake()
        }
        guard case .failed(let failure) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(failure.check == .notTLS)
        #expect(failure.explanation.contains("its port does not speak TLS"))
    }

    @Test func anEndDuringTheHandshakeIsToldOf() throws {
        let io = TLSIO()
        let session = TLSSession(server: try Make.server(), io: io)
        #expect(session.failureOfEnd().check == .endedDuringHandshake)
        #expect(session.failureOfEnd().explanation.contains("before it said anything"))
    }

    @Test func everyPrefixOfAHelloWantsMoreAndEveryFlippedByteIsSurvived() throws {
        let (server, client) = (try Make.server(), try Make.client())
        let io = TLSIO()
        let first = TLSSession(client: client, io: io, serverName: "server.test")
        _ = first.handshake()
        let hello = Pair.take(io)
        var length = 0
        while length < hello.count {
            let session = TLSSession(server: server, io: io)
            let part = Array(hello[..<length])
            let outcome = unsafe part.withUnsafeBytes {
                unsafe session.receive($0)
                return session.handshake()
            }
            guard case .wantsMore = outcome else {
                Issue.record("\(length) bytes: \(outcome)")
                return
            }
            var broken = hello
            broken[length] ^= 0x55
            let other = TLSSession(server: server, io: io)
            unsafe broken.withUnsafeBytes {
                unsafe other.receive($0)
                _ = other.handshake()
            }
            io.clearOut()
            length += 1
        }
    }

    @Test func aFlippedByteOfARecordBreaksTheSession() throws {
        let pair = Pair(try Make.server(), try Make.client())
        try expectDone(pair)
        var sealed = pair.send(Array("text".utf8), fromClient: true)
        sealed[sealed.count - 1] ^= 1
        let read = Pair.decrypt(pair.server, sealed)
        #expect(read.plaintext.isEmpty)
        guard case .failed(let failure) = read.last else {
            Issue.record("\(read.last)")
            return
        }
        #expect(failure.alertSent == 20)
    }

    @Test(
        arguments: [
            ("server.test", "server"), ("SERVER.test", "server"), ("second.test", "second"),
            ("a.wild.test", "server"), ("a.b.wild.test", "second"), ("unknown.test", "second"),
        ]
    )
    func theCertificateIsChosenByTheName(_ name: String, _ certificate: String) throws {
        for version in [TLSVersion.tls12, .tls13] {
            let server = try Make.server(["second", "server"]) { $0.maxVersion = version }
            let pair = Pair(server, try Make.client(), serverName: name)
            try expectDone(pair)
            #expect(pair.client.facts.peer?.subject == "CN=\(certificate)")
            #expect(pair.server.facts.local?.subject == "CN=\(certificate)")
        }
    }

    @Test func ofOneNameTheKeyIsChosenThatTheClientCanCheck() throws {
        let server = try Make.server(["rsa", "server"])
        let modern = Pair(server, try Make.client())
        try expectDone(modern)
        #expect(modern.client.facts.peer?.subject == "CN=server")
        let old = Pair(
            server,
            try Make.client {
                $0.maxVersion = .tls12
                $0.cipherSuites = ["ECDHE-RSA-AES128-GCM-SHA256"]
            }
        )
        try expectDone(old)
        #expect(old.client.facts.peer?.subject == "CN=rsa")
        let signatures = Pair(
            server,
            try Make.client {
                // The chain itself is signed with ECDSA, so TLS 1.3 needs that too.
                $0.minVersion = .tls13
                $0.signatureAlgorithms = ["rsa_pss_rsae_sha256", "ecdsa_secp384r1_sha384"]
            }
        )
        _ = signatures.handshake()
        #expect(signatures.server.facts.local?.subject == "CN=rsa")
    }
}
