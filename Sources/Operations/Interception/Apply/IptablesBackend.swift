/// iptables, in one of its variants, by `iptables-restore` and `iptables-save`.
struct IptablesBackend: RuleBackend {
    /// The programs of one address family.
    struct Tools {
        let restore: Program
        let save: Program

        init?(_ family: AddressFamily, _ variant: Backend) {
            let begin = family == .ipv4 ? "iptables" : "ip6tables"
            let middle =
                switch variant {
                case .iptablesNft: "-nft"
                case .iptablesLegacy: "-legacy"
                case .iptables, .nft: ""
                }
            guard let restore = Program("\(begin)\(middle)-restore"),
                let save = Program("\(begin)\(middle)-save")
            else { return nil }
            self.restore = restore
            self.save = save
        }

        func current() throws(InterceptionProblem) -> [ChainTable] {
            let outcome = save.run([])
            guard outcome.isSuccess else {
                throw InterceptionProblem("\(save.path) fails: \(outcome.complaint)")
            }
            return ChainTable.tables(inSaved: outcome.output)
        }

        /// Waits for others that change rules, for some seconds.
        func load(_ script: String, test: Bool = false) throws(InterceptionProblem) {
            if script.isEmpty { return }
            let arguments = ["--noflush", "-w", "10"] + (test ? ["--test"] : [])
            let outcome = restore.run(arguments, input: script)
            guard outcome.isSuccess else {
                throw InterceptionProblem(
                    "\(restore.path) does not take the rules: \(outcome.complaint)",
                    hint: Self.hint(outcome.complaint)
                )
            }
        }

        private static func hint(_ complaint: String) -> String {
            if complaint.contains("lock") {
                return "set XTABLES_LOCKFILE to a file that can be written, as /tmp/xtables.lock"
            }
            if complaint.contains("initialize") || complaint.contains("not supported") {
                return "the kernel lacks the table; try another --backend"
            }
            return ""
        }
    }

    let kind: Backend
    let variant: Backend
    let ipv4: Tools
    /// nil where the rules are for IPv4 alone, or the kernel lacks the table.
    let ipv6: Tools?

    /// nil where the programs are missing, or the kernel lacks the tables.
    init?(_ kind: Backend, hasIPv6: Bool) {
        guard let ipv4 = Tools(.ipv4, kind), Self.works(ipv4) else { return nil }
        self.kind = kind
        variant = kind == .iptables ? Self.variant(of: ipv4.restore) : kind
        self.ipv4 = ipv4
        ipv6 = hasIPv6 ? Tools(.ipv6, kind).flatMap { Self.works($0) ? $0 : nil } : nil
    }

    /// An empty table is taken where the kernel has it.
    private static func works(_ tools: Tools) -> Bool {
        tools.restore.run(["--noflush", "--test", "-w", "10"], input: "*nat\nCOMMIT\n").isSuccess
    }

    /// Before there were two variants, the version stood alone.
    private static func variant(of program: Program) -> Backend {
        program.run(["--version"]).output.contains("nf_tables") ? .iptablesNft : .iptablesLegacy
    }

    func install(_ sets: [RuleSet]) throws(InterceptionProblem) {
        var steps: [(tools: Tools, from: [ChainTable], to: [ChainTable])] = []
        for (tools, family) in all {
            let wanted = sets.first { $0.family == family }.map(ChainTable.tables) ?? []
            steps.append((tools, try tools.current(), wanted))
        }
        for step in steps {
            try step.tools.load(RestoreScript.script(from: step.from, to: step.to), test: true)
        }
        for (index, step) in steps.enumerated() {
            do throws(InterceptionProblem) {
                try step.tools.load(RestoreScript.script(from: step.from, to: step.to))
            } catch {
                for done in steps[...index] { Self.putBack(done.from, with: done.tools) }
                throw InterceptionProblem(error.what, hint: "what was there is there again")
            }
        }
    }

    func remove() throws(InterceptionProblem) -> Bool {
        var found = false
        for (tools, _) in all {
            let current = try tools.current()
            if current.isEmpty { continue }
            found = true
            try tools.load(RestoreScript.script(from: current, to: []))
        }
        return found
    }

    private var all: [(Tools, AddressFamily)] {
        [(ipv4, .ipv4)] + (ipv6.map { [($0, .ipv6)] } ?? [])
    }

    /// Best effort, after a failure that has its own message.
    private static func putBack(_ tables: [ChainTable], with tools: Tools) {
        do throws(InterceptionProblem) {
            try tools.load(RestoreScript.script(from: try tools.current(), to: tables))
        } catch {}
    }
}
