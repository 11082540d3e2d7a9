import Model

extension ListenerConfiguration {
    /// A listener whose only chain takes every connection.
    convenience init(
        name: String,
        addresses: [SocketAddress],
        statName: String,
        http: HTTPConnectionManager,
        fingerprint: [UInt8] = []
    ) {
        self.init(
            name: name,
            addresses: addresses,
            statName: statName,
            filterChains: [FilterChainConfiguration(filter: .http(http))],
            fingerprint: fingerprint
        )
    }
}
