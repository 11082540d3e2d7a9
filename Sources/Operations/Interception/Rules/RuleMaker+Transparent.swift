extension RuleMaker {
    /// The rules that mark packets and hand them over as they are.
    ///
    /// Two marks: that of the options says "deliver here, whatever the address"; `selfCallMark` says
    /// "sent by the sidecar to an address of the pod", which over `lo` looks like any other packet.
    func mangle() -> [Chain] {
        var chains: [Chain] = []
        let isTransparent = options.mode == .tproxy && options.inboundIsIntercepted
        var prerouting: [Rule] = []
        if options.dropsInvalid { prerouting.append(Rule(.invalid, then: .drop)) }
        if isTransparent { prerouting += arrivals() }
        if !prerouting.isEmpty {
            chains.append(Chain(.manglePrerouting, hook: .prerouting, prerouting))
        }
        guard isTransparent else { return chains }
        chains.append(Chain(.mangleOutput, hook: .output, departures()))
        chains.append(Chain(.transparentInbound, transparentInbound()))
        chains.append(
            Chain(
                .transparent,
                [Rule(then: .transparent(port: options.inboundPort, mark: options.mark))]
            )
        )
        chains.append(
            Chain(.divert, [Rule(then: .mark(options.mark)), Rule(then: .accept)])
        )
        return chains
    }

    private func arrivals() -> [Rule] {
        var rules: [Rule] = []
        for name in options.excludedInterfaces + options.virtualInterfaces {
            rules.append(Rule(.arrivesBy(name), then: .return))
        }
        return rules + [
            // From the sidecar to the app, with the client's address. The app's answer finds back
            // by the connection's mark.
            Rule(.marked(options.mark), then: .saveMark),
            Rule(.marked(options.mark), then: .return),
            Rule(.arrivesBy("lo"), .from(passthrough), then: .return),
            // The app calls an address of its own pod.
            Rule(.arrivesBy("lo"), .notMarked(InterceptionOptions.selfCallMark), then: .return),
            Rule(then: .jump(.transparentInbound)),
        ]
    }

    private func transparentInbound() -> [Rule] {
        var rules = [Rule(.to(loopback), then: .return)] + tunnelRules
        switch options.inboundPorts {
        case .all:
            rules += options.excludedInboundPorts.map { Rule(.port($0), then: .return) }
            rules.append(Rule(.established, then: .jump(.divert)))
            rules.append(Rule(then: .jump(.transparent)))
        case .only(let ports):
            for port in ports {
                rules.append(Rule(.port(port), .established, then: .jump(.divert)))
                rules.append(Rule(.port(port), then: .jump(.transparent)))
            }
        }
        return rules
    }

    private func departures() -> [Rule] {
        var rules = options.excludedInterfaces.map { Rule(.leavesBy($0), then: .return) }
        rules.append(Rule(.leavesBy("lo"), .marked(options.mark), then: .return))
        rules += proxyOwners.map {
            Rule(
                .leavesBy("lo"),
                .notTo(loopback),
                $0,
                then: .mark(InterceptionOptions.selfCallMark)
            )
        }
        rules.append(Rule(.connectionMarked(options.mark), then: .restoreMark))
        return rules
    }
}
