import Glibc
import Model
import Telemetry

@testable import Proxy

/// A data plane whose one listener answers by itself, to be handed over.
final class TakeoverPlane {
    let registry = StatsRegistry()
    let plane: DataPlane

    init(workers: Int, inherited: InheritedSockets? = nil) throws {
        plane = DataPlane(
            options: .init(workerCount: workers, inherited: inherited),
            registry: registry,
            accessLog: AccessLogWriter()
        ) { _ in }
        let listener = Self.listener(.ipv4(0x7f00_0001, port: 0))
        try plane.start(Snapshot(listeners: [listener], clusters: []))
    }

    deinit { plane.stop() }

    var address: SocketAddress { plane.listeners[0].boundAddresses[0] }

    static func listener(
        _ address: SocketAddress,
        name: String = "test"
    ) -> ListenerConfiguration {
        let direct = Route(
            name: "",
            explanation: "route 0",
            match: RouteMatch(path: .prefix("/")),
            action: .directResponse(DirectResponseAction(status: 200, body: Array("direct".utf8)))
        )
        let table = RouteTable(
            name: "local",
            virtualHosts: [VirtualHost(name: "local", domains: ["*"], routes: [direct])],
            exactDomains: ByteTable(),
            suffixDomains: [],
            prefixDomains: [],
            defaultVirtualHost: 0
        )
        return ListenerConfiguration(
            name: name,
            addresses: [address],
            statName: name,
            filterChains: [
                FilterChainConfiguration(
                    filter: .http(HTTPConnectionManager(statPrefix: name, routes: table))
                )
            ]
        )
    }
}
