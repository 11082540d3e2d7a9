import Model
import Policy

/// A cluster for balancing alone.
func cluster(
    _ rule: ClusterConfiguration.LoadBalancing = .roundRobin,
    localities: [LocalityConfiguration] = [LocalityConfiguration()],
    _ change: (inout BalancingOptions) -> Void = { _ in }
) -> ClusterConfiguration {
    var options = BalancingOptions()
    change(&options)
    return ClusterConfiguration(
        name: "app",
        discovery: .static,
        loadBalancing: rule,
        balancing: options,
        endpoints: [],
        localities: localities,
        fingerprint: []
    )
}

/// Groups of these priorities, without localities.
func priorities(_ count: Int) -> [LocalityConfiguration] {
    (0..<count).map { LocalityConfiguration(priority: UInt32($0)) }
}

func zone(_ name: String) -> Locality { Locality(zone: name) }

/// Endpoints on consecutive ports of 127.0.0.1, as Envoy's tests have them.
func endpoints(
    from port: Int = 90,
    weights: [UInt32],
    localities: [UInt16] = []
) -> [BalancerEndpoint] {
    weights.enumerated().map { index, weight in
        BalancerEndpoint(
            weight: weight,
            locality: localities.isEmpty ? 0 : localities[index],
            address: ByteString("127.0.0.1:\(port + index)")
        )
    }
}

/// So many endpoints of a group, the first of them healthy and the next degraded.
func group(
    _ locality: UInt16,
    count: Int,
    healthy: Int,
    degraded: Int = 0,
    excluded: Int = 0
) -> [BalancerEndpoint] {
    (0..<count).map { index in
        let health: EndpointHealth =
            index < healthy
            ? .healthy
            : index < healthy + degraded
                ? .degraded : index < healthy + degraded + excluded ? .excluded : .unhealthy
        return BalancerEndpoint(
            locality: locality,
            health: health,
            address: ByteString("10.0.\(locality).\(index):80")
        )
    }
}

/// A balancer with its random numbers, so that tests read as sequences of choices.
struct Chooser {
    var balancer: LoadBalancer
    var random: Xoshiro256
    var now: Int64 = 0
    var updateEvents: BalancingEvents = []

    init(
        _ configuration: ClusterConfiguration,
        _ endpoints: [BalancerEndpoint],
        local: Locality = Locality(),
        localCluster: LocalClusterView? = nil,
        now: Int64 = 0,
        seed: UInt64 = 1
    ) {
        balancer = LoadBalancer(configuration, localLocality: local)
        random = Xoshiro256(seed: seed)
        self.now = now
        updateEvents = balancer.update(
            endpoints: endpoints,
            localCluster: localCluster,
            nowMilliseconds: now,
            random: &random
        )
    }

    mutating func update(_ endpoints: [BalancerEndpoint]) {
        balancer.update(
            endpoints: endpoints,
            localCluster: nil,
            nowMilliseconds: now,
            random: &random
        )
    }

    mutating func pick(
        _ request: BalancingRequest = BalancingRequest(),
        load: (Int) -> Double = { _ in 0 },
        accepts: ((Int) -> Bool)? = nil,
        attempts: Int = 1
    ) -> Balancing {
        balancer.pick(
            request,
            nowMilliseconds: now,
            random: &random,
            load: load,
            accepts: accepts,
            attempts: attempts
        )
    }

    mutating func position(hash: UInt64) -> Int? { pick(BalancingRequest(hash: hash)).position }

    mutating func position(_ match: [String: MetadataValue]) -> Int? {
        pick(BalancingRequest(metadataMatch: match)).position
    }

    /// How often each position is chosen.
    mutating func counts(
        of positions: Int,
        picks: Int,
        _ request: BalancingRequest = BalancingRequest(),
        load: (Int) -> Double = { _ in 0 }
    ) -> [Int] {
        var counts = [Int](repeating: 0, count: positions)
        for _ in 0..<picks {
            if let position = pick(request, load: load).position { counts[position] += 1 }
        }
        return counts
    }
}
