internal import Document
internal import FoundationEssentials
internal import Glibc
internal import Identity
internal import Model
internal import SwiftProtobuf

/// `CertificateValidationContext`: what is demanded of the peer's certificate.
extension Compilation {
    private typealias Context =
        Envoy_Extensions_TransportSockets_Tls_V3_CertificateValidationContext
    private typealias SPIFFE = Envoy_Extensions_TransportSockets_Tls_V3_SPIFFECertValidatorConfig

    /// Where systems keep the certificates of the authorities that they trust.
    private static let systemAuthorities = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem",
    ]
    private static let digestBytes = 32

    /// The demands, from the file, from a secret, or from both; nil: none.
    func peerValidation(
        _ context: Envoy_Extensions_TransportSockets_Tls_V3_CommonTlsContext,
        _ path: FieldPath,
        _ direction: TLSDirection
    ) -> CertificateValidation? {
        let start = problemCount
        let found: CertificateValidation?
        let place: FieldPath
        switch context.validationContextType {
        case .validationContext(let given):
            place = path["validation_context"]
            found = demands(given, place)
        case .validationContextSdsSecretConfig(let config):
            place = path["validation_context_sds_secret_config"]
            found = namedDemands(config, place)
        case .combinedValidationContext(let combined):
            place = path["combined_validation_context"]
            if !combined.hasDefaultValidationContext {
                refuse(place, "has no default_validation_context", "give it, if only {}")
            }
            if !combined.hasValidationContextSdsSecretConfig {
                refuse(
                    place,
                    "has no validation_context_sds_secret_config",
                    "name the secret, or write validation_context for the file's own demands"
                )
                return nil
            }
            let own = demands(
                combined.defaultValidationContext,
                place["default_validation_context"]
            )
            let named = namedDemands(
                combined.validationContextSdsSecretConfig,
                place["validation_context_sds_secret_config"]
            )
            found = named.map { own.merged(with: $0) }
        case nil:
            place = path
            found = nil
        }
        // What belongs together is looked at when all of it could be read.
        guard problemCount == start else { return found }
        if let found {
            checkTogether(found, place, direction)
        } else if direction == .upstream {
            warn(
                place,
                "the endpoint's certificate is not verified",
                "give validation_context with trusted_ca"
            )
        }
        return found
    }

    private func namedDemands(
        _ config: Envoy_Extensions_TransportSockets_Tls_V3_SdsSecretConfig,
        _ path: FieldPath
    ) -> CertificateValidation? {
        guard let found = secret(config, path) else { return nil }
        guard case .validationContext(let context) = found.secret.type else {
            refuseKind(of: found, "a validation context", path)
            return nil
        }
        return demands(context, of: found)
    }

    func demands(
        _ context: Envoy_Extensions_TransportSockets_Tls_V3_CertificateValidationContext,
        of found: FoundSecret
    ) -> CertificateValidation? {
        once(found.path, \.demands) { demands(context, found.path["validation_context"]) }
    }

    // MARK: - Field by field

    private func demands(
        _ context: Envoy_Extensions_TransportSockets_Tls_V3_CertificateValidationContext,
        _ path: FieldPath
    ) -> CertificateValidation {
        var found = CertificateValidation()
        if context.hasTrustedCa {
            found.trustedCA = source(context.trustedCa, path["trusted_ca"])
            if let source = found.trustedCA { checkAuthorities(source, path["trusted_ca"]) }
        }
        if context.hasSystemRootCerts {
            if context.hasTrustedCa {
                warn(
                    path["system_root_certs"],
                    "has no effect beside trusted_ca",
                    "give only one of the two"
                )
            } else {
                found.trustedCA = systemRoots(path["system_root_certs"])
            }
        }
        if context.hasCrl {
            found.crl = source(context.crl, path["crl"])
            if let source = found.crl { checkRevocations(source, path["crl"]) }
        }
        found.verifiesOnlyLeafCRL = context.onlyVerifyLeafCertCrl
        found.subjectAltNames = names(of: context, path)
        found.certificateHashes = context.verifyCertificateHash.enumerated().compactMap {
            hash($1, path["verify_certificate_hash"][$0])
        }
        found.spkiHashes = context.verifyCertificateSpki.enumerated().compactMap {
            keyHash($1, path["verify_certificate_spki"][$0])
        }
        found.allowsExpired = context.allowExpiredCertificate
        found.acceptsUntrusted =
            known(context.trustChainVerification, path["trust_chain_verification"])
            == .acceptUntrusted
        if context.hasMaxVerifyDepth {
            let depth = context.maxVerifyDepth.value
            if depth > 100 {
                refuse(path["max_verify_depth"], "\(depth) is out of range", "give 0 to 100")
            }
            found.verifyDepthMax = min(depth, 100)
        }
        if context.hasCustomValidatorConfig {
            found.trustDomains = trustDomains(
                context.customValidatorConfig,
                path["custom_validator_config"]
            )
        }
        return found
    }

    private func systemRoots(_ path: FieldPath) -> DataSource? {
        for name in Self.systemAuthorities where unsafe access(name, R_OK) == 0 {
            return .file(name)
        }
        refuse(
            path,
            "this system has no file with authorities",
            "install ca-certificates, or give trusted_ca"
        )
        return nil
    }

    private func names(
        of context: Envoy_Extensions_TransportSockets_Tls_V3_CertificateValidationContext,
        _ path: FieldPath
    ) -> [SubjectAltNameMatcher] {
        let hasNewForm = !context.matchTypedSubjectAltNames.isEmpty
        if hasNewForm, !context.matchSubjectAltNames.isEmpty {
            warn(
                path["match_subject_alt_names"],
                "has no effect beside match_typed_subject_alt_names",
                "leave it out: it is the older form"
            )
        }
        var found: [SubjectAltNameMatcher] = []
        for (index, matcher) in context.matchTypedSubjectAltNames.enumerated() {
            let path = path["match_typed_subject_alt_names"][index]
            guard let kind = kind(of: matcher, path) else { continue }
            if !matcher.hasMatcher {
                refuse(path, "has no matcher", "say what the name must be: matcher: {exact: …}")
            } else if let pattern = stringMatcher(matcher.matcher, path["matcher"]) {
                found.append(SubjectAltNameMatcher(kind: kind, matcher: pattern))
            }
        }
        for (index, matcher) in context.matchSubjectAltNames.enumerated() where !hasNewForm {
            let path = path["match_subject_alt_names"][index]
            guard let pattern = stringMatcher(matcher, path) else { continue }
            let kinds: [SubjectAltNameMatcher.Kind] = [.dns, .uri, .email, .ipAddress]
            found += kinds.map { SubjectAltNameMatcher(kind: $0, matcher: pattern) }
        }
        return found
    }

    private func kind(
        of matcher: Envoy_Extensions_TransportSockets_Tls_V3_SubjectAltNameMatcher,
        _ path: FieldPath
    ) -> SubjectAltNameMatcher.Kind? {
        let kind = known(matcher.sanType, path["san_type"])
        if kind != .otherName, !matcher.oid.isEmpty {
            warn(path["oid"], "has no effect without san_type: OTHER_NAME", "leave it out")
        }
        switch kind {
        case .email: return .email
        case .dns: return .dns
        case .uri: return .uri
        case .ipAddress: return .ipAddress
        case .otherName:
            if Self.isObjectIdentifier(matcher.oid) { return .other(matcher.oid) }
            refuse(
                path["oid"],
                matcher.oid.isEmpty
                    ? "is missing" : "\(quoted(matcher.oid)) is no object identifier",
                "write it with dots: 1.3.6.1.4.1.311.20.2.3"
            )
            return nil
        default:
            refuse(path, "has no san_type", "give DNS, URI, EMAIL, IP_ADDRESS or OTHER_NAME")
            return nil
        }
    }

    private static func isObjectIdentifier(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count >= 2
            && parts.allSatisfy { part in
                !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
            }
    }

    // MARK: - Digests

    private func hash(_ text: String, _ path: FieldPath) -> [UInt8]? {
        let digits = text.utf8.filter { $0 != UInt8(ascii: ":") }
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in digits {
            guard let value = Character(UnicodeScalar(digit)).hexDigitValue else {
                bytes = []
                break
            }
            if let first = high {
                bytes.append(first << 4 | UInt8(value))
                high = nil
            } else {
                high = UInt8(value)
            }
        }
        if bytes.count == Self.digestBytes, high == nil { return bytes }
        refuse(
            path,
            "\(quoted(text)) is no SHA-256 in hexadecimal",
            "openssl x509 -in cert.pem -outform DER | openssl dgst -sha256"
        )
        return nil
    }

    private func keyHash(_ text: String, _ path: FieldPath) -> [UInt8]? {
        if let data = Data(base64Encoded: text), data.count == Self.digestBytes {
            return Array(data)
        }
        refuse(
            path,
            "\(quoted(text)) is no SHA-256 in base64",
            "openssl x509 -in cert.pem -noout -pubkey | openssl pkey -pubin -outform DER "
                + "| openssl dgst -sha256 -binary | openssl base64"
        )
        return nil
    }

    // MARK: - SPIFFE

    private func trustDomains(
        _ config: Envoy_Config_Core_V3_TypedExtensionConfig,
        _ path: FieldPath
    ) -> [SPIFFETrustDomain] {
        let path = path["typed_config"]
        guard config.hasTypedConfig else {
            refuse(path, "is missing", "give it with @type, as " + SPIFFE.protoMessageName)
            return []
        }
        guard let validator = unpack(config.typedConfig, as: SPIFFE.self, path) else { return [] }
        if validator.trustDomains.isEmpty {
            refuse(path["trust_domains"], "is empty", "give at least one trust domain")
        }
        var seen: Set<String> = []
        return validator.trustDomains.enumerated().compactMap { index, domain in
            let path = path["trust_domains"][index]
            if !isTrustDomain(domain.name, path["name"]) { return nil }
            if !seen.insert(domain.name).inserted {
                refuse(
                    path["name"],
                    "there is another trust domain \(quoted(domain.name))",
                    "put all authorities of a domain in one bundle"
                )
                return nil
            }
            guard domain.hasTrustBundle else {
                refuse(path, "has no trust_bundle", "give trust_bundle: {filename: …}")
                return nil
            }
            guard let bundle = source(domain.trustBundle, path["trust_bundle"]) else { return nil }
            checkAuthorities(bundle, path["trust_bundle"])
            return SPIFFETrustDomain(name: domain.name, bundle: bundle)
        }
    }

    private func isTrustDomain(_ name: String, _ path: FieldPath) -> Bool {
        if name.isEmpty {
            refuse(path, "is empty", "give the name of a trust domain, for example example.org")
            return false
        }
        let isRight = name.utf8.allSatisfy {
            $0.isASCIIDigit || (0x61...0x7a).contains($0) || ".-_".utf8.contains($0)
        }
        if !isRight {
            let bare = name.hasPrefix("spiffe://") ? String(name.dropFirst(9)) : name
            refuse(
                path,
                "\(quoted(name)) is no trust domain",
                bare == name
                    ? "it has lower case letters, digits, dots, - and _" : "write \(quoted(bare))"
            )
        }
        return isRight
    }

    // MARK: - What belongs together

    private func checkTogether(
        _ found: CertificateValidation,
        _ path: FieldPath,
        _ direction: TLSDirection
    ) {
        let hasAuthorities = found.trustedCA != nil || !found.trustDomains.isEmpty
        if !hasAuthorities {
            let hint = "give trusted_ca"
            if !found.subjectAltNames.isEmpty {
                refuse(path, "compares names that no authority vouches for", hint)
            }
            if found.crl != nil {
                refuse(path["crl"], "has no effect without authorities", hint)
            }
            if found.allowsExpired {
                refuse(
                    path["allow_expired_certificate"],
                    "has no effect: without authorities no certificate expires",
                    hint
                )
            }
        }
        if found.verifiesOnlyLeafCRL, found.crl == nil {
            warn(path["only_verify_leaf_cert_crl"], "has no effect without crl", "leave it out")
        }
        if found.trustedCA != nil, !found.trustDomains.isEmpty {
            warn(
                path["trusted_ca"],
                "is not looked at: the trust domains have authorities of their own",
                "leave it out"
            )
        }
        if direction == .upstream, !found.demandsAnything {
            warn(path, "demands nothing of the endpoint's certificate", "give trusted_ca")
        }
        if found.acceptsUntrusted, !found.trustDomains.isEmpty {
            warn(
                path["trust_chain_verification"],
                "ACCEPT_UNTRUSTED has no effect on trust domains",
                "leave it out"
            )
        } else if found.acceptsUntrusted {
            warn(
                path["trust_chain_verification"],
                "certificates that no authority vouches for are let in",
                "write VERIFY_TRUST_CHAIN, unless that is meant"
            )
        }
    }
}
