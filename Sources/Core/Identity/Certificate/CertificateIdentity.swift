import CTLS
import Model

/// A certificate chain and its key, read as a pair.
@safe
final class CertificateIdentity {
    let pointer: OpaquePointer
    private let source: TLSCertificateSource

    deinit { unsafe pillion_tls_identity_free(pointer) }

    /// Reads the files and checks that the key is the certificate's.
    init(reading source: TLSCertificateSource) throws(TLSContextFailure) {
        self.source = source
        if source.pkcs12 == nil {
            guard source.chain != nil else {
                throw TLSContextFailure(part: .chain, source: "", reason: "there is none")
            }
            guard source.privateKey != nil else {
                throw TLSContextFailure(
                    part: .privateKey,
                    source: source.chain?.place ?? "",
                    reason: "the certificate has no private key",
                    hint: "private_key must stand beside certificate_chain"
                )
            }
        }
        let chain = try Self.bytes(source.chain, .chain)
        let key = try Self.bytes(source.privateKey, .privateKey)
        let pkcs12 = try Self.bytes(source.pkcs12, .pkcs12)
        let password = try Self.bytes(source.password, .password)
        if let place = source.pkcs12, pkcs12.isEmpty {
            throw TLSContextFailure(part: .pkcs12, source: place.place, reason: "it is empty")
        }
        var made: OpaquePointer?
        let status = unsafe pillion_tls_identity_new(
            chain,
            chain.count,
            key,
            key.count,
            pkcs12,
            pkcs12.count,
            password,
            password.count,
            source.password == nil ? 0 : 1,
            &made
        )
        guard let made = unsafe made else {
            throw TLSContextFailure(part: .library, source: "", reason: "no memory")
        }
        unsafe pointer = unsafe made
        if status != 0 { throw failure(of: status) }
        if let staple = source.ocspStaple { try addStaple(staple) }
    }

    private static func bytes(
        _ source: DataSource?,
        _ part: TLSContextFailure.Part
    ) throws(TLSContextFailure) -> [UInt8] {
        guard let source else { return [] }
        return try SecretBytes.read(source, part: part)
    }

    private func addStaple(_ staple: DataSource) throws(TLSContextFailure) {
        let bytes = try SecretBytes.read(staple, part: .ocspStaple)
        let status = unsafe pillion_tls_identity_staple(pointer, bytes, bytes.count)
        switch Int(status) {
        case PILLION_TLS_OK: return
        case PILLION_TLS_OTHER_OCSP:
            throw TLSContextFailure(
                part: .ocspStaple,
                source: staple.place,
                reason: "the response is about another certificate than the one in \(chainPlace)"
            )
        default:
            throw TLSContextFailure(
                part: .ocspStaple,
                source: staple.place,
                reason: "it is no successful OCSP response",
                hint: "it must be in DER form"
            )
        }
    }

    /// The leaf is 0.
    func certificate(at index: Int) -> CertificateFacts? {
        guard let found = unsafe pillion_tls_identity_certificate(pointer, index) else {
            return nil
        }
        return unsafe CertificateReading.facts(of: found, withPEM: true)
    }

    /// The leaf may sign other certificates.
    var isAuthority: Bool {
        guard let leaf = unsafe pillion_tls_identity_certificate(pointer, 0) else { return false }
        return unsafe pillion_x509_is_authority(leaf) == 1
    }

    private var chainPlace: String { (source.pkcs12 ?? source.chain)?.place ?? "" }
    private var keyPlace: String { (source.pkcs12 ?? source.privateKey)?.place ?? "" }

    private func failure(of status: Int32) -> TLSContextFailure {
        let error = LibraryError.take()
        let detail = error.isEmpty ? "" : " (\(error))"
        switch Int(status) {
        case PILLION_TLS_NO_CERTIFICATE:
            return TLSContextFailure(
                part: .chain,
                source: chainPlace,
                reason: "there is no PEM certificate in it",
                hint: "it must have a block that begins with -----BEGIN CERTIFICATE-----"
            )
        case PILLION_TLS_BAD_CERTIFICATE:
            return TLSContextFailure(
                part: .chain,
                source: chainPlace,
                reason: "a certificate in it cannot be read\(detail)"
            )
        case PILLION_TLS_NO_KEY:
            return TLSContextFailure(
                part: .privateKey,
                source: keyPlace,
                reason: "there is no PEM key in it",
                hint: "it must have a block that begins with -----BEGIN PRIVATE KEY-----"
            )
        case PILLION_TLS_WRONG_PASSWORD:
            return TLSContextFailure(
                part: source.pkcs12 == nil ? .privateKey : .pkcs12,
                source: keyPlace,
                reason: source.password == nil
                    ? "it is encrypted, and there is no password" : "the password does not open it",
                hint: source.password == nil
                    ? "set password beside it" : "does it end in a newline?"
            )
        case PILLION_TLS_KEY_MISMATCH:
            let subject = certificate(at: 0)?.subject ?? ""
            return TLSContextFailure(
                part: .privateKey,
                source: keyPlace,
                reason: "the key in \(keyPlace) does not belong to the certificate in "
                    + "\(chainPlace) (subject \"\(subject)\")",
                hint: "replace both files together"
            )
        case PILLION_TLS_WEAK_KEY:
            return TLSContextFailure(
                part: .privateKey,
                source: keyPlace,
                reason: "RSA keys must have at least 2048 bits"
            )
        case PILLION_TLS_BAD_PKCS12:
            return TLSContextFailure(
                part: .pkcs12,
                source: keyPlace,
                reason: "it cannot be read\(detail)",
                hint: "files encrypted with RC2 or 3DES must be exported anew"
            )
        default:
            return TLSContextFailure(
                part: .privateKey,
                source: keyPlace,
                reason: "it cannot be read\(detail)"
            )
        }
    }
}

/// OpenSSL's words for what has just failed.
enum LibraryError {
    static func take() -> String {
        var text = [CChar](repeating: 0, count: 256)
        let count = unsafe pillion_tls_take_error(&text, text.count)
        return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
