/// What a `%DOWNSTREAM_…%` or `%UPSTREAM_…%` operator of TLS prints.
struct TLSField: Sendable, Equatable {
    enum Certificate: UInt32, Sendable { case peer, local }
    enum Value: UInt32, Sendable {
        // Of the connection
        case version, cipher, sessionID, group
        // Of a certificate
        case subject, issuer, serial, sha256, sha1, uriNames, dnsNames, ipNames, emailNames, pem
        case notBefore, notAfter, chainSHA256, chainSHA1, chainSerials
    }

    var isUpstream: Bool
    var certificate: Certificate
    var value: Value

    private static let ofConnection: [(name: String, value: Value)] = [
        ("TLS_VERSION", .version), ("TLS_CIPHER", .cipher), ("TLS_SESSION_ID", .sessionID),
        ("TLS_GROUP", .group),
    ]
    private static let ofCertificate: [(name: String, value: Value)] = [
        ("SUBJECT", .subject), ("ISSUER", .issuer), ("SERIAL", .serial),
        ("FINGERPRINT_256", .sha256), ("FINGERPRINT_1", .sha1), ("URI_SAN", .uriNames),
        ("DNS_SAN", .dnsNames), ("IP_SAN", .ipNames), ("EMAIL_SAN", .emailNames), ("CERT", .pem),
        ("CERT_V_START", .notBefore), ("CERT_V_END", .notAfter),
        ("CHAIN_FINGERPRINTS_256", .chainSHA256), ("CHAIN_FINGERPRINTS_1", .chainSHA1),
        ("CHAIN_SERIALS", .chainSerials),
    ]

    /// nil where no operator of TLS has the name.
    init?(operatorName name: String) {
        let sides = [("DOWNSTREAM_", false), ("UPSTREAM_", true)]
        guard let side = sides.first(where: { name.hasPrefix($0.0) }) else { return nil }
        isUpstream = side.1
        let rest = name.dropFirst(side.0.count)
        if let found = Self.ofConnection.first(where: { $0.name == rest }) {
            certificate = .peer
            value = found.value
            return
        }
        let owners: [(prefix: String, certificate: Certificate)] = [
            ("PEER_", .peer), ("LOCAL_", .local),
        ]
        guard let owner = owners.first(where: { rest.hasPrefix($0.prefix) }) else { return nil }
        certificate = owner.certificate
        let last = rest.dropFirst(owner.prefix.count)
        guard let found = Self.ofCertificate.first(where: { $0.name == last }) else { return nil }
        value = found.value
    }

    // MARK: - In an instruction

    var code: UInt32 { (isUpstream ? 1 : 0) | certificate.rawValue << 1 | value.rawValue << 2 }

    init?(code: UInt32) {
        guard let certificate = Certificate(rawValue: code >> 1 & 1),
            let value = Value(rawValue: code >> 2)
        else { return nil }
        isUpstream = code & 1 != 0
        self.certificate = certificate
        self.value = value
    }
}
