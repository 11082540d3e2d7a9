/// Rules as a script for `nft -f`, which the kernel takes whole or not at all.
package enum NftScript {
    /// Our table, in the families `ip` and `ip6`; nobody else's rules are in it.
    package static let table = "pillion"

    /// Replaces whatever rules of ours there are by these.
    package static func install(_ sets: [RuleSet]) -> String {
        sets.map { remove($0.family) + table($0) }.joined()
    }

    /// Removes our rules; not an error where there are none.
    package static func remove(_ family: AddressFamily) -> String {
        // Only a table that exists can be deleted, and adding one that exists changes nothing.
        let name = "\(keyword(family)) \(table)"
        return "add table \(name)\ndelete table \(name)\n"
    }

    package static func keyword(_ family: AddressFamily) -> String {
        family == .ipv4 ? "ip" : "ip6"
    }

    private static func table(_ set: RuleSet) -> String {
        var lines = ["table \(keyword(set.family)) \(table) {"]
        for chain in set.nat { lines += text(chain, isNat: true, set.family) }
        for chain in set.mangle { lines += text(chain, isNat: false, set.family) }
        lines.append("}")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func text(_ chain: Chain, isNat: Bool, _ family: AddressFamily) -> [String] {
        var lines = ["\tchain \(chain.name.rawValue) {"]
        if let hook = chain.hook {
            lines.append("\t\ttype \(type(hook, isNat: isNat)); policy accept;")
            lines.append("\t\tmeta l4proto != tcp return")
        }
        lines += chain.rules.map { "\t\t" + text($0, family) }
        lines.append("\t}")
        return lines
    }

    /// The priorities are those of the tables of iptables, so that both stand in the same place.
    private static func type(_ hook: Chain.Hook, isNat: Bool) -> String {
        switch (hook, isNat) {
        case (.prerouting, true): "nat hook prerouting priority -100"
        case (.output, true): "nat hook output priority -100"
        case (.prerouting, false): "filter hook prerouting priority -150"
        // A new mark may mean a new route.
        case (.output, false): "route hook output priority -150"
        }
    }

    /// One rule, with what `nft` wants to stand beside it.
    static func text(_ rule: Rule, _ family: AddressFamily) -> String {
        var words = rule.matches.map { text($0, family) }
        switch rule.action {
        case .return: words.append("return")
        case .accept: words.append("accept")
        case .drop: words.append("counter drop")
        case .jump(let chain): words.append("jump \(chain.rawValue)")
        case .redirect(let port): words.append("meta l4proto tcp counter redirect to :\(port)")
        case .transparent(let port, let mark):
            words.append(
                "meta l4proto tcp tproxy to :\(port) meta mark set \(mark) counter accept"
            )
        case .mark(let mark): words.append("meta mark set \(mark)")
        case .saveMark: words.append("ct mark set meta mark")
        case .restoreMark: words.append("meta mark set ct mark")
        }
        return words.joined(separator: " ")
    }

    private static func text(_ match: Rule.Match, _ family: AddressFamily) -> String {
        let address = keyword(family)
        return switch match {
        case .from(let range): "\(address) saddr \(range)"
        case .to(let range): "\(address) daddr \(range)"
        case .notTo(let range): "\(address) daddr != \(range)"
        case .arrivesBy(let name): "iifname \"\(name)\""
        case .leavesBy(let name): "oifname \"\(name)\""
        case .port(let range):
            range.first == range.last
                ? "tcp dport \(range.first)" : "tcp dport \(range.first)-\(range.last)"
        case .user(let id): "meta skuid \(id)"
        case .group(let id): "meta skgid \(id)"
        case .groupNoneOf(let ids):
            // Nobody is of no group: every socket then goes past.
            ids.map { "meta skgid != \($0)" }.joined(separator: " ")
        case .marked(let mark): "meta mark \(mark)"
        case .notMarked(let mark): "meta mark != \(mark)"
        case .connectionMarked(let mark): "ct mark \(mark)"
        case .established: "ct state established,related"
        case .invalid: "ct state invalid"
        }
    }
}
