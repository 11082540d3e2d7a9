internal import CompanionKit

/// Sends chunks with `_bulk`, and judges each document by its own answer.
final class ElasticsearchSender: ChunkSender {
    private let sender: HTTPSender
    private let isCreate: Bool
    /// Only what is read is asked for: that is a tenth of the answer.
    ///
    /// Commas and stars are encoded, so that AWS sees what was signed, however it reads the query.
    private static let path =
        "/_bulk?filter_path=errors%2Citems.%2A.status%2Citems.%2A.error.type"
        + "%2Citems.%2A.error.reason"
    /// Bytes of another answer that are kept for its message.
    private static let excerptMax = 2048

    init(_ options: ElasticsearchOptions) throws(SinkFailure) {
        sender = try HTTPSender(options.target)
        isCreate = options.operation == .create || options.isDataStream
    }

    func send(_ chunk: borrowing Chunk, cancellation: Cancellation) -> SendOutcome {
        var reply = BulkReply(items: chunk.items.count, isCreate: isCreate)
        var begin: [UInt8] = []
        do throws(HTTPClient.Failure) {
            var response = try sender.send(
                "POST",
                path: Self.path,
                headers: [("content-type", "application/x-ndjson")],
                body: chunk.bytes,
                cancellation: cancellation
            ) { bytes in
                if begin.count < Self.excerptMax {
                    let room = min(Self.excerptMax - begin.count, bytes.count)
                    JSONWriter.append(bytes.extracting(..<room), &begin)
                }
                reply.add(bytes)
                return true
            }
            guard response.status == 200 || response.status == 201 else {
                response.body = begin
                return Self.judge(response)
            }
            switch reply.verdict() {
            case .malformed(let what): return .again(why: what, after: response.retryAfter)
            case .judged(let again, let refused, let duplicates):
                if again.isEmpty, refused.isEmpty { return .delivered(duplicates: duplicates) }
                return .judged(
                    again: again,
                    refused: refused,
                    duplicates: duplicates,
                    why: reply.why
                )
            }
        } catch {
            return AnswerJudge.judge(error)
        }
    }

    /// A status that nobody expects from `_bulk` does not condemn the documents: 404 is a proxy's or a
    /// wrong path, and other 2xx say nothing about them.
    private static func judge(_ response: HTTPResponse) -> SendOutcome {
        switch response.status {
        case 200..<300, 404, 405:
            .again(why: AnswerJudge.words(response), after: response.retryAfter)
        default: AnswerJudge.judge(response)
        }
    }

    func close() { sender.close() }
}
