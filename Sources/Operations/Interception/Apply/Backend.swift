/// What carries the rules into the kernel.
package enum Backend: String, Sendable, CaseIterable {
    /// nftables, in a table of our own, all families in one transaction.
    case nft
    /// iptables in the variant that the system has as `iptables`.
    case iptables
    /// iptables over nftables.
    case iptablesNft = "iptables-nft"
    /// iptables over the kernel's older tables.
    case iptablesLegacy = "iptables-legacy"

    /// Debian's package that has the programs.
    package var package: String { self == .nft ? "nftables" : "iptables" }
}

/// Puts rules into the kernel and takes them out again.
protocol RuleBackend {
    var kind: Backend { get }
    /// The kind whose rules these are: plain `iptables` is one of the other two.
    var variant: Backend { get }
    /// Replaces our rules by these, or changes nothing.
    func install(_ sets: [RuleSet]) throws(InterceptionProblem)
    /// Removes our rules; true where there were any.
    func remove() throws(InterceptionProblem) -> Bool
}
