internal import CompanionKit

/// Sends chunks as OTLP over gRPC.
final class OTLPCallSender: ChunkSender {
    private let clients: [GRPCClient]
    private let tls: ClientTLSFiles?
    private let headers: [(name: String, value: String)]
    private let deflater: Deflater?
    private var current = 0
    private static let path = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"

    init(_ options: OTLPOptions) throws(SinkFailure) {
        let target = options.target
        let endpoints = try HTTPSender.endpoints(target.urls)
        let files = try HTTPSender.tlsFiles(target.tls, endpoints)
        tls = files
        clients = endpoints.map {
            GRPCClient(endpoint: $0, tls: files?.current, timeout: target.timeout)
        }
        var headers = target.headers.map { (name: $0.name.lowercased(), value: $0.value) }
        switch target.auth {
        case .none: break
        case .basic(let user, let password):
            headers.append(
                ("authorization", "Basic \(Base64.encode(Array("\(user):\(password)".utf8)))")
            )
        case .bearer(let token): headers.append(("authorization", "Bearer \(token)"))
        case .apiKey(let key): headers.append(("authorization", "ApiKey \(key)"))
        case .sigV4:
            throw SinkFailure("AWS signs no gRPC", hint: "write transport: http")
        }
        self.headers = headers
        deflater = target.compression ? Deflater() : nil
    }

    func send(_ chunk: borrowing Chunk, cancellation: Cancellation) -> SendOutcome {
        var message = OTLPRequest.protobuf(chunk)
        var encoding: String?
        if let deflater {
            let plain = message
            if let packed = deflater.gzip(plain.span) {
                message = packed
                encoding = "gzip"
            }
        }
        if let tls, tls.refresh() {
            for client in clients { client.renew(tls.current) }
        }
        var failure: GRPCClient.Failure?
        for _ in clients.indices {
            do throws(GRPCClient.Failure) {
                let answer = try clients[current].call(
                    Self.path,
                    headers: headers,
                    message: message,
                    encoding: encoding,
                    cancellation: cancellation
                )
                let outcome = Self.judge(answer, items: chunk.items.count)
                if case .again = outcome { passOver() }
                return outcome
            } catch {
                failure = error
                if error.isCancelled { break }
                passOver()
                guard case .stream(let inner) = error, inner.isBeforeRequest else { break }
            }
        }
        return .again(why: failure?.description ?? "there is no server", after: nil)
    }

    private func passOver() { current = (current + 1) % clients.count }

    /// The statuses that OTLP lets a client try again; all others are final.
    static func judge(_ answer: GRPCAnswer, items: Int) -> SendOutcome {
        let words = answer.status.words
        // A router or another program answers: it knows nothing of the records.
        guard answer.isFromPeer else { return .again(why: words, after: nil) }
        switch answer.status.code {
        case .ok:
            guard let partial = OTLPRequest.partialSuccess(protobuf: answer.message) else {
                return .again(why: "the answer is none of an OTLP collector", after: nil)
            }
            return OTLPRequest.judge(partial, items: items)
        case .resourceExhausted:
            // Without a time to wait it is the message that is too large.
            if let delay = retryDelay(answer) { return .again(why: words, after: delay) }
            let isSize = answer.status.message.contains("larger than max")
            return isSize ? .tooLarge(why: words) : .again(why: words, after: nil)
        case .cancelled, .deadlineExceeded, .aborted, .outOfRange, .unavailable, .dataLoss:
            return .again(why: words, after: retryDelay(answer))
        case .unauthenticated, .permissionDenied:
            return .again(why: "\(words): the credentials are not taken", after: nil)
        case .unknown, .invalidArgument, .notFound, .alreadyExists, .failedPrecondition,
            .unimplemented, .internal:
            return .refused(why: words)
        }
    }

    /// `retry_delay` of the `RetryInfo` in a `google.rpc.Status`.
    static func retryDelay(_ answer: GRPCAnswer) -> Duration? {
        guard let details = answer.details, let bytes = Base64.decode(details) else { return nil }
        var status = ProtobufReader(bytes[...])
        while let field = status.next() {
            guard field.number == 3, let any = field.bytes else { continue }
            var isRetry = false
            var value: ArraySlice<UInt8>?
            var parts = ProtobufReader(any)
            while let part = parts.next() {
                if part.number == 1, let type = part.bytes {
                    isRetry = String(decoding: type, as: UTF8.self).hasSuffix(
                        "google.rpc.RetryInfo"
                    )
                }
                if part.number == 2 { value = part.bytes }
            }
            guard isRetry, let value else { continue }
            var info = ProtobufReader(value)
            while let part = info.next() {
                guard part.number == 1, let duration = part.bytes else { continue }
                var inner = ProtobufReader(duration)
                var seconds: UInt64 = 0
                while let number = inner.next() {
                    if number.number == 1 { seconds = number.varint ?? 0 }
                }
                return .seconds(Int64(min(seconds, 86_400)))
            }
        }
        return nil
    }

    func close() {
        for client in clients { client.close() }
    }
}
