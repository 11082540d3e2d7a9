package import Model

/// The `location` of redirects.
package enum Redirect {
    /// Where a redirect sends the client: scheme, host and port of the request unless the action
    /// names others, and the path with the query unless it is stripped.
    ///
    /// - The port of the request goes where the action sets a port, and where it is the default of
    ///   the old scheme and the scheme changes.
    /// - The request's query goes before one in the configured path, as in Envoy.
    /// - Parameter isTLS: whether the connection has TLS; `x-forwarded-proto` goes before it.
    package static func location(
        _ action: RedirectAction,
        match: RouteMatch,
        head: Head,
        isTLS: Bool
    ) -> [UInt8] {
        let wasSecure = head.has(.xForwardedProto) ? head.isSecure : isTLS
        let scheme = action.scheme?.bytes ?? (wasSecure ? ByteString.https : .http).bytes
        var location = scheme
        location.append(contentsOf: [0x3a, 0x2f, 0x2f])
        if let host = action.host, !host.isEmpty {
            location.append(contentsOf: host.bytes)
        } else {
            let authority = head.span(head.authority)
            let end = hostEnd(
                of: authority,
                setsPort: action.port != nil,
                scheme: scheme.span,
                wasSecure: wasSecure
            )
            append(authority.extracting(0..<end), to: &location)
        }
        if let port = action.port {
            location.append(0x3a)
            location.append(contentsOf: String(port).utf8)
        }
        appendPath(action, match: match, head: head, to: &location)
        return location
    }

    /// Where `require_tls` sends a request: the same host and path over TLS.
    package static func tlsLocation(_ head: Head) -> [UInt8] {
        var location: [UInt8] = Array("https://".utf8)
        append(head.span(head.authority), to: &location)
        append(head.span(head.path), to: &location)
        return location
    }

    private static func appendPath(
        _ action: RedirectAction,
        match: RouteMatch,
        head: Head,
        to location: inout [UInt8]
    ) {
        let path = head.span(head.matchedPath)
        switch action.path {
        case .none:
            append(path, to: &location)
        case .replace(let replacement):
            // The request's query replaces one of the configuration; without one that stays.
            let own = replacement.bytes.firstIndex(of: 0x3f)
            let query = head.span(head.pathTail)
            if let own, !action.stripsQuery, !query.isEmpty {
                location.append(contentsOf: replacement.bytes[..<own])
            } else {
                location.append(contentsOf: replacement.bytes)
            }
        case .prefix(let replacement):
            location.append(contentsOf: replacement.bytes)
            append(path.extracting(match.matchedCount(of: path)...), to: &location)
        case .regex(let expression, let substitution):
            location.append(
                contentsOf: expression.replacingMatches(in: path, with: substitution)
            )
        }
        if !action.stripsQuery { append(head.span(head.pathTail), to: &location) }
    }

    /// The end of the host, with or without its port.
    private static func hostEnd(
        of authority: Span<UInt8>,
        setsPort: Bool,
        scheme: Span<UInt8>,
        wasSecure: Bool
    ) -> Int {
        guard let colon = authority.portColon else { return authority.count }
        if setsPort { return colon }
        let oldScheme = (wasSecure ? ByteString.https : .http).bytes
        if scheme.equals(oldScheme.span) { return authority.count }
        let port = authority.extracting(colon...)
        let isDefault = wasSecure ? port.equals(":443") : port.equals(":80")
        return isDefault ? colon : authority.count
    }

    private static func append(_ span: Span<UInt8>, to bytes: inout [UInt8]) {
        for index in span.indices { bytes.append(span[index]) }
    }
}
