import CTLS
import Model

/// Turns OpenSSL's certificates into the model's words.
enum CertificateReading {
    /// - Parameter chain: numbers and PEM of all that were shown; empty: of it alone.
    @unsafe
    static func facts(
        of certificate: OpaquePointer,
        withPEM: Bool,
        chain: [FieldSink.Field] = []
    ) -> CertificateFacts {
        let fields = unsafe FieldSink.collect { emit, argument in
            unsafe pillion_x509_describe(certificate, withPEM ? 1 : 0, emit, argument)
        }
        let pem = FieldSink.texts(fields, FieldKind.pem).first ?? ""
        return CertificateFacts(
            subject: FieldSink.texts(fields, FieldKind.subject).first ?? "",
            issuer: FieldSink.texts(fields, FieldKind.issuer).first ?? "",
            serialNumber: FieldSink.texts(fields, FieldKind.serial).first ?? "",
            sha256: FieldSink.texts(fields, FieldKind.sha256).first ?? "",
            sha1: FieldSink.texts(fields, FieldKind.sha1).first ?? "",
            uriNames: FieldSink.texts(fields, FieldKind.uri),
            dnsNames: FieldSink.texts(fields, FieldKind.dns),
            ipNames: FieldSink.texts(fields, FieldKind.ip),
            emailNames: FieldSink.texts(fields, FieldKind.email),
            notBefore: unsafe pillion_x509_not_before(certificate),
            notAfter: unsafe pillion_x509_not_after(certificate),
            pem: pem,
            chainPEM: chain.isEmpty ? pem : FieldSink.texts(chain, FieldKind.pem).joined(),
            chainSHA256: FieldSink.texts(chain, FieldKind.sha256),
            chainSHA1: FieldSink.texts(chain, FieldKind.sha1),
            chainSerialNumbers: FieldSink.texts(chain, FieldKind.serial)
        )
    }
}

extension CertificateFacts {
    /// For messages: who the certificate is for and who signed it.
    var words: String {
        let names = uriNames + dnsNames + ipNames + emailNames
        let shown = names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", …" : "")
        let list = names.isEmpty ? "no alternative names" : "names \(shown)"
        return "subject \"\(subject)\", \(list), issuer \"\(issuer)\""
    }
}
