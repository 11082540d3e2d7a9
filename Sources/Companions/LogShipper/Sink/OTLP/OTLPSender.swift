internal import CompanionKit

/// Sends chunks as OTLP over HTTP, as protobuf or JSON.
final class OTLPSender: ChunkSender {
    private let sender: HTTPSender
    private let isJSON: Bool

    init(_ options: OTLPOptions) throws(SinkFailure) {
        var target = options.target
        target.urls = target.urls.map { $0.adding(path: "/v1/logs") }
        sender = try HTTPSender(target)
        isJSON = options.transport == .httpJSON
    }

    func send(_ chunk: borrowing Chunk, cancellation: Cancellation) -> SendOutcome {
        let body = isJSON ? OTLPRequest.json(chunk) : OTLPRequest.protobuf(chunk)
        do throws(HTTPClient.Failure) {
            let response = try sender.send(
                "POST",
                path: "",
                headers: [
                    ("content-type", isJSON ? "application/json" : "application/x-protobuf")
                ],
                body: body,
                cancellation: cancellation
            )
            switch response.status {
            case 200..<300:
                guard !response.isCut, let partial = partialSuccess(response) else {
                    return AnswerJudge.foreign(response, "an OTLP collector")
                }
                return OTLPRequest.judge(partial, items: chunk.items.count)
            case 429, 502, 503, 504, 401, 403, 413, ..<400, 600...:
                return AnswerJudge.judge(response)
            default:
                // The protocol names the four that may be tried again; all others are final.
                return .refused(why: Self.words(response, isJSON: isJSON))
            }
        } catch {
            return AnswerJudge.judge(error)
        }
    }

    /// nil for what is no answer to a request of this form.
    ///
    /// Some collectors answer protobuf with JSON, or with nothing at all.
    private func partialSuccess(_ response: HTTPResponse) -> OTLPRequest.PartialSuccess? {
        if response.body.isEmpty { return OTLPRequest.PartialSuccess() }
        let type = response.header("content-type") ?? ""
        return isJSON || type.hasPrefix("application/json")
            ? OTLPRequest.partialSuccess(json: response.body)
            : OTLPRequest.partialSuccess(protobuf: response.body)
    }

    /// The body of a failure is a `Status`, whose second field is the message.
    private static func words(_ response: HTTPResponse, isJSON: Bool) -> String {
        guard !isJSON else { return AnswerJudge.words(response) }
        var reader = ProtobufReader(response.body[...])
        while let field = reader.next() {
            if field.number == 2, let text = field.bytes {
                let words = String(decoding: text.prefix(300), as: UTF8.self)
                return "HTTP \(response.status): \(words)"
            }
        }
        return "HTTP \(response.status)"
    }

    func close() { sender.close() }
}
