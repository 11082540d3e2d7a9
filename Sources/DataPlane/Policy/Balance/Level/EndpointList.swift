import Model

/// Endpoints that the rule chooses among; the rule's state is made when it is first needed.
struct EndpointList {
    /// Positions among the endpoints of the cluster.
    private(set) var positions: [UInt32] = []
    private var balancer: Balancer?

    mutating func append(_ position: UInt32) { positions.append(position) }

    /// Is the same list as another, so that both share their storage.
    mutating func share(_ other: EndpointList) {
        if positions.count == other.positions.count { positions = other.positions }
    }

    /// The chosen endpoint's position in the cluster; nil where the list is empty.
    mutating func pick(
        _ table: EndpointTable,
        nowMilliseconds: Int64,
        random: inout Xoshiro256,
        load: (Int) -> Double
    ) -> Int? {
        if positions.count < 2 { return positions.first.map(Int.init) }
        prepare(table, random: &random)
        let positions = positions
        let isStarting = table.isStarting
        return balancer?.pick(
            random: &random,
            load: { load(Int(positions[$0])) },
            growth: { index in
                guard isStarting else { return 1 }
                return table.growth(of: Int(positions[index]), nowMilliseconds: nowMilliseconds)
            }
        ).map { Int(positions[$0]) }
    }

    /// The next choices can be told in advance.
    mutating func isPredictable(_ table: EndpointTable, random: inout Xoshiro256) -> Bool {
        prepare(table, random: &random)
        return balancer?.isPredictable ?? false
    }

    private mutating func prepare(_ table: EndpointTable, random: inout Xoshiro256) {
        guard balancer == nil else { return }
        balancer = Balancer(
            table.rule,
            weights: positions.map { table.endpoints[Int($0)].weight },
            isScheduled: table.isStarting,
            activeRequestBias: table.options.activeRequestBias,
            random: &random
        )
    }
}
