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
    /// - Returns: false where the request must be refused with 400: the rewrite made a dot segment
    ///   out of harmless parts (`/api` rewritten to `/` turns `/api../secret` into `/../secret`),
    ///   which would lead out of the tree that the route opens. Envoy sends such a path on.
    @discardableResult
    package static func apply(
        _ action: ForwardAction,
        match: RouteMatch,
        to head: Head,
        setsOriginalPath: Bool
    ) -> Bool {
        let rewritten: Head.Slice
        if let prefix = action.prefixRewrite, !prefix.isEmpty {
            rewritten = replacePrefix(with: prefix, match: match, in: head)
        } else if let (expression, substitution) = action.regexRewrite {
            rewritten = replaceMatches(of: expression, with: substitution, in: head)
        } else {
            return true
        }
        let hadDotSegment = hasDotSegment(head.span(head.matchedPath))
        if setsOriginalPath { head.set(.xEnvoyOriginalPath, head.path) }
        head.path = rewritten
        return hadDotSegment || !hasDotSegment(head.span(head.matchedPath))
    }

    /// True where a segment is `.` or `..`, percent-encoded or not (RFC 3986 section 5.2.4).
    private static func hasDotSegment(_ path: Span<UInt8>) -> Bool {
        var dots = 0
        var hasOther = false
        var index = 0
        while index < path.count {
            let byte = path[index]
            if byte == 0x2f || byte == 0x5c {
                if dots > 0, !hasOther { return true }
                dots = 0
                hasOther = false
            } else if byte == 0x2e {
                dots += 1
            } else if byte == 0x25, index + 2 < path.count, path[index + 1] == 0x32,
                path[index + 2].asciiLowercased == 0x65
            {
                dots += 1
                index += 2
            } else {
                hasOther = true
            }
            if dots > 2 { hasOther = true }
            index += 1
        }
        return dots > 0 && !hasOther
    }

    /// Appends the path with its matched part replaced, and the query.
    static func replacePrefix(
        with replacement: ByteString,
        match: RouteMatch,
        in head: Head
    ) -> Head.Slice {
        let matched = UInt32(
            truncatingIfNeeded: match.matchedCount(of: head.span(head.matchedPath))
        )
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
        of expression: any RegularExpression,
        with substitution: ByteString,
        in head: Head
    ) -> Head.Slice {
        let replaced = expression.replacingMatches(
            in: head.span(head.matchedPath),
            with: substitution
        )
        let tail = head.pathTail
        let start = head.byteCount
        if replaced.first != 0x2f { head.append(byte: 0x2f) }
        head.append(replaced.span)
        head.append(tail)
        return Head.Slice(start, head.byteCount)
    }
}
