import CTLS
import Model

/// Reads what a handshake has found out.
enum SessionFacts {
    @unsafe
    static func read(
        _ session: OpaquePointer,
        _ context: TLSContext,
        _ applicationProtocol: [UInt8]
    ) -> TLSFacts {
        var identifier = [UInt8](repeating: 0, count: 32)
        let count = unsafe pillion_tls_session_id(session, &identifier)
        let shown = unsafe pillion_tls_session_identity(session)
        let version = unsafe pillion_tls_session_version(session)
        let name = unsafe String(cString: pillion_tls_session_server_name(session))
        return TLSFacts(
            version: TLSVersion(rawValue: UInt16(truncatingIfNeeded: version)) ?? .tls12,
            cipherSuite: unsafe String(cString: pillion_tls_session_cipher(session)),
            curve: unsafe String(cString: pillion_tls_session_curve(session)),
            signatureAlgorithm: unsafe String(cString: pillion_tls_session_signature(session)),
            sessionID: hexadecimal(identifier.prefix(count)),
            serverName: ByteString(name).lowercased,
            applicationProtocol: applicationProtocol,
            wasResumed: unsafe pillion_tls_session_resumed(session) == 1,
            peer: unsafe peer(of: session),
            isPeerVerified: unsafe pillion_tls_session_verified(session) == 1,
            local: context.certificates.indices.contains(shown) ? context.certificates[shown] : nil
        )
    }

    @unsafe
    private static func peer(of session: OpaquePointer) -> CertificateFacts? {
        guard let leaf = unsafe pillion_tls_session_peer(session) else { return nil }
        let chain = unsafe FieldSink.collect { emit, argument in
            unsafe pillion_tls_session_peer_chain(session, emit, argument)
        }
        return unsafe CertificateReading.facts(
            of: leaf,
            withPEM: true,
            chain: chain
        )
    }

    private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
