internal import Document
internal import Identity
internal import Model
internal import SwiftProtobuf

/// Who speaks first: some of what TLS has in both directions differs.
enum TLSDirection {
    /// From clients.
    case downstream
    /// To endpoints.
    case upstream
}

/// `CommonTlsContext`: what TLS has in both directions.
extension Compilation {
    func commonTLS(
        _ context: Envoy_Extensions_TransportSockets_Tls_V3_CommonTlsContext,
        _ path: FieldPath,
        _ direction: TLSDirection
    ) -> CommonTLSConfiguration {
        var common = CommonTLSConfiguration()
        readParameters(context.tlsParams, path["tls_params"], direction, &common)
        common.certificates = context.tlsCertificates.enumerated().compactMap {
            index,
            certificate in
            self.certificate(certificate, path["tls_certificates"][index]).map { .value($0) }
        }
        let named = path["tls_certificate_sds_secret_configs"]
        common.certificates += context.tlsCertificateSdsSecretConfigs.enumerated().compactMap {
            index,
            config in
            namedCertificate(config, named[index]).map { .value($0) }
        }
        common.validation = peerValidation(context, path, direction).map { .value($0) }
        common.alpn = protocols(context.alpnProtocols, path["alpn_protocols"])
        return common
    }

    /// Names of protocols as the handshake carries them (RFC 7301, section 3.1).
    func protocols(_ names: [String], _ path: FieldPath) -> [[UInt8]] {
        var seen: Set<String> = []
        return names.enumerated().compactMap { index, name in
            let bytes = Array(name.utf8)
            if bytes.isEmpty || bytes.count > 255 {
                refuse(
                    path[index],
                    bytes.isEmpty ? "is empty" : "is \(bytes.count) bytes long",
                    "the name of a protocol has 1 to 255 bytes: h2, http/1.1"
                )
                return nil
            }
            if !seen.insert(name).inserted {
                warn(path[index], "\(quoted(name)) is there already", "leave it out")
                return nil
            }
            if !Self.knownProtocols.contains(name), let near = Self.nearProtocol(name) {
                warn(
                    path[index],
                    "\(quoted(name)) is not known, and offered as it is",
                    "did you mean \(near)?"
                )
            }
            return bytes
        }
    }

    private static let knownProtocols = ["h2", "http/1.1", "http/1.0"]

    /// What a name that is spoken here may have been meant to be.
    private static func nearProtocol(_ name: String) -> String? {
        let plain = name.lowercased().filter { $0 != "/" && $0 != "." && $0 != "-" }
        return switch plain {
        case "h2", "http2", "http20": "h2"
        case "http11", "http1": "http/1.1"
        default: nil
        }
    }

    // MARK: - TlsParameters

    private func readParameters(
        _ parameters: Envoy_Extensions_TransportSockets_Tls_V3_TlsParameters,
        _ path: FieldPath,
        _ direction: TLSDirection,
        _ common: inout CommonTLSConfiguration
    ) {
        // Envoy's clients end at TLS 1.2 unless they are told otherwise; so do these, so that the
        // same file has the same handshake.
        let highest: TLSVersion = direction == .upstream ? .tls12 : .tls13
        let minimum = version(
            parameters.tlsMinimumProtocolVersion,
            path["tls_minimum_protocol_version"]
        )
        let maximum = version(
            parameters.tlsMaximumProtocolVersion,
            path["tls_maximum_protocol_version"]
        )
        common.minVersion = minimum ?? .tls12
        common.maxVersion = maximum ?? highest
        if common.minVersion > common.maxVersion {
            refuse(
                maximum == nil
                    ? path["tls_minimum_protocol_version"] : path["tls_maximum_protocol_version"],
                "the highest version is below the lowest",
                maximum == nil
                    ? "clients end at TLSv1_2 by default; give tls_maximum_protocol_version"
                    : "servers and clients begin at TLSv1_2 by default"
            )
        }
        common.cipherSuites = cipherSuites(parameters.cipherSuites, path["cipher_suites"])
        if common.minVersion < .tls12, common.cipherSuites.isEmpty {
            warn(
                path["tls_minimum_protocol_version"],
                "has no effect: no cipher suite of the default list fits below TLSv1_2",
                "leave it out, or give cipher_suites"
            )
        }
        common.curves = names(
            offered(parameters.ecdhCurves, path["ecdh_curves"]),
            path["ecdh_curves"],
            CertificateCheck.knownCurves,
            "curve",
            CertificateCheck.isKnownCurve
        )
        common.signatureAlgorithms = names(
            parameters.signatureAlgorithms.enumerated().map { (index: $0, name: $1) },
            path["signature_algorithms"],
            CertificateCheck.knownSignatureAlgorithms,
            "signature algorithm",
            CertificateCheck.isKnownSignatureAlgorithm
        )
    }

    private func version(
        _ version: Envoy_Extensions_TransportSockets_Tls_V3_TlsParameters.TlsProtocol,
        _ path: FieldPath
    ) -> TLSVersion? {
        switch known(version, path) {
        case .tlsv10: .tls10
        case .tlsv11: .tls11
        case .tlsv12: .tls12
        case .tlsv13: .tls13
        default: nil
        }
    }

    /// `[A|B]` are wanted alike; the library knows no such groups, so that A comes before B.
    private func cipherSuites(_ suites: [String], _ path: FieldPath) -> [String] {
        var found: [String] = []
        for (index, text) in suites.enumerated() {
            let tokens = text.split(whereSeparator: { "[]|:".contains($0) })
            if tokens.isEmpty {
                refuse(path[index], "names no cipher suite", "leave it out")
            }
            for token in tokens {
                let isOperator = token.first.map { "-!+".contains($0) } ?? false
                let name = String(isOperator ? token.dropFirst() : token)
                if CertificateCheck.isKnownCipher(name) {
                    let suite = String(token)
                    if !found.contains(suite) { found.append(suite) }
                } else if TLSNames.suitesOfTLS13.contains(name) {
                    refuse(
                        path[index],
                        "\(quoted(name)) belongs to TLS 1.3, whose suites are always on",
                        "leave it out"
                    )
                } else {
                    refuse(
                        path[index],
                        "\(quoted(name)) is no cipher suite",
                        didYouMean(
                            name,
                            among: TLSNames.cipherSuites,
                            otherwise: "such as \(TLSNames.cipherSuites[0])"
                        )
                    )
                }
            }
        }
        return found
    }

    /// Curves without those that the library does not have: a client or server that has them has
    /// others, too.
    private func offered(_ curves: [String], _ path: FieldPath) -> [(index: Int, name: String)] {
        let offered = curves.enumerated().filter { index, name in
            guard CertificateCheck.ignoredCurves.contains(name) else { return true }
            warn(path[index], "\(quoted(name)) is not offered yet", "the other curves are")
            return false
        }
        if offered.isEmpty, !curves.isEmpty {
            refuse(path, "names no curve that can be offered", "add X25519")
        }
        return offered.map { (index: $0.offset, name: $0.element) }
    }

    private func names(
        _ names: [(index: Int, name: String)],
        _ path: FieldPath,
        _ known: [String],
        _ kind: String,
        _ isKnown: (String) -> Bool
    ) -> [String] {
        var found: [String] = []
        for (index, name) in names {
            if isKnown(name) {
                if !found.contains(name) { found.append(name) }
            } else {
                refuse(
                    path[index],
                    "\(quoted(name)) is no \(kind)",
                    didYouMean(
                        name,
                        among: known,
                        otherwise: "known are " + known.joined(separator: ", ")
                    )
                )
            }
        }
        return found
    }
}

/// The names of algorithms that files may give.
enum TLSNames {
    /// Up to TLS 1.2, by OpenSSL's names: what may have been meant by a name that is not known.
    static let cipherSuites = [
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305",
        "ECDHE-ECDSA-AES128-SHA256", "ECDHE-RSA-AES128-SHA256", "ECDHE-ECDSA-AES128-SHA",
        "ECDHE-ECDSA-AES256-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA",
        "AES128-GCM-SHA256", "AES256-GCM-SHA384", "AES128-SHA", "AES256-SHA",
    ]
    static let suitesOfTLS13 = [
        "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
    ]
}

extension CommonTLSConfiguration {
    /// What is demanded of the peer, where it is known already.
    var peerValidation: CertificateValidation? {
        guard case .value(let validation) = validation else { return nil }
        return validation
    }
}
