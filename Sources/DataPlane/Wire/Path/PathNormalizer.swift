package import Model

/// Brings paths that mean the same to one spelling, before routes and policies look at them.
///
/// The options and their order are those of Envoy's HTTP connection manager: escaped slashes, then
/// `normalize_path`, then `merge_slashes`. The query is never touched; `*` and an empty path stay.
///
/// `normalize_path` is what Envoy does through the URL library of Chromium: dot segments are removed
/// (RFC 3986 section 5.2.4; also written `%2e`; above the root they vanish), `\` becomes `/`,
/// escapes of unreserved characters are decoded, other escapes stay in their case, and the bytes
/// `" < > ` { }` are escaped. `%00` is refused. Stricter than Envoy: an incomplete escape, such as
/// `%zz`, is refused, since decoding around it could make a new escape for the next reader.
package enum PathNormalizer {
    package enum Outcome: Equatable, Sendable {
        /// The path is as it should be; nothing was copied.
        case unchanged
        /// The path of the head is now the normal one.
        case changed
        /// The path of the head is the normal one, and the client shall be redirected to it.
        case redirect
        /// 400: the path can't be normalized, or it holds escaped slashes that are not allowed.
        case rejected
    }

    package static func normalize(
        _ head: Head,
        normalizesPath: Bool,
        mergesSlashes: Bool,
        escapedSlashes: HTTPConnectionManager.EscapedSlashes
    ) -> Outcome {
        let whole = head.span(head.path)
        guard !whole.isEmpty, whole[0] == 0x2f else { return .unchanged }
        let pathEnd = PathScan.end(of: whole)
        if PathScan.isPlain(whole, to: pathEnd) { return .unchanged }
        return rewrite(
            head,
            pathEnd: pathEnd,
            normalizesPath: normalizesPath,
            mergesSlashes: mergesSlashes,
            escapedSlashes: escapedSlashes
        )
    }

    @inline(never)
    private static func rewrite(
        _ head: Head,
        pathEnd: Int,
        normalizesPath: Bool,
        mergesSlashes: Bool,
        escapedSlashes: HTTPConnectionManager.EscapedSlashes
    ) -> Outcome {
        let pathStart = Int(head.path.start)
        let query = Head.Slice(pathStart + pathEnd, pathStart + Int(head.path.count))
        let original = Head.Slice(pathStart, pathStart + pathEnd)
        // One part for the path with its slashes unescaped; one for the normal path, in which
        // escaping makes three bytes of one at most.
        return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: pathEnd * 4) {
            memory in
            var path = unsafe PathBuffer(UnsafeMutableBufferPointer(rebasing: memory[..<pathEnd]))
            path.append(head.span(original))
            var hadEscapedSlashes = false
            if escapedSlashes != .keep {
                hadEscapedSlashes = path.unescapeSlashes()
                if hadEscapedSlashes && escapedSlashes == .reject { return .rejected }
            }
            if normalizesPath {
                var normal = unsafe PathBuffer(
                    UnsafeMutableBufferPointer(rebasing: memory[pathEnd...])
                )
                guard normal.append(normalizing: path.span) else { return .rejected }
                path = normal
            }
            if mergesSlashes { path.mergeSlashes() }
            if path.span.equals(head.span(original)) { return .unchanged }
            // The two stand side by side after this.
            let newPath = head.append(path.span)
            let newQuery = head.append(query)
            head.path = Head.Slice(start: newPath.start, count: newPath.count + newQuery.count)
            return hadEscapedSlashes && escapedSlashes == .unescapeAndRedirect
                ? .redirect : .changed
        }
    }
}
