internal import Policy

/// What a field of the short form may hold.
///
/// The decoder, the JSON Schema and the reference page are all made from this description, so that
/// none of them can say something that the others do not.
indirect enum ShortFormKind: Sendable {
    case text(TextRule)
    case integer(ClosedRange<Int64>)
    case boolean
    /// In nanoseconds; written as in Go and Kubernetes: `500ms`, `2s`, `1m30s`.
    case duration(ClosedRange<Int64>)
    /// Written with or without the sign: `20%`.
    case percent
    /// In bytes; written `4096`, `60KiB` or `1MiB`.
    case size(ClosedRange<Int64>)
    case word([String])
    /// `PORT` or `ADDRESS:PORT`; the address where only a port is written.
    case listen(host: String)
    /// `HOST:PORT`, where the host is an address or a name.
    case destination
    case object([ShortFormField])
    /// An object whose keys are the user's own names.
    case map(key: TextRule, value: ShortFormKind, countMax: Int)
    case list(ShortFormKind, countMax: Int)
    /// One value, or a list of such values.
    case oneOrMany(ShortFormKind, countMax: Int)
    /// An object of one kind, or a value of another that is no object.
    case byShape(object: ShortFormKind, other: ShortFormKind)
}

/// A field of an object of the short form.
struct ShortFormField: Sendable {
    let name: String
    /// What it means, in sentences.
    let summary: String
    let kind: ShortFormKind
    let isRequired: Bool
    /// The value where none is given, as it would be written.
    let standard: String?
    /// What it means that there is no value, where there is no default.
    let absence: String?

    init(
        _ name: String,
        _ kind: ShortFormKind,
        _ summary: String,
        isRequired: Bool = false,
        standard: String? = nil,
        absence: String? = nil
    ) {
        self.name = name
        self.kind = kind
        self.summary = summary
        self.isRequired = isRequired
        self.standard = standard
        self.absence = absence
    }
}

/// What a text must look like.
struct TextRule: Sendable {
    /// With its article: `a name`.
    let noun: String
    /// What is allowed, in words, for those who got it wrong.
    let hint: String
    /// The whole text matches this; in the part of the syntax that RE2 and ECMAScript share, since the
    /// JSON Schema has it too.
    let pattern: String
    /// In bytes.
    let lengthMax: Int
    private let expression: RE2Expression?

    init(_ noun: String, pattern: String, lengthMax: Int, hint: String) {
        self.noun = noun
        self.pattern = pattern
        self.lengthMax = lengthMax
        self.hint = hint
        expression = try? RE2Expression(pattern: pattern)
        assert(expression != nil, "RE2 refuses \(pattern)")
    }

    func matches(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count <= lengthMax else { return false }
        return expression?.matchesWhole(bytes.span) ?? false
    }

    static let name = TextRule(
        "a name",
        pattern: "^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$",
        lengthMax: 63,
        hint: "up to 63 letters, digits, -, _ and ., such as payments"
    )
    static let host = TextRule(
        "a host name",
        pattern: "^(\\*|(\\*[.-])?[A-Za-z0-9_.-]+)$",
        lengthMax: 253,
        hint: "such as payments.shop.svc or *.shop.svc, without a port"
    )
    static let serverName = TextRule(
        "a host name",
        pattern: "^[A-Za-z0-9_.-]+$",
        lengthMax: 253,
        hint: "such as payments.shop.svc, without a port"
    )
    static let urlPath = TextRule(
        "a path",
        pattern: "^/[\\x21-\\x7e]*$",
        lengthMax: 2_000,
        hint: "it begins with a slash, such as /healthz"
    )
    static let file = TextRule(
        "a file",
        pattern: "^/[^\\x00-\\x1f]+$",
        lengthMax: 4_000,
        hint: "it begins with a slash, such as /dev/stdout"
    )
    static let socket = TextRule(
        "the path of a socket",
        pattern: "^[/@][\\x21-\\x7e]+$",
        lengthMax: 107,
        hint: "up to 107 bytes, such as /run/app.sock"
    )
    static let address = TextRule(
        "an IP address",
        pattern: "^[0-9A-Fa-f:.]+$",
        lengthMax: 45,
        hint: "such as 127.0.0.1"
    )
    static let hash = TextRule(
        "something to hash",
        pattern: "^(header:[A-Za-z0-9_-]{1,100}|cookie:[A-Za-z0-9_-]{1,100}"
            + "|query:[A-Za-z0-9_.-]{1,100}|source-ip)$",
        lengthMax: 107,
        hint: "header:NAME, cookie:NAME, query:NAME or source-ip"
    )
    static let statuses = TextRule(
        "a status or a range of statuses",
        pattern: "^[1-5][0-9]{2}(-[1-5][0-9]{2})?$",
        lengthMax: 7,
        hint: "such as 200 or 200-299"
    )
    static let label = TextRule(
        "a key",
        pattern: "^[A-Za-z0-9_./-]+$",
        lengthMax: 316,
        hint: "letters, digits, -, _, . and /"
    )
    static let any = TextRule(
        "a text",
        pattern: "^[^\\x00]*$",
        lengthMax: 262_144,
        hint: "up to 256 KiB"
    )
}
