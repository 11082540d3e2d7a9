package import Model

/// What a request says of where it comes from: `x-forwarded-for`, `x-forwarded-proto`,
/// `x-request-id`, and the `x-envoy-*` headers that only trusted peers may send.
package enum ForwardedHeaders {
    /// The connection that a request came on, and whose process this is.
    package struct Connection {
        /// The peer; nil where it is not known.
        package var remote: SocketAddress?
        package var local: SocketAddress?
        /// This machine's address as text: what stands for a loopback peer in `x-forwarded-for`;
        /// empty: the peer's own stands there.
        package var ownAddress: ByteString
        /// `node.id`, for `x-envoy-downstream-service-node`.
        package var nodeName: ByteString

        package init(
            remote: SocketAddress? = nil,
            local: SocketAddress? = nil,
            ownAddress: ByteString = "",
            nodeName: ByteString = ""
        ) {
            self.remote = remote
            self.local = local
            self.ownAddress = ownAddress
            self.nodeName = nodeName
        }
    }

    /// What was found out about the request.
    package struct Origin: Equatable, Sendable {
        /// The client's address in the head's bytes, as a trusted header has it; nil: the peer of
        /// the connection is the client.
        package var client: Head.Slice?
        /// The same as a value, with port 0, or the peer's; nil where neither is known.
        package var address: SocketAddress?
        /// The client is of this network.
        package var isInternal = false
        /// This proxy is the first of the trusted network.
        package var isEdge = false
        /// The response carries `x-request-id`: an internal client asked for it.
        package var returnsRequestID = false
        /// The request is to be refused with this status: its client cannot be told.
        package var rejection: UInt16?
    }

    /// Brings the headers of a request into the form that the upstream and the routes may trust,
    /// once, before the route is looked up.
    ///
    /// - Where remote addresses are used (`use_remote_address`), the peer is appended to
    ///   `x-forwarded-for`, and `x-forwarded-proto` is what the connection is, unless trusted hops
    ///   stand before this proxy and set it. Otherwise both are believed, or the detection
    ///   extensions are asked. `scheme_header_transformation` overwrites `x-forwarded-proto`.
    /// - A request is internal where there is one address only and `internal_address_config` holds
    ///   it. One from outside loses the headers that steer this proxy; one from inside gets
    ///   `x-envoy-internal: true`; an edge request gets `x-envoy-external-address`.
    /// - An edge request gets a new `x-request-id` unless the configuration preserves it; any other
    ///   only where it has none.
    /// - `x-forwarded-client-cert` goes: nothing here vouches for it.
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
        connection: Connection = Connection(),
        random: inout Xoshiro256
    ) -> Origin {
        head.remove(.xEnvoyInternal)
        head.remove(.xForwardedClientCert)
        var origin = Origin()
        let peer = connection.remote ?? AddressText.address(of: remoteText)
        let isSingle =
            manager.usesRemoteAddress
            ? useRemote(head, manager, remoteText, peer, connection, isTLS, &origin)
            : useHeaders(head, manager, remoteText, peer, connection, isTLS, &origin)
        if origin.rejection != nil { return origin }
        if let scheme = manager.schemeOverwrite {
            let bytes = scheme.bytes
            head.set(.xForwardedProto, head.append(bytes.span))
            head.scheme = head.append(bytes.span)
        }
        if let client = origin.client {
            origin.address = AddressText.address(of: head.span(client))
        } else {
            origin.address = peer
        }
        // Without remote addresses, the peer itself never counts as inside.
        let isKnown = manager.usesRemoteAddress || origin.client != nil
        origin.isInternal = isSingle && isKnown && manager.holdsInside(origin.address)
        origin.isEdge = manager.usesRemoteAddress && !origin.isInternal
        setPort(head, manager, connection)
        if origin.isInternal {
            head.set(.xEnvoyInternal, head.append("true"))
            origin.returnsRequestID = head.has(.xEnvoyForceTrace)
        } else {
            InternalHeaders.remove(
                from: head,
                isEdge: origin.isEdge,
                others: manager.routes.internalOnlyHeaders
            )
        }
        if let cluster = manager.addsUserAgent {
            addUserAgent(cluster, node: connection.nodeName, to: head)
        }
        appendVia(manager.via, to: head)
        if origin.isEdge {
            if let client = origin.client {
                head.set(.xEnvoyExternalAddress, client)
            } else if !remoteText.isEmpty {
                head.set(.xEnvoyExternalAddress, head.append(remoteText))
            }
        }
        if manager.generatesRequestID {
            let isReplaced = origin.isEdge && !manager.preservesExternalRequestID
            if isReplaced || !head.has(.xRequestID) {
                head.set(.xRequestID, RequestID.append(to: head, random: &random))
            }
        }
        return origin
    }

    /// Appends what the configuration has for `via`, in either direction; nothing where it is empty.
    package static func appendVia(_ via: ByteString, to head: Head) {
        let bytes = via.bytes
        if bytes.isEmpty { return }
        guard let first = head.firstIndex(.via) else {
            head.set(.via, head.append(bytes.span))
            return
        }
        let start = head.byteCount
        var index = first
        while index < head.fieldCount {
            let field = head.field(at: index)
            if field.known == .via, !field.isRemoved {
                head.append(field.value)
                head.append(", ")
            }
            index += 1
        }
        head.append(bytes.span)
        head.set(.via, Head.Slice(start, head.byteCount))
    }

    // MARK: - The client

    /// True where there is only one address.
    private static func useRemote(
        _ head: Head,
        _ manager: HTTPConnectionManager,
        _ remoteText: Span<UInt8>,
        _ peer: SocketAddress?,
        _ connection: Connection,
        _ isTLS: Bool,
        _ origin: inout Origin
    ) -> Bool {
        let isSingle = !head.has(.xForwardedFor)
        let hops = manager.xffTrustedHopCount
        if hops > 0 {
            origin.client = ForwardedAddresses.address(in: head, skipping: hops - 1)?.address
        }
        if !manager.skipsXFFAppend { appendPeer(remoteText, peer, connection, to: head) }
        if hops == 0 || !head.has(.xForwardedProto) { setProtocol(isTLS: isTLS, in: head) }
        return isSingle
    }

    private static func useHeaders(
        _ head: Head,
        _ manager: HTTPConnectionManager,
        _ remoteText: Span<UInt8>,
        _ peer: SocketAddress?,
        _ connection: Connection,
        _ isTLS: Bool,
        _ origin: inout Origin
    ) -> Bool {
        if !head.has(.xForwardedProto) { setProtocol(isTLS: isTLS, in: head) }
        if manager.originalIPDetection.isEmpty {
            let hops = manager.xffTrustedHopCount
            let found = ForwardedAddresses.address(in: head, skipping: hops)
            origin.client = found?.address
            return found?.isOnly ?? false
        }
        let detections = manager.originalIPDetection
        for index in 0..<detections.count {
            switch ForwardedAddresses.detect(detections[index], in: head, peer: peer) {
            case .nothing: continue
            case .rejected(let status):
                origin.rejection = status
                return false
            case .found(let client, let isTrusted, let appendsPeer):
                origin.client = client
                if appendsPeer { appendPeer(remoteText, peer, connection, to: head) }
                return isTrusted
            }
        }
        return false
    }

    private static func appendPeer(
        _ remoteText: Span<UInt8>,
        _ peer: SocketAddress?,
        _ connection: Connection,
        to head: Head
    ) {
        if !connection.ownAddress.isEmpty, let peer, peer.isOwn, !remoteText.isEmpty {
            let bytes = connection.ownAddress.bytes
            appendForwarded(bytes.span, to: head)
        } else if !remoteText.isEmpty {
            appendForwarded(remoteText, to: head)
        }
    }

    // MARK: - Single headers

    private static func setPort(
        _ head: Head,
        _ manager: HTTPConnectionManager,
        _ connection: Connection
    ) {
        guard manager.appendsForwardedPort, manager.usesRemoteAddress,
            let port = connection.local?.port,
            manager.xffTrustedHopCount == 0 || !head.has(.xForwardedPort)
        else { return }
        head.set(.xForwardedPort, head.append(decimal: UInt64(port)))
    }

    private static func addUserAgent(_ cluster: ByteString, node: ByteString, to head: Head) {
        let bytes = cluster.bytes
        let value = head.append(bytes.span)
        head.set(.xEnvoyDownstreamServiceCluster, value)
        if head.first(.userAgent).map(\.isEmpty) ?? true { head.set(.userAgent, value) }
        let name = node.bytes
        if !name.isEmpty { head.set(.xEnvoyDownstreamServiceNode, head.append(name.span)) }
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
}

extension SocketAddress {
    /// 127.0.0.1 or ::1: what Envoy takes for this machine; other addresses of 127/8 are peers.
    fileprivate var isOwn: Bool {
        switch self {
        case .ipv4(let address, _): address == 0x7f00_0001
        case .ipv6(let high, let low, _, _): high == 0 && low == 1
        case .unix: false
        }
    }
}

extension HTTPConnectionManager {
    /// Whether a client with this address is of this network.
    fileprivate func holdsInside(_ address: SocketAddress?) -> Bool {
        switch address {
        case nil: false
        case .unix: internalAddresses.includesUnixSockets
        case .some(let other): internalAddresses.ranges.hold(other)
        }
    }
}
