internal import CompanionKit

/// Sends chunks with `PutLogEvents`: sorted by their time, a day in one request at most.
final class CloudWatchSender: ChunkSender {
    private let sender: HTTPSender
    private let options: CloudWatchOptions
    /// Why the group or the stream could not be made.
    private var refusal: String?
    /// One request's events are of 24 hours at most.
    private static let spanMax: Int64 = 24 * 3600 * 1_000_000_000

    init(_ options: CloudWatchOptions) throws(SinkFailure) {
        var target = options.target
        if target.urls.isEmpty {
            target.urls = [
                options.aws.endpoint ?? "https://logs.\(options.aws.region).amazonaws.com"
            ]
        }
        target.auth = .sigV4(options.aws, service: "logs")
        sender = try HTTPSender(target)
        self.options = options
    }

    func send(_ chunk: borrowing Chunk, cancellation: Cancellation) -> SendOutcome {
        let names = chunk.key.split(separator: 0, omittingEmptySubsequences: false)
        guard names.count == 2, !names[0].isEmpty, !names[1].isEmpty else {
            return .refused(why: "the group's or the stream's name is empty")
        }
        let items = chunk.items
        let order = items.indices.sorted { left, right in
            items[left].time == items[right].time
                ? left < right : items[left].time < items[right].time
        }
        var refused: [(position: Int, reason: String)] = []
        var duplicates = 0
        var begin = 0
        while begin < order.count {
            var end = begin + 1
            while end < order.count,
                items[order[end]].time.subtractingReportingOverflow(items[order[begin]].time)
                    .partialValue.magnitude < UInt64(Self.spanMax)
            {
                end += 1
            }
            let part = Array(order[begin..<end])
            switch put(chunk, part, names, cancellation) {
            case .done(let rejected, let isDuplicate):
                refused += rejected
                if isDuplicate { duplicates += part.count }
            case .outcome(let outcome):
                if begin == 0, end == order.count { return outcome }
                // Some days are done: only this one and those after it are left.
                return Self.rest(outcome, part, Array(order[end...]), refused, duplicates)
            }
            begin = end
        }
        if refused.isEmpty { return .delivered(duplicates: duplicates) }
        return .judged(again: [], refused: refused, duplicates: duplicates, why: "")
    }

    private static func rest(
        _ outcome: SendOutcome,
        _ part: [Int],
        _ later: [Int],
        _ refused: [(position: Int, reason: String)],
        _ duplicates: Int
    ) -> SendOutcome {
        switch outcome {
        case .again(let why, _), .tooLarge(let why):
            return .judged(
                again: (part + later).sorted(),
                refused: refused,
                duplicates: duplicates,
                why: why
            )
        case .refused(let why):
            return .judged(
                again: later.sorted(),
                refused: refused + part.map { ($0, why) },
                duplicates: duplicates,
                why: why
            )
        case .delivered, .judged:
            return .judged(
                again: later.sorted(),
                refused: refused,
                duplicates: duplicates,
                why: ""
            )
        }
    }

    // MARK: - One request

    private enum PutOutcome {
        case done(rejected: [(position: Int, reason: String)], isDuplicate: Bool)
        case outcome(SendOutcome)
    }

    private func put(
        _ chunk: borrowing Chunk,
        _ part: [Int],
        _ names: [ArraySlice<UInt8>],
        _ cancellation: Cancellation
    ) -> PutOutcome {
        var body = Self.names(names)
        JSONWriter.append(#","logEvents":["#, &body)
        for (number, position) in part.enumerated() {
            if number > 0 { body.append(0x2c) }
            JSONWriter.append(chunk.bytes(of: chunk.items[position]), &body)
        }
        JSONWriter.append("]}", &body)
        do throws(HTTPClient.Failure) {
            var response = try call("PutLogEvents", body, cancellation)
            if AWSAnswer.kind(response) == "ResourceNotFoundException",
                try create(names, cancellation)
            {
                response = try call("PutLogEvents", body, cancellation)
            }
            switch AWSAnswer.kind(response) {
            case "DataAlreadyAcceptedException": return .done(rejected: [], isDuplicate: true)
            // It has been made meanwhile, or will be soon.
            case "ResourceNotFoundException":
                let words = AnswerJudge.words(response)
                let why = refusal.map { "\(words); it can't be made: \($0)" }
                return .outcome(.again(why: why ?? words, after: nil))
            default: break
            }
            guard response.status == 200 else { return .outcome(AWSAnswer.judge(response)) }
            guard !response.isCut, let fields = AnswerFields.read(response.body) else {
                return .outcome(AnswerJudge.foreign(response, "CloudWatch"))
            }
            return .done(rejected: Self.rejected(fields, part), isDuplicate: false)
        } catch {
            return .outcome(AnswerJudge.judge(error))
        }
    }

    /// `{"logGroupName":"g","logStreamName":"s"`.
    private static func names(_ names: [ArraySlice<UInt8>]) -> [UInt8] {
        var body = Array(#"{"logGroupName":"#.utf8)
        JSONWriter.appendString(Array(names[0]).span, &body)
        JSONWriter.append(#","logStreamName":"#, &body)
        JSONWriter.appendString(Array(names[1]).span, &body)
        return body
    }

    /// The events that CloudWatch left out, by the places that its answer names.
    private static func rejected(
        _ fields: [String: String],
        _ part: [Int]
    ) -> [(position: Int, reason: String)] {
        func place(_ name: String) -> Int? {
            fields["rejectedLogEventsInfo.\(name)"].flatMap { Int($0) }.map {
                min(max($0, 0), part.count)
            }
        }
        var found: [Int: String] = [:]
        if let end = place("tooOldLogEventEndIndex") {
            for index in 0..<end { found[index] = "CloudWatch takes no events older than 14 days" }
        }
        if let end = place("expiredLogEventEndIndex") {
            for index in 0..<end { found[index] = "the event is older than the group keeps events" }
        }
        if let start = place("tooNewLogEventStartIndex") {
            for index in start..<part.count {
                found[index] = "CloudWatch takes no events more than 2 hours ahead"
            }
        }
        return found.keys.sorted().map { (part[$0], found[$0] ?? "") }
    }

    private func call(
        _ action: String,
        _ body: [UInt8],
        _ cancellation: Cancellation
    ) throws(HTTPClient.Failure) -> HTTPResponse {
        try sender.send(
            "POST",
            path: "/",
            headers: [
                ("content-type", "application/x-amz-json-1.1"),
                ("x-amz-target", "Logs_20140328.\(action)"),
            ],
            body: body,
            cancellation: cancellation
        )
    }

    /// Makes the group and the stream, as far as the configuration wants it; false where it doesn't.
    private func create(
        _ names: [ArraySlice<UInt8>],
        _ cancellation: Cancellation
    ) throws(HTTPClient.Failure) -> Bool {
        refusal = nil
        guard options.createsStream || options.createsGroup else { return false }
        if options.createsGroup {
            var body = Array(#"{"logGroupName":"#.utf8)
            JSONWriter.appendString(Array(names[0]).span, &body)
            let isNew = try make("CreateLogGroup", body + [0x7d], cancellation)
            if isNew, let days = options.retentionDays {
                JSONWriter.append(#","retentionInDays":\#(days)}"#, &body)
                _ = try make("PutRetentionPolicy", body, cancellation)
            }
        }
        if options.createsStream {
            _ = try make("CreateLogStream", Self.names(names) + [0x7d], cancellation)
        }
        return true
    }

    /// True where it was made just now; why it can't be is kept in ``refusal``.
    private func make(
        _ action: String,
        _ body: [UInt8],
        _ cancellation: Cancellation
    ) throws(HTTPClient.Failure) -> Bool {
        let response = try call(action, body, cancellation)
        if response.status != 200, AWSAnswer.kind(response) != "ResourceAlreadyExistsException" {
            // The first one is the cause of those that follow.
            refusal = refusal ?? "\(action) is answered with \(AnswerJudge.words(response))"
        }
        return response.status == 200
    }

    func close() { sender.close() }
}
