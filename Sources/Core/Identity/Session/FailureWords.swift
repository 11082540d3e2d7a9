import CTLS
import Model

/// Finds out why a session failed, and says it in our words and in Envoy's.
@safe
struct FailureWords {
    private let session: OpaquePointer
    private let context: TLSContext
    private let found: pillion_tls_failure
    private let isHandshakeDone: Bool

    @unsafe
    private init(_ session: OpaquePointer, _ context: TLSContext, _ isHandshakeDone: Bool) {
        unsafe self.session = unsafe session
        self.context = context
        self.isHandshakeDone = isHandshakeDone
        var found = pillion_tls_failure()
        unsafe pillion_tls_session_failure(session, &found)
        self.found = found
    }

    @unsafe
    static func failure(
        of session: OpaquePointer,
        _ context: TLSContext,
        _ isHandshakeDone: Bool
    ) -> TLSFailure {
        let words = unsafe FailureWords(session, context, isHandshakeDone)
        let (check, explanation) = words.findings()
        return TLSFailure(
            check: check,
            explanation: explanation,
            envoyText: words.envoyText,
            alertSent: UInt8(exactly: words.found.alert_sent),
            staple: unsafe OCSPStaple(of: session)
        )
    }

    @unsafe
    static func ended(_ session: OpaquePointer, _ context: TLSContext) -> TLSFailure {
        let words = unsafe FailureWords(session, context, false)
        let isSilent = words.found.first_count == 0
        let explanation =
            isSilent
            ? "\(words.peer) closed the connection before it said anything"
            : "\(words.peer) closed the connection during the handshake"
        return TLSFailure(
            check: .endedDuringHandshake,
            explanation: explanation,
            envoyText: "TLS_error:|33554536:system library:OPENSSL_internal:"
                + "Connection reset by peer:TLS_error_end",
            alertSent: nil
        )
    }

    private var peer: String { context.isServer ? "the client" : "the server" }

    private func findings() -> (TLSFailure.Check, String) {
        if found.is_flood != 0 {
            return (.flood, "\(peer) sent too many key updates or attempts to renegotiate")
        }
        if found.check != 0 { return leafFindings() }
        if found.verify_error != 0 { return chainFindings() }
        let kind = unsafe withUnsafePointer(to: found) { unsafe pillion_tls_failure_kind($0) }
        switch Int(kind) {
        case PILLION_TLS_REASON_NO_CLIENT_CERTIFICATE:
            return (
                .noClientCertificate,
                "the client showed no certificate, and one is demanded"
                    + suffix("signed by", context.demands.authorities)
            )
        case PILLION_TLS_REASON_NO_SHARED_CIPHER:
            return (.noSharedCipher, "\(peer) and this side have no cipher in common")
        case PILLION_TLS_REASON_NO_SHARED_SIGNATURE:
            return (
                .noSharedCipher,
                "\(peer) and this side have no signature algorithm in common for the certificate"
            )
        case PILLION_TLS_REASON_NO_SHARED_GROUP:
            return (.noSharedCipher, "\(peer) and this side have no curve in common")
        case PILLION_TLS_REASON_PROTOCOL_VERSION:
            return (
                .protocolVersion,
                "\(peer) speaks no version of TLS that is allowed here (\(context.demands.versions))"
            )
        case PILLION_TLS_REASON_HTTP_REQUEST: return (.notTLS, plaintextWords)
        default: return otherFindings()
        }
    }

    private func otherFindings() -> (TLSFailure.Check, String) {
        if let first = firstBytes.first, !isHandshakeDone, first != 0x16, first != 0x15 {
            return (.notTLS, plaintextWords)
        }
        if let alert = UInt8(exactly: found.alert_received), found.reason >= 1000 {
            let name = unsafe String(cString: pillion_tls_alert_text(Int32(alert)))
            var words = "\(peer) refused with the alert \"\(name)\" (\(alert))"
            if let hint = Self.alertHint(alert) { words += ": \(hint)" }
            return (.alert(alert), words)
        }
        let reason = reasonText.lowercased().replacing("_", with: " ")
        return (.other, reason.isEmpty ? "TLS failed" : "TLS failed: \(reason)")
    }

    private static func alertHint(_ alert: UInt8) -> String? {
        switch alert {
        case 40: "it has no cipher, curve or signature in common with this side"
        case 42, 46: "it does not accept the certificate that this side shows"
        case 44: "the certificate that this side shows is revoked"
        case 45: "the certificate that this side shows has expired"
        case 48: "it does not know the authority that signed this side's certificate"
        case 70: "it allows none of the versions of TLS that this side speaks"
        case 112: "it knows nobody of the name that it was asked for"
        case 116: "it demands a certificate of this side"
        case 120: "it speaks none of the protocols that this side offers"
        default: nil
        }
    }

    private func leafFindings() -> (TLSFailure.Check, String) {
        let certificate = certificateWords
        switch Int(found.check) {
        case PILLION_TLS_CHECK_HASH:
            return (.hash, "\(certificate) is none of those pinned: \(context.demands.names)")
        case PILLION_TLS_SPIFFE_ID:
            return (
                .spiffe, "\(certificate) has not exactly one URI, of the form spiffe://domain/…"
            )
        case PILLION_TLS_SPIFFE_IS_CA:
            return (.spiffe, "\(certificate) is an authority's, and no workload's")
        case PILLION_TLS_SPIFFE_SIGNS:
            return (.spiffe, "\(certificate) may sign certificates, and no workload's may")
        case PILLION_TLS_SPIFFE_DOMAIN:
            return (
                .spiffe,
                "\(certificate) is of no known trust domain; known are "
                    + context.demands.trustDomains
            )
        default:
            let demanded = context.demands.names
            return (
                .subjectAltName,
                "\(certificate) has none of the demanded names"
                    + (demanded.isEmpty ? "" : ": demanded is \(demanded)")
            )
        }
    }

    private func chainFindings() -> (TLSFailure.Check, String) {
        let text = unsafe String(cString: pillion_tls_verify_text(found.verify_error))
        let words = "\(certificateWords): \(text)"
        let trusted = suffix("trusted are", context.demands.authorities)
        switch Int(pillion_tls_verify_kind(found.verify_error)) {
        case PILLION_TLS_VERIFY_UNKNOWN_CA: return (.untrusted, words + trusted)
        case PILLION_TLS_VERIFY_SELF_SIGNED: return (.selfSigned, words + trusted)
        case PILLION_TLS_VERIFY_EXPIRED: return (.expired, words)
        case PILLION_TLS_VERIFY_NOT_YET_VALID:
            return (.notYetValid, words + "; is the clock right?")
        case PILLION_TLS_VERIFY_REVOKED: return (.revoked, words)
        case PILLION_TLS_VERIFY_CRL: return (.revocationList, words)
        case PILLION_TLS_VERIFY_PURPOSE: return (.purpose, words)
        case PILLION_TLS_VERIFY_DEPTH: return (.depth, words)
        case PILLION_TLS_VERIFY_SIGNATURE: return (.signature, words)
        default: return (.chain, words)
        }
    }

    private func suffix(_ words: String, _ list: String) -> String {
        list.isEmpty ? "" : "; \(words) \(list)"
    }

    /// Names the certificate at fault; of a chain also the leaf that came with it.
    private var certificateWords: String {
        let owner = context.isServer ? "the client's certificate" : "the server's certificate"
        guard let refused = unsafe pillion_tls_session_refused(session) else { return owner }
        let facts = unsafe CertificateReading.facts(of: refused, withPEM: false)
        if found.verify_depth == 0 { return "\(owner) (\(facts.words))" }
        return "a certificate of \(peer)'s chain (\(facts.words))"
    }

    private var firstBytes: [UInt8] {
        unsafe withUnsafeBytes(of: found.first) { unsafe Array($0.prefix(found.first_count)) }
    }

    private var plaintextWords: String {
        let bytes = firstBytes
        let methods = [
            "GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "OPTIONS ", "PATCH ", "CONNECT ",
        ]
        if methods.contains(where: { bytes.starts(with: $0.utf8) }) {
            return "\(peer) sent a plain HTTP request where TLS is spoken"
        }
        if bytes.starts(with: "PRI * HTTP/2".utf8) {
            return "\(peer) spoke plain HTTP/2 where TLS is spoken"
        }
        if bytes.starts(with: "HTTP/".utf8) {
            return "\(peer) answered in plain HTTP: its port does not speak TLS"
        }
        return "\(peer) does not speak TLS"
    }

    // MARK: - Envoy's words

    private var reasonText: String {
        var text = [CChar](repeating: 0, count: 128)
        let count = unsafe pillion_tls_reason_text(found.reason, &text, text.count)
        return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// BoringSSL's number for a reason: its library is 16, and its reasons are numbered otherwise.
    private static func boringReason(_ name: String, _ reason: Int32) -> Int32 {
        if reason >= 1000 { return reason }
        return switch name {
        case "CERTIFICATE_VERIFY_FAILED": 125
        case "PEER_DID_NOT_RETURN_A_CERTIFICATE": 192
        case "NO_SHARED_CIPHER": 184
        case "UNSUPPORTED_PROTOCOL": 240
        case "WRONG_VERSION_NUMBER": 247
        case "HTTP_REQUEST": 156
        case "HTTPS_PROXY_REQUEST": 155
        case "ENCRYPTED_LENGTH_TOO_LONG": 146
        case "NO_COMMON_SIGNATURE_ALGORITHMS": 253
        case "NO_SHARED_GROUP": 266
        default: max(0, reason)
        }
    }

    private var envoyText: String {
        var name = reasonText
        if found.is_flood != 0 { name = "TOO_MANY_KEY_UPDATES" }
        switch name {
        case "NO_SUITABLE_SIGNATURE_ALGORITHM", "NO_SHARED_SIGNATURE_ALGORITHMS":
            name = "NO_COMMON_SIGNATURE_ALGORITHMS"
        case "NO_SUITABLE_KEY_SHARE", "NO_SUITABLE_GROUPS": name = "NO_SHARED_GROUP"
        case "PACKET_LENGTH_TOO_LONG": name = "ENCRYPTED_LENGTH_TOO_LONG"
        case "VERSION_TOO_LOW", "VERSION_TOO_HIGH": name = "UNSUPPORTED_PROTOCOL"
        case "TLSV13_ALERT_CERTIFICATE_REQUIRED": name = "TLSV1_ALERT_CERTIFICATE_REQUIRED"
        case "": name = "UNKNOWN_ERROR"
        default: break
        }
        let number = 0x1000_0000 + Int(Self.boringReason(name, found.reason))
        var text = "TLS_error:|\(number):SSL routines:OPENSSL_internal:\(name)"
        if let detail = envoyDetail { text += ":\(detail)" }
        // BoringSSL tells twice of this alert where it is the answer to the ClientHello.
        if found.is_of_hello != 0, found.alert_received == 40 {
            text += "|268435610:SSL routines:OPENSSL_internal:HANDSHAKE_FAILURE_ON_CLIENT_HELLO"
        }
        return text + ":TLS_error_end"
    }

    /// In the order of the certificate.
    private var refusedNames: [String] {
        guard let refused = unsafe pillion_tls_session_refused(session) else { return [] }
        let fields = unsafe FieldSink.collect { emit, argument in
            unsafe pillion_x509_names(refused, emit, argument)
        }
        return fields.filter { $0.kind != FieldKind.other }.map(\.text)
    }

    /// BoringSSL's words where OpenSSL has others.
    private var envoyVerifyText: String {
        switch Int(pillion_tls_verify_kind(found.verify_error)) {
        case PILLION_TLS_VERIFY_UNKNOWN_CA, PILLION_TLS_VERIFY_SELF_SIGNED,
            PILLION_TLS_VERIFY_DEPTH:
            return "unable to get local issuer certificate"
        case PILLION_TLS_VERIFY_PURPOSE: return "unsupported certificate purpose"
        case PILLION_TLS_VERIFY_REVOKED:
            return "certificate revocation check against provided CRLs failed: certificate revoked"
        case PILLION_TLS_VERIFY_CRL:
            let text = unsafe String(cString: pillion_tls_verify_text(found.verify_error))
            return "certificate revocation check against provided CRLs failed: \(text)"
        default: return unsafe String(cString: pillion_tls_verify_text(found.verify_error))
        }
    }

    private var envoyDetail: String? {
        switch Int(found.check) {
        case PILLION_TLS_CHECK_NAME:
            let names = refusedNames.joined(separator: ", ")
            if let demanded = unsafe pillion_tls_session_demanded_name(session) {
                let name = unsafe String(cString: demanded)
                return "verify cert failed: verify SAN list, expected SANs: [\(name)], "
                    + "certificate SANs: [\(names)]"
            }
            return "verify cert failed: SAN matcher, certificate SANs are [\(names)]"
        case PILLION_TLS_CHECK_HASH: return "verify cert failed: cert hash and spki"
        case PILLION_TLS_SPIFFE_IS_CA, PILLION_TLS_SPIFFE_SIGNS:
            return "verify cert failed: cert precheck"
        case PILLION_TLS_SPIFFE_ID, PILLION_TLS_SPIFFE_DOMAIN:
            return "verify cert failed: no trust bundle store"
        default: break
        }
        if found.verify_error != 0 {
            return "verify cert failed: X509_verify_cert: certificate verification error at depth "
                + "\(found.verify_depth): \(envoyVerifyText)"
        }
        if reasonText == "PEER_DID_NOT_RETURN_A_CERTIFICATE" {
            return "peer did not provide required client certificate"
        }
        return nil
    }
}
