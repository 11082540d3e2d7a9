/// Which address families get rules.
package enum IPv6Choice: String, Sendable, CaseIterable {
    /// Where the kernel has IPv6; where iptables lacks it and no address needs it, not.
    case auto
    case on
    case off
}

/// Installs and removes the redirection of this network namespace, whole or not at all.
package struct Installer {
    private let choice: Backend?
    private let ipv6: IPv6Choice

    /// - Parameter backend: nil for what is there: nft before iptables.
    package init(backend: Backend?, ipv6: IPv6Choice) {
        choice = backend
        self.ipv6 = ipv6
    }

    /// Replaces our rules, of whatever backend and flags, by those of the options.
    ///
    /// - Returns: what carried them, and for which families.
    package func install(
        _ options: InterceptionOptions
    ) throws(InterceptionProblem) -> (Backend, [AddressFamily]) {
        try requirePrivilege()
        let backend = try chosen()
        let families = try families(for: backend)
        let before = try Routing.current()
        // Routes first: without rules nothing is marked, and no packet knows of them.
        var routing = Routing(for: families, options)
        routing.deliveries.formUnion(before.deliveries)
        do throws(InterceptionProblem) {
            try routing.apply()
            try backend.install(families.map { RedirectionRules.rules(for: $0, options) })
        } catch {
            undo(to: before)
            throw error
        }
        try Routing(for: families, options).apply()
        for other in others(than: backend) { _ = try other.remove() }
        return (backend.kind, families)
    }

    /// Removes all that is ours, of every backend; the names of those that had rules.
    package func cleanUp() throws(InterceptionProblem) -> [Backend] {
        try requirePrivilege()
        var found: [Backend] = []
        for backend in others(than: nil) {
            if try backend.remove() { found.append(backend.kind) }
        }
        try Routing.none.apply()
        return found
    }

    /// What `install` would feed to the backend, for people and scripts; changes nothing.
    package static func preview(
        _ options: InterceptionOptions,
        backend: Backend,
        families: [AddressFamily]
    ) -> String {
        let sets = families.map { RedirectionRules.rules(for: $0, options) }
        var text = ""
        if backend == .nft {
            text += "# nft -f -\n" + NftScript.install(sets)
        } else {
            for set in sets {
                let begin = set.family == .ipv4 ? "iptables" : "ip6tables"
                let tail = backend.rawValue.dropFirst("iptables".count)
                text += "# \(begin)\(tail)-restore --noflush\n"
                text += RestoreScript.script(from: [], to: ChainTable.tables(of: set))
            }
        }
        let commands = Routing(for: families, options).commands
        return text + commands.map { "# \($0)\n" }.joined()
    }

    /// The backend and families that `install` would use, found without privileges.
    package func plan() -> (backend: Backend, families: [AddressFamily]) {
        let hasNft = Program("nft") != nil || Program("iptables-restore") == nil
        let families: [AddressFamily] =
            switch ipv6 {
            case .off: [.ipv4]
            case .on: [.ipv4, .ipv6]
            case .auto: Kernel.hasIPv6 ? [.ipv4, .ipv6] : [.ipv4]
            }
        return (choice ?? (hasNft ? .nft : .iptables), families)
    }
}

// MARK: - What there is
extension Installer {
    private func requirePrivilege() throws(InterceptionProblem) {
        if Kernel.mayChangeNetwork { return }
        throw InterceptionProblem(
            "this process may not change the network: it lacks the capability NET_ADMIN",
            hint: """
                give the init container \
                `securityContext: {runAsUser: 0, capabilities: {add: [NET_ADMIN, NET_RAW]}}`
                """
        )
    }

    private func make(_ kind: Backend) -> (any RuleBackend)? {
        kind == .nft
            ? NftBackend(hasIPv6: Kernel.hasIPv6)
            : IptablesBackend(kind, hasIPv6: Kernel.hasIPv6)
    }

    private func chosen() throws(InterceptionProblem) -> any RuleBackend {
        if let choice {
            if let backend = make(choice) { return backend }
            throw InterceptionProblem(
                "the backend \(choice.rawValue) does not work here",
                hint: """
                    its programs are in the package \(choice.package); or the kernel lacks what \
                    they need, and another --backend does
                    """
            )
        }
        for kind in [Backend.nft, .iptables, .iptablesNft, .iptablesLegacy] {
            if let backend = make(kind) { return backend }
        }
        throw InterceptionProblem(
            "neither nft nor iptables works here",
            hint: "install the package nftables (or iptables) in the image"
        )
    }

    private func families(
        for backend: any RuleBackend
    ) throws(InterceptionProblem) -> [AddressFamily] {
        if ipv6 == .off { return [.ipv4] }
        guard Kernel.hasIPv6 else {
            if ipv6 == .on {
                throw InterceptionProblem("the kernel has no IPv6", hint: "--ipv6 off")
            }
            return [.ipv4]
        }
        if let iptables = backend as? IptablesBackend, iptables.ipv6 == nil {
            guard ipv6 == .auto, !Kernel.usesIPv6 else {
                throw InterceptionProblem(
                    "ip6tables does not work here, and IPv6 would go past the sidecar",
                    hint: "--backend nft, or --ipv6 off where that is meant"
                )
            }
            return [.ipv4]
        }
        return [.ipv4, .ipv6]
    }

    /// The backends that may hold rules of ours; asking one does not load what the kernel lacks.
    private func others(than backend: (any RuleBackend)?) -> [any RuleBackend] {
        var others: [any RuleBackend] = []
        for kind in [Backend.nft, .iptablesNft, .iptablesLegacy, .iptables] {
            if kind == .iptablesLegacy, !Kernel.hasLegacyTables { continue }
            guard let other = make(kind), other.variant != backend?.variant,
                !others.contains(where: { $0.variant == other.variant })
            else { continue }
            others.append(other)
        }
        return others
    }

    private func undo(to routing: Routing) {
        do throws(InterceptionProblem) { try routing.apply() } catch {}
    }
}
