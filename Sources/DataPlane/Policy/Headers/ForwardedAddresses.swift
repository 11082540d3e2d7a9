import Model

/// Reads the client's address out of the headers of a request.
enum ForwardedAddresses {
    /// What a detection extension says.
    enum Detection {
        case nothing
        /// - Parameters:
        ///   - isTrusted: the address may make the request an internal one.
        ///   - appendsPeer: the peer is appended to `x-forwarded-for`.
        case found(Head.Slice, isTrusted: Bool, appendsPeer: Bool)
        case rejected(UInt16)
    }

    static func detect(
        _ detection: HTTPConnectionManager.OriginalIPDetection,
        in head: Head,
        peer: SocketAddress?
    ) -> Detection {
        switch detection {
        case .forwardedFor(let hops, let ranges, let skipsAppend):
            let found: (address: Head.Slice, isOnly: Bool)?
            if let ranges {
                // Whoever is no trusted proxy may not say who the client is.
                guard let peer, ranges.hold(peer) else { return .nothing }
                found = lastAddress(in: head, outside: ranges)
            } else {
                found = address(in: head, skipping: hops)
            }
            guard let found else { return .nothing }
            return .found(found.address, isTrusted: found.isOnly, appendsPeer: !skipsAppend)
        case .header(let name, let makesTrusted, let status):
            let bytes = name.bytes
            if let value = head.first(named: bytes.span) {
                let slice = trimmed(value, in: head)
                if AddressText.address(of: head.span(slice)) != nil {
                    return .found(slice, isTrusted: makesTrusted, appendsPeer: false)
                }
            }
            return status.map { .rejected($0) } ?? .nothing
        }
    }

    /// The last address of `x-forwarded-for` that no range holds, or the first of all where they
    /// hold every one; nil where what stands there is no address.
    private static func lastAddress(
        in head: Head,
        outside ranges: [AddressRange]
    ) -> (address: Head.Slice, isOnly: Bool)? {
        var skipped: UInt32 = 0
        var last: (address: Head.Slice, isOnly: Bool)?
        // A head has at most some tens of thousands of addresses; its limit bounds the walk, and
        // this one bounds its square.
        while skipped < 1_000 {
            guard let found = address(in: head, skipping: skipped) else {
                return isEnd(of: head, skipping: skipped) ? last : nil
            }
            last = found
            guard let address = AddressText.address(of: head.span(found.address)) else {
                return nil
            }
            if !ranges.hold(address) { return found }
            skipped += 1
        }
        return last
    }

    /// Whether `x-forwarded-for` has no more than `skipped` elements.
    private static func isEnd(of head: Head, skipping skipped: UInt32) -> Bool {
        guard let first = head.firstIndex(.xForwardedFor) else { return true }
        var count: UInt32 = 0
        for index in first..<head.fieldCount {
            let field = head.field(at: index)
            if field.known != .xForwardedFor || field.isRemoved { continue }
            let value = head.span(field.value)
            count += 1
            for position in value.indices where value[position] == 0x2c { count += 1 }
        }
        return count <= skipped
    }

    /// The address that stands `skipped` places before the last one in `x-forwarded-for`, over all
    /// its lines; nil where there is none, or what stands there is no address.
    static func address(
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
                    guard AddressText.address(of: head.span(slice)) != nil else { return nil }
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
