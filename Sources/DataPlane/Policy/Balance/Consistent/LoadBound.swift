/// Consistent hashing with bounded loads (`hash_balance_factor`): an endpoint that has more than its
/// share of the requests under way is passed over.
///
/// The others are asked in an order that the hash alone decides, as Envoy does.
struct LoadBound {
    /// Percent, at least 100.
    let factorPercent: UInt32
    /// Requests under way at all endpoints of the cluster.
    let total: Double

    /// How full an endpoint is; above 1 it is passed over.
    private func fullness(_ load: Double, share: Double) -> Double {
        let all = UInt64(max(0, min(total, 4_294_967_295)))
        let slots = ((all + 1) * UInt64(factorPercent) + 99) / 100
        return load / max(1, (Double(slots) * share).rounded(.up))
    }

    /// The index of the endpoint for a hash.
    ///
    /// - Parameters:
    ///   - chosen: the index that the hash leads to.
    ///   - shares: of the endpoints, by index.
    ///   - load: requests under way, by index.
    func pick(
        _ chosen: Int,
        hash: UInt64,
        shares: [Double],
        load: (Int) -> Double
    ) -> Int {
        var least = chosen
        var leastFullness = fullness(load(chosen), share: shares[chosen])
        if leastFullness <= 1 { return chosen }
        var order = Array(0..<UInt32(shares.count))
        var random = MersenneTwister(seed: UInt32(truncatingIfNeeded: hash))
        for index in order.indices {
            let other = index + random.below(order.count - index)
            order.swapAt(index, other)
            let candidate = Int(order[index])
            if candidate == chosen { continue }
            let full = fullness(load(candidate), share: shares[candidate])
            if full <= 1 { return candidate }
            if full < leastFullness {
                least = candidate
                leastFullness = full
            }
        }
        return least
    }
}
