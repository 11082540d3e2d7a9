import Model
import Policy

/// `x-forwarded-client-cert`: what the client's certificate says, for the app.
extension Exchange {
    /// The value that the request is to have, before the header that came is removed; nil: none.
    func forwardedCertificate(
        _ rules: ClientCertificateForwarding,
        _ peer: DownstreamPeer
    ) -> Head.Slice? {
        let arrived = request.first(.xForwardedClientCert).map { _ in joinedCertificates() }
        switch rules.mode {
        case .sanitize: return nil
        case .alwaysForwardOnly: return arrived
        case .forwardOnly: return peer.tls?.peer == nil ? nil : arrived
        case .appendForward, .sanitizeSet:
            guard let facts = peer.tls, facts.peer != nil else { return nil }
            let own = ForwardedCertificate.element(facts, rules)
            guard rules.mode == .appendForward, let arrived, !arrived.isEmpty else {
                let bytes = Array(own.utf8)
                return request.append(bytes.span)
            }
            let start = request.byteCount
            request.append(arrived)
            let bytes = Array(",\(own)".utf8)
            request.append(bytes.span)
            return Head.Slice(start, request.byteCount)
        }
    }

    /// Several lines mean the same as one.
    private func joinedCertificates() -> Head.Slice {
        let start = request.byteCount
        var isFirst = true
        for index in 0..<request.fieldCount {
            let field = request.field(at: index)
            if field.known != .xForwardedClientCert || field.isRemoved { continue }
            if !isFirst { request.append(byte: 0x2c) }
            request.append(field.value)
            isFirst = false
        }
        return Head.Slice(start, request.byteCount)
    }
}

/// One element of `x-forwarded-client-cert`, as Envoy writes it.
enum ForwardedCertificate {
    static func element(_ facts: TLSFacts, _ rules: ClientCertificateForwarding) -> String {
        guard let peer = facts.peer else { return "" }
        var parts: [String] = []
        for name in facts.local?.uriNames ?? [] { parts.append("By=\(quoted(name))") }
        parts.append("Hash=\(peer.sha256)")
        if rules.setsCertificate { parts.append("Cert=\"\(escaped(peer.pem))\"") }
        if rules.setsChain { parts.append("Chain=\"\(escaped(peer.chainPEM))\"") }
        if rules.setsSubject {
            // RFC 2253 has escaped quotation marks already.
            parts.append("Subject=\"\(peer.subject)\"")
        }
        if rules.setsURI {
            for name in peer.uriNames { parts.append("URI=\(quoted(name))") }
            if peer.uriNames.isEmpty { parts.append("URI=") }
        }
        if rules.setsDNS {
            for name in peer.dnsNames { parts.append("DNS=\(quoted(name))") }
        }
        return parts.joined(separator: ";")
    }

    /// Puts a name with bytes that separate parts and elements into quotation marks, as the header's
    /// description demands.
    ///
    /// What would end them is percent-encoded. Line ends and the like never come here: no name has
    /// them.
    private static func quoted(_ name: String) -> String {
        let bytes = name.utf8
        guard bytes.contains(where: { ",;=\"\\".utf8.contains($0) }) else { return name }
        let inner = name.replacing("\"", with: "%22").replacing("\\", with: "%5C")
        return "\"\(inner)\""
    }

    /// Percent-encoding of everything that is not unreserved (RFC 3986).
    private static func escaped(_ pem: String) -> String {
        var text: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in pem.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e: text.append(byte)
            default:
                text.append(0x25)
                text.append(digits[Int(byte >> 4)])
                text.append(digits[Int(byte & 15)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
