/// nftables by its own program.
struct NftBackend: RuleBackend {
    let program: Program
    let hasIPv6: Bool

    var kind: Backend { .nft }
    var variant: Backend { .nft }

    /// nil where the program is missing, or the kernel has no nftables.
    init?(hasIPv6: Bool) {
        guard let program = Program("nft"), program.run(["list", "tables"]).isSuccess else {
            return nil
        }
        self.program = program
        self.hasIPv6 = hasIPv6
    }

    func install(_ sets: [RuleSet]) throws(InterceptionProblem) {
        var script = NftScript.install(sets)
        if hasIPv6, !sets.contains(where: { $0.family == .ipv6 }) {
            script += NftScript.remove(.ipv6)
        }
        try load(script)
    }

    func remove() throws(InterceptionProblem) -> Bool {
        let found = families.filter { family in
            program.run(["list", "table", NftScript.keyword(family), NftScript.table]).isSuccess
        }
        if found.isEmpty { return false }
        try load(found.map(NftScript.remove).joined())
        return true
    }

    private var families: [AddressFamily] { hasIPv6 ? [.ipv4, .ipv6] : [.ipv4] }

    private func load(_ script: String) throws(InterceptionProblem) {
        let outcome = program.run(["-f", "-"], input: script)
        guard outcome.isSuccess else {
            throw InterceptionProblem(
                "nft does not take the rules: \(outcome.complaint)",
                hint: "nothing was changed; --backend iptables may do where nft is too old"
            )
        }
    }
}
