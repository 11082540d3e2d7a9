import Model
import Testing

@testable import XDS

@Suite struct QuickStartTests {
    @Test func twoAddressesMakeASidecar() throws {
        let app = SocketAddress.ipv4(0x7f00_0001, port: 8080)
        let listen = SocketAddress.ipv6(high: 0, low: 0, port: 15006, scope: 0)
        let result = try SnapshotCompiler.compile(QuickStart.bootstrap(app: app, listen: listen))
        #expect(result.warnings == [])
        let listener = try #require(result.snapshot.listeners.first)
        #expect(listener.addresses == [listen])
        #expect(listener.http.routes.defaultVirtualHost == 0)
        let route = try #require(listener.http.routes.virtualHosts.first?.routes.first)
        guard case .forward(let forward) = route.action, case .cluster("app") = forward.destination
        else {
            Issue.record("the route does not go to the app")
            return
        }
        #expect(result.snapshot.clusters.map(\.name) == ["app"])
        #expect(result.snapshot.clusters.first?.endpoints.map(\.location) == [.address(app)])
    }

    @Test func theAppMayListenOnAUnixSocket() throws {
        let result = try SnapshotCompiler.compile(
            QuickStart.bootstrap(
                app: .unix(path: "/run/app.sock"),
                listen: .ipv4(0, port: 15006)
            )
        )
        #expect(
            result.snapshot.clusters.first?.endpoints.map(\.location) == [
                .address(.unix(path: "/run/app.sock"))
            ]
        )
    }

    @Test func aProblemOfTheCommandLineNamesIt() throws {
        let same = SocketAddress.ipv4(0x7f00_0001, port: 8080)
        let loaded = QuickStart.bootstrap(app: same, listen: same)
        let problems = try #require(throws: ConfigurationErrors.self) {
            try SnapshotCompiler.compile(loaded, options: CompileOptions(adminOverride: same))
        }.problems
        #expect(problems.map(\.file) == ["command line"])
    }
}
