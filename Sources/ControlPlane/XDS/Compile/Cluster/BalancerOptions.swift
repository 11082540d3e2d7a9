internal import Model
internal import SwiftProtobuf

/// Options that the balancers have both in `lb_config` and as extensions of their own.
extension Compilation {
    /// The largest ring and its default bound (8 M points).
    private static let ringSizeMax: UInt64 = 8 << 20
    /// The largest table of Envoy; the number itself is a prime.
    private static let tableSizeMax: UInt64 = 5_000_011

    func ring(_ minimum: UInt64?, _ maximum: UInt64?, _ path: FieldPath) -> RingHash {
        var ring = RingHash()
        for (value, name) in [
            (minimum, "minimum_ring_size" as StaticString), (maximum, "maximum_ring_size"),
        ] {
            if let value, value > Self.ringSizeMax {
                refuse(
                    path[name],
                    "\(value) points are too many",
                    "give at most \(Self.ringSizeMax)"
                )
                return ring
            }
        }
        ring.minimumSize = minimum ?? ring.minimumSize
        ring.maximumSize = maximum ?? ring.maximumSize
        if ring.minimumSize > ring.maximumSize {
            refuse(
                path[minimum == nil ? "maximum_ring_size" : "minimum_ring_size"],
                "the ring has at least \(ring.minimumSize) points, but at most "
                    + "\(ring.maximumSize)",
                "the default of minimum_ring_size is 1024, that of maximum_ring_size "
                    + "\(Self.ringSizeMax)"
            )
        }
        if maximum == 0 {
            refuse(path["maximum_ring_size"], "is 0", "a ring has at least one point")
        }
        if ring.minimumSize > 1 << 20 {
            warn(
                path["minimum_ring_size"],
                "\(ring.minimumSize) points are more than are made: 1048576",
                "a worker's requests wait while a ring is made; 65536 spread well over 100 endpoints"
            )
        }
        return ring
    }

    func maglev(_ size: UInt64?, _ path: FieldPath) -> ClusterConfiguration.LoadBalancing {
        guard let size else { return .maglev(tableSize: 65_537) }
        if size > Self.tableSizeMax {
            refuse(path, "\(size) places are too many", "give a prime up to \(Self.tableSizeMax)")
            return .maglev(tableSize: 65_537)
        }
        if !Self.isPrime(size) {
            let near = (size..<Self.tableSizeMax + 1).first { Self.isPrime($0) }
            refuse(
                path,
                "\(size) is no prime",
                "the next is \(near ?? Self.tableSizeMax); leave it out for 65537"
            )
        }
        return .maglev(tableSize: UInt32(size))
    }

    private static func isPrime(_ number: UInt64) -> Bool {
        if number < 4 { return number > 1 }
        if number % 2 == 0 { return false }
        var divisor: UInt64 = 3
        while divisor * divisor <= number {
            if number % divisor == 0 { return false }
            divisor += 2
        }
        return true
    }

    func choices(_ value: UInt32?, _ path: FieldPath) -> UInt32 {
        guard let value else { return 2 }
        if value < 2 {
            refuse(path, "\(value) leaves nothing to choose from", "give at least 2")
        }
        if value > 1000 {
            warn(
                path,
                "\(value) are more than is drawn for a request, 1000",
                "2 are nearly as good and much cheaper"
            )
        }
        return value
    }

    func bias(_ value: Envoy_Config_Core_V3_RuntimeDouble, _ path: FieldPath) -> Double {
        let number = value.defaultValue
        if !number.isFinite || number < 0 {
            refuse(
                path["default_value"],
                "\(number) is no exponent",
                "give 0.0, which leaves requests in flight out, or more"
            )
            return 1
        }
        return number
    }

    func slowStart(
        _ config: Envoy_Config_Cluster_V3_Cluster.SlowStartConfig,
        _ path: FieldPath
    ) -> SlowStart? {
        slowStart(
            window: config.hasSlowStartWindow ? config.slowStartWindow : nil,
            aggression: config.hasAggression ? config.aggression : nil,
            minimum: config.hasMinWeightPercent ? config.minWeightPercent : nil,
            path
        )
    }

    func slowStart(
        _ config: Envoy_Extensions_LoadBalancingPolicies_Common_V3_SlowStartConfig,
        _ path: FieldPath
    ) -> SlowStart? {
        slowStart(
            window: config.hasSlowStartWindow ? config.slowStartWindow : nil,
            aggression: config.hasAggression ? config.aggression : nil,
            minimum: config.hasMinWeightPercent ? config.minWeightPercent : nil,
            path
        )
    }

    private func slowStart(
        window: Google_Protobuf_Duration?,
        aggression: Envoy_Config_Core_V3_RuntimeDouble?,
        minimum: Envoy_Type_V3_Percent?,
        _ path: FieldPath
    ) -> SlowStart? {
        let length = duration(window, path["slow_start_window"], unset: 0)
        let least = percent(minimum, path["min_weight_percent"]["value"], unset: 10)
        let power = aggression?.defaultValue ?? 1
        if !power.isFinite || power <= 0 {
            refuse(
                path["aggression"]["default_value"],
                "\(power) is not above 0",
                "1.0 grows evenly, more grows faster at first"
            )
            return nil
        }
        if length == 0 {
            warn(path, "has no effect without slow_start_window", "give slow_start_window: 30s")
            return nil
        }
        return SlowStart(windowMilliseconds: length, aggression: power, minWeightPercent: least)
    }

    func consistentHashing(
        usesHostname: Bool,
        factor: UInt32?,
        _ path: FieldPath
    ) -> BalancingOptions.ConsistentHashing {
        var hashing = BalancingOptions.ConsistentHashing()
        hashing.usesHostname = usesHostname
        if let factor {
            if factor < 100 {
                refuse(
                    path,
                    "\(factor) is below the mean load of 100 percent",
                    "give at least 100, or leave it out for no bound"
                )
            }
            hashing.balanceFactorPercent = factor
        }
        return hashing
    }

    func zoneAware(
        _ config: Envoy_Config_Cluster_V3_Cluster.CommonLbConfig.ZoneAwareLbConfig,
        _ path: FieldPath
    ) -> BalancingOptions.ZoneAware {
        var zones = BalancingOptions.ZoneAware()
        zones.enabledPercent = percent(
            config.hasRoutingEnabled ? config.routingEnabled : nil,
            path["routing_enabled"]["value"],
            unset: 100
        )
        if config.hasMinClusterSize { zones.minClusterSize = config.minClusterSize.value }
        zones.failsTrafficOnPanic = config.failTrafficOnPanic
        return zones
    }
}
