internal import CompanionKit
internal import Identity
internal import Model

/// AWS's keys, and until when they hold.
struct AWSCredentials: Sendable, Equatable {
    var accessKey: String
    var secretKey: String
    var sessionToken: String?
    /// Seconds since 1970; nil: for ever.
    var expires: Int64?
}

/// Signature version 4 of one request.
struct RequestSignature {
    var credentials: AWSCredentials
    var region: String
    var service: String
    /// Seconds since 1970.
    var time: Int64

    /// Adds `x-amz-date` and `authorization`, and the token and the body's digest where they belong.
    func sign(_ request: inout HTTPRequest, authority: String, basePath: String) {
        let date = Self.date(time)
        let body = request.body
        let digest = Digest.hexadecimal(Digest.sha256(body.span))
        request.headers.removeAll { Self.own.contains($0.name.lowercased()) }
        request.headers.append(("x-amz-date", date))
        if let token = credentials.sessionToken {
            request.headers.append(("x-amz-security-token", token))
        }
        if service == "s3" || service == "aoss" {
            request.headers.append(("x-amz-content-sha256", digest))
        }
        let fields =
            (request.headers.map { ($0.name.lowercased(), Self.trimmed($0.value)) }
            + [("host", authority)]).sorted { $0.0 < $1.0 }
        let names = fields.map(\.0).joined(separator: ";")
        let canonical = Self.canonical(
            method: request.method,
            target: basePath + request.path,
            fields: fields,
            names: names,
            digest: digest,
            // S3 signs the path as it is sent; the others encode it once more.
            encodesTwice: service != "s3"
        )
        let day = String(date.prefix(8))
        let scope = "\(day)/\(region)/\(service)/aws4_request"
        let canonicalBytes = Array(canonical.utf8)
        let hash = Digest.hexadecimal(Digest.sha256(canonicalBytes.span))
        let text = Array("AWS4-HMAC-SHA256\n\(date)\n\(scope)\n\(hash)".utf8)
        let key = Self.key(credentials.secretKey, day: day, region: region, service: service)
        let signature = Digest.hexadecimal(Digest.hmacSHA256(key: key, text.span))
        request.headers.append(
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope), "
                    + "SignedHeaders=\(names), Signature=\(signature)"
            )
        )
    }

    private static let own: Set<String> = [
        "authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256", "host",
    ]

    /// The key that signs, derived from the secret for one day, region and service.
    static func key(_ secret: String, day: String, region: String, service: String) -> [UInt8] {
        var key = Array("AWS4\(secret)".utf8)
        for part in [day, region, service, "aws4_request"] {
            let bytes = Array(part.utf8)
            key = Digest.hmacSHA256(key: key, bytes.span)
        }
        return key
    }

    /// `20150830T123600Z`.
    static func date(_ seconds: Int64) -> String {
        let (nanoseconds, isTooLarge) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let time = LogTime.civil(isTooLarge ? 0 : nanoseconds)
        var out: [UInt8] = []
        LogTime.appendNumber(time.year, width: 4, &out)
        LogTime.appendNumber(time.month, width: 2, &out)
        LogTime.appendNumber(time.day, width: 2, &out)
        out.append(UInt8(ascii: "T"))
        LogTime.appendNumber(time.hour, width: 2, &out)
        LogTime.appendNumber(time.minute, width: 2, &out)
        LogTime.appendNumber(time.second, width: 2, &out)
        out.append(UInt8(ascii: "Z"))
        return String(decoding: out, as: UTF8.self)
    }

    /// The request as the signature sees it.
    static func canonical(
        method: String,
        target: String,
        fields: [(String, String)],
        names: String,
        digest: String,
        encodesTwice: Bool
    ) -> String {
        let split = target.firstIndex(of: "?") ?? target.endIndex
        var path = String(target[..<split])
        if path.isEmpty { path = "/" }
        if encodesTwice { path = encoded(path, keepsSlash: true) }
        let query = target[split...].dropFirst().split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = encoded(decoded(parts[0]), keepsSlash: false)
            return name + "="
                + (parts.count > 1 ? encoded(decoded(parts[1]), keepsSlash: false) : "")
        }
        let lines = fields.map { "\($0.0):\($0.1)\n" }.joined()
        return "\(method)\n\(path)\n\(query.sorted().joined(separator: "&"))\n\(lines)\n\(names)\n"
            + digest
    }

    private static func trimmed(_ value: String) -> String {
        value.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
    }

    /// Percent-encoded as RFC 3986 has it: letters, digits and `-._~` stay.
    static func encoded(_ text: String, keepsSlash: Bool) -> String {
        var out: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e: out.append(byte)
            case 0x2f where keepsSlash: out.append(byte)
            default: out += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func decoded(_ text: Substring) -> String {
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == 0x25, index + 2 < bytes.count,
                let value = UInt8(
                    String(decoding: bytes[index + 1...index + 2], as: UTF8.self),
                    radix: 16
                )
            {
                out.append(value)
                index += 3
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
