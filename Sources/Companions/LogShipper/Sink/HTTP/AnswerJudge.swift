internal import CompanionKit

/// What an HTTP answer means for what was sent.
enum AnswerJudge {
    /// The rule that most backends share.
    static func judge(_ response: HTTPResponse) -> SendOutcome {
        let words = words(response)
        switch response.status {
        case 200..<300: return .delivered(duplicates: 0)
        case 408, 425, 429, 500..<600:
            return .again(why: words, after: response.retryAfter)
        case 413: return .tooLarge(why: words)
        case 401, 403:
            // Whoever gave the credentials may renew them; the records are not to blame.
            return .again(
                why: "\(words): the credentials are not taken",
                after: response.retryAfter
            )
        case 300..<400:
            let place = response.header("location") ?? "elsewhere"
            return .refused(
                why: "\(words): it redirects to \(place), and redirects are not followed"
            )
        default: return .refused(why: words)
        }
    }

    /// `HTTP 400: what the body says`.
    static func words(_ response: HTTPResponse) -> String {
        let text = response.excerpt()
        return text.isEmpty ? "HTTP \(response.status)" : "HTTP \(response.status): \(text)"
    }

    /// Why there was no answer.
    static func judge(_ failure: HTTPClient.Failure) -> SendOutcome {
        if case .unwritable = failure { return .refused(why: failure.description) }
        return .again(why: failure.description, after: nil)
    }
}
