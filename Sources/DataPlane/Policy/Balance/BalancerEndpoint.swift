package import Model

/// What the balancer knows about an endpoint's health.
package enum EndpointHealth: UInt8, Sendable {
    case healthy
    /// Used as far as the healthy ones do not suffice.
    case degraded
    case unhealthy
    /// Gets no request and does not count for shares of health either: it waits for its first check,
    /// or said itself that it is failing.
    case excluded
}

/// One endpoint as the balancer sees it.
package struct BalancerEndpoint: Sendable {
    /// At least 1.
    package var weight: UInt32
    /// An index into `ClusterConfiguration.localities`.
    package var locality: UInt16
    package var health: EndpointHealth
    /// What consistent hashing places on the ring: the `hash_key` of the `envoy.lb` metadata where
    /// there is one, else the host name where the cluster says so, else the address as Envoy writes
    /// it ("127.0.0.1:80"); read for RING_HASH and MAGLEV only.
    package var address: ByteString
    /// The `envoy.lb` metadata; read where the cluster has subsets.
    package var metadata: [String: MetadataValue]
    /// Milliseconds on the clock of `nowMilliseconds`, when it last became usable: where slow start
    /// begins.
    package var availableSince: Int64

    package init(
        weight: UInt32 = 1,
        locality: UInt16 = 0,
        health: EndpointHealth = .healthy,
        address: ByteString = "",
        metadata: [String: MetadataValue] = [:],
        availableSince: Int64 = 0
    ) {
        self.weight = weight
        self.locality = locality
        self.health = health
        self.address = address
        self.metadata = metadata
        self.availableSince = availableSince
    }
}
