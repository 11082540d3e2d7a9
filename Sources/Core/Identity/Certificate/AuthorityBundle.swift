import CTLS
import Model

/// Certificates of authorities and lists of revoked certificates, read from PEM.
@safe
final class AuthorityBundle {
    let pointer: OpaquePointer
    /// SHA-256 of the whole file, its lists included.
    let digest: [UInt8]

    deinit { unsafe pillion_tls_bundle_free(pointer) }

    /// - Parameter needsCertificates: false: a file of lists alone will do.
    init(
        reading source: DataSource,
        part: TLSContextFailure.Part,
        needsCertificates: Bool
    ) throws(TLSContextFailure) {
        let bytes = try SecretBytes.read(source, part: part)
        var made: OpaquePointer?
        let status = unsafe pillion_tls_bundle_new(bytes, bytes.count, &made)
        guard let made = unsafe made else {
            throw TLSContextFailure(part: .library, source: source.place, reason: "no memory")
        }
        unsafe pointer = unsafe made
        digest = SessionIdentifier.sha256(bytes)
        if Int(status) == PILLION_TLS_BAD_CERTIFICATE {
            let error = LibraryError.take()
            throw TLSContextFailure(
                part: part,
                source: source.place,
                reason: "it cannot be read" + (error.isEmpty ? "" : " (\(error))")
            )
        }
        let wanted = needsCertificates ? certificateCount : listCount
        if wanted == 0 {
            let block = needsCertificates ? "CERTIFICATE" : "X509 CRL"
            throw TLSContextFailure(
                part: part,
                source: source.place,
                reason: needsCertificates
                    ? "there is no PEM certificate in it" : "there is no PEM list in it",
                hint: "it must have a block that begins with -----BEGIN \(block)-----"
            )
        }
    }

    var certificateCount: Int { unsafe pillion_tls_bundle_certificate_count(pointer) }
    var listCount: Int { unsafe pillion_tls_bundle_crl_count(pointer) }

    var certificates: [CertificateFacts] {
        (0..<certificateCount).compactMap { index in
            guard let found = unsafe pillion_tls_bundle_certificate(pointer, index) else {
                return nil
            }
            return unsafe CertificateReading.facts(of: found, withPEM: false)
        }
    }

    /// Seconds since 1970 at which each list is to be replaced; 0: it does not say.
    var listEnds: [Int64] {
        (0..<listCount).map { unsafe pillion_tls_bundle_crl_next_update(pointer, $0) }
    }
}
