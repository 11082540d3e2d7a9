internal import Document
internal import Model
internal import SwiftProtobuf

/// `UpstreamTlsContext`: TLS to endpoints.
extension Compilation {
    /// What the extension for server names can carry (RFC 6066, section 3), as in Envoy.
    private static let serverNameBytesMax = 255
    /// More sessions than any endpoint gives out; each holds some kilobytes.
    private static let sessionsMax: UInt32 = 10_000

    func upstreamTLS(
        _ context: Envoy_Extensions_TransportSockets_Tls_V3_UpstreamTlsContext,
        _ path: FieldPath
    ) -> UpstreamTLSConfiguration {
        let common = commonTLS(context.commonTlsContext, path["common_tls_context"], .upstream)
        let certificates =
            context.commonTlsContext.tlsCertificates.count
            + context.commonTlsContext.tlsCertificateSdsSecretConfigs.count
        if certificates > 1 {
            refuse(
                path["common_tls_context"],
                "has \(certificates) certificates",
                "a client has at most one"
            )
        }
        let validation = common.peerValidation
        if context.autoSniSanValidation, validation?.trustedCA == nil,
            validation?.trustDomains.isEmpty ?? true
        {
            refuse(
                path["auto_sni_san_validation"],
                "verifies nothing without authorities",
                "give validation_context with trusted_ca in common_tls_context"
            )
        }
        if context.autoSniSanValidation, context.sni.isEmpty, !context.autoHostSni {
            warn(
                path["auto_sni_san_validation"],
                "there is no name to verify, unless auto_sni gives one",
                "give sni or auto_host_sni"
            )
        }
        var sessions: UInt32 = 1
        if context.hasMaxSessionKeys {
            sessions = context.maxSessionKeys.value
            if sessions > Self.sessionsMax {
                refuse(
                    path["max_session_keys"],
                    "\(sessions) sessions are too many",
                    "give at most \(Self.sessionsMax)"
                )
            }
        }
        return UpstreamTLSConfiguration(
            common: common,
            serverName: serverName(context.sni, path["sni"]),
            sendsHostname: context.autoHostSni,
            verifiesServerName: context.autoSniSanValidation,
            sessionsMax: sessions
        )
    }

    private func serverName(_ name: String, _ path: FieldPath) -> String {
        if name.utf8.count > Self.serverNameBytesMax {
            refuse(path, "is \(name.utf8.count) bytes long", "a name has at most 255")
            return ""
        }
        if name.utf8.contains(0) {
            refuse(path, "contains a NUL byte", "give the name of a host")
            return ""
        }
        if name.contains("*") {
            warn(path, "\(quoted(name)) is no name of a host", "a wildcard has no meaning here")
        } else if name.contains(":") || IPAddressText.isIPv4(name) {
            warn(
                path,
                "\(quoted(name)) is an address, not the name of a host",
                "servers look for a name (RFC 6066, section 3)"
            )
        }
        return name
    }
}

/// Whether a text is written as an IPv4 address.
private enum IPAddressText {
    static func isIPv4(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }
}
