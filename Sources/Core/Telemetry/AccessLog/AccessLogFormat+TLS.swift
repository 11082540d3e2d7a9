import Model

extension AccessLogFormat {
    /// A fact of the client's or the endpoint's handshake.
    func renderTLS(
        _ record: borrowing ExchangeRecord,
        _ step: FormatInstruction,
        _ line: LineBuffer
    ) {
        let style = step.style
        guard let field = TLSField(code: step.a),
            let facts = field.isUpstream ? record.upstreamTLS : record.downstreamTLS
        else { return line.appendAbsent(style) }
        switch field.value {
        case .version: return line.append(facts.version.name, style)
        case .cipher: return line.append(facts.cipherSuite, style)
        case .sessionID: return line.append(facts.sessionID, style)
        case .group: return line.append(facts.curve, style)
        default: break
        }
        guard let certificate = field.certificate == .peer ? facts.peer : facts.local else {
            return line.appendAbsent(style)
        }
        switch field.value {
        case .subject: line.append(certificate.subject, style)
        case .issuer: line.append(certificate.issuer, style)
        case .serial: line.append(certificate.serialNumber, style)
        case .sha256: line.append(certificate.sha256, style)
        case .sha1: line.append(certificate.sha1, style)
        case .uriNames: line.append(joined: certificate.uriNames, style)
        case .dnsNames: line.append(joined: certificate.dnsNames, style)
        case .ipNames: line.append(joined: certificate.ipNames, style)
        case .emailNames: line.append(joined: certificate.emailNames, style)
        case .pem: line.append(percentEncoded: certificate.pem, style)
        case .notBefore: renderDate(certificate.notBefore, step, line)
        case .notAfter: renderDate(certificate.notAfter, step, line)
        case .chainSHA256: line.append(joined: certificate.chainSHA256, style)
        case .chainSHA1: line.append(joined: certificate.chainSHA1, style)
        case .chainSerials: line.append(joined: certificate.chainSerialNumbers, style)
        case .version, .cipher, .sessionID, .group: line.appendAbsent(style)
        }
    }

    /// Where an attempt was reset, also why its transport failed, before the closing brace.
    func renderDetails(
        _ record: borrowing ExchangeRecord,
        _ style: FormatInstruction.Style,
        _ line: LineBuffer
    ) {
        let details = record.responseCodeDetails
        let reason = record.upstreamTransportFailureReason
        guard !reason.isEmpty, details.description.hasPrefix("upstream_reset_"),
            details.description.hasSuffix("}")
        else { return line.append(details, style) }
        line.append(reason: "\(details.description.dropLast())|\(reason)}", style)
    }

    /// A point of time in the format of the argument, or as `%START_TIME%` without one.
    private func renderDate(_ seconds: Int64, _ step: FormatInstruction, _ line: LineBuffer) {
        // A certificate may say any year: what no clock can show is cut off.
        let microseconds = min(max(seconds, Self.firstSecond), Self.lastSecond) * 1_000_000
        if step.b > 0 {
            var format = step
            format.a = step.b - 1
            return renderTime(microseconds, format, line)
        }
        if step.style == .jsonValue { line.append(byte: 0x22) }
        line.append(timestamp: microseconds)
        if step.style == .jsonValue { line.append(byte: 0x22) }
    }

    /// The years 1 and 9999.
    private static let firstSecond: Int64 = -62_135_596_800
    private static let lastSecond: Int64 = 253_402_300_799
}

extension LineBuffer {
    /// Texts with commas between them; absent where there is none.
    fileprivate func append(joined texts: [String], _ style: FormatInstruction.Style) {
        switch texts.count {
        case 0: appendAbsent(style)
        case 1: append(texts[0], style)
        default: append(texts.joined(separator: ","), style)
        }
    }

    /// PEM in one line: what stands between the words and lines is percent-encoded.
    fileprivate func append(percentEncoded pem: String, _ style: FormatInstruction.Style) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(pem.utf8.count * 9 / 8)
        for byte in pem.utf8 {
            switch byte {
            case 0x0a, 0x20, 0x2b, 0x2f, 0x3d:
                bytes.append(0x25)
                bytes.append(0x30 + byte >> 4)
                let low = byte & 15
                bytes.append(low < 10 ? 0x30 + low : 0x37 + low)
            default: bytes.append(byte)
            }
        }
        append(bytes.span, style)
    }

    /// A reason in one word, as Envoy has it: spaces are underscores.
    func append(reason text: String, _ style: FormatInstruction.Style) {
        let bytes = text.utf8.map { $0 == 0x20 ? 0x5f : $0 }
        append(bytes.span, style)
    }
}
