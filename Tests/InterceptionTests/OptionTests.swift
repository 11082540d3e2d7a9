import Testing

@testable import Interception

/// Flags and variables become options, or a message that names the one that is wrong.
@Suite struct OptionTests {
    private func read(
        _ flags: [InterceptionFlag: String] = [:],
        _ environment: [String: String] = [:]
    ) throws(InterceptionProblems) -> InterceptionOptions {
        try OptionsReader.read(flags: flags) { environment[$0] }
    }

    private func problems(
        _ flags: [InterceptionFlag: String],
        _ environment: [String: String] = [:]
    ) -> [String] {
        do {
            _ = try read(flags, environment)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test func withoutFlagsEverythingIsIntercepted() throws {
        let options = try read()
        #expect(options.outboundPort == 15_001)
        #expect(options.inboundPort == 15_006)
        #expect(options.tunnelPort == 15_008)
        #expect(options.proxyUsers == [1_337])
        #expect(options.proxyGroups == [1_337])
        #expect(options.mode == .redirect)
        #expect(options.inboundPorts == .all)
        #expect(options.excludedInboundPorts.map(\.first) == [15_020, 15_021, 15_090])
        #expect(options.outboundRanges == .all)
        #expect(options.groups == .except([]))
        #expect(options.loopback == AddressPrefix("127.0.0.1/32"))
    }

    @Test func aListWithoutTheReadinessPortIsWarnedOf() throws {
        #expect(try read().warnings.isEmpty)
        #expect(try read([.excludedInboundPorts: "22,15000-15100"]).warnings.isEmpty)
        let warnings = try read([.excludedInboundPorts: "22"]).warnings.map(\.description)
        #expect(warnings.count == 1)
        #expect(warnings.first?.contains("does not name the readiness port 15021") == true)
        #expect(try read([:], ["ISTIO_LOCAL_EXCLUDE_PORTS": ""]).warnings.count == 1)
        // Nothing but the app's port is intercepted.
        let some = try read([.inboundPorts: "80", .excludedInboundPorts: "22"])
        #expect(some.warnings.isEmpty)
    }

    @Test func aFlagGoesBeforeAVariableAndAVariableBeforeTheDefault() throws {
        let environment = ["ENVOY_PORT": "16001", "INBOUND_CAPTURE_PORT": "16006"]
        let options = try read([.outboundPort: "17001"], environment)
        #expect(options.outboundPort == 17_001)
        #expect(options.inboundPort == 16_006)
    }

    @Test func theVariablesOfIstioAreRead() throws {
        let options = try read(
            [:],
            [
                "ISTIO_INBOUND_INTERCEPTION_MODE": "TPROXY",
                "ISTIO_INBOUND_TPROXY_MARK": "7",
                "ISTIO_INBOUND_TPROXY_ROUTE_TABLE": "9",
                "ISTIO_INBOUND_PORTS": "80,8000-8100",
                "ISTIO_LOCAL_EXCLUDE_PORTS": "22",
                "ISTIO_SERVICE_CIDR": "10.0.0.0/8,fd00::/8",
                "ISTIO_SERVICE_EXCLUDE_CIDR": "10.1.0.0/16",
                "ISTIO_OUTBOUND_PORTS": "443",
                "ISTIO_LOCAL_OUTBOUND_PORTS_EXCLUDE": "5432",
                "KUBE_VIRT_INTERFACES": "k6t-net0",
                "ISTIO_EXCLUDE_INTERFACES": "net1,net2",
                "PROXY_UID": "1,2",
                "ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE": "0,202",
                "ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR": "127.0.0.0/8",
            ]
        )
        #expect(options.mode == .tproxy)
        #expect(options.mark == 7)
        #expect(options.routeTable == 9)
        #expect(
            options.inboundPorts
                == .only([PortRange("80"), PortRange("8000-8100")].compactMap { $0 })
        )
        #expect(options.excludedInboundPorts.map(\.last) == [22])
        #expect(
            options.outboundRanges
                == .only(["10.0.0.0/8", "fd00::/8"].compactMap { AddressPrefix($0) })
        )
        #expect(options.excludedOutboundRanges.map(\.description) == ["10.1.0.0/16"])
        #expect(options.outboundPorts.map(\.first) == [443])
        #expect(options.excludedOutboundPorts.map(\.first) == [5_432])
        #expect(options.virtualInterfaces == ["k6t-net0"])
        #expect(options.excludedInterfaces == ["net1", "net2"])
        #expect(options.proxyUsers == [1, 2])
        #expect(options.proxyGroups == [1, 2], "the group has the user's number unless it is said")
        #expect(options.groups == .except([0, 202]))
        #expect(options.loopback?.description == "127.0.0.0/8")
    }

    @Test func emptyListsInterceptNothing() throws {
        let options = try read([.inboundPorts: "", .outboundRanges: ""])
        #expect(options.inboundPorts == .only([]))
        #expect(options.outboundRanges == .only([]))
    }

    @Test func namedOutboundPortsAreAllThatIsIntercepted() throws {
        #expect(try read([.outboundPorts: "443"]).outboundRanges == .only([]))
        let both = try read([.outboundPorts: "443", .outboundRanges: "*"])
        #expect(both.outboundRanges == .all)
    }

    @Test func aGroupIsFoundByItsName() throws {
        #expect(try read([.groups: "root,7"]).groups == .only([0, 7]))
    }

    @Test(arguments: [
        (InterceptionFlag.outboundPort, "0", "--outbound-port: \"0\" is no port: 1 to 65535"),
        (.inboundPort, "65536", "--inbound-port: \"65536\" is no port: 1 to 65535"),
        (.inboundPort, "+5", "--inbound-port: \"+5\" is no port: 1 to 65535"),
        (
            .inboundPort, "15001",
            "--inbound-port: 15001 is the outbound port too: "
                + "the sidecar could not tell the directions apart; give each a port"
        ),
        (.mode, "DIVERT", "--mode: \"DIVERT\" is no mode: REDIRECT or TPROXY"),
        (
            .mark, "1338",
            "--tproxy-mark: 1338 marks the sidecar's calls of its own pod: use another"
        ),
        (
            .mark, "4294967296",
            "--tproxy-mark: \"4294967296\" is no number that fits: 1 to 4294967295"
        ),
        (.routeTable, "254", "--tproxy-route-table: table 254 is the system's own: 1 to 252"),
        (
            .inboundPorts, "80,http",
            "--inbound-ports: \"http\" is no port: 1 to 65535, or a range as 8000-8100"
        ),
        (
            .inboundPorts, "80,*",
            "--inbound-ports: \"*\" does not stand in this list: leave the other ports out"
        ),
        (
            .excludedInboundPorts, "90-80",
            "--exclude-inbound-ports: \"90-80\" is no port: 1 to 65535, or a range as 8000-8100"
        ),
        (
            .outboundRanges, "10.0.0.0/33",
            "--outbound-ranges: \"10.0.0.0/33\" is no range: as 10.0.0.0/8 or fd00::/8"
        ),
        (
            .outboundRanges, "*,10.0.0.0/8",
            "--outbound-ranges: \"*\" does not stand in this list: leave the other ranges out"
        ),
        (
            .excludedOutboundRanges, "*",
            "--exclude-outbound-ranges: \"*\" does not stand in this list: "
                + "--outbound-ranges \"\" intercepts none"
        ),
        (.proxyUser, "envoy", "--proxy-uid: \"envoy\" is nobody's id: a number"),
        (
            .proxyUser, "",
            "--proxy-uid: names nobody: without it the sidecar would intercept itself"
        ),
        (
            .groups, "no-such-group-here",
            "--outbound-groups: \"no-such-group-here\" is nobody's id: a number, or a group of this system"
        ),
        (
            .excludedInterfaces, "eth0\" accept",
            "--exclude-interfaces: \"eth0\" accept\" is no interface: as eth0, 15 characters at most"
        ),
        (
            .excludedInterfaces, "an-interface-too-long",
            "--exclude-interfaces: \"an-interface-too-long\" is no interface: as eth0, 15 characters at most"
        ),
        (
            .loopback, "10.0.0.0/8",
            "--loopback-range: \"10.0.0.0/8\" is no IPv4 loopback range: 127.0.0.1/32, 127.0.0.0/8"
        ),
    ])
    func aWrongValueIsNamedWithWhatWouldBeRight(
        flag: InterceptionFlag,
        value: String,
        message: String
    ) {
        #expect(problems([flag: value]) == [message])
    }

    @Test func everyWrongValueIsNamedAtOnce() {
        #expect(problems([.outboundPort: "x", .outboundRanges: "y"]).count == 2)
    }

    @Test func aWrongVariableIsNamedAsTheVariable() {
        let found = problems([:], ["ISTIO_SERVICE_CIDR": "everything"])
        #expect(
            found == ["ISTIO_SERVICE_CIDR: \"everything\" is no range: as 10.0.0.0/8 or fd00::/8"]
        )
    }

    @Test func absurdListsAreRefused() {
        let ports = (1...1_000).map { "\($0)" }.joined(separator: ",")
        #expect(problems([.inboundPorts: ports]) == ["--inbound-ports: 1000 entries: 512 at most"])
        let groups = (1...65).map { "\($0)" }.joined(separator: ",")
        #expect(problems([.groups: groups]) == ["--outbound-groups: 65 groups: 64 at most"])
    }
}

@Suite struct AddressPrefixTests {
    @Test(arguments: [
        ("10.1.2.3/8", "10.0.0.0/8"), ("10.1.2.3", "10.1.2.3/32"), ("0.0.0.0/0", "0.0.0.0/0"),
        ("10.1.2.255/31", "10.1.2.254/31"), ("fd12:3456::1/16", "fd12::/16"),
        ("2001:db8::ff/124", "2001:db8::f0/124"), ("::1", "::1/128"), ("::/0", "::/0"),
    ])
    func whatFollowsThePrefixIsCleared(text: String, expected: String) {
        #expect(AddressPrefix(text)?.description == expected)
    }

    @Test(arguments: [
        "", "/8", "10.0.0.0/", "10.0.0/8", "::1/129", "10.0.0.0/-1", "10.0.0.0/8/8", "*",
    ])
    func anythingElseIsRefused(text: String) {
        #expect(AddressPrefix(text) == nil)
    }

    @Test func aRangeContainsWhatBeginsWithIt() throws {
        let wide = try #require(AddressPrefix("10.0.0.0/8"))
        let narrow = try #require(AddressPrefix("10.2.0.0/16"))
        #expect(wide.contains(narrow))
        #expect(!narrow.contains(wide))
        let six = try #require(AddressPrefix("fd00::/8"))
        #expect(six.contains(try #require(AddressPrefix("fdff::1/128"))))
        #expect(!six.contains(narrow))
    }
}
