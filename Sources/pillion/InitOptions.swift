import ArgumentParser
import Interception

/// A name of ours, a letter, and the name that Istio's init has.
private func names(_ own: String, _ letter: Character?, _ istio: String) -> NameSpecification {
    var elements: [NameSpecification.Element] = [.customLong(own)]
    if istio != own { elements.append(.customLong(istio)) }
    if let letter { elements.append(.customShort(letter)) }
    return NameSpecification(elements)
}

/// The values that are there, by their flags.
private func given(_ values: [InterceptionFlag: String?]) -> [InterceptionFlag: String] {
    values.compactMapValues { $0 }
}

struct InboundOptions: ParsableArguments {
    @Option(
        name: names("inbound-port", "z", "inbound-capture-port"),
        help: "The sidecar's port for connections that come in (15006)."
    )
    var port: String?

    @Option(
        name: names("inbound-ports", "b", "istio-inbound-ports"),
        help: "Ports to intercept: a list, * for all (the default), or \"\" for none."
    )
    var ports: String?

    @Option(
        name: names("exclude-inbound-ports", "d", "istio-local-exclude-ports"),
        help: "Ports to leave alone where all are intercepted (15020,15021,15090)."
    )
    var excluded: String?

    @Option(
        name: names("tunnel-port", "e", "inbound-tunnel-port"),
        help: "A port of the sidecar for tunnels, never intercepted (15008)."
    )
    var tunnel: String?

    @Option(
        name: names("mode", "m", "istio-inbound-interception-mode"),
        help: "REDIRECT (the default), or TPROXY to keep the client's address."
    )
    var mode: String?

    @Option(
        name: names("tproxy-mark", "t", "istio-inbound-tproxy-mark"),
        help: "TPROXY: the mark of packets for the sidecar (1337)."
    )
    var mark: String?

    @Option(
        name: names("tproxy-route-table", "r", "istio-inbound-tproxy-route-table"),
        help: "TPROXY: the routing table for marked packets (133)."
    )
    var table: String?

    var values: [InterceptionFlag: String] {
        given([
            .inboundPort: port, .inboundPorts: ports, .excludedInboundPorts: excluded,
            .tunnelPort: tunnel, .mode: mode, .mark: mark, .routeTable: table,
        ])
    }
}

struct OutboundOptions: ParsableArguments {
    @Option(
        name: names("outbound-port", "p", "envoy-port"),
        help: "The sidecar's port for connections that go out (15001)."
    )
    var port: String?

    @Option(
        name: names("outbound-ranges", "i", "istio-service-cidr"),
        help: """
            Addresses to intercept: a list of ranges, * for all, or \"\" for none. All, unless \
            --outbound-ports is there.
            """
    )
    var ranges: String?

    @Option(
        name: names("exclude-outbound-ranges", "x", "istio-service-exclude-cidr"),
        help: "Ranges to leave alone."
    )
    var excludedRanges: String?

    @Option(
        name: names("outbound-ports", "q", "istio-outbound-ports"),
        help: "Ports to intercept whatever the address, unless its range is excluded."
    )
    var ports: String?

    @Option(
        name: names("exclude-outbound-ports", "o", "istio-local-outbound-ports-exclude"),
        help: "Ports to leave alone."
    )
    var excludedPorts: String?

    @Option(help: "Groups whose connections to intercept: ids or names, * for all (the default).")
    var outboundGroups: String?

    @Option(help: "Groups to leave alone, by id or name.")
    var excludeOutboundGroups: String?

    var values: [InterceptionFlag: String] {
        given([
            .outboundPort: port, .outboundRanges: ranges,
            .excludedOutboundRanges: excludedRanges, .outboundPorts: ports,
            .excludedOutboundPorts: excludedPorts, .groups: outboundGroups,
            .excludedGroups: excludeOutboundGroups,
        ])
    }
}

struct ProxyOptions: ParsableArguments {
    @Option(
        name: names("proxy-uid", "u", "proxy-uid"),
        help: "The sidecar's user, as a number (1337); several with commas."
    )
    var user: String?

    @Option(
        name: names("proxy-gid", "g", "proxy-gid"),
        help: "The sidecar's group, as a number (that of the user)."
    )
    var group: String?

    @Option(
        name: names("exclude-interfaces", "c", "istio-exclude-interfaces"),
        help: "Interfaces to leave alone, in both directions."
    )
    var excludedInterfaces: String?

    @Option(
        name: names("virtual-interfaces", "k", "kube-virt-interfaces"),
        help: "Interfaces of virtual machines: what comes in there is outbound."
    )
    var virtualInterfaces: String?

    @Option(help: "IPv4 addresses at which the pod's containers meet (127.0.0.1/32).")
    var loopbackRange: String?

    @Flag(help: "Drop packets of no known connection, instead of letting them reset one.")
    var dropInvalid = false

    var values: [InterceptionFlag: String] {
        given([
            .proxyUser: user, .proxyGroup: group, .excludedInterfaces: excludedInterfaces,
            .virtualInterfaces: virtualInterfaces, .loopback: loopbackRange,
        ])
    }
}

struct HowOptions: ParsableArguments {
    @Option(help: "auto, nft, iptables, iptables-nft or iptables-legacy. auto: what works here.")
    var backend: String?

    @Option(help: "auto, on or off. auto: where the kernel has it.")
    var ipv6: IPv6Choice?

    @Flag(name: [.long, .customShort("n")], help: "Print the rules; change nothing.")
    var dryRun = false

    @Flag(
        name: [.long, .customLong("cleanup-only")],
        help: "Remove what an earlier run installed, and nothing else."
    )
    var cleanup = false

    @Flag(
        name: [.long, .customLong("run-validation")],
        help: "Then try the rules with real connections; the sidecar must not run yet."
    )
    var probe = false

    @Flag(help: "Install nothing; with --probe, rules that others installed are tried.")
    var skipRuleApply = false

    @Option(
        name: names("probe-port", nil, "iptables-probe-port"),
        help: "The port that the probe connects to (15002)."
    )
    var probePort: String?

    @Option(help: "How long the probe may take, as 5s or 500ms (5s).")
    var probeTimeout: String?

    @Flag(help: .hidden) var nativeNftables = false
    @Option(help: .hidden) var forceIptablesBinary: String?
    // What these ask for is always done.
    @Flag(help: .hidden) var reconcile = false
    @Flag(help: .hidden) var forceApply = false
    @Flag(help: .hidden) var dualStack = false
    @Option(name: .customLong("log_output_level"), help: .hidden) var logOutputLevel: String?

    /// nil: what works here.
    func chosenBackend() throws -> Backend? {
        if let backend {
            if backend == "auto" { return nil }
            if let kind = Backend(rawValue: backend) { return kind }
            throw ValidationError(
                "--backend \(backend): auto, nft, iptables, iptables-nft or iptables-legacy"
            )
        }
        if nativeNftables || variable("NATIVE_NFTABLES") == "true" { return .nft }
        switch forceIptablesBinary ?? variable("FORCE_IPTABLES_BINARY") ?? "" {
        case "": return nil
        case "nft": return .iptablesNft
        case "legacy": return .iptablesLegacy
        case let other: throw ValidationError("--force-iptables-binary \(other): legacy or nft")
        }
    }

    func port() throws -> UInt16 {
        let text = probePort ?? variable("IPTABLES_PROBE_PORT") ?? "15002"
        if let port = PortRange.port(text) { return port }
        throw ValidationError("--probe-port \(text): a port from 1 to 65535")
    }

    func timeout() throws -> Duration {
        let text = probeTimeout ?? variable("PROBE_TIMEOUT") ?? "5s"
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        if let number = Int64(digits), (0...3_600_000).contains(number) {
            switch text.dropFirst(digits.count) {
            case "ms": return .milliseconds(number)
            case "s" where number <= 3_600: return .seconds(number)
            case "m" where number <= 60: return .seconds(number * 60)
            default: break
            }
        }
        throw ValidationError("--probe-timeout \(text): as 5s, 500ms or 1m, at most an hour")
    }
}

extension IPv6Choice: ExpressibleByArgument {}

/// What Istio's init has and this one has not: refused by name, never ignored.
struct RefusedOptions: ParsableArguments {
    @Flag(help: .hidden) var redirectDns = false
    @Flag(help: .hidden) var captureAllDns = false
    @Flag(help: .hidden) var cniMode = false
    @Option(help: .hidden) var networkNamespace: String?

    var problem: InterceptionProblem? {
        if redirectDns || captureAllDns || variable("REDIRECT_DNS") == "true"
            || variable("ISTIO_META_DNS_CAPTURE") == "true"
        {
            return InterceptionProblem(
                "--redirect-dns, --capture-all-dns: DNS is left alone",
                hint: "the app's own resolver stays in use; leave the option or variable out"
            )
        }
        if cniMode {
            return InterceptionProblem(
                "--cni-mode: there is no CNI plugin here",
                hint: "run it in the pod's network"
            )
        }
        if let path = networkNamespace ?? variable("NETWORK_NAMESPACE"), !path.isEmpty {
            return InterceptionProblem(
                "--network-namespace: it works in the network that it runs in",
                hint: "nsenter --net=\(path) pillion init …"
            )
        }
        return nil
    }
}
