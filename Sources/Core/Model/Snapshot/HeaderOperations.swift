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
package struct HeaderOperations: Sendable {
    /// `HeaderAppendAction`.
    package enum Action: Sendable {
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
    package var steps: [Step]
    /// Any value is computed: a record has to be filled first.
    package var needsRecord: Bool

    package init(steps: [Step] = [], needsRecord: Bool = false) {
        self.steps = steps
        self.needsRecord = needsRecord
    }

    package var isEmpty: Bool { steps.isEmpty }

    package mutating func append(_ other: HeaderOperations) {
        steps += other.steps
        needsRecord = needsRecord || other.needsRecord
    }
}
