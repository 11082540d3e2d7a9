import Model

/// Where a certificate of a context is from.
package struct CertificateOrigin: Sendable, Hashable {
    /// nil: it stands in the configuration, or comes from a provider of secrets.
    package let path: String?
    /// nil: it stands where it is used.
    package let secretName: String?
}

extension SecretReference {
    /// nil: the secret stands where it is used.
    var secretName: String? {
        switch self {
        case .value: nil
        case .named(let name): name
        }
    }
}
