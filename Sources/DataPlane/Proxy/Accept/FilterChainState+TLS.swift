import Identity
import Model
import Telemetry

/// What is counted of handshakes, with Envoy's names.
extension TLSStats {
    /// Counts a handshake that succeeded, also where the peer is let in although it is not trusted.
    func count(_ session: TLSSession) {
        let facts = session.facts
        countHandshake(facts, curve: facts.curve, signatureAlgorithm: facts.signatureAlgorithm)
        if session.wasLetInUntrusted { increment(.failVerifyError) }
        count(session.staple)
    }

    private func count(_ staple: OCSPStaple) {
        let outcome: TLSStat
        switch staple {
        case .unasked: return
        case .sent: outcome = .ocspStapleResponses
        case .omitted: outcome = .ocspStapleOmitted
        case .failed: outcome = .ocspStapleFailed
        }
        increment(.ocspStapleRequests)
        increment(outcome)
    }

    /// Counts why a handshake failed.
    func count(_ failure: TLSFailure) {
        count(failure.staple)
        switch failure.check {
        case .noClientCertificate: increment(.failVerifyNoCert)
        case .untrusted, .selfSigned, .expired, .notYetValid, .revoked, .revocationList, .purpose,
            .depth, .signature, .chain, .spiffe:
            increment(.failVerifyError)
        case .subjectAltName: increment(.failVerifySan)
        case .hash: increment(.failVerifyCertHash)
        case .protocolVersion, .notTLS, .noSharedCipher, .alert, .endedDuringHandshake, .flood,
            .other:
            increment(.connectionError)
        }
    }
}
