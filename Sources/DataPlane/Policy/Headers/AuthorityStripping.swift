package import Model

/// Shortens the authority before routes see it (`strip_any_host_port`, `strip_matching_host_port`,
/// `strip_trailing_host_dot`); the upstream gets the shortened one, too.
package enum AuthorityStripping {
    /// - Parameter listenerPort: the port that the client connected to; nil for a Unix socket.
    package static func apply(
        to head: Head,
        manager: HTTPConnectionManager,
        listenerPort: UInt16?
    ) {
        if manager.stripsTrailingDot { stripDot(head) }
        switch manager.stripsPort {
        case .none: return
        case .any: stripPort(head, only: nil)
        case .matching:
            if let listenerPort { stripPort(head, only: listenerPort) }
        }
    }

    private static func stripPort(_ head: Head, only wanted: UInt16?) {
        // CONNECT needs the port (RFC 9110 section 9.3.6).
        if head.method == .connect { return }
        let authority = head.span(head.authority)
        guard let colon = authority.portColon,
            let port = authority.extracting((colon + 1)...).decimal(limit: 65_535)
        else { return }
        if let wanted, port != Int(wanted) { return }
        replace(Head.Slice(start: head.authority.start, count: UInt32(colon)), in: head)
    }

    private static func stripDot(_ head: Head) {
        let authority = head.span(head.authority)
        let end = authority.portColon ?? authority.count
        guard end > 1, authority[end - 1] == 0x2e else { return }
        let base = Int(head.authority.start)
        let before = Head.Slice(base, base + end - 1)
        if end == authority.count { return replace(before, in: head) }
        let port = Head.Slice(base + end, base + authority.count)
        let start = head.byteCount
        head.append(before)
        head.append(port)
        replace(Head.Slice(start, head.byteCount), in: head)
    }

    private static func replace(_ authority: Head.Slice, in head: Head) {
        head.authority = authority
        if head.has(.host) { head.set(.host, authority) }
    }
}

extension Span<UInt8> {
    /// The colon before the port of an authority; those of an IPv6 address stand in brackets.
    var portColon: Int? {
        var index = count
        while index > 0 {
            index -= 1
            if self[index] == 0x3a { return index }
            if self[index] == 0x5d { return nil }
        }
        return nil
    }
}
