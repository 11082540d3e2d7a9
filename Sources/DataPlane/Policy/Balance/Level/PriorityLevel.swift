/// The endpoints of one priority, by health and by locality.
struct PriorityLevel {
    private(set) var counts = LevelCounts()
    private(set) var all = EndpointList()
    private var healthy = EndpointList()
    private var degraded = EndpointList()
    /// By locality; empty where localities do not matter.
    private var healthyByLocality: [EndpointList] = []
    private var degradedByLocality: [EndpointList] = []
    private var allByLocality: [EndpointList] = []
    private var excludedByLocality: [Int] = []
    private var healthySchedule: LocalitySchedule?
    private var degradedSchedule: LocalitySchedule?
    /// nil where there are no locality weights.
    private var localityWeights: [UInt32]?
    var zones: ZoneRouting = .off
    private var hashed: (isPanicking: Bool, table: ConsistentTable?)?

    init(localityCount: Int) {
        healthyByLocality = Array(repeating: EndpointList(), count: localityCount)
        degradedByLocality = healthyByLocality
        allByLocality = healthyByLocality
        excludedByLocality = Array(repeating: 0, count: localityCount)
    }

    /// - Parameter locality: its number; nil where localities do not matter.
    mutating func append(_ position: Int, _ endpoint: BalancerEndpoint, locality: Int?) {
        let index = UInt32(position)
        counts.add(endpoint.health, weight: endpoint.weight)
        all.append(index)
        if let locality { allByLocality[locality].append(index) }
        switch endpoint.health {
        case .healthy:
            healthy.append(index)
            if let locality { healthyByLocality[locality].append(index) }
        case .degraded:
            degraded.append(index)
            if let locality { degradedByLocality[locality].append(index) }
        case .excluded:
            if let locality { excludedByLocality[locality] += 1 }
        case .unhealthy:
            break
        }
    }

    /// All endpoints are known.
    ///
    /// - Parameter localityWeights: by locality; nil where these do not share requests out.
    mutating func finish(
        localityWeights: [UInt32]?,
        overprovisioning factor: UInt32,
        random: inout Xoshiro256
    ) {
        healthy.share(all)
        degraded.share(all)
        self.localityWeights = localityWeights
        guard let localityWeights else { return }
        let considered = allByLocality.indices.map {
            allByLocality[$0].positions.count - excludedByLocality[$0]
        }
        healthySchedule = LocalitySchedule(
            weights: localityWeights,
            usable: healthyByLocality.map(\.positions.count),
            considered: considered,
            overprovisioning: factor,
            random: &random
        )
        degradedSchedule = LocalitySchedule(
            weights: localityWeights,
            usable: degradedByLocality.map(\.positions.count),
            considered: considered,
            overprovisioning: factor,
            random: &random
        )
    }

    /// By locality: how many endpoints are healthy.
    var healthyCounts: [Int] { healthyByLocality.map(\.positions.count) }
    /// By locality: how many endpoints there are.
    var localityCounts: [Int] { allByLocality.map(\.positions.count) }

    /// Which list a request goes to.
    enum Source: Equatable {
        case all
        case available(isDegraded: Bool)
        case locality(Int, isDegraded: Bool)
    }

    /// The locality that is next by the weights; nil where there are none.
    mutating func nextLocality(isDegraded: Bool) -> Int? {
        isDegraded ? degradedSchedule?.pick() : healthySchedule?.pick()
    }

    mutating func pick(
        _ source: Source,
        _ table: EndpointTable,
        nowMilliseconds now: Int64,
        random: inout Xoshiro256,
        load: (Int) -> Double
    ) -> Int? {
        switch source {
        case .all:
            return all.pick(table, nowMilliseconds: now, random: &random, load: load)
        case .available(false):
            return healthy.pick(table, nowMilliseconds: now, random: &random, load: load)
        case .available(true):
            return degraded.pick(table, nowMilliseconds: now, random: &random, load: load)
        case .locality(let number, false):
            return healthyByLocality[number].pick(
                table,
                nowMilliseconds: now,
                random: &random,
                load: load
            )
        case .locality(let number, true):
            return degradedByLocality[number].pick(
                table,
                nowMilliseconds: now,
                random: &random,
                load: load
            )
        }
    }

    mutating func isPredictable(
        _ source: Source,
        _ table: EndpointTable,
        random: inout Xoshiro256
    ) -> Bool {
        switch source {
        case .all: all.isPredictable(table, random: &random)
        case .available(false): healthy.isPredictable(table, random: &random)
        case .available(true): degraded.isPredictable(table, random: &random)
        case .locality(let number, false):
            healthyByLocality[number].isPredictable(table, random: &random)
        case .locality(let number, true):
            degradedByLocality[number].isPredictable(table, random: &random)
        }
    }

    /// The ring or table, made at the first request.
    mutating func consistentTable(
        _ table: EndpointTable,
        isPanicking: Bool
    ) -> ConsistentTable? {
        if let hashed, hashed.isPanicking == isPanicking { return hashed.table }
        var endpoints = NormalizedEndpoints()
        if let localityWeights {
            let sum = localityWeights.reduce(0) { $0 + UInt64($1) }
            let lists = isPanicking ? allByLocality : healthyByLocality
            for (weight, list) in zip(localityWeights, lists) where weight > 0 {
                endpoints.append(list.positions, of: table, share: Double(weight) / Double(sum))
            }
        } else {
            let list = isPanicking ? all : healthy
            endpoints.append(list.positions, of: table, share: 1)
        }
        let made = ConsistentTable(endpoints, of: table)
        hashed = (isPanicking, made)
        return made
    }
}
