package import Model

/// The part of the local cluster (`cluster_manager.local_cluster_name`) that zone-aware routing
/// needs: where this proxy's own peers are.
///
/// Given for every cluster but the local one itself, whose requests follow no zones.
package struct LocalClusterView: Sendable, Equatable {
    /// The endpoints of the local cluster's first priority that are in one locality.
    package struct Zone: Sendable, Equatable {
        package var locality: Locality
        /// All, in any health.
        package var count: Int
        package var healthyCount: Int
        package var degradedCount: Int
        /// Those that are `EndpointHealth.excluded`.
        package var excludedCount: Int

        package init(
            locality: Locality,
            count: Int,
            healthyCount: Int,
            degradedCount: Int = 0,
            excludedCount: Int = 0
        ) {
            self.locality = locality
            self.count = count
            self.healthyCount = healthyCount
            self.degradedCount = degradedCount
            self.excludedCount = excludedCount
        }
    }
    /// One for each locality that has endpoints.
    package var zones: [Zone]

    package init(zones: [Zone]) { self.zones = zones }
}
