internal import CompanionKit

/// Sends chunks to Datadog's intake.
final class DatadogSender: ChunkSender {
    private let sender: HTTPSender
    private let headers: [(name: String, value: String)]

    init(_ options: DatadogOptions) throws(SinkFailure) {
        var target = options.target
        if target.urls.isEmpty { target.urls = ["https://http-intake.logs.\(options.site)"] }
        target.urls = target.urls.map { $0.adding(path: "/api/v2/logs") }
        sender = try HTTPSender(target)
        headers = [("content-type", "application/json"), ("dd-api-key", options.apiKey)]
    }

    func send(_ chunk: borrowing Chunk, cancellation: Cancellation) -> SendOutcome {
        do throws(HTTPClient.Failure) {
            let response = try sender.send(
                "POST",
                path: "",
                headers: headers,
                body: BodyFrame.array(chunk),
                cancellation: cancellation
            )
            return AnswerJudge.judge(response, .emptyBodyOrJSON, of: "Datadog")
        } catch {
            return AnswerJudge.judge(error)
        }
    }

    func close() { sender.close() }
}
