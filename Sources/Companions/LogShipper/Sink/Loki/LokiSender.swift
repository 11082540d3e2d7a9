internal import CompanionKit

/// Sends chunks to Loki's push endpoint, a stream each.
final class LokiSender: ChunkSender {
    private let sender: HTTPSender
    private let headers: [(name: String, value: String)]
    private static let path = "/loki/api/v1/push"

    init(_ options: LokiOptions) throws(SinkFailure) {
        var target = options.target
        target.urls = target.urls.map { $0.adding(path: Self.path) }
        sender = try HTTPSender(target)
        var headers = [(name: "content-type", value: "application/json")]
        if let tenant = options.tenant { headers.append(("x-scope-orgid", tenant)) }
        self.headers = headers
    }

    func send(_ chunk: borrowing Chunk, cancellation: Cancellation) -> SendOutcome {
        let body = BodyFrame.join(
            chunk,
            prefix: Array(#"{"streams":[{"stream":"#.utf8) + chunk.key
                + Array(#","values":["#.utf8),
            separator: 0x2c,
            suffix: Array("]}]}".utf8)
        )
        do throws(HTTPClient.Failure) {
            let response = try sender.send(
                "POST",
                path: "",
                headers: headers,
                body: body,
                cancellation: cancellation
            )
            // Ingestion of this tenant or stream is switched off: trying again helps nobody.
            if response.status == 260 {
                return .refused(why: "ingestion is blocked: \(AnswerJudge.words(response))")
            }
            return AnswerJudge.judge(response, .emptyBody, of: "Loki")
        } catch {
            return AnswerJudge.judge(error)
        }
    }

    func close() { sender.close() }
}

extension String {
    /// The URL with a path at its end, unless it has that already; a query stays last.
    func adding(path: String) -> String {
        let split = firstIndex(of: "?") ?? endIndex
        var base = self[..<split]
        while base.hasSuffix("/") { base = base.dropLast() }
        return (base.hasSuffix(path) ? String(base) : base + path) + self[split...]
    }
}
