/// `LbEndpoint`, compiled: one place that requests may be sent to, or a name for several.
package struct EndpointConfiguration: Sendable, Hashable {
    package enum Location: Sendable, Hashable {
        case address(SocketAddress)
        case name(String, port: UInt16)
    }
    package var location: Location
    /// Tried after `location` fails or is slow (RFC 8305); addresses only.
    package var additionalAddresses: [SocketAddress]
    /// For `auto_host_rewrite` and `/clusters`; empty where not given.
    package var hostname: String
    package var weight: UInt32
    /// nil where the endpoint has nothing special: the common case, which costs no memory.
    package var attributes: EndpointAttributes?
    /// The position of its group in `ClusterConfiguration.localities`.
    package var locality: UInt16

    package init(
        location: Location,
        additionalAddresses: [SocketAddress] = [],
        hostname: String = "",
        weight: UInt32 = 1,
        attributes: EndpointAttributes? = nil,
        locality: UInt16 = 0
    ) {
        self.location = location
        self.additionalAddresses = additionalAddresses
        self.hostname = hostname
        self.weight = weight
        self.attributes = attributes
        self.locality = locality
    }
}

/// What few endpoints have: metadata, a health that the configuration says, a health check of their
/// own.
package final class EndpointAttributes: Sendable, Hashable {
    /// `HealthStatus` of the configuration.
    package enum Health: UInt8, Sendable {
        /// Nothing is said, or HEALTHY: the checks decide.
        case unknown, healthy
        /// UNHEALTHY and TIMEOUT: no request, whatever the checks say.
        case unhealthy, timeout
        /// No new request; does not count for the panic threshold's denominator in Envoy either.
        case draining
        /// Only where healthy ones do not suffice.
        case degraded
    }
    package let metadata: Metadata?
    package let health: Health
    /// `health_check_config`: nil where the endpoint's own address and port are checked.
    package let healthCheckAddress: SocketAddress?
    package let healthCheckPort: UInt16?
    /// The host header of checks; empty: the check's, then the cluster's name.
    package let healthCheckHostname: String
    package let isHealthCheckDisabled: Bool
    /// `envoy.lb` metadata say `canary: true`.
    package let isCanary: Bool

    package init(
        metadata: Metadata? = nil,
        health: Health = .unknown,
        healthCheckAddress: SocketAddress? = nil,
        healthCheckPort: UInt16? = nil,
        healthCheckHostname: String = "",
        isHealthCheckDisabled: Bool = false,
        isCanary: Bool = false
    ) {
        self.metadata = metadata
        self.health = health
        self.healthCheckAddress = healthCheckAddress
        self.healthCheckPort = healthCheckPort
        self.healthCheckHostname = healthCheckHostname
        self.isHealthCheckDisabled = isHealthCheckDisabled
        self.isCanary = isCanary
    }

    package static func == (left: EndpointAttributes, right: EndpointAttributes) -> Bool {
        left === right
            || left.metadata == right.metadata && left.health == right.health
                && left.healthCheckAddress == right.healthCheckAddress
                && left.healthCheckPort == right.healthCheckPort
                && left.healthCheckHostname == right.healthCheckHostname
                && left.isHealthCheckDisabled == right.isHealthCheckDisabled
                && left.isCanary == right.isCanary
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(health)
        hasher.combine(healthCheckPort)
        hasher.combine(healthCheckHostname)
    }
}

/// `LocalityLbEndpoints` without its endpoints: a group of them.
package struct LocalityConfiguration: Sendable, Hashable {
    package var locality: Locality
    /// 0 is used first; no number below the highest is left out.
    package var priority: UInt32
    /// nil where not given: with locality weights, such a group gets no request.
    package var weight: UInt32?

    package init(locality: Locality = Locality(), priority: UInt32 = 0, weight: UInt32? = nil) {
        self.locality = locality
        self.priority = priority
        self.weight = weight
    }
}
