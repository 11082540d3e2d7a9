import CTLS

/// Turns the configuration's names of ciphers, curves and signatures into OpenSSL's.
enum CipherNames {
    /// Envoy's default list, in its order of preference; TLS 1.3 has three suites of its own.
    static let standard =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
        + "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305:"
        + "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"

    /// Groups with a post-quantum part: they are left out, since OpenSSL 3.0 has none.
    static let unsupportedCurves: Set<String> = [
        "X25519MLKEM768", "X25519Kyber768Draft00", "MLKEM1024", "CECPQ2",
    ]

    /// OpenSSL's list for entries such as `[A|B]`, `-C` or `D:E`.
    ///
    /// BoringSSL's groups of equal preference are flattened: our server lets clients without AES in
    /// hardware have ChaCha20 in any case.
    static func ciphers(_ entries: [String]) throws(TLSContextFailure) -> String {
        guard !entries.isEmpty else { return standard }
        var list: [String] = []
        for entry in entries {
            for token in entry.split(whereSeparator: { ":|[], ".contains($0) }) {
                if token == "@STRENGTH" {
                    list.append(String(token))
                    continue
                }
                let isOperator = token.first.map { "-!+".contains($0) } ?? false
                let name = String(isOperator ? token.dropFirst() : token)
                guard let known = openSSLName(of: name) else { throw unknownCipher(name) }
                list.append(isOperator ? "\(token.prefix(1))\(known)" : known)
            }
        }
        return list.isEmpty ? standard : list.joined(separator: ":")
    }

    static func openSSLName(of name: String) -> String? {
        guard !name.isEmpty, name.utf8.count < 64, !name.utf8.contains(0) else { return nil }
        var known = [CChar](repeating: 0, count: 64)
        guard unsafe pillion_tls_cipher_known(name, &known) == 1 else { return nil }
        let end = known.firstIndex(of: 0) ?? known.count
        return String(decoding: known[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func unknownCipher(_ name: String) -> TLSContextFailure {
        let isNew = ["TLS_AES_", "TLS_CHACHA20_"].contains { name.hasPrefix($0) }
        return TLSContextFailure(
            part: .cipherSuites,
            source: "",
            reason: isNew
                ? "\(name) is a suite of TLS 1.3, which cannot be chosen"
                : "there is no cipher named \(name)",
            hint: isNew ? "leave it out: TLS 1.3 always has its three suites" : ""
        )
    }

    static func curves(_ names: [String]) throws(TLSContextFailure) -> String {
        let wanted = names.filter { !unsupportedCurves.contains($0) }
        guard !wanted.isEmpty else { return "X25519:P-256" }
        for name in wanted where !isCurve(name) {
            throw TLSContextFailure(
                part: .curves,
                source: "",
                reason: "there is no curve named \(name)",
                hint: "X25519, P-256, P-384 and P-521 are known"
            )
        }
        return wanted.joined(separator: ":")
    }

    static func isCurve(_ name: String) -> Bool {
        guard isPlain(name) else { return false }
        return unsafe pillion_tls_group_known(name) == 1
    }

    static func signatures(_ names: [String]) throws(TLSContextFailure) -> String {
        for name in names where !isSignature(name) {
            throw TLSContextFailure(
                part: .signatureAlgorithms,
                source: "",
                reason: "there is no signature algorithm named \(name)"
            )
        }
        return names.map(openSSLSignature).joined(separator: ":")
    }

    /// OpenSSL knows the algorithms with SHA-1 by their parts alone.
    private static func openSSLSignature(_ name: String) -> String {
        switch name {
        case "ecdsa_sha1": "ECDSA+SHA1"
        case "rsa_pkcs1_sha1": "RSA+SHA1"
        default: name
        }
    }

    static func isSignature(_ name: String) -> Bool {
        guard isPlain(name) else { return false }
        return unsafe pillion_tls_signature_known(openSSLSignature(name)) == 1
    }

    /// One name and no list.
    private static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count < 64 && !name.utf8.contains { $0 == 0 || $0 == 0x3A }
    }
}
