/// Why no context could be made of a configuration: what is at fault, in which file, and why.
package struct TLSContextFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Part: String, Sendable, Hashable {
        case chain = "certificate chain"
        case privateKey = "private key"
        case pkcs12 = "PKCS #12 file"
        case password = "password"
        case trustedCA = "trusted authorities"
        case crl = "list of revoked certificates"
        case trustBundle = "trust bundle"
        case ocspStaple = "OCSP staple"
        case sessionTicketKeys = "session ticket keys"
        case cipherSuites = "cipher suites"
        case curves = "curves"
        case signatureAlgorithms = "signature algorithms"
        case versions = "versions"
        case applicationProtocols = "ALPN protocols"
        case secret = "secret"
        case validation = "validation"
        case library = "library"
    }

    package let part: Part
    /// The file's path, `the configuration`, or the name of a secret.
    package let source: String
    package let reason: String
    /// What probably helps; may be empty.
    package let hint: String

    package init(part: Part, source: String, reason: String, hint: String = "") {
        self.part = part
        self.source = source
        self.reason = reason
        self.hint = hint
    }

    package var description: String {
        let place = source.isEmpty ? "" : " (\(source))"
        return "\(part.rawValue)\(place): \(reason)" + (hint.isEmpty ? "" : " — \(hint)")
    }
}
