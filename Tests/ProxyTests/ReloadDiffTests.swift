import Model
import Testing

@testable import Proxy

/// What is taken for the same, and what for another, between two snapshots.
struct ReloadDiffTests {
    private func cluster(_ name: String, _ fingerprint: [UInt8]) -> ClusterConfiguration {
        ClusterConfiguration(
            name: name,
            discovery: .static,
            endpoints: [],
            fingerprint: fingerprint
        )
    }

    private func snapshot(
        _ clusters: [ClusterConfiguration],
        node: String = "",
        zone: String = ""
    ) -> Snapshot {
        Snapshot(
            listeners: [],
            clusters: clusters,
            nodeID: node,
            locality: Locality(region: "", zone: zone, subZone: "")
        )
    }

    @Test
    func namesTellWhatWasAddedChangedAndRemoved() {
        let old = snapshot([cluster("a", [1]), cluster("b", [2]), cluster("c", [3])])
        let new = snapshot([cluster("d", [4]), cluster("b", [9]), cluster("a", [1])])
        let difference = SnapshotDiff(from: old, to: new)
        #expect(difference.clusters.added == ["d"])
        #expect(difference.clusters.changed == ["b"])
        #expect(difference.clusters.removed == ["c"])
        #expect(difference.listeners.isEmpty)
        #expect(!difference.isEmpty)
    }

    @Test
    func anotherOrderIsNoDifference() {
        let old = snapshot([cluster("a", [1]), cluster("b", [2])])
        let new = snapshot([cluster("b", [2]), cluster("a", [1])])
        #expect(SnapshotDiff(from: old, to: new).isEmpty)
    }

    @Test
    func whatHasNoFingerprintCountsAsChanged() {
        let old = snapshot([cluster("a", [])])
        let new = snapshot([cluster("a", [])])
        #expect(SnapshotDiff(from: old, to: new).clusters.changed == ["a"])
    }

    @Test
    func anotherZoneIsADifference() {
        let old = snapshot([], zone: "a")
        #expect(SnapshotDiff(from: old, to: snapshot([], zone: "b")).changesProcess)
        #expect(SnapshotDiff(from: old, to: snapshot([], zone: "a")).isEmpty)
    }

    @Test
    func aFixedPortIsTheSameSocketInAnotherListenerAndAChosenOneIsNot() {
        let routes = RouteTable(
            name: "",
            virtualHosts: [],
            exactDomains: ByteTable(),
            suffixDomains: [],
            prefixDomains: [],
            defaultVirtualHost: nil
        )
        func keys(_ name: String, port: UInt16) -> [SocketKey] {
            SocketKey.keys(
                of: ListenerConfiguration(
                    name: name,
                    addresses: [.ipv4(0x7f00_0001, port: port)],
                    statName: name,
                    http: HTTPConnectionManager(statPrefix: name, routes: routes)
                )
            )
        }
        #expect(keys("a", port: 80) == keys("b", port: 80))
        #expect(keys("a", port: 0) != keys("b", port: 0))
        #expect(keys("a", port: 0) == keys("a", port: 0))
    }
}
