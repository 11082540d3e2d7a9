internal import Document
internal import Model
internal import Policy

/// `StringMatcher`, `HeaderMatcher` and `QueryParameterMatcher`.
extension Compilation {
    func headerMatchers(
        _ matchers: [Envoy_Config_Route_V3_HeaderMatcher],
        _ path: FieldPath
    ) -> [HeaderMatcher] {
        matchers.enumerated().compactMap { headerMatcher($1, path[$0]) }
    }

    func headerMatcher(
        _ matcher: Envoy_Config_Route_V3_HeaderMatcher,
        _ path: FieldPath
    ) -> HeaderMatcher? {
        let name = headerName(matcher.name, path["name"], allowsPseudo: true)
        guard let condition = headerCondition(matcher, path), let name else { return nil }
        return HeaderMatcher(
            name: name,
            condition: condition,
            isInverted: matcher.invertMatch,
            treatsMissingAsEmpty: matcher.treatMissingHeaderAsEmpty
        )
    }

    private func headerCondition(
        _ matcher: Envoy_Config_Route_V3_HeaderMatcher,
        _ path: FieldPath
    ) -> HeaderMatcher.Condition? {
        switch matcher.headerMatchSpecifier {
        // A matcher with a name alone asks for presence.
        case nil: return .present
        case .presentMatch(let isPresent): return isPresent ? .present : .absent
        case .rangeMatch(let range):
            if range.start >= range.end {
                refuse(
                    path["range_match"],
                    "no number is from \(range.start) to below \(range.end)",
                    "the range is half-open: start is in it, end is not"
                )
                return nil
            }
            return .range(start: range.start, end: range.end)
        case .stringMatch(let text):
            return stringMatcher(text, path["string_match"]).map { .string($0) }
        case .exactMatch(let text):
            // An empty exact_match was satisfied by any value of the header.
            return text.isEmpty ? .present : .string(StringMatcher(.exact(ByteString(text))))
        case .safeRegexMatch(let expression):
            return regex(expression, path["safe_regex_match"]).map {
                .string(StringMatcher(.regex($0)))
            }
        case .prefixMatch(let text):
            return literal(text, path["prefix_match"]).map { .string(StringMatcher(.prefix($0))) }
        case .suffixMatch(let text):
            return literal(text, path["suffix_match"]).map { .string(StringMatcher(.suffix($0))) }
        case .containsMatch(let text):
            return literal(text, path["contains_match"]).map {
                .string(StringMatcher(.contains($0)))
            }
        }
    }

    func queryParameterMatchers(
        _ matchers: [Envoy_Config_Route_V3_QueryParameterMatcher],
        _ path: FieldPath
    ) -> [QueryParameterMatcher] {
        matchers.enumerated().compactMap { queryParameterMatcher($1, path[$0]) }
    }

    private func queryParameterMatcher(
        _ matcher: Envoy_Config_Route_V3_QueryParameterMatcher,
        _ path: FieldPath
    ) -> QueryParameterMatcher? {
        if matcher.name.isEmpty {
            refuse(path["name"], "is empty", "give the name of the query parameter")
        } else if matcher.name.utf8.count > 1024 {
            refuse(
                path["name"],
                "is \(matcher.name.utf8.count) bytes long",
                "up to 1024 are allowed"
            )
        }
        let condition: QueryParameterMatcher.Condition
        switch matcher.queryParameterMatchSpecifier {
        case nil: condition = .present
        case .presentMatch(let isPresent): condition = isPresent ? .present : .absent
        case .stringMatch(let text):
            guard let compiled = stringMatcher(text, path["string_match"]) else { return nil }
            condition = .string(compiled)
        }
        return QueryParameterMatcher(name: ByteString(matcher.name), condition: condition)
    }

    func cookieMatchers(
        _ matchers: [Envoy_Config_Route_V3_CookieMatcher],
        _ path: FieldPath
    ) -> [CookieMatcher] {
        matchers.enumerated().compactMap { cookieMatcher($1, path[$0]) }
    }

    private func cookieMatcher(
        _ matcher: Envoy_Config_Route_V3_CookieMatcher,
        _ path: FieldPath
    ) -> CookieMatcher? {
        if matcher.name.isEmpty {
            refuse(path["name"], "is empty", "give the name of the cookie")
        } else if matcher.name.utf8.count > 1024 {
            refuse(
                path["name"],
                "is \(matcher.name.utf8.count) bytes long",
                "up to 1024 are allowed"
            )
        }
        guard matcher.hasStringMatch else {
            refuse(path["string_match"], "is missing", "give string_match: {exact: value}")
            return nil
        }
        guard let value = stringMatcher(matcher.stringMatch, path["string_match"]) else {
            return nil
        }
        return CookieMatcher(
            name: ByteString(matcher.name),
            value: value,
            isInverted: matcher.invertMatch
        )
    }

    func stringMatcher(
        _ matcher: Envoy_Type_Matcher_V3_StringMatcher,
        _ path: FieldPath
    ) -> StringMatcher? {
        let ignoresCase = matcher.ignoreCase
        func folded(_ text: ByteString?) -> ByteString? { ignoresCase ? text?.lowercased : text }
        let pattern: StringMatcher.Pattern?
        switch matcher.matchPattern {
        case .exact(let text): pattern = folded(ByteString(text)).map { .exact($0) }
        case .prefix(let text): pattern = folded(literal(text, path["prefix"])).map { .prefix($0) }
        case .suffix(let text): pattern = folded(literal(text, path["suffix"])).map { .suffix($0) }
        case .contains(let text):
            pattern = folded(literal(text, path["contains"])).map { .contains($0) }
        case .safeRegex(let expression):
            if ignoresCase {
                refuse(
                    path["ignore_case"],
                    "has no effect on a regular expression",
                    "leave it out and begin the expression with (?i)"
                )
            }
            guard let compiled = regex(expression, path["safe_regex"]) else { return nil }
            return StringMatcher(.regex(compiled))
        case nil:
            refuse(
                path,
                "says nothing to match",
                "give one of exact, prefix, suffix, contains and safe_regex"
            )
            return nil
        }
        return pattern.map { StringMatcher($0, ignoresCase: ignoresCase) }
    }

    /// A text that must not be empty, since an empty one would match everything.
    private func literal(_ text: String, _ path: FieldPath) -> ByteString? {
        if text.isEmpty {
            refuse(path, "is empty, so it would match everything", "use present_match for that")
            return nil
        }
        return ByteString(text)
    }

    /// The lower-case name of a header (RFC 9110 section 5.1), or of a pseudo-header.
    func headerName(_ name: String, _ path: FieldPath, allowsPseudo: Bool) -> ByteString? {
        if name.isEmpty {
            refuse(path, "is empty", "give the name of a header, for example x-version")
            return nil
        }
        let pseudo = [":method", ":path", ":authority", ":scheme"]
        if name.hasPrefix(":") {
            if allowsPseudo, pseudo.contains(name) { return ByteString(name) }
            refuse(
                path,
                "there is no header \(quoted(name))",
                allowsPseudo
                    ? "pseudo-headers are \(pseudo.joined(separator: ", "))"
                    : "only headers of the message can stand here"
            )
            return nil
        }
        let lower = ByteString(name).lowercased
        if let bad = lower.bytes.first(where: { !Self.isTokenByte($0) }) {
            refuse(
                path,
                "\(quoted(name)) is not the name of a header",
                bad == UInt8(ascii: ":")
                    ? "leave the colon out"
                    : "names are letters, digits and !#$%&'*+-.^_`|~"
            )
            return nil
        }
        return lower == "host" && allowsPseudo ? ":authority" : lower
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        byte.isASCIIDigit || byte.asciiLowercased &- 0x61 < 26
            || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }

    /// A text that is written into a head: control characters there would end its line.
    ///
    /// - Parameter inRequestLine: no space either, since it would end the target.
    func headText(_ text: String, _ path: FieldPath, inRequestLine: Bool) -> ByteString? {
        let bad = text.utf8.first {
            $0 < 0x20 || $0 == 0x7f || (inRequestLine && $0 == 0x20)
        }
        if let bad {
            refuse(
                path,
                bad == 0x20 ? "contains a space" : "contains a control character",
                bad == 0x20 ? "write %20" : "leave it out"
            )
            return nil
        }
        return ByteString(text)
    }
}
