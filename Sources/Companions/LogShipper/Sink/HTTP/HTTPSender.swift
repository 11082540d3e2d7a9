internal import CompanionKit
internal import Model

/// Makes the requests of one sink: to the first of its servers that can be reached, with its fields and
/// credentials, compressed where that is asked for.
///
/// Used by one thread.
final class HTTPSender {
    private let target: HTTPTarget
    private let clients: [HTTPClient]
    private let tls: ClientTLSFiles?
    private let deflater: Deflater?
    private let authorization: String?
    private let signer: RequestSigner?
    /// The server that was reached last.
    private var current = 0

    init(_ target: HTTPTarget, timeout: Int64? = nil) throws(SinkFailure) {
        self.target = target
        let endpoints = try Self.endpoints(target.urls)
        let files = try Self.tlsFiles(target.tls, endpoints)
        tls = files
        clients = endpoints.map {
            HTTPClient(endpoint: $0, tls: files?.current, timeout: timeout ?? target.timeout)
        }
        deflater = target.compression ? Deflater() : nil
        var signer: RequestSigner?
        switch target.auth {
        case .none: authorization = nil
        case .basic(let user, let password):
            let words = Array("\(user):\(password)".utf8)
            authorization = "Basic \(Base64.encode(words))"
        case .bearer(let token): authorization = "Bearer \(token)"
        case .apiKey(let key): authorization = "ApiKey \(key)"
        case .sigV4(let aws, let service):
            authorization = nil
            signer = RequestSigner(aws, service: service)
        }
        self.signer = signer
    }

    /// The servers of a configuration, or what is wrong with them.
    static func endpoints(_ urls: [String]) throws(SinkFailure) -> [HTTPEndpoint] {
        guard !urls.isEmpty else { throw SinkFailure("it has no URL") }
        var endpoints: [HTTPEndpoint] = []
        for url in urls {
            guard let endpoint = HTTPEndpoint(url) else {
                throw SinkFailure("'\(url)' is no URL", hint: "write https://host:port/path")
            }
            endpoints.append(endpoint)
        }
        return endpoints
    }

    static func tls(
        _ options: SinkTLSOptions,
        _ endpoints: [HTTPEndpoint]
    ) throws(SinkFailure) -> ClientTLS? {
        try tlsFiles(options, endpoints)?.current
    }

    /// What TLS needs, where one of the servers speaks it.
    static func tlsFiles(
        _ options: SinkTLSOptions,
        _ endpoints: [HTTPEndpoint]
    ) throws(SinkFailure) -> ClientTLSFiles? {
        guard endpoints.contains(where: \.isTLS) else { return nil }
        return try SinkTLS.files(options)
    }

    /// Where the next request goes.
    var endpoint: HTTPEndpoint { clients[current].endpoint }

    func close() {
        for client in clients { client.close() }
    }

    /// Makes one request.
    ///
    /// A server that can't be reached is passed over for the next one at once; one that fails otherwise
    /// is the last that is tried the next time.
    ///
    /// - Parameter path: what comes after the URL's own path; nil for the URL's path as it stands.
    func send(
        _ method: String,
        path: String?,
        headers: [(name: String, value: String)],
        body: [UInt8],
        cancellation: Cancellation,
        onBody: ((Span<UInt8>) -> Bool)? = nil
    ) throws(HTTPClient.Failure) -> HTTPResponse {
        var fields = target.headers.map { (name: $0.name.lowercased(), value: $0.value) }
        for header in headers where !fields.contains(where: { $0.name == header.name }) {
            fields.append(header)
        }
        var body = body
        if let deflater, !body.isEmpty, !fields.contains(where: { $0.name == "content-encoding" }) {
            let plain = body
            if let packed = deflater.gzip(plain.span) {
                body = packed
                fields.append(("content-encoding", "gzip"))
            }
        }
        if let authorization { fields.append(("authorization", authorization)) }
        if let tls, tls.refresh() {
            for client in clients { client.renew(tls.current) }
        }
        var failure: HTTPClient.Failure?
        for _ in clients.indices {
            let client = clients[current]
            var request = HTTPRequest(
                method: method,
                path: path ?? Self.rest(of: client.endpoint),
                headers: fields,
                body: body
            )
            if let signer {
                do throws(CredentialFailure) {
                    try signer.sign(&request, for: client.endpoint, cancellation: cancellation)
                } catch {
                    throw .stream(.failed("no AWS credentials: \(error.what)"))
                }
            }
            do throws(HTTPClient.Failure) {
                let response = try client.send(
                    request,
                    cancellation: cancellation,
                    onBody: onBody
                )
                if response.status >= 500 { passOver() }
                // Keys may end before their time; AWS says so with 400, too.
                if let signer, AWSAnswer.blamesCredentials(response) { signer.forget() }
                return response
            } catch {
                if error.isCancelled { throw error }
                passOver()
                failure = error
                guard case .stream(let inner) = error, inner.isBeforeRequest else { throw error }
            }
        }
        throw failure ?? .stream(.failed("there is no server"))
    }

    private func passOver() { current = (current + 1) % clients.count }

    /// What the exact path has after the base path: a slash at the end.
    private static func rest(of endpoint: HTTPEndpoint) -> String {
        String(endpoint.exactPath.dropFirst(endpoint.basePath.count))
    }
}

extension StreamFailure {
    /// True where no request can have arrived.
    var isBeforeRequest: Bool {
        switch self {
        case .resolve, .connect: true
        default: false
        }
    }
}
