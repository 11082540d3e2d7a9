import Model

/// An address that the rules take to the sidecar, to try them with.
enum ProbeTarget {
    /// One that the sidecar's own user reaches by `lo` and that is intercepted as inbound.
    static func inbound(
        _ family: AddressFamily,
        _ options: InterceptionOptions,
        port: UInt16
    ) -> SocketAddress? {
        let address = RedirectionRules.passthroughSource(family)
        if let loopback = options.loopback, loopback.contains(address) { return nil }
        let isTaken = { (port: UInt16) in
            !options.excludedInboundPorts.contains { $0.contains(port) }
                && port != options.tunnelPort
        }
        let chosen =
            switch options.inboundPorts {
            case .all: following(port).first(where: isTaken)
            case .only(let ports):
                ports.map(\.first).first { $0 != options.tunnelPort }
            }
        return chosen.map { address.first.with(port: $0) }
    }

    /// One outside this host that is intercepted as outbound.
    static func outbound(
        _ family: AddressFamily,
        _ options: InterceptionOptions,
        port: UInt16
    ) -> SocketAddress? {
        let isTaken = { (port: UInt16) in
            !options.excludedOutboundPorts.contains { $0.contains(port) } && port != 53
        }
        let ranges: [AddressPrefix]
        var chosen = following(port).first(where: isTaken)
        switch options.outboundRanges {
        case .all: ranges = anywhere(family)
        case .only(let named):
            let own = named.filter { $0.family == family && !$0.isLoopback }
            if own.isEmpty {
                chosen = options.outboundPorts.map(\.first).first(where: isTaken)
                ranges = chosen == nil ? [] : anywhere(family)
            } else {
                ranges = own
            }
        }
        let address = ranges.lazy.map(member)
            .first { address in
                guard let single = AddressPrefix(address.host) else { return false }
                return !options.excludedOutboundRanges.contains { $0.contains(single) }
            }
        guard let address, let chosen else { return nil }
        return address.with(port: chosen)
    }

    /// Networks for documentation (RFC 5737, RFC 3849): nobody is there who could mind.
    private static func anywhere(_ family: AddressFamily) -> [AddressPrefix] {
        let texts =
            family == .ipv4
            ? ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"] : ["2001:db8::/32"]
        return texts.compactMap { AddressPrefix($0) }
    }

    /// The second address of the range, where it has one: the first is no host's.
    private static func member(_ range: AddressPrefix) -> SocketAddress {
        switch range.first {
        case .ipv4(let host, _): .ipv4(range.length < 32 ? host | 1 : host, port: 0)
        case .ipv6(let high, let low, _, _):
            .ipv6(high: high, low: range.length < 128 ? low | 1 : low, port: 0, scope: 0)
        case .unix: range.first
        }
    }

    private static func following(_ port: UInt16) -> some Sequence<UInt16> {
        (port...UInt16.max).prefix(1_024)
    }
}
