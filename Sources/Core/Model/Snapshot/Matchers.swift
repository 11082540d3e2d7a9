/// A compiled regular expression whose time is linear in its input.
///
/// `Policy` makes them from RE2.
package protocol RegularExpression: AnyObject, Sendable {
    var pattern: String { get }
    /// True where the whole input matches.
    func matchesWhole(_ input: Span<UInt8>) -> Bool
    /// The input with every match replaced; `\0` to `\9` in `substitution` are groups.
    func replacingMatches(in input: Span<UInt8>, with substitution: ByteString) -> [UInt8]
}

/// `envoy.type.matcher.v3.StringMatcher`, compiled.
package struct StringMatcher: Sendable {
    package enum Pattern: Sendable {
        case exact(ByteString)
        case prefix(ByteString)
        case suffix(ByteString)
        case contains(ByteString)
        case regex(any RegularExpression)
    }
    /// In lower case where `ignoresCase`.
    package var pattern: Pattern
    /// Never true for a regular expression: Envoy ignores `ignore_case` there.
    package var ignoresCase: Bool

    package init(_ pattern: Pattern, ignoresCase: Bool = false) {
        self.pattern = pattern
        self.ignoresCase = ignoresCase
    }
}

/// `envoy.config.route.v3.HeaderMatcher`, compiled.
package struct HeaderMatcher: Sendable {
    package enum Condition: Sendable {
        case present
        case absent
        case string(StringMatcher)
        /// Half-open, as in Envoy's `Int64Range`.
        case range(start: Int64, end: Int64)
    }
    /// In lower case.
    ///
    /// `:method`, `:path`, `:authority` and `:scheme` name the pseudo-headers.
    package var name: ByteString
    package var condition: Condition
    package var isInverted: Bool
    package var treatsMissingAsEmpty: Bool

    package init(
        name: ByteString,
        condition: Condition,
        isInverted: Bool = false,
        treatsMissingAsEmpty: Bool = false
    ) {
        self.name = name
        self.condition = condition
        self.isInverted = isInverted
        self.treatsMissingAsEmpty = treatsMissingAsEmpty
    }
}

/// `envoy.config.route.v3.CookieMatcher`, compiled.
package struct CookieMatcher: Sendable {
    /// Compared as it stands: the names of cookies are case-sensitive.
    package var name: ByteString
    package var value: StringMatcher
    package var isInverted: Bool

    package init(name: ByteString, value: StringMatcher, isInverted: Bool = false) {
        self.name = name
        self.value = value
        self.isInverted = isInverted
    }
}

/// `envoy.config.route.v3.QueryParameterMatcher`, compiled.
package struct QueryParameterMatcher: Sendable {
    package enum Condition: Sendable {
        case present
        case absent
        case string(StringMatcher)
    }
    package var name: ByteString
    package var condition: Condition

    package init(name: ByteString, condition: Condition) {
        self.name = name
        self.condition = condition
    }
}
