/// A text with `%OPERATORS%`, compiled, as header values have it.
///
/// `Telemetry` makes them: the operators are those of access logs.
package protocol SubstitutionFormat: AnyObject, Sendable {
    var text: String { get }
    /// Appends the value to the head's bytes and says where it stands; what is unknown is `-` or
    /// empty, as `config_http_conn_man_headers_custom_request_headers` says.
    ///
    /// `head` may be one of the record's own heads.
    func append(_ record: ExchangeRecord, to head: Head) -> Head.Slice
}

/// Changes to the headers of one message, in the order in which they are made.
///
/// One word in size: routes that share their changes share them in memory.
package struct HeaderOperations: Sendable {
    /// `HeaderAppendAction`.
    package enum Action: UInt8, Sendable {
        case appendIfExistsOrAdd, addIfAbsent, overwriteIfExistsOrAdd, overwriteIfExists
    }
    package enum Value: Sendable {
        case literal(ByteString)
        case formatted(any SubstitutionFormat)
    }
    package enum Step: Sendable {
        /// The name in lower case.
        case remove(ByteString, KnownField?)
        /// `keepsEmpty`: a header without a value is added all the same.
        case add(ByteString, KnownField?, Value, Action, keepsEmpty: Bool)
    }
    /// nil where there is nothing to do.
    package let program: HeaderProgram?

    /// Lays the steps out for speed.
    ///
    /// Left out are those without effect: an empty value that is not kept, and names that no
    /// operation may change (pseudo-headers and the host), which the compiler refuses already.
    package init(steps: [Step] = []) {
        program = HeaderProgram(steps)
    }

    package var isEmpty: Bool { program == nil }

    /// Any value is computed: a record has to be filled first.
    package var needsRecord: Bool { program?.formats.isEmpty == false }

    /// The steps that have an effect; made anew at each call.
    package var steps: [Step] { program?.steps ?? [] }

    package mutating func append(_ other: HeaderOperations) {
        if other.isEmpty { return }
        self = isEmpty ? other : HeaderOperations(steps: steps + other.steps)
    }
}
