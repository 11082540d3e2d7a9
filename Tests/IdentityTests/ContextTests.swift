import Glibc
import Model
import Testing

@testable import Identity

@Suite struct ContextFailureTests {
    private func failure(_ make: () throws -> TLSContext) -> TLSContextFailure? {
        do {
            _ = try make()
            return nil
        } catch {
            return error as? TLSContextFailure
        }
    }

    private func failure(_ source: TLSCertificateSource) -> TLSContextFailure? {
        failure { try Make.server([]) { $0.certificates = [.value(source)] } }
    }

    @Test func aKeyOfAnotherCertificateIsNamedWithBothFiles() throws {
        let found = try #require(failure(Certificates.source("server", key: "second.key")))
        #expect(found.part == .privateKey)
        let (key, chain) = (Certificates.path("second.key"), Certificates.path("server.pem"))
        #expect(
            found.reason == "the key in \(key) does not belong to the certificate in \(chain) "
                + "(subject \"CN=server\")"
        )
    }

    @Test func whatIsWrongWithAFileIsSaid() throws {
        let cases: [(TLSCertificateSource, TLSContextFailure.Part, String)] = [
            (Certificates.source("missing"), .chain, "No such file or directory"),
            (Certificates.source("server", chain: "text.pem"), .chain, "no PEM certificate"),
            (Certificates.source("server", key: "text.pem"), .privateKey, "no PEM key"),
            (Certificates.source("server", key: "server.pem"), .privateKey, "no PEM key"),
            (
                Certificates.source("server", key: "encrypted.key"), .privateKey,
                "it is encrypted, and there is no password"
            ),
            (Certificates.source("weak"), .privateKey, "at least 2048 bits"),
            (Certificates.source("server", chain: "."), .chain, "Is a directory"),
        ]
        for (source, part, words) in cases {
            let found = try #require(failure(source))
            #expect(found.part == part)
            #expect(found.reason.contains(words), "\(found)")
        }
    }

    @Test func passwordsOpenKeysAndPKCS12() throws {
        var source = Certificates.source("server", key: "encrypted.key")
        source.password = .inline(Array("secret".utf8))
        #expect(failure(source) == nil)
        source.password = .inline(Array("other".utf8))
        #expect(failure(source)?.reason == "the password does not open it")
        var file = TLSCertificateSource(pkcs12: .file(Certificates.path("server.p12")))
        file.password = .inline(Array("secret".utf8))
        #expect(failure(file) == nil)
        file.password = .inline(Array("other".utf8))
        #expect(failure(file)?.reason == "the password does not open it")
        file.pkcs12 = .file(Certificates.path("text.pem"))
        #expect(failure(file)?.part == .pkcs12)
    }

    @Test func unknownNamesAreNamed() throws {
        let cipher = failure { try Make.server { $0.cipherSuites = ["[ECDHE-RSA-AES128|NONE]"] } }
        #expect(cipher?.part == .cipherSuites)
        #expect(cipher?.reason.contains("ECDHE-RSA-AES128") == true)
        let new = failure { try Make.server { $0.cipherSuites = ["TLS_AES_128_GCM_SHA256"] } }
        #expect(new?.reason.contains("cannot be chosen") == true)
        let curve = failure { try Make.server { $0.curves = ["X25519", "P-257"] } }
        #expect(curve?.reason == "there is no curve named P-257")
        let signature = failure { try Make.server { $0.signatureAlgorithms = ["rsa_none"] } }
        #expect(signature?.reason == "there is no signature algorithm named rsa_none")
    }

    @Test func groupsOfCiphersAreFlattened() throws {
        let list = try CipherNames.ciphers([
            "-ALL", "[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        ])
        #expect(
            list == "-ALL:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
                + "ECDHE-RSA-AES128-GCM-SHA256"
        )
        #expect(failure { try Make.server { $0.curves = ["X25519MLKEM768", "P-256"] } } == nil)
    }

    @Test func aServerNeedsACertificate() throws {
        #expect(failure { try Make.server([]) }?.part == .chain)
    }

    @Test func secretsAreFoundByName() throws {
        var secrets = StaticSecrets()
        secrets.certificates["mine"] = Certificates.source("server")
        secrets.validations["theirs"] = Make.trust("root")
        var common = CommonTLSConfiguration()
        common.certificates = [.named("mine")]
        common.validation = .named("theirs")
        let context = try TLSContext(
            downstream: DownstreamTLSConfiguration(common: common),
            secrets: secrets
        )
        #expect(context.certificates.first?.subject == "CN=server")
        #expect(context.authorities.first?.subject == "CN=Root,O=Pillion")
        let names = ["server.pem", "server.key", "root.pem"]
        #expect(Set(context.files) == Set(names.map(Certificates.path)))
        common.certificates = [.named("nobodys")]
        let configuration = DownstreamTLSConfiguration(common: common)
        let found = failure { try TLSContext(downstream: configuration, secrets: secrets) }
        #expect(found?.source == "nobodys")
    }

    @Test func aFileThatChangesAfterItWasReadIsAnother() throws {
        let names = ["changing.pem", "changing.key"].map(Certificates.path)
        func write(_ leaf: String) throws {
            for (name, ending) in zip(names, ["pem", "key"]) {
                let file = try unsafe #require(unsafe fopen(name, "w"))
                let bytes = Certificates.bytes("\(leaf).\(ending)")
                #expect(unsafe fwrite(bytes, 1, bytes.count, file) == bytes.count)
                unsafe fclose(file)
            }
        }
        try write("server")
        let context = try Make.server(["changing"])
        #expect(context.files == names)
        #expect(context.signature == FileSignature(names))
        try write("second")
        #expect(context.signature != FileSignature(names))
    }

    @Test func bundlesAndListsAreCheckedToo() throws {
        let text = failure {
            try Make.client { $0.validation = .value(Make.trust("text")) }
        }
        #expect(text?.part == .trustedCA)
        #expect(text?.reason == "there is no PEM certificate in it")
        let list = failure {
            try Make.client {
                $0.validation = .value(
                    Make.trust("root") { $0.crl = .file(Certificates.path("root.pem")) }
                )
            }
        }
        #expect(list?.part == .crl)
        let keys = failure {
            var common = CommonTLSConfiguration()
            common.certificates = [.value(Certificates.source("server"))]
            return try TLSContext(
                downstream: DownstreamTLSConfiguration(
                    common: common,
                    sessionTicketKeys: [.inline([1, 2, 3])]
                ),
                secrets: StaticSecrets()
            )
        }
        #expect(keys?.reason == "a key has 80 bytes, and this one has 3")
    }

    @Test func aStapleMustBeAboutTheCertificate() throws {
        var source = Certificates.source("server")
        source.ocspStaple = .file(Certificates.path("server.ocsp"))
        #expect(failure(source) == nil)
        source.ocspStaple = .file(Certificates.path("text.pem"))
        #expect(failure(source)?.part == .ocspStaple)
        var other = Certificates.source("second")
        other.ocspStaple = .file(Certificates.path("server.ocsp"))
        #expect(failure(other)?.reason.contains("about another certificate") == true)
    }
}

@Suite struct RotationTests {
    private func write(_ bytes: [UInt8], _ path: String) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        _ = unsafe bytes.withUnsafeBytes {
            unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
        }
        close(descriptor)
    }

    @Test func aBrokenPairIsRefusedAndTheOldOneServes() throws {
        let (chain, key) = (Certificates.path("turn.pem"), Certificates.path("turn.key"))
        write(Certificates.bytes("server.pem"), chain)
        write(Certificates.bytes("server.key"), key)
        var common = CommonTLSConfiguration()
        common.certificates = [
            .value(TLSCertificateSource(chain: .file(chain), privateKey: .file(key)))
        ]
        let rotation = TLSRotation(
            slot: TLSContextSlot(name: "listener"),
            configuration: .downstream(DownstreamTLSConfiguration(common: common)),
            secrets: StaticSecrets()
        )
        #expect(rotation.slot.current == nil)
        let first = try rotation.reload().get()
        #expect(rotation.slot.current === first)

        write(Certificates.bytes("second.pem"), chain)
        guard case .failure(let failure) = rotation.reload() else {
            Issue.record("a key of another certificate was taken")
            return
        }
        #expect(failure.reason.contains("(subject \"CN=second\")"))
        #expect(rotation.slot.current === first)
        try expectDone(Pair(first, try Make.client()))

        write(Certificates.bytes("second.key"), key)
        let second = try rotation.reload().get()
        #expect(rotation.slot.current === second)
        #expect(second.certificates.first?.subject == "CN=second")
    }
}

@Suite struct CertificateCheckTests {
    @Test func aGoodPairHasNoProblem() {
        #expect(CertificateCheck.problems(of: Certificates.source("server")).isEmpty)
        #expect(CertificateCheck.problems(of: Make.trust("both")).isEmpty)
    }

    @Test func datesAreWarnedOf() throws {
        let expired = CertificateCheck.problems(of: Certificates.source("client-expired"))
        #expect(expired.map(\.isWarning) == [true])
        #expect(expired.first?.words.contains("has expired") == true)
        let future = CertificateCheck.problems(of: Certificates.source("client-future"))
        #expect(future.first?.words.contains("is not valid yet") == true)
        // 2060-01-01 is the certificate's end.
        let soon = CertificateCheck.problems(
            of: Certificates.source("server"),
            now: 2_840_140_800 - 3 * 86_400
        )
        #expect(soon.first?.words.contains("expires in 3 days") == true)
    }

    @Test func faultsAreProblems() throws {
        let mismatch = CertificateCheck.problems(of: Certificates.source("rsa", key: "server.key"))
        #expect(mismatch.map(\.isWarning) == [false])
        #expect(mismatch.first?.part == .privateKey)
        let text = CertificateCheck.problems(of: Make.trust("text"))
        #expect(text.first?.part == .trustedCA)
        let authority = CertificateCheck.problems(of: Certificates.source("root"))
        #expect(authority.first?.words.contains("authority's") == true)
    }

    @Test func namesAreKnown() {
        #expect(CertificateCheck.knownCiphers.contains("ECDHE-RSA-AES128-GCM-SHA256"))
        for name in CertificateCheck.knownCurves { #expect(CertificateCheck.isKnownCurve(name)) }
        for name in CertificateCheck.knownSignatureAlgorithms {
            #expect(CertificateCheck.isKnownSignatureAlgorithm(name), "\(name)")
        }
        #expect(!CertificateCheck.isKnownCipher("ECDHE-RSA-AES512"))
    }
}

@Suite struct DNSNameTests {
    @Test(
        arguments: [
            ("www.a.test", "www.a.test", true), ("WWW.a.test", "www.A.test", true),
            ("www.a.test", "*.a.test", true), ("www.a.test", "w*.a.test", true),
            ("www.a.test", "*w.a.test", true), ("www.a.test", "w*w.a.test", true),
            ("www.a.test", "www*.a.test", true), ("www.a.test", "wwww*.a.test", false),
            ("www.a.test", "*.*.test", false), ("www.a.test", "**.a.test", false),
            ("a.test", "*.test", true), ("test", "*", false), ("x.www.a.test", "*.a.test", false),
            ("xn--a.a.test", "xn--*.a.test", false), ("www.a.test", "www.*.test", false),
            ("", "", true), ("", "*.a.test", false), (".a.test", "*.a.test", true),
        ]
    )
    func wildcardsMatchAsInEnvoy(_ name: String, _ pattern: String, _ expected: Bool) {
        #expect(
            DNSNameMatch.matches(name: Array(name.utf8), pattern: Array(pattern.utf8)) == expected
        )
    }
}
