package import Model

/// `prefix_rewrite` and `regex_rewrite` of a route that forwards.
package enum PathRewrite {
    /// Rewrites the path of a request as its route says; the query stays.
    ///
    /// A prefix rewrite replaces what the route's condition matched: the prefix, or the whole path
    /// where the condition is an exact path or a regular expression. A regular expression replaces
    /// every match in the path without the query.
    ///
    /// - Parameter setsOriginalPath: keeps what was there in `x-envoy-original-path`.
    package static func apply(
        _ action: ForwardAction, match: RouteMatch, to head: Head, setsOriginalPath: Bool
    ) {
        let rewritten: Head.Slice
        if let prefix = action.prefixRewrite, !prefix.isEmpty {
            rewritten = replacePrefix(with: prefix, match: match, in: head)
        } else if let (expression, substitution) = action.regexRewrite {
            rewritten = replaceMatches(of: expression, with: substitution, in: head)
        } else {
            return
        }
        if setsOriginalPath { head.set(.xEnvoyOriginalPath, head.path) }
        head.path = rewritten
    }

    /// Appends the path with its matched part replaced, and the query.
    static func replacePrefix(
        with replacement: ByteString, match: RouteMatch, in head: Head
    ) -> Head.Slice {
        let matched = UInt32(truncatingIfNeeded: match.matchedCount(of: head.span(head.matchedPath)))
        let rest = Head.Slice(start: head.path.start &+ matched, count: head.path.count &- matched)
        let start = head.byteCount
        let bytes = replacement.bytes
        // A request target that does not start with a slash would be refused, or worse, understood
        // in another way, by the next server (RFC 9112 section 3.2.1).
        if bytes.first != 0x2f { head.append(byte: 0x2f) }
        head.append(bytes.span)
        head.append(rest)
        return Head.Slice(start, head.byteCount)
    }

    /// Appends the path with every match replaced, and the query.
    static func replaceMatches(
        of expression: any RegularExpression, with substitution: ByteString, in head: Head
    ) -> Head.Slice {
        let replaced = expression.replacingMatches(
            in: head.span(head.matchedPath), with: substitution)
        let tail = head.pathTail
        let start = head.byteCount
        if replaced.first != 0x2f { head.append(byte: 0x2f) }
        head.append(replaced.span)
        head.append(tail)
        return Head.Slice(start, head.byteCount)
    }
}
