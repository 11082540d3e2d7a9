import CTLS
import Glibc
package import Model

/// Looks at certificates, keys and bundles before anything depends on them.
///
/// The compiler of the configuration asks; files are read at once.
package enum CertificateCheck {
    package struct Problem: Sendable, Hashable, CustomStringConvertible {
        package let part: TLSContextFailure.Part
        /// The file's path, or that it stands in the configuration.
        package let source: String
        package let words: String
        package let hint: String
        /// Traffic flows all the same.
        package let isWarning: Bool

        package var description: String {
            "\(part.rawValue) (\(source)): \(words)" + (hint.isEmpty ? "" : " — \(hint)")
        }

        init(
            _ part: TLSContextFailure.Part,
            _ source: String,
            _ words: String,
            hint: String = "",
            isWarning: Bool = false
        ) {
            self.part = part
            self.source = source
            self.words = words
            self.hint = hint
            self.isWarning = isWarning
        }

        init(_ failure: TLSContextFailure) {
            self.init(failure.part, failure.source, failure.reason, hint: failure.hint)
        }
    }

    /// A certificate that ends within this time is warned of.
    package static let expiryWarningSeconds: Int64 = 7 * 24 * 60 * 60

    /// What is wrong with a chain and its key.
    ///
    /// - Parameter now: seconds since 1970; nil: the system's clock.
    package static func problems(
        of source: TLSCertificateSource,
        now: Int64? = nil
    ) -> [Problem] {
        let identity: CertificateIdentity
        do throws(TLSContextFailure) {
            identity = try CertificateIdentity(reading: source)
        } catch {
            return [Problem(error)]
        }
        var problems: [Problem] = []
        let place = (source.pkcs12 ?? source.chain)?.place ?? ""
        var index = 0
        while let facts = identity.certificate(at: index) {
            problems += dates(of: facts, .chain, place, now ?? clock)
            if index == 0, identity.isAuthority {
                problems.append(
                    Problem(
                        .chain,
                        place,
                        "the first certificate is an authority's (subject \"\(facts.subject)\")",
                        hint: "the leaf must stand first",
                        isWarning: true
                    )
                )
            }
            if let next = identity.certificate(at: index + 1), next.subject != facts.issuer {
                problems.append(
                    Problem(
                        .chain,
                        place,
                        "\"\(next.subject)\" stands after a certificate that \"\(facts.issuer)\" "
                            + "has signed",
                        hint: "each certificate must be followed by its issuer's",
                        isWarning: true
                    )
                )
            }
            index += 1
        }
        if source.ocspStaple == nil,
            unsafe pillion_tls_identity_must_staple(identity.pointer) == 1
        {
            problems.append(
                Problem(
                    .ocspStaple,
                    place,
                    "the certificate promises an OCSP staple, and there is none"
                )
            )
        }
        return problems
    }

    /// What is wrong with what peers' certificates are verified against.
    package static func problems(
        of validation: CertificateValidation,
        now: Int64? = nil
    ) -> [Problem] {
        let time = now ?? clock
        var problems: [Problem] = []
        if let source = validation.trustedCA {
            problems += bundle(source, .trustedCA, needsCertificates: true, time)
        }
        if let source = validation.crl {
            problems += bundle(source, .crl, needsCertificates: false, time)
        }
        var names: Set<String> = []
        for domain in validation.trustDomains {
            if !names.insert(domain.name).inserted {
                problems.append(
                    Problem(
                        .trustBundle,
                        domain.bundle.place,
                        "the trust domain \(domain.name) has two bundles"
                    )
                )
            }
            problems += bundle(domain.bundle, .trustBundle, needsCertificates: true, time)
        }
        let hashes = validation.certificateHashes + validation.spkiHashes
        if hashes.contains(where: { $0.count != 32 }) {
            problems.append(
                Problem(.validation, "the configuration", "a pinned digest has not 32 bytes")
            )
        }
        return problems
    }

    private static func bundle(
        _ source: DataSource,
        _ part: TLSContextFailure.Part,
        needsCertificates: Bool,
        _ now: Int64
    ) -> [Problem] {
        let bundle: AuthorityBundle
        do throws(TLSContextFailure) {
            bundle = try AuthorityBundle(
                reading: source,
                part: part,
                needsCertificates: needsCertificates
            )
        } catch {
            return [Problem(error)]
        }
        var problems: [Problem] = []
        // Bundles of public authorities often have one that has ended: no more than a warning.
        for facts in bundle.certificates {
            problems += dates(of: facts, part, source.place, now)
        }
        for end in bundle.listEnds where end != 0 && end < now {
            problems.append(
                Problem(
                    part,
                    source.place,
                    "a list of revoked certificates is out of date: every peer is refused",
                    hint: "replace the list",
                    isWarning: true
                )
            )
        }
        return problems
    }

    private static func dates(
        of facts: CertificateFacts,
        _ part: TLSContextFailure.Part,
        _ place: String,
        _ now: Int64
    ) -> [Problem] {
        let name = "the certificate \"\(facts.subject)\""
        if facts.notAfter < now {
            let days = (now - facts.notAfter) / 86_400
            return [
                Problem(part, place, "\(name) has expired \(days) days ago", isWarning: true)
            ]
        }
        if facts.notBefore > now {
            return [
                Problem(
                    part,
                    place,
                    "\(name) is not valid yet",
                    hint: "is the clock right?",
                    isWarning: true
                )
            ]
        }
        guard facts.notAfter - now < expiryWarningSeconds,
            // Workload certificates of meshes live for a day: they are always about to end.
            facts.notAfter - facts.notBefore > 4 * expiryWarningSeconds
        else { return [] }
        let days = (facts.notAfter - now) / 86_400
        return [Problem(part, place, "\(name) expires in \(days) days", isWarning: true)]
    }

    private static var clock: Int64 { Int64(time(nil)) }

    // MARK: - Names

    /// Ciphers of TLS 1.2 and older by OpenSSL's names, which are BoringSSL's too.
    package static var knownCiphers: [String] {
        unsafe FieldSink.collect { emit, argument in
            unsafe pillion_tls_ciphers(emit, argument)
        }.map(\.text)
    }

    /// Whether an entry of `cipher_suites` is understood, also in brackets and with an operator.
    package static func isKnownCipher(_ entry: String) -> Bool {
        (try? CipherNames.ciphers([entry])) != nil
    }

    package static let knownCurves = ["X25519", "P-256", "P-384", "P-521"]

    /// Curves that Envoy knows and that are left out here.
    package static var ignoredCurves: Set<String> { CipherNames.unsupportedCurves }

    package static func isKnownCurve(_ name: String) -> Bool {
        CipherNames.unsupportedCurves.contains(name) || CipherNames.isCurve(name)
    }

    package static let knownSignatureAlgorithms = [
        "ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384", "ecdsa_secp521r1_sha512", "ecdsa_sha1",
        "ed25519", "rsa_pkcs1_sha1", "rsa_pkcs1_sha256", "rsa_pkcs1_sha384", "rsa_pkcs1_sha512",
        "rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512",
    ]

    package static func isKnownSignatureAlgorithm(_ name: String) -> Bool {
        CipherNames.isSignature(name)
    }
}
