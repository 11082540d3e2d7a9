internal import CompanionKit

/// Sends chunks to a data collection rule of Azure Monitor, with a token that it keeps fresh.
final class AzureSender: ChunkSender {
    private let sender: HTTPSender
    private let tokens: HTTPSender
    private let options: AzureOptions
    private let path: String
    private var token: (text: String, until: ContinuousClock.Instant)?

    init(_ options: AzureOptions) throws(SinkFailure) {
        self.options = options
        sender = try HTTPSender(options.target)
        var target = HTTPTarget(urls: [options.authority])
        target.timeout = min(options.target.timeout, 10_000)
        // A certificate's authority that is configured for the one holds for the other.
        target.tls = options.target.tls
        tokens = try HTTPSender(target)
        let rule = RequestSignature.encoded(options.rule, keepsSlash: false)
        let stream = RequestSignature.encoded(options.stream, keepsSlash: false)
        path = "/dataCollectionRules/\(rule)/streams/\(stream)?api-version=2023-01-01"
    }

    func send(_ chunk: borrowing Chunk, cancellation: Cancellation) -> SendOutcome {
        let authorization: String
        switch freshToken(cancellation) {
        case .success(let text): authorization = "Bearer \(text)"
        case .failure(let failure): return .again(why: failure.what, after: failure.after)
        }
        do throws(HTTPClient.Failure) {
            let response = try sender.send(
                "POST",
                path: path,
                headers: [("content-type", "application/json"), ("authorization", authorization)],
                body: BodyFrame.array(chunk),
                cancellation: cancellation
            )
            if response.status == 401 || response.status == 403 { token = nil }
            return AnswerJudge.judge(response, .emptyBody, of: "Azure")
        } catch {
            return AnswerJudge.judge(error)
        }
    }

    private struct TokenFailure: Error {
        var what: String
        var after: Duration?
    }

    /// The token that is at hand, or a new one where it ends within five minutes.
    private func freshToken(_ cancellation: Cancellation) -> Result<String, TokenFailure> {
        if let token, token.until > .now { return .success(token.text) }
        func encoded(_ text: String) -> String { RequestSignature.encoded(text, keepsSlash: false) }
        let form =
            "grant_type=client_credentials&client_id=\(encoded(options.client))"
            + "&client_secret=\(encoded(options.secret))"
            + "&scope=\(encoded("https://monitor.azure.com/.default"))"
        do throws(HTTPClient.Failure) {
            let response = try tokens.send(
                "POST",
                path: "/\(encoded(options.tenant))/oauth2/v2.0/token",
                headers: [("content-type", "application/x-www-form-urlencoded")],
                body: Array(form.utf8),
                cancellation: cancellation
            )
            guard response.status == 200 else {
                let words = AnswerJudge.judge(response).words
                return .failure(
                    TokenFailure(what: "no token: \(words)", after: response.retryAfter)
                )
            }
            // What does not fit into a field of a request would condemn every request.
            guard let fields = AnswerFields.read(response.body, textMax: 16 << 10),
                let text = fields["access_token"], !text.isEmpty,
                text.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
            else {
                return .failure(TokenFailure(what: "no token: the authority's answer has none"))
            }
            let seconds = fields["expires_in"].flatMap { Int64($0) } ?? 300
            let life = max(min(max(seconds, 0), 86_400) - 300, 30)
            token = (text, .now.advanced(by: .seconds(life)))
            return .success(text)
        } catch {
            return .failure(TokenFailure(what: "no token: \(error)"))
        }
    }

    func close() {
        sender.close()
        tokens.close()
    }
}

extension SendOutcome {
    /// Why it is not delivered; empty where it is.
    fileprivate var words: String {
        switch self {
        case .delivered: ""
        case .again(let why, _), .tooLarge(let why), .refused(let why), .judged(_, _, _, let why):
            why
        }
    }
}
