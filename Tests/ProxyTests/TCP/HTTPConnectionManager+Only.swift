import Model

extension HTTPConnectionManager {
    /// One that has this route only.
    static func only(
        _ route: Route,
        upgrades: [UpgradeConfiguration] = []
    ) -> HTTPConnectionManager {
        let table = RouteTable(
            name: "local",
            virtualHosts: [VirtualHost(name: "local", domains: ["*"], routes: [route])],
            exactDomains: ByteTable(),
            suffixDomains: [],
            prefixDomains: [],
            defaultVirtualHost: 0
        )
        return HTTPConnectionManager(statPrefix: "test", routes: table, upgrades: upgrades)
    }
}
