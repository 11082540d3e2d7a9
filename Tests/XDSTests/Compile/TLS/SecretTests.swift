import Model
import Testing

@testable import XDS

/// Secrets by their names.
struct SecretTests {
    private static let named =
        "common_tls_context: {tls_certificate_sds_secret_configs: [{name: a}]}"
    private static let secretType =
        "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"

    private static func fromFile(_ path: String) -> String {
        """
        common_tls_context: {tls_certificate_sds_secret_configs: [{name: a, sds_config: \
        {path_config_source: {path: \(path)}}}]}
        """
    }

    @Test func aSecretOfTheConfigurationIsFoundByItsName() throws {
        let tls = try TLSFixture.downstream(
            Self.named,
            secrets: "{name: a, tls_certificate: \(TLSFixture.inlineCertificate)}"
        )
        guard case .value(let certificate)? = tls.common.certificates.first else {
            Issue.record("the certificate is not there")
            return
        }
        #expect(certificate.chain == .inline(Array(TestIdentity.certificate.utf8)))
        #expect(certificate.privateKey == .inline(Array(TestIdentity.key.utf8)))
    }

    @Test func theSnapshotHasTheSecretsByTheirNames() throws {
        let text = """
            static_resources:
              secrets:
              - {name: a, tls_certificate: \(TLSFixture.inlineCertificate)}
              - {name: b, validation_context: {trusted_ca: \(TLSFixture.authority)}}
              - {name: c, generic_secret: {secret: {inline_string: s}}}

            """
        let secrets = try Fixture.compile(text).snapshot.secrets
        #expect(Set(secrets.certificates.keys) == ["a"])
        #expect(Set(secrets.validations.keys) == ["b"])
        #expect(secrets.sessionTicketKeys.isEmpty)
    }

    @Test func aSecretOfAFileIsFoundByItsName() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let file = try directory.write(
            "sds.yaml",
            """
            version_info: "1"
            resources:
            - "@type": \(Self.secretType)
              name: a
              tls_certificate: \(TLSFixture.inlineCertificate)

            """
        )
        let tls = try TLSFixture.downstream(Self.fromFile(file))
        #expect(tls.common.certificates.count == 1)
    }

    @Test func whatIsWrongInAFileIsToldOfThatFile() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let file = try directory.write(
            "sds.yaml",
            """
            resources:
            - "@type": \(Self.secretType)
              name: a
              tls_certificate:
                certificate_chian: {filename: a}

            """
        )
        let result = TLSFixture.downstream(
            socket: TLSFixture.downstreamSocket(Self.fromFile(file))
        )
        #expect(
            result.said == [
                """
                \(file):5:5: resources[0].tls_certificate.certificate_chian: the field is not \
                known: did you mean "certificate_chain"?
                """
            ]
        )
    }

    @Test func whatASecretOfAFileLacksIsToldOfThatFile() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let file = try directory.write(
            "sds.yaml",
            """
            resources:
            - "@type": \(Self.secretType)
              name: a
              tls_certificate:
                certificate_chain: {filename: \(directory.path)/none.pem}

            """
        )
        let result = TLSFixture.downstream(
            socket: TLSFixture.downstreamSocket(Self.fromFile(file))
        )
        #expect(
            result.said == [
                """
                \(file):4:3: resources[0].tls_certificate: has no private_key: give private_key: \
                {filename: …}
                """
            ]
        )
    }

    @Test(
        arguments: [
            ("[]", "1:1", "", "an object is expected, a list was found"),
            (
                "{resource: []}", "1:2", " resource:",
                "the field is not known: a file with secrets has resources: […]"
            ),
        ]
    )
    func aFileWithSomethingElseIsRefused(
        _ text: String,
        _ place: String,
        _ path: String,
        _ what: String
    ) throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let file = try directory.write("sds.yaml", text)
        let result = TLSFixture.downstream(
            socket: TLSFixture.downstreamSocket(Self.fromFile(file))
        )
        #expect(result.said == ["\(file):\(place):\(path) \(what)"])
    }

    @Test func demandsOfASecretAreLaidOverThoseOfTheFile() throws {
        let tls = try TLSFixture.downstream(
            """
            common_tls_context: {\(TLSFixture.certificate), combined_validation_context: \
            {default_validation_context: {match_typed_subject_alt_names: [{san_type: DNS, \
            matcher: {exact: a}}]}, validation_context_sds_secret_config: {name: ROOTCA}}}, \
            require_client_certificate: true
            """,
            secrets: """
                {name: ROOTCA, validation_context: {trusted_ca: \(TLSFixture.authority), \
                match_typed_subject_alt_names: [{san_type: URI, matcher: {exact: b}}]}}
                """
        )
        let demands = try #require(tls.common.peerValidation)
        #expect(demands.trustedCA == .inline(Array(TestIdentity.authority.utf8)))
        #expect(demands.subjectAltNames.map(\.kind) == [.dns, .uri])
    }

    @Test func aSecretIsPartOfTheFingerprintAndItsFilesAreNot() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write("ca.pem", TestIdentity.authority)
        try directory.write("other.pem", TestIdentity.authority)
        func fingerprint(_ file: String) throws -> [UInt8] {
            let socket = TLSFixture.upstreamSocket(
                "common_tls_context: {validation_context_sds_secret_config: {name: a}}"
            )
            let text =
                ClusterFixture.text("transport_socket: \(socket)")
                    + """
                      secrets:
                        - {name: a, validation_context: {trusted_ca: {filename: \
                    \(directory.path)/\(file)}}}

                    """
            let cluster = try #require(Fixture.compile(text).snapshot.clusters.first)
            return cluster.fingerprint
        }
        let first = try fingerprint("ca.pem")
        #expect(try fingerprint("ca.pem") == first)
        #expect(try fingerprint("other.pem") != first)
        try directory.write("ca.pem", TestIdentity.authority + TestIdentity.authority)
        #expect(try fingerprint("ca.pem") == first)
    }

    @Test func filesOfCertificatesAreNoDependenciesAndFilesOfSecretsAre() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let authority = try directory.write("ca.pem", TestIdentity.authority)
        let file = try directory.write(
            "sds.yaml",
            """
            resources: [{"@type": \(Self.secretType), name: a, validation_context: {trusted_ca: \
            {filename: \(authority)}}}]

            """
        )
        let socket = TLSFixture.upstreamSocket(
            """
            common_tls_context: {validation_context_sds_secret_config: {name: a, sds_config: \
            {path_config_source: {path: \(file)}}}}
            """
        )
        let loaded = try ConfigurationLoader.load(
            text: ClusterFixture.text("transport_socket: \(socket)"),
            name: "envoy.yaml"
        )
        #expect(loaded.dependencies == [file])
        #expect(try SnapshotCompiler.compileWithFiles(loaded).files == [file])
    }
}
