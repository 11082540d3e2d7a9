internal import Document
internal import FoundationEssentials
internal import Glibc
internal import Model

/// `TlsCertificate`, and the files of TLS.
extension Compilation {
    /// The longest file with certificates or keys.
    private static let fileBytesMax = 16 << 20

    func certificate(
        _ certificate: Envoy_Extensions_TransportSockets_Tls_V3_TlsCertificate,
        _ path: FieldPath
    ) -> TLSCertificateSource? {
        var found = TLSCertificateSource()
        let start = problemCount
        if certificate.hasPassword {
            found.password = source(certificate.password, path["password"])
        }
        if certificate.hasPkcs12 {
            if certificate.hasCertificateChain || certificate.hasPrivateKey {
                refuse(
                    path["pkcs12"],
                    "stands beside certificate_chain or private_key",
                    "it holds both; leave them out"
                )
            }
            found.pkcs12 = source(certificate.pkcs12, path["pkcs12"])
        } else {
            found.chain = part(
                certificate.hasCertificateChain ? certificate.certificateChain : nil,
                path,
                "certificate_chain"
            )
            found.privateKey = part(
                certificate.hasPrivateKey ? certificate.privateKey : nil,
                path,
                "private_key"
            )
        }
        if certificate.hasOcspStaple {
            found.ocspStaple = source(certificate.ocspStaple, path["ocsp_staple"])
        }
        guard problemCount == start else { return nil }
        check(found, path)
        return found
    }

    private func part(
        _ given: Envoy_Config_Core_V3_DataSource?,
        _ path: FieldPath,
        _ name: StaticString
    ) -> DataSource? {
        guard let given else {
            refuse(path, "has no \(name)", "give \(name): {filename: …}")
            return nil
        }
        return source(given, path[name])
    }

    /// The certificate of a secret.
    func namedCertificate(
        _ config: Envoy_Extensions_TransportSockets_Tls_V3_SdsSecretConfig,
        _ path: FieldPath
    ) -> TLSCertificateSource? {
        guard let found = secret(config, path) else { return nil }
        guard case .tlsCertificate(let certificate) = found.secret.type else {
            refuseKind(of: found, "a certificate", path)
            return nil
        }
        return self.certificate(certificate, of: found)
    }

    func certificate(
        _ certificate: Envoy_Extensions_TransportSockets_Tls_V3_TlsCertificate,
        of found: FoundSecret
    ) -> TLSCertificateSource? {
        once(found.path, \.certificates) {
            self.certificate(certificate, found.path["tls_certificate"])
        }
    }

    // MARK: - Sources

    /// Where bytes of TLS come from: files stay files, as they are read again when they change.
    func source(
        _ source: Envoy_Config_Core_V3_DataSource,
        _ path: FieldPath
    ) -> DataSource? {
        switch source.specifier {
        case .filename(let name):
            if name.isEmpty || name.utf8.contains(0) {
                refuse(
                    path["filename"],
                    name.isEmpty ? "is empty" : "contains a NUL byte",
                    "give the path of a file"
                )
                return nil
            }
            return .file(name)
        case .inlineString(let text):
            if text.isEmpty { return refuseEmpty(path["inline_string"]) }
            return .inline(Array(text.utf8))
        case .inlineBytes(let data):
            if data.isEmpty { return refuseEmpty(path["inline_bytes"]) }
            return .inline(Array(data))
        case .environmentVariable, nil:
            return bytes(source, path, limit: Self.fileBytesMax).flatMap {
                $0.isEmpty ? refuseEmpty(path["environment_variable"]) : .inline($0)
            }
        }
    }

    private func refuseEmpty(_ path: FieldPath) -> DataSource? {
        refuse(path, "is empty", "put the bytes there, or the path of a file in filename")
        return nil
    }

    /// The bytes as they are now; nil, and a problem, where they can't be had.
    func contents(_ source: DataSource, _ path: FieldPath) -> [UInt8]? {
        switch source {
        case .inline(let bytes): return bytes
        case .file(let name):
            do {
                return try FileContents.read(name)
            } catch {
                refuse(
                    path["filename"],
                    "\(quoted(name)): \(error.what)",
                    error.hint ?? "give the path of a file"
                )
                return nil
            }
        }
    }
}
