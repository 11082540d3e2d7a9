package import Model

extension CertificateValidation {
    /// This context under another one, as protobuf merges messages.
    ///
    /// That is what `combined_validation_context` means: what the named context sets replaces the
    /// default's, and lists are joined.
    package func merged(with other: CertificateValidation) -> CertificateValidation {
        var result = self
        result.trustedCA = other.trustedCA ?? trustedCA
        result.crl = other.crl ?? crl
        result.verifiesOnlyLeafCRL = verifiesOnlyLeafCRL || other.verifiesOnlyLeafCRL
        result.subjectAltNames += other.subjectAltNames
        result.certificateHashes += other.certificateHashes
        result.spkiHashes += other.spkiHashes
        result.allowsExpired = allowsExpired || other.allowsExpired
        result.acceptsUntrusted = acceptsUntrusted || other.acceptsUntrusted
        result.verifyDepthMax = other.verifyDepthMax ?? verifyDepthMax
        if !other.trustDomains.isEmpty { result.trustDomains = other.trustDomains }
        return result
    }
}
