/// Turns options into rules: what Istio's init means by its flags, for each address family.
///
/// A pod's connections, in the order in which the rules see them:
///
///     from elsewhere ─▶ prerouting ─▶ inbound ─▶ the sidecar's inbound port
///     the app's own  ─▶ output ─▶ out_redirect ─▶ the sidecar's outbound port
///     the sidecar's  ─▶ output ─▶ out, or, where it calls its own pod, inbound
package enum RedirectionRules {
    package static func rules(for family: AddressFamily, _ options: InterceptionOptions) -> RuleSet
    {
        let maker = RuleMaker(family: family, options: options)
        var set = RuleSet(family: family)
        set.nat = maker.nat()
        set.mangle = maker.mangle()
        return set
    }

    /// The source address of what the sidecar passes to the app unseen: it comes through once more,
    /// over `lo`, and must not be taken for a new connection.
    package static func passthroughSource(_ family: AddressFamily) -> AddressPrefix {
        family == .ipv4 ? ipv4Passthrough : ipv6Passthrough
    }

    private static let ipv4Passthrough = literal("127.0.0.6/32")
    private static let ipv6Passthrough = literal("::6/128")
    fileprivate static let ipv4Loopback = literal("127.0.0.1/32")
    fileprivate static let ipv6Loopback = literal("::1/128")

    private static func literal(_ text: String) -> AddressPrefix {
        guard let prefix = AddressPrefix(text) else { preconditionFailure("\(text) is a prefix") }
        return prefix
    }
}

/// The rules of one family.
struct RuleMaker {
    let family: AddressFamily
    let options: InterceptionOptions

    /// Where containers of one pod reach each other.
    var loopback: AddressPrefix {
        switch family {
        case .ipv4: options.loopback ?? RedirectionRules.ipv4Loopback
        case .ipv6: RedirectionRules.ipv6Loopback
        }
    }

    var passthrough: AddressPrefix { RedirectionRules.passthroughSource(family) }

    func nat() -> [Chain] {
        var chains: [Chain] = []
        let prerouting = preroutingRules()
        if !prerouting.isEmpty { chains.append(Chain(.prerouting, hook: .prerouting, prerouting)) }
        chains.append(Chain(.output, hook: .output, outputRules()))
        if needsInbound {
            chains.append(Chain(.inbound, inboundRules()))
            chains.append(Chain(.inRedirect, [Rule(then: .redirect(options.inboundPort))]))
        }
        if !options.virtualInterfaces.isEmpty {
            chains.append(Chain(.virtual, outboundDecision()))
        }
        chains.append(Chain(.outRedirect, [Rule(then: .redirect(options.outboundPort))]))
        return chains
    }

    /// In the other mode packets are handed over before addresses are rewritten.
    private var needsInbound: Bool { options.mode == .redirect && options.inboundIsIntercepted }

    private func preroutingRules() -> [Rule] {
        var rules: [Rule] = []
        for name in options.virtualInterfaces {
            rules.append(Rule(.arrivesBy(name), then: .jump(.virtual)))
            rules.append(Rule(.arrivesBy(name), then: .return))
        }
        guard needsInbound else { return rules }
        for name in options.excludedInterfaces {
            rules.append(Rule(.arrivesBy(name), then: .return))
        }
        rules.append(Rule(then: .jump(.inbound)))
        return rules
    }

    private func inboundRules() -> [Rule] {
        var rules = tunnelRules
        switch options.inboundPorts {
        case .all:
            rules += options.excludedInboundPorts.map { Rule(.port($0), then: .return) }
            rules.append(Rule(then: .jump(.inRedirect)))
        case .only(let ports):
            rules += ports.map { Rule(.port($0), then: .jump(.inRedirect)) }
        }
        return rules
    }

    /// Tunnels end in the sidecar; there is nothing to intercept.
    var tunnelRules: [Rule] {
        guard let port = PortRange(options.tunnelPort, options.tunnelPort) else { return [] }
        return [Rule(.port(port), then: .return)]
    }

    private func outputRules() -> [Rule] {
        var rules: [Rule] = []
        rules += options.excludedInterfaces.map { Rule(.leavesBy($0), then: .return) }
        // Before anything that would take a connection back into the pod.
        rules += options.excludedOutboundPorts.map { Rule(.port($0), then: .return) }
        rules.append(Rule(.leavesBy("lo"), .from(passthrough), then: .return))
        if options.mode == .tproxy {
            // The sidecar speaks to the app with a client's address.
            rules.append(Rule(.marked(options.mark), then: .return))
        }
        if needsInbound {
            // The app calls a service whose endpoint is this pod: app, sidecar, sidecar, app.
            rules += proxyOwners.map {
                Rule(.leavesBy("lo"), .notTo(loopback), $0, then: .jump(.inbound))
            }
        }
        // What the sidecar opens has been through it.
        rules += proxyOwners.map { Rule($0, then: .return) }
        if !includesLoopback {
            // The app calls an address of its own pod: that is nobody else's business.
            rules.append(Rule(.leavesBy("lo"), then: .return))
        }
        switch options.groups {
        case .except(let groups): rules += groups.map { Rule(.group($0), then: .return) }
        case .only(let groups): rules.append(Rule(.groupNoneOf(groups), then: .return))
        }
        rules.append(Rule(.to(loopback), then: .return))
        return rules + destinationRules()
    }

    var proxyOwners: [Rule.Match] {
        options.proxyUsers.map { .user($0) } + options.proxyGroups.map { .group($0) }
    }

    private var includesLoopback: Bool {
        guard case .only(let ranges) = options.outboundRanges else { return false }
        return ranges.contains { $0.family == family && $0.isLoopback }
    }

    /// What a virtual machine sends has no socket here, and no loopback.
    private func outboundDecision() -> [Rule] {
        options.excludedOutboundPorts.map { Rule(.port($0), then: .return) } + destinationRules()
    }

    private func destinationRules() -> [Rule] {
        var rules: [Rule] = []
        if !options.outboundPorts.contains(where: { $0.contains(53) }), let dns = PortRange(53, 53)
        {
            // Long answers come by TCP; names are looked up as if there were no sidecar.
            rules.append(Rule(.port(dns), then: .return))
        }
        for range in options.excludedOutboundRanges where range.family == family {
            rules.append(Rule(.to(range), then: .return))
        }
        rules += options.outboundPorts.map { Rule(.port($0), then: .jump(.outRedirect)) }
        switch options.outboundRanges {
        case .all: rules.append(Rule(then: .jump(.outRedirect)))
        case .only(let ranges):
            for range in ranges where range.family == family {
                rules.append(Rule(.to(range), then: .jump(.outRedirect)))
            }
        }
        return rules
    }
}
