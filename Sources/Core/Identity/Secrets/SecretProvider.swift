package import Model

/// Where a context finds the secrets that its configuration names.
///
/// A provider answers from memory and at once: a context is made on whatever thread asks for it.
package protocol SecretProvider: Sendable {
    func certificate(named name: String) -> TLSCertificateSource?
    func validation(named name: String) -> CertificateValidation?
    func sessionTicketKeys(named name: String) -> [DataSource]?
}

extension StaticSecrets: SecretProvider {
    package func certificate(named name: String) -> TLSCertificateSource? { certificates[name] }
    package func validation(named name: String) -> CertificateValidation? { validations[name] }
    package func sessionTicketKeys(named name: String) -> [DataSource]? {
        sessionTicketKeys[name]
    }
}
