/// How a line becomes fields.
package struct ParserOptions: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// The whole line is one field.
        case none
        case json
        /// RE2 with named groups, which become the fields.
        case regexp(pattern: String)
        case logfmt
        case csv(keys: [String], delimiter: UInt8)
        /// `label:value` pairs with a delimiter between (LTSV).
        case ltsv
        case apache2
        case nginx
        case syslog(SyslogForm)
        /// The container runtime's line: time, stream, P or F, text.
        case cri
        /// fluent-bit's docker parser: JSON with `log` and `time`.
        case docker
        /// Several, in their order, until one matches.
        indirect case either([ParserOptions])
    }

    package enum SyslogForm: Sendable, Equatable { case rfc3164, rfc5424, automatic }

    /// What a field's value becomes: `types` in fluentd.
    package enum ValueType: Sendable, Equatable { case string, integer, float, boolean }

    package var kind: Kind
    /// The field that holds the line where the kind is `none`.
    package var messageKey = "message"
    /// The field that holds the event's time; nil: none is looked for.
    package var timeKey: String?
    package var time = TimeOptions()
    package var keepsTimeKey = false
    package var types: [String: ValueType] = [:]
    /// Values that count as nothing, and whose field is left out; `-` of nginx.
    package var nullValues: [String] = []
    package var nullEmptyString = false
    /// Where the time is missing or wrong, it is that of reading; otherwise the line is unmatched.
    package var estimatesTime = true

    package init(kind: Kind) { self.kind = kind }
}

/// How a time is written.
package struct TimeOptions: Sendable, Equatable {
    package enum Form: Sendable, Equatable {
        /// Seconds since 1970, with a fraction or without.
        case float
        /// Seconds since 1970.
        case unix
        case unixMilliseconds, unixMicroseconds, unixNanoseconds
        /// strftime's directives with `%L`, `%N`, `%3N` … and `%z`.
        case format(String)
        /// ISO 8601 and RFC 3339 in their usual forms.
        case iso8601
        /// Any of those that can be told from the value itself.
        case automatic
    }

    package var form: Form = .automatic
    /// For times that don't name their zone: an offset in seconds, or nil for the machine's own.
    package var zone: Zone = .utc

    package enum Zone: Sendable, Equatable {
        case utc
        case offset(seconds: Int)
        case local
        /// A name of the tz database.
        case named(String)
    }

    package init() {}
}
