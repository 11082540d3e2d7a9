import Admin
import Model
import Telemetry

@testable import Proxy

/// An admin interface over a data plane with one listener and two clusters, which nobody calls.
final class Fixture {
    let plane: DataPlane
    let registry = StatsRegistry()
    let admin: AdminInterface
    let record = ConfigurationRecord()
    private(set) var quits = Counter()

    final class Counter { var value = 0 }

    static let forgedName = "<b>\"x\"\nforged::line</b>"

    init(
        starts: Bool = true,
        nodeID: String = "node-1",
        version: String = "1.2.3",
        configurationFiles: [String] = ["envoy.yaml"]
    ) throws {
        plane = DataPlane(
            options: .init(workerCount: 1),
            registry: registry,
            accessLog: AccessLogWriter(),
            report: { _ in }
        )
        if starts { try plane.start(Self.snapshot(nodeID: nodeID)) }
        let counter = quits
        admin = AdminInterface(
            plane: plane,
            registry: registry,
            process: ProcessInformation(
                version: version,
                commandLineOptions: [.init("drain_time", "30s"), .init("mode", "Serve")],
                start: .now - .seconds(12),
                workers: 1,
                configurationFiles: configurationFiles,
                configuration: record,
                configDump: { question in
                    if question.resource == "nothing" {
                        return .refused(status: 404, message: "no resource\n")
                    }
                    let asked = [question.resource, question.mask, question.nameRegex]
                    let filter = asked.compactMap { $0 }.joined(separator: " ")
                    return .json("{\"configs\": [\"\(filter)\"]}")
                }
            ),
            onQuit: { counter.value += 1 }
        )
    }

    deinit { plane.stop() }

    private static func snapshot(nodeID: String) -> Snapshot {
        let routes = RouteTable(
            name: "local",
            virtualHosts: [],
            exactDomains: ByteTable(),
            suffixDomains: [],
            prefixDomains: [],
            defaultVirtualHost: nil
        )
        let listener = ListenerConfiguration(
            name: "inbound",
            addresses: [.ipv4(0x7f00_0001, port: 0), .ipv4(0x7f00_0002, port: 0)],
            statName: "inbound",
            filterChains: [
                FilterChainConfiguration(
                    filter: .http(HTTPConnectionManager(statPrefix: "inbound", routes: routes))
                )
            ]
        )
        let app = ClusterConfiguration(
            name: "app",
            statName: "app_stats",
            discovery: .static,
            endpoints: [
                EndpointConfiguration(
                    location: .address(.ipv4(0x7f00_0001, port: 8080)),
                    hostname: "app.local"
                ),
                EndpointConfiguration(
                    location: .address(.unix(path: "/run/app.sock")),
                    weight: 3
                ),
            ],
            circuitBreakers: [.init(retriesMax: 7), .init(connectionsMax: 5)],
            fingerprint: [1]
        )
        let forged = ClusterConfiguration(
            name: forgedName,
            discovery: .static,
            endpoints: [],
            fingerprint: [2]
        )
        return Snapshot(
            listeners: [listener],
            clusters: [app, forged],
            admin: .ipv4(0x7f00_0001, port: 9901),
            nodeID: nodeID,
            nodeCluster: "shop"
        )
    }

    func get(_ target: String, headers: [(name: String, value: String)] = []) -> LocalResponse {
        send("GET", target, headers)
    }

    func post(_ target: String, headers: [(name: String, value: String)] = []) -> LocalResponse {
        send("POST", target, headers)
    }

    func send(
        _ method: String,
        _ target: String,
        _ headers: [(name: String, value: String)] = []
    ) -> LocalResponse {
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        let query = (parts.count > 1 ? parts[1] : "").split(separator: "&").map {
            let sides = $0.split(separator: "=", maxSplits: 1).map(String.init)
            return (name: sides[0], value: sides.count > 1 ? sides[1] : "")
        }
        let hasHost = headers.contains { $0.name.lowercased() == "host" }
        return admin.handle(
            LocalRequest(
                method: method,
                path: parts[0],
                query: query,
                headers: hasHost ? headers : [("Host", "127.0.0.1:9901")] + headers,
                body: [],
                bodyCount: 0,
                peer: .ipv4(0x7f00_0001, port: 40000),
                minorVersion: 1
            )
        )
    }
}

extension LocalResponse {
    var text: String {
        if case .bytes(let bytes) = body { String(decoding: bytes, as: UTF8.self) } else { "" }
    }

    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}
