/// Scripts for `iptables-restore --noflush`, which takes each table whole or not at all.
enum RestoreScript {
    /// Turns what is ours now into what is wanted; nothing else is touched.
    ///
    /// With nothing wanted it removes everything of ours; empty where there is nothing to do.
    static func script(from current: [ChainTable], to wanted: [ChainTable]) -> String {
        var text = ""
        for name in ["mangle", "nat"] {
            let old = current.first { $0.name == name } ?? ChainTable(name: name)
            let new = wanted.first { $0.name == name } ?? ChainTable(name: name)
            if old == ChainTable(name: name), new == old { continue }
            text += "*\(name)\n" + lines(from: old, to: new).joined(separator: "\n") + "\nCOMMIT\n"
        }
        return text
    }

    private static func lines(from old: ChainTable, to new: ChainTable) -> [String] {
        let names = new.chains.map(\.name)
        let stale = old.chains.map(\.name).filter { !names.contains($0) }
        // Naming a chain makes it, or empties it where it exists.
        var lines = (names + stale).map { ":\($0) - [0:0]" }
        lines += old.jumps.filter { !new.jumps.contains($0) }.map { "-D \($0)" }
        for chain in new.chains { lines += chain.rules.map { "-A \(chain.name) \($0)" } }
        lines += new.jumps.filter { !old.jumps.contains($0) }.map { "-A \($0)" }
        return lines + stale.map { "-X \($0)" }
    }
}
