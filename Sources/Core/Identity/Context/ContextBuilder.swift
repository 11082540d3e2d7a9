import CTLS
import Model

/// Makes the C side's context, step by step; what was made goes when a step fails.
@safe
final class ContextBuilder {
    let isServer: Bool
    private var pointer: OpaquePointer?
    private(set) var policy: NamePolicy
    private(set) var demands = ContextDemands()
    let files: [String]
    let signature: FileSignature
    private(set) var certificates: [CertificateFacts] = []
    private(set) var authorities: [CertificateFacts] = []
    private(set) var certificateOrigins: [CertificateOrigin] = []
    private(set) var authorityOrigins: [CertificateOrigin] = []
    private let common: CommonTLSConfiguration
    private let secrets: any SecretProvider
    private let validation: CertificateValidation
    private var identities: [CertificateIdentity] = []
    private var identitySources: [TLSCertificateSource] = []
    /// What separates this context's sessions from those of others.
    private var identifier = SessionIdentifier()

    deinit {
        if let pointer = unsafe pointer { unsafe pillion_tls_context_free(pointer) }
    }

    init(
        common: CommonTLSConfiguration,
        secrets: any SecretProvider,
        isServer: Bool,
        ticketKeys: [DataSource] = [],
        nameReplacesMatchers: Bool = false
    ) throws(TLSContextFailure) {
        self.common = common
        self.secrets = secrets
        self.isServer = isServer
        validation = try Self.validation(of: common, secrets)
        policy = NamePolicy(validation, nameReplacesMatchers: nameReplacesMatchers)
        var sources: [TLSCertificateSource] = []
        for reference in common.certificates {
            sources.append(try Self.certificate(reference, secrets))
        }
        identitySources = sources
        let places = sources.flatMap(\.places) + validation.places + ticketKeys
        files = places.compactMap(\.path)
        // Taken before the first of them is read: what changes from now on is another version.
        signature = FileSignature(files)
        for source in sources { identities.append(try CertificateIdentity(reading: source)) }
        unsafe pointer = pillion_tls_context_new(isServer ? 1 : 0, identities.count)
        guard unsafe pointer != nil else { throw Self.noMemory(LibraryError.take()) }
        try applyParameters()
        try applyValidation()
    }

    /// The context is the caller's from now on.
    @unsafe
    func takePointer() -> OpaquePointer {
        guard let taken = unsafe pointer else { preconditionFailure("taken once") }
        unsafe pointer = nil
        return unsafe taken
    }

    // MARK: - Secrets

    private static func certificate(
        _ reference: SecretReference<TLSCertificateSource>,
        _ secrets: any SecretProvider
    ) throws(TLSContextFailure) -> TLSCertificateSource {
        switch reference {
        case .value(let value): return value
        case .named(let name):
            guard let found = secrets.certificate(named: name) else { throw missing(name) }
            return found
        }
    }

    static func validation(
        of common: CommonTLSConfiguration,
        _ secrets: any SecretProvider
    ) throws(TLSContextFailure) -> CertificateValidation {
        switch common.validation {
        case nil: return CertificateValidation()
        case .value(let value): return value
        case .named(let name):
            guard let found = secrets.validation(named: name) else { throw missing(name) }
            return found
        }
    }

    private static func missing(_ name: String) -> TLSContextFailure {
        TLSContextFailure(
            part: .secret,
            source: name,
            reason: "there is no secret of this name and kind",
            hint: "it must stand under static_resources.secrets, or come from a secret service"
        )
    }

    private static func noMemory(_ error: String) -> TLSContextFailure {
        TLSContextFailure(part: .library, source: "", reason: error.isEmpty ? "no memory" : error)
    }

    // MARK: - Steps

    /// The context for a call; it is there until it is taken.
    private func call(
        _ part: TLSContextFailure.Part,
        _ source: String = "",
        _ step: (OpaquePointer) -> Int32
    ) throws(TLSContextFailure) {
        guard let pointer = unsafe pointer, unsafe step(pointer) != 0 else {
            let error = LibraryError.take()
            throw TLSContextFailure(
                part: part,
                source: source,
                reason: error.isEmpty ? "it was refused" : error
            )
        }
    }

    private func applyParameters() throws(TLSContextFailure) {
        let (lowest, highest) = (common.minVersion, common.maxVersion)
        guard lowest <= highest else {
            throw TLSContextFailure(
                part: .versions,
                source: "",
                reason: "the lowest version is above the highest"
            )
        }
        demands.versions =
            lowest == highest ? lowest.words : "\(lowest.words) to \(highest.words)"
        try unsafe call(.versions) {
            unsafe pillion_tls_context_versions($0, lowest.rawValue, highest.rawValue)
        }
        let ciphers = try CipherNames.ciphers(common.cipherSuites)
        try unsafe call(.cipherSuites) { unsafe pillion_tls_context_ciphers($0, ciphers) }
        let curves = try CipherNames.curves(common.curves)
        try unsafe call(.curves) { unsafe pillion_tls_context_groups($0, curves) }
        if !common.signatureAlgorithms.isEmpty {
            let names = try CipherNames.signatures(common.signatureAlgorithms)
            try unsafe call(.signatureAlgorithms) {
                unsafe pillion_tls_context_signatures($0, names)
            }
        }
        let wire = try ApplicationProtocols.wire(common.alpn)
        try unsafe call(.applicationProtocols) {
            unsafe pillion_tls_context_alpn($0, wire, wire.count)
        }
    }

    private func applyIdentities(
        policy: DownstreamTLSConfiguration.OCSPPolicy
    ) throws(TLSContextFailure) {
        for (index, identity) in identities.enumerated() {
            let source = identitySources[index]
            let place = (source.pkcs12 ?? source.chain)?.place ?? ""
            let mustStaple = unsafe pillion_tls_identity_must_staple(identity.pointer) == 1
            if isServer, source.ocspStaple == nil, mustStaple || policy == .mustStaple {
                throw TLSContextFailure(
                    part: .ocspStaple,
                    source: place,
                    reason: mustStaple
                        ? "the certificate promises an OCSP staple, and there is none"
                        : "ocsp_staple_policy demands an OCSP staple, and there is none"
                )
            }
            let number: Int32 =
                switch policy {
                case .lenient: 0
                case .strict: 1
                case .mustStaple: 2
                }
            try unsafe call(.chain, place) {
                unsafe pillion_tls_context_identity($0, index, identity.pointer, number)
            }
            guard let leaf = identity.certificate(at: 0) else { continue }
            certificates.append(leaf)
            certificateOrigins.append(
                CertificateOrigin(
                    path: (source.pkcs12 ?? source.chain)?.path,
                    secretName: common.certificates[index].secretName
                )
            )
            identifier.add(leaf.subject)
            for name in leaf.dnsNames + leaf.uriNames + leaf.ipNames { identifier.add(name) }
            identifier.add(leaf.issuer)
        }
    }

    private func applyValidation() throws(TLSContextFailure) {
        var flags = validation.allowsExpired ? Int32(PILLION_TLS_TRUST_EXPIRED) : 0
        flags |=
            validation.verifiesOnlyLeafCRL
            ? Int32(PILLION_TLS_TRUST_CRL_LEAF)
            : Int32(PILLION_TLS_TRUST_CRL_ALL)
        // Envoy counts the trusted authority, OpenSSL neither it nor the leaf.
        let depth = validation.verifyDepthMax.map { Int32(clamping: max($0, 1) - 1) } ?? -1
        if validation.trustDomains.isEmpty {
            try applyTrust(flags, depth)
        } else {
            try applyTrustDomains(flags, depth)
        }
        identifier.add("\(flags) \(depth) \(acceptsUntrusted)")
        for hash in policy.certificateHashes { identifier.add(hash) }
        identifier.add("keys")
        for hash in policy.keyHashes { identifier.add(hash) }
        for matcher in policy.matchers {
            identifier.add("\(matcher.words) \(matcher.matcher.ignoresCase)")
        }
        demands.names = policy.demands
    }

    private func applyTrust(_ flags: Int32, _ depth: Int32) throws(TLSContextFailure) {
        var bundle: AuthorityBundle?
        var lists: AuthorityBundle?
        if let source = validation.trustedCA {
            let read = try AuthorityBundle(
                reading: source,
                part: .trustedCA,
                needsCertificates: true
            )
            bundle = read
            authorities = read.certificates
            let origin = CertificateOrigin(
                path: source.path,
                secretName: common.validation?.secretName
            )
            authorityOrigins = authorities.map { _ in origin }
            demands.authorities = Self.words(authorities, source.place)
            identifier.add(read.digest)
        }
        if let source = validation.crl {
            let read = try AuthorityBundle(reading: source, part: .crl, needsCertificates: false)
            lists = read
            identifier.add("lists")
            identifier.add(read.digest)
        }
        guard bundle != nil || lists != nil else { return }
        try unsafe call(.trustedCA, validation.trustedCA?.place ?? "") {
            unsafe pillion_tls_context_trust($0, bundle?.pointer, lists?.pointer, flags, depth)
        }
    }

    private func applyTrustDomains(_ flags: Int32, _ depth: Int32) throws(TLSContextFailure) {
        var names: [String] = []
        for domain in validation.trustDomains {
            guard !names.contains(domain.name) else {
                throw TLSContextFailure(
                    part: .trustBundle,
                    source: domain.bundle.place,
                    reason: "the trust domain \(domain.name) has two bundles"
                )
            }
            names.append(domain.name)
            let bundle = try AuthorityBundle(
                reading: domain.bundle,
                part: .trustBundle,
                needsCertificates: true
            )
            let name = Array(domain.name.utf8)
            try unsafe call(.trustBundle, domain.bundle.place) {
                unsafe pillion_tls_context_trust_domain(
                    $0,
                    name,
                    name.count,
                    bundle.pointer,
                    flags,
                    depth
                )
            }
            let found = bundle.certificates
            authorities += found
            let origin = CertificateOrigin(path: domain.bundle.path, secretName: nil)
            authorityOrigins += found.map { _ in origin }
            identifier.add(domain.name)
            identifier.add(bundle.digest)
        }
        demands.trustDomains = names.joined(separator: ", ")
        demands.authorities = Self.words(authorities, "the trust bundles")
    }

    private static func words(_ authorities: [CertificateFacts], _ place: String) -> String {
        let subjects = authorities.prefix(3).map { "\"\($0.subject)\"" }.joined(separator: ", ")
        return subjects + (authorities.count > 3 ? ", …" : "") + " from \(place)"
    }

    // MARK: - Directions

    func apply(_ configuration: DownstreamTLSConfiguration) throws(TLSContextFailure) {
        guard !identities.isEmpty else {
            throw TLSContextFailure(
                part: .chain,
                source: "",
                reason: "a server needs a certificate, and there is none"
            )
        }
        try applyIdentities(policy: configuration.ocspPolicy)
        try applyVerification(requiresCertificate: configuration.requiresClientCertificate)
        identifier.add("names")
        for name in configuration.serverNames { identifier.add(name) }
        let id = identifier.digest
        try unsafe call(.library) {
            unsafe pillion_tls_context_resumption(
                $0,
                id,
                id.count,
                configuration.usesSessionTickets ? 1 : 0,
                configuration.usesSessionCache ? 1 : 0,
                configuration.sessionTimeoutSeconds ?? 0
            )
        }
        try applyTicketKeys(configuration.sessionTicketKeys)
        guard let pointer = unsafe pointer else { return }
        unsafe pillion_tls_context_selection(pointer, configuration.scansAllCertificates ? 1 : 0)
        if configuration.prefersClientCiphers {
            unsafe pillion_tls_context_prefers_client(pointer)
        }
    }

    func apply(_ configuration: UpstreamTLSConfiguration) throws(TLSContextFailure) {
        guard identities.count <= 1 else {
            throw TLSContextFailure(
                part: .chain,
                source: "",
                reason: "a client shows one certificate, and there are \(identities.count)"
            )
        }
        if configuration.verifiesServerName, validation.trustedCA == nil,
            validation.trustDomains.isEmpty
        {
            throw TLSContextFailure(
                part: .validation,
                source: "",
                reason: "auto_sni_san_validation needs trusted authorities",
                hint: "set trusted_ca in the validation context"
            )
        }
        try applyIdentities(policy: .lenient)
        try applyVerification(requiresCertificate: true)
        let max = min(configuration.sessionsMax, Self.sessionsMax)
        try unsafe call(.library) { unsafe pillion_tls_context_keeps_sessions($0, max) }
    }

    /// More sessions than this are not kept for one cluster, whatever the configuration says.
    private static let sessionsMax: UInt32 = 1024

    /// The SPIFFE validator refuses what it does not trust whatever `trust_chain_verification` says,
    /// as Envoy's.
    private var acceptsUntrusted: Bool {
        validation.acceptsUntrusted && validation.trustDomains.isEmpty
    }

    private func applyVerification(requiresCertificate: Bool) throws(TLSContextFailure) {
        let checksLeaf =
            !policy.matchers.isEmpty || !policy.certificateHashes.isEmpty
            || !policy.keyHashes.isEmpty
        let hasTrust = validation.trustedCA != nil
        // As Envoy: names and digests demand a certificate, authorities alone ask for one.
        var mode = PILLION_TLS_VERIFY_NONE
        if hasTrust { mode = PILLION_TLS_VERIFY_ASK }
        if checksLeaf || !validation.trustDomains.isEmpty { mode = PILLION_TLS_VERIFY_DEMAND }
        if acceptsUntrusted { mode = PILLION_TLS_VERIFY_ASK }
        if requiresCertificate, hasTrust { mode = PILLION_TLS_VERIFY_DEMAND }
        // A client that showed no certificate where it might must not resume where it must.
        identifier.add("mode \(mode)")
        guard let pointer = unsafe pointer else { return }
        unsafe pillion_tls_context_verify(
            pointer,
            Int32(mode),
            acceptsUntrusted ? 1 : 0,
            checksLeaf ? 1 : 0,
            NamePolicy.callback,
            Unmanaged.passUnretained(policy).toOpaque()
        )
    }

    private func applyTicketKeys(_ sources: [DataSource]) throws(TLSContextFailure) {
        var keys: [UInt8] = []
        for source in sources {
            let key = try SecretBytes.read(source, part: .sessionTicketKeys)
            guard key.count == 80 else {
                throw TLSContextFailure(
                    part: .sessionTicketKeys,
                    source: source.place,
                    reason: "a key has 80 bytes, and this one has \(key.count)",
                    hint: "openssl rand 80 makes one"
                )
            }
            keys += key
        }
        try unsafe call(.sessionTicketKeys) {
            unsafe pillion_tls_context_ticket_keys($0, keys, sources.count)
        }
    }
}

extension TLSCertificateSource {
    var places: [DataSource] {
        [chain, privateKey, pkcs12, password, ocspStaple].compactMap(\.self)
    }
}

extension CertificateValidation {
    fileprivate var places: [DataSource] {
        trustDomains.isEmpty ? [trustedCA, crl].compactMap(\.self) : trustDomains.map(\.bundle)
    }
}

extension TLSVersion {
    var words: String {
        switch self {
        case .tls10: "TLS 1.0"
        case .tls11: "TLS 1.1"
        case .tls12: "TLS 1.2"
        case .tls13: "TLS 1.3"
        }
    }
}
