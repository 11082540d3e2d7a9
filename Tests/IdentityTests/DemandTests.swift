import Model
import Testing

@testable import Identity

@Suite struct DemandTests {
    private static let host = Make.trust("root") {
        $0.subjectAltNames = [.init(kind: .dns, matcher: .init(.exact("server.test")))]
    }

    private func client(
        verifiesServerName: Bool = false,
        _ validation: CertificateValidation
    ) throws -> TLSContext {
        var common = CommonTLSConfiguration()
        common.validation = .value(validation)
        return try TLSContext(
            upstream: UpstreamTLSConfiguration(
                common: common,
                verifiesServerName: verifiesServerName
            ),
            secrets: StaticSecrets()
        )
    }

    private func isTaken(_ client: TLSContext, _ name: String) throws -> Bool {
        let pair = Pair(try Make.server(), client, verifyName: name)
        if case .done = pair.handshake() { return true }
        return false
    }

    @Test func aDemandedNameIsDemandedBesideTheFilesNames() throws {
        let both = try client(Self.host)
        #expect(try isTaken(both, "server.test"))
        #expect(try !isTaken(both, "other.test"))
        var other = Self.host
        other.subjectAltNames = [.init(kind: .dns, matcher: .init(.exact("second.test")))]
        #expect(try !isTaken(try client(other), "server.test"))
        #expect(try isTaken(try client(verifiesServerName: true, other), "server.test"))
    }

    @Test func anAddressIsComparedWithAddresses() throws {
        let pair = Pair(
            try Make.server(["client"]),
            try Make.client(),
            verifyName: "10.0.0.1"
        )
        try expectDone(pair)
        #expect(try !isTaken(try Make.client(), "10.0.0.1"))
    }

    @Test func trustDomainsAreEnoughToVerifyTheServersName() throws {
        var validation = CertificateValidation()
        let bundle = DataSource.file(Certificates.path("root.pem"))
        validation.trustDomains = [SPIFFETrustDomain(name: "one.test", bundle: bundle)]
        let pair = Pair(
            try Make.server(["client"]),
            try client(verifiesServerName: true, validation),
            verifyName: "client.test"
        )
        try expectDone(pair)
    }

    @Test func trustDomainsRefuseWhateverElseIsAccepted() throws {
        let server = try Make.server(requiresClient: true) {
            var validation = CertificateValidation()
            let bundle = DataSource.file(Certificates.path("root.pem"))
            validation.trustDomains = [SPIFFETrustDomain(name: "one.test", bundle: bundle)]
            validation.acceptsUntrusted = true
            $0.validation = .value(validation)
        }
        try expectDone(Pair(server, try Make.client(["client"])))
        for leaf in ["client-other", "client-self", "spiffe-unknown"] {
            let failure = try expectFailure(Pair(server, try Make.client([leaf])))
            #expect(
                failure.check == .spiffe || failure.check == .untrusted
                    || failure.check == .selfSigned
            )
        }
        let bare = try expectFailure(Pair(server, try Make.client()))
        #expect(bare.check == .noClientCertificate)
    }
}
