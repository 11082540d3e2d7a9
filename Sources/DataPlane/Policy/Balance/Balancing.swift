package import Model

/// What a request says about where it may go.
package struct BalancingRequest: Sendable {
    /// Of the route's hash policy; nil where there is none: consistent hashing draws a number then.
    package var hash: UInt64?
    /// The `envoy.lb` values that a subset must have.
    package var metadataMatch: [String: MetadataValue]
    /// The priorities that earlier attempts went to, for the retry priority of the route.
    package var priorities: PriorityOverride?
    /// Not the first attempt: it is never dropped on purpose.
    package var isRetry: Bool
    /// Requests under way at the whole cluster, for `hash_balance_factor`; nil: the sum of `load`
    /// of all endpoints.
    package var clusterLoad: Double?

    package init(
        hash: UInt64? = nil,
        metadataMatch: [String: MetadataValue] = [:],
        priorities: PriorityOverride? = nil,
        isRetry: Bool = false,
        clusterLoad: Double? = nil
    ) {
        self.hash = hash
        self.metadataMatch = metadataMatch
        self.priorities = priorities
        self.isRetry = isRetry
        self.clusterLoad = clusterLoad
    }
}

/// Which of Envoy's `lb_*` counters a choice counts up.
package struct BalancingEvents: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// `lb_healthy_panic`.
    package static let healthyPanic = BalancingEvents(rawValue: 1 << 0)
    /// `lb_subsets_selected`.
    package static let subsetSelected = BalancingEvents(rawValue: 1 << 1)
    /// `lb_subsets_fallback`.
    package static let subsetFallback = BalancingEvents(rawValue: 1 << 2)
    /// `lb_subsets_fallback_panic`.
    package static let subsetPanicFallback = BalancingEvents(rawValue: 1 << 3)
    /// `lb_zone_routing_all_directly`.
    package static let zoneRoutingAllDirectly = BalancingEvents(rawValue: 1 << 4)
    /// `lb_zone_routing_sampled`.
    package static let zoneRoutingSampled = BalancingEvents(rawValue: 1 << 5)
    /// `lb_zone_routing_cross_zone`.
    package static let zoneRoutingCrossZone = BalancingEvents(rawValue: 1 << 6)
    /// `lb_zone_cluster_too_small`; of `update`.
    package static let zoneClusterTooSmall = BalancingEvents(rawValue: 1 << 7)
    /// `lb_zone_number_differs`: Envoy has it still, and does not count it any more.
    package static let zoneNumberDiffers = BalancingEvents(rawValue: 1 << 8)
    /// `lb_zone_no_capacity_left`.
    package static let zoneNoCapacityLeft = BalancingEvents(rawValue: 1 << 9)
    /// `lb_local_cluster_not_ok`; of `update` and of choices.
    package static let localClusterNotOk = BalancingEvents(rawValue: 1 << 10)
    /// `lb_recalculate_zone_structures`; of `update`.
    package static let recalculateZoneStructures = BalancingEvents(rawValue: 1 << 11)
    /// `upstream_rq_drop_overload`.
    package static let dropOverload = BalancingEvents(rawValue: 1 << 12)
}

/// The outcome of a choice.
package struct Balancing: Sendable, Equatable {
    /// Among the endpoints of the last `update`; nil where no endpoint may be used.
    package var position: Int?
    /// The priority that the endpoint is of.
    package var priority: Int
    package var events: BalancingEvents
    /// The index in `BalancingOptions.dropOverloads` of the category that refuses the request.
    package var dropped: Int?

    package init(
        position: Int?,
        priority: Int = 0,
        events: BalancingEvents = [],
        dropped: Int? = nil
    ) {
        self.position = position
        self.priority = priority
        self.events = events
        self.dropped = dropped
    }
}
