import Testing

@testable import Interception

/// Options become rules that do what Istio's init does with the same flags.
@Suite struct RuleTests {
    /// The rules of a chain as the lines that iptables gets.
    private func lines(
        _ chain: String,
        table: String = "nat",
        _ family: AddressFamily,
        _ change: (inout InterceptionOptions) -> Void = { _ in }
    ) -> [String]? {
        var options = InterceptionOptions()
        change(&options)
        let set = RedirectionRules.rules(for: family, options)
        let found = ChainTable.tables(of: set).first { $0.name == table }
        return found?.chains.first { $0.name == "PILLION_" + chain }?.rules
    }

    private func lines(
        _ chain: String,
        table: String = "nat",
        _ change: (inout InterceptionOptions) -> Void = { _ in }
    ) -> [String]? {
        lines(chain, table: table, .ipv4, change)
    }

    private func port(_ first: UInt16, _ last: UInt16? = nil) throws -> PortRange {
        try #require(PortRange(first, last ?? first))
    }

    private func range(_ text: String) throws -> AddressPrefix {
        try #require(AddressPrefix(text))
    }

    @Test func everyInboundPortGoesToTheSidecarButTheExcludedOnes() throws {
        let excluded = [try port(15_020), try port(9_000, 9_010)]
        let rules = lines("INBOUND") { $0.excludedInboundPorts = excluded }
        #expect(
            rules == [
                "-p tcp -m tcp --dport 15008 -j RETURN",
                "-p tcp -m tcp --dport 15020 -j RETURN",
                "-p tcp -m tcp --dport 9000:9010 -j RETURN",
                "-j PILLION_IN_REDIRECT",
            ]
        )
        #expect(lines("IN_REDIRECT") == ["-p tcp -j REDIRECT --to-ports 15006"])
        #expect(lines("PREROUTING") == ["-j PILLION_INBOUND"])
    }

    @Test func namedInboundPortsAloneGoToTheSidecar() throws {
        let named = [try port(80), try port(8_080)]
        let excluded = [try port(80)]
        let rules = lines("INBOUND") {
            $0.inboundPorts = .only(named)
            $0.excludedInboundPorts = excluded
        }
        #expect(
            rules == [
                "-p tcp -m tcp --dport 15008 -j RETURN",
                "-p tcp -m tcp --dport 80 -j PILLION_IN_REDIRECT",
                "-p tcp -m tcp --dport 8080 -j PILLION_IN_REDIRECT",
            ],
            "exclusions go with all ports only"
        )
    }

    @Test func noInboundPortLeavesInboundAlone() {
        let rules = { (chain: String) in lines(chain) { $0.inboundPorts = .only([]) } }
        #expect(rules("PREROUTING") == nil)
        #expect(rules("INBOUND") == nil)
        #expect(rules("OUTPUT")?.contains { $0.contains("INBOUND") } == false)
    }

    @Test func outboundRulesStandInTheOrderThatKeepsLoopsOut() {
        #expect(
            lines("OUTPUT") == [
                "-o lo -s 127.0.0.6/32 -j RETURN",
                "-o lo ! -d 127.0.0.1/32 -m owner --uid-owner 1337 -j PILLION_INBOUND",
                "-o lo ! -d 127.0.0.1/32 -m owner --gid-owner 1337 -j PILLION_INBOUND",
                "-m owner --uid-owner 1337 -j RETURN",
                "-m owner --gid-owner 1337 -j RETURN",
                "-o lo -j RETURN",
                "-d 127.0.0.1/32 -j RETURN",
                "-p tcp -m tcp --dport 53 -j RETURN",
                "-j PILLION_OUT_REDIRECT",
            ]
        )
        #expect(lines("OUT_REDIRECT") == ["-p tcp -j REDIRECT --to-ports 15001"])
    }

    @Test func ipv6HasTheSameRulesWithItsOwnAddresses() {
        let four = lines("OUTPUT", .ipv4)
        let six = lines("OUTPUT", .ipv6)
        #expect(
            four?.map { line in
                line.replacing("127.0.0.6/32", with: "::6/128")
                    .replacing("127.0.0.1/32", with: "::1/128")
            } == six
        )
        #expect(lines("INBOUND", .ipv4) == lines("INBOUND", .ipv6))
    }

    @Test func rangesGoToTheFamilyThatTheyBelongTo() throws {
        let included = [try range("10.0.0.0/8"), try range("fd00::/8")]
        let excluded = [try range("10.1.0.0/16"), try range("fd01::/16")]
        let change = { (options: inout InterceptionOptions) in
            options.outboundRanges = .only(included)
            options.excludedOutboundRanges = excluded
        }
        #expect(
            lines("OUTPUT", .ipv4, change)?.suffix(2) == [
                "-d 10.1.0.0/16 -j RETURN", "-d 10.0.0.0/8 -j PILLION_OUT_REDIRECT",
            ]
        )
        #expect(
            lines("OUTPUT", .ipv6, change)?.suffix(2) == [
                "-d fd01::/16 -j RETURN", "-d fd00::/8 -j PILLION_OUT_REDIRECT",
            ]
        )
    }

    @Test func namedOutboundPortsYieldToExcludedRangesAndPorts() throws {
        let named = [try port(443)]
        let out = [try port(5_432)]
        let excluded = [try range("10.1.0.0/16")]
        let rules = lines("OUTPUT") {
            $0.outboundRanges = .only([])
            $0.outboundPorts = named
            $0.excludedOutboundPorts = out
            $0.excludedOutboundRanges = excluded
        }
        #expect(rules?.first == "-p tcp -m tcp --dport 5432 -j RETURN")
        #expect(
            rules?.suffix(2) == [
                "-d 10.1.0.0/16 -j RETURN",
                "-p tcp -m tcp --dport 443 -j PILLION_OUT_REDIRECT",
            ]
        )
    }

    @Test func namesAreLookedUpAsIfThereWereNoSidecarUnlessThePortIsNamed() throws {
        let dns = "-p tcp -m tcp --dport 53 -j RETURN"
        #expect(lines("OUTPUT")?.contains(dns) == true)
        let named = [try port(50, 60)]
        #expect(lines("OUTPUT") { $0.outboundPorts = named }?.contains(dns) == false)
    }

    @Test func aLoopbackRangeThatIsNamedIsIntercepted() throws {
        let named = [try range("127.1.2.3/32")]
        let change = { (options: inout InterceptionOptions) in options.outboundRanges = .only(named)
        }
        #expect(lines("OUTPUT", .ipv4, change)?.contains("-o lo -j RETURN") == false)
        #expect(lines("OUTPUT", .ipv6, change)?.contains("-o lo -j RETURN") == true)
    }

    @Test func everyOwnerOfTheSidecarIsTheSidecarEverywhere() {
        // With one owner after the other, the second would never be reached over lo.
        let rules = lines("OUTPUT") {
            $0.proxyUsers = [3, 4]
            $0.proxyGroups = [1]
        }
        let first = rules?.firstIndex(of: "-o lo -j RETURN") ?? 0
        for owner in ["--uid-owner 3", "--uid-owner 4", "--gid-owner 1"] {
            let own = rules?.enumerated().filter { $0.element.contains(owner) } ?? []
            #expect(own.count == 2)
            #expect(own.allSatisfy { $0.offset < first })
        }
    }

    @Test func groupsAreLeftOutOrAloneIntercepted() {
        let excluded = lines("OUTPUT") { $0.groups = .except([0, 202]) }
        #expect(excluded?.contains("-m owner --gid-owner 202 -j RETURN") == true)
        let only = lines("OUTPUT") { $0.groups = .only([7, 8]) }
        let rule = "-m owner ! --gid-owner 7 -m owner ! --gid-owner 8 -j RETURN"
        #expect(only?.contains(rule) == true)
    }

    @Test func excludedInterfacesAreLeftAloneBothWays() {
        let change = { (options: inout InterceptionOptions) in options.excludedInterfaces = ["net1"]
        }
        #expect(lines("PREROUTING", change) == ["-i net1 -j RETURN", "-j PILLION_INBOUND"])
        #expect(lines("OUTPUT", change)?.first == "-o net1 -j RETURN")
    }

    @Test func whatAVirtualMachineSendsIsOutbound() throws {
        let excluded = [try range("10.1.0.0/16")]
        let change = { (options: inout InterceptionOptions) in
            options.virtualInterfaces = ["k6t0"]
            options.excludedOutboundRanges = excluded
        }
        #expect(
            lines("PREROUTING", change) == [
                "-i k6t0 -j PILLION_VIRTUAL", "-i k6t0 -j RETURN", "-j PILLION_INBOUND",
            ]
        )
        #expect(
            lines("VIRTUAL", change) == [
                "-p tcp -m tcp --dport 53 -j RETURN",
                "-d 10.1.0.0/16 -j RETURN",
                "-j PILLION_OUT_REDIRECT",
            ]
        )
    }

    @Test func transparentModeMarksAndLeavesAddressesAlone() throws {
        let excluded = [try port(15_021)]
        let change = { (options: inout InterceptionOptions) in
            options.mode = .tproxy
            options.excludedInboundPorts = excluded
        }
        #expect(lines("INBOUND", change) == nil)
        #expect(
            lines("OUTPUT", change)?.prefix(4) == [
                "-o lo -s 127.0.0.6/32 -j RETURN",
                "-m mark --mark 0x539 -j RETURN",
                "-m owner --uid-owner 1337 -j RETURN",
                "-m owner --gid-owner 1337 -j RETURN",
            ]
        )
        #expect(
            lines("MANGLE_PREROUTING", table: "mangle", change) == [
                "-m mark --mark 0x539 -j CONNMARK --save-mark --nfmask 0xffffffff "
                    + "--ctmask 0xffffffff",
                "-m mark --mark 0x539 -j RETURN",
                "-i lo -s 127.0.0.6/32 -j RETURN",
                "-i lo -m mark ! --mark 0x53a -j RETURN",
                "-j PILLION_TPROXY_INBOUND",
            ]
        )
        #expect(
            lines("TPROXY_INBOUND", table: "mangle", change) == [
                "-d 127.0.0.1/32 -j RETURN",
                "-p tcp -m tcp --dport 15008 -j RETURN",
                "-p tcp -m tcp --dport 15021 -j RETURN",
                "-m conntrack --ctstate RELATED,ESTABLISHED -j PILLION_DIVERT",
                "-j PILLION_TPROXY_LISTENER",
            ]
        )
        #expect(
            lines("TPROXY_LISTENER", table: "mangle", change) == [
                "-p tcp -j TPROXY --on-port 15006 --tproxy-mark 0x539/0xffffffff"
            ]
        )
        #expect(
            lines("MANGLE_OUTPUT", table: "mangle", change)?.last
                == "-m connmark --mark 0x539 -j CONNMARK --restore-mark --nfmask 0xffffffff "
                + "--ctmask 0xffffffff"
        )
    }

    @Test func transparentModeTakesNamedPortsOneByOne() throws {
        let named = [try port(80)]
        let rules = lines("TPROXY_INBOUND", table: "mangle") {
            $0.mode = .tproxy
            $0.inboundPorts = .only(named)
        }
        #expect(
            rules?.suffix(2) == [
                "-p tcp -m tcp --dport 80 -m conntrack --ctstate RELATED,ESTABLISHED "
                    + "-j PILLION_DIVERT",
                "-p tcp -m tcp --dport 80 -j PILLION_TPROXY_LISTENER",
            ]
        )
    }

    @Test func withoutInboundPortsTransparentModeMarksNothing() {
        let rules = lines("MANGLE_PREROUTING", table: "mangle") {
            $0.mode = .tproxy
            $0.inboundPorts = .only([])
        }
        #expect(rules == nil)
    }

    @Test func packetsOfNoConnectionAreDroppedOnRequest() {
        #expect(lines("MANGLE_PREROUTING", table: "mangle") == nil)
        let rules = lines("MANGLE_PREROUTING", table: "mangle") { $0.dropsInvalid = true }
        #expect(rules == ["-m conntrack --ctstate INVALID -j DROP"])
    }
}
