import Model

/// Points on a ring of 64-bit hashes, each of which belongs to an endpoint: a request goes to the
/// point at or after its hash (Ketama).
///
/// Points are where Envoy puts them: the hash of "key_0", "key_1" and so on.
struct HashRing {
    private let points: [UInt64]
    private let owners: [UInt32]
    /// More are not made, whatever the configuration says: they are made on the loop of a worker,
    /// whose requests wait meanwhile, a few tenths of a second for so many.
    private static let pointsMax: UInt64 = 1 << 20

    /// - Parameters:
    ///   - keys: one for each endpoint, at least one.
    ///   - shares: of the endpoints, each above 0, with the sum 1.
    init(keys: [ByteString], shares: [Double], rule: RingHash) {
        // The smallest endpoint has a whole number of points, the others about their share.
        let least = shares.min() ?? 1
        let scale = min(
            (least * Double(rule.minimumSize)).rounded(.up) / least,
            Double(min(rule.maximumSize, Self.pointsMax))
        )
        var ring: [(point: UInt64, owner: UInt32)] = []
        ring.reserveCapacity(Int(scale.rounded(.up)))
        var current = 0.0
        var target = 0.0
        var text: [UInt8] = []
        for (index, key) in keys.enumerated() {
            target += scale * shares[index]
            text.removeAll(keepingCapacity: true)
            text.append(contentsOf: key.bytes)
            text.append(UInt8(ascii: "_"))
            let prefix = text.count
            var number = 0
            while current < target {
                text.removeSubrange(prefix...)
                text.append(contentsOf: String(number).utf8)
                let point =
                    switch rule.function {
                    case .xxHash: XXHash64.hash(text.span)
                    case .murmurHash2: MurmurHash2.hash(text.span)
                    }
                ring.append((point, UInt32(index)))
                number += 1
                current += 1
            }
        }
        ring.sort { ($0.point, $0.owner) < ($1.point, $1.owner) }
        points = ring.map(\.point)
        owners = ring.map(\.owner)
    }

    /// The index of the endpoint for a hash.
    ///
    /// - Parameter attempt: how many points further, for a retry that refuses the first.
    func owner(of hash: UInt64, attempt: Int) -> Int {
        guard !points.isEmpty else { return 0 }
        var low = 0
        var high = points.count
        while low < high {
            let middle = (low + high) / 2
            if points[middle] < hash { low = middle + 1 } else { high = middle }
        }
        return Int(owners[(low + attempt) % points.count])
    }

    var count: Int { points.count }
}
