import Proxy

/// One page or action of the admin interface.
struct Endpoint: Sendable {
    enum Kind: Sendable {
        /// Shows something: GET and HEAD; POST is taken, too, since Envoy takes it.
        case page
        /// Changes something: POST only.
        case action
        /// Shows by GET, changes by POST.
        case both
    }

    typealias Answer = @Sendable (AdminInterface, LocalRequest) -> LocalResponse

    let path: String
    let kind: Kind
    /// What it does, as `/help` says it.
    let help: String
    /// Parameters of the query with what they mean.
    let parameters: [(name: String, meaning: String)]
    let answer: Answer

    init(
        _ path: String,
        _ help: String,
        kind: Kind = .page,
        parameters: [(name: String, meaning: String)] = [],
        answer: @escaping Answer
    ) {
        self.path = path
        self.kind = kind
        self.help = help
        self.parameters = parameters
        self.answer = answer
    }

    /// Methods that it accepts, as `Allow` names them (RFC 9110 section 10.2.1).
    var allowed: [String] {
        switch kind {
        case .action: ["POST"]
        case .page, .both: ["GET", "HEAD", "POST"]
        }
    }

    /// True where a request with this method changes something.
    func isMutation(method: String) -> Bool {
        switch kind {
        case .action: true
        case .both: method == "POST"
        case .page: false
        }
    }
}
