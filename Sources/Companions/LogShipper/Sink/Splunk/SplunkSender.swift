internal import CompanionKit

/// Sends chunks to Splunk's HTTP event collector, and waits for its indexers where that is asked for.
final class SplunkSender: ChunkSender {
    private let sender: HTTPSender
    private let acknowledges: Bool
    private let headers: [(name: String, value: String)]
    private let timeout: Int64
    /// The URL of acknowledgements differs from the events' in its last part.
    private let acknowledger: HTTPSender?
    private let channel: String
    /// Milliseconds between two questions.
    private static let pause: Int64 = 500

    init(_ options: SplunkOptions) throws(SinkFailure) {
        var events = options.target
        events.urls = events.urls.map(Self.eventsURL)
        sender = try HTTPSender(events)
        acknowledges = options.acknowledges
        timeout = options.target.timeout
        let channel = options.channel ?? Self.identifier()
        self.channel = channel
        if acknowledges {
            var target = options.target
            target.compression = false
            target.urls = target.urls.map { Self.baseURL($0) + "/ack?channel=\(channel)" }
            acknowledger = try HTTPSender(target)
        } else {
            acknowledger = nil
        }
        var headers = [
            (name: "authorization", value: "Splunk \(options.token)"),
            (name: "content-type", value: "application/json"),
        ]
        if options.acknowledges || options.channel != nil {
            headers.append(("x-splunk-request-channel", channel))
        }
        self.headers = headers
    }

    /// The collector's own URL, of one that leads to it, to its events, or to the server alone.
    static func baseURL(_ url: String) -> String {
        var base = url
        while base.hasSuffix("/") { base.removeLast() }
        for suffix in ["/event/1.0", "/event"] where base.hasSuffix(suffix) {
            base.removeLast(suffix.count)
        }
        return base.hasSuffix("/collector") ? base : base + "/services/collector"
    }

    private static func eventsURL(_ url: String) -> String { baseURL(url) + "/event" }

    /// A random identifier in the form that Splunk wants for channels.
    private static func identifier() -> String {
        let text = StreamIdentity.random().description
        let parts = [8, 4, 4, 4, 12]
        var rest = Substring(text)
        return parts.map { count in
            defer { rest = rest.dropFirst(count) }
            return String(rest.prefix(count))
        }.joined(separator: "-")
    }

    func send(_ chunk: borrowing Chunk, cancellation: Cancellation) -> SendOutcome {
        let deadline = Deadline(milliseconds: timeout)
        do throws(HTTPClient.Failure) {
            let response = try sender.send(
                "POST",
                path: "",
                headers: headers,
                body: chunk.bytes,
                cancellation: cancellation
            )
            guard 200..<300 ~= response.status else {
                return Self.judge(response, chunk.items.count)
            }
            guard !response.isCut, let fields = AnswerFields.read(response.body),
                fields["code"] == "0"
            else { return AnswerJudge.foreign(response, "Splunk's collector") }
            guard acknowledges else { return .delivered(duplicates: 0) }
            guard let number = fields["ackId"].flatMap({ Int($0) }) else {
                return .again(
                    why: "Splunk answers without an ackId: acknowledgements are off for this token",
                    after: nil
                )
            }
            return try wait(for: number, deadline, cancellation)
        } catch {
            return AnswerJudge.judge(error)
        }
    }

    /// Asks until the indexers have it, or the time is over.
    private func wait(
        for number: Int,
        _ deadline: Deadline,
        _ cancellation: Cancellation
    ) throws(HTTPClient.Failure) -> SendOutcome {
        guard let acknowledger else { return .delivered(duplicates: 0) }
        let body = Array(#"{"acks":[\#(number)]}"#.utf8)
        while true {
            let response = try acknowledger.send(
                "POST",
                path: "",
                headers: headers,
                body: body,
                cancellation: cancellation
            )
            guard response.status == 200 else { return AnswerJudge.judge(response).asRetry }
            let fields = AnswerFields.read(response.body) ?? [:]
            if fields["acks.\(number)"] == "true" { return .delivered(duplicates: 0) }
            guard !deadline.isOver, cancellation.sleep(milliseconds: Self.pause) else {
                return .again(why: "Splunk's indexers do not acknowledge in time", after: nil)
            }
        }
    }

    /// Codes with 400 that speak of the channel and the token, and not of events.
    private static let codesOfClients: Set<String> = ["10", "11", "14", "16"]

    /// Of an event that is wrong, its number is said.
    private static func judge(_ response: HTTPResponse, _ count: Int) -> SendOutcome {
        guard response.status == 400, let fields = AnswerFields.read(response.body) else {
            return AnswerJudge.judge(response)
        }
        let words = AnswerJudge.words(response)
        if let code = fields["code"], codesOfClients.contains(code) {
            return .again(why: words, after: nil)
        }
        guard let position = fields["invalid-event-number"].flatMap({ Int($0) }),
            (0..<count).contains(position)
        else { return AnswerJudge.judge(response) }
        return .judged(
            again: (0..<count).filter { $0 != position },
            refused: [(position, words)],
            duplicates: 0,
            why: words
        )
    }

    func close() {
        sender.close()
        acknowledger?.close()
    }
}

extension SendOutcome {
    /// What was taken already is not refused because of what came after: it is tried again.
    fileprivate var asRetry: SendOutcome {
        switch self {
        case .refused(let why), .tooLarge(let why): .again(why: why, after: nil)
        case .delivered, .judged, .again: self
        }
    }
}
