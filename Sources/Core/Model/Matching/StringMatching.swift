extension StringMatcher {
    /// True where the value has the pattern.
    ///
    /// Bytes are compared as bytes; `ignoresCase` concerns ASCII letters only
    /// (`envoy.type.matcher.v3.StringMatcher`).
    package func matches(_ value: Span<UInt8>) -> Bool {
        switch pattern {
        case .exact(let text):
            let bytes = text.bytes
            return ignoresCase
                ? value.equalsIgnoringCase(lowercase: bytes.span) : value.equals(bytes.span)
        case .prefix(let text):
            let bytes = text.bytes
            return ignoresCase
                ? value.hasPrefixIgnoringCase(lowercase: bytes.span) : value.hasPrefix(bytes.span)
        case .suffix(let text):
            let bytes = text.bytes
            return ignoresCase
                ? value.hasSuffixIgnoringCase(lowercase: bytes.span) : value.hasSuffix(bytes.span)
        case .contains(let text):
            let bytes = text.bytes
            return value.contains(bytes.span, ignoresCase: ignoresCase)
        case .regex(let expression):
            return expression.matchesWhole(value)
        }
    }
}

extension Span<UInt8> {
    /// True where `other` stands somewhere in the bytes; `other` is in lower case where
    /// `ignoresCase`.
    ///
    /// The cost is at most the product of the two lengths: both are bounded, one by the limit of a
    /// head, the other by the configuration.
    func contains(_ other: Span<UInt8>, ignoresCase: Bool) -> Bool {
        guard other.count <= count else { return false }
        for start in 0...(count - other.count) {
            let part = extracting(start..<start + other.count)
            if ignoresCase ? part.equalsIgnoringCase(lowercase: other) : part.equals(other) {
                return true
            }
        }
        return false
    }
}
