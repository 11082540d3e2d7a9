package import Model

/// What a request says of where it comes from: `x-forwarded-for`, `x-forwarded-proto`,
/// `x-request-id`, and the `x-envoy-*` headers that only trusted peers may send.
package enum ForwardedHeaders {
    /// Which addresses belong to this network.
    ///
    /// Envoy's default is none, unless `internal_address_config` names some.
    package enum InternalAddresses: Sendable {
        case none
        /// Loopback, RFC 1918, unique local IPv6.
        case privateNetworks
    }

    /// What was found out about the request.
    package struct Origin: Equatable, Sendable {
        /// The client's address in the head's bytes, as a trusted `x-forwarded-for` has it; nil: the
        /// peer of the connection is the client.
        package let client: Head.Slice?
        /// The client is of this network.
        package let isInternal: Bool
        /// This proxy is the first of the trusted network.
        package let isEdge: Bool
    }

    /// Brings the headers of a request into the form that the upstream and the routes may trust,
    /// once, before the route is looked up.
    ///
    /// - Where remote addresses are used (`use_remote_address`), the peer is appended to
    ///   `x-forwarded-for`, and `x-forwarded-proto` is what the connection is, unless trusted hops
    ///   stand before this proxy and set it. Otherwise both are believed.
    /// - A request from outside loses the headers that steer this proxy; one from inside gets
    ///   `x-envoy-internal: true`; an edge request gets `x-envoy-external-address`.
    /// - An edge request gets a new `x-request-id` unless the configuration preserves it; any other
    ///   only where it has none.
    ///
    /// Unlike Envoy, the address of a loopback peer is appended as it is, not replaced by the host's
    /// own address.
    ///
    /// - Parameters:
    ///   - remoteText: the peer's address without the port; empty for a Unix socket.
    ///   - isTLS: the connection has TLS.
    @discardableResult
    package static func apply(
        to head: Head,
        manager: HTTPConnectionManager,
        remoteText: Span<UInt8>,
        isTLS: Bool,
        internalAddresses: InternalAddresses = .none,
        random: inout Xoshiro256
    ) -> Origin {
        head.remove(.xEnvoyInternal)
        let hops = manager.xffTrustedHopCount
        let usesRemote = manager.usesRemoteAddress
        var client: Head.Slice?
        var isSingleAddress: Bool
        if usesRemote {
            isSingleAddress = !head.has(.xForwardedFor)
            if hops > 0 { client = forwardedAddress(in: head, skipping: hops - 1)?.address }
            if !manager.skipsXFFAppend, !remoteText.isEmpty {
                appendForwarded(remoteText, to: head)
            }
            if hops == 0 || !head.has(.xForwardedProto) { setProtocol(isTLS: isTLS, in: head) }
        } else {
            let found = forwardedAddress(in: head, skipping: hops)
            client = found?.address
            isSingleAddress = found?.isOnly ?? false
            if !head.has(.xForwardedProto) { setProtocol(isTLS: isTLS, in: head) }
        }
        let isInternal =
            isSingleAddress
            && belongsInside(
                client,
                peer: usesRemote ? remoteText : Span<UInt8>(),
                in: head,
                rule: internalAddresses
            )
        let isEdge = usesRemote && !isInternal
        if isInternal {
            head.set(.xEnvoyInternal, head.append("true"))
        } else {
            InternalHeaders.remove(from: head, isEdge: isEdge)
        }
        if isEdge {
            if let client {
                head.set(.xEnvoyExternalAddress, client)
            } else if !remoteText.isEmpty {
                head.set(.xEnvoyExternalAddress, head.append(remoteText))
            }
        }
        if manager.generatesRequestID {
            let isReplaced = isEdge && !manager.preservesExternalRequestID
            if isReplaced || !head.has(.xRequestID) {
                head.set(.xRequestID, RequestID.append(to: head, random: &random))
            }
        }
        return Origin(client: client, isInternal: isInternal, isEdge: isEdge)
    }

    private static func belongsInside(
        _ client: Head.Slice?,
        peer: Span<UInt8>,
        in head: Head,
        rule: InternalAddresses
    ) -> Bool {
        switch rule {
        case .none: return false
        case .privateNetworks:
            if let client { return AddressText.kind(of: head.span(client)) == .privateNetwork }
            return AddressText.kind(of: peer) == .privateNetwork
        }
    }

    private static func setProtocol(isTLS: Bool, in head: Head) {
        head.set(.xForwardedProto, isTLS ? head.append("https") : head.append("http"))
    }

    /// Appends the peer to the last line of `x-forwarded-for`, or begins one.
    private static func appendForwarded(_ remote: Span<UInt8>, to head: Head) {
        guard let last = lastLine(in: head), !head.field(at: last).value.isEmpty else {
            head.set(.xForwardedFor, head.append(remote))
            return
        }
        let known = head.field(at: last).value
        let start = head.byteCount
        head.append(known)
        head.append(byte: 0x2c)
        head.append(remote)
        let value = Head.Slice(start, head.byteCount)
        if last == head.firstIndex(.xForwardedFor) {
            head.set(.xForwardedFor, value)
        } else {
            let name = head.field(at: last).name
            head.remove(at: last)
            head.addLine(name: name, value: value)
        }
    }

    private static func lastLine(in head: Head) -> Int? {
        guard let first = head.firstIndex(.xForwardedFor) else { return nil }
        var index = head.fieldCount - 1
        while index > first {
            let field = head.field(at: index)
            if field.known == .xForwardedFor, !field.isRemoved { return index }
            index -= 1
        }
        return first
    }

    /// The address that stands `skipped` places before the last one in `x-forwarded-for`, over all
    /// its lines; nil where there is none, or what stands there is no address.
    private static func forwardedAddress(
        in head: Head,
        skipping skipped: UInt32
    ) -> (address: Head.Slice, isOnly: Bool)? {
        guard let first = head.firstIndex(.xForwardedFor) else { return nil }
        var rest = skipped
        var line = head.fieldCount
        while line > first {
            line -= 1
            let field = head.field(at: line)
            guard field.known == .xForwardedFor, !field.isRemoved else { continue }
            let value = head.span(field.value)
            var end = value.count
            while true {
                var start = end
                while start > 0, value[start - 1] != 0x2c { start -= 1 }
                if rest == 0 {
                    let base = Int(field.value.start)
                    let slice = trimmed(Head.Slice(base + start, base + end), in: head)
                    guard AddressText.kind(of: head.span(slice)) != nil else { return nil }
                    return (slice, skipped == 0 && start == 0 && line == first)
                }
                rest -= 1
                if start == 0 { break }
                end = start - 1
            }
        }
        return nil
    }

    private static func trimmed(_ slice: Head.Slice, in head: Head) -> Head.Slice {
        let bytes = head.span(slice)
        var start = 0
        var end = bytes.count
        while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
        while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
        return Head.Slice(Int(slice.start) + start, Int(slice.start) + end)
    }
}
