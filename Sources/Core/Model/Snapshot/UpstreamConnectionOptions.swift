/// How connections to endpoints are made (`upstream_bind_config`, `upstream_connection_options`).
package struct UpstreamConnectionOptions: Sendable, Equatable {
    package struct KeepAlive: Sendable, Equatable {
        /// nil: the system's.
        package var probes: UInt32?
        package var idleSeconds: UInt32?
        package var intervalSeconds: UInt32?

        package init(
            probes: UInt32? = nil,
            idleSeconds: UInt32? = nil,
            intervalSeconds: UInt32? = nil
        ) {
            self.probes = probes
            self.idleSeconds = idleSeconds
            self.intervalSeconds = intervalSeconds
        }
    }
    package struct Option: Sendable, Equatable {
        package var level: Int32
        package var name: Int32
        package var value: [UInt8]

        package init(level: Int32, name: Int32, value: [UInt8]) {
            self.level = level
            self.name = name
            self.value = value
        }
    }
    /// The first whose family is the endpoint's is bound; empty: the system chooses.
    package var sources: [SocketAddress] = []
    package var usesFreebind = false
    package var options: [Option] = []
    package var keepAlive: KeepAlive?
    /// Addresses of the first family that are tried before the other family's (RFC 8305).
    package var firstFamilyCount: UInt32 = 1
    package var prefersIPv4First = false

    package init() {}
}

/// `Cluster.PreconnectPolicy`: connections made before they are needed; 1 makes none.
package struct Preconnect: Sendable, Equatable {
    package var perUpstreamRatio: Double = 1
    package var predictiveRatio: Double = 1

    package init() {}
}

/// How names of a cluster are looked up.
package struct DNSOptions: Sendable, Equatable {
    package var usesTCP = false
    package var skipsSearchDomains = false
    /// `ADDRESS[:PORT]` with commas, as c-ares takes them; nil: the process's.
    package var servers: String?
    /// Milliseconds added at random to each refresh.
    package var jitterMilliseconds: Int64 = 0
    /// Milliseconds before a failed question is asked again: doubled from the first to the second.
    package var failureRefreshBaseMilliseconds: Int64?
    package var failureRefreshMaxMilliseconds: Int64?

    package init() {}
}
