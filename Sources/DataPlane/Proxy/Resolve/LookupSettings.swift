import Model

/// What makes two clusters ask through the same channel: the name servers and how they are asked.
struct LookupSettings: Hashable, Sendable {
    /// `ADDRESS[:PORT],…`; nil: those of resolv.conf.
    let servers: String?
    let usesTCP: Bool
    let skipsSearchDomains: Bool

    init(servers: String?, usesTCP: Bool = false, skipsSearchDomains: Bool = false) {
        self.servers = servers
        self.usesTCP = usesTCP
        self.skipsSearchDomains = skipsSearchDomains
    }

    /// - Parameter servers: those of the process, for clusters that name none.
    init(_ options: DNSOptions, servers: String?) {
        self.init(
            servers: options.servers ?? servers,
            usesTCP: options.usesTCP,
            skipsSearchDomains: options.skipsSearchDomains
        )
    }
}
