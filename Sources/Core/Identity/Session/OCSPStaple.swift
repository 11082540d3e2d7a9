import CTLS

/// What a server made of a client's wish for an OCSP staple.
package enum OCSPStaple: Sendable {
    /// The client did not ask, or the handshake did not come so far.
    case unasked
    case sent
    /// There is none that is good, and the policy lets the handshake go on.
    case omitted
    /// There is none that is good, so the handshake was refused.
    case failed

    @unsafe
    init(of session: OpaquePointer) {
        self =
            switch Int(unsafe pillion_tls_session_staple(session)) {
            case PILLION_TLS_STAPLE_SENT: .sent
            case PILLION_TLS_STAPLE_OMITTED: .omitted
            case PILLION_TLS_STAPLE_FAILED: .failed
            default: .unasked
            }
    }
}
