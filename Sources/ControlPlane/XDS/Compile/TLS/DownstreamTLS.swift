internal import Model
internal import SwiftProtobuf

/// `DownstreamTlsContext`: TLS from clients.
extension Compilation {
    /// Bytes of a key that encrypts session tickets: a name, a key for HMAC and one for AES.
    private static let ticketKeyBytes = 80

    func downstreamTLS(
        _ context: Envoy_Extensions_TransportSockets_Tls_V3_DownstreamTlsContext,
        for serverNames: [String],
        _ path: FieldPath
    ) -> DownstreamTLSConfiguration {
        let start = problemCount
        let common = commonTLS(
            context.commonTlsContext,
            path["common_tls_context"],
            .downstream
        )
        checkServerCertificates(context.commonTlsContext, path["common_tls_context"])
        let requiresCertificate =
            context.hasRequireClientCertificate && context.requireClientCertificate.value
        if problemCount == start {
            warnOfMode(common.peerValidation, isRequired: requiresCertificate, path)
        }
        let policy: DownstreamTLSConfiguration.OCSPPolicy =
            switch known(context.ocspStaplePolicy, path["ocsp_staple_policy"]) {
            case .strictStapling: .strict
            case .mustStaple: .mustStaple
            default: .lenient
            }
        if policy == .mustStaple { checkStaples(common, path["ocsp_staple_policy"]) }
        var usesTickets = true
        var keys: [DataSource] = []
        switch context.sessionTicketKeysType {
        case .sessionTicketKeys(let given):
            keys = ticketKeys(given, path["session_ticket_keys"])
        case .sessionTicketKeysSdsSecretConfig(let config):
            keys = namedTicketKeys(config, path["session_ticket_keys_sds_secret_config"])
        case .disableStatelessSessionResumption(let isDisabled): usesTickets = !isDisabled
        case nil: break
        }
        return DownstreamTLSConfiguration(
            common: common,
            requiresClientCertificate: requiresCertificate,
            serverNames: serverNames,
            usesSessionTickets: usesTickets,
            usesSessionCache: !context.disableStatefulSessionResumption,
            sessionTicketKeys: keys,
            sessionTimeoutSeconds: sessionTimeout(context, path["session_timeout"]),
            ocspPolicy: policy,
            prefersClientCiphers: context.preferClientCiphers,
            scansAllCertificates: context.hasFullScanCertsOnSniMismatch
                && context.fullScanCertsOnSniMismatch.value
        )
    }

    /// Says so where clients without a certificate are let in and the file reads otherwise.
    private func warnOfMode(
        _ validation: CertificateValidation?,
        isRequired: Bool,
        _ path: FieldPath
    ) {
        let path = path["require_client_certificate"]
        guard let validation, validation.demandsAnything else {
            if isRequired {
                warn(
                    path,
                    "no client is asked for a certificate, since nothing is demanded of one",
                    "give validation_context with trusted_ca in common_tls_context"
                )
            }
            return
        }
        // Names, digests and trust domains demand a certificate by themselves.
        let demandsOne =
            !validation.trustDomains.isEmpty
            || validation.checksLeaf && !validation.acceptsUntrusted
        if !isRequired, validation.trustedCA != nil, !demandsOne {
            warn(
                path,
                "is not true, so clients without a certificate are let in",
                "write true, unless that is meant"
            )
        }
    }

    private func checkServerCertificates(
        _ context: Envoy_Extensions_TransportSockets_Tls_V3_CommonTlsContext,
        _ path: FieldPath
    ) {
        let named = context.tlsCertificateSdsSecretConfigs
        if context.tlsCertificates.isEmpty, named.isEmpty {
            refuse(
                path,
                "has no certificate",
                "a server needs one: give tls_certificates or tls_certificate_sds_secret_configs"
            )
        } else if !context.tlsCertificates.isEmpty, !named.isEmpty {
            refuse(
                path["tls_certificate_sds_secret_configs"],
                "stands beside tls_certificates",
                "give only one of the two"
            )
        }
    }

    private func checkStaples(_ common: CommonTLSConfiguration, _ path: FieldPath) {
        for case .value(let certificate) in common.certificates
        where certificate.ocspStaple == nil {
            refuse(
                path,
                "MUST_STAPLE, but a certificate has no ocsp_staple",
                "give each certificate its response, or write LENIENT_STAPLING"
            )
            return
        }
    }

    private func namedTicketKeys(
        _ config: Envoy_Extensions_TransportSockets_Tls_V3_SdsSecretConfig,
        _ path: FieldPath
    ) -> [DataSource] {
        guard let found = secret(config, path) else { return [] }
        guard case .sessionTicketKeys(let keys) = found.secret.type else {
            refuseKind(of: found, "keys of session tickets", path)
            return []
        }
        return ticketKeys(keys, of: found)
    }

    func ticketKeys(
        _ keys: Envoy_Extensions_TransportSockets_Tls_V3_TlsSessionTicketKeys,
        of found: FoundSecret
    ) -> [DataSource] {
        once(found.path, \.ticketKeys) {
            ticketKeys(keys, found.path["session_ticket_keys"])
        } ?? []
    }

    private func ticketKeys(
        _ keys: Envoy_Extensions_TransportSockets_Tls_V3_TlsSessionTicketKeys,
        _ path: FieldPath
    ) -> [DataSource] {
        if keys.keys.isEmpty {
            refuse(path["keys"], "is empty", "give at least one key of 80 bytes")
        }
        return keys.keys.enumerated().compactMap { index, key in
            let path = path["keys"][index]
            guard let found = source(key, path) else { return nil }
            guard let bytes = contents(found, path) else { return nil }
            if bytes.count != Self.ticketKeyBytes {
                refuse(
                    path,
                    "has \(bytes.count) bytes",
                    "a key has \(Self.ticketKeyBytes): openssl rand -out ticket.key 80"
                )
                return nil
            }
            return found
        }
    }

    private func sessionTimeout(
        _ context: Envoy_Extensions_TransportSockets_Tls_V3_DownstreamTlsContext,
        _ path: FieldPath
    ) -> UInt32? {
        guard context.hasSessionTimeout,
            let time = milliseconds(context.sessionTimeout, path)
        else { return nil }
        guard let seconds = UInt32(exactly: time / 1_000) else {
            refuse(path, "is longer than 4294967295s", "a day is 86400s")
            return nil
        }
        if time % 1_000 != 0 {
            warn(path, "counts in whole seconds", "write \(seconds)s")
        }
        return seconds
    }
}
