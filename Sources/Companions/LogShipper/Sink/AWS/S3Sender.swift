internal import CompanionKit
internal import Identity

/// Puts each chunk as an object of its own.
///
/// The key has a digest of what the chunk consists of: the same records sent again overwrite the same
/// object, and others never do.
final class S3Sender: ChunkSender {
    private let sender: HTTPSender
    private let options: S3Options
    private let deflater: Deflater?

    init(_ options: S3Options) throws(SinkFailure) {
        var target = options.target
        let bucket = RequestSignature.encoded(options.bucket, keepsSlash: false)
        var isPathStyle = options.usesPathStyle
        if target.urls.isEmpty, let endpoint = options.aws.endpoint { target.urls = [endpoint] }
        if target.urls.isEmpty {
            // Names with dots fit no certificate.
            isPathStyle = isPathStyle || options.bucket.contains(".")
            let host = "s3.\(options.aws.region).amazonaws.com"
            target.urls = ["https://" + (isPathStyle ? host : "\(bucket).\(host)")]
        } else if !isPathStyle {
            target.urls = target.urls.map { url in
                guard let end = url.range(of: "://") else { return url }
                return "\(url[..<end])\(bucket).\(url[end...])"
            }
        }
        if isPathStyle { target.urls = target.urls.map { $0.adding(path: "/\(bucket)") } }
        target.auth = .sigV4(options.aws, service: "s3")
        deflater = target.compression ? Deflater(level: 6) : nil
        // The object itself is compressed here, and not its way to the server.
        target.compression = false
        sender = try HTTPSender(target)
        self.options = options
    }

    func send(_ chunk: borrowing Chunk, cancellation: Cancellation) -> SendOutcome {
        var body: [UInt8] = []
        body.reserveCapacity(chunk.bytes.count)
        let bytes = chunk.bytes
        for item in chunk.items {
            let start = min(Int(item.start) + S3Encoder.prefixCount, Int(item.end))
            body += bytes[start..<Int(item.end)]
        }
        var headers = [(name: "content-type", value: "application/x-ndjson")]
        if let deflater {
            let plain = body
            guard let packed = deflater.gzip(plain.span) else {
                return .again(why: "there is no memory to compress", after: nil)
            }
            body = packed
            headers = [("content-type", "application/gzip")]
        }
        if let storageClass = options.storageClass {
            headers.append(("x-amz-storage-class", storageClass))
        }
        let key = Self.objectKey(chunk)
        guard key.utf8.count <= 1024, !key.isEmpty else {
            return .refused(why: "the object's key is longer than 1024 bytes")
        }
        do throws(HTTPClient.Failure) {
            let response = try sender.send(
                "PUT",
                path: "/" + RequestSignature.encoded(key, keepsSlash: true),
                headers: headers,
                body: body,
                cancellation: cancellation
            )
            return Self.judge(response)
        } catch {
            return AnswerJudge.judge(error)
        }
    }

    /// S3 takes any bytes: only their number, or their key's length, can be wrong with an object.
    static func judge(_ response: HTTPResponse) -> SendOutcome {
        if 200..<300 ~= response.status, response.header("etag") == nil {
            return AnswerJudge.foreign(response, "S3")
        }
        switch AWSAnswer.judge(response) {
        case .refused(let why):
            let kind = AWSAnswer.kind(response)
            if kind == "EntityTooLarge" { return .tooLarge(why: why) }
            if kind == "KeyTooLongError" { return .refused(why: why) }
            return .again(why: why, after: response.retryAfter)
        case let outcome: return outcome
        }
    }

    /// `logs/app_<32 digits>.gz` of `logs/app.gz`.
    static func objectKey(_ chunk: borrowing Chunk) -> String {
        var facts: [UInt8] = []
        for item in chunk.items {
            let end = min(Int(item.start) + S3Encoder.prefixCount, Int(item.end))
            facts += chunk.bytes[Int(item.start)..<end]
            JSONWriter.append("\(item.origin.start)-\(item.origin.end);", &facts)
        }
        let digest = Digest.hexadecimal(Digest.sha256(facts.span)).prefix(32)
        var key = String(decoding: chunk.key, as: UTF8.self)
        while key.hasPrefix("/") { key.removeFirst() }
        let begin = key.lastIndex(of: "/").map { key.index(after: $0) } ?? key.startIndex
        let name = key[begin...]
        // The first dot but one at the begin: `app.json.gz` has both of its endings.
        guard let dot = name.dropFirst().firstIndex(of: ".") else {
            return key + (name.isEmpty || name.hasSuffix("_") ? "" : "_") + digest
        }
        return "\(key[..<dot])_\(digest)\(key[dot...])"
    }

    func close() { sender.close() }
}

extension String {
    /// What comes after the first place where a text stands, as a position; nil where it doesn't.
    fileprivate func range(of text: String) -> String.Index? {
        let parts = split(separator: text, maxSplits: 1, omittingEmptySubsequences: false)
        return parts.count == 2 ? parts[1].startIndex : nil
    }
}
