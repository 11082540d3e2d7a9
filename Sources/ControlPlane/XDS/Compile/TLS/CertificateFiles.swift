internal import Document
internal import Identity
internal import Model

/// What the files of TLS hold, looked at before they are used: the one place where that is done.
extension Compilation {
    /// A certificate and its key, which must fit.
    func check(_ certificate: TLSCertificateSource, _ path: FieldPath) {
        let start = problemCount
        if let pkcs12 = certificate.pkcs12 {
            _ = contents(pkcs12, path["pkcs12"])
        }
        if let chain = certificate.chain {
            checkPEM(chain, path["certificate_chain"], ["CERTIFICATE"], "certificate")
        }
        if let key = certificate.privateKey {
            checkPEM(
                key,
                path["private_key"],
                ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY"],
                "private key"
            )
        }
        if let staple = certificate.ocspStaple { _ = contents(staple, path["ocsp_staple"]) }
        if let password = certificate.password { _ = contents(password, path["password"]) }
        guard problemCount == start else { return }
        for problem in CertificateCheck.problems(of: certificate) {
            switch problem.part {
            case .privateKey: say(problem, certificate.privateKey, path["private_key"])
            case .pkcs12: say(problem, certificate.pkcs12, path["pkcs12"])
            case .password: say(problem, certificate.password, path["password"])
            case .ocspStaple: say(problem, certificate.ocspStaple, path["ocsp_staple"])
            case _ where certificate.pkcs12 != nil:
                say(problem, certificate.pkcs12, path["pkcs12"])
            default: say(problem, certificate.chain, path["certificate_chain"])
            }
        }
    }

    /// The certificates of authorities.
    func checkAuthorities(_ source: DataSource, _ path: FieldPath) {
        let start = problemCount
        checkPEM(source, path, ["CERTIFICATE", "TRUSTED CERTIFICATE"], "certificate")
        guard problemCount == start else { return }
        var demands = CertificateValidation()
        demands.trustedCA = source
        for problem in CertificateCheck.problems(of: demands) { say(problem, source, path) }
    }

    /// Lists of revoked certificates.
    func checkRevocations(_ source: DataSource, _ path: FieldPath) {
        let start = problemCount
        checkPEM(source, path, ["X509 CRL"], "list of revoked certificates (X509 CRL)")
        guard problemCount == start else { return }
        var demands = CertificateValidation()
        demands.crl = source
        for problem in CertificateCheck.problems(of: demands) { say(problem, source, path) }
    }

    private func say(
        _ problem: CertificateCheck.Problem,
        _ source: DataSource?,
        _ path: FieldPath
    ) {
        var place = path
        var what = problem.words
        if case .file(let name)? = source {
            place = path["filename"]
            what = "\(quoted(name)): \(what)"
        }
        if problem.isWarning {
            warn(place, what, problem.hint)
        } else {
            refuse(place, what, problem.hint)
        }
    }

    private func checkPEM(
        _ source: DataSource,
        _ path: FieldPath,
        _ labels: [String],
        _ what: String
    ) {
        guard let bytes = contents(source, path) else { return }
        let place: FieldPath
        switch source {
        case .file: place = path["filename"]
        case .inline: place = path
        }
        let found = PEMLabels.all(in: bytes)
        if found.contains(where: labels.contains) { return }
        let name =
            switch source {
            case .file(let name): "\(quoted(name)) holds"
            case .inline: "holds"
            }
        refuse(
            place,
            "\(name) no \(what) in PEM",
            found.isEmpty
                ? "it begins with -----BEGIN \(labels[0])-----"
                : "it holds " + Set(found).sorted().joined(separator: ", ")
        )
    }
}

/// The kinds of what a file in PEM holds (RFC 7468).
enum PEMLabels {
    private static let opening = Array("-----BEGIN ".utf8)
    private static let closing = Array("-----".utf8)
    private static let countMax = 10_000

    /// In the order of the file.
    static func all(in bytes: [UInt8]) -> [String] {
        var labels: [String] = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            var line = line[...]
            while let last = line.last, last == 0x0d || last == 0x20 { line = line.dropLast() }
            guard line.starts(with: opening), line.count < 100 else { continue }
            let inner = line.dropFirst(opening.count)
            guard inner.count > closing.count, inner.suffix(closing.count).elementsEqual(closing)
            else { continue }
            labels.append(String(decoding: inner.dropLast(closing.count), as: UTF8.self))
            if labels.count == countMax { break }
        }
        return labels
    }
}
