package import Model

extension HostRewrite {
    /// Rewrites the authority as far as the request alone decides it: by a literal, a header, or the
    /// path.
    ///
    /// Called once, before `PathRewrite`, since the expression sees the path that arrived.
    package static func apply(_ action: ForwardAction, to head: Head) {
        switch action.hostRewrite {
        case .none, .endpoint: return
        case .literal(let host):
            let bytes = host.bytes
            replaceAuthority(with: head.append(bytes.span), in: head)
        case .header(let name):
            let bytes = name.bytes
            guard let value = head.first(named: bytes.span), !value.isEmpty else { return }
            replaceAuthority(with: value, in: head)
        case .pathRegex(let expression, let substitution):
            let host = expression.replacingMatches(
                in: head.span(head.matchedPath),
                with: substitution
            )
            // A request without a host would be refused (RFC 9112 section 3.2).
            if host.isEmpty { return }
            replaceAuthority(with: head.append(host.span), in: head)
        }
    }

    /// Rewrites the authority to the host name of the chosen endpoint, where the route asks for
    /// that and the endpoint has a name.
    ///
    /// Called for every attempt.
    package static func apply(
        _ action: ForwardAction,
        endpointHostname: Span<UInt8>,
        to head: Head
    ) {
        guard case .endpoint = action.hostRewrite, !endpointHostname.isEmpty else { return }
        replaceAuthority(with: head.append(endpointHostname), in: head)
    }

    private static func replaceAuthority(with host: Head.Slice, in head: Head) {
        head.authority = host
        if head.has(.host) { head.set(.host, host) }
    }
}
