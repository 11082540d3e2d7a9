package import Model

/// Removes what belongs to one connection only (RFC 9110 section 7.6.1).
package enum HopByHop {
    /// Marks as removed: Connection and the fields that it nominates, Keep-Alive, Proxy-Connection,
    /// Upgrade, Transfer-Encoding, HTTP2-Settings, and TE unless it is exactly `trailers`.
    ///
    /// A nomination can't remove a protected name (framing, host, credentials, `x-forwarded-*`,
    /// `x-envoy-*`, trace context and the like, see `ProtectedNames`): otherwise a client could strip
    /// what an earlier proxy set or a policy relies on. Only the first 64 options count; the parsers
    /// refuse more. No allocation.
    package static func strip(_ head: Head) {
        if head.has(.connection) { removeNominated(head) }
        head.remove(.connection)
        head.remove(.keepAlive)
        head.remove(.proxyConnection)
        head.remove(.upgrade)
        head.remove(.transferEncoding)
        head.remove(.http2Settings)
        if head.has(.te), !saysTrailersOnly(head) { head.remove(.te) }
    }

    /// Whether there is one TE line and its value is `trailers`.
    private static func saysTrailersOnly(_ head: Head) -> Bool {
        var count = 0
        for index in 0..<head.fieldCount {
            let field = head.field(at: index)
            if field.known != .te || field.isRemoved { continue }
            count += 1
            if count > 1 || !head.span(field.value).equalsIgnoringCase("trailers") { return false }
        }
        return true
    }

    private static func removeNominated(_ head: Head) {
        var count = 0
        for index in 0..<head.fieldCount {
            let field = head.field(at: index)
            guard case .connection = field.known, !field.isRemoved else { continue }
            let start = Int(field.value.start)
            var options = ListElements(head.span(field.value))
            while let range = options.next() {
                count += 1
                if count > FieldLines.connectionOptionsMax { return }
                remove(
                    nominated: Head.Slice(start + range.lowerBound, start + range.upperBound),
                    head
                )
            }
        }
    }

    private static func remove(nominated option: Head.Slice, _ head: Head) {
        let name = head.span(option)
        // The usual options name no field, or one that goes or stays by its own rule.
        if name.equalsIgnoringCase("close") || name.equalsIgnoringCase("keep-alive")
            || name.equalsIgnoringCase("upgrade") || name.equalsIgnoringCase("te")
            || name.equalsIgnoringCase("connection") || ProtectedNames.contains(name)
        {
            return
        }
        for index in 0..<head.fieldCount {
            let field = head.field(at: index)
            if field.isRemoved || field.name.count != option.count { continue }
            if head.span(field.name).matchesIgnoringCase(name) { head.remove(at: index) }
        }
    }
}

extension Span<UInt8> {
    /// Equality in which ASCII letters match in either case, on both sides.
    func matchesIgnoringCase(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where self[index].asciiLowercased != other[index].asciiLowercased {
            return false
        }
        return true
    }
}
