internal import Document
internal import Model
internal import Policy

/// `RegexMatcher` and `RegexMatchAndSubstitute`, through RE2.
extension Compilation {
    func regex(
        _ matcher: Envoy_Type_Matcher_V3_RegexMatcher,
        _ path: FieldPath
    ) -> RE2Expression? {
        let path = path["regex"]
        if matcher.regex.isEmpty {
            refuse(path, "is empty", "give an expression in RE2's syntax, for example /v[0-9]+/.*")
            return nil
        }
        do {
            return try RE2Expression(pattern: matcher.regex)
        } catch {
            refuse(
                path,
                "\(quoted(matcher.regex)) is not a regular expression: \(error.message)",
                Self.regexHint(matcher.regex)
            )
            return nil
        }
    }

    private static func regexHint(_ pattern: String) -> String {
        let lookaround = ["(?=", "(?!", "(?<=", "(?<!"].contains { pattern.contains($0) }
        if lookaround {
            return "RE2 has no lookaround, since its time is linear in the input"
        }
        return "the syntax is RE2's: https://github.com/google/re2/wiki/Syntax"
    }

    /// An expression and the text that replaces what it matches.
    func rewrite(
        _ rewrite: Envoy_Type_Matcher_V3_RegexMatchAndSubstitute,
        _ path: FieldPath
    ) -> (expression: any RegularExpression, substitution: ByteString)? {
        if !rewrite.hasPattern {
            refuse(path, "has no pattern", "give pattern: {regex: …}")
            return nil
        }
        let expression = regex(rewrite.pattern, path["pattern"])
        let text = headText(rewrite.substitution, path["substitution"], inRequestLine: true)
        guard let expression, let text else { return nil }
        if let fault = expression.validate(substitution: text) {
            refuse(
                path["substitution"],
                "\(quoted(rewrite.substitution)) cannot be filled in: "
                    + (fault.hasSuffix(".") ? String(fault.dropLast()) : fault),
                "\\0 is the match, \\1 to \\9 are its groups, \\\\ is a backslash"
            )
            return nil
        }
        return (expression, text)
    }
}
