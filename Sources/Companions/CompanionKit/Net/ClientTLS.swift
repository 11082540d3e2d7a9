package import Identity
import Model

/// How a companion speaks TLS to a server.
package struct ClientTLS: Sendable {
    let context: TLSContext
    /// Sent, and looked for in the certificate; nil: the host's name.
    let serverName: String?
    let verifies: Bool

    /// - Parameters:
    ///   - authorityFile: PEM; nil: the system's authorities.
    ///   - verifies: false takes any certificate, which only tests should want.
    package init(
        authorityFile: String?,
        certificateFile: String?,
        keyFile: String?,
        serverName: String?,
        verifies: Bool
    ) throws(TLSContextFailure) {
        var common = CommonTLSConfiguration()
        if verifies {
            var validation = CertificateValidation()
            validation.trustedCA = .file(authorityFile ?? Self.systemAuthorities)
            common.validation = .value(validation)
        }
        if let certificateFile {
            common.certificates = [
                .value(
                    TLSCertificateSource(
                        chain: .file(certificateFile),
                        privateKey: .file(keyFile ?? certificateFile)
                    )
                )
            ]
        }
        context = try TLSContext(
            upstream: UpstreamTLSConfiguration(common: common),
            secrets: StaticSecrets()
        )
        self.serverName = serverName
        self.verifies = verifies
    }

    /// Where Debian, Alpine, Red Hat and others keep them.
    private static var systemAuthorities: String {
        let places = [
            "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
            "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem",
        ]
        return places.first { AtomicFile.exists($0) } ?? places[0]
    }
}
