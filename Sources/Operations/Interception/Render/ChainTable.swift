/// Our part of one table of iptables: rendered from rules, or read from `iptables-save`.
///
/// Rules are text as `iptables-save` writes it, so that both can be compared and put back.
struct ChainTable: Equatable {
    struct Entry: Equatable {
        var name: String
        /// Without `-A NAME`.
        var rules: [String]
    }

    /// `nat` or `mangle`.
    let name: String
    var chains: [Entry] = []
    /// The rules in the kernel's own chains that lead to ours: `OUTPUT -p tcp -j PILLION_OUTPUT`.
    var jumps: [String] = []

    static let prefix = "PILLION_"

    /// Our tables; those without a chain are left out.
    static func tables(of set: RuleSet) -> [ChainTable] {
        [table("mangle", set.mangle), table("nat", set.nat)].filter { !$0.chains.isEmpty }
    }

    private static func table(_ name: String, _ chains: [Chain]) -> ChainTable {
        var table = ChainTable(name: name)
        for chain in chains {
            let own = chainName(chain.name)
            table.chains.append(Entry(name: own, rules: chain.rules.map(text)))
            switch chain.hook {
            case .prerouting: table.jumps.append("PREROUTING -p tcp -j \(own)")
            case .output: table.jumps.append("OUTPUT -p tcp -j \(own)")
            case nil: break
            }
        }
        return table
    }

    /// Reads what is ours from the output of `iptables-save`.
    static func tables(inSaved text: String) -> [ChainTable] {
        var tables: [ChainTable] = []
        var table: ChainTable?
        for line in text.split(separator: "\n") {
            switch line.first {
            case "*": table = ChainTable(name: String(line.dropFirst()))
            case ":" where line.dropFirst().hasPrefix(prefix):
                let name = line.dropFirst().prefix { $0 != " " }
                table?.chains.append(Entry(name: String(name), rules: []))
            case "-" where line.hasPrefix("-A "): table?.add(line.dropFirst(3))
            case "C" where line == "COMMIT":
                if let done = table, !(done.chains.isEmpty && done.jumps.isEmpty) {
                    tables.append(done)
                }
                table = nil
            default: break
            }
        }
        return tables
    }

    private mutating func add(_ rule: Substring) {
        let chain = rule.prefix { $0 != " " }
        if let index = chains.firstIndex(where: { $0.name == chain }) {
            chains[index].rules.append(String(rule.dropFirst(chain.count + 1)))
        } else if let target = rule.firstRange(of: " -j \(Self.prefix)"),
            !rule[target.upperBound...].contains(" ")
        {
            jumps.append(String(rule))
        }
    }

    /// Packets that are not TCP never get here: the rules that lead to our chains see to it.
    private static func text(_ rule: Rule) -> String {
        (rule.matches.map(text) + [text(rule.action)]).joined(separator: " ")
    }

    private static func chainName(_ name: Chain.Name) -> String {
        prefix + name.rawValue.uppercased()
    }

    private static func text(_ match: Rule.Match) -> String {
        switch match {
        case .from(let range): "-s \(range)"
        case .to(let range): "-d \(range)"
        case .notTo(let range): "! -d \(range)"
        case .arrivesBy(let name): "-i \(name)"
        case .leavesBy(let name): "-o \(name)"
        case .port(let range):
            range.first == range.last
                ? "-p tcp -m tcp --dport \(range.first)"
                : "-p tcp -m tcp --dport \(range.first):\(range.last)"
        case .user(let id): "-m owner --uid-owner \(id)"
        case .group(let id): "-m owner --gid-owner \(id)"
        case .groupNoneOf(let ids):
            ids.map { "-m owner ! --gid-owner \($0)" }.joined(separator: " ")
        case .marked(let mark): "-m mark --mark \(hex(mark))"
        case .notMarked(let mark): "-m mark ! --mark \(hex(mark))"
        case .connectionMarked(let mark): "-m connmark --mark \(hex(mark))"
        case .established: "-m conntrack --ctstate RELATED,ESTABLISHED"
        case .invalid: "-m conntrack --ctstate INVALID"
        }
    }

    private static func text(_ action: Rule.Action) -> String {
        switch action {
        case .return: "-j RETURN"
        case .accept: "-j ACCEPT"
        case .drop: "-j DROP"
        case .jump(let chain): "-j \(chainName(chain))"
        case .redirect(let port): "-p tcp -j REDIRECT --to-ports \(port)"
        case .transparent(let port, let mark):
            "-p tcp -j TPROXY --on-port \(port) --tproxy-mark \(hex(mark))/0xffffffff"
        case .mark(let mark): "-j MARK --set-xmark \(hex(mark))/0xffffffff"
        case .saveMark: "-j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff"
        case .restoreMark: "-j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff"
        }
    }

    private static func hex(_ value: UInt32) -> String { "0x" + String(value, radix: 16) }
}
