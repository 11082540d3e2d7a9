import Glibc
import Model
import Policy
import Telemetry
import Testing

@testable import Proxy

/// A data plane that takes over one snapshot after the other.
private final class ReloadPlane {
    let registry = StatsRegistry()
    let plane: DataPlane

    init(workers: Int = 1, drainMilliseconds: Int64 = 30_000, _ first: Snapshot) throws {
        plane = DataPlane(
            options: .init(workerCount: workers, drainMilliseconds: drainMilliseconds),
            registry: registry,
            accessLog: AccessLogWriter()
        ) { _ in
        }
        try plane.start(first)
    }

    deinit { plane.stop() }

    func client(_ listener: Int = 0) throws -> LoopbackSocket {
        try LoopbackSocket(connectingTo: plane.listeners[listener].boundAddresses[0])
    }

    func eventually(_ condition: () -> Bool) -> Bool {
        let end = Resolver.now() + 5_000
        while !condition() {
            if Resolver.now() > end { return false }
            _ = sched_yield()
        }
        return true
    }

    static func cluster(
        _ name: String,
        _ address: SocketAddress,
        _ mark: UInt8 = 1
    ) -> ClusterConfiguration {
        ClusterConfiguration(
            name: name,
            discovery: .static,
            endpoints: [EndpointConfiguration(location: .address(address))],
            fingerprint: [mark]
        )
    }

    /// A listener that answers by itself, or sends everything to a cluster.
    static func listener(
        _ name: String,
        says text: String = "",
        to cluster: String? = nil,
        port: UInt16 = 0
    ) -> ListenerConfiguration {
        let action: RouteAction =
            if let cluster {
                .forward(ForwardAction(destination: .cluster(cluster)))
            } else {
                .directResponse(DirectResponseAction(status: 200, body: Array(text.utf8)))
            }
        let route = Route(
            name: "",
            explanation: "route",
            match: RouteMatch(path: .prefix("/")),
            action: action
        )
        let table = RouteTable(
            name: "",
            virtualHosts: [VirtualHost(name: "all", domains: ["*"], routes: [route])],
            exactDomains: ByteTable(),
            suffixDomains: [],
            prefixDomains: [],
            defaultVirtualHost: 0
        )
        return ListenerConfiguration(
            name: name,
            addresses: [.ipv4(0x7f00_0001, port: port)],
            statName: name,
            http: HTTPConnectionManager(statPrefix: name, routes: table),
            fingerprint: Array("\(name) \(text) \(cluster ?? "") \(port)".utf8)
        )
    }
}

struct ReloadTests {
    private static let request = "GET / HTTP/1.1\r\nhost: a\r\n\r\n"

    private func snapshot(
        _ listeners: [ListenerConfiguration],
        _ clusters: [ClusterConfiguration] = []
    ) -> Snapshot {
        Snapshot(listeners: listeners, clusters: clusters)
    }

    @Test
    func anOpenConnectionGetsTheNewRoutesWithItsNextRequest() throws {
        let live = try ReloadPlane(snapshot([ReloadPlane.listener("a", says: "one.")]))
        let port = live.plane.listeners[0].boundAddresses[0]
        let client = try live.client()
        client.send(Self.request)
        #expect(client.read(upTo: "one.").hasSuffix("one."))
        try live.plane.apply(snapshot([ReloadPlane.listener("a", says: "two.")]))
        live.plane.runOnWorkers { _ in }
        client.send(Self.request)
        #expect(client.read(upTo: "two.").hasSuffix("two."))
        #expect(live.plane.listeners[0].boundAddresses[0] == port)
        #expect(live.plane.listeners[0].connectionCount == 1)
        #expect(live.registry.value(.listenerManagerListenerModified) == 1)
    }

    @Test
    func oneSocketServesAllVersionsOfItsListener() throws {
        let live = try ReloadPlane(workers: 2, snapshot([ReloadPlane.listener("a", says: "0.")]))
        let before = live.plane.listeners[0].boundAddresses
        for version in 1...20 {
            try live.plane.apply(snapshot([ReloadPlane.listener("a", says: "\(version).")]))
            live.plane.runOnWorkers { _ in }
            let client = try live.client()
            client.send(Self.request)
            #expect(client.read(upTo: "\r\n\r\n\(version).").hasSuffix("\r\n\r\n\(version)."))
        }
        #expect(live.plane.listeners[0].boundAddresses == before)
    }

    @Test
    func theSameSnapshotAgainChangesNothing() throws {
        let upstream = try LoopbackListener()
        let first = snapshot(
            [ReloadPlane.listener("a", to: "app")],
            [ReloadPlane.cluster("app", upstream.address)]
        )
        let live = try ReloadPlane(first)
        let listener = live.plane.listeners[0]
        let cluster = live.plane.clusters[0]
        let change = try live.plane.prepare(
            snapshot(
                [ReloadPlane.listener("a", to: "app")],
                [ReloadPlane.cluster("app", upstream.address)]
            )
        )
        #expect(change.difference.isEmpty)
        #expect(change.newClusters.isEmpty)
        live.plane.commit(change)
        #expect(live.plane.listeners[0] === listener)
        #expect(live.plane.clusters[0] === cluster)
    }

    @Test
    func aClusterThatDidNotChangeKeepsItsConnectionsAndOneThatDidGetsOthers() throws {
        let upstream = try LoopbackListener()
        func made(_ mark: UInt8, _ text: String) -> Snapshot {
            snapshot(
                [ReloadPlane.listener("a", to: "app"), ReloadPlane.listener("b", says: text)],
                [ReloadPlane.cluster("app", upstream.address, mark)]
            )
        }
        let live = try ReloadPlane(made(1, "one"))
        let client = try live.client()
        func exchange(_ server: LoopbackSocket) {
            _ = server.read(upTo: "\r\n\r\n")
            server.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            #expect(client.read(upTo: "\r\n\r\nok").hasSuffix("ok"))
        }
        client.send(Self.request)
        let first = try #require(try upstream.accept())
        exchange(first)
        try live.plane.apply(made(1, "two"))
        client.send(Self.request)
        exchange(first)
        try live.plane.apply(made(2, "two"))
        #expect(first.readToEnd() == "", "the idle connection of the old cluster ends")
        client.send(Self.request)
        let second = try #require(try upstream.accept())
        exchange(second)
        #expect(live.registry.value(.clusterManagerClusterModified) == 1)
    }

    @Test
    func aRequestUnderWayFinishesOnTheClusterThatItBeganWith() throws {
        let upstream = try LoopbackListener()
        let listener = ReloadPlane.listener("a", to: "app")
        let live = try ReloadPlane(
            snapshot([listener], [ReloadPlane.cluster("app", upstream.address)])
        )
        let client = try live.client()
        client.send(Self.request)
        let server = try #require(try upstream.accept())
        _ = server.read(upTo: "\r\n\r\n")
        try live.plane.apply(snapshot([ReloadPlane.listener("a", says: "gone.")]))
        live.plane.runOnWorkers { _ in }
        server.send("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nold")
        #expect(client.read(upTo: "\r\n\r\nold").hasSuffix("old"))
        client.send(Self.request)
        #expect(client.read(upTo: "gone.").hasSuffix("gone."))
        #expect(server.readToEnd() == "")
    }

    @Test
    func anAddressThatCannotBeBoundChangesNothing() throws {
        let taken = try LoopbackListener()
        let takenPort = try #require(taken.address.port)
        let live = try ReloadPlane(snapshot([ReloadPlane.listener("a", says: "one.")]))
        #expect(throws: StartFailure.self) {
            try live.plane.apply(
                snapshot([
                    ReloadPlane.listener("a", says: "two."),
                    ReloadPlane.listener("new", says: "new."),
                    ReloadPlane.listener("b", says: "b.", port: takenPort),
                ])
            )
        }
        #expect(live.plane.listeners.count == 1)
        let client = try live.client()
        client.send(Self.request)
        #expect(client.read(upTo: "one.").hasSuffix("one."))
    }

    @Test
    func aListenerThatIsGoneClosesWhatIsIdleAndFinishesWhatIsNot() throws {
        let upstream = try LoopbackListener()
        let cluster = ReloadPlane.cluster("app", upstream.address)
        let live = try ReloadPlane(
            snapshot(
                [ReloadPlane.listener("a", to: "app"), ReloadPlane.listener("b", says: "b.")],
                [cluster]
            )
        )
        let address = live.plane.listeners[0].boundAddresses[0]
        let idle = try live.client()
        idle.send(Self.request)
        let server = try #require(try upstream.accept())
        _ = server.read(upTo: "\r\n\r\n")
        server.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        _ = idle.read(upTo: "\r\n\r\nok")
        let busy = try live.client()
        busy.send(Self.request)
        _ = server.read(upTo: "\r\n\r\n")
        try live.plane.apply(snapshot([ReloadPlane.listener("b", says: "b.")], [cluster]))
        #expect(idle.readToEnd() == "")
        #expect(live.plane.drainingListeners.count == 1)
        server.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        let last = busy.readToEnd() ?? ""
        #expect(last.contains("connection: close") && last.hasSuffix("ok"))
        #expect(live.eventually { live.plane.drainingListeners.isEmpty })
        let refused = try LoopbackSocket(connectingTo: address)
        #expect(refused.readToEnd() != "b.")
        let other = try live.client()
        other.send(Self.request)
        #expect(other.read(upTo: "b.").hasSuffix("b."))
    }

    @Test
    func theDeadlineCutsWhatAListenerThatIsGoneStillHas() throws {
        let upstream = try LoopbackListener()
        let live = try ReloadPlane(
            drainMilliseconds: 50,
            snapshot(
                [ReloadPlane.listener("a", to: "app")],
                [ReloadPlane.cluster("app", upstream.address)]
            )
        )
        let client = try live.client()
        client.send(Self.request)
        let server = try #require(try upstream.accept())
        _ = server.read(upTo: "\r\n\r\n")
        try live.plane.apply(snapshot([]))
        #expect(live.eventually { live.plane.drainingListeners.isEmpty })
    }

    @Test
    func anAddressMovesToAnotherListenerWithItsSocket() throws {
        // A port that was free a moment ago: the listener that had it is gone at once.
        let port = try #require(try LoopbackListener().address.port)
        let live = try ReloadPlane(snapshot([ReloadPlane.listener("a", says: "a.", port: port)]))
        try live.plane.apply(snapshot([ReloadPlane.listener("b", says: "b.", port: port)]))
        live.plane.runOnWorkers { _ in }
        let client = try live.client()
        client.send(Self.request)
        #expect(client.read(upTo: "\r\n\r\nb.").hasSuffix("b."))
    }

    @Test
    func statisticsOfWhatIsGoneAreForgottenAndThoseOfWhatChangedGoOn() throws {
        let upstream = try LoopbackListener()
        let live = try ReloadPlane(
            snapshot(
                [ReloadPlane.listener("a", says: "a.")],
                [
                    ReloadPlane.cluster("kept", upstream.address, 1),
                    ReloadPlane.cluster("gone", upstream.address, 2),
                ]
            )
        )
        live.plane.refreshGauges()
        #expect(live.registry.value(cluster: "gone", .membershipTotal) == 1)
        try live.plane.apply(
            snapshot(
                [ReloadPlane.listener("a", says: "a.")],
                [ReloadPlane.cluster("kept", upstream.address, 9)]
            )
        )
        #expect(live.registry.value(cluster: "gone", .membershipTotal) == 0)
        #expect(live.registry.value(cluster: "kept", .membershipTotal) == 1)
        #expect(live.registry.value(cluster: "kept", .membershipChange) == 2)
    }

    @Test
    func aClusterThatNobodyUsesHasNoStateAtTheWorker() throws {
        let upstream = try LoopbackListener()
        let live = try ReloadPlane(
            snapshot(
                [ReloadPlane.listener("a", says: "a.")],
                [ReloadPlane.cluster("app", upstream.address)]
            )
        )
        live.plane.runOnWorkers { worker in
            #expect(worker.clusters.isEmpty)
            #expect(worker.cluster(named: "app") != nil)
            #expect(worker.cluster(named: "app") === worker.cluster(named: "app"))
            #expect(worker.cluster(named: "none") == nil)
            #expect(worker.clusters.count == 1)
        }
    }
}
