import Model

/// Finds the subset of endpoints whose metadata have given values, by a hash of these.
struct SubsetIndex {
    /// One combination of values of a selector's keys.
    struct Subset {
        let selector: Int
        /// In the order of the selector's keys.
        let values: [MetadataValue]
        var positions: [UInt32]
        /// Made at the first request.
        var balancer: LevelBalancer?
    }
    private let selectors: [SubsetConfiguration.Selector]
    private(set) var subsets: [Subset] = []
    /// Subsets by the hash of their values; those of equal hashes follow each other in a list.
    private var heads: [Int: Int32] = [:]
    private var nexts: [Int32] = []
    /// Endpoints that were left out because a subset that may have only one had it already.
    private(set) var duplicateCount = 0

    init(_ configuration: SubsetConfiguration, _ table: EndpointTable) {
        selectors = configuration.selectors
        var owners: [Int32: Set<UInt8>] = [:]
        for (position, endpoint) in table.endpoints.enumerated() {
            for selector in selectors.indices {
                // Selectors with the same keys are one.
                guard
                    selectors.firstIndex(where: { $0.keys == selectors[selector].keys })
                        == selector
                else { continue }
                let keys = selectors[selector].keys
                let combinations = Self.values(
                    of: keys,
                    endpoint.metadata,
                    splitsLists: configuration.splitsLists
                )
                for values in combinations {
                    let index = insert(selector, values)
                    if selectors[selector].hasOneEndpointPerSubset {
                        let priority = table.priorities[position]
                        guard owners[index, default: []].insert(priority).inserted else {
                            duplicateCount += 1
                            continue
                        }
                    }
                    // Lists may name one value twice.
                    if subsets[Int(index)].positions.last != UInt32(position) {
                        subsets[Int(index)].positions.append(UInt32(position))
                    }
                }
            }
        }
    }

    /// The subset that has exactly these values; nil where no endpoint has them.
    func find(_ match: [String: MetadataValue]) -> Int? {
        for (number, selector) in selectors.enumerated() where selector.keys.count == match.count {
            if selector.keys.allSatisfy({ match[$0] != nil }) { return find(number, match) }
        }
        return nil
    }

    /// A selector that has exactly these keys; nil where there is none.
    func selector(for match: [String: MetadataValue]) -> Int? {
        selectors.firstIndex { selector in
            selector.keys.count == match.count && selector.keys.allSatisfy { match[$0] != nil }
        }
    }

    /// Whether a subset of another index has a counterpart here.
    func contains(_ subset: Subset) -> Bool {
        guard selectors.indices.contains(subset.selector) else { return false }
        return find(
            subset.selector,
            Dictionary(
                zip(selectors[subset.selector].keys, subset.values),
                uniquingKeysWith: { first, _ in first }
            )
        ) != nil
    }

    mutating func keep(_ balancer: LevelBalancer, at index: Int) {
        subsets[index].balancer = balancer
    }

    private func find(_ number: Int, _ match: [String: MetadataValue]) -> Int? {
        let keys = selectors[number].keys
        var hasher = Hasher()
        hasher.combine(number)
        for key in keys { hasher.combine(match[key]) }
        var index = heads[hasher.finalize()] ?? -1
        while index >= 0 {
            let at = Int(index)
            if subsets[at].selector == number,
                keys.indices.allSatisfy({ match[keys[$0]] == subsets[at].values[$0] })
            {
                return Int(index)
            }
            index = nexts[Int(index)]
        }
        return nil
    }

    private mutating func insert(_ number: Int, _ values: [MetadataValue]) -> Int32 {
        var hasher = Hasher()
        hasher.combine(number)
        for value in values { hasher.combine(Optional(value)) }
        let hash = hasher.finalize()
        let head = heads[hash] ?? -1
        var index = head
        while index >= 0 {
            let subset = subsets[Int(index)]
            if subset.selector == number, subset.values == values { return index }
            index = nexts[Int(index)]
        }
        let new = Int32(subsets.count)
        subsets.append(Subset(selector: number, values: values, positions: []))
        nexts.append(head)
        heads[hash] = new
        return new
    }

    /// The combinations of values that an endpoint has for all keys: one, or with `list_as_any` one
    /// for each way to take an element of each list; none where a key is missing.
    static func values(
        of keys: [String],
        _ metadata: [String: MetadataValue],
        splitsLists: Bool
    ) -> [[MetadataValue]] {
        guard !keys.isEmpty else { return [] }
        var combinations: [[MetadataValue]] = [[]]
        for key in keys {
            guard let value = metadata[key] else { return [] }
            if splitsLists, case .list(let elements) = value {
                // Lists multiply: so many combinations are no configuration anybody wants.
                guard combinations.count * elements.count <= combinationCountMax else { return [] }
                combinations = combinations.flatMap { values in elements.map { values + [$0] } }
            } else {
                for index in combinations.indices { combinations[index].append(value) }
            }
        }
        return combinations
    }

    private static let combinationCountMax = 4096
}
