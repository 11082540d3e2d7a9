import Identity
import Model
import Telemetry

/// What is counted of a chain's handshakes.
extension FilterChainState {
    func countHandshake(_ facts: TLSFacts) { tlsStats.countHandshake(facts) }

    func count(_ failure: TLSFailure, in stats: TLSStats) { stats.count(failure) }
}

extension TLSStats {
    func countHandshake(_ facts: TLSFacts) {
        let version =
            switch facts.version {
            case .tls10: "TLSv1"
            case .tls11: "TLSv1.1"
            case .tls12: "TLSv1.2"
            case .tls13: "TLSv1.3"
            }
        countHandshake(cipher: facts.cipherSuite, version: version, curve: "")
    }

    /// Counts why a handshake failed, under Envoy's names.
    func count(_ failure: TLSFailure) {
        switch failure.check {
        case .noClientCertificate: increment(.failVerifyNoCert)
        case .untrusted, .selfSigned, .expired, .notYetValid, .revoked, .spiffe:
            increment(.failVerifyError)
        case .subjectAltName: increment(.failVerifySan)
        case .hash: increment(.failVerifyCertHash)
        default: increment(.connectionError)
        }
    }
}
