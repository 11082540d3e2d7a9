/// One rule for TCP packets: where all matches hold, the action.
package struct Rule: Sendable, Equatable {
    /// What a packet, or the socket that sent it, must be.
    package enum Match: Sendable, Equatable {
        case from(AddressPrefix)
        case to(AddressPrefix)
        case notTo(AddressPrefix)
        case arrivesBy(String)
        case leavesBy(String)
        case port(PortRange)
        case user(UInt32)
        case group(UInt32)
        case groupNoneOf([UInt32])
        case marked(UInt32)
        case notMarked(UInt32)
        case connectionMarked(UInt32)
        case established
        case invalid
    }

    /// What happens to the packet.
    package enum Action: Sendable, Equatable {
        /// Goes on after the rule that led here; at the end of the rules, as it is.
        case `return`
        case accept
        case drop
        case jump(Chain.Name)
        /// Rewrites the destination to this host and the port.
        case redirect(UInt16)
        /// Hands the packet to the transparent listener at the port, as it is, and marks it.
        case transparent(port: UInt16, mark: UInt32)
        case mark(UInt32)
        /// The connection takes the packet's mark, or the packet the connection's.
        case saveMark
        case restoreMark
    }

    package var matches: [Match]
    package var action: Action

    package init(_ matches: Match..., then action: Action) {
        self.matches = matches
        self.action = action
    }
}

/// Rules that are passed in order.
package struct Chain: Sendable, Equatable {
    /// Every chain that there can be; no two tables share one, and none is a word of nft's.
    package enum Name: String, Sendable, CaseIterable {
        // Addresses are rewritten here, at the first packet of a connection.
        case prerouting, output, inbound, virtual
        case inRedirect = "in_redirect"
        case outRedirect = "out_redirect"
        // Packets are marked here, every one of them.
        case manglePrerouting = "mangle_prerouting"
        case mangleOutput = "mangle_output"
        case transparentInbound = "tproxy_inbound"
        case transparent = "tproxy_listener"
        case divert
    }

    /// Where packets enter the rules.
    package enum Hook: Sendable, Equatable {
        /// What comes in, from elsewhere or by `lo`, before it is routed.
        case prerouting
        /// What this host sends.
        case output
    }

    package let name: Name
    /// nil for a chain that only other rules lead to.
    package var hook: Hook?
    package var rules: [Rule]

    init(_ name: Name, hook: Hook? = nil, _ rules: [Rule]) {
        self.name = name
        self.hook = hook
        self.rules = rules
    }
}

/// All the rules of one address family, by the kernel's tables.
package struct RuleSet: Sendable, Equatable {
    package let family: AddressFamily
    package var nat: [Chain] = []
    package var mangle: [Chain] = []

    package subscript(name: Chain.Name) -> [Rule]? {
        (nat + mangle).first { $0.name == name }?.rules
    }
}
