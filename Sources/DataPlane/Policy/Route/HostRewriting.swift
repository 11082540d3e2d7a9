package import Model

extension HostRewrite {
    /// Rewrites the authority as far as the request alone decides it: by a literal, a header, or the
    /// path.
    ///
    /// Called once, before `PathRewrite`, since the expression sees the path that arrived. The
    /// authority that goes is appended to `x-forwarded-host` where the route asks for that, and
    /// kept in `x-envoy-original-host` where `setsOriginalHost`.
    package static func apply(
        _ action: ForwardAction,
        to head: Head,
        setsOriginalHost: Bool = true
    ) {
        let replace = Replacement(action, setsOriginalHost)
        switch action.hostRewrite {
        case .none, .endpoint: return
        case .literal(let host):
            let bytes = host.bytes
            replace(with: head.append(bytes.span), in: head)
        case .header(let name):
            let bytes = name.bytes
            guard let value = head.first(named: bytes.span), !value.isEmpty else { return }
            replace(with: value, in: head)
        case .pathRegex(let expression, let substitution):
            let host = expression.replacingMatches(
                in: head.span(head.matchedPath),
                with: substitution
            )
            // A request without a host would be refused (RFC 9112 section 3.2).
            if host.isEmpty { return }
            replace(with: head.append(host.span), in: head)
        }
    }

    /// Rewrites the authority to the literal of a weighted cluster.
    package static func apply(
        literal host: ByteString,
        _ action: ForwardAction,
        to head: Head,
        setsOriginalHost: Bool = true
    ) {
        let bytes = host.bytes
        if bytes.isEmpty { return }
        Replacement(action, setsOriginalHost)(with: head.append(bytes.span), in: head)
    }

    /// Rewrites the authority to the host name of the chosen endpoint, where the route asks for
    /// that and the endpoint has a name.
    ///
    /// Called for every attempt; only the first has an original to keep.
    package static func apply(
        _ action: ForwardAction,
        endpointHostname: Span<UInt8>,
        to head: Head,
        setsOriginalHost: Bool = true,
        isFirstAttempt: Bool = true
    ) {
        guard case .endpoint = action.hostRewrite, !endpointHostname.isEmpty else { return }
        var replace = Replacement(action, setsOriginalHost && isFirstAttempt)
        if !isFirstAttempt { replace.appendsForwardedHost = false }
        replace(with: head.append(endpointHostname), in: head)
    }
}

/// Replaces an authority and says what it was.
private struct Replacement {
    var appendsForwardedHost: Bool
    let setsOriginalHost: Bool

    init(_ action: ForwardAction, _ setsOriginalHost: Bool) {
        appendsForwardedHost = action.appendsForwardedHost
        self.setsOriginalHost = setsOriginalHost
    }

    func callAsFunction(with host: Head.Slice, in head: Head) {
        let old = head.authority
        if appendsForwardedHost, !old.isEmpty { appendForwarded(old, in: head) }
        if setsOriginalHost, !old.isEmpty { head.set(.xEnvoyOriginalHost, old) }
        head.authority = host
        if head.has(.host) { head.set(.host, host) }
    }

    private func appendForwarded(_ host: Head.Slice, in head: Head) {
        guard let known = head.first(.xForwardedHost), !known.isEmpty else {
            return head.set(.xForwardedHost, host)
        }
        let start = head.byteCount
        head.append(known)
        head.append(byte: 0x2c)
        head.append(host)
        head.set(.xForwardedHost, Head.Slice(start, head.byteCount))
    }
}
