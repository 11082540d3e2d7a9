package import Model

/// What consistent hashing looks at in a request: the route's hash policies, combined.
package enum HashPolicies {
    /// The result for one request.
    package struct Outcome: Sendable {
        /// nil: no policy had anything to look at, and the balancer draws at random.
        package var hash: UInt64?
        /// Values of `set-cookie` for the response; almost always empty.
        package var newCookies: [ByteString]
    }

    /// Asks the policies one after another, as Envoy's `hash_policy.cc` does.
    ///
    /// Each policy that finds something contributes the xxHash64 of it; what was there before is
    /// turned by one bit first, so that two equal policies do not cancel each other out. A terminal
    /// policy ends it once there is a hash.
    ///
    /// - Parameters:
    ///   - clientAddress: the trusted client's address as text without the port; empty for a Unix
    ///     socket.
    ///   - connection: both ends of the client's connection: of these, cookies are made.
    package static func hash(
        _ policies: [HashPolicy],
        head: Head,
        clientAddress: Span<UInt8>,
        connection: (remote: SocketAddress, local: SocketAddress)
    ) -> Outcome {
        var outcome = Outcome(hash: nil, newCookies: [])
        for index in 0..<policies.count {
            let found: UInt64?
            switch policies[index].source {
            case .header(let name, let rewrite):
                let bytes = name.bytes
                found = header(bytes.span, rewrite, in: head)
            case .cookie(let cookie):
                found = self.cookie(cookie, in: head, connection, &outcome)
            case .sourceIP:
                found = clientAddress.isEmpty ? nil : XXHash64.hash(clientAddress)
            case .queryParameter(let name):
                let bytes = name.bytes
                found = parameter(bytes.span, in: head)
            }
            if let found {
                let before = outcome.hash ?? 0
                outcome.hash = (before << 1 | before >> 63) ^ found
            }
            if policies[index].isTerminal, outcome.hash != nil { break }
        }
        return outcome
    }

    // MARK: - Headers

    private static func header(
        _ name: Span<UInt8>,
        _ rewrite: (expression: any RegularExpression, substitution: ByteString)?,
        in head: Head
    ) -> UInt64? {
        if name.equals(":path") { return value(head.span(head.path), rewrite) }
        if name.equals(":authority") || name.equals("host") {
            return value(head.span(head.authority), rewrite)
        }
        if name.equals(":method") { return value(head.span(head.methodSlice), rewrite) }
        guard let first = head.nextIndex(named: name, from: 0) else { return nil }
        if head.nextIndex(named: name, from: first + 1) == nil {
            return value(head.span(head.field(at: first).value), rewrite)
        }
        return severalLines(of: name, from: first, rewrite, in: head)
    }

    private static func value(
        _ value: Span<UInt8>,
        _ rewrite: (expression: any RegularExpression, substitution: ByteString)?
    ) -> UInt64 {
        guard let rewrite else { return XXHash64.hash(value) }
        let changed = rewrite.expression.replacingMatches(in: value, with: rewrite.substitution)
        return XXHash64.hash(changed.span)
    }

    /// The lines in the order of their bytes, so that the order in which they came is the same;
    /// each is hashed with the hash of those before it as its seed.
    private static func severalLines(
        of name: Span<UInt8>,
        from first: Int,
        _ rewrite: (expression: any RegularExpression, substitution: ByteString)?,
        in head: Head
    ) -> UInt64 {
        var lines: [[UInt8]] = []
        var next: Int? = first
        while let index = next {
            let value = head.span(head.field(at: index).value)
            if let rewrite {
                lines.append(
                    rewrite.expression.replacingMatches(in: value, with: rewrite.substitution)
                )
            } else {
                lines.append(ByteString(copying: value).bytes)
            }
            next = head.nextIndex(named: name, from: index + 1)
        }
        if InlineFields.joins(name, KnownFieldIndex.shared.field(named: name)) {
            let joined = Array(lines.joined(separator: [0x2c]))
            return XXHash64.hash(joined.span)
        }
        lines.sort { $0.lexicographicallyPrecedes($1) }
        return lines.reduce(0) { XXHash64.hash($1.span, seed: $0) }
    }

    // MARK: - Query parameters

    private static func parameter(_ name: Span<UInt8>, in head: Head) -> UInt64? {
        let query = head.span(head.query)
        var start = 0
        while start < query.count {
            let end = query.firstIndex(of: 0x26, from: start) ?? query.count
            let pair = query.extracting(start..<end)
            let mark = pair.firstIndex(of: 0x3d) ?? pair.count
            if pair.extracting(0..<mark).equals(name) {
                return XXHash64.hash(pair.extracting(min(mark + 1, pair.count)...))
            }
            start = end + 1
        }
        return nil
    }

    // MARK: - Cookies

    private static func cookie(
        _ cookie: HashPolicy.Cookie,
        in head: Head,
        _ connection: (remote: SocketAddress, local: SocketAddress),
        _ outcome: inout Outcome
    ) -> UInt64? {
        let name = cookie.name.bytes
        if let value = Cookies.value(named: name.span, in: head), !value.isEmpty {
            return XXHash64.hash(head.span(value))
        }
        guard let seconds = cookie.ttlSeconds else { return nil }
        // The same for every request of a connection: those that race get the same cookie.
        let ends = Array("\(connection.remote)\(connection.local)".utf8)
        let value = hexadecimal(XXHash64.hash(ends.span))
        outcome.newCookies.append(setCookie(cookie, value, seconds))
        return XXHash64.hash(value.span)
    }

    private static func setCookie(
        _ cookie: HashPolicy.Cookie,
        _ value: [UInt8],
        _ seconds: Int64
    ) -> ByteString {
        var line = cookie.name.bytes + [0x3d, 0x22] + value + [0x22]
        if seconds != 0 { line += Array("; Max-Age=\(seconds)".utf8) }
        if !cookie.path.isEmpty { line += Array("; Path=".utf8) + cookie.path.bytes }
        line += cookie.attributes.bytes
        line += Array("; HttpOnly".utf8)
        return ByteString(line)
    }

    /// 16 digits in lower case.
    private static func hexadecimal(_ value: UInt64) -> [UInt8] {
        (0..<16).map { index in
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(60 - index * 4) & 15)
            return digit < 10 ? 0x30 + digit : 0x61 + digit - 10
        }
    }
}
