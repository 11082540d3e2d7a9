import CTLS
package import Model

/// What all TLS sessions of a listener or a cluster share: keys, what is demanded, and how.
///
/// Made once per configuration or rotation, on any thread; immutable, so that all loops use it at
/// once. Sessions hold it: a replaced one goes with its last session.
// Immutable once it is built; OpenSSL guards what changes inside.
@safe
package final class TLSContext: @unchecked Sendable {
    // Immutable once it is built; OpenSSL guards its reference counts and our cache of sessions.
    let pointer: OpaquePointer
    /// The C side holds it without a reference.
    private let policy: NamePolicy
    let demands: ContextDemands
    package let isServer: Bool
    /// All files that were read, for those who watch them.
    package let files: [String]
    /// What `files` were like just before they were read.
    package let signature: FileSignature
    /// The leaf of each chain that this side shows.
    package let certificates: [CertificateFacts]
    /// The authorities that peers are verified against.
    package let authorities: [CertificateFacts]
    /// Where each of `certificates` is from.
    package let certificateOrigins: [CertificateOrigin]
    /// Where each of `authorities` is from.
    package let authorityOrigins: [CertificateOrigin]

    deinit { unsafe pillion_tls_context_free(pointer) }

    /// - Throws: what is at fault, in which file, and why.
    package convenience init(
        downstream: DownstreamTLSConfiguration,
        secrets: any SecretProvider
    ) throws(TLSContextFailure) {
        let builder = try ContextBuilder(
            common: downstream.common,
            secrets: secrets,
            isServer: true,
            ticketKeys: downstream.sessionTicketKeys
        )
        try builder.apply(downstream)
        self.init(builder)
    }

    package convenience init(
        upstream: UpstreamTLSConfiguration,
        secrets: any SecretProvider
    ) throws(TLSContextFailure) {
        let builder = try ContextBuilder(
            common: upstream.common,
            secrets: secrets,
            isServer: false,
            nameReplacesMatchers: upstream.verifiesServerName
        )
        try builder.apply(upstream)
        self.init(builder)
    }

    private init(_ builder: ContextBuilder) {
        unsafe pointer = builder.takePointer()
        policy = builder.policy
        demands = builder.demands
        isServer = builder.isServer
        files = builder.files
        signature = builder.signature
        certificates = builder.certificates
        authorities = builder.authorities
        certificateOrigins = builder.certificateOrigins
        authorityOrigins = builder.authorityOrigins
    }
}

/// For the words of failures: what peers must show.
struct ContextDemands: Sendable {
    var authorities = ""
    var names = ""
    var trustDomains = ""
    var versions = ""
}
