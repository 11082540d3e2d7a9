internal import CompanionKit
import Glibc
internal import Identity

/// Why there are no credentials, in words.
struct CredentialFailure: Error {
    var what: String
}

/// Finds AWS's credentials where its own programs do, and asks again before they expire.
///
/// In this order: the configuration, the environment, a web identity, the container's endpoint, and the
/// instance's. Used by one thread.
final class CredentialSource {
    private let aws: AWSOptions
    private let environment: @Sendable (String) -> String?
    private var cached: AWSCredentials?
    /// Seconds before the end at which new ones are asked for.
    private static let margin: Int64 = 300
    private static let timeout: Int64 = 5000

    init(_ aws: AWSOptions, environment: @escaping @Sendable (String) -> String?) {
        self.aws = aws
        self.environment = environment
    }

    static let environment: @Sendable (String) -> String? = { name in
        guard let value = unsafe getenv(name) else { return nil }
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }

    func forget() { cached = nil }

    /// Credentials that hold for some minutes more.
    ///
    /// Where new ones can't be had, the old ones serve until their very end.
    func credentials(
        now: Int64,
        cancellation: Cancellation
    ) throws(CredentialFailure) -> AWSCredentials {
        if let cached, cached.expires.map({ $0 - now > Self.margin }) ?? true { return cached }
        do throws(CredentialFailure) {
            var found = try base(cancellation)
            if let role = aws.assumedRole {
                found = try assume(role, with: found, now: now, cancellation)
            }
            // They stand in fields of each request, and would be kept although none can be written.
            let written = found.accessKey + (found.sessionToken ?? "")
            guard written.utf8.allSatisfy({ (0x21...0x7e).contains($0) }), !found.accessKey.isEmpty
            else { throw CredentialFailure(what: "the keys found are no text for a field") }
            cached = found
            return found
        } catch {
            if let cached, let expires = cached.expires, expires > now { return cached }
            throw error
        }
    }

    // MARK: - Sources

    private func base(_ cancellation: Cancellation) throws(CredentialFailure) -> AWSCredentials {
        if let key = aws.accessKey, let secret = aws.secretKey {
            return AWSCredentials(
                accessKey: key,
                secretKey: secret,
                sessionToken: aws.sessionToken
            )
        }
        if let key = environment("AWS_ACCESS_KEY_ID"),
            let secret = environment("AWS_SECRET_ACCESS_KEY")
        {
            return AWSCredentials(
                accessKey: key,
                secretKey: secret,
                sessionToken: environment("AWS_SESSION_TOKEN")
            )
        }
        if let file = environment("AWS_WEB_IDENTITY_TOKEN_FILE"),
            let role = environment("AWS_ROLE_ARN")
        {
            return try webIdentity(file, role, cancellation)
        }
        if let credentials = try container(cancellation) { return credentials }
        if environment("AWS_EC2_METADATA_DISABLED")?.lowercased() == "true" {
            throw CredentialFailure(what: "the environment has none")
        }
        return try instance(cancellation)
    }

    private func webIdentity(
        _ file: String,
        _ role: String,
        _ cancellation: Cancellation
    ) throws(CredentialFailure) -> AWSCredentials {
        let token = try read(file)
        let session = environment("AWS_ROLE_SESSION_NAME") ?? "pillion"
        let query =
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
            + "&RoleArn=\(RequestSignature.encoded(role, keepsSlash: false))"
            + "&RoleSessionName=\(RequestSignature.encoded(session, keepsSlash: false))"
            + "&WebIdentityToken=\(RequestSignature.encoded(token, keepsSlash: false))"
        let request = HTTPRequest(
            method: "POST",
            path: "/",
            headers: [("content-type", "application/x-www-form-urlencoded")],
            body: Array(query.utf8)
        )
        return try tokenService(request, signedWith: nil, now: 0, cancellation)
    }

    private func assume(
        _ role: String,
        with credentials: AWSCredentials,
        now: Int64,
        _ cancellation: Cancellation
    ) throws(CredentialFailure) -> AWSCredentials {
        let query =
            "Action=AssumeRole&Version=2011-06-15&RoleSessionName=pillion"
            + "&RoleArn=\(RequestSignature.encoded(role, keepsSlash: false))"
        let request = HTTPRequest(
            method: "POST",
            path: "/",
            headers: [("content-type", "application/x-www-form-urlencoded")],
            body: Array(query.utf8)
        )
        return try tokenService(request, signedWith: credentials, now: now, cancellation)
    }

    private func tokenService(
        _ request: HTTPRequest,
        signedWith credentials: AWSCredentials?,
        now: Int64,
        _ cancellation: Cancellation
    ) throws(CredentialFailure) -> AWSCredentials {
        let url =
            environment("AWS_ENDPOINT_URL_STS") ?? "https://sts.\(aws.region).amazonaws.com"
        guard let endpoint = HTTPEndpoint(url) else {
            throw CredentialFailure(what: "'\(url)' is no URL")
        }
        var request = request
        if let credentials {
            let signature = RequestSignature(
                credentials: credentials,
                region: aws.region,
                service: "sts",
                time: now
            )
            signature.sign(&request, authority: endpoint.authority, basePath: endpoint.basePath)
        }
        let body = try ask(endpoint, request, "the token service", cancellation)
        let text = String(decoding: body, as: UTF8.self)
        guard let key = Self.element("AccessKeyId", text),
            let secret = Self.element("SecretAccessKey", text),
            let token = Self.element("SessionToken", text)
        else { throw CredentialFailure(what: "the token service answers without credentials") }
        return AWSCredentials(
            accessKey: key,
            secretKey: secret,
            sessionToken: token,
            expires: Self.element("Expiration", text).flatMap(Self.time)
        )
    }

    /// The endpoint of ECS and of EKS's pod identities.
    private func container(
        _ cancellation: Cancellation
    ) throws(CredentialFailure) -> AWSCredentials? {
        let url: String
        if let relative = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            url = "http://169.254.170.2" + relative
        } else if let full = environment("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            url = full
        } else {
            return nil
        }
        guard let endpoint = HTTPEndpoint(url) else {
            throw CredentialFailure(what: "'\(url)' is no URL")
        }
        var headers: [(name: String, value: String)] = []
        if let file = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            headers.append(("authorization", try read(file)))
        } else if let token = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN") {
            headers.append(("authorization", token))
        }
        let request = HTTPRequest(method: "GET", path: "", headers: headers)
        return try Self.credentials(
            of: try ask(endpoint, request, "the container's endpoint", cancellation)
        )
    }

    /// The instance's metadata, version 2: a token first.
    private func instance(
        _ cancellation: Cancellation
    ) throws(CredentialFailure) -> AWSCredentials {
        let url = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT") ?? "http://169.254.169.254"
        guard let endpoint = HTTPEndpoint(url) else {
            throw CredentialFailure(what: "'\(url)' is no URL")
        }
        let what = "the instance's metadata"
        let token = String(
            decoding: try ask(
                endpoint,
                HTTPRequest(
                    method: "PUT",
                    path: "/latest/api/token",
                    headers: [("x-aws-ec2-metadata-token-ttl-seconds", "21600")]
                ),
                what,
                cancellation
            ),
            as: UTF8.self
        )
        let headers = [(name: "x-aws-ec2-metadata-token", value: token)]
        let path = "/latest/meta-data/iam/security-credentials/"
        let roles = try ask(
            endpoint,
            HTTPRequest(method: "GET", path: path, headers: headers),
            what,
            cancellation
        )
        let role = String(decoding: roles, as: UTF8.self).split(separator: "\n").first ?? ""
        guard !role.isEmpty else { throw CredentialFailure(what: "the instance has no role") }
        let name = RequestSignature.encoded(String(role), keepsSlash: false)
        return try Self.credentials(
            of: try ask(
                endpoint,
                HTTPRequest(method: "GET", path: path + name, headers: headers),
                what,
                cancellation
            )
        )
    }

    // MARK: - Reading

    private func ask(
        _ endpoint: HTTPEndpoint,
        _ request: HTTPRequest,
        _ what: String,
        _ cancellation: Cancellation
    ) throws(CredentialFailure) -> [UInt8] {
        let tls = try tls(endpoint)
        let client = HTTPClient(endpoint: endpoint, tls: tls, timeout: Self.timeout)
        defer { client.close() }
        do throws(HTTPClient.Failure) {
            let response = try client.send(request, bodyMax: 64 << 10, cancellation: cancellation)
            guard response.status == 200 else {
                throw HTTPClient.Failure.malformed(AnswerJudge.words(response))
            }
            return response.body
        } catch .malformed(let words) {
            throw CredentialFailure(what: "\(what) answers with \(words)")
        } catch {
            throw CredentialFailure(what: "\(what): \(error)")
        }
    }

    private func tls(_ endpoint: HTTPEndpoint) throws(CredentialFailure) -> ClientTLS? {
        do throws(SinkFailure) {
            return try HTTPSender.tls(SinkTLSOptions(), [endpoint])
        } catch {
            throw CredentialFailure(what: error.what)
        }
    }

    private func read(_ path: String) throws(CredentialFailure) -> String {
        do throws(FileFailure) {
            guard let bytes = try AtomicFile.read(path, bytesMax: 64 << 10) else {
                throw FileFailure(path: path, call: "open", code: ENOENT)
            }
            let text = bytes.split { $0 <= 0x20 }.first ?? []
            return String(decoding: text, as: UTF8.self)
        } catch {
            throw CredentialFailure(what: error.description)
        }
    }

    private static func credentials(
        of body: [UInt8]
    ) throws(CredentialFailure) -> AWSCredentials {
        guard let fields = AnswerFields.read(body), let key = fields["AccessKeyId"],
            let secret = fields["SecretAccessKey"]
        else { throw CredentialFailure(what: "an endpoint answers without credentials") }
        return AWSCredentials(
            accessKey: key,
            secretKey: secret,
            sessionToken: fields["Token"],
            expires: fields["Expiration"].flatMap(time)
        )
    }

    /// Seconds since 1970 of `2026-11-21T16:20:00Z`.
    static func time(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 19, bytes.count <= 40, bytes[10] == UInt8(ascii: "T") else {
            return nil
        }
        func number(_ range: Range<Int>) -> Int? {
            Int(String(decoding: bytes[range], as: UTF8.self))
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        let days = LogTime.days(year: year, month: month, day: day)
        return Int64(days) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
    }

    /// The text of an element of XML.
    private static func element(_ name: String, _ text: String) -> String? {
        let parts = text.split(
            separator: "<\(name)>",
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        guard parts.count == 2, let end = parts[1].firstIndex(of: "<") else { return nil }
        return String(parts[1][..<end])
    }
}
