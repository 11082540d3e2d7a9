/// A set of ports, as ranges in order, without overlaps and neighbours.
struct PortSet: Equatable {
    private(set) var ranges: [ClosedRange<UInt16>] = []

    static let all = PortSet(0...UInt16.max)

    init() {}

    init(_ range: ClosedRange<UInt16>) { ranges = [range] }

    func union(_ other: PortSet) -> PortSet {
        var result = PortSet()
        for range in (ranges + other.ranges).sorted(by: { $0.lowerBound < $1.lowerBound }) {
            guard let last = result.ranges.last,
                Int(range.lowerBound) <= Int(last.upperBound) + 1
            else {
                result.ranges.append(range)
                continue
            }
            result.ranges[result.ranges.count - 1] =
                last.lowerBound...max(last.upperBound, range.upperBound)
        }
        return result
    }

    /// All other ports.
    var inverted: PortSet {
        var result = PortSet()
        var next = 0
        for range in ranges {
            let end = Int(range.lowerBound) - 1
            if next <= end {
                result.ranges.append(
                    UInt16(truncatingIfNeeded: next)...UInt16(truncatingIfNeeded: end)
                )
            }
            next = Int(range.upperBound) + 1
        }
        if next <= Int(UInt16.max) {
            result.ranges.append(UInt16(truncatingIfNeeded: next)...UInt16.max)
        }
        return result
    }

    func intersection(_ other: PortSet) -> PortSet {
        inverted.union(other.inverted).inverted
    }
}

/// `ListenerFilterChainMatchPredicate`: a condition on the port that a client wanted.
extension Compilation {
    private typealias Predicate = Envoy_Config_Listener_V3_ListenerFilterChainMatchPredicate

    /// Conditions within conditions at most; what a file says must not decide how deep we recurse.
    private static var predicateDepthMax: Int { 16 }

    /// The ports for which the condition holds; nil, and a problem, where it says nothing.
    func portSet(
        _ predicate: Envoy_Config_Listener_V3_ListenerFilterChainMatchPredicate,
        _ path: FieldPath,
        depth: Int = 0
    ) -> PortSet? {
        if depth >= Self.predicateDepthMax {
            refuse(
                path,
                "is nested too deeply",
                "up to \(Self.predicateDepthMax) levels are allowed"
            )
            return nil
        }
        switch predicate.rule {
        case .orMatch(let set):
            return portSets(set, path["or_match"]["rules"], depth)?
                .reduce(PortSet()) { $0.union($1) }
        case .andMatch(let set):
            return portSets(set, path["and_match"]["rules"], depth)?
                .reduce(PortSet.all) { $0.intersection($1) }
        case .notMatch(let inner):
            return portSet(inner, path["not_match"], depth: depth + 1)?.inverted
        case .anyMatch(true): return .all
        case .anyMatch(false):
            refuse(path["any_match"], "is false", "leave filter_disabled out")
            return nil
        case .destinationPortRange(let range):
            let first = max(Int(range.start), 0)
            let last = min(Int(range.end) - 1, Int(UInt16.max))
            guard let lower = UInt16(exactly: first), let upper = UInt16(exactly: last),
                lower <= upper
            else {
                refuse(
                    path["destination_port_range"],
                    "holds no port",
                    "the end stands behind the range: {start: 80, end: 81} is port 80"
                )
                return nil
            }
            return PortSet(lower...upper)
        case nil:
            refuse(
                path,
                "says no condition",
                "give destination_port_range: {start: 3306, end: 3307}"
            )
            return nil
        }
    }

    private func portSets(
        _ set: Predicate.MatchSet,
        _ path: FieldPath,
        _ depth: Int
    ) -> [PortSet]? {
        if set.rules.count < 2 {
            refuse(path, "has \(set.rules.count) conditions", "give at least two, or leave it out")
            return nil
        }
        let compiled = set.rules.enumerated().compactMap {
            portSet($1, path[$0], depth: depth + 1)
        }
        return compiled.count == set.rules.count ? compiled : nil
    }
}
