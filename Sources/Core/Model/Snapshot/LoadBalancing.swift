/// How a cluster shares out its requests beyond the rule itself: priorities, localities, panic,
/// subsets (`CommonLbConfig`, `ClusterLoadAssignment.Policy`, `LbSubsetConfig`).
package struct BalancingOptions: Sendable, Equatable {
    /// Percent of available endpoints below which health is ignored; 0: never.
    package var panicThresholdPercent: Double = 50
    /// Percent: 140 means that a level is enough while 71 % of it are healthy.
    package var overprovisioningFactor: UInt32 = 140
    package var weightsPrioritiesByHealth = false
    package var localities: LocalityRule = .none
    package var consistentHashing = ConsistentHashing()
    package var subsets: SubsetConfiguration?
    package var slowStart: SlowStart?
    /// LEAST_REQUEST with unequal weights: weight / (requests + 1) ^ bias.
    package var activeRequestBias: Double = 1
    /// New endpoints get no request until their first health check.
    package var ignoresNewEndpointsUntilFirstCheck = false
    /// Pools are closed when the set of endpoints changes.
    package var closesConnectionsOnChange = false
    /// Requests dropped on purpose: category, and share in a million (`drop_overloads`).
    package var dropOverloads: [DropOverload] = []

    package init() {}

    package struct DropOverload: Sendable, Equatable {
        package var category: String
        package var perMillion: UInt32
        package init(category: String, perMillion: UInt32) {
            self.category = category
            self.perMillion = perMillion
        }
    }

    package enum LocalityRule: Sendable, Equatable {
        /// Endpoints of one priority are one set.
        case none
        /// By `load_balancing_weight` of the localities.
        case weighted
        /// Endpoints of this process's own zone first (`ZoneAwareLbConfig`).
        case zoneAware(ZoneAware)
    }

    package struct ZoneAware: Sendable, Equatable {
        package var enabledPercent: Double = 100
        package var minClusterSize: UInt64 = 6
        package var failsTrafficOnPanic = false
        package init() {}
    }

    package struct ConsistentHashing: Sendable, Equatable {
        package var usesHostname = false
        /// Percent, at least 100; nil: loads are not bounded.
        package var balanceFactorPercent: UInt32?
        package init() {}
    }
}

/// `SlowStartConfig`: a new endpoint's weight grows over a window.
package struct SlowStart: Sendable, Equatable {
    package var windowMilliseconds: Int64
    package var aggression: Double
    /// Percent of the weight that an endpoint has at least.
    package var minWeightPercent: Double

    package init(windowMilliseconds: Int64, aggression: Double = 1, minWeightPercent: Double = 10) {
        self.windowMilliseconds = windowMilliseconds
        self.aggression = aggression
        self.minWeightPercent = minWeightPercent
    }
}

/// `LbSubsetConfig`.
package struct SubsetConfiguration: Sendable, Equatable {
    package enum Fallback: Sendable, Equatable { case none, anyEndpoint, defaultSubset }
    package enum SelectorFallback: Sendable, Equatable {
        case notDefined, none, anyEndpoint, defaultSubset
        /// With these keys of the selector only.
        case keysSubset([String])
    }
    package struct Selector: Sendable, Equatable {
        /// Sorted.
        package var keys: [String]
        package var fallback: SelectorFallback
        package var hasOneEndpointPerSubset: Bool

        package init(
            keys: [String],
            fallback: SelectorFallback = .notDefined,
            hasOneEndpointPerSubset: Bool = false
        ) {
            self.keys = keys
            self.fallback = fallback
            self.hasOneEndpointPerSubset = hasOneEndpointPerSubset
        }
    }
    package var fallback: Fallback
    package var defaultSubset: [String: MetadataValue]
    package var selectors: [Selector]
    package var isLocalityWeightAware: Bool
    package var scalesLocalityWeight: Bool
    package var ignoresSubsetsInPanic: Bool  // panic_mode_any
    package var splitsLists: Bool  // list_as_any
    /// `FALLBACK_LIST`: the request's `fallback_list` metadata are tried one after another.
    package var usesMetadataFallbackList: Bool

    package init(
        fallback: Fallback = .none,
        defaultSubset: [String: MetadataValue] = [:],
        selectors: [Selector] = [],
        isLocalityWeightAware: Bool = false,
        scalesLocalityWeight: Bool = false,
        ignoresSubsetsInPanic: Bool = false,
        splitsLists: Bool = false,
        usesMetadataFallbackList: Bool = false
    ) {
        self.fallback = fallback
        self.defaultSubset = defaultSubset
        self.selectors = selectors
        self.isLocalityWeightAware = isLocalityWeightAware
        self.scalesLocalityWeight = scalesLocalityWeight
        self.ignoresSubsetsInPanic = ignoresSubsetsInPanic
        self.splitsLists = splitsLists
        self.usesMetadataFallbackList = usesMetadataFallbackList
    }
}

/// `RingHashLbConfig`.
package struct RingHash: Sendable, Equatable {
    package enum Function: Sendable, Equatable { case xxHash, murmurHash2 }
    package var minimumSize: UInt64
    package var maximumSize: UInt64
    package var function: Function

    package init(
        minimumSize: UInt64 = 1024,
        maximumSize: UInt64 = 8 << 20,
        function: Function = .xxHash
    ) {
        self.minimumSize = minimumSize
        self.maximumSize = maximumSize
        self.function = function
    }
}
