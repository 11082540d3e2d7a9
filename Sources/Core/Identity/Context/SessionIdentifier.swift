import CTLS

/// Tells contexts apart whose sessions must not be resumed by each other.
///
/// A session is resumed without a look at the certificate, so everything that is shown and demanded
/// goes into the identifier (RFC 8446, section 4.6.1; Envoy's session context does the same).
struct SessionIdentifier {
    private var bytes: [UInt8] = []

    mutating func add(_ text: String) { add(Array(text.utf8)) }

    mutating func add(_ part: [UInt8]) {
        let count = UInt32(clamping: part.count)
        for shift in [24, 16, 8, 0] as [UInt32] {
            bytes.append(UInt8(truncatingIfNeeded: count >> shift))
        }
        bytes += part
    }

    /// SHA-256 of all parts: 32 bytes, as many as a session context may have.
    var digest: [UInt8] { Self.sha256(bytes) }

    static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        unsafe pillion_tls_digest(bytes, bytes.count, &digest)
        return digest
    }
}
