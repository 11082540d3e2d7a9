internal import CompanionKit

/// What an HTTP answer means for what was sent.
enum AnswerJudge {
    /// What a backend says when it took everything.
    ///
    /// A login page, a router and another program answer with 200, too: what they were sent is not
    /// delivered.
    enum Acknowledgement {
        /// The status alone.
        case status
        case emptyBody
        case emptyBodyOrJSON
    }

    /// The rule that most backends share.
    ///
    /// Only what speaks of the records themselves condemns them. Where an address, a right or a server
    /// is wrong, somebody will put it right, and the records wait for that.
    ///
    /// - Parameter backend: its name, for the message where somebody else answers.
    static func judge(
        _ response: HTTPResponse,
        _ acknowledgement: Acknowledgement = .status,
        of backend: String = "the backend"
    ) -> SendOutcome {
        let words = words(response)
        switch response.status {
        case 200..<300:
            return isTaken(response, acknowledgement)
                ? .delivered(duplicates: 0) : foreign(response, backend)
        case 413: return .tooLarge(why: words)
        case 401, 403:
            // Whoever gave the credentials may renew them; the records are not to blame.
            return .again(
                why: "\(words): the credentials are not taken",
                after: response.retryAfter
            )
        case 300..<400:
            let place = response.header("location") ?? "elsewhere"
            return .again(
                why: "\(words): it redirects to \(place), and redirects are not followed",
                after: response.retryAfter
            )
        case 404, 405, 407, 408, 410, 421, 425, 429:
            return .again(why: words, after: response.retryAfter)
        case 400..<500: return .refused(why: words)
        default: return .again(why: words, after: response.retryAfter)
        }
    }

    private static func isTaken(
        _ response: HTTPResponse,
        _ acknowledgement: Acknowledgement
    ) -> Bool {
        switch acknowledgement {
        case .status: true
        case .emptyBody: response.body.isEmpty
        case .emptyBodyOrJSON:
            response.body.isEmpty || !response.isCut && AnswerFields.read(response.body) != nil
        }
    }

    /// The status is that of an acknowledgement, and nothing else is.
    static func foreign(_ response: HTTPResponse, _ backend: String) -> SendOutcome {
        .again(why: "\(words(response)): this is no answer of \(backend)", after: nil)
    }

    /// `HTTP 400: what the body says`.
    static func words(_ response: HTTPResponse) -> String {
        let text = response.excerpt()
        return text.isEmpty ? "HTTP \(response.status)" : "HTTP \(response.status): \(text)"
    }

    /// Why there was no answer; nothing of it is the records' fault.
    static func judge(_ failure: HTTPClient.Failure) -> SendOutcome {
        .again(why: failure.description, after: nil)
    }
}
