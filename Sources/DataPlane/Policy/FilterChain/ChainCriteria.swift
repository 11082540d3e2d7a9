import Model

/// One chain's `FilterChainMatch`, ready to be compared.
///
/// A rank says how well a criterion fits a connection: the higher the better, 0 where the chain
/// does not ask, nil where it asks for something else.
struct ChainCriteria: Sendable {
    struct Used: OptionSet, Sendable {
        let rawValue: UInt16

        static let destinationPort = Used(rawValue: 1)
        static let destinationRanges = Used(rawValue: 2)
        static let serverNames = Used(rawValue: 4)
        static let transportProtocol = Used(rawValue: 8)
        static let applicationProtocols = Used(rawValue: 16)
        static let directSourceRanges = Used(rawValue: 32)
        static let sourceType = Used(rawValue: 64)
        static let sourceRanges = Used(rawValue: 128)
        static let sourcePorts = Used(rawValue: 256)
    }

    private let destinationPort: UInt16
    let destinationRanges: [PrefixRange]
    /// Exact names, and `.example.com` for `*.example.com`: Envoy keeps both in one table.
    private let serverNames: [ByteString]
    private let transportProtocol: ByteString
    private let applicationProtocols: [ByteString]
    let directSourceRanges: [PrefixRange]
    private let sourceType: FilterChainMatch.SourceType
    let sourceRanges: [PrefixRange]
    private let sourcePorts: [UInt16]

    init(_ match: FilterChainMatch) {
        destinationPort = match.destinationPort ?? 0
        destinationRanges = match.destinationRanges.map(PrefixRange.init)
        serverNames = match.serverNames.map { name in
            name.bytes.starts(with: [0x2a, 0x2e]) ? ByteString(Array(name.bytes.dropFirst())) : name
        }
        transportProtocol = match.transportProtocol
        applicationProtocols = match.applicationProtocols
        directSourceRanges = match.directSourceRanges.map(PrefixRange.init)
        sourceType = match.sourceType
        sourceRanges = match.sourceRanges.map(PrefixRange.init)
        sourcePorts = match.sourcePorts
    }

    var used: Used {
        var used: Used = []
        if destinationPort != 0 { used.insert(.destinationPort) }
        if !destinationRanges.isEmpty { used.insert(.destinationRanges) }
        if !serverNames.isEmpty { used.insert(.serverNames) }
        if !transportProtocol.isEmpty { used.insert(.transportProtocol) }
        if !applicationProtocols.isEmpty { used.insert(.applicationProtocols) }
        if !directSourceRanges.isEmpty { used.insert(.directSourceRanges) }
        if sourceType != .any { used.insert(.sourceType) }
        if !sourceRanges.isEmpty { used.insert(.sourceRanges) }
        if !sourcePorts.isEmpty { used.insert(.sourcePorts) }
        return used
    }

    // MARK: - Ranks

    func rank(destinationPort port: UInt16?) -> Int? {
        if destinationPort == 0 { return 0 }
        return destinationPort == port ? 1 : nil
    }

    /// The longer the prefix, the better; a chain without ranges is for all addresses.
    static func rank(_ ranges: [PrefixRange], _ address: AddressWords) -> Int? {
        if ranges.isEmpty { return 0 }
        var best: Int?
        for range in ranges where range.contains(address) {
            best = max(best ?? 0, range.length + 1)
        }
        return best
    }

    /// The name itself, then the longest of its parents, then no name.
    func rank(serverName name: Span<UInt8>) -> Int? {
        if serverNames.isEmpty { return 0 }
        var best: Int?
        for known in serverNames {
            let key = known.bytes
            if name.equals(key.span) { return key.isEmpty ? 0 : Int.max }
            if key.isEmpty {
                best = max(best ?? 0, 0)
            } else if key[0] == 0x2e, key.count > 1, name.count > key.count,
                name.hasSuffix(key.span)
            {
                best = max(best ?? 0, key.count)
            }
        }
        return best
    }

    func rank(transport: ByteString) -> Int? {
        if transportProtocol.isEmpty { return 0 }
        return transportProtocol == transport ? 1 : nil
    }

    /// The first of the client's protocols that any chain knows decides.
    func rank(applicationProtocols offered: [ByteString]) -> Int? {
        if applicationProtocols.isEmpty { return 0 }
        for (index, name) in offered.enumerated() where applicationProtocols.contains(name) {
            return offered.count - index
        }
        return nil
    }

    func rank(isLocal: Bool) -> Int? {
        switch sourceType {
        case .any: 0
        case .sameIPOrLoopback: isLocal ? 1 : nil
        case .external: isLocal ? nil : 1
        }
    }

    func rank(sourcePort port: UInt16) -> Int? {
        if sourcePorts.isEmpty { return 0 }
        return sourcePorts.contains(port) ? 1 : nil
    }

    // MARK: - Overlap

    /// Whether the two share a value, or the lack of one, in each criterion.
    func overlaps(_ other: ChainCriteria) -> Bool {
        destinationPort == other.destinationPort
            && transportProtocol == other.transportProtocol
            && sourceType == other.sourceType
            && Self.share(serverNames, other.serverNames)
            && Self.share(destinationRanges, other.destinationRanges)
            && Self.share(applicationProtocols, other.applicationProtocols)
            && Self.share(directSourceRanges, other.directSourceRanges)
            && Self.share(sourceRanges, other.sourceRanges)
            && Self.share(sourcePorts, other.sourcePorts)
    }

    private static func share<Value: Hashable>(_ first: [Value], _ second: [Value]) -> Bool {
        if first.isEmpty || second.isEmpty { return first.isEmpty && second.isEmpty }
        // Long lists on both sides are compared by their hashes.
        if first.count * second.count > 64 { return !Set(first).isDisjoint(with: second) }
        return first.contains { second.contains($0) }
    }
}
