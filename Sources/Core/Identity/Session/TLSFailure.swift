/// Why a handshake or a session failed, for logs, counters and pages.
package final class TLSFailure: Error, Sendable, CustomStringConvertible {
    package enum Check: Sendable, Hashable {
        /// The peer should have shown a certificate.
        case noClientCertificate
        /// No trusted authority has signed the chain.
        case untrusted
        case selfSigned
        case expired
        case notYetValid
        case revoked
        /// The list of revoked certificates is missing or too old.
        case revocationList
        /// The certificate is not for this use.
        case purpose
        /// The chain is longer than allowed.
        case depth
        case signature
        /// Another fault of the chain.
        case chain
        /// It has none of the names that are demanded.
        case subjectAltName
        case hash
        /// It is no X.509-SVID, or of no known trust domain.
        case spiffe
        case protocolVersion
        /// The peer did not speak TLS.
        case notTLS
        /// No cipher, curve or signature algorithm is common.
        case noSharedCipher
        /// The peer has refused: the alert's number.
        case alert(UInt8)
        case endedDuringHandshake
        /// Too many key updates or attempts to renegotiate.
        case flood
        case other
    }

    package let check: Check
    /// For people: whose certificate, what was demanded, and what was found.
    package let explanation: String
    /// As Envoy's `%DOWNSTREAM_TRANSPORT_FAILURE_REASON%` says it.
    package let envoyText: String
    /// The alert that the peer was sent; nil: none.
    package let alertSent: UInt8?
    /// What became of the OCSP staple that the client asked for, as far as the handshake came.
    package let staple: OCSPStaple

    init(
        check: Check,
        explanation: String,
        envoyText: String,
        alertSent: UInt8?,
        staple: OCSPStaple = .unasked
    ) {
        self.check = check
        self.explanation = explanation
        self.envoyText = envoyText
        self.alertSent = alertSent
        self.staple = staple
    }

    package var description: String { explanation }

    /// `auto_san_validation` demands the request's host, and the request has none.
    package static let nothingToVerify = TLSFailure(
        check: .subjectAltName,
        explanation: "the request names no host that the server's certificate could be for, and "
            + "auto_san_validation demands one",
        envoyText: "TLS_error:|268435581:SSL routines:OPENSSL_internal:"
            + "CERTIFICATE_VERIFY_FAILED:verify cert failed: verify SAN list, expected SANs: []"
            + ":TLS_error_end",
        alertSent: nil
    )

    static let unmade = TLSFailure(
        check: .other,
        explanation: "the session could not be made: no memory, or a server name that is too long",
        envoyText: "TLS_error:session",
        alertSent: nil
    )
}
