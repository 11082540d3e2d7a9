/// What a handshake has found out; immutable, so that every exchange of a connection shares it.
///
/// It feeds `x-forwarded-client-cert`, the access log's operators and the choice of a filter chain.
package final class TLSFacts: Sendable {
    package let version: TLSVersion
    /// The standard name, `TLS_AES_128_GCM_SHA256`; as OpenSSL spells it for TLS 1.2.
    package let cipherSuite: String
    /// The key exchange's, `X25519`; empty: none, or one without a name.
    package let curve: String
    /// What the peer signed with, `rsa_pss_rsae_sha256`; empty: nothing.
    package let signatureAlgorithm: String
    /// Lower-case hexadecimal; empty where the session has none.
    package let sessionID: String
    /// What the client asked for, lower case; empty: nothing.
    package let serverName: ByteString
    /// The protocol that both agreed on; empty: none.
    package let applicationProtocol: [UInt8]
    package let wasResumed: Bool
    /// nil where the peer showed no certificate.
    package let peer: CertificateFacts?
    /// The peer's certificate was verified against what this side demands.
    package let isPeerVerified: Bool
    package let local: CertificateFacts?

    package init(
        version: TLSVersion,
        cipherSuite: String,
        curve: String = "",
        signatureAlgorithm: String = "",
        sessionID: String = "",
        serverName: ByteString = "",
        applicationProtocol: [UInt8] = [],
        wasResumed: Bool = false,
        peer: CertificateFacts? = nil,
        isPeerVerified: Bool = false,
        local: CertificateFacts? = nil
    ) {
        self.version = version
        self.cipherSuite = cipherSuite
        self.curve = curve
        self.signatureAlgorithm = signatureAlgorithm
        self.sessionID = sessionID
        self.serverName = serverName
        self.applicationProtocol = applicationProtocol
        self.wasResumed = wasResumed
        self.peer = peer
        self.isPeerVerified = isPeerVerified
        self.local = local
    }
}

/// A certificate in the words that logs, headers and pages use.
package final class CertificateFacts: Sendable {
    /// RFC 2253.
    package let subject: String
    package let issuer: String
    /// Lower-case hexadecimal.
    package let serialNumber: String
    /// Lower-case hexadecimal of the DER form's digest.
    package let sha256: String
    package let sha1: String
    package let uriNames: [String]
    package let dnsNames: [String]
    package let ipNames: [String]
    package let emailNames: [String]
    /// Seconds since 1970.
    package let notBefore: Int64
    package let notAfter: Int64
    /// PEM of the certificate, and of the whole chain that was shown, leaf first.
    package let pem: String
    package let chainPEM: String
    /// Of each certificate of the chain that was shown, leaf first, as those of the leaf.
    package let chainSHA256: [String]
    package let chainSHA1: [String]
    package let chainSerialNumbers: [String]

    package init(
        subject: String,
        issuer: String,
        serialNumber: String,
        sha256: String,
        sha1: String,
        uriNames: [String] = [],
        dnsNames: [String] = [],
        ipNames: [String] = [],
        emailNames: [String] = [],
        notBefore: Int64,
        notAfter: Int64,
        pem: String = "",
        chainPEM: String = "",
        chainSHA256: [String] = [],
        chainSHA1: [String] = [],
        chainSerialNumbers: [String] = []
    ) {
        self.subject = subject
        self.issuer = issuer
        self.serialNumber = serialNumber
        self.sha256 = sha256
        self.sha1 = sha1
        self.uriNames = uriNames
        self.dnsNames = dnsNames
        self.ipNames = ipNames
        self.emailNames = emailNames
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.pem = pem
        self.chainPEM = chainPEM
        self.chainSHA256 = chainSHA256
        self.chainSHA1 = chainSHA1
        self.chainSerialNumbers = chainSerialNumbers
    }
}
