package import Model

/// The cluster that a route sends a request to.
package struct ClusterChoice: Sendable {
    /// Empty where a header should have named it and did not.
    package let name: String
    /// The position of the weighted cluster; nil where the route has only one.
    package let entry: Int?
}

extension ForwardAction {
    /// The cluster that this request goes to.
    ///
    /// - Parameters:
    ///   - random: the number that was drawn for the request; weights share it out.
    ///   - hash: of the route's hash policies, where the weighted clusters use it.
    package func choose(for head: Head, random: UInt64, hash: UInt64? = nil) -> ClusterChoice {
        switch destination {
        case .cluster(let name): return ClusterChoice(name: name, entry: nil)
        case .header(let name): return ClusterChoice(name: head.text(of: name), entry: nil)
        case .weighted(let clusters):
            let entry = clusters.entry(for: head, random: random, hash: hash)
            guard clusters.entries.indices.contains(entry) else {
                return ClusterChoice(name: "", entry: nil)
            }
            switch clusters.entries[entry].name {
            case .literal(let name): return ClusterChoice(name: name, entry: entry)
            case .header(let name): return ClusterChoice(name: head.text(of: name), entry: entry)
            }
        }
    }
}

extension WeightedClusters {
    /// The entry that the number falls into.
    fileprivate func entry(for head: Head, random: UInt64, hash: UInt64?) -> Int {
        var number = random
        if usesHash, let hash { number = hash }
        if let randomHeader {
            let name = randomHeader.bytes
            if let field = head.first(named: name.span),
                let given = head.span(field).decimal()
            {
                number = UInt64(given)
            }
        }
        var rest = number % max(total, 1)
        for (index, entry) in entries.enumerated() {
            if rest < UInt64(entry.weight) { return index }
            rest -= UInt64(entry.weight)
        }
        // Only where the weights do not add up to the total, which the compiler rules out.
        return max(entries.count - 1, 0)
    }
}

extension Head {
    /// The first value of a header that only configuration names; empty where there is none.
    fileprivate func text(of name: ByteString) -> String {
        let bytes = name.bytes
        if bytes.span.equals(":path") { return ByteString(copying: span(path)).description }
        if bytes.span.equals(":method") {
            return ByteString(copying: span(methodSlice)).description
        }
        if bytes.span.equals(":authority") || bytes.span.equals("host") {
            return ByteString(copying: span(authority)).description
        }
        guard let field = first(named: bytes.span) else { return "" }
        return ByteString(copying: span(field)).description
    }
}
