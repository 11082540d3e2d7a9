/// Bytes that the configuration points to or holds (`envoy.config.core.v3.DataSource`).
///
/// A file is read when it is needed, and again when it has changed.
package enum DataSource: Sendable, Hashable {
    case file(String)
    case inline([UInt8])
}

/// A version of TLS, by its number on the wire.
package enum TLSVersion: UInt16, Sendable, Comparable {
    case tls10 = 0x0301
    case tls11 = 0x0302
    case tls12 = 0x0303
    case tls13 = 0x0304

    package static func < (left: TLSVersion, right: TLSVersion) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// A certificate chain and its key (`TlsCertificate`); both are read as a pair.
package struct TLSCertificateSource: Sendable, Hashable {
    /// PEM, the leaf first.
    package var chain: DataSource?
    package var privateKey: DataSource?
    /// Instead of the two above: a PKCS #12 file.
    package var pkcs12: DataSource?
    package var password: DataSource?
    /// A DER response that is stapled.
    package var ocspStaple: DataSource?

    package init(
        chain: DataSource? = nil,
        privateKey: DataSource? = nil,
        pkcs12: DataSource? = nil,
        password: DataSource? = nil,
        ocspStaple: DataSource? = nil
    ) {
        self.chain = chain
        self.privateKey = privateKey
        self.pkcs12 = pkcs12
        self.password = password
        self.ocspStaple = ocspStaple
    }
}

/// A secret that stands in the configuration, or whose name a provider of secrets knows.
package enum SecretReference<Value: Sendable>: Sendable {
    case value(Value)
    case named(String)
}

/// `SubjectAltNameMatcher`: one kind of name, and what it must be.
package struct SubjectAltNameMatcher: Sendable {
    package enum Kind: Sendable, Hashable {
        case email, dns, uri, ipAddress
        /// `otherName`, by the dotted text of its object identifier.
        case other(String)
    }
    package var kind: Kind
    package var matcher: StringMatcher

    package init(kind: Kind, matcher: StringMatcher) {
        self.kind = kind
        self.matcher = matcher
    }
}

/// One trust domain of the SPIFFE validator: its name and the bundle of its authorities.
package struct SPIFFETrustDomain: Sendable, Hashable {
    package var name: String
    package var bundle: DataSource

    package init(name: String, bundle: DataSource) {
        self.name = name
        self.bundle = bundle
    }
}

/// What is demanded of a peer's certificate (`CertificateValidationContext`).
package struct CertificateValidation: Sendable {
    /// PEM; nil: no chain is verified.
    package var trustedCA: DataSource?
    package var crl: DataSource?
    /// Only the leaf is looked up in the list.
    package var verifiesOnlyLeafCRL = false
    /// One of them must match; empty: any name.
    package var subjectAltNames: [SubjectAltNameMatcher] = []
    /// SHA-256 of the leaf, 32 bytes each; with `spkiHashes` one of all must match.
    package var certificateHashes: [[UInt8]] = []
    /// SHA-256 of the leaf's public key information.
    package var spkiHashes: [[UInt8]] = []
    package var allowsExpired = false
    /// `trust_chain_verification: ACCEPT_UNTRUSTED`: what fails is counted and let in.
    package var acceptsUntrusted = false
    /// Intermediate certificates; nil: the library's limit of 100.
    package var verifyDepthMax: UInt32?
    /// Not empty: the SPIFFE validator; `trustedCA` is not looked at.
    package var trustDomains: [SPIFFETrustDomain] = []

    package init() {}

    /// A certificate is looked at in any way.
    package var demandsAnything: Bool {
        trustedCA != nil || !trustDomains.isEmpty || checksLeaf
    }

    /// The peer's own certificate has to have names or be one of those pinned.
    package var checksLeaf: Bool {
        !certificateHashes.isEmpty || !spkiHashes.isEmpty || !subjectAltNames.isEmpty
    }
}

/// `CommonTlsContext`: what both directions have.
package struct CommonTLSConfiguration: Sendable {
    package var minVersion: TLSVersion = .tls12
    package var maxVersion: TLSVersion = .tls13
    /// OpenSSL's names for TLS 1.2 and below; empty: the default list.
    package var cipherSuites: [String] = []
    /// Groups in the order of preference; empty: X25519, P-256.
    package var curves: [String] = []
    package var signatureAlgorithms: [String] = []
    package var certificates: [SecretReference<TLSCertificateSource>] = []
    package var validation: SecretReference<CertificateValidation>?
    /// Names of protocols as in the handshake, the most wanted first.
    package var alpn: [[UInt8]] = []

    package init() {}
}

/// `DownstreamTlsContext`, compiled.
package final class DownstreamTLSConfiguration: Sendable {
    package enum OCSPPolicy: Sendable { case lenient, strict, mustStaple }

    package let common: CommonTLSConfiguration
    package let requiresClientCertificate: Bool
    /// Of the chain's match: sessions of chains for other names are not resumed.
    package let serverNames: [String]
    package let usesSessionTickets: Bool
    package let usesSessionCache: Bool
    /// 80 bytes each, the first encrypts; empty: the process makes its own.
    package let sessionTicketKeys: [DataSource]
    /// nil: the library's.
    package let sessionTimeoutSeconds: UInt32?
    package let ocspPolicy: OCSPPolicy
    package let prefersClientCiphers: Bool
    /// Every certificate is tried where none has the name that the client asks for.
    package let scansAllCertificates: Bool

    package init(
        common: CommonTLSConfiguration,
        requiresClientCertificate: Bool = false,
        serverNames: [String] = [],
        usesSessionTickets: Bool = true,
        usesSessionCache: Bool = true,
        sessionTicketKeys: [DataSource] = [],
        sessionTimeoutSeconds: UInt32? = nil,
        ocspPolicy: OCSPPolicy = .lenient,
        prefersClientCiphers: Bool = false,
        scansAllCertificates: Bool = false
    ) {
        self.common = common
        self.requiresClientCertificate = requiresClientCertificate
        self.serverNames = serverNames
        self.usesSessionTickets = usesSessionTickets
        self.usesSessionCache = usesSessionCache
        self.sessionTicketKeys = sessionTicketKeys
        self.sessionTimeoutSeconds = sessionTimeoutSeconds
        self.ocspPolicy = ocspPolicy
        self.prefersClientCiphers = prefersClientCiphers
        self.scansAllCertificates = scansAllCertificates
    }
}

/// `UpstreamTlsContext`, compiled.
package final class UpstreamTLSConfiguration: Sendable {
    package let common: CommonTLSConfiguration
    /// Sent as the server's name; empty: none is.
    package let serverName: String
    /// The endpoint's host name is sent (`auto_host_sni`).
    package let sendsHostname: Bool
    /// The name that was sent must be the certificate's (`auto_sni_san_validation`).
    package let verifiesServerName: Bool
    /// Sessions that are kept to be resumed; 0: none.
    package let sessionsMax: UInt32

    package init(
        common: CommonTLSConfiguration,
        serverName: String = "",
        sendsHostname: Bool = false,
        verifiesServerName: Bool = false,
        sessionsMax: UInt32 = 1
    ) {
        self.common = common
        self.serverName = serverName
        self.sendsHostname = sendsHostname
        self.verifiesServerName = verifiesServerName
        self.sessionsMax = sessionsMax
    }
}
