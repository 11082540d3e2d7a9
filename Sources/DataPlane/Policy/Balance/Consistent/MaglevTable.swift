import Model

/// Google's Maglev table: a prime number of places that the endpoints fill in turn, each by a
/// permutation of its own; a request goes to the place that is the rest of its hash.
///
/// Filled as Envoy fills it, so that the same endpoints own the same places.
struct MaglevTable {
    private var owners: CompactIndexes

    /// - Parameters:
    ///   - keys: one for each endpoint, at least one.
    ///   - shares: of the endpoints, each above 0.
    ///   - size: a prime.
    init(keys: [ByteString], shares: [Double], size: Int) {
        let size = max(2, size)
        owners = CompactIndexes(count: size, bound: keys.count)
        // The turn of an endpoint is that of its key, whatever its place in the configuration.
        let turns = keys.indices.sorted { left, right in
            keys[left].bytes == keys[right].bytes
                ? left < right : keys[left].bytes.lexicographicallyPrecedes(keys[right].bytes)
        }
        var places = turns.map { index in
            let bytes = keys[index].bytes
            return Int(XXHash64.hash(bytes.span) % UInt64(size))
        }
        let skips = turns.map { index in
            let bytes = keys[index].bytes
            return Int(XXHash64.hash(bytes.span, seed: 1) % UInt64(size - 1)) + 1
        }
        let weights = turns.map { shares[$0] }
        let highest = weights.max() ?? 1
        var targets = [Double](repeating: 0, count: turns.count)
        var isTaken = [Bool](repeating: false, count: size)
        var filled = 0
        var round = 1.0
        while filled < size {
            // The endpoint with the highest weight takes a place in each round, one with a third of
            // it in every third.
            for turn in turns.indices where filled < size {
                if round * weights[turn] < targets[turn] { continue }
                targets[turn] += highest
                var place = places[turn]
                let skip = skips[turn]
                while isTaken[place] {
                    place += skip
                    if place >= size { place -= size }
                }
                isTaken[place] = true
                owners[place] = turns[turn]
                places[turn] = place
                filled += 1
            }
            round += 1
        }
    }

    /// The index of the endpoint for a hash.
    ///
    /// - Parameter attempt: changes the hash for a retry that refuses the first.
    func owner(of hash: UInt64, attempt: Int) -> Int {
        let hash = attempt > 0 ? hash ^ (0 &- UInt64(attempt)) : hash
        return owners[Int(hash % UInt64(owners.count))]
    }
}
