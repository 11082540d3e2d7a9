import Model

/// Endpoints with their share of the whole, in the order in which Envoy puts them on its ring or
/// table; the shares add up to 1.
struct NormalizedEndpoints {
    /// Positions among the endpoints of the cluster.
    var positions: [UInt32] = []
    var shares: [Double] = []

    /// Endpoints of one list, by their weights.
    mutating func append(_ list: [UInt32], of table: EndpointTable, share: Double) {
        // A weight of 0, which the compiler refuses, would leave no smallest share to scale by.
        let weight = { (position: UInt32) in max(1, table.endpoints[Int(position)].weight) }
        let sum = list.reduce(0) { $0 + UInt64(weight($1)) }
        for position in list {
            positions.append(position)
            shares.append(Double(weight(position)) * share / Double(sum))
        }
    }
}

/// The ring or the table of one priority, which says the endpoint for a hash.
final class ConsistentTable {
    private enum Lookup {
        case ring(HashRing)
        case maglev(MaglevTable)
    }
    private let endpoints: NormalizedEndpoints
    private let lookup: Lookup

    /// nil where there is no endpoint, or where the rule does not use hashes.
    init?(_ endpoints: NormalizedEndpoints, of table: EndpointTable) {
        guard !endpoints.positions.isEmpty else { return nil }
        self.endpoints = endpoints
        let keys = endpoints.positions.map { table.endpoints[Int($0)].address }
        switch table.rule {
        case .ringHash(let rule):
            let ring = HashRing(keys: keys, shares: endpoints.shares, rule: rule)
            guard ring.count > 0 else { return nil }
            lookup = .ring(ring)
        case .maglev(let size):
            lookup = .maglev(MaglevTable(keys: keys, shares: endpoints.shares, size: Int(size)))
        case .roundRobin, .leastRequest, .random, .peakEWMA:
            return nil
        }
    }

    /// The position of the endpoint for a hash.
    ///
    /// - Parameters:
    ///   - attempt: 0, or how many endpoints a retry refused before.
    ///   - bound: nil where loads are not bounded.
    func pick(
        _ hash: UInt64,
        attempt: Int,
        bound: LoadBound?,
        load: (Int) -> Double
    ) -> Int {
        let chosen =
            switch lookup {
            case .ring(let ring): ring.owner(of: hash, attempt: attempt)
            case .maglev(let table): table.owner(of: hash, attempt: attempt)
            }
        guard let bound else { return Int(endpoints.positions[chosen]) }
        let index = bound.pick(chosen, hash: hash, shares: endpoints.shares) { index in
            load(Int(endpoints.positions[index]))
        }
        return Int(endpoints.positions[index])
    }
}
