import CTLS
import Model

/// What is demanded of a leaf whose chain is trusted: names, and digests of it or its key.
///
/// The subject's common name is never looked at.
final class NamePolicy: Sendable {
    let matchers: [SubjectAltNameMatcher]
    let certificateHashes: [[UInt8]]
    let keyHashes: [[UInt8]]
    /// The name that a session demands stands for the matchers (`auto_sni_san_validation`), where it
    /// is not demanded besides (`auto_san_validation`).
    private let nameReplacesMatchers: Bool

    init(_ validation: CertificateValidation, nameReplacesMatchers: Bool = false) {
        self.nameReplacesMatchers = nameReplacesMatchers
        // The SPIFFE validator looks at URIs alone, as Envoy's.
        matchers =
            validation.trustDomains.isEmpty
            ? validation.subjectAltNames
            : validation.subjectAltNames.filter { $0.kind == .uri }
        certificateHashes = validation.certificateHashes
        keyHashes = validation.spkiHashes
    }

    /// The C side's callback.
    static let callback: pillion_tls_check = { policy, leaf, name, count in
        guard let policy = unsafe policy, let leaf = unsafe leaf else {
            return Int32(PILLION_TLS_CHECK_NAME)
        }
        let checked = unsafe Unmanaged<NamePolicy>.fromOpaque(policy).takeUnretainedValue()
        let demanded = unsafe Array(UnsafeBufferPointer(start: name, count: count))
        return unsafe checked.check(leaf, demandedName: demanded)
    }

    /// - Parameter demandedName: empty: none in particular.
    @unsafe
    private func check(_ leaf: OpaquePointer, demandedName: [UInt8]) -> Int32 {
        if !demandedName.isEmpty || !matchers.isEmpty {
            let names = unsafe FieldSink.collect { emit, argument in
                unsafe pillion_x509_names(leaf, emit, argument)
            }
            let isNamed = demandedName.isEmpty || names.contains { $0.isName(demandedName) }
            let asksMatchers =
                !matchers.isEmpty && (demandedName.isEmpty || !nameReplacesMatchers)
            guard isNamed, !asksMatchers || matches(names) else {
                return Int32(PILLION_TLS_CHECK_NAME)
            }
        }
        if !certificateHashes.isEmpty || !keyHashes.isEmpty {
            guard unsafe hasKnownHash(leaf) else { return Int32(PILLION_TLS_CHECK_HASH) }
        }
        return Int32(PILLION_TLS_CHECK_PASSED)
    }

    private func matches(_ names: [FieldSink.Field]) -> Bool {
        for matcher in matchers {
            for name in names where matcher.matches(name) { return true }
        }
        return false
    }

    @unsafe
    private func hasKnownHash(_ leaf: OpaquePointer) -> Bool {
        var digest = [UInt8](repeating: 0, count: 32)
        if !certificateHashes.isEmpty, unsafe pillion_x509_digest(leaf, &digest) == 1,
            certificateHashes.contains(digest)
        {
            return true
        }
        guard !keyHashes.isEmpty, unsafe pillion_x509_key_digest(leaf, &digest) == 1 else {
            return false
        }
        return keyHashes.contains(digest)
    }

    /// For messages: what a name must be.
    var demands: String {
        var parts: [String] = []
        if !matchers.isEmpty {
            parts.append(
                "one of the names " + matchers.prefix(5).map(\.words).joined(separator: ", ")
                    + (matchers.count > 5 ? ", …" : "")
            )
        }
        let hashes = certificateHashes.count + keyHashes.count
        if hashes > 0 { parts.append("one of \(hashes) pinned digests") }
        return parts.joined(separator: " and ")
    }
}

extension FieldSink.Field {
    /// Whether the host of this name or address may show the certificate.
    fileprivate func isName(_ host: [UInt8]) -> Bool {
        switch kind {
        case FieldKind.dns: DNSNameMatch.matches(name: host, pattern: bytes)
        case FieldKind.ip: bytes == host
        default: false
        }
    }
}

extension SubjectAltNameMatcher {
    fileprivate func matches(_ name: FieldSink.Field) -> Bool {
        switch kind {
        case .dns:
            guard name.kind == FieldKind.dns else { return false }
            // An exact matcher of DNS names understands the certificate's wildcards.
            if case .exact(let text) = matcher.pattern {
                return DNSNameMatch.matches(name: text.bytes, pattern: name.bytes)
            }
            return matcher.matches(name.bytes.span)
        case .uri: return name.kind == FieldKind.uri && matcher.matches(name.bytes.span)
        case .email: return name.kind == FieldKind.email && matcher.matches(name.bytes.span)
        case .ipAddress: return name.kind == FieldKind.ip && matcher.matches(name.bytes.span)
        case .other(let identifier):
            guard name.kind == FieldKind.other, let end = name.bytes.firstIndex(of: 0),
                name.bytes[..<end].elementsEqual(identifier.utf8)
            else { return false }
            let value = Array(name.bytes[(end + 1)...])
            return matcher.matches(value.span)
        }
    }

    /// For messages, and for telling contexts apart.
    var words: String {
        let name =
            switch kind {
            case .email: "email"
            case .dns: "DNS"
            case .uri: "URI"
            case .ipAddress: "IP"
            case .other(let identifier): identifier
            }
        return switch matcher.pattern {
        case .exact(let text): "\(name) \(text)"
        case .prefix(let text): "\(name) \(text)…"
        case .suffix(let text): "\(name) …\(text)"
        case .contains(let text): "\(name) …\(text)…"
        case .regex(let expression): "\(name) ~\(expression.pattern)"
        }
    }
}
