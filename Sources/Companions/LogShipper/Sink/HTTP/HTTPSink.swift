internal import CompanionKit

/// Writes records for any server that takes a POST: a line each, or the elements of an array.
final class HTTPEncoder: RecordEncoder {
    let limits = ChunkLimits()
    private let writer: RecordFormWriter
    private let endsLines: Bool

    init(_ options: HTTPOptions, _ document: DocumentWriter) {
        writer = RecordFormWriter(options.form, document)
        endsLines = options.frame == .lines
    }

    func key(of record: borrowing LogRecord, into key: inout [UInt8]) {}

    func encode(
        _ record: borrowing LogRecord,
        of stream: StreamIdentity,
        into bytes: inout [UInt8],
        reason: inout String
    ) -> Bool {
        writer.append(record, &bytes)
        if endsLines { bytes.append(0x0a) }
        return true
    }
}

/// Sends them.
final class HTTPSinkSender: ChunkSender {
    private let sender: HTTPSender
    private let options: HTTPOptions

    init(_ options: HTTPOptions) throws(SinkFailure) {
        self.options = options
        sender = try HTTPSender(options.target)
    }

    func send(_ chunk: borrowing Chunk, cancellation: Cancellation) -> SendOutcome {
        let body: [UInt8]
        let standard: String
        switch options.frame {
        case .lines:
            body = chunk.bytes
            standard = options.form == .json ? "application/x-ndjson" : "text/plain"
        case .array:
            body = BodyFrame.array(chunk)
            standard = "application/json"
        }
        do throws(HTTPClient.Failure) {
            let response = try sender.send(
                options.method,
                path: nil,
                headers: [("content-type", options.contentType ?? standard)],
                body: body,
                cancellation: cancellation
            )
            if options.retryableStatuses.contains(response.status) {
                return .again(why: AnswerJudge.words(response), after: response.retryAfter)
            }
            return AnswerJudge.judge(response)
        } catch {
            return AnswerJudge.judge(error)
        }
    }

    func close() { sender.close() }
}
