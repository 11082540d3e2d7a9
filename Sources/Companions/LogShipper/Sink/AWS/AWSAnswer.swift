internal import CompanionKit

/// What AWS's answers mean: the kind of a failure stands in the body, and says more than its status.
enum AWSAnswer {
    /// `ResourceNotFoundException` of `com.amazon.coral#ResourceNotFoundException`, or of an element
    /// `Code`.
    static func kind(_ response: HTTPResponse) -> String {
        if let fields = AnswerFields.read(response.body),
            let type = fields["__type"] ?? fields["code"] ?? fields["Error.Code"]
        {
            return String(type.split(separator: "#").last ?? "")
        }
        let text = String(decoding: response.body.prefix(2048), as: UTF8.self)
        let parts = text.split(
            separator: "<Code>",
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        if parts.count == 2, let end = parts[1].firstIndex(of: "<") {
            return String(parts[1][..<end])
        }
        return ""
    }

    private static let passing: Set<String> = [
        "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded",
        "ServiceUnavailableException", "InternalFailure", "InternalServerException",
        "OperationAbortedException", "LimitExceededException", "RequestTimeout", "SlowDown",
        "OperationAborted", "RequestTimeoutException", "PriorRequestNotComplete",
    ]

    private static let credentials: Set<String> = [
        "UnrecognizedClientException", "ExpiredTokenException", "ExpiredToken",
        "AccessDeniedException", "AccessDenied", "InvalidSignatureException",
        "SignatureDoesNotMatch", "MissingAuthenticationTokenException", "InvalidAccessKeyId",
        "InvalidToken", "InvalidClientTokenId", "RequestTimeTooSkewed", "RequestExpired",
        "IncompleteSignature", "IncompleteSignatureException", "TokenRefreshRequired",
        "AuthorizationHeaderMalformed", "NotAuthorizedException", "OptInRequired",
    ]

    /// True where other credentials may help.
    static func blamesCredentials(_ response: HTTPResponse) -> Bool {
        switch response.status {
        case 401, 403: true
        case 400: credentials.contains(kind(response))
        default: false
        }
    }

    static func judge(_ response: HTTPResponse) -> SendOutcome {
        let kind = kind(response)
        let words = AnswerJudge.words(response)
        if passing.contains(kind) { return .again(why: words, after: response.retryAfter) }
        if credentials.contains(kind) {
            return .again(
                why: "\(words): the credentials are not taken",
                after: response.retryAfter
            )
        }
        return AnswerJudge.judge(response)
    }
}
