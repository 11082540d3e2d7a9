/// How inbound connections reach the sidecar.
package enum InterceptionMode: String, Sendable, CaseIterable {
    /// The destination is rewritten; the client's address is the sidecar's to tell.
    case redirect = "REDIRECT"
    /// The packets stay as they are, so that the sidecar may use the client's address as its own.
    case tproxy = "TPROXY"
}

/// Addresses whose connections are intercepted on their way out.
package enum RangeSelection: Sendable, Hashable {
    /// `*`: all but the excluded ones.
    case all
    /// Those of the list; none where it is empty.
    case only([AddressPrefix])
}

/// Groups whose processes have their connections intercepted.
package enum GroupSelection: Sendable, Hashable {
    /// All but the excluded ones.
    case except([UInt32])
    /// Those of the list alone.
    case only([UInt32])
}

/// What to intercept, checked: every combination gives rules that the kernel takes.
///
/// `OptionsReader` makes it from flags and the environment.
package struct InterceptionOptions: Sendable, Equatable {
    /// Where the sidecar takes connections that the app opens.
    package var outboundPort: UInt16 = 15_001
    /// Where the sidecar takes connections that come for the app.
    package var inboundPort: UInt16 = 15_006
    /// A port of the sidecar's own for tunnels: connections to it stay as they are.
    package var tunnelPort: UInt16 = 15_008
    /// The sidecar's own users and groups: what they open goes out untouched.
    package var proxyUsers: [UInt32] = [1_337]
    package var proxyGroups: [UInt32] = [1_337]

    package var mode: InterceptionMode = .redirect
    /// Marks packets for the transparent listener; also the mark of the sidecar's own sockets that
    /// carry a client's address.
    package var mark: UInt32 = 1_337
    package var routeTable: UInt32 = 133

    package var inboundPorts: PortSelection = .all
    /// They count only where all inbound ports are intercepted.
    package var excludedInboundPorts: [PortRange] = []
    package var outboundRanges: RangeSelection = .all
    package var excludedOutboundRanges: [AddressPrefix] = []
    /// Intercepted whatever the address, unless its range is excluded.
    package var outboundPorts: [PortRange] = []
    package var excludedOutboundPorts: [PortRange] = []
    package var groups: GroupSelection = .except([])
    /// Inbound packets of these are outbound ones of a virtual machine behind them.
    package var virtualInterfaces: [String] = []
    /// Nothing of these is intercepted.
    package var excludedInterfaces: [String] = []
    /// IPv4 addresses at which containers of one pod reach each other, unless told otherwise.
    package var loopback: AddressPrefix?
    /// Drops packets that belong to no connection, which would be answered with a reset.
    package var dropsInvalid = false

    package init() {}

    /// A second mark, for what the sidecar sends to the pod's own address; see `RedirectionRules`.
    package static let selfCallMark: UInt32 = 1_338

    var inboundIsIntercepted: Bool { !inboundPorts.isEmpty }
}
