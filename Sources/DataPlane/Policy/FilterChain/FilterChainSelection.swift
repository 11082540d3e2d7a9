package import Model

/// Chooses the filter chain of a connection, as `FilterChainMatch` says.
///
/// Source: envoy.config.listener.v3.FilterChainMatch. The criteria are taken in a fixed order. Each
/// leaves those chains whose value fits best, and there is no way back: where a later one leaves
/// none, a chain with a worse fit before is not tried. Made once per configuration; choosing costs
/// a pass over the chains that are left for each criterion that any of them has.
package struct FilterChainSelection: Sendable {
    private let chains: [ChainCriteria]
    private let used: ChainCriteria.Used

    /// - Parameter matches: in the order of the listener's chains.
    package init(_ matches: [FilterChainMatch]) {
        chains = matches.map(ChainCriteria.init)
        used = chains.reduce(into: ChainCriteria.Used()) { $0.formUnion($1.used) }
    }

    /// The index of the chain; nil where the listener's default chain, if any, has the connection.
    package func select(_ facts: ConnectionFacts) -> Int? {
        if used.isEmpty { return chains.isEmpty ? nil : 0 }
        var left = Array(chains.indices)
        let destination = AddressWords(facts.destination)
        narrow(&left, by: .destinationPort) { $0.rank(destinationPort: facts.destination.port) }
        narrow(&left, by: .destinationRanges) {
            ChainCriteria.rank($0.destinationRanges, destination)
        }
        let name = facts.serverName?.bytes ?? []
        narrow(&left, by: .serverNames) { $0.rank(serverName: name.span) }
        narrow(&left, by: .transportProtocol) { $0.rank(transport: facts.transportProtocol) }
        narrow(&left, by: .applicationProtocols) {
            $0.rank(applicationProtocols: facts.applicationProtocols)
        }
        let directRemote = AddressWords(facts.directRemote)
        narrow(&left, by: .directSourceRanges) {
            ChainCriteria.rank($0.directSourceRanges, directRemote)
        }
        let isLocal = Self.isLocal(facts)
        narrow(&left, by: .sourceType) { $0.rank(isLocal: isLocal) }
        let remote = AddressWords(facts.remote)
        narrow(&left, by: .sourceRanges) { ChainCriteria.rank($0.sourceRanges, remote) }
        narrow(&left, by: .sourcePorts) { $0.rank(sourcePort: facts.remote.port ?? 0) }
        return left.first
    }

    /// The first two chains that could both be chosen for one connection; nil in a sound
    /// configuration, since Envoy refuses such a listener.
    package static func firstOverlap(_ matches: [FilterChainMatch]) -> (Int, Int)? {
        let chains = matches.map(ChainCriteria.init)
        for second in chains.indices {
            for first in 0..<second where chains[first].overlaps(chains[second]) {
                return (first, second)
            }
        }
        return nil
    }

    /// Leaves the chains with the highest rank; a chain without a rank does not fit.
    @inline(__always)
    private func narrow(
        _ left: inout [Int],
        by criterion: ChainCriteria.Used,
        _ rank: (ChainCriteria) -> Int?
    ) {
        // A criterion that no chain has leaves all of them.
        guard used.contains(criterion) else { return }
        var best = -1
        var count = 0
        for index in left {
            guard let value = rank(chains[index]), value >= best else { continue }
            if value > best {
                best = value
                count = 0
            }
            // Written over what was read before: never further than the reader is.
            left[count] = index
            count += 1
        }
        left.removeLast(left.count - count)
    }

    /// Pipes, the canonical loopback addresses, and a peer with the listener's own address.
    private static func isLocal(_ facts: ConnectionFacts) -> Bool {
        switch facts.remote {
        case .unix: return true
        case .ipv4(0x7f00_0001, _), .ipv6(0, 1, _, _): return true
        default: break
        }
        if case .unix = facts.destination { return false }
        return AddressWords(facts.remote) == AddressWords(facts.destination)
    }
}
